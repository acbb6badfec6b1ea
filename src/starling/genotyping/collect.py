"""Open sources -> everybody's genotypes, each source read in one pass.

The same sample name in several sources is one person (parts of one genome); different names are different people.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import overload

from starling.genotyping import evidence
from starling.genotyping.observed import Observed, SourceFacts
from starling.genotyping.person import Resolver
from starling.genotyping.read import read_cells
from starling.source.door import OpenSource, Wanted
from starling.source.samples import check_all_found
from starling.source.stamps import SourceStamp, joined
from starling.values import dataclass
from starling.vocabulary import SampleGenotypes, State


class People(Sequence[SampleGenotypes]):
    """Everybody's genotypes, worked out when asked for: thousands of people are not held at once."""

    def __init__(self, observed: Sequence[Observed], wanted: Wanted) -> None:
        self._observed = observed
        self._loci = None if wanted.maps.is_whole else wanted.maps.loci
        self._resolver = Resolver(wanted.options)

    def __len__(self) -> int:
        """How many people there are."""
        return len(self._observed)

    @overload
    def __getitem__(self, index: int) -> SampleGenotypes: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[SampleGenotypes]: ...
    def __getitem__(self, index: int | slice) -> SampleGenotypes | Sequence[SampleGenotypes]:
        """The genotypes of one person, or of several, at the sites that are asked about."""
        if isinstance(index, slice):
            return [self._of(one) for one in self._observed[index]]
        return self._of(self._observed[index])

    def _of(self, one: Observed) -> SampleGenotypes:
        found = one.genotypes(self._resolver)
        return found if self._loci is None else found.about(self._loci)


@dataclass(frozen=True)
class Collected:
    """Everybody's genotypes and what they rest on.

    `observed`: each person as far as read, who may be read on.  `stamp`: of all sources together; `stamps`: of each
    person's own.  `sites`: how many were asked for.
    """

    samples: Sequence[SampleGenotypes]
    observed: Mapping[str, Observed]
    stamp: SourceStamp
    stamps: Mapping[str, SourceStamp]
    sites: int

    @property
    def name(self) -> str:
        """The names of the files, without folders."""
        return self.stamp.name

    def evidence_sha256(self, sample: SampleGenotypes, lines: evidence.Lines | None = None) -> str:
        """The digest of one person's canonical genotypes.  `lines`: those that were written before."""
        return evidence.evidence_sha256(sample, lines)

    def positions(self, sample: SampleGenotypes) -> dict[str, int]:
        """How many sites were called, not called, not assayed, and assumed to be reference (not among the called)."""
        genotypes = sample.genotypes.values()
        others = [genotype.state for genotype in genotypes if genotype.state is not State.CALLED]
        filled = [genotype.filled for genotype in genotypes].count(True)
        called = len(genotypes) - len(others) - filled
        nocall = others.count(State.NOCALL)
        missing = self.sites - called - filled - nocall
        return {"called": called, "nocall": nocall, "notassayed": missing, "filled_as_reference": filled}


def collect(sources: Sequence[OpenSource], wanted: Wanted) -> Collected:
    """Everybody's genotypes (or those of `wanted.samples`) from all sources, which may be closed afterwards.

    Raises: InputError, with a file and where possible a line: the sender's to put right.
    """
    observed: dict[str, Observed] = {}
    stamps: list[SourceStamp] = []
    own_stamps: dict[str, list[SourceStamp]] = {}
    for source in sources:
        people = source.people
        cells = read_cells(source.fetch(), source.sites, [column for _, column in people], wanted.options)
        facts = SourceFacts(source)  # final only now
        stamps.append(facts.stamp)
        for (name, column), own in zip(people, cells, strict=True):
            before = observed.get(name) or Observed(name, wanted.options)
            observed[name] = before.seen(source, facts.part(column, own))
            own_stamps.setdefault(name, []).append(facts.stamp)
    available = tuple(dict.fromkeys(name for source in sources for name in source.header.samples))
    check_all_found(wanted.samples, tuple(observed), available)
    samples = People(list(observed.values()), wanted)
    for number, one in enumerate(observed.values()):
        if len(one.parts) > 1:
            samples[number]  # contradicting parts are found while the caller expects errors, not when they are shown
    return Collected(
        samples=samples,
        observed=observed,
        stamp=joined(stamps),
        stamps={name: joined(stamps) for name, stamps in own_stamps.items()},
        sites=wanted.maps.count,
    )
