"""What `starling.formats.seek` promises for files too large to walk whole chromosomes of: more than 1 MiB."""

from __future__ import annotations

import random
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import pytest

from starling.errors import InputError
from starling.formats.vcf import Region, open_vcf
from tests.simulators.vcf_files import Line, block, body, header, snv, touching, write

CONTIGS = ("chr1", "chr2")
INDEXED = ("tbi", "csi", "tabix-tbi", "tabix-csi")
STRUCTURAL = ("##ALT=<ID=DEL,Description=Deletion>",)


def padding(draw: random.Random, size: int = 400) -> str:
    return ";X=" + draw.randbytes(size // 2).hex()


def small_variants(draw: random.Random, *, longest: int, count: int = 4_000) -> list[Line]:
    lines = []
    for name in CONTIGS:
        for position in sorted(draw.sample(range(1, 3_000_000), count)):
            length = draw.randrange(1, longest) if draw.random() < 0.02 else 1
            lines.append(snv(name, position, ref="A" * length, info="AC=1" + padding(draw)))
    return lines


def tiles(draw: random.Random, dialect: str) -> list[Line]:
    """Blocks and variants that do not overlap, some blocks longer than a million bases; deletions reach into blocks."""
    lines: list[Line] = []
    for name in CONTIGS:
        position = draw.randrange(1, 50)
        for _ in range(4_000):
            width = draw.choice((1, 5, 60, 900, 1_200_000 if draw.random() < 0.02 else 3_000))
            if draw.random() < 0.2:
                length = draw.choice((1, 1, 4, 300))
                lines.append(snv(name, position, ref="A" * length, info="AC=1" + padding(draw), alt="G,<NON_REF>"))
                width = 1
            else:
                lines.append(block(name, position, position + width - 1, dialect=dialect, pad=padding(draw)))
            position += width + draw.choice((0, 0, 0, 7))
    return lines


def structural(draw: random.Random, *, longest: int) -> list[Line]:
    lines = small_variants(draw, longest=50)
    for number in range(0, len(lines), 40):
        line = lines[number]
        length = draw.randrange(1, longest)
        info = f"SVTYPE=DEL;END={line.position + length}" if number % 80 else f"SVTYPE=DEL;SVLEN=-{length}"
        changed = snv(line.name, line.position, alt="<DEL>", info=info + padding(draw))
        lines[number] = Line(line.name, line.position, line.position + length, changed.text)
    return lines


def regions_of(draw: random.Random, lines: list[Line], count: int = 80) -> list[tuple[str, int, int]]:
    largest = max(line.position for line in lines if line.name == "chr1")
    starts = (draw.randrange(1, largest) for _ in range(count))
    return [(draw.choice(CONTIGS), start, start + draw.choice((0, 0, 3, 40))) for start in starts]


class Asked(NamedTuple):
    """Lines, where is asked, and the records (chromosome, position, end) that must be found there."""

    lines: list[Line]
    regions: list[tuple[str, int, int]]
    expected: list[tuple[str, int, int]]


def asked(draw: random.Random, lines: list[Line]) -> Asked:
    regions = regions_of(draw, lines)
    wanted = set(touching(lines, regions))
    return Asked(lines, regions, [(line.name, line.position, line.end) for line in lines if line.text in wanted])


@lru_cache(maxsize=1)
def deletions(seed: int) -> Asked:
    """Made once for all forms, which follow each other."""
    draw = random.Random(seed)
    return asked(draw, small_variants(draw, longest=10_000))


@lru_cache(maxsize=1)
def blocks(dialect: str, seed: int) -> Asked:
    """Made once for all forms, which follow each other."""
    draw = random.Random(seed)
    return asked(draw, tiles(draw, dialect))


def check(folder: Path, form: str, of: Asked, extra: tuple[str, ...] = ()) -> int:
    """How many records are found, all of them right."""
    text = header(CONTIGS, extra=extra) + body(of.lines)
    path = write(folder, form, text, block_size=9_000, level=0)
    assert path.stat().st_size > 2**20
    with open_vcf(path) as vcf:
        found = [
            (record.chromosome, record.position, record.end)
            for record in vcf.fetch([Region(*region) for region in of.regions])
        ]
        assert vcf.reader == ("index" if form != "bgzf" else "bisect")
        assert vcf.notes == ()
    assert found == of.expected
    return len(found)


@pytest.mark.parametrize("form", ["bgzf", *INDEXED])
@pytest.mark.parametrize("seed", range(4))
def test_sequence_resolved_deletions_up_to_10_000_bases(tmp_path: Path, form: str, seed: int) -> None:
    assert check(tmp_path, form, deletions(seed))


@pytest.mark.parametrize("form", ["bgzf", *INDEXED])
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("dialect", ["gatk", "deepvariant", "strelka", "v45"])
def test_reference_blocks_of_any_length(tmp_path: Path, form: str, dialect: str, seed: int) -> None:
    assert check(tmp_path, form, blocks(dialect, seed)) > 10


@pytest.mark.parametrize("seed", range(3))
def test_structural_variants_up_to_a_million_bases(tmp_path: Path, seed: int) -> None:
    draw = random.Random(seed)
    assert check(tmp_path, "bgzf", asked(draw, structural(draw, longest=1_000_000)), STRUCTURAL)


@pytest.mark.parametrize("form", INDEXED)
def test_with_an_index_structural_variants_of_any_length(tmp_path: Path, form: str) -> None:
    draw = random.Random(9)
    lines = structural(draw, longest=2_900_000)
    stated = [line for line in lines if "SVLEN" not in line.text]
    assert check(tmp_path, form, asked(draw, stated))


def test_few_blocks_are_inflated(tmp_path: Path) -> None:
    draw = random.Random(1)
    lines = small_variants(draw, longest=2, count=20_000)
    path = write(tmp_path, "bgzf", header(CONTIGS) + body(lines), block_size=9_000, level=0)
    with open_vcf(path) as vcf:
        assert len(list(vcf.fetch([Region("chr1", line.position, line.position) for line in lines[:9_000:900]]))) >= 10
        assert vcf.blocks_inflated is not None
        assert vcf.blocks_inflated < 90
        count = vcf.record_count
    assert count is not None
    assert 0.8 * len(lines) <= count <= 1.2 * len(lines)


def test_damage_where_records_are_looked_for_is_an_error_and_elsewhere_is_not(tmp_path: Path) -> None:
    draw = random.Random(1)
    lines = small_variants(draw, longest=2)
    path = write(tmp_path, "bgzf", header(CONTIGS) + body(lines), block_size=9_000, level=0)
    data = bytearray(path.read_bytes())
    place = data.find(lines[3_000].text.encode())
    data[place + 200] ^= 1
    path.write_bytes(data)
    with open_vcf(path) as vcf, pytest.raises(InputError) as caught:
        list(vcf.fetch([Region("chr1", lines[3_000].position, lines[3_000].position)]))
    assert caught.value.code == "FILE_DAMAGED"
    with open_vcf(path) as vcf:
        assert len(list(vcf.fetch([Region("chr1", lines[100].position, lines[100].position)]))) == 1
