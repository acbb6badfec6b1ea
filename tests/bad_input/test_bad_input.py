"""Bad input, case by case, through the command line.

Every case: the documented exit code, one clear line on stderr that names the file (and the line where there is one),
no traceback, and nothing written.
"""

from __future__ import annotations

import gzip
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.commands import Finished, run
from tests.simulators.blocks import EOF, bgzf_block
from tests.simulators.equivalents import STYLES, render
from tests.simulators.people import person

ROOT = Path(__file__).resolve().parents[2]

HEADER = (
    "##fileformat=VCFv4.2\n##contig=<ID=chr7,length=159345973>\n##contig=<ID=chr10,length=133797422>\n"
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS1\n"
)
RECORD = "chr10\t94781859\t.\tG\tA\t.\tPASS\t.\tGT\t0/1\n"
GOOD = HEADER + RECORD


@dataclass(frozen=True, slots=True)
class Case:
    """`make` writes the input into a folder and gives its name; `code` is what the message must end with."""

    name: str
    code: str
    make: Callable[[Path], str]
    options: tuple[str, ...] = ()
    line: int | None = None
    exit_code: int = 2


def _text(content: str, name: str = "patient.vcf") -> Callable[[Path], str]:
    return _bytes(content.encode(), name)


def _bytes(content: bytes, name: str = "patient.vcf") -> Callable[[Path], str]:
    def make(folder: Path) -> str:
        (folder / name).write_bytes(content)
        return name

    return make


def _directory(folder: Path) -> str:
    (folder / "patient.vcf").mkdir()
    return "patient.vcf"


def _unreadable(folder: Path) -> str:
    path = folder / "patient.vcf"
    path.write_text(GOOD)
    path.chmod(0)
    return path.name


def _bgzf(folder: Path) -> tuple[Path, bytes]:
    path = render(person(2), STYLES["bgzf"], folder)[0]
    return path, path.read_bytes()


