"""What to say at a drug as a whole: guidelines that list no row for this result, and medicines that affect enzymes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

from starling.assessment import Recommendation
from starling.definitions import Drug, PhenotypeRules, RequiredTest
from starling.guidance.conversion import Inhibition
from starling.guidance.keys import GeneKeys
from starling.guidance.lookup import Block
from starling.guidance.standing import Standing, Standings
from starling.values import dataclass
from starling.vocabulary import Notice

#: The one source that lists affected subgroups only.
FDA: Final = "FDA"
_GENERAL: Final = frozenset({"", "general"})

Answered = Sequence[tuple[Block, Sequence[Recommendation]]]


def unlisted(answered: Answered, standings: Standings) -> tuple[Notice, ...]:
    """One notice for each guideline that has rows for the drug and none for what is known of the patient.

    The FDA lists affected subgroups only: no row in any of its lists means "not in a listed subgroup", never that the
    drug is safe.
    """
    spoken: dict[tuple[str, str], set[str]] = {}
    for block, rows in answered:
        if rows:
            spoken.setdefault(_list_of(block), set()).update(block.genes)
    silent: dict[tuple[tuple[str, str], str], list[str]] = {}
    for block, rows in answered:
        if rows:
            continue
        heard = spoken.get(_list_of(block), set()).issuperset(block.genes)
        if not heard and not any(block.missing(standings)):
            known = " and ".join(_known(keys, standings[keys.gene]) for keys in block.keys)
            silent.setdefault((_list_of(block), known), []).append(block.guideline.id)
    return tuple(
        _unlisted(source, population, known, ", ".join(dict.fromkeys(guidelines)))
        for ((source, population), known), guidelines in silent.items()
    )


def _list_of(block: Block) -> tuple[str, str]:
    """What answers as one list, and its population: a guideline, or everything that the FDA lists."""
    return (block.guideline.source if block.guideline.source == FDA else block.guideline.id), block.population


def _unlisted(source: str, population: str, known: str, guidelines: str) -> Notice:
    if source == FDA:
        text = f"{FDA} ({guidelines}): {known} is not in a listed subgroup; that is not a statement of safety."
        return Notice("NOT_IN_LISTED_SUBGROUP", text)
    whom = "" if population in _GENERAL else f" for population {population}"
    return Notice("NO_ROW", f"{guidelines}: no row{whom} for {known}; that is not a statement of safety.")


def _known(keys: GeneKeys, standing: Standing) -> str:
    if standing.presence:
        states = [f"{allele} {state}" for allele, state in standing.presence if allele in keys.risk_alleles]
        return f"{keys.gene} {', '.join(states)}"
    term = standing.term or " or ".join(standing.candidates or standing.diplotypes)
    return f"{keys.gene} {term}" + (f" (activity score {standing.score})" if standing.score else "")


def untested(tests: Sequence[RequiredTest], blocks: Sequence[Block], standings: Standings) -> tuple[RequiredTest, ...]:
    """The tests that an authority asks for before the drug is given, and of which no result is known.

    `blocks`: the tables of the drug.  A typing that leaves open what one of them asks of the gene is no result.
    """
    return tuple(test for test in tests if _is_missing(test.gene, blocks, standings))


def _is_missing(gene: str, blocks: Iterable[Block], standings: Standings) -> bool:
    asked = [keys for block in blocks for keys in block.keys if keys.gene == gene]
    return any([keys.is_missing(standings[gene]) for keys in asked]) if asked else standings[gene].is_missing


def untested_notice(test: RequiredTest) -> Notice:
    """Who asks for the test."""
    return Notice("TEST_REQUIRED", f"{test.said}; no result of {test.gene} is known here.")


@dataclass(frozen=True, slots=True)
class Enzymes:
    """`adjusted`: genes whose phenotype medicines adjust.  `classed`: an enzyme -> the genes it stands for, too."""

    adjusted: tuple[str, ...]
    classed: Mapping[str, tuple[str, ...]]


def enzymes_of(phenotypes: Mapping[str, PhenotypeRules]) -> Enzymes:
    """What medicines that act on enzymes concern."""
    classed: dict[str, tuple[str, ...]] = {}
    for gene, rules in phenotypes.items():
        if rules.inhibited_as:
            classed[rules.inhibited_as] = (*classed.get(rules.inhibited_as, ()), gene)
    return Enzymes(tuple(gene for gene, rules in phenotypes.items() if rules.adjusted_by_inhibitors), classed)


def medicine_notices(
    drug: Drug, found: Sequence[Inhibition], enzymes: Enzymes, applied: Collection[str]
) -> dict[str, tuple[Notice, ...]]:
    """By gene, what to say of every medicine whose effect was not applied; `applied`: the genes that were adjusted."""
    notices: dict[str, tuple[Notice, ...]] = {}
    for each in found:
        if each.enzyme in applied and each.factor is not None:
            continue
        for gene in (each.enzyme, *enzymes.classed.get(each.enzyme, ())):
            notices[gene] = (*notices.get(gene, ()), _medicine(drug, each, enzymes))
    return notices


def _medicine(drug: Drug, taken: Inhibition, enzymes: Enzymes) -> Notice:
    if taken.enzyme not in enzymes.adjusted:
        text = f"Also taken: {taken}; {taken.enzyme} may act differently than its genotype says."
        return Notice("MEDICINE_AFFECTS_ENZYME", text)
    if taken.enzyme in drug.branches_on:
        text = (
            f"Also taken: {taken}; the genotype counts, and the conditions of the advice say what the medicine changes."
        )
        return Notice("INHIBITOR_NOT_APPLIED", text)
    return Notice("INHIBITOR_NOT_APPLIED", f"Also taken: {taken}; the phenotype was not adjusted for it.")
