"""The records of one file -> what each of its samples states at every slot: one pass, work shared by all samples."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from starling.assessment import Options
from starling.formats.record import Record
from starling.genotyping.call import PASSING, Call, read_call, view
from starling.genotyping.merge import Cell, Observation, observations, stated
from starling.genotyping.plan import RecordPlan, plan_record, quick_plan
from starling.source.sites import BaseSlot, ChromosomeSites, SiteMap

_GENOTYPE_ONLY: Final = ("GT",)
_REFERENCE: Final = frozenset({"0/0", "0|0"})
_BASES: Final = frozenset("ACGT")


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
        plain = record.format == _GENOTYPE_ONLY and record.filter in PASSING
        reader.add(record, sites.chromosomes[chromosome], plain=plain)
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

    def add(self, record: Record, sites: ChromosomeSites, *, plain: bool, people: Sequence[int] | None = None) -> None:
        """What the record states of `people` (None: of all) is stored.

        `plain`: FORMAT is GT alone, and all filters were passed.
        """
        chosen = range(len(self._columns)) if people is None else people
        slot = _quick_slot(record, sites)
        if slot is not None and plain:
            self._add_quickly(record, sites, slot, chosen)
            return
        plan = plan_record(record, sites) if slot is None else quick_plan(slot, record.alts)
        if plan is not None:
            self._add(record, sites, plan, chosen)

    def _add_quickly(self, record: Record, sites: ChromosomeSites, slot: BaseSlot, people: Iterable[int]) -> None:
        """Reference calls at a site of one base leave a mark: the ALTs that the record lists."""
        others = []
        texts, alts, at = record.columns, record.alts, slot.number
        columns = self._columns
        for person in people:
            if texts[columns[person]] in _REFERENCE and self.cells[person][at] is None:
                self.cells[person][at] = alts
            else:
                others.append(person)
        if others:
            self._add(record, sites, quick_plan(slot, alts), others)

    def _add(self, record: Record, sites: ChromosomeSites, plan: RecordPlan, people: Iterable[int]) -> None:
        """Equal columns of one record state the same and are read once; equal calls are one value for everybody."""
        prepared = view(record, sites.name)
        known: dict[str, list[Observation]] = {}
        shared: dict[Call, list[Observation]] = {}
        texts = record.columns
        for person in people:
            text = texts[self._columns[person]]
            found = known.get(text)
            if found is None:
                call = read_call(prepared, text, self._options)
                call = call if self._qualities else call._replace(quality=None)
                found = shared.get(call) or shared.setdefault(call, observations(plan, call, record.position))
                known[text] = found
            own = self.cells[person]
            for observation in found:
                self._keep(own, observation)

    def _keep(self, own: list[Cell], observation: Observation) -> None:
        at = observation.plan.slot
        before = own[at]
        if before is None:
            own[at] = observation
        elif isinstance(before, list):
            before.append(observation)
        else:
            own[at] = [*stated(before, self._slots[at]), observation]


def _quick_slot(record: Record, sites: ChromosomeSites) -> BaseSlot | None:
    """The site of a record of single bases at a single-base site; None: take the long way."""
    position, ref, alts = record.position, record.ref, record.alts
    if position not in sites.plain or record.end != position or not alts:
        return None
    slot = sites.bases[position]
    return slot if ref == slot.reference and ref not in alts and _BASES.issuperset(alts) else None
