"""The words, signs and order of what a report says: one table, the same on every face."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from starling.assessment import Alternative, Disagreement, GeneResult
from starling.definitions import ACTIONS as ACTION_ORDER
from starling.definitions import action_words as plain_words
from starling.values import dataclass


@dataclass(frozen=True, slots=True)
class ActionWords:
    """How an action is shown: never by colour alone.

    `action`: as in the JSON.  `sign`: one column wide, for terminals.  `tone`: the name of its colour.
    `urgent`: it heads the report.
    """

    action: str
    sign: str
    tone: str
    urgent: bool = True

    @property
    def word(self) -> str:
        """What stands in the report."""
        words = plain_words(self.action)
        return words[:1].upper() + words[1:]


_SHOWN: Final[Mapping[str, ActionWords]] = {
    words.action: words
    for words in (
        ActionWords("contraindicated", "✖", "stop"),
        ActionWords("avoid", "⊘", "stop"),
        ActionWords("consider_alternative", "⇄", "change"),
        ActionWords("reduce_dose", "↓", "dose"),
        ActionWords("increase_dose", "↑", "dose"),
        ActionWords("adjust_dose", "↕", "dose"),
        ActionWords("test_further", "?", "test", urgent=False),
        ActionWords("monitor", "◎", "watch", urgent=False),
        ActionWords("standard", "✓", "usual", urgent=False),
        ActionWords("no_recommendation", "–", "none", urgent=False),
    )
}
#: Most serious first: the order of every list of drugs.
ACTIONS: Final = tuple(_SHOWN[action] for action in ACTION_ORDER)

_DAY: Final = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")
NOT_STATED: Final = "not stated"
NOT_A_DEVICE: Final = (
    "Starling is not a medical device. This report supports, and never replaces, the judgement of a qualified "
    "professional. Other medicines, organ function, age, pregnancy and allergies are not considered unless stated."
)
NOT_A_DEVICE_SHORT: Final = "Starling is not a medical device; the decision is the prescriber's."
ONLY_KNOWN: Final = (
    "Only the variants of the knowledge base were looked for. A rare or new variant can change a result, "
    "and a position that was not read was never counted as normal."
)

#: The fields that identify a person, in the order in which a report shows them.
SUBJECT: Final = (
    ("name", "Name"),
    ("id", "Patient ID"),
    ("birth_date", "Born"),
    ("sex", "Sex"),
    ("specimen", "Specimen"),
    ("collected", "Collected"),
    ("ordered_by", "Ordered by"),
    ("ancestry", "Ancestry"),
    ("transplant", "Transplant"),
)
#: The fields by which a report is signed, in the order in which it shows them; blank ones are filled in by hand.
SIGNATURE: Final = (
    ("accession", "Accession"),
    ("method", "Method"),
    ("laboratory", "Laboratory"),
    ("interpreted_by", "Interpreted by"),
    ("reviewed_by", "Reviewed by"),
    ("reported", "Date"),
    ("status", "Status"),
    ("replaces", "Replaces result"),
)

#: reason -> why there is no call, as a clause
REASONS: Final[Mapping[str, str]] = {
    "DONOR_DNA": "after a stem cell transplant this specimen carries the donor's DNA",
    "NOT_COVERED": "the file does not cover this gene",
    "NOT_TESTED": "not readable from this file; needs the result of another laboratory",
    "NOTHING_STATED": "the other laboratory stated nothing that can be used",
    "LOW_HETEROPLASMY": "a risk variant was seen in too few reads to count or to exclude",
    "NOMENCLATURE_UNKNOWN": "the other laboratory does not say which allele names it uses",
    "NO_MATCH": "the variants found fit no named alleles",
    "REFERENCE_UNKNOWN": "the file does not say which mitochondrial reference it uses",
    "REQUIRED_POSITION_MISSING": "a position without which nothing can be said was not read",
    "SINGLE_ALLELE": "the other laboratory named one allele of two",
    "TOO_AMBIGUOUS": "too many combinations of alleles fit",
    "TOO_MANY_ALLELES": "the other laboratory named more than two alleles",
    "UNDOCUMENTED_VARIANT": "a variant was found that no definition lists",
    "UNKNOWN_ALLELE": "the other laboratory named an allele that is not in the knowledge base",
    "UNKNOWN_PHENOTYPE": "the other laboratory named a phenotype that is not in the knowledge base",
}


def action_words(action: str | None) -> ActionWords:
    """How `action` is shown; one that is not in the table is shown as it stands, at the head of the report."""
    if action is None:
        return _SHOWN["no_recommendation"]
    return _SHOWN.get(action) or ActionWords(action, "!", "stop")


def test_words(tests: Iterable[str], drugs: int) -> str:
    """What to test, and how many drugs it answers.

    >>> test_words(["HLA-B"], 2)
    'HLA-B: one test answers these 2'
    """
    named = list(tests)
    what = joined(named) or "what the answer says"
    if drugs == 1:
        return what
    return f"{what}: {'one test answers' if len(named) < 2 else 'these tests answer'} these {drugs}"


def reason_words(reason: str | None) -> str:
    """Why there is no call, as a clause; a reason that is not in the table is shown as it stands."""
    if not reason:
        return "no reason was given"
    return REASONS.get(reason) or (reason.replace("_", " ").lower() if reason.isupper() else reason)


def population_words(population: str) -> str:
    """For whom a recommendation is meant."""
    return population or "no restriction stated"


def age_words(text_as_of: str, checked_on: str) -> str:
    """How old a guideline's text is, and when it was last compared with its source."""
    return f"{f'text of {text_as_of}' if text_as_of else 'text not dated'}, checked {checked_on}"


