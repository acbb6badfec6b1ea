"""START HERE.  Whatever a person brings is opened here, and is from then on an `OpenSource`:

    with open_source(path, Wanted(SiteMaps(definitions), knowledge)) as source:
        for chromosome, record in source.fetch(): ...

Which format it is in, its own bytes say (`starling.formats.registry`); nobody behind this door asks again.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, TypeGuard

from starling.assessment import Options
from starling.errors import InputError
from starling.formats.content import Content, Opening, VariantFile
from starling.formats.header import Header
from starling.formats.record import LARGEST_POSITION, Record
from starling.formats.regions import Intervals as Stretches
from starling.formats.regions import Region
from starling.formats.registry import open_file
from starling.formats.stream import Progress
from starling.gene_places import Ground
from starling.source.build import Build, detect_build
from starling.source.fill import Intervals, fillable_genes, filled_slots
from starling.source.origin import is_imputed, is_lifted
from starling.source.samples import chosen_samples
from starling.source.sites import SiteMap, SiteMaps
from starling.source.stamps import SourceStamp
from starling.source.support import carries_support, counted_copies, is_provisional, with_reads, with_reference
from starling.source.witness import Testimony, Witness, refuse
from starling.values import dataclass
from starling.vocabulary import Remark

if TYPE_CHECKING:
    from starling.source.places import KnownSites


class Chromosomes(Protocol):
    """What the knowledge base knows of chromosomes."""

    @property
    def contigs(self) -> Mapping[str, tuple[str, str | None]]:
        """Name in a file -> (chromosome, build of an accession)."""

    @property
    def contig_lengths(self) -> Mapping[str, Mapping[str, int]]:
        """Build -> chromosome -> length."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is wanted of a source: which sites, whose, and read how.  `samples`: None for everybody's."""

    maps: SiteMaps
    chromosomes: Chromosomes
    options: Options = Options()
    samples: tuple[str, ...] | None = None


def open_source(path: str | Path, wanted: Wanted, progress: Progress | None = None) -> OpenSource:
    """The source, open: any registered format, from a file or (`-`) from standard input.

    Raises: InputError, what the format's own reader refuses; BAD_OPTION when the silence of an array shall count.
    """
    options, known = wanted.options, _LateSites(wanted.maps)
    silence = options.absent_is_reference != "no" or options.callable_bed is not None
    opening = Opening(hash_input=options.hash_input, progress=progress, silence_counts=silence, needed=known.needed)
    content = open_file(path, opening)
    return OpenSource(content if _has_records(content) else _as_records(content, wanted, known), wanted)


class _LateSites:
    """The known sites as tables of markers are compared with them: records do without, and never load them.

    Build and strand are proved by every site that is known, whichever are asked for.
    """

    def __init__(self, maps: SiteMaps) -> None:
        self._maps = maps

    @cached_property
    def sites(self) -> KnownSites:
        """The sites themselves."""
        from starling.source.places import KnownSites

        return KnownSites(self._maps.whole.definitions)

    def needed(self, name: str, chromosome: str | None, position: int | None) -> bool:
        """Whether a marker can be of use."""
        return self.sites.needed(name, chromosome, position)


