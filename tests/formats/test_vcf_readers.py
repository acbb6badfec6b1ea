"""Every reader gives what looking at every line gives, for any sorted content, and scans any content."""

from __future__ import annotations

import hashlib
import io
import random
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from starling.errors import InternalError
from starling.formats.vcf import Record, Region, VcfFile, open_vcf
from tests.simulators.vcf_files import FORMS, Line, block, body, header, snv, touching, write

CONTIGS = ("chr1", "chr2", "chrM")
#: Whole chromosomes of so small a file are walked, so an index beside it is not even read.
READER = {"plain": "scan", "gzip": "scan", "bgzf": "bisect", "tbi": "bisect", "csi": "bisect"}


def shown(record: Record) -> str:
    fields = [record.chromosome, str(record.position), record.ref, ",".join(record.alts), record.info, *record.columns]
    return "\t".join(fields)


def wanted_text(text: str) -> str:
    name, position, _, ref, alt, _, _, info, _, *columns = text.split("\t")
    return "\t".join([name, position, ref, "" if alt == "." else alt, info, *columns])


def fetched(vcf: VcfFile, regions: list[tuple[str, int, int]]) -> list[str]:
    return [shown(record) for record in vcf.fetch([Region(*region) for region in regions])]


def a_line(name: str, position: int, kind: int, span: int) -> Line:
    if kind == 0:
        return snv(name, position)
    if kind == 1:
        return snv(name, position, ref="A" * (1 + span % 40))
    if kind == 2:
        line = snv(name, position, info=f"AC=1;CIEND=-9,9;END={position + span};SVTYPE=DEL", alt="<DEL>")
        return replace(line, end=position + span)
    return block(name, position, position + span, dialect=("gatk", "deepvariant", "strelka", "v45")[kind % 4])


positions = st.integers(1, 3_000) | st.integers(1, 200_000_000)
line_parts = st.tuples(
    st.sampled_from(CONTIGS), positions, st.integers(0, 6), st.integers(0, 60) | st.integers(0, 50_000)
)
regions_asked = st.lists(
    st.tuples(st.sampled_from((*CONTIGS, "chrX")), positions, st.integers(0, 30)).map(
        lambda part: (part[0], part[1], part[1] + part[2])
    ),
    max_size=8,
)


def sorted_lines(parts: list[tuple[str, int, int, int]]) -> list[Line]:
    ordered = sorted(parts, key=lambda part: (CONTIGS.index(part[0]), part[1]))
    return [a_line(*part) for part in ordered]


@settings(max_examples=100)
@given(
    st.lists(line_parts, max_size=60),
    regions_asked,
    st.integers(20, 400),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([CONTIGS, (), ("chr2", "chr1", "chrM"), ("chr1", "chrM", "chr2"), ("chr7",)]),
)
def test_every_form_gives_the_same_records(
    tmp_path_factory: pytest.TempPathFactory,
    parts: list[tuple[str, int, int, int]],
    regions: list[tuple[str, int, int]],
    block_size: int,
    line_end: str,
    contigs: tuple[str, ...],
) -> None:
    folder = tmp_path_factory.mktemp("forms")
    lines = sorted_lines(parts)
    text = header(contigs).replace("\n", line_end) + body(lines, line_end)
    expected = [wanted_text(line) for line in touching(lines, regions)]
    for form in FORMS:
        with open_vcf(write(folder, form, text, block_size=block_size)) as vcf:
            assert fetched(vcf, regions) == expected, form
            assert vcf.record_count == len(lines)
            assert vcf.reader == READER[form] or not (lines and set(contigs) >= set(CONTIGS))


@settings(max_examples=50)
@given(st.lists(line_parts, max_size=40), regions_asked, st.integers(20, 400))
def test_records_in_any_order_are_found_in_file_order(
    tmp_path_factory: pytest.TempPathFactory,
    parts: list[tuple[str, int, int, int]],
    regions: list[tuple[str, int, int]],
    block_size: int,
) -> None:
    folder = tmp_path_factory.mktemp("order")
    lines = [a_line(*part) for part in parts]
    text = header(CONTIGS) + body(lines)
    for form in ("plain", "gzip"):
        with open_vcf(write(folder, form, text, block_size=block_size)) as vcf:
            assert fetched(vcf, regions) == [wanted_text(line) for line in touching(lines, regions)]
            assert vcf.record_count == len(lines)


