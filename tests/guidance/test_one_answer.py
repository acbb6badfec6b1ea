"""Of many rows one answer: nothing usual over a danger, no order beside its opposite, alternatives that were checked.

Cases in cases/one_answer.tsv: results (`GENE=diplotype`, `-`: none); drug; the headline (`-`: none); what to test
first; what the answer says (parts joined by `|`) and does not say; because.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from starling.assessment import Assessment, DrugResult, GeneResult, Question
from starling.definitions import HARMS, SERIOUS, proposed_drug
from starling.guidance.openings import dangers
from starling.knowledge.base import KnowledgeBase
from starling.report.answer import answer_lines
from starling.report.glance import at_a_glance, drug_line, not_shown
from starling.vocabulary import Consistent, Diplotype, Notice, OutsideCall, Why
from tests.bundled import bundled_engine
from tests.commands import run
from tests.guidance.conftest import Advised, Called, by_source

CASES = Path(__file__).parents[1] / "cases" / "clinical" / "one_answer.tsv"
NORMAL = (
    OutsideCall("CYP2D6", "*1/*1"),
    OutsideCall("HLA-A", "*01:01/*02:01"),
    OutsideCall("HLA-B", "*07:02/*08:01"),
)


def rows() -> Iterator[object]:
    with CASES.open(encoding="utf-8", newline="") as handle:
        for row in csv.DictReader(handle, delimiter="\t", quoting=csv.QUOTE_NONE):
            yield pytest.param(row, id=f"{row['drug']}, {row['results']}")


def stated(results: str) -> tuple[OutsideCall, ...]:
    """`GENE=diplotype GENE=diplotype`; a diplotype may hold blanks."""
    calls: list[list[str]] = []
    for part in results.split(" "):
        gene, found, diplotype = part.partition("=")
        if found:
            calls.append([gene, diplotype])
        elif calls:
            calls[-1][1] += f" {part}"
    return tuple(OutsideCall(gene, diplotype) for gene, diplotype in calls)


def asked(drug: str, *outside: OutsideCall, source: Path | None = None, **more: str) -> Assessment:
    """The whole assessment of what is stated, about one drug."""
    question = Question(drugs=(drug,), outside=outside or (OutsideCall("UGT1A1", "*1/*1"),), subject=more)
    return bundled_engine().assess(source, question)


def box(assessment: Assessment, drug: str) -> str:
    """The answer as the prescriber reads it."""
    line = drug_line(assessment.drug(drug), {gene.gene: gene for gene in assessment.genes})
    said = " ".join(f"{label}: {text}" for label, text in answer_lines(line))
    return said + (" Sources differ" if line.drug.disagreement else "")


@pytest.mark.parametrize("row", list(rows()))
def test_case(row: dict[str, str]) -> None:
    assessment = asked(row["drug"], *stated(row["results"]))
    answer = assessment.drug(row["drug"])
    assert (answer.headline_action or "-") == row["action"], row["because"]
    assert sorted(answer.test_first) == row["test_first"].split(), row["because"]
    assert answer.is_answered == (row["action"] != "-")
    said = box(assessment, row["drug"])
    for part in filter(None, row["says"].split("|")):
        assert part in said, row["because"]
    for part in filter(None, row["silent"].split("|")):
        assert part not in said, row["because"]


# --- nothing usual over a danger --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The genome of somebody in whom every position is reference."""
    path = tmp_path_factory.mktemp("reference") / "reference.vcf"
    assert run("simulate", "-o", path, "--others", "reference").code == 0
    return path


def test_an_uncertain_call_that_could_rule_a_drug_out_is_confirmed_first(called: Called, advised: Advised) -> None:
    """Clopidogrel: a second loss-of-function allele that was not looked at would change everything."""
    sure = called("CYP2C19", "*1/*1")
    assert advised("clopidogrel", sure).is_asking, "as usual, once omeprazole and the like were asked about"
    from starling.assessment import Alternative
    from starling.values import replace

    doubt = Alternative("Poor Metabolizer", (("*2", "*2"),), Why.NOT_ASSAYED)
    open_ = replace(sure, phenotype_certain=False, phenotype_alternatives=(doubt,))
    answer = advised("clopidogrel", open_)
    assert (answer.headline_action, answer.test_first) == ("test_further", ("CYP2C19",))
    assert "Confirm CYP2C19 first: it could also be Poor Metabolizer" in answer.answer
    mild = Alternative("Rapid Metabolizer", (("*1", "*17"),), Why.NOT_ASSAYED)
    milder = replace(sure, phenotype_certain=False, phenotype_alternatives=(mild,))
    assert advised("clopidogrel", milder).is_asking, "a milder possibility is no danger"


