"""What one record states about one slot of one person, and how that is kept until all records were read."""

from __future__ import annotations

from typing import NamedTuple

from starling.genotyping.call import Call
from starling.genotyping.effects import DELETED, NOT_BASES, UNKNOWN
from starling.genotyping.plan import RecordPlan, SlotPlan, Speaks, quick_plan
from starling.source.sites import BaseSlot, Slot
from starling.values import replace


class Observation(NamedTuple):
    """What one record states about one slot of one person.

    `haplotypes` and `phase`: as in the call, or, for an ALT of several bases, a phase of its own.  `end`: how far a
    reference block reaches in this sample.
    """

    plan: SlotPlan
    call: Call
    haplotypes: tuple[int | None, ...]
    phase: str | None
    end: int

    @property
    def stated(self) -> list[str]:
        """The words of the haplotypes that GT states."""
        words = self.plan.words
        return [words[haplotype] for haplotype in (*self.haplotypes, *(self.call.more or ())) if haplotype is not None]

    @property
    def is_missing(self) -> bool:
        """Whether GT states no haplotype at all."""
        return not any(haplotype is not None for haplotype in self.haplotypes)

    @property
    def is_beside(self) -> bool:
        """Whether no ALT of the record changes the slot, and GT selects none: what is absent is something else."""
        changes = self.plan.changes
        return len(changes) > 1 and not any(changes) and not any(self.haplotypes) and not self.call.more

    @property
    def strange(self) -> list[str]:
        """The length changes here that GT selects and no definition names."""
        names = self.plan.strange
        called = (*self.haplotypes, *(self.call.more or ())) if names else ()
        return [name for haplotype in called if haplotype is not None and (name := names[haplotype]) is not None]

    @property
    def reserves(self) -> bool:
        """Whether it states another copy number than two over the slot, and no genotype."""
        spans = self.plan.speaks in {Speaks.REMOVES, Speaks.COVERS} and not NOT_BASES.isdisjoint(self.plan.words)
        return spans and self.is_missing and self.call.copies not in {None, 2}

    @property
    def removes_nothing(self) -> bool:
        """Whether both copies are there after all: what was lost on one haplotype lies twice on the other (CN 2).

        Source: DRAGEN copy-number output (`<LOH>` with 1/1, or `<DEL>,<DUP>` with 1/2).
        """
        if self.call.copies != 2 or NOT_BASES.isdisjoint(self.stated):
            return False
        changes = {self.plan.changes[haplotype] for haplotype in self.haplotypes if haplotype is not None}
        return (len(changes) == 2 and None not in changes) or any("<LOH" in (change or "") for change in changes)


class ReferenceCall(NamedTuple):
    """A record of single bases, with these ALTs, calls a single base reference: by far the most frequent case.

    It costs next to nothing to make and to keep, and becomes an observation only beside others of the same slot.
    """

    alts: tuple[str, ...]
    call: Call


#: What was found at a slot: nothing; a clear reference call; one observation; or several.
Cell = ReferenceCall | Observation | list[Observation] | None


def calls_in(cell: Cell) -> list[Call]:
    """The calls behind a cell."""
    if cell is None:
        return []
    return [one.call for one in cell] if isinstance(cell, list) else [cell.call]


def stated(cell: Cell, slot: Slot) -> list[Observation]:
    """The observations in a cell."""
    if cell is None or isinstance(cell, list):
        return cell or []
    if isinstance(cell, Observation):
        return [cell]
    assert isinstance(slot, BaseSlot)
    return observations(quick_plan(slot, cell.alts), cell.call, slot.position)


def observations(plan: RecordPlan, call: Call, position: int) -> list[Observation]:
    """What `call` states about every slot of `plan`; `position` is the record's.

    That a change of length did not happen accounts for no more of an indel's stretch than its anchor, and where no
    definition names it, it leaves open whether another one happened.
    """
    haplotypes, phase = _linked(plan, call)
    absent = plan.resizes and not any(haplotypes)
    found = []
    excluded = absent and None not in haplotypes and not call.more and call.doubt is None
    for slot in plan.slots:
        end = slot.end
        if excluded and slot.beside:
            slot = replace(slot, speaks=Speaks.COVERS)
        if call.length is not None and slot.speaks in {Speaks.BLOCK, Speaks.COVERS, Speaks.LISTED}:
            end = min(end, position + call.length - 1)
        if absent and slot.speaks is Speaks.COVERS:
            end = min(end, position)
        observation = Observation(slot, call, haplotypes, phase, end)
        if not _is_silent(observation) and not observation.removes_nothing:
            found.append(observation)
    return found


def _is_silent(observation: Observation) -> bool:
    """Whether the record says nothing of the slot, because of what GT selects."""
    if observation.plan.speaks is Speaks.STATES:
        return observation.is_beside
    return observation.plan.speaks is Speaks.REMOVES and not (_has_no_base(observation) or observation.reserves)


def _linked(plan: RecordPlan, call: Call) -> tuple[tuple[int | None, ...], str | None]:
    """The haplotypes and their phase set: of a het ALT of several bases, its own set, when GT gives none."""
    first, last = call.haplotypes[0], call.haplotypes[-1]
    if call.phase is not None or first is None or last is None or first == last:
        return call.haplotypes, call.phase
    links = sorted((link, haplotype) for haplotype in (first, last) if (link := plan.links[haplotype]) is not None)
    if not links:
        return call.haplotypes, None
    link, owner = links[0]
    return (call.haplotypes if owner == first else (last, first)), link


def _has_no_base(observation: Observation) -> bool:
    return any(word in {DELETED, UNKNOWN} for word in observation.stated)
