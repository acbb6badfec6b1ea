"""The records of one file -> what each of its samples states at every slot: one pass, work shared by all samples."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from starling.errors import InputError
from starling.formats.record import Record
from starling.formats.regions import Region
from starling.genotyping.call import PLAIN_REFERENCE, failed_filters, read_call, view
from starling.genotyping.merge import Observation, observations
from starling.genotyping.person import Cell
from starling.genotyping.plan import RecordPlan, SlotPlan, Speaks, plan_record
from starling.genotyping.sites import ChromosomeSites, SiteMap, regions
from starling.vocabulary import Options

_GENOTYPE_ONLY: Final = ("GT",)
_REFERENCE_COLUMNS: Final = frozenset({"0/0", "0|0"})
_BASES: Final = frozenset("ACGT")


def read_cells(
    fetch: Callable[[Sequence[Region]], Iterable[Record]],
    source: str,
    names: Mapping[str, str],
    sites: SiteMap,
    columns: Sequence[int],
    options: Options,
) -> list[list[Cell]]:
    """For each of `columns`, what was found at every slot.

    Raises: InputError NO_GENOTYPES or NO_CHROMOSOMES when no record has anything to say, and for records whose GT
    cannot be read.
    """
    cells: list[list[Cell]] = [[None] * len(sites.slots) for _ in columns]
    fetched = genotyped = 0
    for record in fetch(regions(sites, names)):
        fetched += 1
        if "GT" not in record.format:
            continue
        genotyped += 1
        chromosome = sites.chromosomes[names[record.chromosome]]
        plan = _quick_plan(record, chromosome) or plan_record(record, chromosome)
        if plan is not None:
            _store(record, plan, chromosome.name, columns, cells, options)
    if fetched and not genotyped:
        raise InputError("NO_GENOTYPES", "no record has a GT field", source=source)
    return cells


def _quick_plan(record: Record, sites: ChromosomeSites) -> RecordPlan | None:
    """The plan of a single-base record at a single-base site; None: take the long way."""
    position, ref = record.position, record.ref
    if position not in sites.plain or record.end != position or not record.alts:
        return None
    slot = sites.bases[position]
    if ref != slot.reference or not _BASES.issuperset(record.alts):
        return None
    changes = [None, *(f"{position}{ref}>{alt}" if alt != ref else None for alt in record.alts)]
    plan = SlotPlan(slot.index, Speaks.STATES, (ref, *record.alts), tuple(changes), position, position)
    return RecordPlan((plan,), (None,) * len(changes))


def _store(
    record: Record,
    plan: RecordPlan,
    chromosome: str,
    columns: Sequence[int],
    cells: Sequence[list[Cell]],
    options: Options,
) -> None:
    """Equal columns of one record state the same: they are read once."""
    known: dict[str, list[Observation]] = {}
    if record.format == _GENOTYPE_ONLY and not failed_filters(record.filter):
        reference = observations(plan, PLAIN_REFERENCE, record.position)
        known = dict.fromkeys(_REFERENCE_COLUMNS, reference)
    prepared = view(record, chromosome)
    texts = record.columns
    for number, column in enumerate(columns):
        text = texts[column]
        found = known.get(text)
        if found is None:
            found = known[text] = observations(plan, read_call(prepared, text, options), record.position)
        own = cells[number]
        for observation in found:
            index = observation.plan.slot
            before = own[index]
            if before is None:
                own[index] = observation
            elif isinstance(before, list):
                before.append(observation)
            else:
                own[index] = [before, observation]