def many(count: int, *, seed: int = 1, contigs: tuple[str, ...] = CONTIGS) -> list[Line]:
    draw = random.Random(seed)
    lines = []
    for name in contigs:
        length = 16_000 if name == "chrM" else 50_000_000
        lines += [
            a_line(name, position, draw.choice((0, 0, 0, 1)), draw.randrange(30))
            for position in sorted(draw.sample(range(1, length), count))
        ]
    return lines


def some_regions(lines: list[Line], count: int, *, seed: int = 2) -> list[tuple[str, int, int]]:
    draw = random.Random(seed)
    chosen = draw.sample(lines, count)
    return [(line.name, line.position - draw.randrange(5), line.position + draw.randrange(2_000)) for line in chosen]


@pytest.mark.parametrize("form", FORMS)
def test_a_file_of_many_records(tmp_path: Path, form: str) -> None:
    lines = many(6_000)
    regions = some_regions(lines, 120)
    with open_vcf(write(tmp_path, form, header(CONTIGS) + body(lines), block_size=3_000)) as vcf:
        assert fetched(vcf, regions) == [wanted_text(line) for line in touching(lines, regions)]
        assert fetched(vcf, regions[:3]) == [wanted_text(line) for line in touching(lines, regions[:3])]
        assert vcf.reader == READER[form]
        assert vcf.notes == ()
        assert not vcf.is_gvcf


@pytest.mark.parametrize("form", FORMS)
def test_whether_a_chromosome_has_records_nearby(tmp_path: Path, form: str) -> None:
    lines = [snv("chr1", 1_000 * number) for number in range(1, 400)] + [snv("chrM", 1_555)]
    with open_vcf(write(tmp_path, form, header(CONTIGS) + body(lines))) as vcf:
        list(vcf.fetch([Region("chr1", 5_000, 5_000)]))
        assert vcf.has_record_near("chr1", 100_000, 120_000)
        assert vcf.has_record_near("chrM", 1, 16_569)
        assert not vcf.has_record_near("chr1", 400_000, 900_000)
        assert not vcf.has_record_near("chr2", 1, 10**8)


@pytest.mark.parametrize("swap", ["positions", "contigs"])
@pytest.mark.parametrize("form", ["bgzf", "tbi"])
def test_an_unsorted_file_is_read_whole(tmp_path: Path, form: str, swap: str) -> None:
    lines = many(2_000)
    draw = random.Random(3)
    if swap == "positions":
        draw.shuffle(lines)
    else:
        lines = lines[:500] + lines[3_000:] + lines[500:3_000]
    regions = some_regions(lines, 60)
    with open_vcf(write(tmp_path, form, header(CONTIGS) + body(lines), block_size=2_000)) as vcf:
        assert fetched(vcf, regions) == [wanted_text(line) for line in touching(lines, regions)]
        assert vcf.reader == "scan"
        assert vcf.record_count == len(lines)
        assert any("read whole" in note for note in vcf.notes)


def test_disorder_met_late_loses_and_repeats_nothing(tmp_path: Path) -> None:
    lines = many(4_000, contigs=("chr1",))
    at = 3_001
    lines[at], lines[at + 1] = lines[at + 1], lines[at]
    regions = [("chr1", line.position, line.position) for line in (*lines[10:2_000:50], lines[at], lines[at + 1])]
    with open_vcf(write(tmp_path, "bgzf", header(CONTIGS) + body(lines), block_size=900)) as vcf:
        assert sorted(fetched(vcf, regions)) == sorted(wanted_text(line) for line in touching(lines, regions))
        assert vcf.reader == "scan"


@pytest.mark.parametrize("contigs", [(), ("chrM", "chr2", "chr1"), ("chr1", "chrM", "chr2")])
def test_an_order_of_contigs_that_the_header_does_not_state_is_found(tmp_path: Path, contigs: tuple[str, ...]) -> None:
    # chrM hides inside one block between two others.
    lines = [line for line in many(3_000) if line.name != "chrM"]
    at = next(number for number, line in enumerate(lines) if line.name == "chr2")
    lines[at:at] = [snv("chrM", 1_555), snv("chrM", 1_600)]
    regions = [*some_regions(lines, 40), ("chrM", 1_500, 1_556)]
    with open_vcf(write(tmp_path, "bgzf", header(contigs) + body(lines), block_size=2_000)) as vcf:
        assert fetched(vcf, regions) == [wanted_text(line) for line in touching(lines, regions)]
        assert vcf.reader == "bisect"


