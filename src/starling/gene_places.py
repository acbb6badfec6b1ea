"""Where the sites of a gene are: of its definition what the records of any file are held against."""

from __future__ import annotations

from starling.definitions import Site
from starling.values import dataclass


@dataclass(frozen=True, slots=True)
class GenePlaces:
    """A gene's sites, without the alleles that they make up."""

    gene: str
    chromosome: str
    start: int
    end: int
    sites: tuple[Site, ...]
    extra_sites: tuple[Site, ...] = ()
    ignored_variants: frozenset[tuple[int, str, str]] = frozenset()
