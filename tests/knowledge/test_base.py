"""Look-ups, and what is refused: a knowledge base is right or it is not opened."""

from __future__ import annotations

import hashlib
import random
import sqlite3
import threading
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from starling.errors import InputError, KnowledgeError
from starling.knowledge.base import KnowledgeBase
from starling.knowledge.compile import compile_knowledge
from starling.knowledge.names import skeleton, without_form
from starling.knowledge.seal import digest_of
from starling.knowledge.values import definitions_of
from starling.vocabulary import Locus
from tests.effort import examples
from tests.facts import CALLED, DRUGS, GENES, records, rows
from tests.knowledge.altered import OTHER_ADVICE, altered
from tests.knowledge.small import SOURCE, read

FUTURE = ("TPMT", "rule", "rule_of_tomorrow")


def test_everything_of_the_tables_is_there(base: KnowledgeBase) -> None:
    guidance = base.guidance
    assert list(base.genes) == sorted(GENES)
    assert list(base.definitions) == sorted(CALLED)
    assert [drug.name for drug in guidance.drugs] == sorted(DRUGS)
    assert len(guidance.guidelines) == len(rows("guidelines"))
    assert sum(len(guideline.rows) for guideline in guidance.guidelines) == len(rows("recommendations"))
    used = [row for guideline in guidance.guidelines for row in guideline.rows]
    assert len({row.advice.id for row in used}) == records("advice")
    assert len({each for row in used for each in row.implications}) == records("implications")
    assert sum(len(each.sites) + len(each.extra_sites) for each in base.definitions.values()) == len(rows("variants"))
    assert sum(len(each.alleles) for each in base.definitions.values()) == len(rows("alleles"))


def test_every_cell_survives(base: KnowledgeBase) -> None:
    cells = {
        (gene, allele.name, str(definition.sites[index].position), "/".join(bases))
        for gene, definition in base.definitions.items()
        for allele in definition.alleles
        for index, bases in allele.cells
    }
    rows = read("allele_definitions.tsv", SOURCE)
    assert cells == {(row["gene"], row["allele"], row["pos_grch38"], row["bases"]) for row in rows}


@pytest.mark.parametrize(
    ("gene", "position", "last"),
    [
        ("UGT1A1", 233760233, 233760248),  # (TA)7: seven copies from 233760235
        ("NUDT15", 48037782, 48037801),  # three copies of GAGTCG
        ("CYP2D6", 42128198, 42128206),  # TCAG twice
        ("CYP2D6", 42128211, 42128218),  # a G in a run of seven
        ("CYP2D6", 42128173, 42128178),  # *9: one of two CTT triplets, give or take a base
        ("CYP2D6", 42128903, 42128903),  # an insertion that can stand nowhere else
        ("CYP2D6", 42128927, 42128942),  # one copy of AAAGGGGCG
        ("DPYD", 97740410, 97740418),  # *7: ATGA twice
        ("RYR1", 38572266, 38572267),  # two bases changed, none moved
        ("CYP2C19", 94781859, 94781859),  # *2: a substitution
    ],
)
def test_the_interval_of_a_change(base: KnowledgeBase, gene: str, position: int, last: int) -> None:
    site = next(site for site in base.definitions[gene].sites if site.position == position)
    assert site.last == last


def test_the_seven_sites_with_another_reference_on_grch37(base: KnowledgeBase) -> None:
    differing = {
        (site.gene, site.rsid): site.ref_grch37
        for definition in base.definitions.values()
        for site in definition.sites
        if site.ref_grch37 not in {None, site.ref}
    }
    assert differing == {
        ("CYP2C19", "rs3758581"): "G",
        ("CYP2D6", "rs1058164"): "G",
        ("CYP2D6", "rs1135840"): "G",
        ("CYP2D6", "rs16947"): "A",
        ("F5", "rs6025"): "T",
        ("CYP3A5", "rs776746"): "C",
        ("DPYD", "rs1801265"): "G",
    }


