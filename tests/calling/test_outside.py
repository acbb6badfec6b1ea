"""What other laboratories state: names translated, nothing guessed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from starling.calling.outside import translate_name
from starling.errors import InputError
from starling.knowledge.base import KnowledgeBase
from starling.vocabulary import ActivityScore, Ambiguous, Diplotype, GeneCall, Undetermined
from tests.calling.support import stated


@pytest.fixture(scope="module")
def knowledge() -> KnowledgeBase:
    return KnowledgeBase.open()


def notices(call: GeneCall) -> set[str]:
    return {notice.code for notice in call.evidence.notices}


@pytest.mark.parametrize(
    ("gene", "text", "alleles"),
    [
        ("CYP2C19", "*2/*1", ("*1", "*2")),
        ("CYP2C19", "CYP2C19*1A/*17", ("*1", "*17")),
        ("CYP2C19", "*1 / *2.001", ("*1", "*2")),
        ("SLCO1B1", "*1A/*1B", ("*1", "*37")),
        ("SLCO1B1", "*17/*21", ("*15", "*15")),
        ("UGT1A1", "*60/*28", ("*1", "*28")),
        ("CYP3A4", "*1B/*22", ("*1", "*22")),
        ("CYP2D6", "*1x2/*68+*4", ("*1x2", "*68+*4")),
        ("CYP2D6", "*13 + *1x2/*36 + *10", ("*13+*1x2", "*36+*10")),
        ("CYP2D6", "*1x3/*4", ("*1x>=3", "*4")),
        ("CYP2D6", "*2x≥3/*1", ("*1", "*2x>=3")),
        ("CYP2D6", "*41x3/*1", ("*1", "*41x3")),
        ("CYP2D6", "*17x4/*1", ("*1", "*17x4")),
        ("VKORC1", "-1639G/-1639A", ("rs9923231 reference (C)", "rs9923231 variant (T)")),
        ("MT-RNR1", "m.1555A>G", ("m.1555A>G",)),
        ("MT-RNR1", "1555A>G positive", ("m.1555A>G",)),
        ("MT-RNR1", "A1555G Detected", ("m.1555A>G",)),
        ("G6PD", "B (reference)", ("B (reference)",)),
        ("G6PD", "B(reference)/B(wildtype)", ("B (reference)", "B (reference)")),
        ("CYP2D6", "[*4 + *68]/*1", ("*1", "*68+*4")),
        ("MT-RNR1", "Reference/Reference", ("Reference",)),
        ("MT-RNR1", "m.1555A>G/m.1555A>G", ("m.1555A>G",)),
    ],
)
def test_names_are_translated(knowledge: KnowledgeBase, gene: str, text: str, alleles: tuple[str, ...]) -> None:
    assert stated(knowledge, gene, text).result == Diplotype(alleles)


def test_dpyd_star_names(knowledge: KnowledgeBase) -> None:
    result = stated(knowledge, "DPYD", "*2A/HapB3").result
    assert isinstance(result, Diplotype)
    assert set(result.alleles) == {"c.1905+1G>A (*2A)", "c.1129-5923C>G, c.1236G>A (HapB3)"}


@pytest.mark.parametrize(
    ("gene", "text", "alleles", "deciding"),
    [
        ("DPYD", "*1/*2A", ("Reference", "c.1905+1G>A (*2A)"), None),
        ("DPYD", "*1/c.1905+1G>A", ("Reference", "c.1905+1G>A (*2A)"), None),
        ("DPYD", "*9A/*13", ("c.85T>C (*9A)", "c.1679T>G (*13)"), None),
        (
            "DPYD",
            "Reference/[c.557A>G + c.1905+1G>A (*2A)]",
            ("Reference", "[c.557A>G + c.1905+1G>A (*2A)]"),
            ("Reference", "c.1905+1G>A (*2A)"),
        ),
        (
            "DPYD",
            "[c.2846A>T+c.557A>G]/*2A",
            ("c.1905+1G>A (*2A)", "[c.557A>G + c.2846A>T]"),
            ("c.557A>G", "c.1905+1G>A (*2A)"),
        ),
        ("G6PD", "B/B", ("B (reference)", "B (reference)"), None),
    ],
)
def test_names_that_laboratories_and_the_program_write(
    knowledge: KnowledgeBase, gene: str, text: str, alleles: tuple[str, ...], deciding: tuple[str, ...] | None
) -> None:
    call = stated(knowledge, gene, text)
    assert call.result == Diplotype(alleles)
    assert call.evidence.deciding == (Diplotype(deciding) if deciding else None)


@pytest.mark.parametrize(
    ("gene", "text"),
    [("DPYD", "[c.557A>G + c.9999A>T]/*1"), ("CYP2C19", "[*2 + *3]/*1"), ("DPYD", "[]/*1")],
)
def test_a_haplotype_with_an_unknown_part_is_never_read_in_part(knowledge: KnowledgeBase, gene: str, text: str) -> None:
    assert stated(knowledge, gene, text).result == Undetermined("UNKNOWN_ALLELE")


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"diplotype": "*1/*1"}, True),
        ({"phenotype": "Poor Metabolizer"}, True),
        ({"activity_score": "2"}, True),
        ({"diplotype": "*1x2/*1"}, False),
        ({"diplotype": "*1/*5"}, False),
    ],
)
def test_copy_number_as_stated(knowledge: KnowledgeBase, more: dict[str, str], *, says: bool) -> None:
    call = stated(knowledge, "CYP2D6", **more)
    assert call.evidence.copy_number == "assessed"
    assert ("COPY_NUMBER_AS_STATED" in notices(call)) is says


@pytest.mark.parametrize("text", ["*1/*999", "wild type/*2", "*1/rs4244285", "*1/*1x0"])
def test_an_unknown_name_is_never_reference(knowledge: KnowledgeBase, text: str) -> None:
    call = stated(knowledge, "CYP2C19", text)
    assert call.result == Undetermined("UNKNOWN_ALLELE")
    (notice,) = call.evidence.notices
    assert notice.code == "UNKNOWN_ALLELE"
    assert any(part in notice.message for part in text.split("/"))


def test_a_negative_test_is_never_read_as_the_allele_and_is_told_where_it_belongs(knowledge: KnowledgeBase) -> None:
    for text in ("rs4244285 not detected", "c.681G>A negative", "681G>A absent"):
        call = stated(knowledge, "CYP2C19", text)
        assert call.result == Undetermined("UNKNOWN_ALLELE")
        assert any("table of analyte and result" in notice.message for notice in call.evidence.notices)


def test_an_unknown_name_beside_a_phenotype_leaves_the_phenotype(knowledge: KnowledgeBase) -> None:
    call = stated(knowledge, "CYP2C19", "*1/*999", phenotype="Poor Metabolizer")
    assert call.result == Ambiguous(())
    assert (call.evidence.stated_phenotype, notices(call)) == ("Poor Metabolizer", {"UNKNOWN_ALLELE"})


def test_one_allele_of_an_autosomal_gene_is_no_diplotype(knowledge: KnowledgeBase) -> None:
    assert stated(knowledge, "CYP2C19", "*2").result == Undetermined("SINGLE_ALLELE")


def test_nothing_stated(knowledge: KnowledgeBase) -> None:
    assert stated(knowledge, "CYP2C19").result == Undetermined("NOTHING_STATED")


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("Poor Metabolizer", "Poor Metabolizer"),
        ("poor metaboliser", "Poor Metabolizer"),
        ("UM", "Ultrarapid Metabolizer"),
        ("likely poor metabolizer", "Likely Poor Metabolizer"),
    ],
)
def test_terms_are_spelled_as_the_rules_do(knowledge: KnowledgeBase, text: str, term: str) -> None:
    assert stated(knowledge, "CYP2C19", phenotype=text).evidence.stated_phenotype == term


def test_a_phenotype_of_indeterminate_states_nothing(knowledge: KnowledgeBase) -> None:
    call = stated(knowledge, "CYP2C19", "*1/*2", phenotype="Indeterminate")
    assert (call.result, call.evidence.stated_phenotype) == (Diplotype(("*1", "*2")), None)


def test_an_unknown_term_is_not_used(knowledge: KnowledgeBase) -> None:
    call = stated(knowledge, "CYP2C19", phenotype="slowish")
    assert (call.result, notices(call)) == (Undetermined("UNKNOWN_PHENOTYPE"), {"UNKNOWN_PHENOTYPE"})


def test_scores_are_exact(knowledge: KnowledgeBase) -> None:
    call = stated(knowledge, "CYP2D6", activity_score="≥3.0")
    assert call.evidence.stated_score == ActivityScore.parse(">=3.0")
    assert (call.evidence.source, call.evidence.copy_number) == ("outside", "assessed")
    assert stated(knowledge, "CYP2D6", activity_score="n/a").result == Undetermined("NOTHING_STATED")


def test_a_score_for_a_gene_without_scores_is_not_used(knowledge: KnowledgeBase) -> None:
    call = stated(knowledge, "CYP2C19", "*1/*2", activity_score="1.0")
    assert (call.evidence.stated_score, notices(call)) == (None, {"SCORE_NOT_USED"})


@pytest.mark.parametrize("text", ["two", "1,5", "1/0", ">="])
def test_a_bad_score_is_the_senders_error(knowledge: KnowledgeBase, text: str) -> None:
    with pytest.raises(InputError) as error:
        stated(knowledge, "CYP2D6", activity_score=text)
    assert error.value.code == "BAD_OUTSIDE_CALL"


def test_a_nat2_diplotype_states_its_nomenclature(knowledge: KnowledgeBase) -> None:
    """NAT2 names changed in 2024: *5 of an old report is not the *5 of the table."""
    assert stated(knowledge, "NAT2", "*5/*6").result == Undetermined("NOMENCLATURE_UNKNOWN")
    assert stated(knowledge, "NAT2", "*5/*6", nomenclature="PharmVar").result == Diplotype(("*5", "*6"))
    for_phenotype = stated(knowledge, "NAT2", "*5/*6", phenotype="Poor Metabolizer")
    assert (for_phenotype.result, for_phenotype.evidence.stated_phenotype) == (Ambiguous(()), "Poor Metabolizer")


# --- HLA --------------------------------------------------------------------------------------------------------------


def test_hla_typing(knowledge: KnowledgeBase) -> None:
    call = stated(knowledge, "HLA-B", "*57:01:01/*07:02")
    assert call.result == Diplotype(("*07:02", "*57:01"))
    assert dict(call.evidence.presence)["*57:01"] == "positive"


def test_hla_stated_outright(knowledge: KnowledgeBase) -> None:
    call = stated(knowledge, "HLA-B", phenotype="*57:01 negative, *58:01 positive")
    assert dict(call.evidence.presence) == {
        "*15:02": "nocall",
        "*15:11": "nocall",
        "*57:01": "negative",
        "*58:01": "positive",
    }
    assert call.result == Ambiguous(())


def test_hla_statements_that_contradict_typing_are_a_nocall(knowledge: KnowledgeBase) -> None:
    call = stated(knowledge, "HLA-B", "*57:01/*07:02", phenotype="*57:01 negative")
    assert (dict(call.evidence.presence)["*57:01"], notices(call)) == ("nocall", {"STATEMENTS_DIFFER"})


def test_hla_text_that_is_no_allele(knowledge: KnowledgeBase) -> None:
    call = stated(knowledge, "HLA-B", "*57:01/positive")
    assert (call.result, notices(call)) == (Undetermined("UNKNOWN_ALLELE"), {"UNKNOWN_ALLELE"})
    assert dict(call.evidence.presence)["*57:01"] == "positive"


@pytest.mark.parametrize("text", ["A*31:01/B*07:02", "*31:01/*07:02", "HLA-A*31:01"])
def test_an_allele_of_the_other_hla_gene_is_refused(knowledge: KnowledgeBase, text: str) -> None:
    """There is no HLA-B*31: typed under HLA-B it is in the wrong row."""
    call = stated(knowledge, "HLA-B", text)
    assert (call.result, notices(call)) == (Undetermined("UNKNOWN_ALLELE"), {"WRONG_GENE"})
    assert set(dict(call.evidence.presence).values()) == {"nocall"}


# --- properties -------------------------------------------------------------------------------------------------------


@given(gene=st.sampled_from(["CYP2D6", "CYP2C19", "DPYD", "HLA-B", "NAT2", "G6PD"]), text=st.text(max_size=20))
def test_any_text_gives_a_call(knowledge: KnowledgeBase, gene: str, text: str) -> None:
    call = stated(knowledge, gene, text)
    assert call.gene == gene
    if isinstance(call.result, Diplotype) and gene in knowledge.definitions:
        assert all(translate_name(name, knowledge.definitions[gene]) == name for name in call.result.alleles)


@given(st.data())
def test_every_listed_name_is_known_in_either_order(knowledge: KnowledgeBase, data: st.DataObject) -> None:
    gene = data.draw(st.sampled_from(sorted(set(knowledge.definitions) - {"NAT2"})))
    names = st.sampled_from([allele.name for allele in knowledge.definitions[gene].alleles])
    first, second = data.draw(names), data.draw(names)
    assert stated(knowledge, gene, f"{first}/{second}").result == stated(knowledge, gene, f"{second}/{first}").result
    assert isinstance(stated(knowledge, gene, f"{first}/{second}").result, Diplotype)


def test_a_name_that_begins_with_a_digit_is_no_star_allele(knowledge: KnowledgeBase) -> None:
    """CFTR's table lists `711+3A->G`; a laboratory's `2/17` of another gene is `*2/*17`."""
    assert isinstance(stated(knowledge, "CFTR", "711+3A->G/711+3A->G").result, Diplotype)
    assert isinstance(stated(knowledge, "CYP2C19", "2/17").result, Diplotype)
