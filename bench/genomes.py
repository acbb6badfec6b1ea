"""Synthetic whole genomes to read, made once: VCF and gVCF as BGZF, beside them the indexes that tabix makes."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from pathlib import Path

import pysam

from starling.formats.bgzf import BgzfWriter
from tests.simulators.equivalents import STYLES, Style, render
from tests.simulators.naming import CHROMOSOMES, LENGTHS
from tests.simulators.people import person

INDEXES = ("", "tbi", "csi")


def genome(folder: Path, style: str, records: int) -> dict[str, Path]:
    """Index, or "" for none -> the same file of about `records` records, in a folder of its own."""
    found = {index: folder / f"{style}-{records}-{index or 'bare'}" / "patient.vcf.gz" for index in INDEXES}
    for path in found.values():
        path.parent.mkdir(parents=True, exist_ok=True)
    bare = found[""]
    if not bare.exists():
        print(f"making {bare.parent.name} ...", file=sys.stderr, flush=True)
        sites = render(person(2), STYLES[style], bare.parent)[0]
        unfinished = bare.with_suffix(".part")
        with unfinished.open("wb") as stream, BgzfWriter(stream, level=5) as writer:
            for line in _genome_lines(sites, STYLES[style], records):
                writer.write(line)
        unfinished.rename(bare)
    for index in INDEXES[1:]:
        path = found[index]
        if not path.with_name(f"{path.name}.{index}").exists():
            path.unlink(missing_ok=True)
            path.hardlink_to(bare)
            pysam.tabix_index(str(path), preset="vcf", force=True, csi=index == "csi")
    return found


def _genome_lines(sites: Path, style: Style, count: int) -> Iterator[bytes]:
    header: list[bytes] = []
    known: dict[str, list[tuple[int, bytes]]] = {}
    for line in sites.read_bytes().splitlines(keepends=True):
        if line.startswith(b"#"):
            header.append(line)
        else:
            chromosome, position = line.split(b"\t", 2)[:2]
            known.setdefault(chromosome.decode(), []).append((int(position), line))
    yield from header
    lengths = LENGTHS["GRCh38"]
    total = sum(lengths.values())
    for chromosome in CHROMOSOMES:
        filler = _filler(
            chromosome, lengths[chromosome], count * lengths[chromosome] // total, gvcf=bool(style.dialect)
        )
        yield from _woven(filler, known.get(chromosome, []))


CHANGES = ("A\tG", "C\tT", "G\tA", "T\tC", "A\tC", "G\tT", "AT\tA", "C\tCA")
CALLS = (
    "0/1:14,17:31:99:480,0,390\n",
    "1/1:0,28:28:84:990,84,0\n",
    "0|1:19,12:31:99:320,0,560\n",
    "1|1:1,33:34:93:1210,93,0\n",
    "0/1:9,11:20:99:301,0,240\n",
)


def _filler(chromosome: str, length: int, count: int, *, gvcf: bool) -> Iterator[tuple[int, bytes]]:
    """Records spread evenly with jitter, their text drawn from templates."""
    rng = random.Random(chromosome)
    step = max(2, length // (count + 1))
    for number in range(1, count + 1):
        position = number * step - int(rng.random() * (step - 1))
        roll = int(rng.random() * 4096)
        if gvcf and roll % 8:
            text = (
                f"{chromosome}\t{position}\t.\t{'ACGT'[roll & 3]}\t<NON_REF>\t.\tPASS\tEND={number * step}\t"
                f"GT:DP:GQ:MIN_DP:PL\t0/0:{20 + roll % 23}:{60 + roll % 39}:{18 + roll % 11}:0,{roll % 97},900\n"
            )
        else:
            change = CHANGES[roll & 7] + (",<NON_REF>" if gvcf else "")
            text = (
                f"{chromosome}\t{position}\t.\t{change}\t{30 + roll % 900}.77\t"
                f"PASS\tAC=1;AF=0.500;AN=2;DP={20 + roll % 31};FS={rng.random() * 60:.3f};MQ=60.00;"
                f"MQRankSum={rng.random():.3f};QD={rng.random() * 35:.2f};VQSLOD={rng.random() * 20:.2f}\t"
                f"GT:AD:DP:GQ:PL\t{CALLS[roll % 5]}"
            )
        yield position, text.encode()


def _woven(filler: Iterator[tuple[int, bytes]], known: list[tuple[int, bytes]]) -> Iterator[bytes]:
    """Both in order of position; filler within 300 bp of a site gives way to it."""
    pending = sorted(known, reverse=True)
    last = -1000
    for position, line in filler:
        while pending and pending[-1][0] <= position + 6000:
            last, text = pending.pop()
            yield text
        if position > last + 300 and not (pending and position + 6000 > pending[-1][0]):
            yield line
    yield from (text for _, text in reversed(pending))