def test_a_variant_that_nobody_described_is_confirmed_first(called: Called, advised: Advised) -> None:
    from starling.assessment import Alternative
    from starling.values import replace

    sure = called("DPYD", "Reference/Reference")
    doubt = Alternative(None, (), Why.UNDOCUMENTED_VARIANT)
    answer = advised("fluorouracil", replace(sure, phenotype_certain=False, phenotype_alternatives=(doubt,)))
    assert (answer.headline_action, answer.test_first) == ("test_further", ("DPYD",))


def test_a_single_negative_test_lets_the_first_dose_go(tmp_path: Path) -> None:
    """Source: PALOH, DOI 10.1001/jamapediatrics.2022.0187: gentamicin is not delayed for the other variants."""
    path = tmp_path / "bedside.csv"
    path.write_text("analyte,result\nm.1555A>G,not detected\n", encoding="utf-8")
    assessment = bundled_engine().assess(path, Question(drugs=("gentamicin",)))
    answer = assessment.drug("gentamicin")
    assert answer.headline_action == "monitor" and answer.test_first == ()
    assert answer.answer.startswith("Usual dose, do not delay: m.1555A>G not detected")
    assert "Give usual aminoglycoside doses" in box(assessment, "gentamicin")


GENES = {
    "CYP2C19": ("*1/*1", "*1/*2", "*2/*2", "*17/*17"),
    "CYP2D6": ("*1/*1", "*4/*4", "*1/*4", "*1/*2x2"),
    "CYP2C9": ("*1/*1", "*3/*3"),
    "DPYD": ("Reference/Reference", "Reference/c.1905+1G>A (*2A)"),
    "TPMT": ("*1/*1", "*3A/*3A"),
    "SLCO1B1": ("*1/*1", "*5/*5"),
    "HLA-A": ("*01:01/*02:01", "*31:01/*02:01"),
    "HLA-B": ("*07:02/*08:01", "*15:02/*08:01", "*57:01/*58:01"),
}
MEDICINES = ("", "paroxetine", "fluconazole")


@st.composite
def patients(draw: st.DrawFn) -> tuple[tuple[OutsideCall, ...], tuple[str, ...]]:
    known = {gene: draw(st.sampled_from((None, *options))) for gene, options in GENES.items()}
    medicine = draw(st.sampled_from(MEDICINES))
    calls = tuple(OutsideCall(gene, diplotype) for gene, diplotype in known.items() if diplotype)
    return calls or (OutsideCall("UGT1A1", "*1/*1"),), (medicine,) if medicine else ()


@settings(max_examples=12, deadline=None)
@given(patients())
def test_no_usual_headline_hides_a_danger_and_no_alternative_is_one(
    patient: tuple[tuple[OutsideCall, ...], tuple[str, ...]],
) -> None:
    """Over random results: what applies and rules a drug out heads it; what is offered instead is not ruled out."""
    outside, medication = patient
    assessment = bundled_engine().assess(None, Question(outside=outside, medication=medication))
    headlines = {answer.drug: answer.headline_action for answer in assessment.drugs}
    for answer in assessment.drugs:
        ruled_out = [row for row in answer.recommendations if row.action in SERIOUS and not superseded(row.notes)]
        assert bool(ruled_out) == (answer.headline_action in SERIOUS), answer.drug
        for each in answer.alternatives:
            assert not (each.offered and each.action in SERIOUS), (answer.drug, each)
            named = proposed_drug(each.drug, headlines)
            assert named is None or headlines[named] == each.action


def superseded(notes: tuple[object, ...]) -> bool:
    return any(getattr(note, "code", "") == "GENETIC_PHENOTYPE_ONLY" for note in notes)


