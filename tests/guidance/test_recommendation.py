"""Look-up by hand-made patients: one case for each rule, with its source, and the traps."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from starling.assessment import GeneResult
from starling.definitions import ACTIONS, GeneDefinition, GuidanceRules, seriousness
from starling.guidance.disagreement import disagreement
from starling.guidance.phenotype import interpret
from starling.guidance.recommendation import Advisor, recommend
from starling.knowledge.base import KnowledgeBase
from starling.values import replace
from starling.vocabulary import Consistent, Diplotype, GeneCall, Undetermined, Why
from tests.facts import DRUGS
from tests.guidance.conftest import Advised, Called, by_source, codes, fda_table


def hla(gene: str, **presence: str) -> GeneResult:
    known = {"HLA-B": ("*15:02", "*15:11", "*57:01", "*58:01"), "HLA-A": ("*31:01",)}[gene]
    stated = {f"*{key[1:3]}:{key[3:]}": state for key, state in presence.items()}
    return GeneResult(
        gene,
        "called",
        None,
        (),
        "",
        None,
        False,
        presence={each: stated.get(each, "nocall") for each in known},  # type: ignore[misc]
    )


def test_every_drug_is_answered_in_drug_order(advisor: Advisor, rules: GuidanceRules) -> None:
    answers = advisor.recommend([])
    assert [each.drug for each in answers] == [each.name for each in rules.drugs]
    assert len(answers) == len(DRUGS)
    assert all(each.genes_missing for each in answers)
    told = {each.drug: each.headline_action for each in answers if each.status != "no_result"}
    told.pop("warfarin")  # its flow answers without genes
    binding = {test.drug for test in rules.required_tests if test.wording != "considered"}
    assert told == dict.fromkeys(binding, "test_further"), "what an authority wants tested first is never no result"


def test_the_function_and_the_advisor_agree(advisor: Advisor, rules: GuidanceRules, called: Called) -> None:
    results = [called("CYP2C19", "*2/*2")]
    assert recommend(results, rules) == advisor.recommend(results)
    assert advisor.recommend(results) == advisor.recommend(results)


# --- containment, diplotype before term, sources side by side ---------------------------------------------------------


def test_clopidogrel_poor_metaboliser_in_every_population(called: Called, advised: Advised) -> None:
    """Source: CPIC 2022, PMID 35034351, tables 2 and 3."""
    answer = advised("clopidogrel", called("CYP2C19", "*2/*2"))
    cpic = {each.population: each.action for each in by_source(answer, "CPIC")}
    assert cpic == {
        "acute coronary syndrome or percutaneous coronary intervention": "avoid",
        "other cardiovascular indications": "avoid",
        "neurovascular indications (stroke, TIA, neurointervention)": "avoid",
    }
    assert [each.action for each in by_source(answer, "DPWG")] == ["avoid"]
    assert answer.headline_action == "avoid"


def test_sources_disagree_on_an_alternative_unless_one_names_it_for_others(called: Called, advised: Advised) -> None:
    """CPIC: no prasugrel after a stroke or TIA, but after PCI; DPWG names it."""
    rows = advised("clopidogrel", called("CYP2C19", "*2/*2")).recommendations
    assert "prasugrel" not in str(disagreement(rows))
    found = disagreement([row for row in rows if not row.population.startswith(("acute", "other"))])
    assert found is not None
    assert "whether prasugrel is an alternative" in found.what
    assert "DPWG: prasugrel is an alternative" in found.by
    assert "CPIC: prasugrel is not an alternative" in found.by


def test_different_actions_are_a_disagreement(called: Called, advised: Advised) -> None:
    """CPIC avoids nortriptyline, DPWG lowers its dose. Source: PMID 27997040; DPWG tricyclics."""
    found = advised("nortriptyline", called("CYP2D6", "*4/*4", copy_number="assessed")).disagreement
    assert found is not None
    assert "the action" in found.what
    assert len([each for each in found.by if "alternative" not in each]) >= 2


@pytest.mark.parametrize("diplotype", ["*28/*28", "*28/*80+*28", "*80+*28/*80+*28"])
def test_atazanavir_diplotype_row_beats_the_term_row(called: Called, advised: Advised, diplotype: str) -> None:
    """The row for poor metabolisers means the other poor metabolisers there and says no change."""
    (dpwg,) = by_source(advised("atazanavir", called("UGT1A1", diplotype)), "DPWG")
    assert (dpwg.action, dpwg.advice.id) == ("avoid", "N0012")


def test_atazanavir_other_poor_metabolisers(called: Called, advised: Advised) -> None:
    (dpwg,) = by_source(advised("atazanavir", called("UGT1A1", "*6/*6")), "DPWG")
    assert (dpwg.advice.id, dict(dpwg.genes)) == ("N0008", {"UGT1A1": "Poor Metabolizer"})


def test_several_diplotypes_show_both_rows(called: Called, advised: Advised) -> None:
    found = by_source(advised("atazanavir", called("UGT1A1", "*6/*28", "*28/*28")), "DPWG")
    assert {each.advice.id for each in found} == {"N0008", "N0012"}
    assert all("AMBIGUOUS_DIPLOTYPE" in codes(each) for each in found)


def test_several_diplotypes_with_the_same_row_need_no_notice(called: Called, advised: Advised) -> None:
    found = by_source(advised("atazanavir", called("UGT1A1", "*28/*28", "*80+*28/*80+*28")), "DPWG")
    assert [(each.advice.id, codes(each)) for each in found] == [("N0012", set())]


def test_siponimod_fda_diplotype_row(called: Called, advised: Advised) -> None:
    """Source: FDA label, CYP2C9*3/*3 contraindicated; the row for score 0 is for the other poor metabolisers."""
    assert fda_table(advised("siponimod", called("CYP2C9", "*3/*3"))) == ["F0067"]
    assert fda_table(advised("siponimod", called("CYP2C9", "*3/*6"))) == ["F0068"]


def test_fda_lists_affected_subgroups_only(called: Called, advised: Advised) -> None:
    answer = advised("abrocitinib", called("CYP2C19", "*1/*1"))
    assert (answer.status, answer.headline_action, answer.recommendations) == ("no_row", None, ())


def test_sources_can_be_chosen(called: Called, advised: Advised) -> None:
    answer = advised("clopidogrel", called("CYP2C19", "*2/*2"), sources=("dpwg",))
    assert {each.source for each in answer.recommendations} == {"DPWG"}


# --- scores, DPWG terms -----------------------------------------------------------------------------------------------


def test_dpwg_reads_rapid_as_normal_and_says_so(called: Called, advised: Advised) -> None:
    """Sertraline is the one drug whose DPWG rows do not name rapid metabolisers."""
    (dpwg,) = by_source(advised("sertraline", called("CYP2C19", "*1/*17")), "DPWG")
    assert dict(dpwg.genes) == {"CYP2C19": "Normal Metabolizer"}
    assert "MAPPED_TERM" in codes(dpwg)


def test_dpwg_own_term_needs_no_mapping(called: Called, advised: Advised) -> None:
    (dpwg,) = by_source(advised("mavacamten", called("CYP2C19", "*1/*17")), "DPWG")
    assert (dict(dpwg.genes), codes(dpwg)) == ({"CYP2C19": "Rapid Metabolizer"}, set())


@pytest.mark.parametrize(
    ("drug", "action"),
    [
        ("flecainide", "monitor"),
        ("codeine", "contraindicated"),
        ("amitriptyline", "increase_dose"),
        ("eliglustat", "contraindicated"),
    ],
)
def test_dpwg_rows_for_2_5_are_those_of_ultrarapid_metabolisers(
    called: Called, advised: Advised, drug: str, action: str
) -> None:
    """Source: CYP2D6 2.5 is ultrarapid since the consensus of 2019, PMID 31647186; DPWG rows of July 2026."""
    result = called("CYP2D6", "*1x2/*41x2", copy_number="assessed")
    assert result.activity_score == "2.5"
    (dpwg,) = by_source(advised(drug, result), "DPWG")
    (higher,) = by_source(advised(drug, called("CYP2D6", "*1x2/*1", copy_number="assessed")), "DPWG")
    assert (dpwg.advice, dict(dpwg.genes), codes(dpwg)) == (higher.advice, {"CYP2D6": "2.5"}, set())
    assert dpwg.action == action


def test_dpwg_has_a_row_for_1_75(called: Called, advised: Advised) -> None:
    result = called("CYP2D6", "*1/*41x3", copy_number="assessed")
    assert result.activity_score == "1.75"
    (dpwg,) = by_source(advised("codeine", result), "DPWG")
    assert (dpwg.advice.id, dict(dpwg.genes)) == ("A0172", {"CYP2D6": "1.75"})


def test_dpwg_rows_for_a_term_are_for_results_without_a_score(called: Called, advised: Advised) -> None:
    """Source: DPWG phenytoin, July 2026: rows for CYP2C9 scores, terms and diplotypes."""
    by_score = called("CYP2C9", "*1/*8")
    assert by_score.activity_score == "1.5"
    (scored,) = by_source(advised("phenytoin", by_score, sources=("DPWG",)), "DPWG")
    stated = replace(by_score, activity_score=None, diplotypes=(), label="")
    (termed,) = by_source(advised("phenytoin", stated, sources=("DPWG",)), "DPWG")
    assert (dict(scored.genes), dict(termed.genes)) == ({"CYP2C9": "1.5"}, {"CYP2C9": "Intermediate Metabolizer"})
    assert scored.advice == termed.advice


def test_an_unlisted_score_takes_the_nearest_row_of_its_term(called: Called, advised: Advised) -> None:
    result = called("CYP2D6", "*1x2/*41x6", copy_number="assessed")
    assert result.activity_score == "3.5"
    (cpic,) = by_source(advised("codeine", result), "CPIC")
    assert (dict(cpic.genes), cpic.action) == ({"CYP2D6": ">=3.5"}, "avoid")
    assert "MAPPED_TERM" in codes(cpic)


def test_a_listed_score_is_its_own_key(called: Called, advised: Advised) -> None:
    (cpic,) = by_source(advised("tamoxifen", called("CYP2D6", "*1/*4", copy_number="assessed")), "CPIC")
    assert (dict(cpic.genes), cpic.strength, codes(cpic)) == ({"CYP2D6": "1.0"}, "Optional", set())


def test_a_term_without_a_score_shows_every_row_of_the_term(knowledge: KnowledgeBase, advised: Advised) -> None:
    """Tamoxifen: Moderate for scores 0.25 to 0.75, Optional for 1.0."""
    result = GeneResult("CYP2D6", "called", None, (), "IM", "Intermediate Metabolizer", True, copy_number="assessed")
    rows = by_source(advised("tamoxifen", result), "CPIC")
    assert {each.strength for each in rows} == {"Moderate", "Optional"}
    assert all("MAPPED_TERM" in codes(each) for each in rows)


def test_an_unknown_score_is_looked_up_as_not_available(called: Called, advised: Advised) -> None:
    (cpic,) = by_source(advised("tamoxifen", called("CYP2D6", "*1/*22", copy_number="assessed")), "CPIC")
    assert (cpic.action, dict(cpic.genes)) == ("no_recommendation", {"CYP2D6": "n/a"})


# --- DPYD -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("diplotype", "key"),
    [
        ("c.1905+1G>A (*2A)/c.1905+1G>A (*2A)", "0.0 (Poor Metabolizer)"),
        ("c.1905+1G>A (*2A)/c.2846A>T", "0.5 (Phenotyping)"),
        ("c.2846A>T/c.2846A>T", "1.0 (Phenotyping)"),
        ("Reference/c.1905+1G>A (*2A)", "1.0 (Intermediate Metabolizer)"),
        ("Reference/c.2846A>T", "1.5 (Intermediate Metabolizer)"),
        ("Reference/Reference", "2.0 (Normal Metabolizer)"),
    ],
)
def test_dpyd_phenotyping_row_for_two_reduced_alleles(
    called: Called, advised: Advised, diplotype: str, key: str
) -> None:
    """Source: DPWG, PMID 31745289: residual activity cannot be predicted from two reduced alleles."""
    (dpwg,) = by_source(advised("capecitabine", called("DPYD", diplotype)), "DPWG")
    assert dict(dpwg.genes) == {"DPYD": key}


def test_a_dpyd_score_without_alleles_shows_both_rows(advised: Advised) -> None:
    result = GeneResult("DPYD", "called", None, (), "", "Intermediate Metabolizer", True, activity_score="1.0")
    keys = {each.genes["DPYD"] for each in by_source(advised("capecitabine", result), "DPWG")}
    assert keys == {"1.0 (Intermediate Metabolizer)", "1.0 (Phenotyping)"}


# --- missing genes ----------------------------------------------------------------------------------------------------


def test_one_gene_of_two_missing_takes_the_no_result_row(called: Called, advised: Advised) -> None:
    """Source: CPIC thiopurines, PMID 30447069; NUDT15 alone is not enough."""
    answer = advised("azathioprine", called("NUDT15", "*1/*1"))
    (cpic,) = by_source(answer, "CPIC")
    assert dict(cpic.genes) == {"NUDT15": "Normal Metabolizer", "TPMT": "No Result"}
    assert (cpic.advice.genes_missing, answer.genes_missing, answer.status) == (("TPMT",), ("TPMT",), "advice")


def test_both_genes_missing_is_no_result(advised: Advised) -> None:
    answer = advised("azathioprine")
    assert (answer.status, answer.genes_missing, answer.recommendations) == ("no_result", ("NUDT15", "TPMT"), ())


def test_indeterminate_without_a_row_is_read_as_not_tested(called: Called, advised: Advised) -> None:
    """CPIC names no indeterminate ABCG2 result; the row for SLCO1B1 alone applies."""
    abcg2 = GeneResult("ABCG2", "called", None, (), "", "Indeterminate", True)
    (cpic,) = by_source(advised("rosuvastatin", abcg2, called("SLCO1B1", "*1/*1")), "CPIC")
    assert (dict(cpic.genes), codes(cpic)) == (
        {"ABCG2": "No Result", "SLCO1B1": "Normal Function"},
        {"MAPPED_TERM"},
    )


def test_an_undetermined_gene_is_missing(knowledge: KnowledgeBase, advised: Advised) -> None:
    call = GeneCall("CYP2C19", Undetermined("NOT_COVERED"))
    result = interpret(call, knowledge.definitions["CYP2C19"], knowledge.guidance.phenotypes["CYP2C19"])
    assert advised("clopidogrel", result).genes_missing == ("CYP2C19",)


def test_a_research_only_call_gives_no_recommendation(called: Called, advised: Advised) -> None:
    answer = advised("clopidogrel", called("CYP2C19", "*2/[*3 + *17]", research_only=True))
    assert (answer.status, answer.recommendations) == ("no_result", ())


def test_a_gene_that_nobody_covers_is_named(called: Called, advised: Advised) -> None:
    """The belzutifan label speaks of UGT2B17 too."""
    fda, _label = advised("belzutifan", called("CYP2C19", "*2/*2")).recommendations
    assert codes(fda) == {"GENE_NOT_COVERED"}
    assert "UGT2B17" in fda.notes[0].message


# --- HLA --------------------------------------------------------------------------------------------------------------


def test_abacavir_carrier(advised: Advised) -> None:
    answer = advised("abacavir", hla("HLA-B", _5701="positive"))
    table, label = by_source(answer, "FDA")
    assert [(each.source, each.action) for each in answer.recommendations] == [
        ("CPIC", "avoid"),
        ("DPWG", "contraindicated"),
        ("FDA", table.action),
        ("FDA", label.action),
    ]
    assert answer.headline_action == "contraindicated"


def test_presence_keys_combine(advised: Advised) -> None:
    result = hla("HLA-B", _5701="positive", _1502="negative")
    assert advised("abacavir", result).headline_action == "contraindicated"
    cpic = by_source(advised("oxcarbazepine", result), "CPIC")
    assert {each.genes["HLA-B"] for each in cpic} == {"*15:02 negative"}


def test_carbamazepine_with_one_hla_gene_untested(advised: Advised) -> None:
    answer = advised("carbamazepine", hla("HLA-B", _1502="positive", _1511="positive"))
    assert {tuple(each.genes.values()) for each in by_source(answer, "CPIC")} == {("No Result", "*15:02 positive")}
    assert {each.genes["HLA-B"] for each in by_source(answer, "DPWG")} == {"*15:02 positive", "*15:11 positive"}
    assert answer.genes_missing == (), "HLA-A cannot lift what HLA-B rules out"


def test_a_nocall_for_the_asked_allele_is_missing(advised: Advised) -> None:
    answer = advised("abacavir", hla("HLA-B", _1502="negative"))
    assert (answer.status, answer.genes_missing, answer.test_first) == ("advice", ("HLA-B",), ("HLA-B",))


# --- copy number, alternatives, ambiguity -----------------------------------------------------------------------------


def test_codeine_from_a_vcf_asks_for_the_copy_number(called: Called, advised: Advised) -> None:
    """CPIC codeine: avoid for poor and ultrarapid metabolisers (PMID 33387367); copies were not counted."""
    (cpic,) = by_source(advised("codeine", called("CYP2D6", "*1/*1", copy_number="not_assessed")), "CPIC")
    assert (cpic.action, cpic.advice.action) == ("test_further", "test_further")
    assert {"COPY_NUMBER_UNCONFIRMED", "ALTERNATIVE_CHANGES_ACTION"} <= codes(cpic)
    (known,) = by_source(advised("codeine", called("CYP2D6", "*1/*1", copy_number="assessed")), "CPIC")
    assert (known.action, codes(known)) == ("standard", set())
    assert known.advice.summary in cpic.advice.detail


def test_a_drug_never_ruled_out_keeps_the_usual_advice(called: Called, advised: Advised) -> None:
    """Atomoxetine: no row is avoid or contraindicated."""
    for each in by_source(advised("atomoxetine", called("CYP2D6", "*1/*1", copy_number="not_assessed")), "CPIC"):
        assert "COPY_NUMBER_UNCONFIRMED" not in codes(each)


def test_two_no_function_alleles_need_no_copy_number(called: Called, advised: Advised) -> None:
    (cpic,) = by_source(advised("codeine", called("CYP2D6", "*4/*4", copy_number="not_assessed")), "CPIC")
    assert (cpic.action, codes(cpic)) == ("avoid", set())


def test_an_alternative_that_changes_the_action_is_named(called: Called, advised: Advised) -> None:
    result = called("CYP2C19", "*1/*1", consistent=(Consistent(Diplotype(("*1", "*2")), Why.NOT_ASSAYED),))
    for each in by_source(advised("clopidogrel", result), "CPIC"):
        notice = next(note for note in each.notes if note.code == "ALTERNATIVE_CHANGES_ACTION")
        assert "CYP2C19 could be Intermediate Metabolizer (a deciding position was not called)" in notice.message
        assert (
            "avoid" in notice.message or "consider another medicine" in notice.message or "no advice" in notice.message
        )
        break


def test_ambiguous_terms_with_the_same_advice_are_one_row(called: Called, advised: Advised) -> None:
    """Poor and likely poor metabolisers: CPIC says the same for sertraline."""
    answer = advised("voriconazole", called("CYP2C19", "*1/*17", "*17/*17"))
    for each in by_source(answer, "CPIC"):
        assert "SAME_ADVICE" in codes(each) or each.advice.id.startswith("UNRESOLVED")


def test_ambiguous_terms_with_different_advice_ask_to_find_out(called: Called, advised: Advised) -> None:
    answer = advised("clopidogrel", called("CYP2C19", "*1/*1", "*2/*2"))
    (acs, *_) = by_source(answer, "CPIC")
    assert (acs.action, acs.advice.id) == ("test_further", "UNRESOLVED-cpic-clopidogrel-and-cyp2c19")
    assert [(each.when.partition(":")[0], each.action) for each in acs.advice.conditions] == [
        ("CYP2C19 is Normal Metabolizer", "standard"),
        ("CYP2C19 is Poor Metabolizer", "avoid"),
    ]
    assert "UNRESOLVED_PHENOTYPE" in codes(acs)
    assert answer.genes_missing == ()


def test_a_serious_alternative_is_shown_where_no_row_applies(called: Called, advised: Advised) -> None:
    """FDA: thioridazine is contraindicated for poor metabolisers only."""
    fits = (Consistent(Diplotype(("*4", "*6")), Why.PHASE),)
    result = called("CYP2D6", "*1/*4", copy_number="assessed", consistent=fits)
    table, label = advised("thioridazine", result).recommendations
    assert (table.action, table.advice.conditions[0].action) == ("test_further", "contraindicated")
    assert label.action == "contraindicated"  # ClinPGx files scores below 1.25 under the sentence of the label
    (label,) = advised("thioridazine", called("CYP2D6", "*1/*4", copy_number="assessed")).recommendations
    assert label.guideline == "fda-label-thioridazine-cyp2d6"


def test_headline_is_the_most_serious_action(called: Called, advised: Advised) -> None:
    answer = advised("clopidogrel", called("CYP2C19", "*1/*2"))
    actions = [each.action for each in answer.recommendations]
    assert answer.headline_action == min(actions, key=seriousness)
    assert ACTIONS[0] == "contraindicated"


# --- properties -------------------------------------------------------------------------------------------------------


@given(st.data())
def test_answers_are_whole_and_independent_of_gene_order(
    advisor: Advisor, called: Called, definitions: Mapping[str, GeneDefinition], data: st.DataObject
) -> None:
    results = []
    for gene in data.draw(st.sets(st.sampled_from(sorted(definitions)), max_size=8)):
        names = st.sampled_from([each.name for each in islice(definitions[gene].alleles, 40)])
        count = 1 if gene == "MT-RNR1" else 2
        diplotype = "/".join(data.draw(names) for _ in range(count))
        results.append(called(gene, diplotype, copy_number="not_assessed" if gene == "CYP2D6" else "not_applicable"))
    answers = advisor.recommend(results)
    assert answers == advisor.recommend(data.draw(st.permutations(results)))
    for answer in answers:
        assert (answer.status == "advice") == bool(answer.recommendations or answer.test_first)
        assert (answer.headline_action is None) == (answer.status != "advice")
        assert not (answer.status == "no_result" and not answer.genes_missing)


def test_every_listed_result_reaches_a_row(advisor: Advisor, rules: GuidanceRules) -> None:
    """Every single-gene term row of CPIC and DPWG is reached by a patient with exactly that term or score."""
    checked = 0
    for guideline in rules.guidelines:
        for row in guideline.rows:
            (key, *others) = row.when
            phenotypes = rules.phenotypes.get(key.gene)
            if others or key.is_diplotype or phenotypes is None or guideline.source == "FDA":
                continue
            if phenotypes.uses_score and key.key in phenotypes.by_score and key.key != "n/a":
                result = GeneResult(
                    key.gene, "called", None, (), "", phenotypes.by_score[key.key], True, activity_score=key.key
                )
            elif key.key in phenotypes.by_functions.values():
                result = GeneResult(key.gene, "called", None, (), "", key.key, True)
            else:
                continue
            answer = next(each for each in advisor.recommend([result]) if each.drug == row.drug)
            mine = [each for each in answer.recommendations if each.guideline == guideline.id]
            assert len({each.population for each in mine}) == len(mine) >= 1
            if (guideline.source, key.gene) != ("DPWG", "CYP2D6"):
                assert row.advice.id in {each.advice.id for each in mine}
            checked += 1
    assert checked > 900


def test_what_rules_the_drug_out_whichever_it_is_leads(advised: Advised, called: Called) -> None:
    """*2/*17 or *2/*4: intermediate or poor, and no clopidogrel after a stent for either."""
    either = called("CYP2C19", "*2/*4", "*2/*17")
    assert either.phenotype is None
    stent = advised("clopidogrel", either, subject={"indication": "PCI"})
    assert stent.headline_action == "avoid"
    (cpic,) = by_source(stent, "CPIC")
    assert (cpic.action, [each.action for each in cpic.advice.conditions]) == ("avoid", ["avoid", "avoid"])
    one_of_them = advised("clopidogrel", called("CYP2C19", "*1/*17", "*2/*17"), subject={"indication": "PCI"})
    assert by_source(one_of_them, "CPIC")[0].action == "test_further"
