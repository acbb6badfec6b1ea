"""An assessment -> cards: one for each medicine whose advice differs from usual care, and none for the others.

`indicator`: critical where a harm is known that threatens life or cannot be undone, warning where the medicine or its
dose changes, info where something is to be watched, asked or tested.  Several sources are rows of one card; where they
disagree, the one that the site follows leads, and the card says so.  Nothing a card says is not in the assessment.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from starling.assessment import Assessment, DrugResult, GeneResult, Recommendation
from starling.definitions import HARMS, seriousness
from starling.exchange.cds import words
from starling.exchange.cds.actions import Suggestion, alternatives, changed_dose, dense
from starling.exchange.cds.medicines import Medicines, Prescribed
from starling.report.answer import Answer, merged, phenotype_of, says
from starling.report.glance import is_doubtful, source_name
from starling.report.words import (
    NOT_A_DEVICE_SHORT,
    call_words,
    dated,
    disagreement_words,
    joined,
    reason_of,
)
from starling.values import dataclass

INDICATORS: Final = ("critical", "warning", "info")
_CHANGES: Final = frozenset(
    {"contraindicated", "avoid", "consider_alternative", "reduce_dose", "increase_dose", "adjust_dose"}
)
_USUAL: Final = frozenset({None, "standard", "no_recommendation"})
#: Reasons why a gene has no result that say that nobody looked: what was not tested is no failed test.
_NOT_LOOKED_AT: Final = frozenset({"NOT_COVERED", "NOT_TESTED"})
#: keys of a gene of which nothing is known
_NOTHING: Final = frozenset({"No Result", "n/a"})
#: A harm that cannot be undone is as critical as one that threatens life (ours): the deafness of aminoglycosides.
_FOR_EVER: Final = "irreversible"
#: Limits of the data that a card names (ours); the whole list stands in the report.
_LIMITS: Final = 4


@dataclass(frozen=True, slots=True)
class Policy:
    """What a site has decided.  `first`: the source that is followed where sources disagree.

    `least`: cards below this indicator are not shown.  `models`: drugs for which a learned dose model is installed.
    """

    first: str = "CPIC"
    least: str = "info"
    models: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Card:
    """One card.  `rule`: what it rests on, the same for everybody with these results; overrides are counted by it."""

    drug: str
    action: str
    rule: str
    indicator: str
    summary: str
    detail: str
    source: str
    result_sha256: str
    suggestions: tuple[Suggestion, ...] = ()


@dataclass(frozen=True, slots=True)
class About:
    """One medicine that a card may be about.

    `order`: the order that it is; None: it is taken already.  `because_of`: what was ordered and changes the advice for
    it.
    """

    drug: str
    order: Prescribed | None = None
    because_of: str = ""


def cards_of(
    assessment: Assessment,
    abouts: Iterable[About],
    *,
    policy: Policy,
    knowledge: Medicines,
    patient: str,
    tested: bool,
) -> tuple[Card, ...]:
    """The cards, the gravest first.  `patient`: the FHIR id.  `tested`: whether a result of the patient is held."""
    made = (_card(assessment, each, policy, knowledge, patient, tested=tested) for each in abouts)
    shown = [card for card in made if card is not None and _rank(card.indicator) <= _rank(policy.least)]
    return tuple(sorted(shown, key=lambda card: (_rank(card.indicator), seriousness(card.action), card.drug)))


def _rank(indicator: str) -> int:
    return INDICATORS.index(indicator)


def _card(
    assessment: Assessment, about: About, policy: Policy, knowledge: Medicines, patient: str, *, tested: bool
) -> Card | None:
    view = _View(Answer.about(assessment, about.drug), policy, tested=tested)
    indicator = view.indicator
    if indicator is None:
        return None
    return Card(
        drug=about.drug,
        action=view.action,
        rule=view.rule,
        indicator=indicator,
        summary=_summary(view, about),
        detail=_detail(view, about),
        source=view.source,
        result_sha256=assessment.result_sha256,
        suggestions=_suggestions(view, about, knowledge, patient),
    )


class _View:
    """One answer, as the site's policy reads it."""

    def __init__(self, answer: Answer, policy: Policy, *, tested: bool) -> None:
        self.answer = answer
        self.line = answer.line
        self.result: DrugResult = answer.line.drug
        self.policy = policy
        self._tested = tested
        self.genes: Mapping[str, GeneResult] = {gene.gene: gene for gene in answer.assessment.genes}
        own = [row for row in self.line.counting if row.source == policy.first]
        disputed = self.result.disagreement is not None
        self.followed = min(own, key=lambda row: seriousness(row.action), default=None) if disputed else None
        self.action = self._action()
        self.lead = self._lead(own)

    def _action(self) -> str:
        if self.followed is not None and not self.result.test_first:
            return self.followed.action
        if self.result.headline_action in _USUAL and (self.result.test_first or self.line.required_tests):
            return "test_further"
        return self.result.headline_action or "no_recommendation"

    def _lead(self, own: Sequence[Recommendation]) -> Recommendation | None:
        """The row whose dose is proposed: of the followed source where it says the same, else the leading one."""
        first = next((row for row in own if row.action == self.action), None)
        return first or self.line.lead

    @property
    def indicator(self) -> str | None:
        """None: no card."""
        result, harm = self.result, self.result.harm
        if self.action in _USUAL and result.disagreement is None and not self.is_without_result:
            return None
        if result.is_asking:
            return None  # a question that holds whatever the genes are is usual care
        if harm is not None and (harm.level == HARMS[0] or _FOR_EVER in harm.what):
            return INDICATORS[0]
        return INDICATORS[1] if self.action in _CHANGES else INDICATORS[2]

    @property
    def is_without_result(self) -> bool:
        """Whether a gene of this drug was looked at and gave no result: no silence on that."""
        silent = self.result.status == "no_result" and self.result.headline_action in _USUAL
        return silent and any(self._was_tested(gene) for gene in self.result.genes_missing)

    def _was_tested(self, gene: str) -> bool:
        result = self.genes.get(gene)
        return self._tested and result is not None and result.reason not in _NOT_LOOKED_AT

    @property
    def rule(self) -> str:
        """Drug, action and the results that it rests on."""
        row = self.lead
        keys = "; ".join(f"{gene} {key}" for gene, key in row.genes.items()) if row is not None else ""
        tests = f"test {joined(self.result.test_first or self.result.genes_missing)}" if not keys else ""
        return ", ".join(part for part in (self.result.drug, self.action, keys, tests) if part)

    @property
    def source(self) -> str:
        """Who says so, the followed one first."""
        named = dict.fromkeys(source_name(row) for row in self.line.counting)
        ordered = sorted(named, key=lambda name: name != self.policy.first)
        return f"{', '.join(ordered)} (Starling)" if ordered else "Starling"

    def because(self) -> tuple[str, ...]:
        """The results, as phenotypes, and what another medicine makes of them."""
        row = self.lead
        if row is None or not row.genes:
            return ()
        return tuple(self._result(gene, key, row) for gene, key in row.genes.items())

    def _result(self, gene: str, key: str, row: Recommendation) -> str:
        result = self.genes.get(gene)
        if result is None or key in _NOTHING:
            return self.unknown(gene)
        if result.adjusted is not None and row.phenotype_used == "adjusted":
            return f"{gene} acts as {result.adjusted.phenotype} with {result.adjusted.by.partition(' (')[0]}"
        doubt = " (not certain)" if is_doubtful(result) else ""
        return f"{gene} {result.phenotype or key}{doubt}"

    def unknown(self, gene: str) -> str:
        """That nothing is known of a gene, and why."""
        result = self.genes.get(gene)
        if not self._tested or result is None:
            return words.NOT_TESTED.format(gene)
        why = reason_of(result)
        return (
            words.NOT_TESTED.format(gene) if "not" in why and "read" in why else words.WITHOUT_RESULT.format(gene, why)
        )


