"""What the answer for one drug says, before any face shows it: title, lines of the box, sources, limits."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from starling.assessment import (
    Assessment,
    GeneResult,
    MedicineEffect,
    Recommendation,
)
from starling.definitions import LIMIT, SERIOUS, seriousness
from starling.guidance.disagreement import is_by_medicine
from starling.notices import (
    CONDITION_DECIDED,
    CONVERTED,
    DOES_NOT_HELP,
    FACT_NOT_CONSIDERED,
    LOOKED_AT,
    NAME_READ_AS,
    NO_GUIDELINE,
    ONLY_IF_USED,
    STILL_OPEN,
    SUPERSEDED,
    TEST_REQUIRED,
    UNKNOWN_INDICATION,
)
from starling.report.beside import DOSES, by_gene, other_sources, purposes
from starling.report.glance import Line, assumptions, drug_line, not_shown, source_words
from starling.report.wording import condition_text, doses_text, with_dose
from starling.report.words import (
    action_words,
    age_words,
    certainty_words,
    joined,
    medicine_words,
    note_words,
    phenotype_words,
    population_words,
    reason_of,
    reason_words,
    sentence,
    sentence_case,
)
from starling.values import dataclass
from starling.vocabulary import Notice

#: notes on a drug that the box itself says
_IN_THE_BOX: Final = frozenset({TEST_REQUIRED, NO_GUIDELINE, STILL_OPEN})
#: mark of a row -> what stands before what it says
_BEFORE_A_ROW: Final = {
    SUPERSEDED: "By genotype alone, without the other medicine:",
    ONLY_IF_USED: "Only if it were used all the same:",
    DOES_NOT_HELP: "Not counted, since nearly everybody has this result:",
}
#: who takes what, in the words of a condition that was decided
_TAKEN: Final = r" \(taken: [^)]*\)"
_WITHOUT_ACTION: Final = {"no_result": "No result", "no_guideline": "No guideline"}
#: Advice after which nothing is done otherwise.
_AS_USUAL: Final = frozenset({"standard", "no_recommendation"})
#: From so many stated medicines on, those that make no difference stand in one line.
_TOGETHER: Final = 3
#: So long may a list of medicines with remarks be.
_READABLE: Final = 200
_CHECKER: Final = "Starling is not an interaction checker"
NOT_A_CHECKER: Final = f"{_CHECKER}: of other medicines it knows only what its guidelines and labels name."


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer for one drug and one person.  `genes`: those that it rests on or misses, in the order of the rows."""

    assessment: Assessment
    line: Line
    genes: tuple[GeneResult, ...]

    @classmethod
    def about(cls, assessment: Assessment, drug: str) -> Answer:
        """The answer of an assessment.  Raises: KeyError when it has no drug of that name."""
        genes = {gene.gene: gene for gene in assessment.genes}
        line = drug_line(assessment.drug(drug), genes)
        return cls(assessment, line, _involved(line, genes))

    @property
    def is_given(self) -> bool:
        """Whether anything can be said about giving the drug; if not, a gene is missing."""
        return self.line.drug.is_answered or self.line.drug.headline_action is not None

    @property
    def headline(self) -> str:
        """The words of the title: what to do, in capitals."""
        drug = self.line.drug
        word = self.line.words.word if drug.headline_action else _WITHOUT_ACTION.get(drug.status, self.line.words.word)
        return word.upper()

    @property
    def sign(self) -> str:
        """The sign before the title, one column wide."""
        return self.line.words.sign if self.is_given else "○"

    @property
    def box(self) -> tuple[tuple[str, str], ...]:
        """Label (which may be empty) and text of every line below the title."""
        differ = [("", "Sources differ, see below.")] if self.line.drug.disagreement else []
        return (
            *_what_to_do(self.line, self.genes),
            *(("", said) for said in _not_understood(self.assessment, self.line.drug.drug)),
            *_what_else(self.line),
            *differ,
            *other_sources(self.line),
        )

    @property
    def box_lines(self) -> tuple[str, ...]:
        """The lines below the title, as they are shown but not wrapped."""
        return tuple(f"{label}: {text}" if label else text for label, text in self.box)

    def source(self, row: Recommendation) -> str:
        """Who says so; with its genes, where the rows of the drug are about different genes."""
        several = len({frozenset(each.genes) for each in self.line.rows}) > 1
        return f"{source_words(row)}: {joined(row.genes)}" if several and row.genes else source_words(row)

    @property
    def medicines(self) -> tuple[str, ...]:
        """A sentence for each medicine that changes the result of a gene of this answer."""
        notes = (sentence(note.message) for row in self.line.rows for note in row.notes if note.code == CONVERTED)
        return tuple(dict.fromkeys(notes))

    @property
    def silent(self) -> tuple[str, ...]:
        """What the sources of the drug do not list."""
        return tuple(note_words(note.message) for note in self.line.drug.notes if note.code not in _IN_THE_BOX)

    @property
    def conditions(self) -> tuple[str, ...]:
        """What the advice also depends on, and who says so."""
        said: dict[str, None] = {}
        for row in self.line.counting:
            fallback = (row.advice.fallback,) if row.advice.fallback else ()
            said |= dict.fromkeys(
                f"{condition_text(one)} [{row.source}]" for one in (*row.advice.conditions, *fallback)
            )
        return tuple(said)

    @property
    def limits(self) -> tuple[str, ...]:
        """What the data could not show for this drug, and what to know of how its sources were asked."""
        genes = [f"{gene.gene}: {limit}" for gene in self.genes for limit in not_shown(gene, listed=3)]
        counted = (
            note for row in self.line.counting for note in row.notes if note.code not in {CONVERTED, *_BEFORE_A_ROW}
        )
        return (*genes, *dict.fromkeys(sentence(note.message) for note in counted))