def test_nothing_usual_stands_where_a_missing_gene_could_rule_the_drug_out(knowledge: KnowledgeBase) -> None:
    """Each gene alone: no drug is called usual while another gene that was not tested could rule it out."""
    from starling.guidance.lookup import index
    from starling.guidance.standing import Standing, standing_of

    blocks = index(knowledge.guidance)
    for gene, options in GENES.items():
        assessment = bundled_engine().assess(None, Question(outside=(OutsideCall(gene, options[0]),)))
        standings = {each.gene: standing_of(each) for each in assessment.genes}
        for answer in assessment.drugs:
            if answer.headline_action not in {"standard", "monitor"}:
                continue
            for block in blocks[answer.drug]:
                known = {name: standings.get(name, Standing(name)) for name in block.genes}
                assert not list(dangers(block, known)), (gene, answer.drug)


# --- one answer -------------------------------------------------------------------------------------------------------


def test_a_row_for_a_lesser_gene_holds_only_if_the_drug_were_used_all_the_same() -> None:
    calls = stated("HLA-B=*08:01/*58:01 ABCG2=rs2231142 variant (T)/rs2231142 variant (T)")
    answer = asked("allopurinol", *calls).drug("allopurinol")
    raised = [row for row in answer.recommendations if row.action == "increase_dose"]
    assert raised and all("ONLY_IF_USED" in {note.code for note in row.notes} for row in raised)
    assert answer.disagreement is None and answer.genes_missing == ()


def test_two_doses_of_one_source_name_their_genes_and_do_not_multiply() -> None:
    """DPWG warfarin: 45 % by CYP2C9 and 60 % by VKORC1."""
    calls = stated("CYP2C9=*2/*3 VKORC1=rs9923231 variant (T)/rs9923231 variant (T)")
    assessment = asked("warfarin", *calls)
    notes = [note.message for note in assessment.drug("warfarin").notes if note.code == "SEPARATE_DOSES"]
    assert len(notes) == 1 and "CYP2C9" in notes[0] and "does not say that they multiply" in notes[0]


def test_advice_split_by_indication_stands_under_its_indication() -> None:
    assessment = asked("clopidogrel", OutsideCall("CYP2C19", "*2/*2"))
    line = drug_line(assessment.drug("clopidogrel"), {gene.gene: gene for gene in assessment.genes})
    assert line.is_split and all(label for label, _ in line.first)
    prasugrel = next(each for each in line.drug.alternatives if each.drug == "prasugrel")
    assert "for acute coronary syndrome" in prasugrel.why and "not for neurovascular" in prasugrel.why


# --- where sources differ ---------------------------------------------------------------------------------------------

DIFFER = [
    ("abacavir", "HLA-B=*57:01/*08:01", False, "avoid and contraindicated are one"),
    ("clopidogrel", "CYP2C19=*1/*2", False, "CPIC considers another drug as DPWG does, after a stroke"),
    ("nortriptyline", "CYP2D6=*4/*4", True, "CPIC avoids it, DPWG lowers the dose"),
    ("voriconazole", "CYP2C19=*17/*17", True, "CPIC avoids it, DPWG raises the dose"),
    ("tacrolimus", "CYP3A5=*1/*1", False, "raised by factors that overlap"),
    ("mercaptopurine", "TPMT=*3A/*3A NUDT15=*1/*1", False, "CPIC considers another drug as well, outside of cancer"),
]


@pytest.mark.parametrize(("drug", "results", "differ", "because"), DIFFER)
def test_sources_differ_only_where_a_reader_would_act_differently(
    drug: str, results: str, differ: bool, because: str
) -> None:
    assert bool(asked(drug, *stated(results)).drug(drug).disagreement) is differ, because


# --- alternatives -----------------------------------------------------------------------------------------------------


def alternatives(drug: str, results: str) -> dict[str, tuple[str | None, bool, str]]:
    answer: DrugResult = asked(drug, *stated(results)).drug(drug)
    return {each.drug: (each.action, each.offered, each.why) for each in answer.alternatives}


