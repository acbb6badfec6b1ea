"""Every text is either a table of markers or refused with its name; nothing else happens."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from starling.errors import InputError
from starling.formats.content import Opening
from starling.formats.markers import MarkerTable
from starling.formats.registry import formats, open_file, sniff

HEADS = {
    "23andme": "# rsid\tchromosome\tposition\tgenotype\n",
    "ancestry": "#AncestryDNA raw data download\nrsid\tchromosome\tposition\tallele1\tallele2\n",
    "finalreport": "[Header]\nGSGT Version\t2\n[Data]\nSNP Name\tSample ID\tAllele1 - Plus\tAllele2 - Plus\n",
    "assay": "analyte,result,device\n",
}
ROWS = {
    "23andme": "rs1\t1\t100\tAG\n",
    "ancestry": "rs1\t1\t100\tA\tG\n",
    "finalreport": "rs1\tS\tA\tG\n",
    "assay": "rs1,heterozygous,D\n",
}


def kind_of(head: bytes) -> str | None:
    found = sniff(head)
    return found.name if found is not None else None


def read_markers(path: Path, kind: str) -> MarkerTable:
    """As the reader of that format reads it, whatever the content looks like."""
    (reader,) = (each for each in formats() if each.name == kind)
    content = reader.open(path, Opening())
    assert isinstance(content, MarkerTable)
    return content


@pytest.mark.parametrize("kind", HEADS)
def test_kinds_are_known_by_their_content(kind: str, tmp_path: Path) -> None:
    text = HEADS[kind] + ROWS[kind]
    assert kind_of(text.encode()) == kind
    assert kind_of(text.replace("\n", "\r\n").encode()) == kind
    path = tmp_path / "any.name"
    path.write_bytes(gzip.compress(text.encode()))
    table = open_file(path, Opening())
    assert isinstance(table, MarkerTable)
    assert len(table.markers) == 1
    assert table.markers[0].alleles == (() if kind == "assay" else ("A", "G"))
    assert len(table.file_sha256 or "") == 64


@pytest.mark.parametrize("text", ["hello\n", "\x00\x01", "analyte\n"])
def test_nobody_knows_anything_else(text: str) -> None:
    assert kind_of(text.encode()) is None


@pytest.mark.parametrize("text", ["", "##fileformat=VCFv4.3\n", "\ufeff##fileformat=VCFv4.3\n"])
def test_a_vcf_and_nothing_to_go_by_are_left_to_the_reader_of_vcf(text: str) -> None:
    assert kind_of(text.encode()) == "vcf"


@pytest.mark.parametrize("kind", HEADS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(rest=st.one_of(st.binary(max_size=200), st.text('rsX1290\tACGTID-,"\n[]0', max_size=200).map(str.encode)))
def test_fuzz_any_rest_is_read_or_refused(kind: str, rest: bytes, tmp_path: Path) -> None:
    path = tmp_path / "fuzz"
    path.write_bytes(HEADS[kind].encode() + rest)
    try:
        table = read_markers(path, kind)
    except InputError as error:
        assert error.message.startswith("fuzz")
    else:
        assert table.markers


@given(st.binary(max_size=300))
def test_fuzz_any_head_has_a_kind_or_none(head: bytes) -> None:
    assert kind_of(head) in {None, *(each.name for each in formats())}


@pytest.mark.parametrize(
    ("kind", "row", "message"),
    [
        ("23andme", "rs1\t1\t100\n", ":2: 3 columns"),
        ("23andme", "rs1\t1\t-5\tAG\n", ":2: position is '-5'"),
        ("23andme", "rs1\t1\t100\tAGT\n", ":2: genotype is 'AGT'"),
        ("ancestry", "rs1\t1\t100\tA\tZ\n", ":3: genotype is 'AZ'"),
        ("finalreport", "rs1\tS\tA\n", ":5: 3 columns"),
        ("assay", 'rs1,"open\n', ":2: not CSV"),
        ("assay", "", "has no results"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(kind: str, row: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "in.txt"
    path.write_text(HEADS[kind] + row)
    with pytest.raises(InputError) as raised:
        read_markers(path, kind)
    assert raised.value.code == "BAD_MARKERS"
    assert message in raised.value.message
