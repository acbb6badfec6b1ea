"""A file that is not sorted is never bisected into a wrong answer, however it was made and whatever lies beside it."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from starling.errors import InputError
from starling.formats.lines import DisorderError
from starling.formats.order import Stretch, stretches
from starling.formats.vcf import Region, VcfFile, open_vcf
from tests.simulators.vcf_files import Line, body, header, snv, write

pytestmark = pytest.mark.untraced

CONTIGS = ("chr1", "chr2", "chr3")
RECORDS = 8_000
#: Of the record that moves: in the middle of chr2.
AT = RECORDS + RECORDS // 2
MOVES = {
    **{f"back {by}": AT - by for by in (3, 30, 300, 3_000)},
    **{f"on {by}": AT + by for by in (3, 30, 300, 3_000)},
    "to the start": 0,
    "to the end": 3 * RECORDS - 1,
    "to another contig": 2 * RECORDS + 500,
}


@cache
def lines() -> tuple[Line, ...]:
    draw = random.Random(5)
    return tuple(
        snv(name, position, info="X=" + draw.randbytes(60).hex())
        for name in CONTIGS
        for position in sorted(draw.sample(range(1, 90_000_000), RECORDS))
    )


def moved(to: int) -> list[Line]:
    found = list(lines())
    found.insert(to, found.pop(AT))
    return found


def regions() -> list[Region]:
    return [Region(line.name, line.position, line.position) for line in (lines()[500], lines()[AT], lines()[-500])]


def text_of(found: list[Line]) -> str:
    return header(CONTIGS) + body(found)


def fetched(vcf: VcfFile) -> list[tuple[str, int]]:
    return sorted((record.chromosome, record.position) for record in vcf.fetch(regions()))


@pytest.fixture(scope="module")
def displaced(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A function that writes the file of a move, once for all tests, which only read it."""
    folder = tmp_path_factory.mktemp("displaced")

    @cache
    def made(move: str) -> Path:
        (folder / move).mkdir()
        return write(folder / move, "bgzf", text_of(moved(MOVES[move])))

    return made


