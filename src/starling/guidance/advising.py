"""What one guideline advises this patient for one drug and population, and what the reader must know about it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Final

from starling.assessment import WHY, Advice, Condition, Recommendation
from starling.definitions import SERIOUS, action_words, seriousness
from starling.guidance.lookup import Block, Found, actions_of, find
from starling.guidance.standing import Standing, Standings
from starling.values import replace
from starling.vocabulary import Notice

#: Actions after which a drug is prescribed as for anybody else.
USUAL: Final = frozenset({"standard", "no_recommendation"})
#: Marks advice that Starling composed because the data do not decide between rows.
UNRESOLVED: Final = "UNRESOLVED"
COPY_NUMBER_UNCONFIRMED: Final = "COPY_NUMBER_UNCONFIRMED"

_EXTREMES: Final = ("Poor Metabolizer", "Ultrarapid Metabolizer")


def advise(block: Block, standings: Standings, population: str) -> tuple[Recommendation, ...]:
    """Every recommendation of `block` for the patient; empty when it lists no row for such a result.

    Terms between which the data cannot decide give one recommendation when their rows agree, and otherwise advice to
    find out, with each term's own advice as a condition.
    """
    place = _Place(block, standings, population)
    undecided = tuple([gene for gene in dict.fromkeys(block.genes) if standings[gene].candidates])
    if undecided:
        return place.between(undecided)
    found = find(block, standings)
    if not found:
        return place.serious_alternatives() if place.alternatives else ()
    return tuple(place.recommendation(each) for each in found)


class _Place:
    """One block for one patient."""

    def __init__(self, block: Block, standings: Standings, population: str) -> None:
        self.block = block
        self.standings = standings
        self.population = population
        self.alternatives = [
            (gene, term, why) for gene in dict.fromkeys(block.genes) for term, why in standings[gene].alternatives
        ]

    def recommendation(self, found: Found, extra: Sequence[Notice] = ()) -> Recommendation:
        advice = found.row.advice
        notes = [*found.notices, *extra, *self._uncovered(), *self._adjusted()]
        action = advice.action
        unconfirmed = self._ruled_out_by_copies() if action == "standard" else None
        if unconfirmed is not None:
            action = "test_further"
            notes.append(Notice(COPY_NUMBER_UNCONFIRMED, _CONFIRM_COPIES.format(unconfirmed)))
            advice = _confirm_first(advice, unconfirmed)
        if found.row.advice.action in USUAL:
            notes += self._changes(found.row.advice.action)
        return self._made(advice, action, dict(found.genes), tuple(dict.fromkeys(notes)), found)

    def between(self, genes: tuple[str, ...]) -> tuple[Recommendation, ...]:
        """Rows of every combination of candidate terms, as one recommendation."""
        outcomes = [(terms, self._supposing(genes, terms)) for terms in self._combinations(genes)]
        rows = {frozenset((each.row.advice.id, each.row.strength) for each in found) for _, found in outcomes}
        possible = {gene: " or ".join(self.standings[gene].candidates) for gene in genes}
        said = "; ".join(f"{gene} could be {terms}" for gene, terms in possible.items())
        if rows == {frozenset()}:
            return ()
        if len(rows) == 1:
            notice = Notice("SAME_ADVICE", f"{said}: the advice is the same.")
            return tuple(
                replace(self.recommendation(each, (notice,)), genes={**dict(each.genes), **possible})
                for each in outcomes[0][1]
            )
        labels = [
            " and ".join(f"{gene} is {term}" for gene, term in zip(genes, terms, strict=True)) for terms, _ in outcomes
        ]
        conditions = [
            condition
            for label, (_, found) in zip(labels, outcomes, strict=True)
            for condition in _conditions(label, found)
        ]
        action = _whichever([found for _, found in outcomes])
        if action is not None:
            text = f"{said}: {action_words(action)} whichever it is; find out which"
            return (self._unresolved(possible, text, conditions, action),)
        return (self._unresolved(possible, f"{said}, and the advice differs: find out which", conditions),)

    def serious_alternatives(self) -> tuple[Recommendation, ...]:
        """Advice to find out, where no row applies but one that rules the drug out remains possible."""
        conditions: list[Condition] = []
        possible: dict[str, str] = {}
        for gene, term, why in self.alternatives:
            serious = tuple(each for each in self._supposing((gene,), (term,)) if each.row.advice.action in SERIOUS)
            if serious:
                reported = self.standings[gene].term
                label = f"{gene} is {term}, which cannot be excluded ({WHY[why].brief})"
                conditions += [each for each in _conditions(label, serious) if each not in conditions]
                possible[gene] = f"{reported} or {term}"
        if not conditions:
            return ()
        said = "; ".join(f"{gene} could be {terms}" for gene, terms in possible.items())
        return (self._unresolved(possible, f"{said}: find out which", conditions),)

    def _unresolved(
        self, genes: dict[str, str], text: str, conditions: Sequence[Condition], action: str = "test_further"
    ) -> Recommendation:
        advice = Advice(
            id=f"{UNRESOLVED}-{self.block.guideline.id}",
            action=action,
            summary=f"{text} before relying on either.",
            detail="Composed from the rows of this guideline; the conditions state what each result would mean.",
            conditions=tuple(conditions),
        )
        notice = Notice("UNRESOLVED_PHENOTYPE", f"{text}; " + "; ".join(map(_condition_text, conditions)) + ".")
        known = {gene: self.standings[gene].term or "" for gene in self.block.genes} | genes
        notes = (notice, *self._uncovered(), *self._adjusted())
        return self._made(advice, action, known, notes, None)

    def _made(
        self, advice: Advice, action: str, genes: dict[str, str], notes: tuple[Notice, ...], found: Found | None
    ) -> Recommendation:
        guideline = self.block.guideline
        adjusted = any(self.standings[gene].adjusted_by for gene in self.block.genes)
        return Recommendation(
            drug=self.block.drug,
            source=guideline.source,
            guideline=guideline.id,
            population=self.population,
            genes=genes,
            phenotype_used="adjusted" if adjusted else "genetic",
            strength=found.row.strength if found else "",
            action=action,
            advice=advice,
            implications=tuple(each.summary for each in found.row.implications) if found else (),
            pmids=guideline.pmids,
            text_as_of=guideline.text_as_of,
            checked_on=guideline.checked_on,
            notes=notes,
        )

    def _combinations(self, genes: tuple[str, ...]) -> list[tuple[str, ...]]:
        return list(product(*(self.standings[gene].candidates for gene in genes)))

    def _supposing(self, genes: Sequence[str], terms: Sequence[str]) -> tuple[Found, ...]:
        return find(self.block, self._if(genes, terms))

    def _if(self, genes: Sequence[str], terms: Sequence[str]) -> dict[str, Standing]:
        """The standings of the block's genes if these genes had these terms."""
        changed = {gene: self.standings[gene].supposing(term) for gene, term in zip(genes, terms, strict=True)}
        return {gene: changed.get(gene) or self.standings[gene] for gene in self.block.genes}

    def _changes(self, action: str) -> list[Notice]:
        """One notice for each alternative under which the drug would not be prescribed as usual."""
        supposed = [
            (f"{gene} could be {term} ({WHY[why].brief})", self._if((gene,), (term,)))
            for gene, term, why in self.alternatives
        ]
        supposed += [
            (
                f"{gene} could have activity score {score}",
                {**self.standings, gene: self.standings[gene].with_score(score)},
            )
            for gene in dict.fromkeys(self.block.genes)
            for score in self.standings[gene].other_scores
        ]
        notices = []
        for label, standings in supposed:
            changed = sorted(actions_of(self.block, standings) - USUAL - {action})
            if changed:
                text = f"{label}; then the advice would be: {' or '.join(map(action_words, changed))}."
                notices.append(Notice("ALTERNATIVE_CHANGES_ACTION", text))
        return notices

    def _ruled_out_by_copies(self) -> str | None:
        """The gene whose copy number was not looked at and could rule the drug out; there is none of an untested gene.

        Source: CPIC/DPWG consensus on CYP2D6 (PMID 31647186): copy number is part of the genotype.
        """
        for gene in self.block.genes:
            standing = self.standings[gene]
            matters = standing.copies_unconfirmed and not standing.is_missing
            if matters and any(SERIOUS & actions_of(self.block, self._if((gene,), (term,))) for term in _EXTREMES):
                return gene
        return None

    def _uncovered(self) -> list[Notice]:
        return [
            Notice("GENE_NOT_COVERED", f"This guideline also speaks of {gene}, which is not covered here.")
            for gene in self.block.guideline.genes
            if gene not in self.standings
        ]

    def _adjusted(self) -> list[Notice]:
        return [_converted(self.standings[gene]) for gene in self.block.genes if self.standings[gene].adjusted_by]


