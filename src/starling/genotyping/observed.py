"""One person as far as their sources were read.  More records of a source give a new observation; nothing is lost.

    seen = Observed("P1", options).plus(source, source.fetch())

Records may come in any portions: what follows from them is the same as if they had come at once.
"""

from __future__ import annotations

from collections.abc import Iterable

from starling.assessment import Options
from starling.formats.record import Record
from starling.genotyping.observation import Cell
from starling.genotyping.person import Part, Resolver, person
from starling.genotyping.read import read_cells
from starling.source.door import OpenSource
from starling.values import dataclass, replace
from starling.vocabulary import SampleGenotypes


@dataclass(frozen=True, slots=True)
class Observed:
    """What is known of one person.  `parts`: what each source states, in the order in which they were read."""

    sample: str
    options: Options
    parts: tuple[tuple[OpenSource, Part], ...] = ()

    def plus(self, source: OpenSource, records: Iterable[tuple[str, Record]]) -> Observed:
        """The same person with what further records of a source state; `records` are as `source.fetch` gives them.

        What the source says of itself (blocks, phase sets, notes) is taken as it stands when the records have ended.
        Raises: InputError for records whose GT cannot be read.
        """
        column = dict(source.people)[self.sample]
        before = [part.cells for one, part in self.parts if one is source]
        (cells,) = read_cells(records, source.sites, [column], self.options, before)
        return self.seen(source, SourceFacts(source).part(column, cells))

    def seen(self, source: OpenSource, part: Part) -> Observed:
        """The same person, of whom a source states this."""
        if any(one is source for one, _ in self.parts):
            parts = tuple([(one, part if one is source else old) for one, old in self.parts])
        else:
            parts = (*self.parts, (source, part))
        return replace(self, parts=parts)

    def genotypes(self, resolver: Resolver | None = None) -> SampleGenotypes:
        """Everything that the sources state together.  `resolver`: shared where many people are read.

        Raises: InputError CONFLICTING_PARTS when two of them state a site differently.
        """
        parts = [part for _, part in self.parts]
        return person(self.sample, parts, resolver or Resolver(self.options), self.options.sex)


class SourceFacts:
    """What a source says of itself once its records have ended, worked out once for all its people."""

    def __init__(self, source: OpenSource) -> None:
        self.stamp = source.stamp
        self._source = source
        self._silent = source.silent
        self._phase_sets = source.phase_sets()
        self._notes = source.notes
        self._is_gvcf = source.is_gvcf
        self._is_supported = source.is_supported
        self._testimony = source.testimony

    def part(self, column: int, cells: list[Cell]) -> Part:
        """What the source states of the person in a column."""
        source = self._source
        return Part(
            source=source.name,
            sites=source.sites,
            cells=cells,
            absent_is_reference=self._silent,
            gvcf=self._is_gvcf,
            phase_sets=frozenset(chromosome for chromosome, users in self._phase_sets.items() if column in users),
            mitochondrial_reference_known=source.build.mitochondrial_reference_known,
            remarks=self._notes,
            supported=self._is_supported,
            testimony=self._testimony,
        )
