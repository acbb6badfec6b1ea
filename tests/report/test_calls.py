"""The calls alone: each allele with its function and activity value, a row for each diplotype that fits."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

from starling.assessment import Assessment, GeneResult
from starling.report.calls import COLUMNS, calls_parts
from tests.bundled import bundled_knowledge
from tests.report.sample_assessment import GENES, hostile_assessment, sample_assessment


def rows_of(*people: Assessment) -> list[dict[str, str]]:
    text = "".join(calls_parts(people, bundled_knowledge().definitions))
    return list(csv.DictReader(io.StringIO(text), delimiter="\t", quoting=csv.QUOTE_NONE))


def row_of(gene: str) -> dict[str, str]:
    (row,) = [row for row in rows_of(sample_assessment()) if row["gene"] == gene]
    return row


def test_each_allele_stands_with_its_function_and_its_activity_value() -> None:
    row = row_of("CYP2D6")
    assert [row[f"{name}_1"] for name in ("allele", "function", "activity_value")] == ["*1", "Normal function", "1.0"]
    assert [row[f"{name}_2"] for name in ("allele", "function", "activity_value")] == ["*4", "No function", "0.0"]
    assert (row["phenotype"], row["activity_score"], row["certain"]) == ("Intermediate Metabolizer", "1.0", "no")
    assert row_of("CYP2C19")["activity_value_1"] == "", "a gene without scores has no values, and none is made up"


def test_copies_count_in_the_value_of_their_allele() -> None:
    doubled = replace(GENES[1], diplotypes=(("*1x2", "*4"),), label="*1x2/*4")
    (row,) = rows_of(sample_assessment(genes=(doubled,)))
    assert (row["allele_1"], row["activity_value_1"]) == ("*1x2", "2.0")


def test_every_diplotype_that_fits_has_a_row() -> None:
    rows = [row for row in rows_of(sample_assessment()) if row["gene"] == "SLCO1B1"]
    assert [(row["diplotype"], row["fits"]) for row in rows] == [("*1/*15", "1/2"), ("*5/*37", "2/2")]


def test_a_gene_without_a_diplotype_has_one_row_with_what_is_known() -> None:
    variants = row_of("DPYD")["variants"]
    assert variants.startswith("c.1905+1G>A (*2A) x1 [No function, 0.0]; c.85T>C (*9A) x?")
    assert row_of("DPYD")["allele_1"] == ""
    assert row_of("HLA-B")["presence"] == "*15:02 negative; *57:01 positive; *58:01 nocall"
    silent = row_of("MT-RNR1")
    assert (silent["status"], silent["reason"], silent["diplotype"]) == ("undetermined", "REFERENCE_UNKNOWN", "")
    assert silent["missing_positions"] == "8"


def test_an_allele_that_nobody_knows_has_no_function() -> None:
    odd = GeneResult("CYP2C19", "called", None, (("*1", "*9999"),), "*1/*9999", None, False)
    (row,) = rows_of(sample_assessment(genes=(odd,)))
    assert (row["function_1"], row["allele_2"], row["function_2"]) == ("Normal function", "*9999", "")


def test_people_follow_one_another_and_every_row_is_whole() -> None:
    people = (sample_assessment(sample="A"), sample_assessment(sample="B"), hostile_assessment())
    text = "".join(calls_parts(people, bundled_knowledge().definitions))
    assert all(line.count("\t") == len(COLUMNS) - 1 for line in text.split("\n")[:-1])
    assert "\x1b" not in text
    assert list(dict.fromkeys(row["sample"] for row in rows_of(*people[:2]))) == ["A", "B"]
