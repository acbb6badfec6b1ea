"""What a prescriber would notice, and in which order."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from starling.knowledge.base import KnowledgeBase
from starling.knowledge.compare import compare
from starling.knowledge.compile import compile_knowledge
from tests.knowledge.test_invariants import ABACAVIR, TPMT, Defect, damage

TPMT_POOR = "dpwg-thioguanine-and-tpmt|thioguanine||N/A|TPMT=Poor Metabolizer"
Compared = Callable[..., list[str]]


@pytest.fixture
def changes(small: Path, small_compiled: Path, tmp_path: Path) -> Compared:
    """The changes, as printed, that some edits of the small knowledge base make."""

    def compared(*edits: tuple[str, str, dict[str, object] | None]) -> list[str]:
        for edit in edits:
            damage(small, Defect(*edit, message=""))
        compile_knowledge(small, tmp_path / "new.kb")
        with KnowledgeBase.open(small_compiled) as old, KnowledgeBase.open(tmp_path / "new.kb") as new:
            return list(map(str, compare(old, new)))

    return compared


def test_nothing_changed(changes: Compared) -> None:
    assert changes() == []


def test_an_action_that_changed(changes: Compared) -> None:
    assert changes(("advice", "A0001", {"action": "contraindicated"})) == [
        "abacavir: action changed (cpic-abacavir-and-hla-b, no restriction; HLA-B *57:01 positive): "
        "avoid -> contraindicated"
    ]


def test_a_dose_that_changed(changes: Compared) -> None:
    found = changes(("advice", "A0475", {"dose": {"basis": "starting", "value": 5, "unit": "mg/day"}}))
    assert "thioguanine: dose changed (dpwg-thioguanine-and-tpmt; TPMT Poor Metabolizer): " in found[0]
    assert found[0].endswith("-> starting 5 mg/day")


def test_other_parts_of_an_advice(changes: Compared) -> None:
    found = changes(
        ("advice", "A0001", {"alternatives": ["tenofovir"], "monitor": ["skin"], "detail": "New."}),
        ("advice", "A0002", {"conditions": [{"when": "fever", "action": "reduce_dose"}]}),
        ("recommendations", ABACAVIR, {"strength": "Moderate"}),
    )
    assert [line.split(" (")[0] for line in found] == [
        "abacavir: alternatives changed",
        "abacavir: conditions changed",
        "abacavir: monitoring changed",
        "abacavir: strength changed",
        "abacavir: wording changed",
    ]


def test_recommendations_that_come_and_go(changes: Compared) -> None:
    found = changes(
        ("recommendations", "dpwg-siponimod-and-cyp2c9|siponimod||N/A|CYP2C9:*1/*2", {"when": "CYP2C9:*1/*5"}),
        ("upstream", "dpwg-siponimod-and-cyp2c9|siponimod||CYP2C9:*1/*2", {"when": "CYP2C9:*1/*5"}),
    )
    assert [line.partition(": ")[2].partition(" (")[0] for line in found] == [
        "recommendation added",
        "recommendation removed",
    ]
    assert "CYP2C9:*1/*5" in found[0] and "CYP2C9:*1/*2" in found[1]


def test_one_change_for_several_results_is_one_line(changes: Compared) -> None:
    found = changes(("advice", "A0116", {"action": "contraindicated"}))
    assert [line for line in found if line.startswith("celecoxib: action changed")] == [
        "celecoxib: action changed (cpic-celecoxib-flurbiprofen-ibuprofen-lornoxicam-and-cyp2c9, no restriction; "
        "CYP2C9 0.0, CYP2C9 0.5): reduce dose -> contraindicated"
    ]


@pytest.mark.parametrize(
    ("edit", "line"),
    [
        (
            ("alleles", "TPMT|*2|", {"function": "Uncertain function"}),
            "TPMT: function changed: *2: No function -> Uncertain function",
        ),
        (
            ("alleles", "CYP2C9|*2|", {"activity_value": "0.0"}),
            "CYP2C9: activity value changed: *2: 0.5 -> 0.0",
        ),
        (("alleles", "CYP2C9|*2|", {"activity_value": "n/a"}), "CYP2C9: activity value changed: *2: 0.5 -> unknown"),
        (
            ("phenotype_rules", "TPMT|functions|No function|Unknown function", {"phenotype": "Indeterminate"}),
            "TPMT: phenotype rule changed: No function + Unknown function: "
            "Possible Intermediate Metabolizer -> Indeterminate",
        ),
        (
            ("dpwg_terms", "TPMT|Possible", {"dpwg_term": "Normal Metabolizer"}),
            "TPMT: phenotype rule changed: DPWG reads Possible Intermediate Metabolizer: "
            "Intermediate Metabolizer -> Normal Metabolizer",
        ),
        (
            ("gene_exceptions", "TPMT|tier1_allele|*2", None),
            "TPMT: tier-1 alleles or positions changed: certainty is judged differently",
        ),
        (
            ("genes", "TPMT", {"undocumented_as_reference": "", "sources": ""}),
            "TPMT: undocumented bases read as reference changed: yes -> none",
        ),
        (
            ("genes", "NUDT15", {"inhibited_as": "DPYD", "sources": "undocumented_as_reference: x; inhibited_as: y"}),
            "NUDT15: phenotype rule changed: inhibited as: no rule -> DPYD",
        ),
        (
            ("guidelines", "cpic-abacavir", {"text_as_of": "2024"}),
            "cpic-abacavir-and-hla-b: publication changed: 2014 -> 2024",
        ),
        (("drug_names", "abacavir|Ziagen", None), "abacavir: names removed: Ziagen"),
        (
            ("inhibitors", "CYP2C9|amiodarone", {"class": "weak"}),
            "amiodarone: effect on CYP2C9 changed (FDA, Drug Development and Drug Interactions: table of substrates, "
            "inhibitors and inducers): moderate, any -> weak, any",
        ),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_facts_that_changed(changes: Compared, edit: tuple[str, str, dict[str, object] | None], line: str) -> None:
    assert changes(edit) == [line]


def test_an_allele_that_came(changes: Compared) -> None:
    found = changes(
        ("alleles", "TPMT|*2|", {"+allele": "*200", "function": ""}),
        ("allele_definitions", "TPMT|*2|", {"+allele": "*200", "pos_grch38": "18130687", "ref": "T", "bases": "C"}),
        ("allele_definitions", "TPMT|*200|", {"+pos_grch38": "18143724", "ref": "C", "bases": "G"}),
        ("genes", "TPMT", {"n_alleles": str(int(TPMT["n_alleles"]) + 1)}),
    )
    assert found == ["TPMT: allele added: *200 (no function assigned)"]


def test_a_definition_that_changed(changes: Compared) -> None:
    found = changes(("allele_definitions", "TPMT|*2|", {"+pos_grch38": "18130687", "ref": "T", "bases": "C"}))
    assert found == ["TPMT: definition changed: *2 at 18130687"]


def test_the_gravest_stands_first(changes: Compared) -> None:
    found = changes(
        ("drug_names", "abacavir|Ziagen", None),
        ("alleles", "TPMT|*2|", {"function": "Uncertain function"}),
        ("advice", "A0475", {"dose": {"basis": "starting", "factor": 0.05}}),
        ("advice", "A0002", {"action": "contraindicated"}),
    )
    assert [line.split(" changed")[0].split(" removed")[0] for line in found] == [
        "abacavir: action",
        "thioguanine: dose",
        "TPMT: function",
        "abacavir: names",
    ]


def test_two_editions_with_other_contents(small: Path, tmp_path: Path, compiled: Path) -> None:
    """From seven genes to twenty-one: genes, drugs and guidelines come, and the other way round they go."""
    compile_knowledge(small, tmp_path / "small.kb")
    with KnowledgeBase.open(tmp_path / "small.kb") as few, KnowledgeBase.open(compiled) as many:
        gained, lost = (list(map(str, compare(*pair))) for pair in ((few, many), (many, few)))
    assert {"CYP2D6: gene added", "codeine: drug added", "cpic-codeine-and-cyp2d6: guideline added"} <= set(gained)
    assert {"CYP2D6: gene removed", "codeine: drug removed"} <= set(lost)
    assert len(gained) == len(lost)
