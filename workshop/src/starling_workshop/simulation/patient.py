"""Named alleles -> bases of every haplotype: a patient whose truth is known.

A haplotype carries, at each site of a gene, a base that the allele's row defines, else the reference.  Where a row
accepts several bases (a wobble) the seed chooses.  Structural alleles and rows without a defined cell cannot be
written as bases and are refused.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from starling.definitions import GeneDefinition, NamedAllele, Site
from starling.errors import InputError
from starling.vocabulary import Genotype, Locus, SampleGenotypes, Sex, State


@dataclass(frozen=True, slots=True)
class Request:
    """Which patient to make.

    `diplotypes`: gene -> named alleles, one per haplotype; their order is that of the haplotypes.  `others`: what the
    genes not named get: two reference alleles, or a random diplotype of which one allele is not the reference.
    """

    sample: str = "SIMULATED"
    seed: int = 0
    sex: Sex = "female"
    diplotypes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    others: Literal["reference", "random"] = "random"


@dataclass(frozen=True, slots=True)
class SimulatedGene:
    """One gene of a patient: the allele of each haplotype and its base at every site, in the order of the sites."""

    definition: GeneDefinition
    alleles: tuple[str, ...]
    haplotypes: tuple[tuple[str, ...], ...]

    @property
    def gene(self) -> str:
        """The gene's symbol."""
        return self.definition.gene

    @property
    def reported(self) -> tuple[str, ...]:
        """The names under which the alleles are reported, in table order (a suballele by its core name)."""
        rank = {allele.name: index for index, allele in enumerate(self.definition.alleles)}
        core = {allele.name: allele.reported_as for allele in self.definition.alleles}
        return tuple(core[name] for name in sorted(self.alleles, key=rank.__getitem__))

    def observed(self) -> Iterator[tuple[Site, tuple[str, ...]]]:
        """Every site with the base of each haplotype, extra sites as reference."""
        for index, site in enumerate(self.definition.sites):
            yield site, tuple(haplotype[index] for haplotype in self.haplotypes)
        for site in self.definition.extra_sites:
            yield site, (site.ref,) * len(self.haplotypes)


@dataclass(frozen=True, slots=True)
class SimulatedPatient:
    """A synthetic person: everything needed to write a file and to judge what is read from it."""

    sample: str
    seed: int
    sex: Sex
    genes: tuple[SimulatedGene, ...]


def simulate(definitions: Mapping[str, GeneDefinition], request: Request) -> SimulatedPatient:
    """The patient that `request` describes; the same request always gives the same patient.

    Raises: InputError when a gene or an allele is unknown, cannot be written as bases, or the number of alleles does
    not fit the ploidy of the gene: the caller's fault.
    """
    for gene in request.diplotypes:
        if gene not in definitions:
            raise InputError("UNKNOWN_GENE", f"{gene}: no definition, so nothing to simulate", source="simulate")
    genes = tuple(_simulated_gene(definition, request) for definition in definitions.values())
    return SimulatedPatient(request.sample, request.seed, request.sex, genes)


def callable_alleles(definition: GeneDefinition) -> tuple[NamedAllele, ...]:
    """The named alleles that bases can express, in table order.

    A reference allele needs no cell (MT-RNR1's has none); any other row does.
    """
    return tuple(
        allele for allele in definition.alleles if not allele.is_structural and (allele.cells or allele.is_reference)
    )


def haplotype_of(definition: GeneDefinition, allele: NamedAllele, random_: random.Random) -> tuple[str, ...]:
    """The base at every site of a haplotype that carries `allele`."""
    bases = [site.ref for site in definition.sites]
    for index, accepted in allele.cells:
        bases[index] = accepted[0] if len(accepted) == 1 else random_.choice(accepted)
    return tuple(bases)


def genotypes(
    patient: SimulatedPatient, *, phased: bool = True, missing: frozenset[Locus] = frozenset()
) -> SampleGenotypes:
    """What a faultless reader would have observed; `missing` loci are not assayed."""
    found: dict[Locus, Genotype] = {}
    for gene in patient.genes:
        for site, bases in gene.observed():
            if site.locus not in missing:
                found[site.locus] = Genotype(
                    site.locus, bases, site.chromosome if phased and len(bases) > 1 else None, State.CALLED
                )
    hemizygous = {"male": True, "female": False}.get(patient.sex)
    return SampleGenotypes(patient.sample, found, hemizygous_x=hemizygous)


def truth(patient: SimulatedPatient) -> dict[str, object]:
    """What the patient was made from, ready for JSON: sample, seed, sex and the alleles of every gene."""
    return {
        "sample": patient.sample,
        "seed": patient.seed,
        "sex": patient.sex,
        "genes": {
            gene.gene: {"strands": list(gene.alleles), "diplotype": list(gene.reported)} for gene in patient.genes
        },
    }


def ploidy(chromosome: str, sex: Sex) -> int:
    """One for chrM, chrY and a male's chrX, else two."""
    return 1 if chromosome in {"chrM", "chrY"} or (chromosome == "chrX" and sex == "male") else 2


def _simulated_gene(definition: GeneDefinition, request: Request) -> SimulatedGene:
    # One generator per gene: naming one gene must not change the bases of another.
    random_ = random.Random(f"{request.seed}:{definition.gene}")  # noqa: S311 - simulation, no secret
    copies = ploidy(definition.chromosome, request.sex)
    rows = {allele.name: allele for allele in callable_alleles(definition)}
    names = request.diplotypes.get(definition.gene)
    if names is None:
        names = _choose(definition, copies, random_) if request.others == "random" else (definition.reference,) * copies
    for name in names:
        if name not in rows:
            raise InputError(
                "UNKNOWN_NAME", f"{definition.gene} {name}: not an allele that bases can express", source="simulate"
            )
    if len(names) != copies:
        raise InputError(
            "BAD_OPTION", f"{definition.gene}: {copies} allele(s) needed, not {len(names)}", source="simulate"
        )
    haplotypes = tuple(haplotype_of(definition, rows[name], random_) for name in names)
    return SimulatedGene(definition, tuple(names), haplotypes)


def _choose(definition: GeneDefinition, copies: int, random_: random.Random) -> tuple[str, ...]:
    """A random diplotype of which at least one allele differs from the reference."""
    rows = callable_alleles(definition)
    variants = [allele.name for allele in rows if allele.cells and not allele.is_reference]
    chosen = [random_.choice(variants)]
    if copies > 1:
        chosen.append(random_.choice(rows).name)
        random_.shuffle(chosen)
    return tuple(chosen)