def strength_words(strength: str) -> str:
    """The strength a source gives to its recommendation; empty where it gives none."""
    return "" if strength in {"N/A", "n/a", "No recommendation"} else strength


def subject_lines(subject: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Label and value for every field of the subject; blanks say so, unknown fields come last."""
    known = [(label, subject.get(key, "").strip() or NOT_STATED) for key, label in SUBJECT]
    names = {key for key, _ in (*SUBJECT, *SIGNATURE)}
    others = [(key.replace("_", " ").capitalize(), subject[key]) for key in sorted(subject) if key not in names]
    return (*known, *others)


def signature_lines(subject: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Label and value of what signs a report; an empty value is to be filled in by hand."""
    return tuple((label, _human(key, subject.get(key, "").strip())) for key, label in SIGNATURE)


def _human(key: str, value: str) -> str:
    return day_words(value) if key == "reported" else value


def day_words(text: str) -> str:
    """A day, or a moment, of ISO 8601 as people write it; any other text as it stands.

    >>> day_words("2026-11-20"), day_words("2026-11-20T22:05:00+00:00"), day_words("2019")
    ('20 November 2026', '20 November 2026, 22:05 UTC', '2019')
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    if len(text) < len("2026-11-20"):
        return text
    day = f"{moment.day} {moment:%B} {moment.year}"
    return f"{day}, {moment:%H:%M} {moment.tzname() or ''}".rstrip() if len(text) > len("2026-11-20") else day


def dated(text: str) -> str:
    """The text with every day in it as people write it."""
    return _DAY.sub(lambda found: day_words(found[0]), text)


def joined(parts: Iterable[str], last: str = "and") -> str:
    """An English list.

    >>> joined(["TPMT", "NUDT15"])
    'TPMT and NUDT15'
    """
    *head, tail = list(parts) or [""]
    return f"{', '.join(head)} {last} {tail}" if head else tail


def sentence(text: str) -> str:
    """The text as a sentence: a word that begins it in small letters gets a capital, a full stop ends it.

    >>> sentence("reference calls were accepted"), sentence("m.1555A>G was read")  # a variant keeps its name
    ('Reference calls were accepted.', 'm.1555A>G was read.')
    """
    first = text.split(" ", 1)[0]
    begun = text[:1].upper() + text[1:] if first.isalpha() and first.islower() else text
    return begun if begun.endswith((".", "!", "?")) else begun + "."


def sentence_case(text: str) -> str:
    """The text with a capital at its beginning, unless it begins with a name of its own.

    >>> sentence_case("after a stroke"), sentence_case("eGFR below 30")
    ('After a stroke', 'eGFR below 30')
    """
    first = text.split(" ", 1)[0]
    return text[:1].upper() + text[1:] if first.islower() else text


def plural(count: int, one: str, many: str = "") -> str:
    """A count with its noun.

    >>> plural(1, "position"), plural(2, "position")
    ('1 position', '2 positions')
    """
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def disagreement_words(differ: Disagreement) -> str:
    """What differs, and who says what."""
    return " ".join((differ.what, "; ".join(differ.by))).strip()


def phenotype_words(phenotype: str | None) -> str:
    """The term, or in words that there is none."""
    return phenotype or "no phenotype"


def call_words(gene: GeneResult) -> str:
    """The call as shown: the label, or in words that there is none."""
    if gene.status == "undetermined":
        return "no call" + (f" ({gene.label})" if gene.label not in {"", "not determined", "no call"} else "")
    if gene.label:
        return gene.label
    if gene.diplotypes:
        return " or ".join("/".join(diplotype) for diplotype in gene.diplotypes)
    return "no single diplotype"


def reason_of(gene: GeneResult) -> str:
    """What stands for the phenotype of a gene that has none."""
    if gene.status == "undetermined":
        return reason_words(gene.reason)
    if gene.presence:
        return ", ".join(f"{name} {answer}" for name, answer in gene.presence.items())
    return "no phenotype term"


def certainty_words(gene: GeneResult) -> str:
    """Whether the phenotype is certain, and what else it could be."""
    if gene.phenotype is None:
        return "not known"
    if gene.phenotype_certain:
        return "certain"
    others = alternative_terms(gene.phenotype_alternatives)
    return f"not certain; could also be {joined(others, 'or')}" if others else "not certain"


def alternative_terms(alternatives: Iterable[Alternative]) -> tuple[str, ...]:
    """The phenotypes that remain possible, each once, in their order."""
    return tuple(dict.fromkeys(other.phenotype or "a phenotype that cannot be assigned" for other in alternatives))
