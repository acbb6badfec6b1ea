"""A digest of what was observed: equal for the same genotypes, whatever the file, its order or its phase-set names."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator

from starling.vocabulary import Genotype, SampleGenotypes


def evidence_sha256(sample: SampleGenotypes) -> str:
    """SHA-256 over the genotypes as canonical text, without the sample's name."""
    digest = hashlib.sha256()
    for line in canonical_lines(sample):
        digest.update(line.encode() + b"\n")
    return digest.hexdigest()


def canonical_lines(sample: SampleGenotypes) -> Iterator[str]:
    """One line a locus, in order of position; phase sets are numbered by first use, alone-standing ones dropped."""
    yield f"hemizygous_x={sample.hemizygous_x} mitochondrial_reference={sample.mitochondrial_reference_known}"
    genotypes = [sample.genotypes[locus] for locus in sorted(sample.genotypes)]
    members = Counter(genotype.phase_set for genotype in genotypes if genotype.phase_set is not None)
    numbers: dict[str, tuple[int, bool]] = {}
    for genotype in genotypes:
        alleles, phase = genotype.alleles, ""
        if genotype.phase_set is None or members[genotype.phase_set] < 2:
            alleles = tuple(sorted(alleles))
        else:
            turned = list(alleles) != sorted(alleles)
            number, turn = numbers.setdefault(genotype.phase_set, (len(numbers) + 1, turned))
            alleles, phase = (alleles[::-1] if turn else alleles), str(number)
        yield _line(genotype, alleles, phase)


def _line(genotype: Genotype, alleles: tuple[str, ...], phase: str) -> str:
    shares = ",".join(f"{bases}={share:.6g}" for bases, share in genotype.fractions)
    flags = ("filled" if genotype.filled else "") + ("filtered" if genotype.filtered else "")
    fields = (
        genotype.locus.chromosome,
        str(genotype.locus.position),
        genotype.state.value,
        "/".join(alleles),
        phase,
        "/".join(genotype.seen),
        flags,
        shares,
    )
    return "\t".join(fields)
