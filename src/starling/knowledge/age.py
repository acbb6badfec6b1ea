"""Whose knowledge it is and how old: results made with other facts than the program's, or with old ones, say so."""

from __future__ import annotations

from time import gmtime, strftime

from starling.assessment import KnowledgeStamp
from starling.vocabulary import Notice


def age_notices(checked_on: str, today: str) -> tuple[Notice, ...]:
    """What to say on the day `today` of guidelines last compared with their sources on `checked_on` (both YYYY-MM-DD).

    Twelve months are ours: CPIC and DPWG change rows every few months, and an edition a year is the least to ask for.

    >>> age_notices("2026-07-14", "2027-07-14")
    ()
    >>> age_notices("2026-07-14", "2027-07-15")[0].message
    'No guideline was compared with its source since 2026-07-14, more than 12 months ago: advice may have changed.'
    """
    year, rest = checked_on[:4], checked_on[4:]
    if today <= f"{int(year) + 1}{rest}":
        return ()
    said = f"No guideline was compared with its source since {checked_on}, more than 12 months ago"
    return (Notice("KNOWLEDGE_OLD", f"{said}: advice may have changed."),)


def origin_notices(stamp: KnowledgeStamp, *, is_bundled: bool) -> tuple[Notice, ...]:
    """What to say of a knowledge base that is not the one that came with the program."""
    if is_bundled:
        return ()
    said = f"OTHER KNOWLEDGE BASE: {stamp.version}, SHA-256 {stamp.sha256[:12]}"
    return (Notice("KNOWLEDGE_OTHER", f"{said}; not the one that came with this program"),)


def today() -> str:
    """The day it is, UTC."""
    return strftime("%Y-%m-%d", gmtime())
