"""A carrier of DPYD *2A whose record does not stand in its order: where silence counts, nobody is told "normal".

The file is larger than what is looked at whole, and the record hides inside a block that nothing makes a reader enter.
"""

from __future__ import annotations

import random
from functools import cache
from pathlib import Path

import pytest

from starling.assessment import GeneResult, Options, Question
from starling.formats.seek import SMALL
from tests.bundled import bundled_engine
from tests.simulators.vcf_files import Line, body, header, snv, write

pytestmark = pytest.mark.untraced

STAR_2A = Line("chr1", 97_450_058, 97_450_058, "chr1\t97450058\t.\tC\tT\t50\tPASS\t.\tGT\t0/1")
RECORDS = 6_000
#: From its place in order: within its block, into the middle of others, to the ends.
MOVES = {"3": 3, "30": 30, "300": 300, "to the end": RECORDS // 2, "-300": -300, "to the start": -RECORDS // 2}


@cache
def others() -> list[Line]:
    """Records on both sides of the gene and within it, at none of its positions."""
    draw = random.Random(7)
    positions = range(STAR_2A.position - 1_000 * RECORDS + 777, STAR_2A.position + 1_000 * RECORDS, 2_000)
    return [snv("chr1", position, info="X=" + draw.randbytes(150).hex()) for position in positions]


def dpyd(path: Path, silence: str) -> GeneResult:
    """What is concluded of the gene when fluorouracil is asked about."""
    options = Options(absent_is_reference=silence, build="GRCh38")  # type: ignore[arg-type]
    return bundled_engine().assess(path, Question(drugs=("fluorouracil",)), options=options).gene("DPYD")


def with_star_2a(folder: Path, move: int, container: str) -> Path:
    lines = others().copy()
    lines.insert(len(lines) // 2 + move, STAR_2A)
    head = header(("chr1",), extra=("##reference=GRCh38",)).replace(",length=300000000", "")
    path = write(folder, container, head + body(lines))
    assert container == "plain" or path.stat().st_size > SMALL
    return path


@pytest.mark.parametrize("move", MOVES)
def test_silence_is_reference_only_when_the_record_cannot_hide(tmp_path: Path, move: str) -> None:
    found = dpyd(with_star_2a(tmp_path, MOVES[move], "bgzf"), "force")
    assert (found.phenotype, found.label) == ("Intermediate Metabolizer", "Reference/c.1905+1G>A (*2A)")
    assert found.phenotype_certain


@pytest.mark.parametrize("move", ["300", "to the start"])
def test_without_silence_a_hidden_record_leaves_the_gene_open(tmp_path: Path, move: str) -> None:
    """It is found, or its position was not assayed."""
    assert not dpyd(with_star_2a(tmp_path, MOVES[move], "bgzf"), "no").phenotype_certain


def test_an_index_of_the_file_in_order_does_not_vouch_for_the_other(tmp_path: Path) -> None:
    """The index lies beside the file as it was before, and is younger than the file: copied later."""
    index = with_star_2a(tmp_path, 0, "tbi").with_name("tbi.vcf.gz.tbi").read_bytes()
    path = with_star_2a(tmp_path, 300, "bgzf")
    path.with_name(path.name + ".tbi").write_bytes(index)
    assert dpyd(path, "force").phenotype == "Intermediate Metabolizer"
