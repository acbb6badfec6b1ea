"""Source files -> the evidence of one shard, each file in one pass.

A file that cannot be read is left out, with all of its people, and named: a biobank's run must not end at file 40,000,
and nobody may be called from half of their data.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from starling.assessment import Options
from starling.cohort.collect.columns import Coded, code_columns, gathered, kept_fields, placed
from starling.cohort.collect.evidence import MARGIN, FileProfile, Holdings, Row, write_evidence
from starling.engine import Engine
from starling.errors import InputError
from starling.formats.record import Record
from starling.formats.regions import merge
from starling.genotyping.call import PASSING, check_genotypes, failed_filters, view
from starling.genotyping.plan import plan_record
from starling.source.door import OpenSource, Wanted, open_source
from starling.source.fill import Intervals
from starling.source.sites import SiteMap
from starling.values import dataclass, field, replace
from starling.vocabulary import BuildName

Key = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file, or a whole shard, that was left out, why, and the people who are therefore missing."""

    source: str
    message: str
    people: tuple[str, ...] = ()


def read_shard(
    files: Sequence[str],
    stated: Mapping[str, tuple[str, str]],
    target: Path,
    engine: Engine,
    options: Options,
    progress: Callable[[float], None] = lambda _: None,
) -> tuple[Skipped, ...]:
    """`target` holds the evidence of everyone in `files`; the files that had to be left out are returned.

    `stated`: sample -> (sex, statement), either empty when nothing is stated.
    `progress`: called with the share of the shard that was read.
    """
    shard = _Shard(Wanted(engine.maps, engine.knowledge, options), progress)
    names = shard.people_of(files)
    write_evidence(target, shard.rows(), lambda: shard.holdings(stated, names))
    return tuple(shard.skipped)


def kept_regions(sites: SiteMap) -> Mapping[str, Intervals]:
    """Chromosome -> the intervals of which all records are kept: every gene and every site, with a margin."""
    spans: dict[str, list[tuple[int, int]]] = {}
    for gene in sites.genes:
        spans.setdefault(gene.chromosome, []).append((gene.start, gene.end))
    for slot in sites.slots:
        spans.setdefault(slot.locus.chromosome, []).append((slot.start, slot.last))
    return {
        name: tuple(merge((max(1, start - MARGIN), end + MARGIN) for start, end in own)) for name, own in spans.items()
    }


@dataclass
class _Shard:
    """File after file."""

    wanted: Wanted
    progress: Callable[[float], None]
    skipped: list[Skipped] = field(default_factory=list)
    _paths: list[tuple[str, tuple[tuple[str, int], ...]]] = field(default_factory=list)
    _people: dict[str, int] = field(default_factory=dict)
    _profiles: list[FileProfile] = field(default_factory=list)
    _layers: list[list[int]] = field(default_factory=list)
    _lost: set[int] = field(default_factory=set)
    _phase_sets: dict[tuple[int, str], set[int]] = field(default_factory=dict)
    _kept: dict[BuildName, Mapping[str, Intervals]] = field(default_factory=dict)
    _done: float = 0.0

    def people_of(self, files: Sequence[str]) -> tuple[str, ...]:
        """Everyone named in the headers; a file without a readable header is left out."""
        for path in files:
            try:
                with open_source(path, self.wanted) as source:
                    chosen = source.people
            except InputError as error:
                self.skipped.append(Skipped(Path(path).name, error.message))
                continue
            self._paths.append((path, chosen))
            for name, _ in chosen:
                self._people.setdefault(name, len(self._people))
        return tuple(self._people)

    def holdings(self, stated: Mapping[str, tuple[str, str]], names: tuple[str, ...]) -> Holdings:
        """Who is in the shard, once all rows were read; people of a file that failed are in no layer."""
        layers = [[-1 if person in self._lost else file for person, file in enumerate(each)] for each in self._layers]
        groups: tuple[dict[str, list[int]], dict[str, list[int]]] = ({}, {})
        for name, number in self._people.items():
            for group, text in zip(groups, stated.get(name, ()), strict=False):
                if text:
                    group.setdefault(text, []).append(number)
        sex, statements = ({text: tuple(people) for text, people in group.items()} for group in groups)
        return Holdings(
            people=names,
            files=tuple(self._profiles),
            layers=tuple(map(tuple, layers)),
            phase_sets={key: tuple(sorted(people)) for key, people in self._phase_sets.items()},
            sex=sex,
            statements=statements,
            options=self.wanted.options,
        )

    def rows(self) -> Iterator[Row]:
        """The rows of all files: those of many people as they are read, those of one person each joined at the end."""
        apart: dict[Key, tuple[Row, dict[int, str]]] = {}
        for number, (path, chosen) in enumerate(self._paths):
            self._done = number / len(self._paths)
            try:
                if len(chosen) > 1:
                    yield from self._read(path, chosen)
                    continue
                person = self._people[chosen[0][0]]
                for row in list(self._read(path, chosen)):
                    _gather(apart, row, person)
            except InputError as error:
                people = tuple(name for name, _ in chosen)
                self._lost.update(self._people[name] for name in people)
                self.skipped.append(Skipped(Path(path).name, error.message, people))
        for row, texts in apart.values():
            yield replace(row, coded=gathered(texts, len(self._people)))

    def _read(self, path: str, chosen: tuple[tuple[str, int], ...]) -> Iterator[Row]:
        with open_source(path, self.wanted) as source:
            rows = _SourceRows(source, source.names, chosen, self.wanted.options)
            kept = self._kept_regions(source)
            people = [self._people[name] for name, _ in chosen]
            layer = self._layer(people)
            seen: set[str] = set()
            for row in rows.rows(layer, people, len(self._people), kept):
                if row.chromosome not in seen:
                    self.progress(self._done + len(seen) / len(source.sites.chromosomes) / len(self._paths))
                    seen.add(row.chromosome)
                yield row
            for chromosome, users in source.phase_sets().items():
                own = {self._people[person] for person, column in chosen if column in users}
                if own:
                    self._phase_sets.setdefault((layer, chromosome), set()).update(own)
            for person in people:
                self._layers[layer][person] = len(self._profiles)
            self._profiles.append(_profile(source, kept))

    def _kept_regions(self, source: OpenSource) -> Mapping[str, Intervals]:
        """The regions to keep, in the file's build."""
        build = source.build.name
        if build not in self._kept:
            self._kept[build] = kept_regions(source.sites)
        return self._kept[build]

    def _layer(self, people: Sequence[int]) -> int:
        """The first layer in which none of these people has a file yet."""
        for number, layer in enumerate(self._layers):
            if all(layer[person] < 0 for person in people):
                return number
        self._layers.append([-1] * len(self._people))
        return len(self._layers) - 1