def test_a_definition_carries_its_exceptions(base: KnowledgeBase) -> None:
    cyp2c9, nat2, g6pd = (base.definitions[gene] for gene in ("CYP2C9", "NAT2", "G6PD"))
    assert [site.locus for site in cyp2c9.extra_sites] == [Locus("chr10", 94645745)]
    assert nat2.required_positions == {18400194, 18400344, 18400593, 18400806, 18400860}
    assert ("*1/*6", frozenset({"*1/*6", "*4/*34"})) in nat2.priorities
    assert (154532990, "CGGT", "C") in g6pd.ignored_variants and g6pd.ignored_alleles == {
        "Mediterranean Haplotype",
        "Villeurbanne",
    }
    assert base.definitions["CYP2C19"].reference == "*38"
    assert base.definitions["SLCO1B1"].aliases["*17"] == "*15"


def test_alleles_stand_in_reading_order(base: KnowledgeBase) -> None:
    names = [allele.name for allele in base.definitions["CYP2D6"].alleles]
    assert names[:5] == ["*1", "*2", "*3", "*4", "*6"]
    assert [allele.is_structural for allele in base.definitions["CYP2D6"].alleles].index(True) == names.index("*1x2")
    assert base.definitions["CYP2C19"].alleles[0].is_reference


def test_values_are_exact_and_unknown_is_none(base: KnowledgeBase) -> None:
    alleles = {allele.name: allele for allele in base.definitions["CYP2D6"].alleles}
    assert alleles["*10"].activity is not None and alleles["*10"].activity.value == Fraction(1, 4)
    assert alleles["*1x>=3"].activity is not None and alleles["*1x>=3"].activity.at_least
    assert alleles["*22"].activity is None
    suballele = next(each for each in base.definitions["SLCO1B1"].alleles if each.name == "*45.001")
    assert suballele.reported_as == "*45"


def test_phenotype_rules(base: KnowledgeBase) -> None:
    rules = base.guidance.phenotypes
    assert rules["CYP2D6"].uses_score and rules["CYP2D6"].by_score["2.5"] == "Ultrarapid Metabolizer"
    assert rules["CYP2C19"].by_functions[("Increased function", "No function")] == "Intermediate Metabolizer"
    assert rules["G6PD"].by_functions[("II/Deficient",)] == "Deficient"
    assert "CYP4F2" not in rules


def test_a_row_holds_its_advice_whole(base: KnowledgeBase) -> None:
    guideline = next(each for each in base.guidance.guidelines if each.id == "dpwg-acenocoumarol-and-vkorc1")
    row = next(each for each in guideline.rows if each.advice.id == "A0004")
    assert row.advice.dose[0].factor == 0.5 and row.advice.monitor == ("INR",)
    assert [condition.dose[0].factor for condition in row.advice.conditions] == [0.5, 0.5]
    assert row.implications[0].gene == "VKORC1"


def test_a_flow_has_drugs_and_no_rows(base: KnowledgeBase) -> None:
    flows = {each.drugs: each.rows for each in base.guidance.guidelines if not each.rows}
    assert flows == {("peginterferon alfa-2a", "peginterferon alfa-2b", "ribavirin"): (), ("warfarin",): ()}


@pytest.mark.parametrize(
    ("name", "drug"),
    [
        ("clopidogrel", "clopidogrel"),
        ("CLOPIDOGREL ", "clopidogrel"),
        ("Plavix", "clopidogrel"),
        ("suxamethonium", "succinylcholine"),
        ("6-MP", "mercaptopurine"),
        ("6mp", "mercaptopurine"),
        ("5-FU", "fluorouracil"),
        ("5 fu", "fluorouracil"),
        ("Coumadin", "warfarin"),
        ("11289", "warfarin"),
        ("B01AA03", "warfarin"),
        ("b01aa03", "warfarin"),
        ("co-trimoxazole", "sulfamethoxazole / trimethoprim"),
        ("sulfamethoxazole/trimethoprim", "sulfamethoxazole / trimethoprim"),
        ("Seroxat", "paroxetine"),
        ("tioguanine", "thioguanine"),
        ("Nolvadex", "tamoxifen"),
        ("Xeloda", "capecitabine"),
    ],
)
def test_a_drug_answers_to_its_names(base: KnowledgeBase, name: str, drug: str) -> None:
    assert base.find_drug(name).name == drug


