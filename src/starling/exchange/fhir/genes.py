"""Genes of an assessment as genotypes, haplotypes and variants, with what is not known of them.

A gene without a call is a cancelled observation whose value says why: it is in the report, and never a normal result.
A phenotype that is not certain is text without a code, so that no program takes it for a result, and every diplotype
that remains possible stands beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from starling.assessment import WHY, GeneResult
from starling.definitions import GeneDefinition, Site
from starling.exchange.fhir.parts import Json, Scribe, component, concept, notes, stated
from starling.formats.outside.fhir_words import CERTAIN, CERTAINTY, DOUBTED, NOMENCLATURE, PHENOTYPE, POSSIBLE, SCORE
from starling.report.words import because_of_doubt, certainty_words, reason_words, sentence
from starling.vocabulary import ActivityScore, Presence, VariantCopies

#: What further components that the guide has no code for are called; those that are read stand in fhir_words.
MISSING: Final = "Positions not read (GRCh38)"
NOT_EXCLUDED: Final = "Alleles not excluded"
ADJUSTED: Final = "Phenotype as other medicines make it"

_PRESENCE: Final[Mapping[Presence, str]] = {"positive": "present", "negative": "absent", "nocall": "no call"}
_STATES: Final = {1: "heterozygous", 2: "homozygous"}


def gene_resources(scribe: Scribe, result: GeneResult) -> Iterator[Json]:
    """The genotype of a gene, then the haplotypes and variants that it is derived from."""
    haplotypes = list(_haplotypes(scribe, result))
    variants = list(_variants(scribe, result))
    derived = [stated(reference=f"urn:uuid:{each['id']}") for each in (*haplotypes, *variants)]
    yield _genotype(scribe, result, derived)
    yield from haplotypes
    yield from variants


def _genotype(scribe: Scribe, result: GeneResult, derived: list[Json]) -> Json:
    return scribe.observation(
        "genotype",
        "genotype",
        result.gene,
        status="cancelled" if result.status == "undetermined" else "final",
        valueCodeableConcept=concept(None, _called(result)),
        note=notes(_said(result)),
        specimen=scribe.to("Specimen") if result.source == "sample" else None,
        derivedFrom=derived,
        component=[scribe.gene(result.gene), *_meaning(scribe, result), *_doubts(scribe, result)],
    )


def _called(result: GeneResult) -> str:
    if result.status == "undetermined":
        return f"{result.gene}: not determined, {reason_words(result.reason)}"
    named = " or ".join("/".join(diplotype) for diplotype in result.diplotypes)
    return f"{result.gene} {result.label or named or 'no single diplotype'}"


def _meaning(scribe: Scribe, result: GeneResult) -> Iterator[Json]:
    """Phenotype, score, presences; with a code only where the phenotype is certain."""
    if result.status == "undetermined" and not result.presence:
        return
    if result.phenotype is not None:
        yield component(phenotype_code(scribe, result.phenotype), valueCodeableConcept=phenotype(scribe, result))
        text = CERTAIN if result.phenotype_certain and not result.conflict else certainty_words(result)
        yield component(concept(None, CERTAINTY), valueString=text)
    if result.activity_score is not None:
        yield component(concept(None, SCORE), valueQuantity=_score(scribe, result.activity_score))
    for allele, presence in result.presence.items():
        answer = scribe.codes.term("answer", _PRESENCE[presence])
        words = answer.display if answer else _PRESENCE[presence]
        yield component(concept(None, f"{result.gene}{allele}"), valueCodeableConcept=concept(answer, words))
    if result.adjusted is not None:
        text = f"{result.adjusted.phenotype or 'not determined'}, with {result.adjusted.by}"
        yield component(concept(None, ADJUSTED), valueString=text)


def phenotype_code(scribe: Scribe, term: str) -> Json:
    """What a phenotype is an answer to: the effect on metabolism, or what the words say."""
    is_metabolism = term.endswith("Metabolizer")
    return concept(scribe.codes.terms["component", "metabolism"] if is_metabolism else None, PHENOTYPE)


def phenotype(scribe: Scribe, result: GeneResult) -> Json:
    """The phenotype of a gene: coded when it is certain, else in words alone."""
    term = result.phenotype or ""
    is_certain = result.phenotype_certain and not result.conflict
    return concept(scribe.codes.term("phenotype", term), term) if is_certain else concept(None, f"{term}{DOUBTED}")


def _score(scribe: Scribe, text: str) -> Json:
    score = ActivityScore.parse(text)
    assert score is not None, "a score that was published is a number"
    return stated(
        value=float(score.value),
        comparator=">=" if score.at_least else None,
        unit="activity score",
        system=scribe.codes.system("UCUM"),
        code="{score}",
    )


def _doubts(scribe: Scribe, result: GeneResult) -> Iterator[Json]:
    """What else is possible, and what was not read."""
    for other in result.phenotype_alternatives:
        for diplotype in other.diplotypes:
            because = WHY[other.why].brief
            text = f"{'/'.join(diplotype)}: {other.phenotype or 'no phenotype can be assigned'} ({because})"
            yield component(concept(None, POSSIBLE), valueString=text)
    definition = scribe.codes.definitions.get(result.gene)
    if result.diplotypes and definition is not None and definition.nomenclatures:
        yield component(concept(None, NOMENCLATURE), valueString=definition.nomenclatures[0])
    if result.missing_positions:
        yield component(concept(None, MISSING), valueString=", ".join(result.missing_positions))
    if result.cannot_exclude:
        yield component(concept(None, NOT_EXCLUDED), valueString=", ".join(result.cannot_exclude))


def _said(result: GeneResult) -> Iterator[str]:
    if result.phenotype is not None and not result.phenotype_certain:
        yield f"{result.gene}: the phenotype is not certain{because_of_doubt(result)}."
    if result.source == "outside":
        yield f"{result.gene}: as another laboratory stated it."
    if result.conflict:
        yield f"{result.gene}: {sentence(result.conflict)}"
    if result.research_only:
        yield f"{result.gene}: for research only."
    yield from (sentence(warning.message) for warning in result.warnings)


def _haplotypes(scribe: Scribe, result: GeneResult) -> Iterator[Json]:
    """Each named allele of the one diplotype that was called; none where several remain."""
    if result.status != "called" or len(result.diplotypes) != 1:
        return
    doubts = [] if result.phenotype_certain else [f"{result.gene}: see the genotype for what else is possible."]
    for allele in dict.fromkeys(result.diplotypes[0]):
        yield scribe.observation(
            "haplotype",
            "haplotype",
            result.gene,
            allele,
            valueCodeableConcept=concept(None, f"{result.gene} {allele}"),
            note=notes(doubts),
            specimen=scribe.to("Specimen") if result.source == "sample" else None,
            component=[scribe.gene(result.gene)],
        )


def _variants(scribe: Scribe, result: GeneResult) -> Iterator[Json]:
    """Each variant that was counted and whose place the knowledge states."""
    definition = scribe.codes.definitions.get(result.gene)
    for variant in result.variants:
        found = _site(definition, variant.name) if definition is not None else None
        yield scribe.observation(
            "variant",
            "variant",
            result.gene,
            variant.name,
            valueCodeableConcept=scribe.term("answer", "absent" if variant.copies == 0 else "present"),
            specimen=scribe.to("Specimen") if result.source == "sample" else None,
            note=notes([variant.name]),
            component=[
                scribe.gene(result.gene),
                *(_place(scribe, *found) if found else ()),
                *_amount(scribe, variant, definition),
            ],
        )


def _place(scribe: Scribe, site: Site, alt: str) -> Iterator[Json]:
    """Where a variant lies, as in VCF, on GRCh38."""
    yield scribe.part("assembly", valueCodeableConcept=scribe.term("assembly", "GRCh38"))
    accession = scribe.codes.sequences[site.chromosome]
    system = scribe.codes.system("RefSeq")
    yield scribe.part("reference sequence", valueCodeableConcept={"coding": [{"system": system, "code": accession}]})
    yield scribe.part("coordinate system", valueCodeableConcept=scribe.term("answer", "1-based"))
    last = site.position + len(site.ref) - 1
    yield scribe.part("range", valueRange={"low": {"value": site.position}, "high": {"value": last}})
    yield scribe.part("reference allele", valueString=site.ref)
    yield scribe.part("alternate allele", valueString=alt)
    if site.rsid:
        coding = {"system": scribe.codes.system("dbSNP"), "code": site.rsid}
        yield scribe.part("variation code", valueCodeableConcept={"coding": [coding]})


def _amount(scribe: Scribe, variant: VariantCopies, definition: GeneDefinition | None) -> Iterator[Json]:
    """How many copies, where everybody has two; or which share of the reads."""
    state = _STATES.get(variant.copies or 0)
    if state and definition is not None and definition.inheritance == "autosomal":
        yield scribe.part("allelic state", valueCodeableConcept=scribe.term("answer", state))
    if variant.fraction is not None:
        share = {"value": round(variant.fraction, 6), "system": scribe.codes.system("UCUM"), "code": "1"}
        yield scribe.part("allele fraction", valueQuantity=share)


def _site(definition: GeneDefinition, name: str) -> tuple[Site, str] | None:
    """The one place of a variant and its alternate bases; None when it is several, or none is known."""
    for allele in definition.alleles:
        if allele.name == name:
            changed = [
                (definition.sites[site], bases[0])
                for site, bases in allele.cells
                if len(bases) == 1 and bases[0] != definition.sites[site].ref
            ]
            return changed[0] if len(changed) == 1 else None
    rsid = name.split(" ")[0]
    for site in (*definition.sites, *definition.extra_sites):
        if site.rsid == rsid and len(site.alts) == 1:
            return site, site.alts[0]
    return None
