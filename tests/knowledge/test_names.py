"""Medicines by the names that other languages, boxes and prescriptions give them, and never by another's name.

Source: `names_elsewhere.tsv`: INN in German, French, Dutch, Spanish and Italian (WHO INN lists, product information in
these languages); `other_medicines.txt`: medicines of which the knowledge base says nothing, in the same languages.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from starling.knowledge.base import KnowledgeBase
from starling.knowledge.medicines import known_medicines
from tests.bundled import bundled_knowledge

HERE = Path(__file__).parent
ELSEWHERE = [line.split("\t") for line in (HERE / "names_elsewhere.tsv").read_text("utf-8").splitlines()]
OTHERS = (HERE / "other_medicines.txt").read_text("utf-8").split()


@pytest.fixture(scope="module")
def base() -> KnowledgeBase:
    return bundled_knowledge()


@pytest.mark.parametrize("language", ["de", "fr", "nl", "es", "it"])
def test_every_medicine_is_known_by_its_name_elsewhere(base: KnowledgeBase, language: str) -> None:
    header, *lines = ELSEWHERE
    column = header.index(language)
    assert len(lines) > 300
    read = {name: base.read_medicine(name) for line in lines for name in line[column].split(",")}
    meant = {name: base.read_medicine(line[0]) for line in lines for name in line[column].split(",")}
    assert {name: found for name, found in read.items() if found != meant[name] or found[1]} == {}


def test_no_medicine_is_taken_for_another(base: KnowledgeBase) -> None:
    assert len(OTHERS) > 500
    assert {name: found for name in OTHERS if (found := base.read_medicine(name)[0])} == {}


@pytest.mark.parametrize(
    ("said", "medicine"),
    [
        ("Clopidogrel-ratiopharm 75 mg Filmtabletten", "clopidogrel"),
        ("Omeprazol AL 20 mg magensaftresistente Hartkapseln", "omeprazole"),
        ("oméprazole Mylan 20 mg, gélule gastro-résistante", "omeprazole"),
        ("chlorhydrate de tramadol LP 100 mg", "tramadol"),
        ("hidrocloruro de tramadol 50 mg cápsulas duras de liberación prolongada", "tramadol"),
        ("tramadolo cloridrato 50 mg capsule rigide", "tramadol"),
        ("Codeinphosphat 30 mg", "codeine"),
        ("codeïnefosfaat 10 mg", "codeine"),
        ("Codeinum phosphoricum", "codeine"),
        ("phosphate de codéine", "codeine"),
        ("sertralina cinfa 50 mg comprimidos recubiertos con película EFG", "sertraline"),
        ("sertralina EG 50 mg compresse rivestite con film", "sertraline"),
        ("Simvastatin-1A Pharma 20 mg", "simvastatin"),
        ("Pantoprazol-Natrium Sesquihydrat", "pantoprazole"),
        ("atorvastatine calcique trihydratée", "atorvastatin"),
        ("bromhydrate de citalopram", "citalopram"),
        ("Citalopram 20 mg 1-0-0", "citalopram"),
        ("warfarin sodium 5 mg once daily", "warfarin"),
        ("clopidogrel (as hydrogen sulfate) 75 mg", "clopidogrel"),
        ("Fenytoïnenatrium", "phenytoin"),
        ("ASS 100 ratiopharm", "aspirin"),
        ("Ciclosporin A", "ciclosporin"),
        ("paracetamol 500mg tablets", "acetaminophen"),
        ("Natriumnitrit", "sodium nitrite"),
        ("amifampridine phosphate", "amifampridine phosphate"),
    ],
)
def test_makers_salts_forms_and_schemes_are_passed_over(base: KnowledgeBase, said: str, medicine: str) -> None:
    assert base.read_medicine(said) == ((medicine,), ())


@pytest.mark.parametrize(
    "said",
    [
        *("Ciprofloxacin Augentropfen", "clotrimazol crema", "ketoconazol Shampoo", "Clotrimazol Vaginaltabletten"),
        *(
            "gel de diltiazem",
            "Miconazol Mundgel",
            "tramadol gouttes",
            "Gelbwurzel",
            "5-ASA",
            "natrium",
            "phosphate de",
        ),
    ],
)
def test_what_is_put_on_the_skin_or_means_another_thing_stays_unknown(base: KnowledgeBase, said: str) -> None:
    assert base.read_medicine(said)[0] == ()


def test_a_suggestion_for_what_is_taken_names_its_substance(base: KnowledgeBase) -> None:
    assert base.nearest_medicines("Koumadin") == ("Coumadin [warfarin]",)
    assert base.nearest_medicines("clopidogril")[0] == "clopidogrel"
    assert base.nearest_medicines("xyzzy") == ()


@pytest.mark.parametrize(
    ("said", "drug"),
    [
        ("Nuedexta", "dextromethorphan / quinidine"),
        ("quinidine and dextromethorphan", "dextromethorphan / quinidine"),
        ("Symbyax", "fluoxetine / olanzapine"),
        ("olanzapine and fluoxetine", "fluoxetine / olanzapine"),
        ("bupropion/dextromethorphan", "dextromethorphan hydrobromide / bupropion hydrochloride"),
        ("trimethoprim and sulfamethoxazole 160/800 mg", "sulfamethoxazole / trimethoprim"),
    ],
)
def test_a_combination_that_is_a_drug_of_its_own_is_found_by_its_parts(
    base: KnowledgeBase, said: str, drug: str
) -> None:
    assert base.find_drug(said).name == drug


@pytest.mark.parametrize(
    ("said", "inhibitor"),
    [
        ("Nuedexta", "quinidine"),
        ("dextromethorphan / quinidine", "quinidine"),
        ("fluoxetine/olanzapine", "fluoxetine"),
        ("Auvelity", "bupropion"),
    ],
)
def test_what_a_combination_inhibits_is_not_lost_in_its_name(base: KnowledgeBase, said: str, inhibitor: str) -> None:
    ingredients, notices = known_medicines(base, (said,))
    assert (inhibitor in ingredients, notices) == (True, ())