def test_every_name_and_code_finds_its_drug(base: KnowledgeBase) -> None:
    for drug in base.guidance.drugs:
        for name in (drug.name, *drug.names, drug.rxnorm, *drug.atc):
            assert not name or base.find_drug(name.upper()) is drug


def test_a_drug_asked_about_by_its_own_name_is_found_alone_and_is_the_one_of_the_guidance(compiled: Path) -> None:
    with KnowledgeBase.open(compiled) as fresh:
        found = fresh.find_drug("Clopidogrel")
        assert "_drug_list" not in vars(fresh)
        assert found in fresh.guidance.drugs and any(found is each for each in fresh.guidance.drugs)


def test_an_unknown_drug_is_refused_with_the_nearest_names(base: KnowledgeBase) -> None:
    with pytest.raises(InputError, match="clopidogrel") as raised:
        base.find_drug("clopidogril")
    assert raised.value.code == "UNKNOWN_DRUG"
    assert "not in this knowledge base; that is not a statement of safety" in raised.value.message


def test_an_unknown_drug_like_no_other_is_refused(base: KnowledgeBase) -> None:
    with pytest.raises(InputError, match=r"not a statement of safety$"):
        base.find_drug("xyzzy")


@pytest.mark.parametrize("name", ["", " ", "-"])
def test_an_empty_name_finds_no_drug(base: KnowledgeBase, name: str) -> None:
    with pytest.raises(InputError):
        base.find_drug(name)
    assert not base.knows_medicine(name)


def test_a_group_of_drugs_is_refused_with_its_members(base: KnowledgeBase) -> None:
    with pytest.raises(InputError, match=r"N06AB is a group of drugs; .*citalopram, escitalopram") as raised:
        base.find_drug("n06ab")
    assert raised.value.code == "UNKNOWN_NAME"


@pytest.mark.parametrize(
    ("name", "enzyme", "strength", "factor"),
    [
        ("paroxetine", "CYP2D6", "strong", "0"),
        ("Paxil", "CYP2D6", "strong", "0"),
        ("prozac", "CYP2D6", "strong", "0"),
        ("Cymbalta", "CYP2D6", "moderate", "0.5"),
        ("rifampin", "CYP2C9", "moderate inducer", ""),
        ("sertraline", "CYP2D6", "weak", ""),
        ("cyclosporine", "CYP3A4", "moderate", ""),
    ],
)
def test_a_medicine_and_its_enzymes(base: KnowledgeBase, name: str, enzyme: str, strength: str, factor: str) -> None:
    found = {(each.enzyme, each.strength, each.factor) for each in base.find_inhibitors(name)}
    assert (enzyme, strength, factor) in found


@pytest.mark.parametrize(
    "name", ["bupropion", "dacomitinib", "fluoxetine", "paroxetine", "quinidine", "terbinafine", "tipranavir"]
)
def test_strong_inhibitors(base: KnowledgeBase, name: str) -> None:
    factors = {each.factor for each in base.find_inhibitors(name) if each.enzyme == "CYP2D6"}
    assert "0" in factors


@pytest.mark.parametrize("name", ["abiraterone", "cinacalcet", "duloxetine", "lorcaserin", "mirabegron", "rolapitant"])
def test_moderate_inhibitors(base: KnowledgeBase, name: str) -> None:
    factors = {each.factor for each in base.find_inhibitors(name) if each.enzyme == "CYP2D6"}
    assert "0.5" in factors and "0" not in factors


@pytest.mark.parametrize("name", ["terbinafine", "abiraterone", "fluvoxamine", "cimetidine"])
def test_sources_that_disagree_are_kept(base: KnowledgeBase, name: str) -> None:
    found = [each for each in base.find_inhibitors(name) if each.enzyme == "CYP2D6"]
    assert len({each.strength for each in found}) == 2
    assert all(each.source and each.source_date for each in found)


