"""Every text is either a table of markers or refused with its name; nothing else happens."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from starling.errors import InputError
from starling.formats.content import Opening
from starling.formats.markers import MarkerTable
from starling.formats.registry import formats, head_of, open_file, sniff

HEADS = {
    "23andme": "# rsid\tchromosome\tposition\tgenotype\n",
    "ancestry": "#AncestryDNA raw data download\nrsid\tchromosome\tposition\tallele1\tallele2\n",
    "finalreport": "[Header]\nGSGT Version\t2\n[Data]\nSNP Name\tSample ID\tAllele1 - Plus\tAllele2 - Plus\n",
    "assay": "analyte,result,device\n",
    "myheritage": "# MyHeritage DNA raw data.\nRSID,CHROMOSOME,POSITION,RESULT\n",
    "familytree": "# famfinder\n# name,chromosome,position,allele1,allele2\n",
    "circledna": "# CircleDNA\n",
    "generic": "rsid;chromosome;position;genotype\n",
}
ROWS = {
    "23andme": "rs1\t1\t100\tAG\n",
    "ancestry": "rs1\t1\t100\tA\tG\n",
    "finalreport": "rs1\tS\tA\tG\n",
    "assay": "rs1,heterozygous,D\n",
    "myheritage": '"rs1","1","100","AG"\n',
    "familytree": "rs1,1,100,A,G\n",
    "circledna": "rs1\tchr1\t100\tA/G\n",
    "generic": "rs1;1;100;AG\n",
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


# --- as people bring them ---------------------------------------------------------------------------------------------

CORPUS = [
    ("23andme", "# rsid  chromosome  position  genotype\nrs1\t1\t100\tAG\n"),
    ("23andme", "# rsid\tchromosome\tposition\tallele1\tallele2\nrs1\t1\t100\tA\tG\n"),
    ("23andme", "# " + "x" * 70 + "\n" + "# long\n" * 9_000 + HEADS["23andme"] + ROWS["23andme"]),
    ("generic", "rs1\t1\t100\tAG\n"),
    ("generic", "rs1 1 100 AG\n"),
    ("generic", "rsid,genotype\nrs1,AG\n"),
    ("familytree", 'RSID,CHROMOSOME,POSITION,RESULT\n"rs1,""1"",""100"",""AG"""\n'),
    ("circledna", "rs1\tchr1\t100\tA/G\n"),
    ("finalreport", "[Header]\n[Data]\nSNP Name\tSample Name\tAllele1 - Plus\tAllele2 - Plus\nrs1\tS\tA\tG\n"),
    ("finalreport", "[Header]\nNum Samples\t1\n[Data]\nSNP Name,Allele1 - Plus,Allele2 - Plus\nrs1,A,G\n"),
]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize(("kind", "text"), CORPUS)
def test_forms_as_they_are_downloaded(kind: str, text: str, encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "me.txt"
    path.write_bytes(text.encode(encoding))
    assert kind_of(head_of(path)) == kind
    table = open_file(path, Opening())
    assert isinstance(table, MarkerTable)
    assert [each.alleles for each in table.markers] == [("A", "G")]


@pytest.mark.parametrize(
    "text",
    [
        "SNP\tCHR\tBP\tA1\tA2\tBETA\tP\nrs1\t1\t100\tA\tG\t0.1\t0.05\n",
        "MarkerName\tAllele1\tAllele2\tEffect\nrs1\ta\tg\t0.1\n",
    ],
)
def test_the_alleles_of_a_study_are_nobodys_genotype(text: str) -> None:
    assert kind_of(text.encode()) is None


def test_the_matrix_form_is_refused_with_what_to_export(tmp_path: Path) -> None:
    path = tmp_path / "m.txt"
    path.write_text("[Header]\n[Data]\n\tS1\tS2\nrs1\tAG|0.9\tAG|0.9\n")
    with pytest.raises(InputError, match=r"matrix form.*Allele1 - Plus"):
        open_file(path, Opening())


def test_an_archive_of_several_files_is_named(tmp_path: Path) -> None:
    path = tmp_path / "two.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("a.txt", "a")
        packed.writestr("b.txt", "b")
    with pytest.raises(InputError, match=r"two.zip: .*a.txt, b.txt; unpack it"):
        open_file(path, Opening())


@pytest.mark.parametrize("packing", ["gzip", "zip"])
def test_what_was_made_to_fill_the_memory_is_refused(packing: str, tmp_path: Path) -> None:
    """Some kB that unpack to a hundred times as much."""
    path, content = tmp_path / "bomb", HEADS["23andme"].encode() + ROWS["23andme"].encode() * 400_000
    if packing == "gzip":
        path.write_bytes(gzip.compress(content))
    else:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
            packed.writestr("me.txt", content)
    with pytest.raises(InputError, match=r"bomb: unpacks to more than 50 times its size") as raised:
        open_file(path, Opening())
    assert raised.value.code == "BAD_MARKERS"


def test_a_row_that_never_ends_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "wide.txt"
    path.write_text(HEADS["23andme"] + "rs1" + "\tAG" * 500_000 + "\n")
    with pytest.raises(InputError, match=r"wide.txt:2: a row is longer") as raised:
        open_file(path, Opening())
    assert raised.value.code == "LINE_TOO_LONG"


def test_rows_of_no_use_are_counted_and_not_kept(tmp_path: Path) -> None:
    path = tmp_path / "me.txt"
    path.write_text(HEADS["23andme"] + "".join(f"rs{number}\t1\t{number}\tAG\n" for number in range(1, 1_001)))
    table = open_file(path, Opening(needed=lambda name, _chromosome, _position: name == "rs7"))
    assert isinstance(table, MarkerTable)
    assert (len(table.markers), table.rows) == (1, 1_000)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=80)
