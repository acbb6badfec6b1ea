from __future__ import annotations

from pathlib import Path

import pytest

from starling.errors import InputError
from starling.formats.outside import parse_outside_calls, read_outside_calls
from starling.vocabulary import OutsideCall


def parse(text: str) -> tuple[OutsideCall, ...]:
    return parse_outside_calls(text, source="lab.tsv")


def test_four_columns_with_comments_and_empty_lines() -> None:
    text = "# from the laboratory\n\nCYP2D6\t*1/*4x2\t\t\nHLA-B\t*57:01 positive\nMT-RNR1\t\tNormal risk\n"
    assert parse(text) == (
        OutsideCall("CYP2D6", "*1/*4x2", line=3, file="lab.tsv"),
        OutsideCall("HLA-B", "*57:01 positive", line=4, file="lab.tsv"),
        OutsideCall("MT-RNR1", phenotype="Normal risk", line=5, file="lab.tsv"),
    )


def test_a_header_row_may_order_the_columns_and_name_others() -> None:
    text = "Phenotype\tLab ID\tGene\tActivity Score\tDiplotype\nIM\t17\tCYP2D6\t>=3.0\t *1 / *4 \n"
    (call,) = parse(text)
    assert (call.gene, call.diplotype, call.phenotype, call.activity_score) == ("CYP2D6", "*1 / *4", "IM", ">=3.0")


def test_a_fifth_column_is_the_nomenclature_and_more_are_ignored() -> None:
    call = parse("NAT2\t*5/*6\t\t\tlegacy\tmore\tand more")[0]
    assert call.nomenclature == "legacy"


def test_line_ends_of_windows_and_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "lab.tsv"
    path.write_bytes(b"\xef\xbb\xbfCYP2D6\t*1/*1\r\nCYP2C19\t*2/*2\r\n")
    assert [(call.gene, call.diplotype) for call in read_outside_calls(path)] == [
        ("CYP2D6", "*1/*1"),
        ("CYP2C19", "*2/*2"),
    ]


def test_no_call_is_no_error() -> None:
    assert parse("# nothing\n") == ()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("CYP2D6", 1),
        ("# x\nCYP2D6\t\t\t", 2),
        ("\t*1/*1", 1),
        ("CYP2D6,", 1),
        ("CYP 2D6\t*1/*1", 1),
        ("CYP2D6\t*1/*1\t\tmany", 1),
        ("CYP2D6\t*1/*1\t\t1e999999999", 1),
        ("CYP2D6\t*1/*1\t\t-1", 1),
        ("CYP2D6\t*1/*1\n\ngene\tdiplotype\n", 3),
        ("gene\tdiplotype\ngene\tdiplotype\n", 2),
    ],
)
def test_what_is_refused_names_the_line(text: str, line: int) -> None:
    with pytest.raises(InputError) as caught:
        parse(text)
    assert (caught.value.code, caught.value.line) == ("BAD_OUTSIDE_CALL", line)


@pytest.mark.parametrize(
    ("data", "code"), [(b"", "FILE_EMPTY"), (b"CYP2D6\t\xff", "NOT_TEXT"), (b"CYP2D6\t\0", "NOT_TEXT")]
)
def test_files_that_are_refused(tmp_path: Path, data: bytes, code: str) -> None:
    path = tmp_path / "lab.tsv"
    path.write_bytes(data)
    with pytest.raises(InputError) as caught:
        read_outside_calls(path)
    assert caught.value.code == code