class _Names(dict[str, str]):
    """Name in the file -> chromosome, found whatever its case; listed once, as the knowledge base writes it."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        super().__init__(pairs)
        self._folded = {name.casefold(): chromosome for name, chromosome in self.items()}

    def __missing__(self, name: str) -> str:
        return self._folded[name.casefold()]

    def __contains__(self, name: object) -> bool:
        """Whether the name is one of these, whatever its case."""
        return isinstance(name, str) and name.casefold() in self._folded


def _has_records(content: Content) -> TypeGuard[VariantFile]:
    """Not asked of its class: tables are a module of their own, which records do without."""
    return hasattr(content, "fetch")


def _as_records(table: Content, wanted: Wanted, known: _LateSites) -> VariantFile:
    from starling.formats.markers import MarkerTable
    from starling.source.markers import MarkerRecords

    assert isinstance(table, MarkerTable)
    options = wanted.options
    if options.absent_is_reference != "no" or options.callable_bed is not None:
        message = "an array or test lists what it looked at; nothing else can be taken as reference"
        raise InputError("BAD_OPTION", message, source=table.name)
    lengths = wanted.chromosomes.contig_lengths
    return MarkerRecords(table, wanted.maps.whole.definitions, known.sites, lengths, options.build)


class OpenSource:
    """Anything that a person, or many, brought.

    `people`, `build`, `sites` and `names` can be asked for at once and refuse what cannot be read; `notes`, `stamp`,
    `is_gvcf`, `silent` and `phase_sets` are final when `fetch` has ended.
    """

    def __init__(self, file: VariantFile, wanted: Wanted) -> None:
        """As `open_source`, for what is open already."""
        self._file = file
        self._wanted = wanted
        #: Whether some column that was fetched has a depth or a quality: final when `fetch` has ended.
        self.is_supported = False

    @property
    def name(self) -> str:
        """The file's name without its folder."""
        return self._file.name

    @property
    def header(self) -> Header:
        """What the header states."""
        return self._file.header

    @cached_property
    def people(self) -> tuple[tuple[str, int], ...]:
        """(name, column) of everybody who is to be read.  Raises: InputError NO_GENOTYPES, TUMOUR_FILE."""
        return chosen_samples(self.header, self._wanted.samples, source=self.name)

    @cached_property
    def build(self) -> Build:
        """The build that the file states.  Raises: InputError BUILD_UNKNOWN, BUILD_CONFLICT."""
        known = self._wanted.chromosomes
        stated = self._wanted.options.build
        return detect_build(self.header, known.contig_lengths, known.contigs, stated, source=self.name)

    @cached_property
    def sites(self) -> SiteMap:
        """The sites to read, in the coordinates of the file.

        A question about some genes narrows them, unless the file must be seen whole to be understood: one that names no
        contigs is refused when none of its records is of use, and silence counts only in what is known to be no gVCF.
        """
        maps, options = self._wanted.maps, self._wanted.options
        whole = not self.header.contigs or options.absent_is_reference != "no"
        return (maps.whole if whole else maps).of(self.build.name)

    @cached_property
    def is_lifted(self) -> bool:
        """Whether its positions were lifted over from another build."""
        return is_lifted(self.header)

    @cached_property
    def names(self) -> Mapping[str, str]:
        """Name in the file, in whatever case -> chromosome, for every chromosome with a site; all others are ignored.

        What the header names is not relied on: it need not be complete, and files are renamed without their headers.
        Raises: InputError NO_CHROMOSOMES when the header names contigs, and none on which any gene lies.
        """
        contigs, names = self.header.contigs, self._usable(self.sites.chromosomes)
        if contigs and not any(name in names for name in contigs) and not self._speaks_of_any_gene():
            message = f"the file has the contigs {', '.join(list(contigs)[:5])}, ...; none is needed"
            raise InputError("NO_CHROMOSOMES", message, source=self.name)
        return names

    def _speaks_of_any_gene(self) -> bool:
        """Whether a contig is one on which any gene lies, asked about or not."""
        known = self._usable(self._ground)
        return any(name in known for name in self.header.contigs)

    def _usable(self, chromosomes: Container[str]) -> _Names:
        """Every name that one of the chromosomes can have in a file of this build."""
        return _Names(
            (name, chromosome)
            for name, (chromosome, accession) in self._wanted.chromosomes.contigs.items()
            if chromosome in chromosomes
            and accession in {None, self.build.name}
            and not (chromosome == "chrM" and self.build.mitochondrial_refused)
        )

    def fetch(self, spans: Mapping[str, Intervals] | None = None) -> Iterator[tuple[str, Record]]:
        """(chromosome, record) of every record with genotypes in `spans` (chromosome -> intervals; None: at a site).

        Raises: InputError NO_GENOTYPES or NO_CHROMOSOMES when no record has anything to say; BUILD_CONFLICT,
        REFERENCE_DIFFERS.
        """
        is_whole = self._wanted.maps.is_whole
        wanted = self._spans(everywhere=is_whole) if spans is None else spans
        asked = {} if is_whole else {chromosome: Stretches(own) for chromosome, own in wanted.items()}
        fetched = genotyped = 0
        alone = len(self.header.samples) == 1
        for chromosome, record in self._records(wanted):
            is_asked = is_whole or _touches(asked.get(chromosome), record)
            fetched += is_asked
            has_genotypes = "GT" in record.format
            genotyped += is_asked and has_genotypes
            if not has_genotypes or (record.end > record.position and record.is_segment):
                counted = counted_copies(record, chromosome) if is_asked else None
                if counted is not None:
                    yield chromosome, counted
                continue
            self.is_supported = self.is_supported or carries_support(record)
            if is_asked:
                yield chromosome, with_reads(record) if alone else record
        if fetched and not genotyped:
            raise InputError("NO_GENOTYPES", "no record has a GT field", source=self.name)
        if not fetched and not self.header.contigs:
            raise InputError("NO_CHROMOSOMES", "no record lies on a chromosome that is needed", source=self.name)
        refuse([self.testimony], self.name)

    def _records(self, wanted: Mapping[str, Intervals]) -> Iterator[tuple[str, Record]]:
        """Every record in `wanted` and wherever any gene lies; the witness hears all.

        A narrow question must not believe a file that a whole one does not.
        Raises: InputError BUILD_CONFLICT for a record on a sequence of the other build.
        """
        names = self._usable(self._ground)
        regions = [*_regions(self.names, wanted), *self.foreign]
        if not self._wanted.maps.is_whole:
            regions += _regions(names, self._spans(everywhere=True))
        foreign, hear = {region.chromosome for region in self.foreign}, self._witness.hear
        named: dict[str, str] = {}
        for record in self._file.fetch(regions):
            chromosome = named.get(record.chromosome)
            if chromosome is None:
                if record.chromosome.casefold() in foreign:
                    raise self._mixed(record.chromosome)
                chromosome = named[record.chromosome] = names[record.chromosome]
            hear(chromosome, record)
            if is_provisional(record):
                slot = self._everywhere.chromosomes[chromosome].bases.get(record.position)
                record = with_reference(record, slot.reference if slot is not None else None)
            yield chromosome, record

    @cached_property
    def _ground(self) -> Ground:
        """What the file is held against: the sites of every gene, in its coordinates."""
        return self._wanted.maps.ground(self.build.name)

    def _spans(self, *, everywhere: bool) -> Mapping[str, Intervals]:
        """Chromosome -> where a record may speak of a site, of those to read or of every gene."""
        return {name: own.spans for name, own in self._ground.items()} if everywhere else self.sites.spans

    @cached_property
    def foreign(self) -> tuple[Region, ...]:
        """The whole sequences of the other build, without case; a record on one is another place than it says."""
        known = self._wanted.chromosomes.contigs.items()
        others = (name.casefold() for name, (_, build) in known if build not in {None, self.build.name})
        return tuple(Region(name, 1, LARGEST_POSITION) for name in others)

    def _mixed(self, name: str) -> InputError:
        """What to raise for records of two builds: a position of the one is another place in the other."""
        message = f"there are records on {name}, a sequence of the other build: the file is of {self.build.name}"
        return InputError("BUILD_CONFLICT", message, source=self.name)

    @cached_property
    def _witness(self) -> Witness:
        return Witness(self._ground, lambda: self._everywhere, alone=len(self.header.samples) == 1)

    @cached_property
    def _everywhere(self) -> SiteMap:
        """The sites of every gene, which few files need: `_ground` says as much of them as most records ask."""
        return self._wanted.maps.everywhere(self.build.name)

    @property
    def testimony(self) -> Testimony:
        """What its records show of it, with the files of the same person to be judged by: final after `fetch`."""
        return self._witness.testimony(self.build.name, lifted=self.is_lifted)

    @property
    def is_gvcf(self) -> bool:
        """Whether it states reference itself, in blocks."""
        return self._file.is_gvcf

    @property
    def fillable(self) -> frozenset[str]:
        """The genes in which the file's silence is reference because an option says so."""
        return fillable_genes(self._file, self.sites, self.names, self._wanted.options)

    @cached_property
    def callable(self) -> Mapping[str, Intervals]:
        """Chromosome -> the intervals, in the file's build, that a BED file calls callable; nothing without one."""
        bed = self._wanted.options.callable_bed
        if bed is None:
            return {}
        from starling.formats.bed import read_bed

        found: dict[str, Intervals] = {}
        known = {name.casefold(): chromosome for name, (chromosome, _) in self._wanted.chromosomes.contigs.items()}
        for name, intervals in read_bed(bed).items():
            chromosome = known.get(name.casefold())
            if chromosome is not None:
                found[chromosome] = (*found.get(chromosome, ()), *intervals)
        return found

    @property
    def silent(self) -> frozenset[int]:
        """The slots that are reference when the file does not mention them, as far as it is believed."""
        return filled_slots(self.sites, self.fillable, self.callable)

    def phase_sets(self) -> Mapping[str, frozenset[int]]:
        """Chromosome -> the columns that name a phase set there, as far as that is known."""
        users: dict[str, frozenset[int]] = {}
        for name, chromosome in self.names.items():
            users[chromosome] = users.get(chromosome, frozenset()) | self._file.phase_set_users(name)
        return users

    @property
    def stamp(self) -> SourceStamp:
        """What the provenance says of it."""
        file = self._file
        return SourceStamp(file.name, file.size, file.file_sha256, file.reader, self.build, file.order)

    @property
    def notes(self) -> tuple[Remark, ...]:
        """What the reader of a result must know about the reading."""
        notes = [_note(self.name, note) for note in self._file.notes]
        if is_imputed(self.header):
            message = f"the genotypes of {self.name} are imputed, not read: each is a rounded probability"
            notes.append(Remark("IMPUTED", message))
        if self.build.mitochondrial_refused and "chrM" in self.sites.chromosomes:
            message = "chrM is the old sequence of hg19 (NC_001807); its positions are others and it was not read"
            places = tuple(self.sites.slots[number].locus for number in self.sites.on("chrM"))
            notes.append(Remark("MITOCHONDRIAL_REFUSED", message, places))
        return tuple(notes)

    def __enter__(self) -> OpenSource:
        """Itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """The file is closed; what is known of it can still be asked for."""
        self._file.close()


def _touches(stretches: Stretches | None, record: Record) -> bool:
    return stretches is not None and stretches.overlaps(record.position, max(record.position, record.end))


def _note(name: str, note: str | Remark) -> Remark:
    if isinstance(note, Remark):
        return Remark(note.code, f"{name}: {note.message}", note.places, note.names)
    return Remark("FILE_NOTE", f"{name}: {note}")


def _regions(names: Mapping[str, str], spans: Mapping[str, Iterable[tuple[int, int]]]) -> list[Region]:
    return [Region(name, start, end) for name, ours in names.items() for start, end in spans.get(ours, ())]