def _summary(view: _View, about: About) -> str:
    result = view.result
    name = f"{words.capital(about.drug)}{words.TAKEN if about.order is None else ''}"
    name += f" with {about.because_of}" if about.because_of else ""
    missing = tuple(
        dict.fromkeys(gene.removesuffix(" copy number") for gene in result.test_first or result.genes_missing)
    )
    if view.is_without_result:
        said = f"{name}: no advice by genes, {joined([view.unknown(gene) for gene in missing])}."
        return words.fitting([[said, words.NO_SAFETY], [said]])
    if view.action == "test_further" and missing:
        head = f"{name}: test {joined(result.test_first or missing)} first."
        why = words.capital(f"{joined([view.unknown(gene) for gene in missing])}.")
        return words.fitting([[head, why], [head]])
    differ = f" ({words.DIFFER})" if result.disagreement is not None else ""
    head = f"{name}: {words.HEADLINES.get(view.action, view.action)}{differ}."
    because = view.because()
    why = f"{'; '.join(because)}." if because else ""
    short = f"{because[0]}." if because else ""
    instead = [each.drug for each in result.alternatives if each.offered]
    what = words.INSTEAD.format(joined(instead[:2], "or")) if instead and view.action in _CHANGES else ""
    return words.fitting([[head, why, what], [head, why], [head, short], [head]])