def _truncated_bgzf(folder: Path) -> str:
    path, data = _bgzf(folder)
    path.write_bytes(data[: len(data) // 2])
    return path.name


def _flipped_bgzf(folder: Path) -> str:
    """A byte of every checksum changed, so that whichever blocks are read are found to be damaged."""
    path, data = _bgzf(folder)
    damaged, at = bytearray(data), 0
    while at < len(data) - len(EOF):
        at += int.from_bytes(data[at + 16 : at + 18], "little") + 1
        damaged[at - 8] ^= 0xFF
    path.write_bytes(bytes(damaged))
    return path.name


def _flipped_gzip(folder: Path) -> str:
    data = bytearray(gzip.compress(GOOD.encode(), mtime=0))
    data[-8] ^= 0xFF
    return _bytes(bytes(data), "patient.vcf.gz")(folder)


def _unsorted_bgzf(folder: Path) -> str:
    rows = [f"chr10\t{position}\t.\tG\tA\t.\tPASS\t.\tGT\t0/1\n" for position in range(94_000_000, 95_000_000, 5_000)]
    text = (HEADER + "".join(reversed(rows)) + "chr7\tnot-a-number\t.\tG\tA\t.\tPASS\t.\tGT\t0/1\n").encode()
    blocks = b"".join(bgzf_block(text[start : start + 900]) for start in range(0, len(text), 900))
    return _bytes(blocks + EOF, "patient.vcf.gz")(folder)


def _long_line(folder: Path) -> str:
    """100 MB in one line."""
    path = folder / "patient.vcf"
    with path.open("wb") as stream:
        stream.write(HEADER.encode() + b"chr10\t94781859\t.\tG\t")
        for _ in range(100):
            stream.write(b"A" * 1_000_000)
        stream.write(b"\t.\tPASS\t.\tGT\t0/1\n")
    return path.name


def _with(record: str) -> Callable[[Path], str]:
    return _text(HEADER + RECORD + record + "\n")


_TWICE = GOOD.replace("\tS1\n", "\tS1\tS1\n").replace("0/1", "0/1\t0/1")
_TUMOUR = GOOD.replace("##contig=<ID=chr7", "##tumor_sample=S1\n##contig=<ID=chr7")
_TUMOUR_COLUMNS = GOOD.replace("\tS1\n", "\tNORMAL\tTUMOR\n").replace("\t0/1\n", "\t0/0\t0/1\n")

CASES = (
    Case("empty_file", "FILE_EMPTY", _text("")),
    Case("empty_gzip", "FILE_EMPTY", _bytes(gzip.compress(b"", mtime=0), "patient.vcf.gz")),
    Case("directory", "FILE_UNREADABLE", _directory),
    Case("missing", "FILE_NOT_FOUND", lambda _: "patient.vcf"),
    Case("unreadable", "FILE_UNREADABLE", _unreadable),
    Case("not_a_vcf", "NOT_VCF", _text("name,address\nA. Nobody,1 Some Street\n")),
    Case("binary_junk", "NOT_VCF", _bytes(bytes(range(256)) * 64)),
    Case("truncated_gzip", "FILE_DAMAGED", _bytes(gzip.compress(GOOD.encode(), mtime=0)[:-20], "patient.vcf.gz")),
    Case("truncated_bgzf", "FILE_DAMAGED", _truncated_bgzf),
    Case("bad_crc_gzip", "FILE_DAMAGED", _flipped_gzip),
    Case("bad_crc_bgzf", "FILE_DAMAGED", _flipped_bgzf),
    Case("no_header", "BAD_HEADER|NOT_VCF", _text(RECORD)),
    Case("no_column_line", "BAD_HEADER", _text("##fileformat=VCFv4.2\n" + RECORD), line=2),
    Case("no_gt", "NO_GENOTYPES", _text(GOOD.replace("GT\t0/1", "DP\t30"))),
    Case("no_samples", "NO_GENOTYPES", _text(GOOD.replace("\tFORMAT\tS1\n", "\n").replace("\tGT\t0/1\n", "\n"))),
    Case("no_such_sample", "SAMPLE_NOT_FOUND", _text(GOOD), ("--sample", "NOBODY")),
    Case(
        "duplicate_samples", "DUPLICATE_SAMPLE", _text(GOOD.replace("\tS1\n", "\tS1\tS1\n").replace("0/1", "0/1\t0/1"))
    ),
    Case("unsorted_bgzf_with_a_bad_record", "BAD_RECORD|UNSORTED", _unsorted_bgzf),
    Case("no_build", "BUILD_UNKNOWN", _text(re.sub(r",length=\d+", "", GOOD))),
    Case("two_builds", "BUILD_CONFLICT", _text(GOOD.replace("length=133797422", "length=135534747"))),
    Case("contigs_against_the_option", "BUILD_CONFLICT", _text(GOOD), ("--build", "GRCh37")),
    Case(
        "no_known_chromosome",
        "NO_CHROMOSOMES",
        _text(GOOD.replace("chr10", "scaffold_10").replace("chr7", "scaffold_7")),
        ("--build", "GRCh38"),
    ),
    Case("negative_position", "BAD_RECORD", _with("chr10\t-94781860\t.\tG\tA\t.\tPASS\t.\tGT\t0/1"), line=6),
    Case("position_is_text", "BAD_RECORD", _with("chr10\tx\t.\tG\tA\t.\tPASS\t.\tGT\t0/1"), line=6),
    Case("huge_position", "BAD_RECORD", _with("chr10\t99999999999999999999\t.\tG\tA\t.\tPASS\t.\tGT\t0/1"), line=6),
    Case("too_few_columns", "BAD_RECORD", _with("chr10\t94781860\t.\tG"), line=6),
    Case("gt_out_of_range", "BAD_ALLELE_INDEX", _text(GOOD.replace("0/1", "0/2")), line=5),
    Case("gt_is_text", "BAD_ALLELE_INDEX|BAD_RECORD", _text(GOOD.replace("0/1", "A/B")), line=5),
    Case("long_line", "LINE_TOO_LONG", _long_line),
    Case("nul_bytes", "NOT_TEXT|BAD_RECORD|NOT_VCF", _bytes(GOOD.replace("PASS", "PA\0SS").encode())),
    Case("not_utf8", "NOT_TEXT", _bytes(GOOD.replace("S1", "S\u00e9").encode("latin-1"))),
    Case("tumour_header", "TUMOUR_FILE", _text(_TUMOUR)),
    Case("tumour_columns", "TUMOUR_FILE", _text(_TUMOUR_COLUMNS)),
    Case("unknown_gene", "UNKNOWN_GENE", _text(GOOD), ("--gene", "CYP2C91")),
    Case("unknown_drug", "UNKNOWN_DRUG", _text(GOOD), ("--drug", "clopidogril")),
    Case("missing_outside_calls", "FILE_NOT_FOUND", _text(GOOD), ("--outside", "none.tsv")),
    Case("missing_bed", "FILE_NOT_FOUND", _text(GOOD), ("--callable", "none.bed")),
    Case("negative_depth", "BAD_OPTION", _text(GOOD), ("--min-dp", "-1")),
    Case("share_above_one", "BAD_OPTION", _text(GOOD), ("--min-gp", "90")),
)


def _run(folder: Path, *arguments: str) -> Finished:
    return run(*arguments, cwd=folder)


def _assert_refused(found: Finished, exit_code: int, code: str) -> None:
    assert found.code == exit_code, found.err
    assert "Traceback" not in found.err
    lines = found.err.strip().splitlines()
    assert len(lines) == 1, found.err
    assert re.search(rf"\[({code})\]$", lines[0]), lines[0]
    assert found.out == ""


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_refused(case: Case, tmp_path: Path) -> None:
    """One line, the documented exit code, nothing written."""
    if case.name == "unreadable" and os.geteuid() == 0:
        pytest.skip("root reads everything")
    name = case.make(tmp_path)
    before = sorted(path.name for path in tmp_path.iterdir())
    found = _run(tmp_path, "report", name, "-o", "out.json", *case.options)
    _assert_refused(found, case.exit_code, case.code)
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    if not case.options or case.name == "no_known_chromosome":
        assert name in found.err
    if case.line is not None:
        assert f"{name}:{case.line}:" in found.err


def test_check_of_an_unknown_drug(tmp_path: Path) -> None:
    """A misspelt drug is an error that names what is near and says that silence is not safety."""
    (tmp_path / "patient.vcf").write_text(GOOD)
    found = _run(tmp_path, "check", "clopidogril", "patient.vcf")
    _assert_refused(found, 2, "UNKNOWN_DRUG")
    assert "clopidogrel" in found.err
    assert "not a statement of safety" in found.err


@pytest.mark.parametrize("target", ["missing/out.json", "patient.vcf/out.json"])
def test_output_folder_missing(target: str, tmp_path: Path) -> None:
    """The output folder must exist; the input is not touched."""
    (tmp_path / "patient.vcf").write_text(GOOD)
    found = _run(tmp_path, "report", "patient.vcf", "-o", target)
    _assert_refused(found, 2, "OUTPUT_UNWRITABLE")
    assert [path.name for path in tmp_path.iterdir()] == ["patient.vcf"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="missing tool: /dev/full")
def test_output_device_full(tmp_path: Path) -> None:
    """A full device is one line as well, also where the output goes to the screen."""
    (tmp_path / "patient.vcf").write_text(GOOD)
    with Path("/dev/full").open("w") as full:
        found = subprocess.run(
            [sys.executable, "-m", "starling", "report", "patient.vcf", "--format", "json"],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=120,
            check=False,
        )
    assert found.returncode == 2
    assert "Traceback" not in found.stderr
    assert "[OUTPUT_UNWRITABLE]" in found.stderr


def test_existing_output_survives_a_failure(tmp_path: Path) -> None:
    """An older report is not replaced by half of a new one."""
    (tmp_path / "patient.vcf").write_text(GOOD.replace("0/1", "0/2"))
    (tmp_path / "out.json").write_text("the report of yesterday")
    found = _run(tmp_path, "report", "patient.vcf", "-o", "out.json")
    _assert_refused(found, 2, "BAD_ALLELE_INDEX")
    assert (tmp_path / "out.json").read_text() == "the report of yesterday"


def test_several_people_on_one_page_are_refused(tmp_path: Path) -> None:
    """A single page for several people would mix patients."""
    (tmp_path / "patient.vcf").write_text(GOOD.replace("\tS1\n", "\tS1\tS2\n").replace("0/1", "0/1\t0/0"))
    found = _run(tmp_path, "report", "patient.vcf", "-o", "out.html")
    _assert_refused(found, 2, "SEVERAL_PATIENTS")
    assert not (tmp_path / "out.html").exists()


@pytest.mark.parametrize(
    "content",
    [GOOD.replace("\n", "\r\n"), GOOD.rstrip("\n"), "\ufeff" + GOOD, GOOD + "\n"],
    ids=["crlf", "no_last_newline", "byte_order_mark", "blank_last_line"],
)
def test_harmless_oddities_are_read(content: str, tmp_path: Path) -> None:
    """What Windows editors do to a file changes nothing."""
    (tmp_path / "patient.vcf").write_bytes(content.encode())
    (tmp_path / "plain.vcf").write_text(GOOD)
    reports = []
    for name in ("patient.vcf", "plain.vcf"):
        found = _run(tmp_path, "report", name, "--format", "tsv")
        assert found.code == 0, found.err
        reports.append(re.sub(r"\b[0-9a-f]{64}\b", "", found.out))  # the digests cover the size of the input
    assert reports[0] == reports[1]


def test_ref_that_contradicts_the_build_is_a_nocall_with_a_warning(tmp_path: Path) -> None:
    """A record whose REF is not the reference is not used; nothing could be called is exit code 5."""
    (tmp_path / "patient.vcf").write_text(GOOD.replace("\tG\tA\t", "\tC\tA\t"))
    found = _run(tmp_path, "report", "patient.vcf", "-o", "out.json")
    assert found.code == 5, found.err
    assert "REF_MISMATCH" in (tmp_path / "out.json").read_text()
