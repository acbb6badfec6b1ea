"""A digest of what was observed: equal for the same genotypes, whatever the file, its order or its phase-set names."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from operator import attrgetter
from typing import Final

from starling.vocabulary import Genotype, Locus, SampleGenotypes, State

#: what few genotypes have to add to their alleles
_ADDED: Final = attrgetter("seen", "filled", "filtered", "fractions", "doubts")


def evidence_sha256(sample: SampleGenotypes) -> str:
    """SHA-256 over the genotypes as canonical text, without the sample's name."""
    lines = [*canonical_lines(sample), ""]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def canonical_lines(sample: SampleGenotypes) -> Iterator[str]:
    """One line a locus, in order of position; phase sets are numbered by first use, alone-standing ones dropped."""
    yield f"hemizygous_x={sample.hemizygous_x} mitochondrial_reference={sample.mitochondrial_reference_known}"
    genotypes = [sample.genotypes[locus] for locus in sorted(sample.genotypes, key=tuple)]
    members = Counter([genotype.phase_set for genotype in genotypes if genotype.phase_set is not None])
    numbers: dict[str, tuple[int, bool]] = {}
    for genotype in genotypes:
        alleles, phase, phase_set = genotype.alleles, "", genotype.phase_set
        if phase_set is None and alleles and not any(_ADDED(genotype)):
            yield _plain(genotype.locus, alleles)
            continue
        if phase_set is None or members[phase_set] < 2:
            alleles = tuple(sorted(alleles))
        else:
            turned = list(alleles) != sorted(alleles)
            number, turn = numbers.setdefault(phase_set, (len(numbers) + 1, turned))
            alleles, phase = (alleles[::-1] if turn else alleles), str(number)
        yield _line(genotype, "/".join(alleles), phase)


@lru_cache(maxsize=8192)  # people share nearly all of their genotypes
def _plain(locus: Locus, alleles: tuple[str, ...]) -> str:
    """The line of alleles that were called, of which nothing else is to be said."""
    chromosome, position = locus
    return f"{chromosome}\t{position}\t{State.CALLED}\t{'/'.join(sorted(alleles))}\t\t\t\t"


def _line(genotype: Genotype, alleles: str, phase: str) -> str:
    chromosome, position = genotype.locus
    more = "\t\t"
    if any(_ADDED(genotype)):
        flags = ("filled" if genotype.filled else "") + ("filtered" if genotype.filtered else "")
        flags += ",".join(sorted(genotype.doubts))
        shares = ",".join(f"{bases}={share:.6g}" for bases, share in genotype.fractions)
        more = f"{'/'.join(genotype.seen)}\t{flags}\t{shares}"
    return f"{chromosome}\t{position}\t{genotype.state}\t{alleles}\t{phase}\t{more}"
