"""Bad input: each gives one line with the code, the file and, where it is known, the line."""

from __future__ import annotations

import gzip
import io
import os
import sys
from pathlib import Path

import pytest

from starling.errors import InputError
from starling.formats.bgzf import END_OF_FILE, bgzf_block
from starling.formats.vcf import Region, open_vcf
from tests.simulators.vcf_files import body, header, snv, write

GOOD = header(("chr1",)) + body([snv("chr1", 100 * number) for number in range(1, 50)])
RECORD = "chr1\t100\t.\tA\tG\t50\tPASS\t.\tGT\t0/1\n"


def refused(path: Path | str) -> InputError:
    with pytest.raises(InputError) as caught, open_vcf(path) as vcf:
        list(vcf.fetch([Region("chr1", 1, 10_000)]))
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(caught.value.source or "?")
    assert caught.value.advice
    return caught.value


def refused_bytes(folder: Path, data: bytes) -> InputError:
    path = folder / "patient.vcf"
    path.write_bytes(data)
    error = refused(path)
    assert error.source == "patient.vcf"
    return error


@pytest.mark.parametrize(
    ("data", "code", "line"),
    [
        (b"", "FILE_EMPTY", None),
        (gzip.compress(b"", mtime=0), "FILE_EMPTY", None),
        (b"\n", "NOT_VCF", 1),
        (b"\x93\xfe\x01\t" + b"\0" * 5_000, "NOT_VCF", None),
        (b"Dear colleague,\n", "NOT_VCF", 1),
        (b"BCF\x02\x02rest", "NOT_VCF", None),
        (gzip.compress(b"BCF\x02\x02rest", mtime=0), "NOT_VCF", None),
        (bgzf_block(b"BCF\x02\x02rest") + END_OF_FILE, "NOT_VCF", None),
        (bgzf_block(b"BAM\x01rest") + END_OF_FILE, "NOT_VCF", None),
        (gzip.compress(b"a,b,c\n1,2,3\n", mtime=0), "NOT_VCF", 1),
        (gzip.compress(gzip.compress(GOOD.encode(), mtime=0), mtime=0), "NOT_VCF", None),
        (b"PK\x03\x04rest", "NOT_VCF", None),
        ("##fileformat".encode("utf-16"), "NOT_VCF", None),
        (GOOD.encode("utf-16-le"), "NOT_VCF", None),
        (GOOD.encode("utf-16-be"), "NOT_VCF", None),
        (b"##fileformat=VCFv4.2\n", "BAD_HEADER", 1),
        (b"##fileformat=VCFv4.2\n" + RECORD.encode(), "BAD_HEADER", 2),
        (RECORD.encode(), "BAD_HEADER", 1),
        (b"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS\n", "BAD_HEADER", 1),
        (header(("chr1",)).replace("\t", " ").encode(), "BAD_HEADER", 3),
        (header(("chr1",)).replace("FORMAT", "GENOTYPE").encode(), "BAD_HEADER", 3),
        (header(("chr1",), ("A", "")).encode(), "BAD_HEADER", 3),
        (header(("chr1",), extra=["##contig=<ID=chr1,length=5>"]).encode(), "BAD_HEADER", 3),
        (header(("chr1",), ()).encode(), "NO_GENOTYPES", 3),
        (header(("chr1",), ()).replace("\tFORMAT", "").encode(), "NO_GENOTYPES", 3),
        (header(("chr1",), ("A", "B", "A")).encode(), "DUPLICATE_SAMPLE", 3),
        (header(("chr1",), ("M\xfcller",)).encode("latin-1"), "NOT_TEXT", 3),
        (header(("chr1",), ("A\0",)).encode(), "NOT_TEXT", 3),
        ((GOOD + RECORD.replace("PASS", "P\0")).encode(), "NOT_TEXT", 53),
        ((GOOD + RECORD.replace("PASS", "M\xfc")).encode("latin-1"), "NOT_TEXT", 53),
        ((GOOD + RECORD.replace("\t100\t", "\t-7\t")).encode(), "BAD_RECORD", 53),
        ((GOOD + RECORD.replace("\t100\t", "\t1e3\t")).encode(), "BAD_RECORD", 53),
        ((GOOD + RECORD.replace("\t100\t", "\t\t")).encode(), "BAD_RECORD", 53),
        ((GOOD + RECORD.replace("\t100\t", "\t2147483648\t")).encode(), "BAD_RECORD", 53),
        ((GOOD + RECORD.replace("\t100\t", f"\t{'9' * 5_000}\t")).encode(), "BAD_RECORD", 53),
        ((GOOD + RECORD.replace("0/1", "0/1\t0/1")).encode(), "BAD_RECORD", 53),
        ((GOOD + RECORD.replace("\t0/1", "")).encode(), "BAD_RECORD", 53),
        ((GOOD + RECORD.replace("\tA\t", "\t<A>\t")).encode(), "BAD_RECORD", 53),
        ((GOOD + RECORD.replace("\tG\t", "\tG,,T\t")).encode(), "BAD_RECORD", 53),
        ((GOOD + "chr1 100 . A G 50 PASS . GT 0/1\n").encode(), "BAD_RECORD", 53),
        ((GOOD + "chr1\t100\n").encode(), "BAD_RECORD", 53),
    ],
)
def test_content_that_is_refused(tmp_path: Path, data: bytes, code: str, line: int | None) -> None:
    error = refused_bytes(tmp_path, data)
    assert (error.code, error.line) == (code, line), str(error)


