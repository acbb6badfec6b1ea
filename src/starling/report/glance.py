"""An assessment sorted for reading: which drugs head the report, which are as usual, and what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from starling.report.words import (
    ActionWords,
    action_words,
    alternative_terms,
    call_words,
    joined,
    plural,
    reason_words,
    seriousness,
    strength_words,
    why_words,
)
from starling.vocabulary import Assessment, DrugResult, GeneResult, Recommendation, Why


@dataclass(frozen=True, slots=True)
class Line:
    """One drug at a glance.

    `lead`: the recommendation that gives the headline; None when nobody advises.  `because`: the results it rests
    on.  `uncertain`: the genes behind it whose phenotype is not certain.  `sources`: who says so, with strength.
    """

    drug: DrugResult
    words: ActionWords
    lead: Recommendation | None
    because: str
    uncertain: tuple[str, ...]
    sources: tuple[str, ...]

    @property
    def summary(self) -> str:
        """The sentence a prescriber reads first."""
        return self.lead.advice.summary if self.lead else ""


@dataclass(frozen=True, slots=True)
class Glance:
    """Every drug exactly once.

    `acting`: something other than usual prescribing, most serious first.  `usual_uncertain`: as usual, but a gene
    behind it is not certain.  `usual`: as usual.  `silent`: no source advises.  `missing`: a gene is missing.
    """

    acting: tuple[Line, ...]
    usual_uncertain: tuple[Line, ...]
    usual: tuple[Line, ...]
    silent: tuple[Line, ...]
    missing: tuple[Line, ...]

    def counts(self) -> tuple[tuple[ActionWords, int], ...]:
        """How many drugs each action heads, most serious first."""
        tally: dict[str, int] = {}
        for line in self.acting:
            tally[line.words.action] = tally.get(line.words.action, 0) + 1
        return tuple((action_words(action), count) for action, count in tally.items())


def at_a_glance(assessment: Assessment) -> Glance:
    """The drugs of an assessment in groups, each in the order in which every face shows them."""
    genes = {gene.gene: gene for gene in assessment.genes}
    lines = sorted((drug_line(drug, genes) for drug in assessment.drugs), key=_order)
    advised = [line for line in lines if line.drug.status == "advice"]
    usual = [line for line in advised if line.words.action == "standard"]
    return Glance(
        acting=tuple(line for line in advised if line.words.urgent),
        usual_uncertain=tuple(line for line in usual if line.uncertain),
        usual=tuple(line for line in usual if not line.uncertain),
        silent=tuple(
            line
            for line in lines
            if line.drug.status == "no_row" or (line in advised and line.words.action == "no_recommendation")
        ),
        missing=tuple(line for line in lines if line.drug.status == "no_result"),
    )


def drug_line(drug: DrugResult, genes: Mapping[str, GeneResult]) -> Line:
    """One drug as it stands at a glance."""
    rows = drug.recommendations
    lead = next((row for row in rows if row.action == drug.headline_action), rows[0] if rows else None)
    named = dict.fromkeys(gene for row in rows for gene in row.genes)
    return Line(
        drug=drug,
        words=action_words(drug.headline_action),
        lead=lead,
        because=because(lead, genes) if lead else "",
        uncertain=tuple(gene for gene in named if gene in genes and is_doubtful(genes[gene])),
        sources=tuple(dict.fromkeys(source_words(row) for row in rows)),
    )


def by_genes(lines: Iterable[Line]) -> tuple[tuple[tuple[str, ...], str], ...]:
    """The names of drugs, comma separated, by the genes that are missing or not certain behind them."""
    names: dict[tuple[str, ...], list[str]] = {}
    for line in lines:
        names.setdefault(line.drug.genes_missing or line.uncertain, []).append(line.drug.drug)
    return tuple((genes, ", ".join(drugs)) for genes, drugs in sorted(names.items()))


def is_doubtful(gene: GeneResult) -> bool:
    """Whether a phenotype was given that is not certain."""
    return gene.phenotype is not None and not gene.phenotype_certain


def because(row: Recommendation, genes: Mapping[str, GeneResult]) -> str:
    """The results that a recommendation rests on, in words."""
    parts = []
    for gene, key in row.genes.items():
        result = genes.get(gene)
        adjusted = result.adjusted if result and row.phenotype_used == "adjusted" else None
        parts.append(f"{gene} {key}" + (f" (because of {adjusted.by})" if adjusted else ""))
    return "; ".join(parts)


def source_words(row: Recommendation) -> str:
    """Who recommends, and how strongly."""
    return " ".join(part for part in (row.source, strength_words(row.strength)) if part)


def caveats(assessment: Assessment) -> tuple[str, ...]:
    """What must be said at the head of every page."""
    positions = assessment.provenance.positions
    filled, unread = (
        positions.get("filled_as_reference", 0),
        positions.get("nocall", 0) + positions.get("notassayed", 0),
    )
    said = []
    if filled:
        said.append(
            f"{plural(filled, 'position')} not in the file {'was' if filled == 1 else 'were'} ASSUMED to be reference, "
            "because an option said so. A variant there would not have been seen."
        )
    if unread:
        said.append(f"{plural(unread, 'position')} of interest could not be read; see what this file could not show.")
    genes = [gene.gene for gene in assessment.genes if gene.source == "outside"]
    if genes:
        said.append(f"Stated by another laboratory, not read from this file: {joined(genes)}.")
    said += [notice.message for notice in assessment.provenance.notices]
    return tuple(said)


def not_shown(gene: GeneResult, *, listed: int | None = None) -> tuple[str, ...]:
    """What the data could not show about one gene, each a sentence; empty when every position was read.

    `listed`: at most so many positions and alleles are named, the rest counted; None: all of them.
    """
    return (*_unsettled(gene), *_unread(gene, listed), *(notice.message for notice in gene.warnings))


def _unsettled(gene: GeneResult) -> Iterable[str]:
    if gene.status == "undetermined":
        yield f"No call: {reason_words(gene.reason)}."
    if gene.status == "ambiguous":
        yield f"More than one diplotype fits equally well: {call_words(gene)}."
    if is_doubtful(gene):
        yield "The phenotype is not certain" + _because_of(gene) + "."
    if gene.conflict:
        yield f"Conflict: {gene.conflict}"
    if gene.research_only:
        yield "A research-only call: no recommendation rests on it."


def _because_of(gene: GeneResult) -> str:
    whys = dict.fromkeys(other.why for other in gene.phenotype_alternatives)
    if not whys:
        return ""
    terms = joined(alternative_terms(gene.phenotype_alternatives), "or")
    return f"; it could also be {terms}, because {joined(map(why_words, whys))}"


def _unread(gene: GeneResult, listed: int | None) -> Iterable[str]:
    if gene.copy_number == "not_assessed" and not _says_copy_number(gene):
        yield "Copy number was not looked at: a deletion, duplication or hybrid gene would not have been seen."
    unknown = [name for name, presence in gene.presence.items() if presence == "nocall"]
    if unknown:
        yield f"Could not be determined: {joined(unknown)}."
    if gene.cannot_exclude:
        yield f"Alleles that cannot be ruled out: {_listed(gene.cannot_exclude, listed)}."
    if gene.missing_positions:
        yield f"{plural(len(gene.missing_positions), 'position')} not read: {_listed(gene.missing_positions, listed)}."


def _listed(names: Sequence[str], most: int | None) -> str:
    shown = names if most is None else names[:most]
    rest = len(names) - len(shown)
    return ", ".join(shown) + (f" and {rest} more" if rest else "")


def _says_copy_number(gene: GeneResult) -> bool:
    return is_doubtful(gene) and any(other.why is Why.COPY_NUMBER for other in gene.phenotype_alternatives)


def _order(line: Line) -> tuple[int, str]:
    return seriousness(line.drug.headline_action), line.drug.drug.casefold()
