"""How a name that a person typed is compared with a name of the tables."""

from __future__ import annotations

import re
from typing import Final

#: an ATC code of any level, e.g. `N06AB` (a group) or `N06AB05` (a substance)
ATC_GROUP: Final = re.compile(r"[A-Z]\d\d(?:[A-Z](?:[A-Z](?:\d\d)?)?)?")
_IGNORED: Final = re.compile(r"[^\w/+]|_")


def plain_name(text: str) -> str:
    """The name without case, blanks and hyphens: `5-FU`, `5 fu` and `5FU` are one name.

    >>> plain_name("Peginterferon alfa-2a")
    'peginterferonalfa2a'
    """
    return _IGNORED.sub("", text.casefold())


def canonical_when(when: str) -> str:
    """A condition of the base with its genes, and the alleles of its diplotypes, from A to Z."""
    return " & ".join(sorted(map(_canonical, when.split(" & "))))


def _canonical(part: str) -> str:
    gene, colon, pair = part.partition(":")
    return f"{gene}:{'/'.join(sorted(pair.split('/')))}" if colon and "=" not in gene else part
