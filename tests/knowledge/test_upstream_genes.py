"""What the sources say of genes beside the base: functions, activity values, rules, and definitions by position."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from starling.knowledge.base import KnowledgeBase
from starling.knowledge.upstream import CHANGED, GONE, NEW, SAME, Finding, compare_with
from tests.commands import run
from tests.knowledge.sources import definitions, file_of, function_table, named_alleles, phenotypes, write_table

# --- genes ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", [dict, named_alleles], ids=["haplotypes", "named alleles"])
@pytest.mark.parametrize("gene", ["CYP2C9", "CYP2D6", "TPMT", "SLCO1B1", "G6PD", "NAT2"])
def test_a_gene_of_which_the_source_says_the_same(base: KnowledgeBase, tmp_path: Path, gene: str, form: Any) -> None:
    """By score and by functions, one allele and two, ≥ in names and values, and alleles without a function."""
    data = form(phenotypes(base, gene))
    found = compare_with(base, file_of(tmp_path, data))
    assert [each for each in found if each.status != SAME] == []
    assert len(found) == len(base.definitions[gene].alleles) + len(data["diplotypes"])


@pytest.mark.parametrize("form", [dict, named_alleles], ids=["haplotypes", "named alleles"])
def test_what_a_source_says_otherwise_of_a_gene(base: KnowledgeBase, tmp_path: Path, form: Any) -> None:
    data = phenotypes(base, "CYP2C9")
    data["haplotypes"]["*2"] = "Sung function"
    data["activityValues"]["*3"] = "0.25"
    data["haplotypes"]["*999"] = "No function"
    del data["haplotypes"]["*8"]
    data["diplotypes"][0] |= {"activityScore": "2.0", "phenotype": "Singer"}
    found = [each for each in compare_with(base, file_of(tmp_path, form(data))) if each.status != SAME]
    assert found == [
        Finding(CHANGED, "CYP2C9 *2", "Decreased function, 0.5 -> Sung function, 0.5"),
        Finding(CHANGED, "CYP2C9 *3", "No function, 0.0 -> No function, 0.25"),
        Finding(NEW, "CYP2C9 *999", "No function, n/a"),
        Finding(GONE, "CYP2C9 *8", "Decreased function, 0.5"),
        Finding(CHANGED, "CYP2C9 score 2.0", "Normal Metabolizer -> Normal Metabolizer or Singer"),
    ]


def test_a_pair_of_functions_with_another_phenotype(base: KnowledgeBase, tmp_path: Path) -> None:
    data = phenotypes(base, "TPMT")
    data["diplotypes"] = [{"diplotypekey": {"*2": 1, "*1": 1}, "activityScore": None, "phenotype": "Singer"}]
    found = [each for each in compare_with(base, file_of(tmp_path, data)) if each.status != SAME]
    assert found == [Finding(CHANGED, "TPMT No function + Normal function", "Intermediate Metabolizer -> Singer")]


@pytest.mark.parametrize(("value", "status"), [(0, SAME), (0.0, SAME), ("0", SAME), (None, CHANGED), (0.5, CHANGED)])
def test_a_number_is_a_value_and_nothing_is_none(
    base: KnowledgeBase, tmp_path: Path, value: object, status: str
) -> None:
    """Zero is a value, whatever writes it; an allele without one is not an allele without activity."""
    data = phenotypes(base, "CYP2C9")
    data["activityValues"]["*3"] = value
    (found,) = [each for each in compare_with(base, file_of(tmp_path, data)) if each.what == "CYP2C9 *3"]
    assert found.status == status


@pytest.mark.parametrize("gene", ["CYP2C9", "CYP2C19", "CYP2D6", "TPMT", "DPYD"])
def test_definitions_that_are_the_same(base: KnowledgeBase, tmp_path: Path, gene: str) -> None:
    """Deletions and duplications have no positions: nobody defines them here, and they are not gone."""
    found = compare_with(base, file_of(tmp_path, definitions(base, gene)))
    assert {each.status for each in found} == {SAME}
    assert len(found) == sum(not each.is_structural for each in base.definitions[gene].alleles)


@pytest.mark.parametrize("either", ["R", "A/G", "G/A", "A or G"])
def test_two_bases_are_one_letter_or_two(base: KnowledgeBase, tmp_path: Path, either: str) -> None:
    data = definitions(base, "CYP2C19")
    allele = next(each for each in data["namedAlleles"] if each["name"] == "*2")
    assert allele["alleles"].count("A/G") == 1
    allele["alleles"][allele["alleles"].index("A/G")] = either
    assert {each.status for each in compare_with(base, file_of(tmp_path, data))} == {SAME}
    allele["alleles"][allele["alleles"].index(either)] = "G"
    assert [each.what for each in compare_with(base, file_of(tmp_path, data)) if each.status == CHANGED] == [
        "CYP2C19 *2, bases"
    ]


def test_what_a_source_defines_otherwise(base: KnowledgeBase, tmp_path: Path) -> None:
    data = definitions(base, "TPMT")
    first, second, third = data["namedAlleles"][1:4]
    first["alleles"] = ["T" if each else None for each in first["alleles"]]
    second["name"] = "*999"
    found = [each for each in compare_with(base, file_of(tmp_path, data)) if each.status != SAME]
    assert [(each.status, each.what) for each in found] == [
        (CHANGED, f"TPMT {first['name']}, bases"),
        (NEW, "TPMT *999, bases"),
        (GONE, "TPMT *3A, bases"),
    ]
    assert third["name"] not in {each.what for each in found}
    was, _, now = found[0].detail.partition(" -> ")
    assert was.replace(was[-1], "T") == now


# --- tables of functions ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["table.csv", "table.tsv", "table.xlsx", "TABLE.TSV"])
@pytest.mark.parametrize("gene", ["CYP2C9", "CYP2D6", "TPMT"])
def test_a_table_of_functions_that_says_the_same(base: KnowledgeBase, tmp_path: Path, gene: str, name: str) -> None:
    """Alleles to which nobody has assigned a function are not in such a table."""
    found = compare_with(base, write_table(tmp_path / name, function_table(base, gene)))
    unassigned = {f"{gene} {each.name}" for each in base.definitions[gene].alleles if not each.function}
    assert {each.what for each in found if each.status != SAME} == unassigned
    assert len(found) == len(base.definitions[gene].alleles)


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".xlsx"])
def test_a_table_of_functions_that_says_otherwise(base: KnowledgeBase, tmp_path: Path, suffix: str) -> None:
    cells = function_table(base, "DPYD")
    at = {row[0]: number for number, row in enumerate(cells)}
    cells[at["c.2846A>T"]][3] = "Sung function"
    cells[at["c.1905+1G>A (*2A)"]][2] = ""
    cells[at["c.85T>C (*9A)"]][0] = "c.1A>G"
    found = compare_with(base, write_table(tmp_path / f"table{suffix}", cells))
    assert [each for each in found if each.status != SAME] == [
        Finding(NEW, "DPYD c.1A>G", "Normal function, 1.0"),
        Finding(CHANGED, "DPYD c.1905+1G>A (*2A)", "No function, 0.0 -> No function, n/a"),
        Finding(CHANGED, "DPYD c.2846A>T", "Decreased function, 0.5 -> Sung function, 0.5"),
        Finding(GONE, "DPYD c.85T>C (*9A)", "Normal function, 1.0"),
    ]


def test_a_table_without_activity_values_states_none(base: KnowledgeBase, tmp_path: Path) -> None:
    cells = [[*row[:2], *row[3:]] for row in function_table(base, "TPMT")]
    assert {each.status for each in compare_with(base, write_table(tmp_path / "table.csv", cells))} == {SAME}


# --- the command ------------------------------------------------------------------------------------------------------


def test_the_command_takes_several_files_of_any_form(base: KnowledgeBase, tmp_path: Path) -> None:
    paths = [
        file_of(tmp_path, phenotypes(base, "F5"), "F5.json"),
        file_of(tmp_path, definitions(base, "F5"), "F5_translation.json"),
        write_table(tmp_path / "F5.tsv", function_table(base, "F5")),
        file_of(tmp_path, {"guidelines": []}, "empty.json"),
    ]
    done = run("knowledge", "upstream", *paths, "--knowledge", base.path)
    assert done.code == 0
    assert [line for line in done.out.splitlines() if not line.startswith(" ")] == [
        "F5.json: 5 same",
        "F5_translation.json: 2 same",
        "F5.tsv: 2 same",
        f"empty.json: {len({row.guideline for row in base.source_rows})} gone",
    ]