def test_an_alternative_is_put_through_the_same_results() -> None:
    """Simvastatin and SLCO1B1 poor function: rosuvastatin is restricted by ABCG2 as well."""
    found = alternatives("simvastatin", "SLCO1B1=*5/*5 ABCG2=rs2231142 variant (T)/rs2231142 variant (T) CYP2C9=*1/*1")
    action, offered, why = found["rosuvastatin"]
    assert (action, offered) == ("reduce_dose", True) and "ABCG2 Poor Function" in why
    assert found["lovastatin"][:2] == ("avoid", False)


def test_an_alternative_without_advice_is_known() -> None:
    found = alternatives("clopidogrel", "CYP2C19=*2/*2")
    assert found["ticagrelor"][:2] == (None, True)
    assert "known, no advice based on genes in this edition" in found["ticagrelor"][2]


def test_what_the_same_allele_rules_out_is_no_way_out() -> None:
    """HLA-B*15:02: other aromatic anticonvulsants. Source: CPIC 2017, PMID 29392710; PMID 32779747."""
    found = alternatives("carbamazepine", "HLA-A=*01:01/*02:01 HLA-B=*15:02/*08:01 CYP2C9=*1/*1")
    for drug in ("oxcarbazepine", "phenytoin", "fosphenytoin", "lamotrigine"):
        action, offered, _ = found[drug]
        assert action in SERIOUS and not offered


def test_a_group_of_medicines_is_not_a_medicine() -> None:
    found = alternatives("codeine", "CYP2D6=*4/*4")
    assert found["non-tramadol opioid"] == (None, True, "")
    assert found["tramadol"][1] is False


@pytest.mark.parametrize("drug", ["amitriptyline", "simvastatin", "clopidogrel", "codeine", "escitalopram"])
def test_a_narrow_question_checks_its_alternatives_as_the_whole_does(drug: str) -> None:
    outside = stated("CYP2C19=*2/*2 CYP2D6=*4/*4 SLCO1B1=*5/*5 CYP2C9=*3/*3 CYP2B6=*6/*6")
    whole = bundled_engine().assess(None, Question(outside=outside)).drug(drug)
    narrow = bundled_engine().assess(None, Question(drugs=(drug,), outside=outside))
    assert narrow.drug(drug) == whole and whole.alternatives
    assert {gene.gene for gene in narrow.genes} <= set(bundled_engine().about(Question(drugs=(drug,))).knowledge.genes)


# --- results that do not help, and tests that help many ---------------------------------------------------------------


def test_a_person_without_any_finding_has_little_to_act_on(reference: Path) -> None:
    """By the rows: tacrolimus, atomoxetine, hydralazine and warfarin are dosed by usual results too."""
    alone = at_a_glance(bundled_engine().assess(reference))
    stated_normal = at_a_glance(bundled_engine().assess(reference, Question(outside=NORMAL)))
    assert len(alone.acting) <= 5 and len(stated_normal.acting) <= 4
    assert stated_normal.testing == ()
    tests = dict(alone.tests())
    assert {"codeine", "tramadol", "amitriptyline"} <= {line.drug.drug for line in tests["CYP2D6 copy number",]}
    assert {"abacavir", "allopurinol"} <= {line.drug.drug for line in tests["HLA-B",]}
    drugs = len(bundled_engine().assess(reference).drugs)
    assert len(alone.all()) == drugs, "every drug exactly once"


@pytest.mark.parametrize("drug", ["sevoflurane", "succinylcholine", "halothane", "desflurane"])
def test_an_anaesthetic_without_a_finding_is_not_restricted(reference: Path, drug: str) -> None:
    """Source: CPIC 2019 (PMID 30499100): clinical findings and family history decide."""
    assessment = asked(drug, source=reference)
    assert assessment.drug(drug).headline_action == "no_recommendation"
    assert "does not restrict" in box(assessment, drug) and "family history" in box(assessment, drug)


def test_an_anaesthetic_with_a_finding_is(called: Called, advised: Advised) -> None:
    carrier = called("RYR1", "Reference/c.1021G>A"), called("CACNA1S", "Reference/Reference")
    assert advised("sevoflurane", *carrier).headline_action == "contraindicated"