def test_medicines_known_and_not(base: KnowledgeBase) -> None:
    assert base.knows_medicine("Wellbutrin") and base.knows_medicine("abacavir")
    assert not base.knows_medicine("bupropionn") and base.find_inhibitors("abacavir") == ()
    assert base.nearest_medicines("bupropionn")[0] == "bupropion"


@pytest.mark.parametrize(
    ("name", "chromosome", "build"),
    [
        ("chr10", "chr10", None),
        ("10", "chr10", None),
        ("NC_000010.10", "chr10", "GRCh37"),
        ("NC_000010.11", "chr10", "GRCh38"),
        ("CM000672.2", "chr10", "GRCh38"),
        ("CM000672.1", "chr10", "GRCh37"),
        ("23", "chrX", None),
        ("26", "chrM", None),
        ("MT", "chrM", None),
        ("chrMT", "chrM", None),
        ("NC_012920.1", "chrM", None),
        ("NC_000023.11", "chrX", "GRCh38"),
        ("CM000686.2", "chrY", "GRCh38"),
    ],
)
def test_names_of_chromosomes(base: KnowledgeBase, name: str, chromosome: str, build: str | None) -> None:
    assert base.contigs[name] == (chromosome, build)


@pytest.mark.parametrize("name", ["chr10_KI270825v1_alt", "chrUn_KI270302v1", "hs37d5", "HLA-B*57:01:01", "25", "chr0"])
def test_other_contigs_have_no_chromosome(base: KnowledgeBase, name: str) -> None:
    assert name not in base.contigs


def test_lengths_tell_the_builds_apart(base: KnowledgeBase) -> None:
    lengths = base.contig_lengths
    assert lengths["GRCh38"]["chr1"] == 248_956_422 and lengths["GRCh37"]["chr1"] == 249_250_621
    assert all(lengths["GRCh37"][name] != length for name, length in lengths["GRCh38"].items() if name != "chrM")
    assert lengths["GRCh37"]["chrM"] == lengths["GRCh38"]["chrM"] == 16_569


def test_a_constant_number_of_statements(compiled: Path) -> None:
    statements: list[str] = []
    with KnowledgeBase.open(compiled) as fresh:
        fresh._rows._database.set_trace_callback(statements.append)
        assert fresh.definitions and fresh.guidance.drugs and fresh.contigs and fresh.genes
        after_loading = len(statements)
        fresh.find_drug("Plavix"), fresh.find_inhibitors("Paxil"), fresh.knows_medicine("x"), fresh.definitions
        assert len(statements) == after_loading
    assert len(statements) == 23


def test_a_question_reads_again_only_rows_by_their_keys(compiled: Path) -> None:
    statements: list[str] = []
    with KnowledgeBase.open(compiled) as fresh:
        first = fresh.about([fresh.find_drug("clopidogrel").name])
        assert first.guidance.drugs and first.definitions
        fresh._rows._database.set_trace_callback(statements.append)
        assert fresh.about(["codeine"]).guidance.drugs and fresh.about(["codeine"]).definitions
    assert {text.split()[3] for text in statements} <= {"gene", "guideline", "digest"}


@pytest.mark.parametrize(
    "rows",
    [[], [("a", "b")], [("a",), ("b",)], [("a", ""), ("b", "c")], [("a", 1), ("b", None)], [("a", 1.5, "é")], [(), ()]],
)
def test_the_digest_of_rows_is_of_their_shapes_and_texts(rows: list[tuple[Any, ...]]) -> None:
    fields = [field for row in rows for field in row]
    kinds = [{str: 0, int: 1, float: 2, type(None): 3}[type(field)] for field in fields]
    lengths = [len(str(field)) for field in fields]
    text = f"{[len(row) for row in rows]}{kinds}{lengths}" + "".join(map(str, fields))
    assert digest_of(rows) == hashlib.sha256(text.encode()).hexdigest()


