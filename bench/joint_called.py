"""A synthetic joint-called panel: every call with GT:AD:DP:GQ:PL, as callers write it, from a fixed seed.

Invented people and reads: their kinds and shares are those of a genome at 30x, no fact about anyone.
"""

from __future__ import annotations

import gzip
import random
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from starling.formats.bgzf import BgzfWriter
from starling.knowledge.base import KnowledgeBase
from starling_workshop.simulation.population import Population, write_population

PEOPLE = 320
RECORDS = 303
SEED = 7
DEPTH = 32
#: Shares: no read at all, written as `./.` or as `0/0`; a place at which a person has a third of the reads.
NO_CALL, NO_READ, THIN = 0.002, 0.001, 0.01
_FIELDS = (
    ("AD", "R", "Integer", "Reads of each allele"),
    ("DP", "1", "Integer", "Reads"),
    ("GQ", "1", "Integer", "Genotype quality"),
    ("PL", "G", "Integer", "Phred-scaled likelihoods"),
)


def write_panel(target: Path, knowledge: KnowledgeBase, frequencies: Mapping[str, Mapping[str, float]]) -> Path:
    """`target` (BGZF) holds PEOPLE at RECORDS sites: every site at which one of them varies, the rest at random."""
    plain = target.with_name("people.vcf.gz")
    people = Population(PEOPLE, 1, SEED, frequencies)
    write_population(people, knowledge.definitions, knowledge.contig_lengths["GRCh38"], plain)
    chance = random.Random(SEED)
    with gzip.open(plain, "rt", encoding="ascii") as lines, target.open("wb") as stream, BgzfWriter(stream) as writer:
        for line in _lines(lines.read().splitlines(), chance):
            writer.write(line.encode() + b"\n")
    return target


def _lines(lines: Sequence[str], chance: random.Random) -> Iterator[str]:
    records = [line.split("\t") for line in lines if not line.startswith("#")]
    varied = [number for number, fields in enumerate(records) if any(set("123") & set(text) for text in fields[9:])]
    others = sorted(set(range(len(records))) - set(varied))
    chosen = sorted([*varied, *chance.sample(others, RECORDS - len(varied))])
    means = [chance.gauss(DEPTH, 4) for _ in records[0][9:]]
    yield from (line for line in lines if line.startswith("##"))
    yield from (
        f'##FORMAT=<ID={name},Number={number},Type={kind},Description="{said}">' for name, number, kind, said in _FIELDS
    )
    yield next(line for line in lines if line.startswith("#CHROM"))
    for number in chosen:
        fields = records[number]
        alleles = 2 + fields[4].count(",")
        columns = (_column(text, alleles, mean, chance) for text, mean in zip(fields[9:], means, strict=True))
        yield "\t".join([*fields[:8], "GT:AD:DP:GQ:PL", *columns])


def _column(genotype: str, alleles: int, mean: float, chance: random.Random) -> str:
    """One person's call with reads, quality and likelihoods that go together."""
    strands = sorted(int(text) for text in genotype.split("|"))
    kind = chance.random()
    none = ",".join("0" * alleles)
    if kind < NO_CALL:
        return f"{'/'.join('.' for _ in strands)}:{none}:0:.:."
    likelihoods = len(list(_genotypes(alleles, len(strands))))
    if kind < NO_CALL + NO_READ:
        return f"{'/'.join('0' for _ in strands)}:{none}:0:0:{','.join('0' * likelihoods)}"
    thin = kind < NO_CALL + NO_READ + THIN
    depth = max(1, round(chance.gauss(mean / 3 if thin else mean, mean**0.5)))
    reads = [0] * alleles
    for _ in range(depth):
        reads[chance.choice(strands)] += 1
    if chance.random() < 0.03:
        reads[chance.randrange(alleles)] += 1
    depth = sum(reads)
    quality = max(1, min(99, round(3 * depth * chance.uniform(0.8, 1.0))))
    found = (
        0 if list(pair) == strands else quality + (len(set(pair) ^ set(strands)) - 1) * 12 * depth
        for pair in _genotypes(alleles, len(strands))
    )
    text = "/".join(map(str, strands))
    return f"{text}:{','.join(map(str, reads))}:{depth}:{quality}:{','.join(str(abs(each)) for each in found)}"


def _genotypes(alleles: int, ploidy: int) -> Iterator[tuple[int, ...]]:
    """In the order of VCF v4.5, section 1.6.2 (GL)."""
    for last in range(alleles):
        if ploidy == 1:
            yield (last,)
        else:
            yield from ((first, last) for first in range(last + 1))