@pytest.fixture(scope="module")
def old_index(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The index of the file before anything moved."""
    path = write(tmp_path_factory.mktemp("old"), "tabix-tbi", text_of(list(lines())))
    return path.with_name(path.name + ".tbi").read_bytes()


EVERYTHING = sorted((region.chromosome, region.start) for region in regions())


@pytest.mark.parametrize("move", MOVES)
@pytest.mark.parametrize("form", ["bgzf", "stale", "stale and touched"])
def test_one_displaced_record_where_silence_counts(
    tmp_path: Path, move: str, form: str, displaced: Callable[[str], Path], old_index: bytes
) -> None:
    """What would be taken for reference is not: the file is read whole, whatever an old index says."""
    path = tmp_path / "bgzf.vcf.gz"
    path.hardlink_to(displaced(move))
    if form != "bgzf":
        beside = path.with_name(path.name + ".tbi")
        beside.write_bytes(old_index)
        later = path.stat().st_mtime_ns + (10**9 if form == "stale and touched" else -(10**9))
        os.utime(beside, ns=(later, later))
    assert path.stat().st_size > 2**20
    with open_vcf(path, silence_counts=True) as vcf:
        assert fetched(vcf) == EVERYTHING
        assert (vcf.reader, vcf.order) == ("scan", "whole")


@pytest.mark.parametrize("move", MOVES)
def test_one_displaced_record_where_silence_says_nothing(move: str, displaced: Callable[[str], Path]) -> None:
    """It is found, or not; nothing else is lost or made up, and the provenance says what the reading rests on."""
    with open_vcf(displaced(move)) as vcf:
        found = fetched(vcf)
        assert found == EVERYTHING or (vcf.order == "blocks" and set(EVERYTHING) - set(found) == {EVERYTHING[1]})


@pytest.mark.parametrize("by", [3, 30, 300, 3_000])
def test_a_displaced_record_at_the_head_of_a_block_is_seen(tmp_path: Path, by: int) -> None:
    """Blocks of one line each: every record is a head."""
    found = moved(AT + by)
    path = write(tmp_path, "bgzf", text_of(found), block_size=len(lines()[AT].text) + 1)
    with open_vcf(path) as vcf:
        assert fetched(vcf) == EVERYTHING
        assert (vcf.reader, vcf.order) == ("scan", "whole")


def test_a_displaced_record_in_a_small_file_is_seen_wherever_it_is(tmp_path: Path) -> None:
    few = list(lines()[AT - 600 : AT + 600])
    few.insert(10, few.pop(600))
    path = write(tmp_path, "bgzf", text_of(few))
    assert path.stat().st_size <= 2**20
    with open_vcf(path) as vcf:
        assert (vcf.reader, vcf.order) == ("scan", "whole")


@pytest.mark.parametrize("form", ["tabix-tbi", "tabix-csi"])
def test_an_index_that_fits_proves_the_order(tmp_path: Path, form: str) -> None:
    path = write(tmp_path, form, text_of(list(lines())))
    with open_vcf(path, silence_counts=True) as vcf:
        assert fetched(vcf) == EVERYTHING
        assert (vcf.reader, vcf.order) == ("index", "index")
        assert vcf.notes == ()
    os.utime(path, ns=(4 * 10**18, 4 * 10**18))
    with open_vcf(path, silence_counts=True) as vcf:
        assert fetched(vcf) == EVERYTHING
        assert (vcf.reader, vcf.order) == ("scan", "whole")


def test_a_sorted_file_is_bisected_by_its_blocks(tmp_path: Path) -> None:
    path = write(tmp_path, "bgzf", text_of(list(lines())))
    with open_vcf(path) as vcf:
        assert fetched(vcf) == EVERYTHING
        assert (vcf.reader, vcf.order) == ("bisect", "blocks")
        assert vcf.blocks_inflated is not None
        assert vcf.blocks_inflated < 20
        assert vcf.notes == ()


@pytest.mark.parametrize("block_size", [700, 65_280])
def test_two_files_glued(tmp_path: Path, block_size: int) -> None:
    """As `cat a.vcf.gz b.vcf.gz` leaves them: headers, and ends of files, stand in the middle."""
    parts = [
        write(
            tmp_path, "bgzf", text_of([one for one in lines() if one.name == name]), block_size=block_size
        ).read_bytes()
        for name in CONTIGS[::-1]
    ]
    path = tmp_path / "glued.vcf.gz"
    path.write_bytes(b"".join(parts))
    with open_vcf(path) as vcf:
        assert fetched(vcf) == EVERYTHING
        assert vcf.reader == "scan"
        assert vcf.record_count == 3 * RECORDS


def test_two_people_glued_are_refused(tmp_path: Path) -> None:
    first = write(tmp_path, "bgzf", header(CONTIGS) + body(lines()[:100])).read_bytes()
    second = write(tmp_path, "bgzf", header(CONTIGS, ("S2",)) + body(lines()[-100:])).read_bytes()
    path = tmp_path / "glued.vcf.gz"
    path.write_bytes(first + second)
    with open_vcf(path) as vcf, pytest.raises(InputError, match="other samples") as caught:
        list(vcf.fetch(regions()))
    assert caught.value.code == "BAD_HEADER"


def test_lines_are_compared_one_by_one_where_bytes_do_not_sort_as_numbers() -> None:
    text = b"chr1\t9\tx\nchr1\t10\tx\n\n  \nchr2\t5\tx\nchr2\t5\tx\n"
    assert stretches(text) == [Stretch(b"chr1", 9, 10), Stretch(b"chr2", 5, 5)]
    assert stretches(b"\n\n") == []


@pytest.mark.parametrize(
    "text",
    [
        b"chr1\t10\tx\nchr1\t9\tx\n",
        b"chr1\t200\tx\nchr1\t100\tx\nchr1\t300\tx\n",
        b"chr1\t1\tx\n#CHROM\tPOS\n",
        b"chr1\t1\tx\nno columns\n",
        b"chr1\tone\tx\n",
    ],
)
def test_lines_that_are_not_sorted_records(text: bytes) -> None:
    with pytest.raises(DisorderError):
        stretches(text)
