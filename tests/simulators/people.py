"""Simulated people: every gene off reference, drawn from the definition tables by a fixed seed."""

from __future__ import annotations

import csv
import random
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from tests.simulators.genome import KNOWLEDGE, Edit, changes, reference_genome, table_sites

SiteKey = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Person:
    """What someone is made of: the named alleles per gene, and per site the change (or None) on each haplotype."""

    name: str
    seed: int
    sex: str
    alleles: Mapping[str, tuple[str, ...]]
    edits: Mapping[SiteKey, tuple[Edit | None, ...]]

    def ploidy(self, chromosome: str) -> int:
        """How many haplotypes there are of a chromosome."""
        return 1 if chromosome == "chrM" or (chromosome == "chrX" and self.sex == "male") else 2


@cache
def allele_rows() -> Mapping[str, Mapping[str, Mapping[SiteKey, tuple[str, ...]]]]:
    """gene -> allele -> site -> accepted bases, for every allele that bases can express."""
    rows: dict[str, dict[str, dict[SiteKey, tuple[str, ...]]]] = defaultdict(lambda: defaultdict(dict))
    with (KNOWLEDGE / "alleles.tsv").open(encoding="utf-8", newline="") as stream:
        structural = {
            (row["gene"], row["allele"]) for row in csv.DictReader(stream, delimiter="\t") if row["is_structural"]
        }
    with (KNOWLEDGE / "allele_definitions.tsv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream, delimiter="\t"):
            if (row["gene"], row["allele"]) not in structural:
                key = (row["chrom"], int(row["pos_grch38"]))
                rows[row["gene"]][row["allele"]][key] = tuple(row["bases"].split("/"))
    return rows


@cache
def person(seed: int) -> Person:
    """The person of a seed: odd seeds are male."""
    sex = "male" if seed % 2 else "female"
    draft = Person(f"P{seed:03d}", seed, sex, {}, {})
    alleles: dict[str, tuple[str, ...]] = {}
    edits: dict[SiteKey, tuple[Edit | None, ...]] = {}
    chromosome_of = {site.gene: site.chromosome for site in table_sites()}
    for site in table_sites():
        edits[site.chromosome, site.position] = (None,) * draft.ploidy(site.chromosome)
    for gene, rows in allele_rows().items():
        rng = random.Random(f"{seed} {gene}")
        haplotypes = _off_reference(rng, rows, draft.ploidy(chromosome_of[gene]))
        alleles[gene] = tuple(name for name, _ in haplotypes)
        for key in {key for _, haplotype in haplotypes for key in haplotype}:
            edits[key] = tuple(haplotype.get(key) for _, haplotype in haplotypes)
    return Person(draft.name, seed, sex, alleles, edits)


def _off_reference(
    rng: random.Random, rows: Mapping[str, Mapping[SiteKey, tuple[str, ...]]], copies: int
) -> list[tuple[str, dict[SiteKey, Edit | None]]]:
    """One allele per haplotype; at least one haplotype differs from the genome."""
    while True:
        haplotypes = []
        for _ in range(copies):
            name = rng.choice(sorted(rows))
            chosen = {key: changes()[key][rng.choice(bases)] for key, bases in rows[name].items()}
            haplotypes.append((name, chosen))
        if any(edit for _, haplotype in haplotypes for edit in haplotype.values()):
            return haplotypes


def haplotype_text(who: Person, chromosome: str, start: int, end: int, haplotype: int) -> str:
    """The bases of one haplotype: what every rendering of the person must describe."""
    edits = sorted(
        edit
        for (name, _), pair in who.edits.items()
        if name == chromosome and haplotype < len(pair)
        for edit in (pair[haplotype],)
        if edit is not None and start <= edit.start and edit.end <= end
    )
    return reference_genome().apply(chromosome, start, end, tuple(edits))