def test_bcf_is_called_by_its_name(tmp_path: Path) -> None:
    assert "BCF" in str(refused_bytes(tmp_path, bgzf_block(b"BCF\x02\x02rest") + END_OF_FILE))


def test_paths_that_are_refused(tmp_path: Path) -> None:
    assert refused(tmp_path).code == "FILE_UNREADABLE"
    assert refused(tmp_path / "absent.vcf").code == "FILE_NOT_FOUND"
    assert refused(tmp_path / ("long" * 200)).code == "FILE_UNREADABLE"
    assert refused("a\0b").code == "FILE_UNREADABLE"
    (tmp_path / "file").write_text("x")
    assert refused(tmp_path / "file" / "under.vcf").code == "FILE_NOT_FOUND"


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="the superuser may read every file")
def test_a_file_without_permission(tmp_path: Path) -> None:
    path = write(tmp_path, "plain", GOOD)
    path.chmod(0)
    assert refused(path).code == "FILE_UNREADABLE"


def test_empty_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
    error = refused("-")
    assert (error.code, error.source) == ("FILE_EMPTY", "stdin")


def test_a_pipe_given_by_path_is_read(tmp_path: Path) -> None:
    path = tmp_path / "pipe.vcf"
    os.mkfifo(path)
    if os.fork() == 0:
        try:
            path.write_text(GOOD)
        finally:
            os._exit(0)
    with open_vcf(path) as vcf:
        assert len(list(vcf.fetch([Region("chr1", 1, 10_000)]))) == 49
    os.wait()


@pytest.mark.parametrize("cut", [1, 9, 100])
def test_gzip_that_is_cut_off(tmp_path: Path, cut: int) -> None:
    assert refused_bytes(tmp_path, gzip.compress(GOOD.encode(), mtime=0)[:-cut]).code == "FILE_DAMAGED"


@pytest.mark.parametrize("at", [-2, -6, 200])
def test_gzip_that_is_changed(tmp_path: Path, at: int) -> None:
    data = bytearray(gzip.compress(GOOD.encode(), mtime=0))
    data[at] ^= 0x41
    assert refused_bytes(tmp_path, bytes(data)).code == "FILE_DAMAGED"


def test_gzip_followed_by_junk(tmp_path: Path) -> None:
    assert refused_bytes(tmp_path, gzip.compress(GOOD.encode(), mtime=0) + b"junk").code == "FILE_DAMAGED"


def test_gzip_followed_by_zeros_is_read(tmp_path: Path) -> None:
    path = tmp_path / "tape.vcf.gz"
    path.write_bytes(gzip.compress(GOOD.encode(), mtime=0) + bytes(500_000))
    with open_vcf(path) as vcf:
        assert len(list(vcf.fetch([Region("chr1", 1, 10_000)]))) == 49


def test_bgzf_without_its_last_block_is_read_with_a_note(tmp_path: Path) -> None:
    path = write(tmp_path, "bgzf", GOOD)
    path.write_bytes(path.read_bytes().removesuffix(END_OF_FILE))
    with open_vcf(path) as vcf:
        assert len(list(vcf.fetch([Region("chr1", 1, 10_000)]))) == 49
        assert any("end-of-file" in note for note in vcf.notes)


@pytest.mark.parametrize("cut", [1, 20, 29, 200])
def test_bgzf_that_is_cut_inside_a_block(tmp_path: Path, cut: int) -> None:
    path = write(tmp_path, "bgzf", GOOD, block_size=500)
    data = path.read_bytes()
    path.write_bytes(data[:-cut])
    assert refused(path).code == "FILE_DAMAGED"