def _whichever(outcomes: Sequence[Sequence[Found]]) -> str | None:
    """The least of what rules the drug out under every one of the outcomes; None where one of them does not."""
    worst = [min((each.row.advice.action for each in found), key=seriousness, default="") for found in outcomes]
    return max(worst, key=seriousness) if SERIOUS.issuperset(worst) else None


_CONFIRM_COPIES: Final = (
    "The copy number of {} was not determined, and this drug is ruled out for poor or ultrarapid metabolisers: "
    "the usual advice is shown only as a detail until it is confirmed."
)


def _confirm_first(advice: Advice, gene: str) -> Advice:
    summary = f"Confirm the copy number of {gene} before relying on the genotype for this drug."
    detail = f"If it is confirmed: {advice.summary} {advice.detail}".rstrip()
    return replace(advice, action="test_further", summary=summary, detail=detail)


def _converted(standing: Standing) -> Notice:
    terms = standing.term or " or ".join(standing.candidates)
    score = f", activity score {standing.score}" if standing.score else ""
    return Notice("PHENOCONVERTED", f"{standing.gene} counts as {terms}{score} because of {standing.adjusted_by}.")


def _conditions(label: str, found: Sequence[Found]) -> list[Condition]:
    if not found:
        return [Condition(f"{label} (not in a listed subgroup)", "no_recommendation")]
    distinct = {(each.row.advice.id, each.row.advice.action): each.row.advice for each in found}
    return [
        Condition(f"{label}: {advice.summary}", advice.action, advice.dose, advice.alternatives)
        for advice in distinct.values()
    ]


def _condition_text(condition: Condition) -> str:
    return f"{condition.when.partition(':')[0]}: {action_words(condition.action)}"
