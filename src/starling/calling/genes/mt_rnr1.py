"""MT-RNR1 on the mitochondrial genome: every variant is judged alone and the highest risk wins.

GT ploidy says nothing on chrM, where a cell holds many copies; the share of the reads does (AF, then AD).
Source: CPIC aminoglycosides 2022 (PMID 34032273), whose text asks for m.1095T>C, m.1494C>T and m.1555A>G; the
threshold of 0.05 for a risk variant awaits a pharmacist's signature.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from starling.calling.general import undetermined
from starling.calling.genes.carried import basic_evidence, not_covered
from starling.calling.phasing import Observation, documented, observe
from starling.calling.table import MatchTable, match_table
from starling.definitions import GeneDefinition, NamedAllele
from starling.values import replace
from starling.vocabulary import (
    Ambiguous,
    Consistent,
    Diplotype,
    GeneCall,
    Genotype,
    Notice,
    SampleGenotypes,
    State,
    VariantCopies,
    Why,
)

GENE: Final = "MT-RNR1"
#: A risk variant in this share of the reads or more counts (reported at any share).
LOWEST_SHARE: Final = 0.05
#: Below this share a variant is called heteroplasmic.  Source: docs/explanation/mt-rnr1.md, to be signed.
HOMOPLASMIC_SHARE: Final = 0.95

#: The variant that bedside tests look for, and nearly every carrier of a risk has.  Its absence is worth saying alone.
#: Source: PALOH, DOI 10.1001/jamapediatrics.2022.0187, PMID 35311942 (a bedside test of m.1555A>G in neonates before
#: the first dose).
COMMONEST: Final = "m.1555A>G"
PARTLY_NEGATIVE: Final = "PARTLY_NEGATIVE"

_RISK: Final = {"Increased": 0, "Uncertain": 1, "Normal": 2}


def call(table: MatchTable, sample: SampleGenotypes) -> GeneCall:
    """The MT-RNR1 call; normal only when the three risk positions were called reference.

    The commonest of them called reference, and the others not tested, is said as what it is (`PARTLY_NEGATIVE`).
    A risk variant that GT states in fewer reads than count is neither a risk nor reference: `LOW_HETEROPLASMY`.
    """
    if not sample.mitochondrial_reference_known:
        return undetermined(table, Observation(fits=0, groups={}), "REFERENCE_UNKNOWN")
    seen = _observe(table, sample)
    uncovered = not_covered(table, seen)
    if uncovered is not None:
        return uncovered
    found = _carried(table, sample)
    counted = [allele for allele, share in found if share is None or share >= LOWEST_SHARE]
    at_risk = any(_risk(allele) == 0 for allele in counted)
    faint = any(_risk(allele) == 0 for allele, _ in found)
    reason = None if at_risk else "LOW_HETEROPLASMY" if faint else _not_normal(table, seen, sample)
    if reason == "REQUIRED_POSITION_MISSING" and _is_excluded(table, sample, COMMONEST):
        return _partly_negative(table, seen, found, counted)
    if reason is not None:
        refused = undetermined(table, seen, reason)
        notices = (*refused.evidence.notices, *_notices(found))
        return replace(refused, evidence=replace(refused.evidence, variants=_variants(found), notices=notices))
    return _conclude(table, seen, found, counted)


def stated_absent(names: Collection[str], definition: GeneDefinition) -> GeneCall:
    """What follows when another laboratory looked for these variants alone, and found none of them."""
    table = match_table(definition)
    sites = [allele.cells[0][0] for allele in table.alleles if allele.name in names]
    genotypes = {
        table.loci[site]: Genotype(table.loci[site], (definition.sites[site].ref,), state=State.CALLED)
        for site in sites
    }
    found = call(table, SampleGenotypes("", genotypes))
    return replace(found, evidence=replace(found.evidence, source="outside"))


def _is_excluded(table: MatchTable, sample: SampleGenotypes, name: str) -> bool:
    """Whether the position of a variant was called, as reference and nothing else."""
    for allele in table.alleles:
        if allele.name == name:
            site, _ = allele.cells[0]
            genotype = sample.genotypes.get(table.loci[site])
            ref = table.definition.sites[site].ref
            return genotype is not None and {*genotype.alleles, *genotype.seen} == {ref}
    return False


def _partly_negative(
    table: MatchTable, seen: Observation, found: list[tuple[NamedAllele, float | None]], counted: list[NamedAllele]
) -> GeneCall:
    """The commonest risk variant was looked for and is not there, the others were not: no name, never certain."""
    call = _conclude(table, seen, found, counted)
    missing = table.definition.tier1_positions
    untested = [
        allele.name
        for allele, core in zip(table.alleles, table.core, strict=True)
        if core & seen.missing and _risk(allele) == 0 and table.loci[allele.cells[0][0]].position in missing
    ]
    text = (
        f"{COMMONEST} not detected; {' and '.join(untested)} not tested. The usual treatment need not wait for them; "
        "the result is not certain."
    )
    notices = (Notice(PARTLY_NEGATIVE, text), *call.evidence.notices)
    variants = (VariantCopies(COMMONEST, 0), *call.evidence.variants)
    return replace(call, result=Ambiguous(()), evidence=replace(call.evidence, notices=notices, variants=variants))


def _not_normal(table: MatchTable, seen: Observation, sample: SampleGenotypes) -> str | None:
    """Why the risk cannot be called normal: a risk position was not called, or holds a base that nobody defined."""
    sites = [site for site, locus in enumerate(table.loci) if locus.position in table.definition.tier1_positions]
    if any(seen.missing >> site & 1 for site in sites):
        return "REQUIRED_POSITION_MISSING"
    for site in sites:
        genotype = sample.genotypes[table.loci[site]]
        if not table.accept[site].keys() >= {*genotype.alleles, *genotype.seen}:
            return "UNDOCUMENTED_VARIANT"
    return None


def _observe(table: MatchTable, sample: SampleGenotypes) -> Observation:
    """As `observe`, without haplotypes: whatever its ploidy a genotype was read, and a half-called variant was seen."""
    seen = observe(table, sample)
    for site, _ in seen.half:
        seen.present |= 1 << site
        seen.missing &= ~(1 << site)
    for site, genotype in seen.varied:
        if genotype.alleles:
            documented(table, seen, site, genotype.alleles)
            seen.present |= 1 << site
            seen.missing &= ~(1 << site)
    return seen


def _risk(allele: NamedAllele) -> int:
    return _RISK.get(allele.function.split(" ", maxsplit=1)[0], 1)


def _carried(table: MatchTable, sample: SampleGenotypes) -> list[tuple[NamedAllele, float | None]]:
    """Every variant in GT, or in enough reads whatever GT says, with its share of them (None: the file has none)."""
    found = []
    for allele in table.alleles:
        if allele.is_reference:
            continue
        site, bases = allele.cells[0]
        genotype = sample.genotypes.get(table.loci[site])
        if genotype is None:
            continue
        share = dict(genotype.fractions).get(bases[0])
        if bases[0] in genotype.alleles + genotype.seen or (share or 0) >= LOWEST_SHARE:
            found.append((allele, share))
    return found


def _variants(found: list[tuple[NamedAllele, float | None]]) -> tuple[VariantCopies, ...]:
    return tuple(VariantCopies(allele.name, None, share) for allele, share in found)


def _conclude(
    table: MatchTable,
    seen: Observation,
    found: list[tuple[NamedAllele, float | None]],
    counted: list[NamedAllele],
) -> GeneCall:
    worst = min(counted, key=_risk, default=table.reference)
    names = [allele.name for allele in counted] or [table.reference.name]
    name = names[0] if len(names) == 1 else f"[{' + '.join(names)}]"
    evidence = basic_evidence(table, seen)
    evidence = replace(
        evidence,
        deciding=Diplotype((worst.name,)),
        variants=_variants(found),
        consistent=_hidden(table, seen, worst),
        notices=evidence.notices + _notices(found),
    )
    return GeneCall(table.definition.gene, Diplotype((name,)), evidence)


def _hidden(table: MatchTable, seen: Observation, worst: NamedAllele) -> tuple[Consistent, ...]:
    """A worse allele at each position that was not called, one per risk."""
    by_risk: dict[int, Consistent] = {}
    for allele, core in zip(table.alleles, table.core, strict=True):
        if core & seen.missing and _risk(allele) < _risk(worst):
            by_risk.setdefault(_risk(allele), Consistent(Diplotype((allele.name,)), Why.NOT_ASSAYED))
    return tuple(by_risk.values())


def _notices(found: list[tuple[NamedAllele, float | None]]) -> tuple[Notice, ...]:
    notices = []
    for allele, share in found:
        if share is None or share >= HOMOPLASMIC_SHARE:
            continue
        code = "HETEROPLASMIC" if share >= LOWEST_SHARE else "LOW_HETEROPLASMY"
        effect = "" if share >= LOWEST_SHARE else f", below the {LOWEST_SHARE:.0%} at which it counts"
        notices.append(Notice(code, f"{allele.name} in {share:.1%} of the reads{effect}"))
    return tuple(notices)