def shared_limits(assessment: Assessment) -> tuple[str, ...]:
    """What holds for every answer of the assessment."""
    stated = assessment.provenance.options.get("medication") or any(drug.medicines for drug in assessment.drugs)
    told = [said for drug in assessment.drugs for said in _not_understood(assessment, drug.drug)]
    said = (each for each in assumptions(assessment) if not (stated and each.startswith(_CHECKER)) and each not in told)
    return (*((NOT_A_CHECKER,) if stated else ()), *said)


def _not_understood(assessment: Assessment, drug: str) -> tuple[str, ...]:
    """What was stated and did not count for the drug: not understood, asked for by no source, or beside its name."""
    notices = assessment.provenance.notices
    return tuple(sentence(note.message) for note in notices if note.code == UNKNOWN_INDICATION or _is_of(note, drug))


def _is_of(note: Notice, drug: str) -> bool:
    """Whether the notice says of the drug that a fact was not considered, or as what its name was read."""
    about = {FACT_NOT_CONSIDERED: f" say of {drug} depends", NAME_READ_AS: f" was read as {drug};"}
    return note.code in about and about[note.code] in note.message


def phenotype_of(gene: GeneResult) -> str:
    """The phenotype of one gene with score and certainty, and as another medicine makes it."""
    if gene.phenotype is None and not gene.adjusted:
        return reason_of(gene) + (", stated by another laboratory" if gene.source == "outside" else "")
    score = f" (score {gene.activity_score})" if gene.activity_score else ""
    words = f"{phenotype_words(gene.phenotype)}{score}, {certainty_words(gene)}"
    if gene.adjusted:
        words += f"; with {gene.adjusted.by} it acts as {phenotype_words(gene.adjusted.phenotype)}"
    return words


def merged(rows: Iterable[Recommendation]) -> tuple[tuple[Recommendation, str], ...]:
    """The recommendations with those of one source that say the same for several populations as one."""
    same: dict[tuple[str, ...], list[Recommendation]] = {}
    for row in rows:
        key = (source_words(row), *row.genes, row.action, row.advice.summary, row.phenotype_used, row.text_as_of)
        same.setdefault(key, []).append(row)
    return tuple(
        (group[0], "; ".join(dict.fromkeys(population_words(row.population) for row in group)))
        for group in same.values()
    )


