"""Star order: how allele names and diplotypes are sorted wherever a person reads them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from starling.vocabulary import Diplotype

_NUMBERS = re.compile(r"(\d+)")

NameKey = tuple[int, tuple[tuple[int, int, str], ...]]


@lru_cache(maxsize=4096)
def name_key(name: str) -> NameKey:
    """Sorts names as people count: reference first, *2 before *10, combinations in brackets last.

    >>> sorted(["*10", "*2", "[*6 + *14]", "Reference"], key=name_key)
    ['Reference', '*2', '*10', '[*6 + *14]']
    """
    group = 0 if name == "Reference" else 2 if name.startswith("[") else 1
    parts = _NUMBERS.split(name)
    return group, tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts if part)


def diplotype_of(first: str, second: str) -> Diplotype:
    """The unordered pair of two names, in star order.

    >>> str(diplotype_of("*17", "*2"))
    '*2/*17'
    """
    return Diplotype((first, second) if name_key(first) <= name_key(second) else (second, first))


def in_star_order(diplotypes: Iterable[Diplotype]) -> tuple[Diplotype, ...]:
    """Distinct diplotypes in star order."""
    return tuple(sorted(set(diplotypes), key=lambda diplotype: tuple(map(name_key, diplotype.alleles))))