@given(
    data=st.binary(max_size=300),
    start=st.sampled_from([b"", b"PK\x03\x04", b"\x1f\x8b", b"\xff\xfe", b"\x6c\x1b\x01", b"rs1\t"]),
)
def test_fuzz_any_file_is_read_or_refused_in_one_line(data: bytes, start: bytes, tmp_path: Path) -> None:
    path = tmp_path / "fuzz"
    path.write_bytes(start + data)
    try:
        content = open_file(path, Opening())
    except InputError as error:
        assert error.message.startswith("fuzz")
    else:
        if not isinstance(content, MarkerTable):
            content.close()


PLINK = st.text("10 2\tACGTID-9rsXF.\n", max_size=120).map(str.encode) | st.binary(max_size=40)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=80)
@given(bed=st.binary(max_size=12), bim=PLINK, fam=PLINK, ped=PLINK, places=PLINK)
def test_fuzz_any_plink_set_is_read_or_refused(
    bed: bytes, bim: bytes, fam: bytes, ped: bytes, places: bytes, tmp_path: Path
) -> None:
    contents = {"bed": b"\x6c\x1b\x01" + bed, "bim": b"1 rs1 0 100 A G\n" + bim, "fam": b"F S 0 0 1 -9\n" + fam}
    contents |= {"ped": b"F S 0 0 1 -9 A G\n" + ped, "map": b"1 rs1 0 100\n" + places}
    for ending, content in contents.items():
        (tmp_path / f"fuzz.{ending}").write_bytes(content)
    for ending in ("bed", "ped"):
        try:
            table = read_markers(tmp_path / f"fuzz.{ending}", f"plink-{ending}")
        except InputError as error:
            assert error.message.startswith("fuzz.")
        else:
            assert table.markers


@pytest.mark.parametrize("own", ["bim", "fam", "map"])
def test_a_part_of_a_plink_set_names_the_one_to_read(own: str, tmp_path: Path) -> None:
    lines = {"bim": "1 rs1 0 100 A G\n", "fam": "F S 0 0 1 -9\n", "map": "1 rs1 0 100\n"}
    path = tmp_path / f"set.{own}"
    path.write_text(lines[own])
    with pytest.raises(InputError, match=rf"the \.{own} of a PLINK set, .*: name its \.(bed|ped)"):
        open_file(path, Opening())
