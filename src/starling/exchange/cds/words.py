"""Every fixed word of a card, in one place: another language is another table of these.

Source of the reasons: what prescribers give as reasons when they go on against such an alert (ours, from published
evaluations of drug-gene alerts; the standard prescribes no set).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

#: the code system of the reasons; a name, and no address
OVERRIDES: Final = "urn:starling:override-reason"
#: code -> what a prescriber reads
REASONS: Final = {
    "tolerating": "Patient takes and tolerates it",
    "will-monitor": "Will monitor effect and adverse effects",
    "short-course": "Short course",
    "no-alternative": "No suitable alternative",
    "patient-choice": "Patient's choice",
    "result-disputed": "Genetic result is disputed",
    "specialist-advice": "On a specialist's advice",
    "other": "Other",
}
#: what a card says of an action, where that differs from the word of every other face
HEADLINES: Final = {
    "contraindicated": "do not give",
    "avoid": "avoid",
    "consider_alternative": "consider another medicine",
    "reduce_dose": "lower the dose",
    "increase_dose": "raise the dose",
    "adjust_dose": "adjust the dose",
    "test_further": "test first",
    "monitor": "give with monitoring",
    "standard": "as usual",
    "no_recommendation": "no advice by genes",
}
TAKEN: Final = " (taken now)"
NO_SAFETY: Final = "That is not a statement of safety."
FOLLOWED: Final = "This site follows {}."
DIFFER: Final = "sources differ"
INSTEAD: Final = "Instead: {}."
NOT_TESTED: Final = "{} not tested"
WITHOUT_RESULT: Final = "{} without a result ({})"
OLD_KNOWLEDGE: Final = "Knowledge {}."
DOSE_MODEL: Final = (
    "A learned dose model for {} is on this device. What it estimates is no advice of a guideline and stands apart."
)
#: a summary is shorter than this.  Source: CDS Hooks 2.0, Card Attributes.
LIMIT: Final = 140
_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]()#+!|~])")


def plain(text: str) -> str:
    """Text that GitHub Flavored Markdown shows as it stands, also where a client lets HTML through.

    >>> plain("*2/*2 <b>")
    '\\\\*2/\\\\*2 &lt;b&gt;'
    """
    one_line = " ".join(text.split())
    safe = one_line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _SPECIAL.sub(r"\\\1", safe)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of GitHub Flavored Markdown, of texts as they stand."""
    lines = [head, ["---"] * len(head), *([plain(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def fitting(sentences: Sequence[Sequence[str]]) -> str:
    """The first of these ways to say it, each a list of sentences, that is short enough; the last one is cut.

    >>> fitting([["a" * 200], ["short."]])
    'short.'
    """
    ways = [" ".join(filter(None, each)) for each in sentences]
    found = next((each for each in ways if len(each) < LIMIT), ways[-1])
    return found if len(found) < LIMIT else f"{found[: LIMIT - 2].rsplit(' ', 1)[0].rstrip(',;:')}\u2026"


def capital(text: str) -> str:
    """With a capital, unless it begins with a symbol of a gene or a name that has its own."""
    return text[:1].upper() + text[1:] if text[:2].islower() else text