def test_standard_input_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = many(500)
    regions = some_regions(lines, 10)
    path = write(tmp_path, "bgzf", header(CONTIGS) + body(lines))
    with path.open("rb") as stream:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(stream))
        with open_vcf("-") as vcf:
            assert vcf.name == "stdin"
            assert fetched(vcf, regions) == [wanted_text(line) for line in touching(lines, regions)]
            assert vcf.reader == "scan"
            assert vcf.file_sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
            with pytest.raises(InternalError):
                list(vcf.fetch([]))


@pytest.mark.parametrize("form", FORMS)
def test_the_digest_of_a_file_that_is_asked_for_or_read_whole(tmp_path: Path, form: str) -> None:
    path = write(tmp_path, form, header(CONTIGS) + body(many(100)))
    expected = hashlib.sha256(path.read_bytes()).hexdigest()
    with open_vcf(path) as vcf:
        list(vcf.fetch([]))
        assert vcf.file_sha256 == (expected if vcf.reader == "scan" else None)
    with open_vcf(path, hash_input=True) as vcf:
        list(vcf.fetch([]))
        assert vcf.file_sha256 == expected


def test_progress_is_told_while_a_file_is_read_whole(tmp_path: Path) -> None:
    told: list[tuple[int, int | None]] = []
    path = write(tmp_path, "gzip", header(CONTIGS) + body(many(20_000, contigs=("chr1",))))
    with open_vcf(path, progress=lambda done, size: told.append((done, size))) as vcf:
        list(vcf.fetch([]))
    assert told[-1] == (path.stat().st_size, path.stat().st_size)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_bgzf_files_joined_end_to_end(tmp_path: Path) -> None:
    lines = many(2_000)
    first = write(tmp_path, "bgzf", header(CONTIGS) + body(lines[:2_500]), block_size=900).read_bytes()
    second = write(tmp_path, "bgzf", header(CONTIGS) + body(lines[2_500:]), block_size=900).read_bytes()
    path = tmp_path / "joined.vcf.gz"
    path.write_bytes(first + second)
    regions = some_regions(lines, 60)
    with open_vcf(path) as vcf:
        assert fetched(vcf, regions) == [wanted_text(line) for line in touching(lines, regions)]
        assert vcf.record_count == len(lines)


def test_lines_longer_than_many_blocks(tmp_path: Path) -> None:
    samples = tuple(f"S{number}" for number in range(3_000))
    lines = [snv("chr1", 1_000 * number, samples=len(samples)) for number in range(1, 120)]
    regions = [("chr1", 5_000, 5_000), ("chr1", 77_000, 78_000), ("chr1", 119_000, 119_001)]
    with open_vcf(write(tmp_path, "bgzf", header(CONTIGS, samples) + body(lines), block_size=1_000)) as vcf:
        assert fetched(vcf, regions) == [wanted_text(line) for line in touching(lines, regions)]
        record = next(vcf.fetch([Region("chr1", 5_000, 5_000)]))
        assert record.sample(2_999) == {"GT": "0/1"}
        assert len(record.columns) == 3_000


@pytest.mark.parametrize("dialect", ["gatk", "deepvariant", "strelka", "v45"])
@pytest.mark.parametrize("form", FORMS)
def test_a_gvcf_is_known_by_its_records(tmp_path: Path, form: str, dialect: str) -> None:
    lines = [block("chr1", 100 * number, 100 * number + 99, dialect=dialect) for number in range(1, 200)]
    with open_vcf(write(tmp_path, form, header(CONTIGS) + body(lines))) as vcf:
        assert len(list(vcf.fetch([Region("chr1", 5_050, 5_060)]))) == 1
        assert vcf.is_gvcf


@pytest.mark.parametrize("form", FORMS)
def test_a_genotyped_file_that_names_non_ref_in_its_header_is_no_gvcf(tmp_path: Path, form: str) -> None:
    text = header(CONTIGS, extra=["##ALT=<ID=NON_REF,Description=x>"]) + body(many(100))
    with open_vcf(write(tmp_path, form, text)) as vcf:
        list(vcf.fetch([Region("chr1", 1, 10**8)]))
        assert not vcf.is_gvcf