def test_threads_share_one_knowledge_base(compiled: Path) -> None:
    with KnowledgeBase.open(compiled) as shared:
        sizes: list[int] = []
        threads = [threading.Thread(target=lambda: sizes.append(len(shared.guidance.drugs))) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sizes == [len(DRUGS)] * 4


def test_nothing_can_be_written(base: KnowledgeBase) -> None:
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        base._rows._database.execute("DELETE FROM drug")


def damaged(compiled: Path, folder: Path, change: str) -> Path:
    data = bytearray(compiled.read_bytes())
    if change == "cut":
        data = data[: len(data) // 2]
    elif change == "grown":
        data += b"\0" * 4096
    elif change == "empty":
        data = bytearray()
    elif change == "other schema":
        data[60:64] = (99).to_bytes(4, "big")
    elif change == "text":
        data = bytearray(b"SQLite is a fine library\n")
    path = folder / "starling.kb"
    path.write_bytes(bytes(data))
    return path


@pytest.mark.parametrize("change", ["cut", "grown", "empty", "other schema", "text"])
def test_a_damaged_file_is_refused(compiled: Path, tmp_path: Path, change: str) -> None:
    with pytest.raises(KnowledgeError, match=r"^starling\.kb: ") as raised:
        KnowledgeBase.open(damaged(compiled, tmp_path, change))
    assert raised.value.code == "KNOWLEDGE_DAMAGED"


def everything(path: Path) -> tuple[object, ...]:
    """All that a reader can learn of a file."""
    with KnowledgeBase.open(path) as base:
        genes = [
            (name, each.sites, each.alleles, each.aliases, each.compiled) for name, each in base.definitions.items()
        ]
        rows = base.source_rows, base.source_differences
        ground = base.ground("GRCh38"), base.ground("GRCh37")
        return base.stamp, genes, base.guidance, base.genes, base.contigs, base.contig_lengths, rows, ground


def test_whatever_bit_is_flipped_the_truth_is_read_or_nothing(compiled: Path, tmp_path: Path) -> None:
    truth, data = everything(compiled), compiled.read_bytes()
    path, chosen, refused, flips = tmp_path / "starling.kb", random.Random(7), 0, examples(20, 60)
    for _ in range(flips):
        flipped = bytearray(data)
        flipped[chosen.randrange(len(data))] ^= 1 << chosen.randrange(8)
        path.write_bytes(flipped)
        try:
            assert everything(path) == truth
        except KnowledgeError as error:
            assert error.code == "KNOWLEDGE_DAMAGED"
            refused += 1
    assert refused > flips / 2  # where rows come from is read on no way to an answer


ALTERATIONS = {
    "another advice": OTHER_ADVICE,
    "a guideline lost": "DELETE FROM guideline WHERE guideline = 'cpic-clopidogrel-and-cyp2c19'",
    "a guideline added": "INSERT INTO guideline VALUES ('x', 'CPIC', '', 'TPMT', '', '', '', '[]', '[]', '[]', '[]')",
    "a rule lost": "DELETE FROM phenotype_rule WHERE gene = 'CYP2C19' AND first = 'No function'",
    "another name": "UPDATE medicine_name SET names = names || '|Plavix' WHERE medicine = 'warfarin'",
    "another base on the ground": "UPDATE ground SET bases = 'A' || substr(bases, 2) WHERE bases NOT LIKE 'A%'",
    "a drug without its guidelines": "UPDATE drug SET guidelines = '' WHERE drug = 'clopidogrel'",
    "digests made again": "UPDATE digest SET sha256 = 'x' WHERE key = 'CYP2C19'",
    "another date": "UPDATE meta SET value = '2027' WHERE key = 'as_of'",
    "another day of the last check": "UPDATE meta SET value = '2099-01-01' WHERE key = 'checked_on'",
    "another version": "UPDATE meta SET value = '9' WHERE key = 'version'",
    "no version": "DELETE FROM meta WHERE key = 'version'",
    "digests taken away": "DELETE FROM digest WHERE key = 'CYP2C19'",
}


@pytest.mark.parametrize("name", ALTERATIONS)
def test_whoever_alters_a_fact_is_found_by_whoever_reads_it(compiled: Path, tmp_path: Path, name: str) -> None:
    path = tmp_path / "starling.kb"
    path.write_bytes(compiled.read_bytes())
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute(ALTERATIONS[name])
    with pytest.raises(KnowledgeError) as raised:
        everything(path)
    assert raised.value.code == "KNOWLEDGE_DAMAGED"
    if "digests" not in name and "meta" not in ALTERATIONS[name]:
        with KnowledgeBase.open(path) as base:
            assert not base.verify_content()


def test_attack_an_altered_fact_with_everything_sealed_again_has_another_stamp(compiled: Path, tmp_path: Path) -> None:
    path = altered(compiled, tmp_path / "starling.kb", stamped=True)
    with KnowledgeBase.open(path) as other, KnowledgeBase.open(compiled) as official:
        assert other.verify_content()
        assert other.stamp.sha256 != official.stamp.sha256


def test_attack_an_altered_fact_under_the_official_stamp(compiled: Path, tmp_path: Path) -> None:
    """All digests made again, the stamp left as it was: whoever reads anything is told, and nothing is answered."""
    with pytest.raises(KnowledgeError) as raised:
        KnowledgeBase.open(altered(compiled, tmp_path / "starling.kb", stamped=False))
    assert raised.value.code == "KNOWLEDGE_DAMAGED"


def test_fields_do_not_run_into_each_other() -> None:
    rows: list[list[tuple[object, ...]]] = [[("a", "b")], [("a",), ("b",)], [("ab", "")], [("a", 1)], [("a", "1")]]
    assert len({digest_of(each) for each in rows}) == len(rows)


def test_a_question_about_one_drug_reads_what_bears_on_it(base: KnowledgeBase) -> None:
    narrow = base.about(["clopidogrel"], genes=["CYP2D6"], medicines=False)
    assert narrow.genes == ("CYP2C19", "CYP2D6") and tuple(narrow.definitions) == narrow.genes
    assert [drug.name for drug in narrow.guidance.drugs] == ["clopidogrel"]
    assert {row.drug for each in narrow.guidance.guidelines for row in each.rows} == {"clopidogrel"}
    assert narrow.guidance.inhibitors == () and narrow.stamp == base.stamp
    whole = {each.id: each for each in base.guidance.guidelines}
    for each in narrow.guidance.guidelines:
        assert each.rows == tuple(row for row in whole[each.id].rows if row.drug == "clopidogrel")


def test_another_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE drug (drug TEXT)")
    database.close()
    with pytest.raises(KnowledgeError, match="not a compiled knowledge base"):
        KnowledgeBase.open(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(KnowledgeError, match=r"nowhere\.kb: no such knowledge base") as raised:
        KnowledgeBase.open(tmp_path / "nowhere.kb")
    assert raised.value.code == "KNOWLEDGE_NOT_FOUND"


def test_a_directory_is_no_knowledge_base(tmp_path: Path) -> None:
    with pytest.raises(KnowledgeError, match="cannot be read"):
        KnowledgeBase.open(tmp_path)


def test_a_file_name_with_odd_characters_opens(small: Path, tmp_path: Path) -> None:
    target = tmp_path / "a?b#c %20.kb"
    stamp = compile_knowledge(small, target)
    with KnowledgeBase.open(target) as opened:
        assert opened.stamp == stamp


def test_a_rule_that_this_program_has_not_is_refused(base: KnowledgeBase) -> None:
    """A newer knowledge base may name one: the gene is never called by another rule instead."""
    with pytest.raises(KnowledgeError, match="'rule_of_tomorrow', which this program has not") as refused:
        definitions_of(lambda table: [*base._select(table), *([FUTURE] if table == "trait" else [])])
    assert refused.value.code == "KNOWLEDGE_DAMAGED"


def test_what_is_particular_about_a_gene(base: KnowledgeBase) -> None:
    definitions, phenotypes = base.definitions, base.guidance.phenotypes
    assert (definitions["G6PD"].inheritance, definitions["MT-RNR1"].inheritance) == ("X-linked", "mitochondrial")
    assert [gene for gene, each in definitions.items() if each.copy_number] == ["CYP2D6"]
    assert definitions["NAT2"].nomenclatures == ("2024", "pharmvar")
    assert [str(each.start) for each in phenotypes["CYP2D6"].ranges] == ["0", "0", "5/4", "9/4"]
    assert phenotypes["CYP3A5"].inhibited_as == "CYP3A4"
    assert (phenotypes["G6PD"].measure_activity, phenotypes["DPYD"].measure_activity) == (
        "Variable",
        "both alleles reduced",
    )
    drugs = {drug.name: drug for drug in base.guidance.drugs}
    assert (drugs["eliglustat"].other_enzymes, drugs["tamoxifen"].branches_on) == (("CYP3A4",), ("CYP2D6",))


@pytest.mark.parametrize(
    ("said", "drug"),
    [
        ("Plavix 75 mg tablets", "clopidogrel"), ("omeprazole 20mg caps", "omeprazole"), ("Plavix 75", "clopidogrel"),
        ("metoprolol succinate ER 50 mg", "metoprolol"), ("tramadol 100 mg/ml oral solution", "tramadol"),
        ("Codein", "codeine"), ("codéine", "codeine"), ("codeïne", "codeine"), ("codeína", "codeine"),
        ("codeinum", "codeine"), ("simvastatine 40 mg comprimés", "simvastatin"), ("azatioprina", "azathioprine"),
        ("fenitoína", "phenytoin"), ("Carbamazepin 200 mg Tabletten", "carbamazepine"), ("warfarina", "warfarin"),
        ("acénocoumarol", "acenocoumarol"), ("takrolimus", "tacrolimus"), ("metoprololo", "metoprolol"),
        ("Amitriptylin-HCl", "amitriptyline"),
        ("oxicodona", "oxycodone"), ("ezetimibe/simvastatin 10/20 mg", "simvastatin"),
        ("paracetamol/codeine 500/30 mg", "codeine"),
    ],
)  # fmt: skip
def test_a_drug_is_known_as_it_is_prescribed_and_spelled_elsewhere(base: KnowledgeBase, said: str, drug: str) -> None:
    assert base.find_drug(said).name == drug


def test_every_substance_is_known_by_its_own_spelling_elsewhere_or_not_at_all(base: KnowledgeBase) -> None:
    """Spelled by rule in another language, a name is never read as another substance."""
    substances = [
        each for each in (*base.guidance.drugs, *base.guidance.unadvised) if without_form(each.name) == each.name
    ]
    for drug in (each for each in substances if "/" not in each.name):
        bare = drug.name.removesuffix("e")
        for spelled in (bare, f"{bare}a", f"{bare}um", drug.name.replace("c", "k"), drug.name.replace("ph", "f")):
            known, _ = base.read_medicine(spelled)
            assert set(known) <= {drug.name}, spelled


@pytest.mark.parametrize("name", ["ketoconazole cream", "codein eye drops", "co-xyzzy", "75 mg", "/", "in", "statin"])
def test_what_could_be_something_else_is_not_taken(base: KnowledgeBase, name: str) -> None:
    assert base.read_medicine(name)[0] == ()
    with pytest.raises(InputError):
        base.find_drug(name)


def test_a_spelling_that_could_be_two_substances_is_none() -> None:
    assert skeleton("quinine") != skeleton("quinidine")
    assert skeleton("abc") == ""


def test_a_suggestion_is_close_and_names_its_substance(base: KnowledgeBase) -> None:
    with pytest.raises(InputError, match=r"Coumadin \[warfarin\]"):
        base.find_drug("Koumadin")
    with pytest.raises(InputError) as far:
        base.find_drug("penicillamine")
    assert "nearest" not in far.value.message
