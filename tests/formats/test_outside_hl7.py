"""ORU^R01 of other laboratories as outside calls: whose, how final, and what is no result."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from starling.errors import InputError
from starling.formats.outside import parse_outside_calls, read_outside_calls
from starling.library import assess
from starling.vocabulary import OutsideCall

GENE = "OBX|1|CWE|48018-6^Gene studied^LN|{sub}|HGNC:2621^{gene}^HGNC||||||F"


def message(*rows: str, kind: str = "ORU^R01", processing: str = "P", patient: str = "7", order: str = "A-1") -> str:
    head = f"MSH|^~\\&|LIS|LAB|||20261128||{kind}|1|{processing}|2.5.1"
    return "\r".join([head, f"PID|1||{patient}^^^LAB^MR", f"OBR|1||{order}|51969-4^Report^LN", *rows, ""])


def group(*rows: str, sub: str = "1", gene: str = "CYP2C19") -> tuple[str, ...]:
    return GENE.format(sub=sub, gene=gene), *(row.replace("@", sub) for row in rows)


def genotype(value: str, status: str = "F", kind: str = "ST", sub: str = "@", code: str = "84413-4") -> str:
    return f"OBX|2|{kind}|{code}^^LN|{sub}|{value}||||||{status}"


def read(*messages: str) -> tuple[OutsideCall, ...]:
    return parse_outside_calls("".join(messages), source="lab.hl7")


def stated(*messages: str) -> list[tuple[str, str, str, str]]:
    return [(each.gene, each.diplotype, each.phenotype, each.activity_score) for each in read(*messages)]


@pytest.mark.parametrize("sub", ["1a", "1", "", "2.3"])
def test_a_group_names_its_gene_once(sub: str) -> None:
    assert stated(message(*group(genotype("*1/*2"), sub=sub))) == [("CYP2C19", "*1/*2", "", "")]


def test_a_sub_id_below_the_group_belongs_to_it_and_one_beside_it_does_not() -> None:
    rows = (*group(genotype("*1/*2", sub="1.1"), genotype("*3/*3", sub="12"), sub="1"),)
    assert stated(message(*rows)) == [("CYP2C19", "*1/*2", "", "")]


def test_a_list_of_genes_that_were_studied_names_no_group() -> None:
    listed = "OBX|1|CWE|48018-6^Genes^LN||1^CYP2C19^HGNC~2^CYP2D6^HGNC||||||F"
    with pytest.raises(InputError, match="states no result"):
        read(message(listed, genotype("*1/*2", sub="")))


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ("OBX|1|ST|1234^CYP2C19 genotype^L||*1/*2||||||F", ("CYP2C19", "*1/*2", "", "")),
        ("OBX|1|ST|CYP2D6 Activity Score||1.5||||||F", ("CYP2D6", "", "", "1.5")),
        ("OBX|1|CWE|1^TPMT metaboliser status^L||IM^Intermediate Metabolizer^L||||||F",
         ("TPMT", "", "Intermediate Metabolizer", "")),
        ("OBX|1|CWE|79716-7^CYP2C9 gene product metabolic activity interpretation^LN||LA9657-3^^LN||||||F",
         ("CYP2C9", "", "Poor Metabolizer", "")),
        ("OBX|1|ST|9^^L^10^HLA-B alleles^L||*57:01/*08:01||||||F", ("HLA-B", "*57:01/*08:01", "", "")),
    ],
)  # fmt: skip
def test_without_a_group_the_words_must_name_the_gene(row: str, found: tuple[str, str, str, str]) -> None:
    assert stated(message(row)) == [found]


@pytest.mark.parametrize("row", ["OBX|1|NM|718-7^HGB^LN||13||||||F", "OBX|1|ST|5^CYP2C19 comment^L||none||||||F"])
def test_other_tests_of_the_message_are_no_results_of_a_gene(row: str) -> None:
    assert stated(message(row, *group(genotype("*1/*1")))) == [("CYP2C19", "*1/*1", "", "")]


def two_genes(sub: str) -> tuple[str, ...]:
    return (*group(genotype("*1/*2"), sub=sub), *group(genotype("*4/*4"), sub=sub, gene="CYP2D6"))


def test_one_sub_id_for_two_genes_is_refused() -> None:
    with pytest.raises(InputError, match=re.escape("lab.hl7:6: OBX-4: the sub-id 1 is of CYP2C19 and of CYP2D6")):
        read(message(*two_genes("1")))


def test_without_sub_ids_a_result_is_of_the_gene_before_it() -> None:
    found = [(each[0], each[1]) for each in stated(message(*two_genes("")))]
    assert found == [("CYP2C19", "*1/*2"), ("CYP2D6", "*4/*4")]


def test_two_haplotypes_are_a_diplotype_and_three_are_refused() -> None:
    two = [genotype(name, code="84414-2") for name in ("*1", "*2")]
    assert stated(message(*group(*two))) == [("CYP2C19", "*1/*2", "", "")]
    with pytest.raises(InputError, match=r"lab.hl7:5: OBX-5: 3 haplotypes"):
        read(message(*group(*two, genotype("*17", code="84414-2"))))


def test_several_genotypes_are_possibilities_and_never_one_of_them() -> None:
    assert stated(message(*group(genotype("*1/*4~*2/*10")))) == [("CYP2C19", "*1/*4 or *2/*10", "", "")]


@pytest.mark.parametrize(
    ("status", "note"), [("F", ""), ("C", ""), ("P", "OBX-11 P"), ("R", "OBX-11 R"), ("", "OBX-11 is")]
)
def test_what_is_not_final_is_never_certain(status: str, note: str) -> None:
    (call,) = read(message(*group(genotype("*2/*2", status))))
    assert (call.diplotype, bool(call.note)) == ("*2/*2", bool(note))
    assert note in call.note
    assert assess(outside=[call]).gene("CYP2C19").phenotype_certain == (not note)


@pytest.mark.parametrize("status", ["X", "N", "I", "O"])
def test_what_could_not_be_obtained_is_no_call(status: str) -> None:
    (call,) = read(message(*group(genotype("", status))))
    assert call.diplotype == "No call"
    assert assess(outside=[call]).gene("CYP2C19").phenotype is None


@pytest.mark.parametrize("status", ["D", "W"])
def test_a_result_of_another_patient_that_was_withdrawn_is_not_used(status: str) -> None:
    metabolism = "OBX|3|CWE|53040-2^^LN|@|LA9657-3^Poor Metabolizer^LN||||||F"
    (call,) = read(message(*group(genotype("*2/*2", status), metabolism)))
    assert (call.diplotype, call.phenotype, f"OBX-11 {status}" in call.note) == ("No call", "", True)


def test_a_correction_takes_the_place_of_what_it_corrects() -> None:
    first, second = message(*group(genotype("*1/*1"))), message(*group(genotype("*2/*2", "C")))
    assert stated(first, second) == [("CYP2C19", "*2/*2", "", "")]
    withdrawn = message(*group(genotype("*1/*1", "W")))
    assert stated(first, withdrawn) == [("CYP2C19", "No call", "", "")]


def test_without_a_correction_or_of_another_order_both_stand_and_nothing_is_certain() -> None:
    first = message(*group(genotype("*1/*1")))
    for second in (message(*group(genotype("*2/*2"))), message(*group(genotype("*2/*2", "C")), order="B-2")):
        calls = read(first, second)
        assert [each.diplotype for each in calls] == ["*1/*1", "*2/*2"]
        assert not assess(outside=[*calls]).gene("CYP2C19").phenotype_certain


def test_two_people_in_one_file_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "lab.hl7"
    path.write_text(message(*group(genotype("*1/*1"))) + message(*group(genotype("*2/*2")), patient="8"))
    assert [each.sample for each in read_outside_calls(path)] == ["7", "8"]
    with pytest.raises(InputError, match="people"):
        assess(outside=path)
    assert assess(outside=path, sample="8").gene("CYP2C19").phenotype == "Poor Metabolizer"


def test_the_character_set_is_that_of_the_message(tmp_path: Path) -> None:
    path = tmp_path / "lab.hl7"
    head, rest = message(*group(genotype("*1/*2"))).split("\r", 1)
    path.write_bytes(f"{head}||||||8859/1\r{rest}NTE|1||Zoé".encode("latin-1"))
    assert [each.diplotype for each in read_outside_calls(path)] == ["*1/*2"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (message(kind="ADT^A01"), "lab.hl7:1: MSH-9: ADT^A01 states no results"),
        (message(*group(genotype("*1/*1")), processing="T"), "lab.hl7:1: MSH-11: T is no message about"),
        (message(), "HL7 v2 states no result"),
        (message(*group(genotype("*1/*1", "?"))), "lab.hl7:5: OBX-11: '?' is no status"),
        (message(*group(genotype("JVBERi0=", kind="ED"))), "lab.hl7:5: OBX-2: 'ED' of a genetic result"),
        (message(*group(genotype(""))), "lab.hl7:5: OBX-5 is empty"),
        (message(*group(gene="2621 ?")), "lab.hl7:4: OBX-5: 'HGNC:2621' names no gene"),
        (message("obx|1"), "lab.hl7:4: 'obx' begins no segment"),
    ],
)
def test_what_is_wrong_is_one_line_that_names_segment_and_field(text: str, said: str) -> None:
    with pytest.raises(InputError, match=re.escape(said)):
        read(text)
