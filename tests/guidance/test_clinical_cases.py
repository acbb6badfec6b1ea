"""Cases by hand, from results as laboratories state them to one source's advice, one line each in cases/*.tsv.

Columns: results (`GENE=diplotype`, `-`: none); drug; source; the terms that must follow; the action; the dose in words;
what the advice says among other things; because.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

from starling.assessment import GeneResult
from starling.calling.outside import outside_call
from starling.guidance.phenotype import interpret
from starling.knowledge.base import KnowledgeBase
from starling.report.wording import doses_text
from starling.vocabulary import OutsideCall
from tests.calling.support import called as call
from tests.guidance.conftest import Advised, by_source

CASES = Path(__file__).parents[1] / "cases" / "clinical" / "july_2026.tsv"


def rows() -> Iterator[object]:
    with CASES.open(encoding="utf-8", newline="") as handle:
        for row in csv.DictReader(handle, delimiter="\t", quoting=csv.QUOTE_NONE):
            yield pytest.param(row, id=f"{row['drug']}, {row['results']}")


def result_of(knowledge: KnowledgeBase, gene: str, diplotype: str) -> GeneResult:
    definition, rules = knowledge.definitions[gene], knowledge.guidance.phenotypes[gene]
    return interpret(outside_call(OutsideCall(gene, diplotype), definition, rules), definition, rules)


@pytest.mark.parametrize("row", list(rows()))
def test_case(row: dict[str, str], knowledge: KnowledgeBase, advised: Advised) -> None:
    stated = [part.split("=") for part in row["results"].split() if part != "-"]
    results = [result_of(knowledge, gene, diplotype) for gene, diplotype in stated]
    terms = {f"{each.gene} {each.phenotype}" for each in results}
    assert set(filter(None, row["terms"].split("; "))) <= terms, row["because"]
    advice = by_source(advised(row["drug"], *results), row["source"])[0]  # of several populations the first
    said = f"{advice.advice.summary} {advice.advice.detail}"
    assert (advice.action, doses_text(advice.advice.dose)) == (row["action"], row["dose"]), row["because"]
    assert row["says"] in said, row["because"]


@pytest.mark.parametrize(
    ("gene", "changes", "term", "others"),
    [
        (
            "NUDT15",
            {48045719: "C/T", 48037782: "AGGAGTC/AGGAGTCGGAGTC"},
            "Intermediate Metabolizer",
            {"Poor Metabolizer"},
        ),
        (
            "TPMT",
            {18130762: "C/T", 18138970: "G/A"},
            "Intermediate Metabolizer",
            {"Possible Intermediate Metabolizer"},
        ),
    ],
)
def test_what_phase_leaves_open_is_not_certain(
    gene: str, changes: dict[int, str], term: str, others: set[str], knowledge: KnowledgeBase
) -> None:
    """Source: CPIC definitions of July 2026: NUDT15 *1/*3 or *3/*6; TPMT *1/*46 or *8/*33."""
    result = interpret(call(gene, changes), knowledge.definitions[gene], knowledge.guidance.phenotypes[gene])
    assert (result.phenotype, result.phenotype_certain) == (term, False)
    assert {each.phenotype for each in result.phenotype_alternatives} == others


def test_a_named_ryr1_variant_without_a_function_is_uncertain(knowledge: KnowledgeBase) -> None:
    """c.7123G>C stands where c.7123G>A (malignant hyperthermia) does; its function could not be read: never normal."""
    gene = "RYR1"
    result = interpret(call(gene, {38499730: "G/C"}), knowledge.definitions[gene], knowledge.guidance.phenotypes[gene])
    assert result.diplotypes == (("Reference", "c.7123G>C"),)
    assert result.phenotype == "Uncertain Susceptibility"
