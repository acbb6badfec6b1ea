"""How old the knowledge is: results made with facts that nobody has checked for a year say so."""

from __future__ import annotations

from time import gmtime, strftime

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


def today() -> str:
    """The day it is, UTC."""
    return strftime("%Y-%m-%d", gmtime())
