"""What stands at a drug as a whole: guidelines without a row for the result, other medicines, uncertain scores."""

from __future__ import annotations

from starling.definitions import GuidanceRules
from starling.guidance.phenotype import interpret
from starling.guidance.recommendation import Advisor
from starling.knowledge.base import KnowledgeBase
from starling.vocabulary import Ambiguous, Consistent, Diplotype, Evidence, GeneCall, VariantCopies, Why
from tests.guidance.conftest import Advised, Called, by_source, codes, rows_of


def test_no_fda_row_is_not_in_a_listed_subgroup(called: Called, advised: Advised) -> None:
    codeine = advised("codeine", called("CYP2D6", "*1/*1", copy_number="assessed"))
    (note,) = [each for each in codeine.notes if each.code == "NOT_IN_LISTED_SUBGROUP"]
    assert "CYP2D6 Normal Metabolizer (activity score 2.0) is not in a listed subgroup" in note.message
    assert "fda-assoc-codeine-cyp2d6" in note.message
    assert "safe" in note.message
    assert "not a statement of safety" in note.message


def test_a_listed_subgroup_needs_no_note(called: Called, advised: Advised) -> None:
    codeine = advised("codeine", called("CYP2D6", "*4/*4", copy_number="assessed"))
    assert by_source(codeine, "FDA")
    assert "NOT_IN_LISTED_SUBGROUP" not in {each.code for each in codeine.notes}


def test_an_untested_gene_is_missing_not_unlisted(advised: Advised) -> None:
    codeine = advised("codeine")
    assert (codeine.genes_missing, codeine.notes) == (("CYP2D6",), ())


def test_sources_that_were_not_asked_say_nothing(called: Called, advised: Advised) -> None:
    assert advised("codeine", called("CYP2D6", "*1/*1", copy_number="assessed"), sources=("CPIC",)).notes == ()


def test_nothing_is_dropped_in_silence(rules: GuidanceRules, advisor: Advisor, called: Called) -> None:
    """Every guideline of a drug whose genes are known gives a recommendation or a note."""
    results = [
        called("CYP2D6", "*1/*1", copy_number="assessed"),
        *(called(gene, "*1/*1") for gene in ("CYP2C19", "CYP2C9", "TPMT", "NUDT15", "CYP2B6", "CYP3A5", "UGT1A1")),
        called("DPYD", "Reference/Reference"),
    ]
    known = {each.gene for each in results}
    guidelines = [each for each in rules.guidelines if each.rows and set(each.genes) <= known]
    assert len(guidelines) > 50
    answers = {answer.drug: answer for answer in advisor.recommend(results)}
    for guideline in guidelines:
        for drug in {row.drug for row in guideline.rows}:
            said = {each.guideline for each in answers[drug].recommendations}
            noted = any(guideline.id in note.message for note in answers[drug].notes)
            #: the FDA's table and labels are one list: what one of them says of these genes is said
            heard = guideline.source == "FDA" and any(
                each.source == "FDA" and set(guideline.genes) <= set(each.genes)
                for each in answers[drug].recommendations
            )
            assert guideline.id in said or noted or heard, (guideline.id, drug)


def test_another_score_of_the_same_term_can_change_the_action(called: Called, advised: Advised) -> None:
    hidden = (Consistent(Diplotype(("*2", "*2")), Why.NOT_ASSAYED),)
    result = called("CYP2C9", "*1/*2", consistent=hidden)
    assert (result.phenotype_certain, result.activity_score_alternatives) == (True, ("1.0",))
    (celecoxib,) = by_source(advised("celecoxib", result), "CPIC")
    (note,) = [each for each in celecoxib.notes if each.code == "ALTERNATIVE_CHANGES_ACTION"]
    assert "CYP2C9 could have activity score 1.0" in note.message


def test_a_score_that_changes_no_action_is_not_mentioned_at_the_drug(called: Called, advised: Advised) -> None:
    result = called("CYP2C9", "*1/*2", consistent=(Consistent(Diplotype(("*1", "*2")), Why.PHASE),))
    (celecoxib,) = by_source(advised("celecoxib", result), "CPIC")
    assert codes(celecoxib) == set()


def test_an_untested_gene_asks_for_no_copy_number(called: Called, advised: Advised) -> None:
    untested = interpret(GeneCall("CYP2D6", Ambiguous(()), Evidence(copy_number="not_assessed")), None, None)
    (row,) = by_source(advised("amitriptyline", called("CYP2C19", "*1/*1"), untested), "CPIC")
    assert (row.action, dict(row.genes)["CYP2D6"]) == ("standard", "No Result")
    assert "COPY_NUMBER_UNCONFIRMED" not in codes(row)


def test_eliglustat_names_inhibitors_of_both_enzymes(called: Called, advised: Advised) -> None:
    normal = called("CYP2D6", "*1/*1", copy_number="assessed")
    answer = advised("eliglustat", normal, medication=("paroxetine", "ketoconazole"))
    for row in rows_of(answer):
        assert (row.phenotype_used, dict(row.genes)) == ("genetic", {"CYP2D6": "2.0"})
        assert {"INHIBITOR_NOT_APPLIED", "MEDICINE_AFFECTS_ENZYME"} <= codes(row)


def test_an_inhibitor_of_an_enzyme_that_a_guideline_names_is_a_warning(called: Called, advised: Advised) -> None:
    tacrolimus = advised("tacrolimus", called("CYP3A5", "*3/*3"), medication=("ketoconazole",))
    assert all("MEDICINE_AFFECTS_ENZYME" in codes(row) for row in by_source(tacrolimus, "CPIC"))
    untested = advised("tacrolimus", medication=("ketoconazole",))
    assert "MEDICINE_AFFECTS_ENZYME" in {each.code for each in untested.notes}
    assert advised("allopurinol", medication=("ketoconazole",)).notes == ()


def test_both_alleles_are_reduced_only_when_the_phase_is_known(knowledge: KnowledgeBase) -> None:
    """Two heterozygous variants of unknown phase may lie on one haplotype."""
    half, none = "c.2846A>T", "c.1905+1G>A (*2A)"

    def said(*variants: VariantCopies, deciding: tuple[str, str]) -> set[str]:
        evidence = Evidence(deciding=Diplotype(deciding), variants=variants)
        call = GeneCall("DPYD", Ambiguous(()), evidence)
        result = interpret(call, knowledge.definitions["DPYD"], knowledge.guidance.phenotypes["DPYD"])
        return {notice.code for notice in result.warnings}

    unphased = said(VariantCopies(none, 1), VariantCopies(half, 1), deciding=(half, none))
    assert "BOTH_ALLELES_POSSIBLE" in unphased
    assert "BOTH_ALLELES_REDUCED" not in unphased
    assert "BOTH_ALLELES_REDUCED" in said(VariantCopies(none, 1), VariantCopies(half, 2), deciding=(half, none))