def test_a_variant_of_unknown_meaning_is_a_finding(knowledge: KnowledgeBase, called: Called, advised: Advised) -> None:
    alleles = knowledge.definitions["RYR1"].alleles
    unknown = next(each.name for each in alleles if each.function == "Uncertain function")
    benign = next(each.name for each in alleles if each.function == "Normal function" and not each.is_reference)
    calcium: GeneResult = called("CACNA1S", "Reference/Reference")
    assert advised("halothane", called("RYR1", f"Reference/{unknown}"), calcium).headline_action == "test_further"
    assert advised("halothane", called("RYR1", f"Reference/{benign}"), calcium).headline_action == "no_recommendation"


def test_ivacaftor_is_for_cystic_fibrosis(reference: Path) -> None:
    """Source: CPIC 2014 (PMID 24598717)."""
    assert asked("ivacaftor", source=reference).drug("ivacaftor").headline_action == "no_recommendation"
    assert asked("ivacaftor", source=reference, indication="asthma").drug("ivacaftor").headline_action != "avoid"
    for name in ("cystic fibrosis", "CF", "Mucoviscidosis"):
        stated_for = asked("ivacaftor", source=reference, indication=name)
        assert stated_for.drug("ivacaftor").headline_action == "avoid"
        assert by_source(stated_for.drug("ivacaftor"), "CPIC")[0].action == "avoid"


# --- doubts without a result ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("why", [Why.FILTERED, Why.WEAK_EVIDENCE, Why.REFERENCE, Why.COPY_NUMBER, Why.STATED])
@pytest.mark.parametrize(
    ("drug", "gene", "diplotype"),
    [("fluorouracil", "DPYD", "Reference/Reference"), ("clopidogrel", "CYP2C19", "*1/*1")],
)
def test_no_doubt_of_which_nobody_can_say_the_result_leaves_a_usual_dose(
    advised: Advised, called: Called, why: Why, drug: str, gene: str, diplotype: str
) -> None:
    answer = advised(drug, called(gene, diplotype, doubts=(why,)))
    test = f"{gene} copy number" if why is Why.COPY_NUMBER else gene
    assert answer.headline_action == "test_further" and test in answer.test_first


@pytest.mark.parametrize("why", [Why.FILTERED, Why.WEAK_EVIDENCE])
def test_a_doubt_that_changes_nothing_whatever_the_genotype_is_delays_no_drug(
    advised: Advised, called: Called, why: Why
) -> None:
    """CPIC fluoropyrimidines (PMID 29152729): c.85T>C has normal function."""
    same = [Consistent(Diplotype(pair), why) for pair in (("Reference", "Reference"), ("Reference", "c.85T>C (*9A)"))]
    gene = called("DPYD", "Reference/c.85T>C (*9A)", doubts=(why,), consistent=tuple(same))
    assert not gene.phenotype_certain and [each.changes_nothing for each in gene.phenotype_alternatives] == [True]
    assert advised("fluorouracil", gene).headline_action == "standard"
    assert "be ," not in (told := " ".join(not_shown(gene))) and "it is the same whatever the genotype" in told
    poor = (*same, Consistent(Diplotype(("c.1905+1G>A (*2A)", "c.1905+1G>A (*2A)")), why))
    other = called("DPYD", "Reference/c.85T>C (*9A)", doubts=(why,), consistent=poor)
    assert advised("fluorouracil", other).test_first == ("DPYD",)


def test_an_inhibitor_does_not_hide_a_doubt(advised: Advised, called: Called) -> None:
    """PMID 31647186: half the score, of which nobody knows the whole."""
    gene = called("CYP2D6", "*1/*1", doubts=(Why.UNDOCUMENTED_VARIANT,))
    assert advised("codeine", gene, medication=["duloxetine"], subject={"age": "40"}).headline_action == "test_further"


def test_a_doubt_about_a_drug_that_the_gene_cannot_rule_out_is_a_note(advised: Advised, called: Called) -> None:
    answer = advised("celecoxib", called("CYP2C9", "*1/*1", doubts=(Why.FILTERED,)))
    assert answer.headline_action == "standard"


