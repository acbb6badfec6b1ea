"""The records of one file -> what each of its samples states at every slot: one pass, work shared by all samples."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from starling.assessment import Options
from starling.errors import InputError
from starling.formats.record import Record
from starling.genotyping.call import PLAIN_REFERENCE, Call, has_genotypes_alone, read_call, view
from starling.genotyping.observation import Cell, Observation, ReferenceCall, observations, stated
from starling.genotyping.plan import RecordPlan, plan_record, quick_plan
from starling.source.sites import BaseSlot, ChromosomeSites, SiteMap

_PLAIN: Final[Mapping[str, Call]] = {"0/0": PLAIN_REFERENCE, "0|0": PLAIN_REFERENCE}
_BASES: Final = frozenset("ACGT")
#: Distinct columns of which the reference call is kept: a person's file has some dozens.
_KEPT: Final = 1 << 12
#: Records of one person that may speak for one site: callers write a handful, and more is no file of a person (ours).
_MOST_RECORDS: Final = 1_000
#: Longer columns are not kept, so that no file can fill the memory.
_LONGEST_KEPT: Final = 256


def read_cells(
    records: Iterable[tuple[str, Record]],
    sites: SiteMap,
    columns: Sequence[int],
    options: Options,
    before: Sequence[Sequence[Cell]] = (),
) -> list[list[Cell]]:
    """For each of `columns`, what was found at every slot.  `records`: each with its chromosome.

    `before`: what earlier records of the same source gave, which stays as it is.
    Raises: InputError for records whose GT cannot be read.
    """
    reader = CellReader(sites, columns, options)
    if before:
        reader.cells = [[list(cell) if isinstance(cell, list) else cell for cell in own] for own in before]
    for chromosome, record in records:
        reader.add(record, sites.chromosomes[chromosome])
    return reader.cells


class CellReader:
    """Record after record; `cells[i][slot]` is what was found for the i-th person.

    `qualities`: whether calls that differ in their quality alone are kept apart.
    """

    def __init__(self, sites: SiteMap, columns: Sequence[int], options: Options, *, qualities: bool = True) -> None:
        self.cells: list[list[Cell]] = [[None] * len(sites.slots) for _ in columns]
        self._slots = sites.slots
        self._columns = columns
        self._options = options
        self._qualities = qualities
        # what all else that decides about a call in a kind of record leaves to its column
        self._references: dict[tuple[str, tuple[str, ...], str], dict[str, Call]] = {}

    def add(self, record: Record, sites: ChromosomeSites, people: Sequence[int] | None = None) -> None:
        """What the record states of `people` (None: of all) is stored."""
        chosen: Sequence[int] = range(len(self._columns)) if people is None else people
        slot = sites.plain.get(record.position)
        if slot is None or not _is_quick(record, slot):
            plan = plan_record(record, sites)
            if plan is not None:
                self._add(self._read(record, sites, {}), plan, chosen)
            return
        kind = (sites.name, record.format, record.filter)
        known = self._references.get(kind)
        if known is None:
            known = self._references[kind] = dict(_PLAIN) if has_genotypes_alone(record.format, record.filter) else {}
        others = self._mark(record, slot, known.get, chosen)
        if others:
            columns = self._read(record, sites, known)
            others = self._mark(record, slot, columns.reference, others)
            if others:
                self._add(columns, quick_plan(slot, record.alts), others)

    def _read(self, record: Record, sites: ChromosomeSites, known: dict[str, Call]) -> _Columns:
        return _Columns(record, sites.name, self._options, known, qualities=self._qualities)

    def _mark(
        self, record: Record, slot: BaseSlot, reference: Callable[[str], Call | None], people: Iterable[int]
    ) -> list[int]:
        """At a site of one base clear reference calls leave a mark.  Those who state something else, or more."""
        others = []
        texts, places, cells, at = record.columns, self._columns, self.cells, slot.number
        mark: ReferenceCall | None = None
        for person in people:
            call, own = reference(texts[places[person]]), cells[person]
            if call is None or own[at] is not None:
                others.append(person)
                continue
            if mark is None or call is not mark.call:
                mark = ReferenceCall(record.alts, call)
            own[at] = mark
        return others

    def _add(self, columns: _Columns, plan: RecordPlan, people: Iterable[int]) -> None:
        """Equal columns of one record state the same and are read once; equal calls are one value for everybody."""
        record = columns.record
        known: dict[str, list[Observation]] = {}
        shared: dict[Call, list[Observation]] = {}
        for person in people:
            text = record.columns[self._columns[person]]
            found = known.get(text)
            if found is None:
                call = columns.call(text)
                found = shared.get(call) or shared.setdefault(call, observations(plan, call, record.position))
                known[text] = found
            own = self.cells[person]
            for observation in found:
                self._keep(own, observation, record)

    def _keep(self, own: list[Cell], observation: Observation, record: Record) -> None:
        at = observation.plan.slot
        before = own[at]
        if before is None:
            own[at] = observation
        elif isinstance(before, list):
            if len(before) >= _MOST_RECORDS:
                locus = self._slots[at].locus
                message = f"more than {_MOST_RECORDS} records speak for {locus.chromosome}:{locus.position}"
                raise InputError("BAD_RECORD", message, source=record.source, line=record.line)
            before.append(observation)
        else:
            own[at] = [*stated(before, self._slots[at]), observation]


class _Columns:
    """The columns of one record, read when asked for and once.

    `known`: columns that are clear reference calls in every record of this kind; more are learned.
    """

    __slots__ = ("_calls", "_known", "_options", "_prepared", "_qualities", "record")

    def __init__(
        self, record: Record, chromosome: str, options: Options, known: dict[str, Call], *, qualities: bool
    ) -> None:
        self.record = record
        self._prepared = view(record, chromosome)
        self._options = options
        self._known = known
        self._qualities = qualities
        self._calls: dict[str, Call] = {}

    def call(self, text: str) -> Call:
        """What the column states."""
        call = self._calls.get(text)
        if call is None:
            call = read_call(self._prepared, text, self._options)
            call = self._calls[text] = call if self._qualities else call._replace(quality=None)
        return call

    def reference(self, text: str) -> Call | None:
        """The same if it is clear reference and nothing but the column makes it so, else None."""
        call = self.call(text)
        if not call.is_clear_reference or call.explicit or call.length is not None:
            return None
        if len(text) <= _LONGEST_KEPT:
            if len(self._known) >= _KEPT:
                self._known.clear()
            self._known[text] = call
        return call


def _is_quick(record: Record, slot: BaseSlot) -> bool:
    """Whether it is a record of single bases at a single-base site; else take the long way."""
    ref, alts = record.ref, record.alts
    single = record.end == record.position and ref == slot.reference
    return single and bool(alts) and ref not in alts and _BASES.issuperset(alts)
