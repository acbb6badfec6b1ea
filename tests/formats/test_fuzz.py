"""Whatever bytes come: an answer or an InputError, nothing else."""

from __future__ import annotations

import contextlib
import gzip
import random
import warnings
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from starling.errors import InputError
from starling.formats.bed import read_bed
from starling.formats.bgzf import BgzfWriter
from starling.formats.content import Opening
from starling.formats.markers import MarkerTable
from starling.formats.outside import parse_outside_calls, read_outside_calls
from starling.formats.registry import open_file, states_results
from starling.formats.vcf import Region, open_vcf
from tests.simulators.vcf_files import block, body, header, snv, write

REGIONS = [Region("chr1", 1, 3_000), Region("chr2", 500, 500), Region("chrM", 1, 16_569)]
LINES = [snv("chr1", 10 * number, ref="AC") for number in range(1, 60)] + [
    block("chr2", 100 * number, 100 * number + 99, dialect=("gatk", "v45")[number % 2]) for number in range(1, 20)
]
TEXT = header(("chr1", "chr2", "chrM")) + body(LINES)
CHUNKS = [
    b"\0",
    b"\t",
    b"\n",
    b"\r",
    b"#",
    b"-",
    b"chr1\t",
    b"9" * 12,
    b"END=",
    b"LEN",
    b"\xff",
    b"<",
    b"\x1f\x8b\x08\x04",
]


def read(path: Path) -> None:
    with contextlib.suppress(InputError), open_vcf(path) as vcf:
        for record in vcf.fetch(REGIONS):
            assert record.end >= record.position
            record.sample(0)
        vcf.has_record_near("chr1", 1, 100_000)
        assert (vcf.record_count or 0) >= 0


@pytest.fixture(scope="module")
def forms(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("good")
    return {form: write(folder, form, TEXT, block_size=400) for form in ("plain", "gzip", "bgzf", "tbi", "csi")}


def changed(data: bytes, draw: random.Random) -> bytes:
    for _ in range(draw.randrange(1, 5)):
        at = draw.randrange(len(data) + 1)
        match draw.randrange(5):
            case 0:
                data = data[:at] + bytes([draw.randrange(256)]) + data[at + 1 :]
            case 1:
                data = data[:at] + draw.choice(CHUNKS) + data[at:]
            case 2:
                data = data[:at] + data[at + draw.randrange(40) :]
            case 3:
                data = data[:at] + data[at // 2 : at // 2 + draw.randrange(200)] + data[at:]
            case _:
                data = data[:at] if draw.random() < 0.2 else data
    return data


@settings(max_examples=60)
@given(st.binary(max_size=300), st.booleans(), st.booleans())
def test_any_bytes(tmp_path_factory: pytest.TempPathFactory, data: bytes, headed: bool, zipped: bool) -> None:
    path = tmp_path_factory.mktemp("any") / "x.vcf"
    data = header(("chr1",)).encode() + data if headed else data
    path.write_bytes(gzip.compress(data) if zipped else data)
    read(path)
    with contextlib.suppress(InputError):
        read_bed(path)
    with contextlib.suppress(InputError):
        read_outside_calls(path)


@settings(max_examples=150)
@given(st.sampled_from(["plain", "gzip", "bgzf"]), st.integers(0, 2**32))
def test_changed_files(tmp_path_factory: pytest.TempPathFactory, forms: dict[str, Path], form: str, seed: int) -> None:
    path = tmp_path_factory.mktemp("changed") / "x.vcf.gz"
    path.write_bytes(changed(forms[form].read_bytes(), random.Random(seed)))
    read(path)


@settings(max_examples=150)
@given(st.integers(0, 2**32), st.integers(20, 2_000), st.sampled_from(["bgzf", "tbi", "gzip"]))
def test_changed_text_in_sound_files(
    tmp_path_factory: pytest.TempPathFactory, seed: int, block_size: int, form: str
) -> None:
    path = tmp_path_factory.mktemp("text") / "x.vcf.gz"
    data = changed(TEXT.encode(), random.Random(seed))
    with path.open("wb") as stream:
        if form == "gzip":
            stream.write(gzip.compress(data))
        else:
            with BgzfWriter(stream, text_per_block=block_size) as writer:
                writer.write(data)
    read(path)


NAMES = st.sampled_from(["", "a.txt", "x/", "x/data.tsv", "x/metadata.txt", ".hidden", "__MACOSX/a", "b.vcf"])
CONTENTS = st.binary(max_size=60) | st.sampled_from(
    [
        b"# rsid\tchromosome\tposition\tgenotype\nrs1\t1\t100\tAG\n",
        b"\tGenotype\tPhenotype\tHaplotype1\tHaplotype2\nS\t*1/*2\tx\t\t\n",
        b"Gene=CYP2D6\nSemanticType=SampleTable[Results]\n",
    ]
)


def any_reader(path: Path) -> None:
    """An archive, a table of markers or of results: whoever reads it answers or refuses."""
    for read_any in (read_outside_calls, states_results):
        with contextlib.suppress(InputError):
            read_any(path)
    with contextlib.suppress(InputError):
        content = open_file(path, Opening())
        if not isinstance(content, MarkerTable):
            content.close()


@settings(max_examples=120)
@given(st.lists(st.tuples(NAMES, CONTENTS), max_size=4), st.integers(0, 2**32), st.booleans())
def test_any_archive(
    tmp_path_factory: pytest.TempPathFactory, files: list[tuple[str, bytes]], seed: int, damaged: bool
) -> None:
    path = tmp_path_factory.mktemp("archive") / "x.zip"
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w") as archive:
        warnings.simplefilter("ignore")  # two files of one name
        for name, data in files:
            archive.writestr(zipfile.ZipInfo(name), data)
    if damaged:
        path.write_bytes(changed(path.read_bytes(), random.Random(seed)))
    any_reader(path)


@settings(max_examples=80)
@given(CONTENTS, st.integers(0, 2**32))
def test_any_packed_result(tmp_path_factory: pytest.TempPathFactory, data: bytes, seed: int) -> None:
    path = tmp_path_factory.mktemp("packed") / "x.gz"
    path.write_bytes(changed(gzip.compress(data), random.Random(seed)))
    any_reader(path)


fields = st.sampled_from(["gene", "CYP2D6", "HLA-B", "*1/*4", "1.5", ">=3.0", "n/a", "", "#", "Diplotype", "1e9"])


@given(st.text() | st.lists(st.lists(fields | st.text(max_size=5)).map("\t".join)).map("\n".join))
def test_any_outside_call(text: str) -> None:
    try:
        calls = parse_outside_calls(text, source="x")
    except InputError as error:
        assert error.code == "BAD_OUTSIDE_CALL"
        assert error.line is not None
    else:
        assert all(call.gene and (call.diplotype or call.phenotype or call.activity_score) for call in calls)
