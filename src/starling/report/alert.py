"""Alerts as plain text to paste into a record: for each drug that calls for something two sentences.

A post-test alert says what to do and why, then what the source advises; a pre-test alert says which test is missing,
then what to do before the first dose.  What must be asked first, and a test beside advice
that other results give, stand on lines of their own below.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Final

from starling.assessment import Assessment
from starling.definitions import seriousness
from starling.report.glance import Line, at_a_glance
from starling.report.text import visible
from starling.report.words import NOT_A_DEVICE_SHORT, dated, moment_words, plural, sentence

#: Where one sentence of a summary ends and the next begins.
_BETWEEN: Final = re.compile(r"(?<=[a-z0-9%)])(?<!\bSt)\. (?=[A-Z])")
#: Answers beside which a missing test is what is to be said; any other says what to do, and the test stands below it.
_BEFORE_A_TEST: Final = frozenset({"test_further", "standard", "no_recommendation"})
#: Words that begin a sentence and are no names.
_PLAIN_WORDS: Final = frozenset(
    (
        *("A", "Adjust", "After", "Also", "Always", "An", "At", "Avoid", "Before", "Choose", "Consider", "Do"),
        *("Each", "For", "Give", "Halve", "If", "In", "It", "Lower", "Monitor", "Never", "No", "Of", "Or"),
        *("Otherwise", "Prescribe", "Raise", "Reduce", "Replace", "Start", "Switch", "Take", "Test", "The", "Then"),
        *("These", "This", "Titrate", "Use", "Watch", "When", "With"),
    )
)


def alerts(assessment: Assessment, *, taken: Collection[str] = ()) -> str:
    """The text, a drug a paragraph, most serious first but those that the patient takes before all others.

    `taken`: what the patient takes, under the names of the assessment.
    """
    glance = at_a_glance(assessment)
    acting = {line.drug.drug for line in glance.acting}
    others = (line for line in glance.all() if line.drug.drug not in acting and _calls_for_something(line))
    called = [*glance.acting, *sorted(others, key=lambda line: seriousness(line.words.action))]
    called.sort(key=lambda line: line.drug.drug not in taken)
    texts = [_alert(line, taken=line.drug.drug in taken) for line in called]
    named = {line.drug.drug for line in called}
    silent = [line for line in glance.missing if line.drug.drug not in named]
    body = texts or ["No drug shown here calls for a change by what is known."]
    body += [f"No result for {plural(len(silent), 'drug')}; that is not a statement of safety."] if silent else []
    return "\n\n".join((_head(assessment), *body, _foot(assessment))) + "\n"


def _calls_for_something(line: Line) -> bool:
    """Whether there is something to do, to ask or to test, whatever group the drug stands in."""
    to_do = line.words.urgent and line.drug.headline_action is not None
    return to_do or bool(line.drug.conditions_open) or bool(_tests(line))


def _head(assessment: Assessment) -> str:
    name = assessment.subject.get("name", "").strip()
    whose = ", ".join(visible(part) for part in (name, assessment.sample) if part)
    return f"Pharmacogenomic alerts for {whose}"


def _foot(assessment: Assessment) -> str:
    stamp, run = assessment.provenance, moment_words(assessment.run.created)
    made = f"{stamp.program}, knowledge {stamp.knowledge.version}, result {assessment.result_sha256[:12]}, {run}."
    return f"{visible(made)}\n{NOT_A_DEVICE_SHORT}"


def _alert(line: Line, *, taken: bool) -> str:
    marked = f"{line.drug.drug} (taken now)" if taken else line.drug.drug
    tests, before = _tests(line), line.words.action in _BEFORE_A_TEST
    said = _pre_test(tests) if tests and before else _post_test(line)
    below = [f"Ask first: {one}" for one in line.asks]
    below += [f"Test first: {sentence(test)}" for test in tests] if not before else []
    return "\n".join(visible(text) for text in (f"{marked}: {said}", *below))


def _tests(line: Line) -> tuple[str, ...]:
    """Tests that an authority requires before the drug, as far as no advice makes them idle."""
    return () if line.words.action in {"contraindicated", "avoid"} else line.required_tests


def _pre_test(tests: Iterable[str]) -> str:
    first = sentence(_one("; ".join(message.rstrip(".") for message in tests)))
    return f"{first} Do the test before the first dose, and ask again with its result."


def _post_test(line: Line) -> str:
    reason = f"; reason: {line.because}" if line.because else ""
    doubt = "".join(f" ({each})" for each in line.doubts)
    who = f" [{', '.join(line.sources)}]" if line.sources else ""
    first = sentence(f"{line.words.word.upper()}{reason}{doubt}{who}")
    return f"{first} {sentence(_one(line.summary))}" if line.summary else f"{first} {_unsaid(line)}"


def _unsaid(line: Line) -> str:
    """The second sentence where no source's sentence leads."""
    notes: Iterable[str] = (note.message for note in line.drug.notes)
    return sentence(_one("; ".join(note.rstrip(".") for note in notes) or "No source says more"))


def _one(text: str) -> str:
    """Several sentences as one.

    >>> _one("Watch for weak relief. If it fails, switch. CPIC: morphine.")  # a name keeps its capitals
    'Watch for weak relief; if it fails, switch; CPIC: morphine.'
    >>> _one("Never with St. John's wort.")
    "Never with St. John's wort."
    """
    head, *tail = _BETWEEN.split(text.strip())
    return dated("; ".join([head, *(one[:1].lower() + one[1:] if _begins_plainly(one) else one for one in tail)]))


def _begins_plainly(text: str) -> bool:
    return text.split(" ", 1)[0].rstrip(",:") in _PLAIN_WORDS
