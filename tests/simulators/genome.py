"""A synthetic genome that agrees with everything the definition tables state about GRCh38, and HGVS changes on it.

There is no FASTA in this repository.  Around each site the bases are known from the REF column and from what
`hgvs_g` implies: an indel that is written in one place by VCF (leftmost) and in another by HGVS (rightmost) lies in a
repeat of its own unit, which must end on both sides.  Every other base is a fixed arbitrary one.

Changes are taken from `hgvs_g` alone, so that a reader that takes them from `ref` and `alts` is checked, not copied.
"""

from __future__ import annotations

import csv
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

KNOWLEDGE = Path(__file__).resolve().parents[2] / "knowledge-base"

#: HGVS start -> copies of the unit in GRCh38, for the descriptions `UNIT[n]`.  Counted by hand from dbSNP flanks
#: (rs3064744, rs746071566, rs72549351, rs777691989, rs72549309, rs72549356).
REFERENCE_REPEATS = {233760235: 7, 48037784: 3, 42128199: 2, 42128326: 2, 97740411: 2, 42128934: 1}

#: Descriptions that variants.tsv lacks although an allele is named by them.
EXTRA_HGVS = {("chrM", 807): ("m.807A>G",)}

_SUBSTITUTION = re.compile(r"(\d+)([ACGT])>([ACGT])")
_RANGE = re.compile(r"(\d+)(?:_(\d+))?(delins|del|dup|ins)([ACGT]*)")
_REPEAT = re.compile(r"(\d+)([ACGT]+)\[(\d+)\]")


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """The bases `start..end` (1-based, inclusive) become `alt`; `end == start - 1` for an insertion before `start`."""

    start: int
    end: int
    alt: str

    @property
    def growth(self) -> int:
        """By how many bases the haplotype grows."""
        return len(self.alt) - (self.end - self.start + 1)

    @property
    def is_indel(self) -> bool:
        """Whether the length changes."""
        return self.growth != 0


@dataclass(frozen=True, slots=True)
class TableSite:
    """One row of variants.tsv, changes unread."""

    gene: str
    chromosome: str
    position: int
    ref: str
    alts: tuple[str, ...]
    hgvs: tuple[str, ...]
    position_grch37: int
    ref_grch37: str
    extra: bool

    @property
    def shift(self) -> int:
        """What to add to a GRCh38 position to get the GRCh37 one."""
        return self.position_grch37 - self.position


@dataclass
class Genome:
    """Bases by (chromosome, position) where known; `never`: what a base must not be, so that repeats end."""

    known: dict[tuple[str, int], str] = field(default_factory=dict)
    never: dict[tuple[str, int], set[str]] = field(default_factory=dict)

    def base(self, chromosome: str, position: int) -> str:
        """The base at one position."""
        base = self.known.get((chromosome, position))
        if base is not None:
            return base
        choices = [one for one in "ACGT" if one not in self.never.get((chromosome, position), ())]
        return choices[zlib.crc32(f"{chromosome}:{position}".encode()) % len(choices)]

    def text(self, chromosome: str, start: int, end: int) -> str:
        """The bases `start..end`, both included."""
        return "".join(self.base(chromosome, position) for position in range(start, end + 1))

    def state(self, chromosome: str, start: int, bases: str, reason: str) -> None:
        """The genome has `bases` from `start` on; contradicting what was stated before is an error in the tables."""
        for offset, base in enumerate(bases):
            key = (chromosome, start + offset)
            if self.known.setdefault(key, base) != base:
                raise ValueError(f"{chromosome}:{start + offset} is {self.known[key]}, but {reason} needs {base}")

    def exclude(self, chromosome: str, position: int, base: str, reason: str) -> None:
        """The genome does not have `base` at `position`."""
        if self.known.get((chromosome, position)) == base:
            raise ValueError(f"{chromosome}:{position} is {base}, but {reason} needs another base")
        self.never.setdefault((chromosome, position), set()).add(base)

    def apply(self, chromosome: str, start: int, end: int, edits: tuple[Edit, ...]) -> str:
        """The bases of a haplotype between `start` and `end` of the reference, after `edits` (sorted, apart)."""
        parts: list[str] = []
        at = start
        for edit in edits:
            if edit.start < at:
                raise ValueError(f"edits overlap at {chromosome}:{edit.start}")
            parts += [self.text(chromosome, at, edit.start - 1), edit.alt]
            at = edit.end + 1
        return "".join(parts) + self.text(chromosome, at, end)

    def shifted(self, chromosome: str, edit: Edit) -> tuple[Edit, Edit]:
        """The same indel as far left and as far right as it can be written."""
        return self._shift(chromosome, edit, -1), self._shift(chromosome, edit, 1)

    def _shift(self, chromosome: str, edit: Edit, step: int) -> Edit:
        removed = self.text(chromosome, edit.start, edit.end)
        unit = removed or edit.alt
        if removed and edit.alt:
            return edit
        while True:
            if step < 0:
                arriving, leaving = self.base(chromosome, edit.start - 1), unit[-1]
                rotated = arriving + unit[:-1]
            else:
                arriving, leaving = self.base(chromosome, edit.end + 1), unit[0]
                rotated = unit[1:] + arriving
            if arriving != leaving:
                return edit
            unit = rotated
            edit = Edit(edit.start + step, edit.end + step, "" if removed else unit)


@cache
def table_sites() -> tuple[TableSite, ...]:
    """Every row of variants.tsv."""
    with (KNOWLEDGE / "variants.tsv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    return tuple(
        TableSite(
            row["gene"],
            row["chrom"],
            int(row["pos_grch38"]),
            row["ref"],
            tuple(row["alts"].split(",")),
            tuple(text.strip() for text in row["hgvs_g"].split(";"))
            + EXTRA_HGVS.get((row["chrom"], int(row["pos_grch38"])), ()),
            int(row["pos_grch37"]),
            row["ref_grch37"],
            row["role"] == "extra",
        )
        for row in rows
    )