@pytest.mark.parametrize("drug", ["azathioprine", "mercaptopurine", "thioguanine"])
def test_no_usual_thiopurine_while_a_poor_metaboliser_of_tpmt_is_possible(
    advised: Advised, called: Called, drug: str
) -> None:
    """The US labels: life-threatening bone marrow failure; CPIC's row for an unknown TPMT is no answer to that."""
    nudt15, facts = called("NUDT15", "*1/*1"), {"medication": ["aspirin"]}
    missing = advised(drug, nudt15, **facts)
    assert (missing.headline_action, missing.test_first) == ("test_further", ("TPMT",))
    unsure = called("TPMT", "*1/*1", consistent=(Consistent(Diplotype(("*3C", "*3C")), Why.NOT_ASSAYED),))
    assert advised(drug, nudt15, unsure, **facts).headline_action == "test_further"
    assert advised(drug, nudt15, called("TPMT", "*1/*1"), **facts).headline_action == "standard"


def test_a_result_that_only_lowers_the_dose_is_not_said_to_rule_the_drug_out(advised: Advised, called: Called) -> None:
    """CPIC fluoropyrimidines (PMID 29152729): half the dose for intermediate, none for poor metabolisers."""
    possible = (("c.1905+1G>A (*2A)", "c.1905+1G>A (*2A)"), ("Reference", "c.1905+1G>A (*2A)"))
    unsure = [Consistent(Diplotype(pair), Why.NOT_ASSAYED) for pair in possible]
    answer = advised("fluorouracil", called("DPYD", "Reference/Reference", consistent=tuple(unsure))).answer
    assert "be Poor Metabolizer (a deciding position was not called); then: avoid; if it is Inter" in answer
    assert answer.endswith("if it is Intermediate Metabolizer: lower the dose.")


@pytest.mark.parametrize("drug", ["phenytoin", "fosphenytoin"])
def test_another_gene_that_is_undecided_does_not_soften_what_a_missing_one_would_mean(
    advised: Advised, called: Called, drug: str
) -> None:
    """CPIC phenytoin (PMID 32779747): HLA-B*15:02 carriers do not get it, whatever CYP2C9 is."""
    undecided = called("CYP2C9", "*1/*2", "*1/*3", "*3/*3")
    assert undecided.phenotype is None
    said = [note.message for note in advised(drug, undecided).notes]
    assert "Test HLA-B first: if it is *15:02 positive: do not use (contraindicated)." in said


RARE = Notice("RARE_ALLELES_NOT_EXCLUDED", "all tier-1 positions were called; rarer alleles are not excluded")


def test_a_normal_tpmt_by_the_alleles_of_tier_1_gets_the_usual_thiopurine(advised: Advised, called: Called) -> None:
    """CPIC thiopurines (PMID 30447069); an allele that few people have, on both chromosomes, is no reason to wait."""
    rare = (Consistent(Diplotype(("*17", "*17")), Why.NOT_ASSAYED),)
    tpmt, nudt15 = called("TPMT", "*1/*1", consistent=rare, notices=(RARE,)), called("NUDT15", "*1/*1")
    assert not tpmt.phenotype_certain
    assert advised("azathioprine", tpmt, nudt15, medication=["aspirin"]).headline_action == "standard"
    gaps = called("TPMT", "*1/*1", consistent=rare)
    assert advised("azathioprine", gaps, nudt15, medication=["aspirin"]).test_first == ("TPMT",)


def test_no_rarity_lets_a_drug_pass_that_the_result_would_rule_out(advised: Advised, called: Called) -> None:
    none = "c.1905+1G>A (*2A)"
    rare = (Consistent(Diplotype((none, none)), Why.NOT_ASSAYED),)
    dpyd = called("DPYD", "Reference/Reference", consistent=rare, notices=(RARE,))
    assert advised("fluorouracil", dpyd).test_first == ("DPYD",)


def test_of_a_gene_without_tier_1_every_grave_result_rules_the_drug_out(knowledge: KnowledgeBase) -> None:
    """Else `RARE_ALLELES_NOT_EXCLUDED`, which such a gene has for any allele that was not looked for, would hide it."""
    grave = {each.gene for each in knowledge.guidance.harms if each.harm == HARMS[0]} & knowledge.definitions.keys()
    assert {gene for gene in grave if not knowledge.definitions[gene].tier1_positions} == {"CACNA1S", "G6PD", "RYR1"}
