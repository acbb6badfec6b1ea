"""Source files -> the evidence of one shard, each file in one pass.

A file that cannot be read is left out, with all of its people, and named: a biobank's run must not end at file 40,000,
and nobody may be called from half of their data.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from starling.assessment import Options
from starling.cohort.columns import Coded, code_columns, gathered, kept_fields, placed
from starling.cohort.evidence import MARGIN, FileProfile, Holdings, Row, write_evidence
from starling.definitions import GeneDefinition
from starling.errors import InputError
from starling.formats.record import Record
from starling.formats.regions import Region, merge
from starling.genotyping.build import Build, detect_build
from starling.genotyping.call import PASSING, check_genotypes, failed_filters, view
from starling.genotyping.collect import VariantFile, callable_intervals, chromosome_names
from starling.genotyping.fill import Intervals, fillable_genes
from starling.genotyping.plan import plan_record
from starling.genotyping.samples import chosen_samples
from starling.genotyping.sites import SiteMap, site_map
from starling.genotyping.source import open_source
from starling.knowledge.base import KnowledgeBase
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
    knowledge: KnowledgeBase,
    options: Options,
    progress: Callable[[float], None] = lambda _: None,
) -> tuple[Skipped, ...]:
    """`target` holds the evidence of everyone in `files`; the files that had to be left out are returned.

    `stated`: sample -> (sex, statement), either empty when nothing is stated.
    `progress`: called with the share of the shard that was read.
    """
    shard = _Shard(knowledge, options, progress)
    names = shard.people_of(files)
    write_evidence(target, shard.rows(), lambda: shard.holdings(stated, names))
    return tuple(shard.skipped)


@lru_cache(maxsize=4)
def kept_regions(definitions: tuple[GeneDefinition, ...], build: BuildName) -> Mapping[str, Intervals]:
    """Chromosome -> the intervals of which all records are kept: every gene and every site, with a margin."""
    sites = site_map(definitions, build)
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

    knowledge: KnowledgeBase
    options: Options
    progress: Callable[[float], None]
    skipped: list[Skipped] = field(default_factory=list)
    _paths: list[tuple[str, tuple[tuple[str, int], ...]]] = field(default_factory=list)
    _people: dict[str, int] = field(default_factory=dict)
    _profiles: list[FileProfile] = field(default_factory=list)
    _layers: list[list[int]] = field(default_factory=list)
    _lost: set[int] = field(default_factory=set)
    _phase_sets: dict[tuple[int, str], set[int]] = field(default_factory=dict)
    _done: float = 0.0

    def people_of(self, files: Sequence[str]) -> tuple[str, ...]:
        """Everyone named in the headers; a file without a readable header is left out."""
        for path in files:
            try:
                with open_source(path, self.knowledge, self.options) as file:
                    chosen = chosen_samples(file.header, None, source=file.name)
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
            options=self.options,
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
        definitions = tuple(self.knowledge.definitions.values())
        contigs = self.knowledge.contigs
        with open_source(path, self.knowledge, self.options) as file:
            build = detect_build(
                file.header, self.knowledge.contig_lengths, contigs, self.options.build, source=file.name
            )
            sites = site_map(definitions, build.name)
            names = chromosome_names(file, contigs, sites, build)
            people = [self._people[name] for name, _ in chosen]
            layer = self._layer(people)
            seen: set[str] = set()
            for row in _FileRows(file, build, sites, names, chosen, self.options).rows(
                layer, people, len(self._people), kept_regions(definitions, build.name)
            ):
                if row.chromosome not in seen:
                    self.progress(self._done + len(seen) / len(sites.chromosomes) / len(self._paths))
                    seen.add(row.chromosome)
                yield row
            for name, chromosome in names.items():
                users = file.phase_set_users(name)
                own = {self._people[person] for person, column in chosen if column in users}
                if own:
                    self._phase_sets.setdefault((layer, chromosome), set()).update(own)
            for person in people:
                self._layers[layer][person] = len(self._profiles)
            self._profiles.append(self._profile(file, build, sites, names))

    def _layer(self, people: Sequence[int]) -> int:
        """The first layer in which none of these people has a file yet."""
        for number, layer in enumerate(self._layers):
            if all(layer[person] < 0 for person in people):
                return number
        self._layers.append([-1] * len(self._people))
        return len(self._layers) - 1

    def _profile(self, file: VariantFile, build: Build, sites: SiteMap, names: Mapping[str, str]) -> FileProfile:
        return FileProfile(
            name=file.name,
            size=file.size,
            file_sha256=file.file_sha256,
            reader=file.reader,
            build=build.name,
            mitochondrial_reference_known=build.mitochondrial_reference_known,
            mitochondrial_refused=build.mitochondrial_refused,
            is_gvcf=file.is_gvcf,
            fillable=tuple(sorted(fillable_genes(file, sites, names, self.options))),
            callable=callable_intervals(self.options.callable_bed, self.knowledge),
            covered=kept_regions(tuple(self.knowledge.definitions.values()), build.name),
        )


@dataclass(frozen=True)
class _FileRows:
    """The records of one open file as rows."""

    file: VariantFile
    build: Build
    sites: SiteMap
    names: Mapping[str, str]
    chosen: tuple[tuple[str, int], ...]
    options: Options

    def rows(self, layer: int, people: Sequence[int], total: int, kept: Mapping[str, Intervals]) -> Iterator[Row]:
        """Every record inside the regions to keep.

        Raises: InputError, as when the file is read for a report: nothing that it refuses is accepted here.
        """
        regions = [Region(name, *span) for name, ours in self.names.items() for span in kept.get(ours, ())]
        header = self.file.header
        columns = None if len(self.chosen) == len(header.samples) else [column for _, column in self.chosen]
        order = sorted(range(len(people)), key=people.__getitem__)
        if columns is None and order != list(range(len(people))):
            columns = list(range(len(people)))
        columns = [columns[place] for place in order] if columns is not None else None
        placing = sorted(people)
        fetched = genotyped = 0
        for record in self.file.fetch(regions):
            fetched += 1
            if "GT" in record.format:
                genotyped += 1
                yield self._row(record, layer, columns, placing, total)
        if fetched and not genotyped:
            raise InputError("NO_GENOTYPES", "no record has a GT field", source=self.file.name)
        if not fetched and not header.contigs:
            raise InputError("NO_CHROMOSOMES", "no record lies on a chromosome that is needed", source=self.file.name)

    def _row(self, record: Record, layer: int, columns: Sequence[int] | None, people: Sequence[int], total: int) -> Row:
        chromosome = self.names[record.chromosome]
        kept = kept_fields(record.format, chromosome)
        coded = code_columns(record, columns, kept)
        self._check(record, chromosome, coded, kept)
        return Row(
            layer=layer,
            build=self.build.name,
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
        sites = self.sites.chromosomes[chromosome]
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
