"""A person's changes -> VCF calls in every spelling that means the same: the heart of the equivalent files.

Positions here are GRCh38 ones throughout; only the last step of `equivalents.render` adds the shift of GRCh37.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache

from tests.simulators.genome import Edit, Genome, TableSite, changes, interval, reference_genome, table_sites
from tests.simulators.people import Person, SiteKey


@dataclass(frozen=True, slots=True)
class Call:
    """One record: REF, ALTs and the allele index of each haplotype; `sites` are the sites it speaks for."""

    chromosome: str
    position: int
    ref: str
    alts: tuple[str, ...]
    indices: tuple[int, ...]
    sites: tuple[SiteKey, ...]
    forced: bool = False

    @property
    def end(self) -> int:
        """Last position of REF."""
        return self.position + len(self.ref) - 1

    @property
    def is_variant(self) -> bool:
        """Whether some haplotype carries an ALT."""
        return any(self.indices)

    @property
    def is_snv(self) -> bool:
        """Whether every allele is one base."""
        return len(self.ref) == 1 and all(len(alt) == 1 and alt != "*" for alt in self.alts)

    def word(self, haplotype: int) -> str:
        """The bases of one haplotype over the span of REF."""
        return (self.ref, *self.alts)[self.indices[haplotype]]


@cache
def genome_of(build: str) -> Genome:
    """The synthetic genome of a build, in GRCh38 coordinates: GRCh37 differs at seven sites."""
    genome = reference_genome()
    if build == "GRCh38":
        return genome
    other = Genome(dict(genome.known), genome.never)
    for site in table_sites():
        if site.ref_grch37 and site.ref_grch37 != site.ref:
            other.known[site.chromosome, site.position] = site.ref_grch37
    return other


@dataclass(frozen=True, slots=True)
class Spelling:
    """The choices of `Style` that concern single calls."""

    build: str
    anchor: str
    alts: str


def site_calls(who: Person, spelling: Spelling) -> list[Call]:
    """One call per site, multi-allelic where the site is, in table order."""
    known, found = _known_calls(spelling), []
    for number, site in enumerate(table_sites()):
        pair = who.edits[site.chromosome, site.position]
        call = known.get((number, pair))
        if call is None:
            call = known[number, pair] = _site_call(site, pair, spelling)
        found.append(call)
    return found


@cache
def _known_calls(_: Spelling) -> dict[tuple[int, tuple[Edit | None, ...]], Call]:
    """(site, what is on its haplotypes) -> the call: most people have the same at most sites."""
    return {}


def _site_call(site: TableSite, pair: tuple[Edit | None, ...], spelling: Spelling) -> Call:
    carried, known = _in_build(site, pair, spelling.build)
    observed = sorted({edit for edit in carried if edit})
    listed = known if spelling.alts == "known" else observed
    triples = {edit: _triple(site.chromosome, edit, spelling) for edit in (*known, *observed)}
    spans = [triples[edit] for edit in (listed or known)]
    start = min(position for position, _, _ in spans)
    end = max(position + len(ref) - 1 for position, ref, _ in spans)
    genome = genome_of(spelling.build)
    alts = tuple(_over(genome, site.chromosome, start, end, triples[edit]) for edit in listed)
    indices = tuple(0 if edit is None else 1 + listed.index(edit) for edit in carried)
    key = (site.chromosome, site.position)
    return Call(site.chromosome, start, genome.text(site.chromosome, start, end), alts, indices, (key,))


def _in_build(site: TableSite, pair: tuple[Edit | None, ...], build: str) -> tuple[tuple[Edit | None, ...], list[Edit]]:
    """The changes of each haplotype and all known ones, relative to the reference of `build`."""
    known = [edit for edit in changes()[site.chromosome, site.position].values() if edit is not None]
    if build == "GRCh38" or site.ref_grch37 in {"", site.ref}:
        return pair, known
    bases = [site.ref, *(edit.alt for edit in known)]
    at = site.position
    carried = tuple(edit.alt if edit else site.ref for edit in pair)
    return (
        tuple(None if base == site.ref_grch37 else Edit(at, at, base) for base in carried),
        [Edit(at, at, base) for base in bases if base != site.ref_grch37],
    )


def _triple(chromosome: str, edit: Edit, spelling: Spelling) -> tuple[int, str, str]:
    """POS, REF and ALT of one change, anchored as the spelling says."""
    genome = genome_of(spelling.build)
    if not edit.is_indel:
        return edit.start, genome.text(chromosome, edit.start, edit.end), edit.alt
    left, right = genome.shifted(chromosome, edit)
    edit = left if spelling.anchor == "left" else right
    anchor = genome.base(chromosome, edit.start - 1)
    return edit.start - 1, anchor + genome.text(chromosome, edit.start, edit.end), anchor + edit.alt


def _over(genome: Genome, chromosome: str, start: int, end: int, triple: tuple[int, str, str]) -> str:
    position, ref, alt = triple
    before = genome.text(chromosome, start, position - 1)
    return before + alt + genome.text(chromosome, position + len(ref), end)


def split(calls: Iterable[Call]) -> Iterator[Call]:
    """Each ALT as a record of its own, trimmed; a haplotype with another ALT is written as reference there."""
    for call in calls:
        if len(call.alts) < 2:
            yield call
            continue
        for number, alt in enumerate(call.alts, 1):
            indices = tuple(int(index == number) for index in call.indices)
            yield _trim(replace(call, alts=(alt,), indices=indices))


def _trim(call: Call) -> Call:
    """A call with one ALT without the bases that REF and ALT share on both sides (one anchor base stays)."""
    ref, alt, position = call.ref, call.alts[0], call.position
    while min(len(ref), len(alt)) > 1 and ref[-1] == alt[-1]:
        ref, alt = ref[:-1], alt[:-1]
    while min(len(ref), len(alt)) > 1 and ref[0] == alt[0]:
        ref, alt, position = ref[1:], alt[1:], position + 1
    return replace(call, position=position, ref=ref, alts=(alt,))


def atomise(calls: Iterable[Call]) -> Iterator[Call]:
    """Substitutions of several bases as single-base records."""
    for call in calls:
        if len(call.ref) < 2 or any(len(alt) != len(call.ref) for alt in call.alts):
            yield call
            continue
        for offset, base in enumerate(call.ref):
            words = [word[offset] for word in (call.ref, *call.alts)]
            alts = tuple(dict.fromkeys(word for word in words if word != base))
            indices = tuple(0 if words[i] == base else 1 + alts.index(words[i]) for i in call.indices)
            yield replace(call, position=call.position + offset, ref=base, alts=alts, indices=indices)


def join_neighbours(calls: Iterable[Call], build: str) -> Iterator[Call]:
    """Variant SNVs at most 2 bp apart as one MNP; sites between them are stated by that record alone."""
    ordered = sorted(calls, key=lambda call: (call.chromosome, call.position, call.end))
    group: list[Call] = []
    for call in ordered:
        near = group and call.chromosome == group[0].chromosome and call.position - _last_variant(group) <= 2
        if call.is_snv and near:
            group.append(call)
            continue
        if not call.is_snv and near:
            yield call
            continue
        yield from _merged(group, build)
        group = [call] if call.is_snv and call.is_variant else []
        if not group:
            yield call
    yield from _merged(group, build)


def _last_variant(group: list[Call]) -> int:
    return max(call.position for call in group if call.is_variant)


def _merged(group: list[Call], build: str) -> Iterator[Call]:
    if not group:
        return
    last = _last_variant(group)
    inside = [call for call in group if call.position <= last]
    yield from (call for call in group if call.position > last)
    if sum(call.is_variant for call in inside) < 2:
        yield from inside
        return
    genome, first = genome_of(build), inside[0]
    ref = genome.text(first.chromosome, first.position, last)
    words = []
    for haplotype in range(len(first.indices)):
        text = list(ref)
        for call in inside:
            text[call.position - first.position] = call.word(haplotype)
        words.append("".join(text))
    alts = tuple(dict.fromkeys(word for word in words if word != ref))
    indices = tuple(0 if word == ref else 1 + alts.index(word) for word in words)
    sites = tuple(key for call in inside for key in call.sites)
    yield Call(first.chromosome, first.position, ref, alts, indices, sites)


def mark_deleted(calls: Iterable[Call]) -> Iterator[Call]:
    """`*` where a haplotype has no base because a deletion recorded elsewhere covers the position."""
    every = list(calls)
    deletions = [call for call in every if call.is_variant and any(len(alt) < len(call.ref) for alt in call.alts)]
    for call in every:
        indices, alts = list(call.indices), call.alts
        for haplotype in range(len(indices)):
            if any(_removes(other, haplotype, call) for other in deletions) and not indices[haplotype]:
                alts = alts if "*" in alts else (*alts, "*")
                indices[haplotype] = 1 + alts.index("*")
        yield replace(call, alts=alts, indices=tuple(indices))


def _removes(deletion: Call, haplotype: int, call: Call) -> bool:
    if deletion.chromosome != call.chromosome:
        return False
    word = deletion.word(haplotype)
    return len(word) < len(deletion.ref) and deletion.position + len(word) - 1 < call.position <= deletion.end


def for_gvcf(calls: Iterable[Call], known: Iterable[Call], build: str) -> list[Call]:
    """The records of a gVCF beside its blocks.

    Sites whose base on GRCh37 is not published, and indel sites through whose repeat a variant runs, cannot be
    answered by a block; they are written as genotyped sites, as callers do when given a list of alleles.
    """
    variants = [call for call in calls if call.is_variant]
    sites = {(site.chromosome, site.position): site for site in table_sites()}
    stated = {key for call in variants for key in call.sites}
    forced = []
    for call in known:
        site = sites[call.sites[0]]
        low, high = interval(site)
        unpublished = build == "GRCh37" and not site.ref_grch37
        crossed = high > low and any(
            other.chromosome == site.chromosome and other.position <= high and other.end >= low for other in variants
        )
        if call.sites[0] not in stated and (unpublished or crossed):
            forced.append(replace(call, forced=True))
    return [*variants, *forced]