def _profile(source: OpenSource, kept: Mapping[str, Intervals]) -> FileProfile:
    stamp, build = source.stamp, source.build
    return FileProfile(
        name=stamp.name,
        size=stamp.size,
        file_sha256=stamp.file_sha256,
        reader=stamp.reader,
        build=build.name,
        mitochondrial_reference_known=build.mitochondrial_reference_known,
        mitochondrial_refused=build.mitochondrial_refused,
        is_gvcf=source.is_gvcf,
        fillable=tuple(sorted(source.fillable)),
        callable=source.callable,
        covered=kept,
        testimony=source.testimony,
        supported=source.is_supported,
    )


@dataclass(frozen=True)
class _SourceRows:
    """The records of one open source as rows."""

    source: OpenSource
    names: Mapping[str, str]
    chosen: tuple[tuple[str, int], ...]
    options: Options

    def rows(self, layer: int, people: Sequence[int], total: int, kept: Mapping[str, Intervals]) -> Iterator[Row]:
        """Every record inside the regions to keep.

        Raises: InputError, as when the file is read for a report: nothing that it refuses is accepted here.
        """
        samples = self.source.header.samples
        columns = None if len(self.chosen) == len(samples) else [column for _, column in self.chosen]
        order = sorted(range(len(people)), key=people.__getitem__)
        if columns is None and order != list(range(len(people))):
            columns = list(range(len(people)))
        columns = [columns[place] for place in order] if columns is not None else None
        placing = sorted(people)
        for _, record in self.source.fetch(kept):
            yield self._row(record, layer, columns, placing, total)

    def _row(self, record: Record, layer: int, columns: Sequence[int] | None, people: Sequence[int], total: int) -> Row:
        chromosome = self.names[record.chromosome]
        kept = kept_fields(record.format)
        coded = code_columns(record, columns, kept, mitochondrial=chromosome == "chrM")
        self._check(record, chromosome, coded, kept)
        return Row(
            layer=layer,
            build=self.source.build.name,
            chromosome=chromosome,
            position=record.position,
            end=record.end,
            ref=record.ref,
            alts=record.alts,
            filter="PASS" if record.filter in PASSING else failed_filters(record.filter).replace(", ", ";"),
            format=tuple(record.format[place] for place in kept),
            coded=coded if len(people) == 1 else placed(coded, people, total),
        )

    def _check(self, record: Record, chromosome: str, coded: Coded, kept: Sequence[int]) -> None:
        """What a report would refuse is refused here, while the file and the line are known."""
        sites = self.source.sites.chromosomes[chromosome]
        positions = sites.positions
        at = bisect_left(positions, record.position)
        near = at < len(positions) and positions[at] <= record.end
        if not near and not sites.indels_touching(record.position - 1, record.end + 1):
            return
        if plan_record(record, sites) is None:
            return
        prepared = view(record, chromosome)
        place = kept.index(prepared.keys["GT"])
        check_genotypes(prepared, (_value(text, place) for text in coded.texts if text is not None))


def _value(text: str, place: int) -> str:
    """The value at `place` of a column; `.` where the column has ended."""
    values = text.split(":", place + 1)
    return values[place] if place < len(values) else "."


def _gather(apart: dict[Key, tuple[Row, dict[int, str]]], row: Row, person: int) -> None:
    """The row of one person's file joins the same record of other people's files."""
    text = row.coded.texts[0] or ""
    key: Key = (row.layer, row.build, row.chromosome, row.position, row.end, row.ref, row.alts, row.filter, row.format)
    while person in apart.setdefault(key, (row, {}))[1]:
        key = (*key, "again")  # one file states the same record twice: both count
    apart[key][1][person] = text