def _detail(view: _View, about: About) -> str:
    """What to do, the sources as rows, the results, and what is not known: GitHub Flavored Markdown."""
    answer, result = view.answer, view.result
    lines = [f"- {words.plain(text)}" for text in answer.box_lines]
    parts = ["\n".join(lines)]
    if result.harm is not None:
        said = f"At stake: {result.harm.what} ({result.harm.source})."
        parts.append(words.plain(said))
    rows = [(answer.source(row), whom, says(row)) for row, whom in merged(view.line.rows)]
    parts += [words.table(("Source", "For", "Says"), rows)] if rows else []
    if result.disagreement is not None:
        followed = words.FOLLOWED.format(view.policy.first) if view.followed is not None else ""
        parts.append(words.plain(f"{disagreement_words(result.disagreement)} {followed}"))
    genes = [(gene.gene, call_words(gene), phenotype_of(gene)) for gene in answer.genes]
    parts += [words.table(("Gene", "Call", "Phenotype"), genes)] if genes else []
    parts += [f"- {words.plain(dated(text))}" for text in answer.limits[:_LIMITS]]
    if about.drug in view.policy.models:
        parts.append(words.plain(words.DOSE_MODEL.format(about.drug)))
    stamp = answer.assessment.provenance.knowledge
    parts.append(words.plain(f"{words.OLD_KNOWLEDGE.format(stamp.version)} {NOT_A_DEVICE_SHORT}"))
    return _paragraphs(parts)


def _paragraphs(parts: Sequence[str]) -> str:
    """The parts with an empty line between them, but items of one list together."""
    text = ""
    for before, part in zip(("", *parts), parts, strict=False):
        gap = "\n" if before.startswith("- ") and part.startswith("- ") else "\n\n"
        text += f"{gap}{part}" if text else part
    return text


def _suggestions(view: _View, about: About, knowledge: Medicines, patient: str) -> tuple[Suggestion, ...]:
    """Nothing is proposed for what is taken already, nor where a test or a question comes first.

    A dose is proposed only by results that are certain, and when no gene of the medicine is unknown.
    """
    line = view.line
    if about.order is None or view.action not in _CHANGES or not line.commands or view.result.test_first:
        return ()
    is_open = line.is_split or line.uncertain or line.unknown or view.result.genes_missing
    dose = () if is_open else changed_dose(view.lead, about.order, patient)
    return dose or alternatives(view.result.alternatives, knowledge, about.order, patient)


def message(card: Card, id_: str, suggestion_ids: Iterator[str], *, link: str = "") -> dict[str, Any]:
    """The card as CDS Hooks has it; `link`: where the patient's results are shown, empty: nowhere."""
    suggestions = [
        {"label": each.label, "uuid": uuid, "actions": list(each.actions)}
        for each, uuid in zip(card.suggestions, suggestion_ids, strict=False)
    ]
    said: dict[str, Any] = {
        "uuid": id_,
        "summary": card.summary,
        "indicator": card.indicator,
        "detail": card.detail,
        "source": {"label": card.source},
        "suggestions": suggestions,
        "selectionBehavior": "at-most-one" if suggestions else "",
        "overrideReasons": [
            {"system": words.OVERRIDES, "code": code, "display": display} for code, display in words.REASONS.items()
        ],
        "links": [{"label": "Genetic results", "url": link, "type": "absolute"}] if link else [],
    }
    made: dict[str, Any] = dense(said)
    return made