def test_bgzf_with_a_wrong_checksum(tmp_path: Path) -> None:
    path = write(tmp_path, "bgzf", GOOD)
    data = bytearray(path.read_bytes())
    data[-len(END_OF_FILE) - 7] ^= 1
    path.write_bytes(data)
    assert refused(path).code == "FILE_DAMAGED"


def test_line_ends_of_windows_are_read(tmp_path: Path) -> None:
    path = tmp_path / "windows.vcf"
    path.write_bytes(GOOD.replace("\n", "\r\n").encode() + b"\r\n")
    with open_vcf(path) as vcf:
        records = list(vcf.fetch([Region("chr1", 1, 10_000)]))
        assert vcf.header.samples == ("S1",)
        assert records[0].columns[0] == "0/1"
        assert vcf.record_count == 49


@pytest.mark.parametrize("form", ["plain", "gzip", "bgzf"])
def test_a_line_of_100_megabytes(tmp_path: Path, form: str) -> None:
    path = tmp_path / "long.vcf.gz"
    head, size = header(("chr1",)).encode(), 100_000_000
    if form == "plain":
        path.write_bytes(head + RECORD.encode() + b"chr1\t200\t.\t" + b"A" * size)
    elif form == "gzip":
        path.write_bytes(gzip.compress(head + RECORD.encode() + b"chr1\t200\t.\t" + b"A" * size, 1, mtime=0))
    else:
        block = bgzf_block(b"A" * 65_280)
        first = bgzf_block(head + RECORD.encode() + b"chr1\t200\t.\t")
        path.write_bytes(first + block * (size // 65_280) + END_OF_FILE)
    error = refused(path)
    assert error.code == "LINE_TOO_LONG"
    assert error.line == (None if form == "bgzf" else 5)


def test_other_bytes_where_nobody_reads_are_no_reason_to_refuse(tmp_path: Path) -> None:
    """A description and INFO in Latin-1: nobody uses them.  The name of a sample is used."""
    described = header(("chr1",), extra=['##INFO=<ID=X,Number=1,Type=String,Description="Z\xfcrich, 3\xb5m">'])
    path = tmp_path / "latin.vcf"
    path.write_bytes((described + RECORD.replace("PASS\t.", "PASS\tX=Z\xfcrich")).encode("latin-1"))
    with open_vcf(path) as vcf:
        (record,) = vcf.fetch([Region("chr1", 1, 10**6)])
        assert record.info == "X=Z\ufffdrich"
        assert vcf.header.samples == ("S1",)


@pytest.mark.parametrize("form", ["plain", "gzip", "bgzf"])
@pytest.mark.parametrize("blank", [" ", "   \t ", "\r", "\t"])
def test_a_line_of_blanks_is_no_record(tmp_path: Path, blank: str, form: str) -> None:
    text = header(("chr1",)) + RECORD.removesuffix("\n") + "\n" + blank + "\n"
    with open_vcf(write(tmp_path, form, text)) as vcf:
        assert len(list(vcf.fetch([Region("chr1", 1, 10**6)]))) == 1
        assert vcf.record_count == 1


@pytest.mark.parametrize("form", ["gzip", "bgzf"])
def test_a_flood_of_line_ends_is_counted_not_looked_at(tmp_path: Path, form: str) -> None:
    """Some kilobytes that inflate to megabytes of nothing; the line of what follows is named."""
    text = header(("chr1",)) + RECORD + "\n" * 2_000_000
    path = write(tmp_path, form, text + RECORD.replace("\t100\t", "\t300\t"))
    assert path.stat().st_size < 120_000
    with open_vcf(path) as vcf:
        assert len(list(vcf.fetch([Region("chr1", 1, 10**6)]))) == 2
    error = refused(write(tmp_path, "gzip", text + "chr1\t100\n"))
    assert (error.code, error.line) == ("BAD_RECORD", 2_000_005)


def test_one_of_many_names_that_comes_twice(tmp_path: Path) -> None:
    names = (*(f"S{number}" for number in range(40_000)), "S39999")
    error = refused_bytes(tmp_path, header(("chr1",), names).encode())
    assert error.code == "DUPLICATE_SAMPLE"
    assert "S39999" in str(error)


def test_a_header_of_more_lines_than_any_has_is_cut_off(tmp_path: Path) -> None:
    """Some kilobytes that inflate to millions of short lines, which would take a gigabyte to keep."""
    path = write(tmp_path, "gzip", "##fileformat=VCFv4.2\n" + "##x=y\n" * 2_000_000)
    error = refused(path)
    assert (error.code, error.line) == ("BAD_HEADER", 1_000_001)
