"""Words of ancestry, as people state them -> the few groups that guidelines and dosing formulas tell apart.

The groups are those of the data behind them (IWPC 2009, PMID 19228618; CPIC 2017, PMID 28198005), not of people.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, Literal

#: `other`: stated, not African, and none of the formulas' groups.  `mixed`: of several, or not told.
Group = Literal["black", "asian", "white", "other", "mixed"]

WORDS: Final[Mapping[Group, frozenset[str]]] = {
    "black": frozenset(
        {"aa", "afr", "african", "african american", "african caribbean", "afro american", "afro caribbean", "black",
         "black african", "black american", "black caribbean", "black or african american", "sub saharan african",
         "west african"}
    ),
    "asian": frozenset(
        {"asian", "asian american", "asian indian", "central asian", "chinese", "east asian", "eas", "filipino",
         "han chinese", "japanese", "korean", "sas", "south asian", "south east asian", "southeast asian", "thai",
         "vietnamese"}
    ),
    "white": frozenset(
        {"caucasian", "eur", "european", "european american", "middle eastern", "near eastern", "non hispanic white",
         "white", "white american", "white british", "white european"}
    ),
    "other": frozenset(
        {"admixed american", "american", "american indian", "american indian or alaska native", "amr", "hispanic",
         "hispanic or latino", "latin american", "latina", "latino", "latinx", "native american",
         "native hawaiian or other pacific islander", "native hawaiian or pacific islander", "oceanian",
         "pacific islander"}
    ),
    "mixed": frozenset(
        {"biracial", "declined", "mixed", "multiracial", "not stated", "other", "prefer not to say", "unknown"}
    ),
}  # fmt: skip
#: What to say instead of a word that nobody here knows.
KNOWN: Final = (
    "white, asian or black, or one of: caucasian, european, middle eastern; east asian, south asian, chinese, "
    "japanese, korean; african, african american, afro-caribbean; hispanic, native american, pacific islander; mixed"
)
_GROUP: Final = {word: group for group, words in WORDS.items() for word in words}
#: What stands between several words: `Black/African American`, `white and asian`.
_BETWEEN: Final = r"[/,;+&()]| and | or "


def group_of(stated: str) -> Group | None:
    """The group of what was stated, whatever its case and hyphens; None for a word that nobody here knows.

    Several words of one group are that group, of several groups `mixed`.

    >>> group_of("Black/African American"), group_of("white and asian"), group_of("martian")
    ('black', 'mixed', None)
    """
    text = _plain(stated)
    if text in _GROUP:
        return _GROUP[text]
    found = {_GROUP.get(part) for part in map(_plain, re.split(_BETWEEN, text)) if part}
    if not found or None in found:
        return None
    return found.pop() if len(found) == 1 else "mixed"


def _plain(text: str) -> str:
    return " ".join(text.casefold().replace("_", " ").replace("-", " ").split())
