"""The words, signs and order of what a report says: one table, the same on every face."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from starling.assessment import (
    WHY,
    Alternative,
    Assessment,
    CheckedAlternative,
    Disagreement,
    GeneResult,
    MedicineEffect,
    OpenCondition,
)
from starling.definitions import ACTIONS as ACTION_ORDER
from starling.definitions import UNADVISED
from starling.definitions import action_words as plain_words
from starling.values import dataclass, replace


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
    said: str = ""

    @property
    def word(self) -> str:
        """What stands in the report."""
        words = self.said or plain_words(self.action)
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
#: Usual use, once what is open was asked.
ASK_FIRST: Final = ActionWords("test_further", "?", "test", urgent=False, said="ask first")
#: Most serious first: the order of every list of drugs.
ACTIONS: Final = tuple(_SHOWN[action] for action in ACTION_ORDER)

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


_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
#: A day or a month by the calendar, as a word of its own: never a part of a name or of a number.
_CALENDAR: Final = re.compile(
    r"(?<![^\s(])(?P<year>(?:19|20)\d\d)-(?P<month>0[1-9]|1[0-2])(?:-(?P<day>0[1-9]|[12]\d|3[01]))?(?=[\s,;:)]|\.?$|\.\s)"
)

#: how the names of guidelines in the tables begin -> what kind of source that is
_KINDS: Final = {
    "cpic-": "CPIC", "dpwg-": "DPWG", "fda-assoc-": "table of associations", "fda-label-": "label",
}  # fmt: skip
_NAME: Final = rf"(?:{'|'.join(_KINDS)})[a-z0-9-]*[a-z0-9]"
_GUIDELINES: Final = re.compile(rf"\b{_NAME}(?:, {_NAME})*")


def dated(text: str) -> str:
    """The text with dates as people write them; for screens and pages, while files for programs keep ISO 8601.

    >>> dated("checked 2026-07-14, text of 2024-11"), dated("run-2026-07-14.vcf")  # a file keeps its name
    ('checked 14 July 2026, text of November 2024', 'run-2026-07-14.vcf')
    """
    return _CALENDAR.sub(_written_out, text) if "-" in text else text


def note_words(message: str) -> str:
    """A notice as people read it: dates, and the kind of source in the place of a guideline's name in the tables.

    >>> note_words("FDA (fda-assoc-codeine-cyp2d6, fda-label-codeine-cyp2d6): not in a listed subgroup")
    'FDA (table of associations, label): not in a listed subgroup'
    """
    return dated(_GUIDELINES.sub(_kinds, message))


def _kinds(found: re.Match[str]) -> str:
    kinds = (word for name in found[0].split(", ") for start, word in _KINDS.items() if name.startswith(start))
    return ", ".join(dict.fromkeys(kinds))


def moment(at: str) -> str:
    """A moment of ISO 8601 in UTC, to the minute.

    >>> moment("2026-11-21T23:40:00.000000Z")
    '21 November 2026, 23:40 UTC'
    """
    return f"{dated(at[:10])}, {at[11:16]} UTC" if at[10:11] == "T" else at


def _written_out(found: re.Match[str]) -> str:
    day = f"{int(found['day'])} " if found["day"] else ""
    return f"{day}{_MONTHS[int(found['month']) - 1]} {found['year']}"


def moment_words(created: str) -> str:
    """A moment of ISO 8601 to the minute; what is none as it stands.

    >>> moment_words("2026-11-21T23:40:00+00:00")
    '21 November 2026, 23:40 UTC'
    """
    day, separator, clock = created.partition("T")
    if not separator or not clock.endswith("+00:00") or dated(day) == day:
        return created
    return f"{dated(day)}, {clock[:5]} UTC"


def age_words(text_as_of: str, checked_on: str) -> str:
    """How old a guideline's text is, and when it was last compared with its source."""
    written = f"text of {text_as_of}" if text_as_of else "text not dated"
    return dated(f"{written}, checked {checked_on}" if checked_on else written)


def strength_words(strength: str) -> str:
    """The strength a source gives to its recommendation; empty where it gives none."""
    return "" if strength in {"N/A", "n/a", "No recommendation"} else strength


def stated_subject(assessment: Assessment) -> Mapping[str, str]:
    """What is known of the patient, a sex that was stated as a way to read the file among it."""
    sex = assessment.provenance.options.get("sex")
    if assessment.subject.get("sex", "").strip() or not isinstance(sex, str) or sex in {"", "unknown"}:
        return assessment.subject
    return {**assessment.subject, "sex": sex}


