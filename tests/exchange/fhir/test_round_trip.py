"""There and back: calls and phenotypes survive, and no doubt is lost on the way."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import starling
from starling.assessment import Assessment, GeneResult, Options
from starling.exchange.fhir.bundle import document
from starling.formats.outside import parse_outside_calls
from starling.vocabulary import OutsideCall
from tests.effort import examples
from tests.exchange.fhir.people import EXAMPLE, codes, engine, people

#: genes, and the alleles by which another laboratory names a result
ALLELES = {
    gene: sorted({allele.reported_as for allele in definition.alleles} - definition.ignored_alleles)
    for gene, definition in engine().knowledge.definitions.items()
}


def there_and_back(person: Assessment) -> Assessment:
    """What another node makes of the bundle of a person."""
    stated = parse_outside_calls(document([person], codes()), source="bundle.json")
    return starling.assess(outside=stated, knowledge=engine())


def pairs(result: GeneResult) -> set[tuple[str, ...]]:
    return set(result.diplotypes)


def terms(result: GeneResult) -> set[str | None]:
    """Every phenotype that is possible."""
    return {result.phenotype} - {None} | {other.phenotype for other in result.phenotype_alternatives} - {None}


def agree(before: GeneResult, after: GeneResult) -> bool:
    """Whether a result came back: as it was where it is certain, else with all that is possible and no certainty."""
    if before.status == "undetermined":
        return after.status == "undetermined"
    if before.presence:
        return dict(before.presence) == dict(after.presence)
    if before.phenotype_certain or (before.phenotype is None and not before.phenotype_alternatives):
        same = (after.status, after.phenotype, after.phenotype_certain, after.activity_score)
        return pairs(before) == pairs(after) and same == (
            before.status,
            before.phenotype,
            before.phenotype_certain,
            before.activity_score,
        )
    return not after.phenotype_certain and pairs(before) <= pairs(after) and terms(before) <= terms(after)


@pytest.mark.parametrize("name", tuple(people()))
def test_calls_and_phenotypes_survive(name: str) -> None:
    person = people()[name]
    if all(gene.status == "undetermined" for gene in person.genes):
        assert "nothing" in name
        return
    back = there_and_back(person)
    assert [gene.gene for gene in person.genes if not agree(gene, back.gene(gene.gene))] == []


@pytest.mark.parametrize("options", [Options(phase="ignore"), Options(combinations=True), Options(sex="male")])
def test_calls_of_a_file_read_otherwise_survive(options: Options) -> None:
    person = starling.assess(EXAMPLE, knowledge=engine(), options=options)
    back = there_and_back(person)
    assert [gene.gene for gene in person.genes if not agree(gene, back.gene(gene.gene))] == []


@st.composite
def diplotypes(draw: st.DrawFn) -> Sequence[OutsideCall]:
    """Results of one to four genes, one or two diplotypes each."""
    genes = draw(st.lists(st.sampled_from(sorted(ALLELES)), min_size=1, max_size=4, unique=True))
    calls = []
    for gene in genes:
        allele = st.sampled_from(ALLELES[gene])
        several = draw(st.lists(st.tuples(allele, allele).map("/".join), min_size=1, max_size=2))
        nomenclatures = engine().knowledge.definitions[gene].nomenclatures
        calls.append(OutsideCall(gene, " or ".join(several), nomenclature=nomenclatures[0] if nomenclatures else ""))
    return calls


@given(diplotypes())
@settings(max_examples=examples(40, 1_000))
def test_whatever_a_laboratory_names_survives(calls: Sequence[OutsideCall]) -> None:
    person = starling.assess(outside=calls, knowledge=engine())
    asked = {call.gene for call in calls}
    if all(person.gene(gene).status == "undetermined" for gene in asked):
        return
    back = there_and_back(person)
    told = [
        (before, back.gene(before.gene))
        for before in person.genes
        if before.gene in asked and not agree(before, back.gene(before.gene))
    ]
    assert told == []