@cache
def reference_genome() -> Genome:
    """The genome that agrees with all tables.

    Raises: ValueError when two rows need different bases at one position.
    """
    genome = Genome()
    for site in table_sites():
        genome.state(site.chromosome, site.position, site.ref, f"REF of {site.gene} {site.position}")
    for site in table_sites():
        for text in site.hgvs:
            _state_repeat(genome, site, text)
    return genome


def _state_repeat(genome: Genome, site: TableSite, text: str) -> None:
    """What one description of an indel says about the bases around it."""
    body, name = text.partition(".")[2], f"{site.gene} {text}"
    if match := _SUBSTITUTION.fullmatch(body):
        genome.state(site.chromosome, int(match[1]), match[2], name)
        return
    if match := _REPEAT.fullmatch(body):
        start, unit = int(match[1]), match[2]
        copies = REFERENCE_REPEATS[start]
        genome.state(site.chromosome, start, unit * copies, name)
        last = start + len(unit) * copies - 1
        _bound(genome, site, unit, last, name)
        return
    found = _RANGE.fullmatch(body)
    if found is None:
        raise ValueError(f"not understood: {name}")
    start, end = int(found[1]), int(found[2] or found[1])
    if found[3] == "delins":
        return
    if found[3] == "ins":
        _bound(genome, site, found[4], start, name)
    elif found[3] == "dup":
        longest = next(alt for alt in site.alts if len(alt) - len(site.ref) == end - start + 1)
        unit = longest[len(site.ref) :] if longest.startswith(site.ref) else longest[1:]
        turn = (end - site.position) % len(unit)
        _bound(genome, site, unit[turn:] + unit[:turn], end, name)
    else:
        if found[4]:
            genome.state(site.chromosome, start, found[4], name)
        unit = next(site.ref[1:] for alt in site.alts if len(site.ref) - len(alt) == end - start + 1)
        turn = (end - site.position) % len(unit)
        _bound(genome, site, unit[turn:] + unit[:turn], end, name)


def _bound(genome: Genome, site: TableSite, unit: str, last: int, name: str) -> None:
    """From the anchor to `last` the unit repeats (its last base at `last`), and beyond both ends it does not."""
    length = len(unit)
    for position in range(site.position + 1, last + 1):
        genome.state(site.chromosome, position, unit[(length - 1 - (last - position)) % length], name)
    # One row (G6PD g.154536022_154536024delAGA) is not written as far right as the neighbouring REF allows.
    while genome.known.get((site.chromosome, last + 1)) == unit[0]:
        last, unit = last + 1, unit[1:] + unit[0]
    genome.exclude(site.chromosome, last + 1, unit[0], name)
    genome.exclude(site.chromosome, site.position, unit[(length - 1 - (last - site.position)) % length], name)


def edits_of(site: TableSite) -> tuple[Edit, ...]:
    """The change that each description of a site makes to the genome (none for the number of repeats it has)."""
    return tuple(edit for text in site.hgvs if (edit := _edit(site, text)) is not None)


def _edit(site: TableSite, text: str) -> Edit | None:
    body = text.partition(".")[2]
    if match := _SUBSTITUTION.fullmatch(body):
        return Edit(int(match[1]), int(match[1]), match[3])
    if match := _REPEAT.fullmatch(body):
        start, unit, copies = int(match[1]), match[2], int(match[3])
        present = REFERENCE_REPEATS[start]
        end = start + present * len(unit) - 1
        if copies == present:
            return None
        if copies < present:
            return Edit(end - (present - copies) * len(unit) + 1, end, "")
        return Edit(end + 1, end, unit * (copies - present))
    found = _RANGE.fullmatch(body)
    if found is None:
        raise ValueError(f"not understood: {site.gene} {text}")
    start, end = int(found[1]), int(found[2] or found[1])
    if found[3] == "dup":
        return Edit(end + 1, end, reference_genome().text(site.chromosome, start, end))
    if found[3] == "ins":
        return Edit(end, start, found[4])
    return Edit(start, end, found[4] if found[3] == "delins" else "")


@cache
def changes() -> Mapping[tuple[str, int], Mapping[str, Edit | None]]:
    """(chromosome, position) of each site -> bases as the definition tables write them -> the change they stand for.

    A description belongs to the bases that give the same haplotype; one that fits none is an error in the tables.
    """
    genome = reference_genome()
    found: dict[tuple[str, int], dict[str, Edit | None]] = {}
    for site in table_sites():
        words: dict[str, Edit | None] = {site.ref: None}
        low, high = site.position - 30, site.position + len(site.ref) + 60
        haplotypes = {genome.apply(site.chromosome, low, high, (edit,)): edit for edit in edits_of(site)}
        for alt in site.alts:
            written = Edit(site.position, site.position + len(site.ref) - 1, alt)
            haplotype = genome.apply(site.chromosome, low, high, (written,))
            if haplotype not in haplotypes:
                raise ValueError(f"{site.gene} {site.position} {site.ref}>{alt}: not described by {site.hgvs}")
            words[alt] = haplotypes[haplotype]
        found[site.chromosome, site.position] = words
    return found


@cache
def interval(site: TableSite) -> tuple[int, int]:
    """First and last position at which a change of `site` can be written, anchors included."""
    genome = reference_genome()
    low, high = site.position, site.position + len(site.ref) - 1
    for edit in changes()[site.chromosome, site.position].values():
        if edit is not None and edit.is_indel:
            left, right = genome.shifted(site.chromosome, edit)
            low, high = min(low, left.start - 1), max(high, right.end)
    return low, high