def subject_lines(subject: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Label and value for every field of the subject; blanks say so, unknown fields come last."""
    known = [(label, dated(subject.get(key, "").strip()) or NOT_STATED) for key, label in SUBJECT]
    names = {key for key, _ in (*SUBJECT, *SIGNATURE)}
    others = [(key.replace("_", " ").capitalize(), dated(subject[key])) for key in sorted(subject) if key not in names]
    return (*known, *others)


def signature_lines(subject: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Label and value of what signs a report; an empty value is to be filled in by hand."""
    return tuple((label, _human(key, subject.get(key, "").strip())) for key, label in SIGNATURE)


def _human(key: str, value: str) -> str:
    return dated(value) if key == "reported" else value


def joined(parts: Iterable[str], last: str = "and") -> str:
    """An English list.

    >>> joined(["TPMT", "NUDT15"])
    'TPMT and NUDT15'
    """
    *head, tail = list(parts) or [""]
    return f"{', '.join(head)} {last} {tail}" if head else tail


def sentence(text: str) -> str:
    """The text as a sentence for a reader: a word that begins it in small letters gets a capital, a full stop ends it,
    and dates are written out.

    >>> sentence("reference calls were accepted"), sentence("m.1555A>G was read")  # a variant keeps its name
    ('Reference calls were accepted.', 'm.1555A>G was read.')
    """
    first = text.split(" ", 1)[0]
    begun = text[:1].upper() + text[1:] if first.isalpha() and first.islower() else text
    return dated(begun if begun.endswith((".", "!", "?")) else begun + ".")


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
        return ", ".join(f"{name} {_ANSWERS.get(answer, answer)}" for name, answer in gene.presence.items())
    others = alternative_terms(gene.phenotype_alternatives)
    if others:
        return f"undecided: {joined(others, 'or')}"
    return "no phenotype term is defined for this result"


#: how the answer for a single allele is shown
_ANSWERS: Final[Mapping[str, str]] = {"nocall": "not determined"}
#: How terms begin that say of a result that nobody knows what it means.
_MEANINGLESS: Final = ("indeterminate", "uncertain ", "unknown ")
#: How terms begin that say that its meaning is only supposed.
_SUPPOSED: Final = ("possible ", "likely ")


def certainty_words(gene: GeneResult) -> str:
    """Whether the phenotype is certain, and what else it could be.

    Of a term that itself says "uncertain" or "possible" it is the genotype that is certain, and that is what is said.
    """
    others = alternative_terms(gene.phenotype_alternatives)
    if gene.phenotype is None:
        return _without_term(gene, others)
    if not gene.phenotype_certain:
        return f"not certain; could also be {joined(others, 'or')}" if others else "not certain"
    if gene.conflict:
        return "as stated; the sample's own data differ" if gene.source == "outside" else "results differ"
    term = gene.phenotype.casefold()
    if term.startswith(_MEANINGLESS):
        return "genotype certain, its effect is not known"
    return "genotype certain, its effect is not proved" if term.startswith(_SUPPOSED) else "certain"


def _without_term(gene: GeneResult, others: tuple[str, ...]) -> str:
    if gene.status == "undetermined":
        return "no result"
    if gene.presence:
        unknown = [name for name, answer in gene.presence.items() if answer == "nocall"]
        read = "as stated" if gene.source == "outside" else "as read"
        if len(unknown) == len(gene.presence):
            return "not determined"
        return f"{read}; {joined(unknown)} not determined" if unknown else read
    return f"not certain; could be {joined(others, 'or')}" if others else "not certain"


def alternative_terms(alternatives: Iterable[Alternative]) -> tuple[str, ...]:
    """The phenotypes that remain possible, each once, in their order."""
    others = (other for other in alternatives if not other.changes_nothing)
    return tuple(dict.fromkeys(other.phenotype or "a phenotype that cannot be assigned" for other in others))


def because_of_doubt(gene: GeneResult) -> str:
    """What else a result could be, and why, to go on with a sentence that it is not certain."""
    whys = dict.fromkeys(other.why for other in gene.phenotype_alternatives)
    if not whys:
        return ""
    because = joined(WHY[why].clause for why in whys)
    terms = joined(alternative_terms(gene.phenotype_alternatives), "or")
    if not terms:
        return f", although it is the same whatever the genotype in doubt is: {because}"
    return f"; it could {'also ' if gene.phenotype is not None else ''}be {terms}, because {because}"


def open_words(one: OpenCondition) -> str:
    """What to ask, and what follows from a yes.

    >>> open_words(OpenCondition("Is a strong CYP3A4 inhibitor taken?", "", "contraindicated", "FDA"))
    'Is a strong CYP3A4 inhibitor taken? If so: do not use (contraindicated) [FDA].'
    """
    asked = one.ask.strip().rstrip(".?")
    who = f" [{one.source}]" if one.source else ""
    return f"{asked}? If so: {_lower(action_words(one.action).word)}{who}."


def medicine_words(one: MedicineEffect) -> str:
    """What one stated medicine did, beginning with its name."""
    said = sentence(one.text)
    return said if said.casefold().startswith(one.name.casefold()) else f"{one.name}: {said}"


def alternative_words(one: CheckedAlternative) -> str:
    """The medicine with what its own check gave.

    >>> alternative_words(CheckedAlternative("rosuvastatin", "reduce_dose", "Also restricted: ABCG2 poor.", True))
    'rosuvastatin (also restricted: ABCG2 poor)'
    """
    return reasoned(one.drug, one.why)


def reasoned(name: str, why: str) -> str:
    """A name with the reason behind it in brackets."""
    reason = why.strip().rstrip(".")
    return f"{name} ({_lower(reason)})" if reason else name


def _lower(text: str) -> str:
    """The text as a part of a sentence; a first word that is no plain word keeps its capitals."""
    first = text.split(" ", 1)[0].strip(",:;")
    return text[:1].lower() + text[1:] if first.isalpha() and first[1:].islower() else text


def without_unadvised(each: CheckedAlternative) -> CheckedAlternative:
    """The alternative without the remark that no guideline advises on it, where that is said once for several."""
    return replace(each, why="; ".join(part for part in each.why.split("; ") if part != UNADVISED))


def with_reasons(checked: Iterable[CheckedAlternative]) -> tuple[str, ...]:
    """The medicines with what is said of them, those of which the same is said together."""
    said: dict[str, list[str]] = {}
    for each in checked:
        said.setdefault(each.why, []).append(each.drug)
    return tuple(reasoned(joined(names, "or"), why) for why, names in said.items())