def says(row: Recommendation) -> str:
    """What one source says, and how old its text is."""
    codes = {note.code for note in row.notes}
    before = " ".join(words for code, words in _BEFORE_A_ROW.items() if code in codes)
    action = row.advice.action if DOES_NOT_HELP in codes else row.action
    dose = f" {sentence_case(doses_text(row.advice.dose))}." if CONDITION_DECIDED in codes and row.advice.dose else ""
    age = f" ({age_words(row.text_as_of, row.checked_on)})" if row.checked_on else ""
    return f"{before} {action_words(action).word}. {row.advice.summary}{dose}{age}".lstrip()


def _involved(line: Line, genes: Mapping[str, GeneResult]) -> tuple[GeneResult, ...]:
    named = dict.fromkeys(line.drug.genes_missing)
    for row in line.drug.recommendations:
        named |= dict.fromkeys(row.genes)
    return tuple(genes[gene] for gene in named if gene in genes)


def answer_lines(line: Line) -> tuple[tuple[str, str], ...]:
    """Label and text of the answer itself: what to do, what to ask and test before, the dose, what instead."""
    return (*_what_to_do(line), *_what_else(line))


def _what_to_do(line: Line, genes: Sequence[GeneResult] = ()) -> tuple[tuple[str, str], ...]:
    """What to do, what to ask and to test before, the dose, and what to watch; or why nothing can be said.

    `genes`: those of the answer, for the reason why one could not be called.
    """
    drug, tests = line.drug, [*_asks(line), *_tests(line)]
    if drug.is_asking:
        return (*tests, *((label or "If not", text) for label, text in line.first), *_details(line))
    if line.first:
        first = tuple((label or by_gene(line), text) for label, text in line.first)
        what_for = (("Ask first", one) for one in purposes(line))
        return (*first, *what_for, *tests, *_details(line))
    if drug.status == "no_guideline":
        return (*tests, *(("", sentence(note.message)) for note in drug.notes))
    said = "No source advises anything for this result. That is not a statement of safety."
    if drug.status == "no_result":
        missing = joined(drug.genes_missing) or "A gene"
        reasons = {gene.reason for gene in genes if gene.gene in drug.genes_missing}
        why = f" ({reason_words(*reasons)})" if len(reasons) == 1 and None not in reasons else ""
        said = f"{missing} could not be called{why}, so no source can be asked. That is not a statement of safety."
    said = " ".join((said, *(sentence(note.message) for note in drug.notes if note.code == LOOKED_AT)))
    return (*tests, ("", said)) if drug.headline_action else (("", said), *tests)


def _details(line: Line) -> Iterable[tuple[str, str]]:
    """Of the leading recommendation, where it is what to do; no dose where it holds for a part of the patients only."""
    if line.lead is None or not line.commands:
        return
    advice = line.lead.advice
    of_a_part = line.is_split or (line.drug.headline_action == "consider_alternative" and line.lead.action in DOSES)
    if advice.dose and not of_a_part and with_dose(line.lead) == advice.summary:
        yield "Dose", doses_text(advice.dose)
    if advice.titrate:
        yield "Titrate", "adjust the dose by its effect"
    if advice.monitor:
        yield "Watch", joined(advice.monitor)


def _asks(line: Line) -> list[tuple[str, str]]:
    return [("Ask first", one) for one in line.asks]


def _tests(line: Line) -> list[tuple[str, str]]:
    """What an authority wants tested before the drug is given, and is not known here."""
    return [("Test first", sentence(one)) for one in line.required_tests]


