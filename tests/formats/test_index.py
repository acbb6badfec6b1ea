"""When an index beside a file is read, what is done with one that does not fit, and how much work it saves or costs."""

from __future__ import annotations

import gzip
import os
import random
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from starling.formats.bgzf import BlockFile
from starling.formats.tabix import read_index
from starling.formats.vcf import Region, open_vcf
from tests.effort import examples
from tests.simulators.vcf_files import Line, block, body, header, snv, touching, write

CONTIGS = ("chr1", "chr2")
DELETIONS = ("##ALT=<ID=DEL,Description=Deletion>",)
INDEXED = ("tbi", "csi", "tabix-tbi", "tabix-csi")


def tiles(*, count: int = 12_000, width: int = 600, samples: int = 1) -> list[Line]:
    """Blocks side by side; with several samples, of all of them."""
    draw = random.Random(7)
    lines = []
    for name in CONTIGS:
        for number in range(count // len(CONTIGS)):
            line = block(name, 1 + width * number, width * (number + 1), pad=";X=" + draw.randbytes(60).hex())
            more = "\t0/0:30" * (samples - 1)
            lines.append(Line(line.name, line.position, line.end, line.text + more))
    return lines


def regions_in(lines: list[Line], count: int) -> list[tuple[str, int, int]]:
    draw = random.Random(8)
    return [(line.name, line.position + 30, line.position + 40) for line in draw.sample(lines, count)]


def positions(
    path: Path, regions: list[tuple[str, int, int]]
) -> tuple[list[tuple[str, int]], str, tuple[str, ...], int]:
    """(records found, reader, notes, blocks inflated)."""
    with open_vcf(path) as vcf:
        found = [(record.chromosome, record.position) for record in vcf.fetch([Region(*one) for one in regions])]
        return found, vcf.reader, vcf.notes, vcf.blocks_inflated or 0


def expected(lines: list[Line], regions: list[tuple[str, int, int]]) -> list[tuple[str, int]]:
    wanted = set(touching(lines, regions))
    return [(line.name, line.position) for line in lines if line.text in wanted]


def large(folder: Path, form: str, lines: list[Line], *, extra: tuple[str, ...] = (), samples: int = 1) -> Path:
    names = tuple(f"S{number}" for number in range(samples))
    path = write(folder, form, header(CONTIGS, names, extra) + body(lines), block_size=9_000, level=0)
    assert path.stat().st_size > 2**20
    return path


@pytest.mark.parametrize("form", INDEXED)
def test_an_index_makes_no_gvcf_slower(tmp_path: Path, form: str) -> None:
    lines = tiles()
    regions = regions_in(lines, 25)
    without = positions(large(tmp_path, "bgzf", lines), regions)
    beside = positions(large(tmp_path, form, lines), regions)
    assert without[0] == beside[0] == expected(lines, regions)
    assert beside[3] <= without[3]
    # A block per region, another where lines cross a border or the reach does.
    assert without[3] <= 3 * len(regions)


@pytest.mark.parametrize("form", INDEXED)
def test_an_index_is_clipped_to_what_its_linear_part_knows(tmp_path: Path, form: str) -> None:
    path = large(tmp_path, form, tiles())
    index = read_index(path.with_name(path.name + "." + form[-3:]))
    size = path.stat().st_size
    for start in range(100_000, 3_000_000, 100_000):
        chunks = index.chunks(b"chr1", start, start)
        assert chunks
        assert chunks == sorted(chunks)
        if "tbi" in form:
            least = index.start(b"chr1", start)
            assert least is not None
            assert all(begin >= least for begin, _ in chunks)
            # From the first record of a window of 16,384 bases on: a few blocks, however far its bin reaches back.
            assert (chunks[-1][1] >> 16) - (chunks[0][0] >> 16) < size / 2


@pytest.mark.parametrize("form", INDEXED)
def test_the_index_of_several_people_finds_a_long_deletion_with_little_work(tmp_path: Path, form: str) -> None:
    lines = tiles(samples=2)
    far = snv("chr1", 50_000, ref="A", alt="<DEL>", info="SVTYPE=DEL;END=3_000_000".replace("_", ""), samples=2)
    at = next(number for number, line in enumerate(lines) if line.position > 50_000)
    lines.insert(at, Line("chr1", 50_000, 3_000_000, far.text))
    regions = [("chr1", 2_999_990, 2_999_995)]
    found, reader, notes, inflated = positions(large(tmp_path, form, lines, samples=2), regions)
    assert found == expected(lines, regions)
    assert found[0] == ("chr1", 50_000)
    assert (reader, notes) == ("index", ())
    if "tbi" in form:
        assert inflated < 90


def with_a_large_index(folder: Path, form: str) -> tuple[Path, Path, list[Line], list[tuple[str, int, int]]]:
    """Many variants without spans: the file, its index, the lines, and some of their places."""
    draw = random.Random(2)
    lines = [
        snv(name, position, info="X=" + draw.randbytes(30).hex())
        for name in CONTIGS
        for position in sorted(draw.sample(range(1, 240_000_000), 9_000))
    ]
    path = large(folder, form, lines)
    beside = path.with_name(f"{path.name}.{form.removeprefix('tabix-')}")
    assert beside.stat().st_size > 65_536
    return path, beside, lines, [(line.name, line.position, line.position) for line in lines[::900]]


@pytest.mark.parametrize("form", ["tabix-tbi", "tabix-csi"])
def test_an_index_newer_than_its_file_spares_the_heads_of_most_blocks(
    tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, beside, lines, regions = with_a_large_index(tmp_path, form)
    looked_at: list[int] = []
    real = BlockFile.peek

    def peek(file: BlockFile, offset: int, size: int) -> bytes:
        looked_at.append(offset)
        return real(file, offset, size)

    monkeypatch.setattr(BlockFile, "peek", peek)
    monkeypatch.setattr(BlockFile, "beginnings", None)
    found, reader, notes, _ = positions(path, regions)
    assert (found, reader, notes) == (expected(lines, regions), "index", ())
    assert len(set(looked_at)) <= 64 + 4 * len(regions)
    with open_vcf(path) as vcf:
        assert (vcf.order, vcf.record_count) == ("index", len(lines))
    with pytest.raises(TypeError, match="not callable"):  # where silence counts, all heads are read
        open_vcf(path, silence_counts=True)
    beside.write_bytes(b"junk" * 20_000)
    monkeypatch.undo()
    found, reader, notes, _ = positions(path, regions)
    assert (found, reader) == (expected(lines, regions), "bisect")
    assert notes and "was not used" in notes[0]


def test_a_large_index_older_than_its_file_that_can_find_nothing_more_is_not_read(tmp_path: Path) -> None:
    path, beside, lines, regions = with_a_large_index(tmp_path, "tabix-tbi")
    os.utime(beside, ns=(0, 0))
    found, reader, _, inflated = positions(path, regions)
    assert (found, reader) == (expected(lines, regions), "bisect")
    assert inflated <= 3 * len(regions)
    with open_vcf(path) as vcf:
        assert vcf.record_count == len(lines)
    beside.write_bytes(b"junk" * 20_000)
    os.utime(beside, ns=(0, 0))
    found, reader, notes, _ = positions(path, regions)
    assert (found, reader, notes) == (expected(lines, regions), "bisect", ())


@pytest.mark.parametrize("form", INDEXED)
@pytest.mark.parametrize("kind", ["variants", "gvcf"])
def test_where_long_deletions_are_written_out_the_index_finds_the_longest(tmp_path: Path, form: str, kind: str) -> None:
    lines = list(with_long_deletions(kind))
    regions = [("chr1", 100_085_000, 100_085_010), *regions_in(lines, 100)]
    path = large(tmp_path, form, lines)
    found, reader, notes, _ = positions(path, regions)
    assert found == expected(lines, regions)
    assert (reader, notes) == ("index", ())
    assert ("chr1", 100_000_001) in found


@cache
def with_long_deletions(kind: str) -> tuple[Line, ...]:
    """Variants every 30,000 bases, some of them deletions, and one of 90,000 bases."""
    draw = random.Random(4)
    lines = []
    for name in CONTIGS:
        for position in range(5_000, 200_000_000, 30_000):
            length = draw.choice((1_500, 3_000)) if draw.random() < 0.02 else 1
            bases = "".join(draw.choices("ACGT", k=length))
            alt = bases[0] if kind == "variants" else bases[0] + ",<NON_REF>"
            lines.append(snv(name, position, ref=bases, alt=alt, info="X=" + draw.randbytes(30).hex()))
            if kind == "gvcf":
                lines.append(block(name, position + length, position + 29_999))
    long = snv("chr1", 100_000_001, ref="".join(draw.choices("ACGT", k=90_000)))
    lines.insert(next(number for number, line in enumerate(lines) if line.position > long.position), long)
    return tuple(lines)


@pytest.mark.parametrize("damage", ["junk", "cut", "other", "empty", "stale"])
def test_an_index_that_does_not_fit_is_left_aside(tmp_path: Path, damage: str) -> None:
    lines = tiles()
    regions = regions_in(lines, 60)
    path = large(tmp_path, "tbi", lines, extra=DELETIONS)
    beside = path.with_name(path.name + ".tbi")
    if damage == "junk":
        beside.write_bytes(random.Random(5).randbytes(5_000))
    elif damage == "cut":
        beside.write_bytes(beside.read_bytes()[:300])
    elif damage == "empty":
        beside.write_bytes(b"")
    else:
        (tmp_path / "other").mkdir()
        changed = lines[: 9_000 if damage == "stale" else 50]
        write(tmp_path / "other", "tbi", header(CONTIGS) + body(changed), block_size=1_700)
        beside.write_bytes((tmp_path / "other" / beside.name).read_bytes())
    found, reader, notes, _ = positions(path, regions)
    assert (found, reader) == (expected(lines, regions), "bisect")
    assert any("index" in note for note in notes)
    with open_vcf(path) as vcf:
        list(vcf.fetch([Region(*one) for one in regions]))
        count = vcf.record_count
    assert count is not None
    assert abs(count - len(lines)) < len(lines) / 10


def test_blocks_of_one_of_several_people_may_overlap_those_of_another(tmp_path: Path) -> None:
    def tile(name: str, position: int, lengths: tuple[int, int]) -> Line:
        columns = [f"0/0:30:{length}" if length else "./.:.:." for length in lengths]
        fixed = [name, str(position), ".", "A", "<*>", ".", ".", "X=" + "x" * 20, "GT:DP:LEN"]
        return Line(name, position, position + max(lengths) - 1, "\t".join([*fixed, *columns]))

    lines = []
    for name in CONTIGS:
        for start in range(1, 10_000_000, 50_000):
            lines.append(tile(name, start, (50_000, 500)))
            lines += [tile(name, start + 500 * number, (0, 500)) for number in range(1, 100)]
    regions = [("chr1", 4_545_100, 4_545_110), ("chr2", 8_649_900, 8_649_900)]
    found, reader, _, _ = positions(large(tmp_path, "bgzf", lines, samples=2), regions)
    assert (found, reader) == (expected(lines, regions), "bisect")
    assert len(found) == 4


@pytest.fixture(scope="module")
def of_two(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("two")
    return {form: large(folder, form, tiles(samples=2), samples=2) for form in ("tbi", "csi")}


@settings(max_examples=examples(20, 60), deadline=None)
@given(st.sampled_from(["tbi", "csi"]), st.integers(0, 2**32))
def test_changed_indexes_change_no_record(
    tmp_path_factory: pytest.TempPathFactory, of_two: dict[str, Path], form: str, seed: int
) -> None:
    draw = random.Random(seed)
    source = of_two[form]
    index = bytearray(gzip.decompress(source.with_name(f"{source.name}.{form}").read_bytes()))
    for _ in range(draw.randrange(1, 30)):
        at = draw.randrange(8, len(index))
        if draw.random() < 0.8:
            index[at] = draw.randrange(256)
        elif draw.random() < 0.5:
            del index[at : at + draw.randrange(40)]
        else:
            index[at:at] = draw.randbytes(draw.randrange(40))
    path = tmp_path_factory.mktemp("index") / "x.vcf.gz"
    path.hardlink_to(source)
    path.with_name(f"x.vcf.gz.{form}").write_bytes(gzip.compress(bytes(index), 1))
    lines = tiles(samples=2)
    regions = regions_in(lines, 12)
    found, reader, notes, _ = positions(path, regions)
    assert found == expected(lines, regions)
    assert (reader == "bisect") == bool(notes)
