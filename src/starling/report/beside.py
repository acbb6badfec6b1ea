"""What stands beside the leading sentence of an answer: what the drug is for, and what other sources say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from starling.assessment import Condition, Recommendation
from starling.definitions import EVERYBODY, SERIOUS
from starling.guidance.disagreement import differ, factors_of, is_association, overlap
from starling.notices import DOES_NOT_HELP, NAMES_NO_INDICATION, ONLY_IF_USED, SUPERSEDED
from starling.report.glance import Line, source_words
from starling.report.wording import doses_text
from starling.report.words import action_words, joined, sentence_case

#: marks of rows that the answer sets aside
_ASIDE: Final = frozenset({SUPERSEDED, ONLY_IF_USED, DOES_NOT_HELP, NAMES_NO_INDICATION})
#: actions that give another dose
DOSES: Final = frozenset({"reduce_dose", "adjust_dose", "increase_dose"})
#: actions over which no question of purpose stands
_QUIET: Final = frozenset({None, "no_recommendation", "standard", "monitor", "test_further"})
#: begins a key that asks for the indication
_INDICATION: Final = "indication: "
#: begins the identity of advice by a flow, which says how to dose without a result, too
_FLOW: Final = "FLOW-"


def purposes(line: Line) -> Iterator[str]:
    """What must be asked of the purpose where a source advises otherwise for one indication than for another.

    Once the indication is known there is nothing to ask; what the leading sentence says itself is not said again.
    """
    rows = _split_by_purpose(line)
    if rows:
        told = (f" {sentence_case(_branches(row))} [{row.source}]." for row in rows.values() if row is not line.lead)
        yield f"What is {line.drug.drug} for?{''.join(told)}"


def _split_by_purpose(line: Line) -> dict[str, Recommendation]:
    """Of each source the first row that advises otherwise for one indication than for another."""
    found: dict[str, Recommendation] = {}
    if line.drug.headline_action in _QUIET or line.is_split:
        return found
    for row in line.counting:
        branches = [each for each in row.advice.conditions if _is_of_purpose(each)]
        ways = {(each.action, each.dose) for each in branches} | {(row.action, row.advice.dose)}
        if branches and len(ways) > 1 and _ASIDE.isdisjoint(note.code for note in row.notes):
            found.setdefault(row.source, row)
    return found


def _branches(row: Recommendation) -> str:
    return "; ".join(_branch(each) for each in row.advice.conditions if _is_of_purpose(each))


def _is_of_purpose(condition: Condition) -> bool:
    """Whether the indication alone decides the condition."""
    return condition.key.startswith(_INDICATION) and " & " not in condition.key


def _branch(condition: Condition) -> str:
    if ":" in condition.when:
        return condition.when
    dose = f", {doses_text(condition.dose)}" if condition.dose else ""
    return f"{condition.when}: {action_words(condition.action).word.lower()}{dose}"


def other_sources(line: Line) -> Iterator[tuple[str, str]]:
    """Label and text of what other sources say where a reader of theirs would do otherwise, or give another dose.

    One line a source and group of patients; where a source gives one dose by one gene and another by another, each.
    """
    lead = line.lead
    if lead is None or not line.commands:
        return
    if lead.action in DOSES:
        set_back = (row for row in line.counting if _has(row, NAMES_NO_INDICATION))
        yield from ((f"{source_words(row)}, naming no indication", row.advice.summary) for row in set_back)
    told: set[tuple[str, str, tuple[str, ...]]] = set()
    asked = _split_by_purpose(line)
    for row in line.counting:
        whose = (row.source, row.population, tuple(row.genes))
        words = (row.source, row.population, (row.advice.summary,))
        if not told.isdisjoint((whose, words)) or row is asked.get(row.source) or not _is_told(row, lead, line):
            continue
        told |= {whose, words}
        yield _label(row, line), row.advice.summary


def _is_told(row: Recommendation, lead: Recommendation, line: Line) -> bool:
    aside = not _ASIDE.isdisjoint(note.code for note in row.notes) or is_association(row)
    if aside or row is lead or row.advice.summary == lead.advice.summary:
        return False
    if row.source == lead.source:
        own = {gene for each in (row, lead) for gene in each.genes}
        return row.action in DOSES and lead.action in DOSES and len(own) > max(len(row.genes), len(lead.genes))
    if row.action == "no_recommendation":
        return row.advice.id.startswith(_FLOW)
    if row.action in DOSES and row.advice.dose:
        differs = line.drug.disagreement is not None and lead.action in SERIOUS
        return differs or is_choice(lead) or _is_another_dose(row, lead)
    says_how = row.action not in DOSES or bool(row.advice.dose)
    return line.drug.disagreement is not None and says_how and differ(row, lead)


def _is_another_dose(row: Recommendation, lead: Recommendation) -> bool:
    """Whether the numbers differ so that both cannot be kept."""
    if not lead.advice.dose:
        return False
    mine, yours = factors_of(row.advice.dose), factors_of(lead.advice.dose)
    if mine is not None and yours is not None:
        return not overlap(mine, yours)
    return doses_text(row.advice.dose) != doses_text(lead.advice.dose)


def is_choice(lead: Recommendation) -> bool:
    """Whether the row leaves a choice between another drug and a dose: then the dose of another source counts, too."""
    allowed = lead.advice.fallback
    return lead.action in {"avoid", "consider_alternative"} and allowed is not None and allowed.action in DOSES


def _label(row: Recommendation, line: Line) -> str:
    """Who says so, by which gene where that source speaks of several apart, and of whom."""
    own = [each for each in line.counting if each.source == row.source]
    apart = len({frozenset(each.genes) for each in own}) > 1 and row.genes
    by = f", by {joined(row.genes)}" if apart else ""
    whom = "" if row.population in EVERYBODY else f", {row.population}"
    return f"{source_words(row)}{by}{whom}"


def by_gene(line: Line) -> str:
    """The gene of the leading sentence, where its source gives one dose by this gene and another by another."""
    lead = line.lead
    if lead is None or lead.action not in DOSES or len(lead.genes) != 1:
        return ""
    others = {gene for row in line.counting if row.source == lead.source for gene in row.genes}
    return f"By {joined(lead.genes)}" if len(others) > 1 else ""


def _has(row: Recommendation, code: str) -> bool:
    return any(note.code == code for note in row.notes)