def _what_else(line: Line) -> Iterable[tuple[str, str]]:
    """What the stated medicines do, what to give instead, and what is not certain."""
    yield from _also(line)
    yield from (("", said) for said in _medicines(line))
    yield from _without_medicine(line)
    yield from _after_the_test(line)
    named = {one.drug.casefold() for one in line.drug.alternatives} | {name.casefold() for name in line.instead}
    stated = line.lead.advice.alternatives if line.lead is not None and line.commands else ()
    instead = [*line.instead, *(name for name in stated if name.casefold() not in named)]
    if instead:
        yield from (("Instead", each) for each in _apart(instead))
    if line.unadvised_instead:
        yield "", f"This edition has no advice based on genes for {joined(line.unadvised_instead, 'or')}."
    if line.not_instead:
        yield from (("Not instead", each) for each in _apart(line.not_instead))
    if line.lead is not None and line.uncertain:
        yield "Not certain", f"the result of {joined(line.uncertain)}; see below"
    still = [sentence(note.message) for note in line.drug.notes if note.code == STILL_OPEN]
    yield from (("", said) for said in still)
    unknown = [gene for gene in line.unknown if not any(gene in said for said in still)]
    if line.lead is not None and unknown:
        yield "Not known", f"{joined(unknown)}, whose result could change this answer"


def _apart(names: Sequence[str]) -> Sequence[str]:
    """The names as one list, or each for itself where their remarks would make it too long to read."""
    together = _either(names)
    return (together,) if len(together) <= _READABLE else names


def _medicines(line: Line) -> Iterable[str]:
    """What each stated medicine does to this answer; many that do nothing stand together, after the others."""
    drug = line.drug.drug
    nothing = f"to what the sources of {drug} say by genotype; interactions beyond that were not checked."
    stated = [one for one in line.drug.medicines if one.name.casefold() != drug.casefold() or one.effect == "condition"]
    idle = [one for one in stated if one.text == f"{one.name} makes no difference {nothing}"]
    if len(idle) < _TOGETHER:
        yield from (_medicine(one, line) for one in stated)
        return
    yield from (_medicine(one, line) for one in stated if one not in idle)
    names = joined([one.name for one in idle])
    yield f"{names[:1].upper()}{names[1:]} make no difference {nothing}"


def _also(line: Line) -> Iterable[tuple[str, str]]:
    """A limit by what else was stated (an age) that does not lead; those by medicines stand with the medicine."""
    for row in line.counting:
        is_limit = row.advice.id.startswith(LIMIT) and not is_by_medicine(row)
        milder = line.drug.headline_action in SERIOUS and row.action not in SERIOUS
        if is_limit and row is not line.lead and row.action != "test_further" and not milder:
            yield "Also", row.advice.summary


def _without_medicine(line: Line) -> Iterable[tuple[str, str]]:
    """What the genotype asks for without the medicine whose limit leads, as long as no medicine has part in it.

    A limit by medicine and genotype together has weighed the genotype already.
    """
    if line.lead is None or line.lead.genes or not is_by_medicine(line.lead):
        return
    rows = [
        row
        for row in line.counting
        if row.genes and row.phenotype_used == "genetic" and "taken: " not in row.advice.summary
    ]
    worst = min(rows, key=lambda row: seriousness(row.action), default=None)
    if worst is not None and worst.action not in _AS_USUAL:
        said = f"{action_words(worst.action).word}. {with_dose(worst)} [{source_words(worst)}]"
        yield "Without the other medicine", said


def _after_the_test(line: Line) -> Iterable[tuple[str, str]]:
    """A higher dose that waits for a test: what the genotype asks for once the danger is ruled out."""
    rows = [row for row in line.counting if row.action == "increase_dose" and row.genes]
    if rows and line.drug.headline_action == "test_further":
        yield "Once that is ruled out", f"{with_dose(rows[0])} [{source_words(rows[0])}]"


def _medicine(one: MedicineEffect, line: Line) -> str:
    """What a stated medicine did, without what the leading sentence has just said of it."""
    said = medicine_words(one)
    leading = _without_taken(line.lead.advice.summary).casefold() if line.lead is not None and line.commands else ""
    parts = said[len(one.name) + 2 :].rstrip(".").split("; ")
    others = [part for part in parts if part.casefold() not in leading]
    if one.effect != "condition" or len(others) == len(parts):
        return said
    return f"{one.name}: {'; '.join(('decides this answer', *others))}."


def _without_taken(text: str) -> str:
    return re.sub(_TAKEN, "", text) if "(taken: " in text else text


def _either(names: Sequence[str]) -> str:
    """An English list; with remarks in brackets one after the other."""
    return "; ".join(names) if any("(" in name for name in names) else joined(names, "or")
