"""A digest of what was observed: equal for the same genotypes, whatever the file, its order or its phase-set names."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from operator import attrgetter
from typing import Final

from starling.vocabulary import Genotype, Locus, SampleGenotypes, State

#: lines kept for the next person; emptied when full
_KEPT_LINES: Final = 20_000
#: what few genotypes have to add to their alleles
_ADDED: Final = attrgetter("seen", "filled", "filtered", "fractions", "doubts")


class Lines:
    """The lines of genotypes that were written before: people share nearly all of theirs, as one value for all."""

    def __init__(self) -> None:
        #: by identity, beside the genotype itself: while it is kept no other can have its identity
        self._known: dict[int, tuple[Genotype, str]] = {}

    def of(self, genotypes: Iterable[Genotype]) -> list[str]:
        """The line of each genotype as if it stood alone: in no phase set with others."""
        known, lines = self._known, []
        for genotype in genotypes:
            found = known.get(id(genotype))
            if found is None or found[0] is not genotype:
                if len(known) >= _KEPT_LINES:
                    known.clear()
                found = known[id(genotype)] = (genotype, _alone(genotype))
            lines.append(found[1])
        return lines


def evidence_sha256(sample: SampleGenotypes, lines: Lines | None = None) -> str:
    """SHA-256 over the genotypes as canonical text, without the sample's name.  `lines`: those written before."""
    return hashlib.sha256("\n".join([*canonical_lines(sample, lines), ""]).encode()).hexdigest()


def canonical_lines(sample: SampleGenotypes, lines: Lines | None = None) -> list[str]:
    """One line a locus, in order of position; phase sets are numbered by first use, alone-standing ones dropped."""
    head = f"hemizygous_x={sample.hemizygous_x} mitochondrial_reference={sample.mitochondrial_reference_known}"
    genotypes = list(map(sample.genotypes.__getitem__, sorted(sample.genotypes, key=tuple)))
    found = (Lines() if lines is None else lines).of(genotypes)
    phased = [
        (number, genotype, genotype.phase_set)
        for number, genotype in enumerate(genotypes)
        if genotype.phase_set is not None
    ]
    members = Counter([phase_set for _, _, phase_set in phased])
    numbers: dict[str | None, tuple[int, bool]] = {}
    for place, genotype, phase_set in phased:
        if members[phase_set] > 1:
            alleles = genotype.alleles
            number, turn = numbers.setdefault(phase_set, (len(numbers) + 1, list(alleles) != sorted(alleles)))
            found[place] = _line(genotype, "/".join(alleles[::-1] if turn else alleles), str(number))
    return [head, *found]


def _alone(genotype: Genotype) -> str:
    """The line of a genotype that shares its phase set with no other one."""
    if genotype.alleles and not any(_ADDED(genotype)):
        return _plain(genotype.locus, genotype.alleles)
    return _line(genotype, "/".join(sorted(genotype.alleles)), "")


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
