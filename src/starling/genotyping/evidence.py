"""A digest of what was observed: equal for the same genotypes, whatever the file, its order or its phase-set names."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator

from starling.vocabulary import Genotype, SampleGenotypes


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
        if phase_set is None or members[phase_set] < 2:
            alleles = tuple(sorted(alleles))
        else:
            turned = list(alleles) != sorted(alleles)
            number, turn = numbers.setdefault(phase_set, (len(numbers) + 1, turned))
            alleles, phase = (alleles[::-1] if turn else alleles), str(number)
        yield _line(genotype, "/".join(alleles), phase)


def _line(genotype: Genotype, alleles: str, phase: str) -> str:
    chromosome, position = genotype.locus
    more = "\t\t"
    if genotype.seen or genotype.filled or genotype.filtered or genotype.fractions or genotype.doubts:
        flags = ("filled" if genotype.filled else "") + ("filtered" if genotype.filtered else "")
        flags += ",".join(sorted(genotype.doubts))
        shares = ",".join(f"{bases}={share:.6g}" for bases, share in genotype.fractions)
        more = f"{'/'.join(genotype.seen)}\t{flags}\t{shares}"
    return f"{chromosome}\t{position}\t{genotype.state}\t{alleles}\t{phase}\t{more}"
