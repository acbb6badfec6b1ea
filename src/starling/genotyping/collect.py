"""Files -> everybody's genotypes, each file read in one pass.

The same sample name in several files is one person (parts of one genome); different names are different people.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, Protocol, overload

from starling.assessment import Options
from starling.definitions import GeneDefinition
from starling.errors import InputError
from starling.formats.bed import read_bed
from starling.formats.header import Header
from starling.formats.record import Record
from starling.formats.regions import Region
from starling.genotyping import evidence
from starling.genotyping.build import Build, detect_build
from starling.genotyping.fill import Described, Intervals, silent_reference
from starling.genotyping.person import Part, Resolver, person
from starling.genotyping.read import read_cells
from starling.genotyping.samples import check_all_found, chosen_samples
from starling.genotyping.sites import SiteMap, site_map
from starling.values import dataclass, field
from starling.vocabulary import BuildName, Notice, SampleGenotypes, Sex, State

ReaderName = Literal["bisect", "index", "scan"]


class VariantFile(Described, Protocol):
    """An open VCF, or what stands for one (see `starling.formats.vcf.VcfFile`)."""

    @property
    def header(self) -> Header:
        """What the header states."""

    @property
    def name(self) -> str:
        """The file's name without its folder."""

    @property
    def size(self) -> int | None:
        """Its size in bytes, where known."""

    @property
    def reader(self) -> ReaderName:
        """How records are found."""

    @property
    def file_sha256(self) -> str | None:
        """The digest of the whole file, when it was read anyway or asked for."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know about the reading."""

    def fetch(self, regions: Sequence[Region]) -> Iterator[Record]:
        """Every record that overlaps a region, once."""

    def phase_set_users(self, chromosome: str) -> frozenset[int]:
        """The sample columns that name a phase set on a chromosome, as far as that is known."""


class ContigNames(Protocol):
    """What the knowledge base knows of chromosomes."""

    @property
    def contigs(self) -> Mapping[str, tuple[str, str | None]]:
        """Name in a file -> (chromosome, build of an accession)."""

    @property
    def contig_lengths(self) -> Mapping[str, Mapping[str, int]]:
        """Build -> chromosome -> length."""


@dataclass(frozen=True, slots=True)
class SourceStamp:
    """What the provenance says of the file, or files, of one person."""

    name: str
    size: int | None
    file_sha256: str | None
    reader: ReaderName
    build: Build | None


class People(Sequence[SampleGenotypes]):
    """Everybody's genotypes, worked out when asked for: thousands of people are not held at once."""

    def __init__(self, parts: Mapping[str, Sequence[Part]], options: Options) -> None:
        self._names = tuple(parts)
        self._parts = parts
        self._sex: Sex = options.sex
        self._resolver = Resolver(options)

    def __len__(self) -> int:
        """How many people there are."""
        return len(self._names)

    @overload
    def __getitem__(self, index: int) -> SampleGenotypes: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[SampleGenotypes]: ...
    def __getitem__(self, index: int | slice) -> SampleGenotypes | Sequence[SampleGenotypes]:
        """The genotypes of one person, or of several."""
        if isinstance(index, slice):
            return [self._of(name) for name in self._names[index]]
        return self._of(self._names[index])

    def _of(self, name: str) -> SampleGenotypes:
        return person(name, self._parts[name], self._resolver, self._sex)


@dataclass(frozen=True)
class Collected:
    """Everybody's genotypes and what they rest on.

    `name`, `size`, `file_sha256`, `reader`, `build`: of all files together; `stamps`: of each person's own.
    `build` is None when the files are of different builds.  `sites`: how many were asked for.
    """

    samples: Sequence[SampleGenotypes]
    names: tuple[str, ...]
    stamp: SourceStamp
    stamps: Mapping[str, SourceStamp]
    sites: int

    @property
    def name(self) -> str:
        """The names of the files, without folders."""
        return self.stamp.name

    @property
    def size(self) -> int | None:
        """The bytes of all files; None when one of them is not known."""
        return self.stamp.size

    @property
    def file_sha256(self) -> str | None:
        """The digest of the file, or of the sorted digests of several; None when one was not made."""
        return self.stamp.file_sha256

    @property
    def reader(self) -> ReaderName:
        """How the records were found; the slowest way where files differ."""
        return self.stamp.reader

    @property
    def build(self) -> Build | None:
        """The build of all files; None when they differ."""
        return self.stamp.build

    def evidence_sha256(self, sample: SampleGenotypes) -> str:
        """The digest of one person's canonical genotypes."""
        return evidence.evidence_sha256(sample)

    def positions(self, sample: SampleGenotypes) -> dict[str, int]:
        """How many sites were called, not called, not assayed, and assumed to be reference (not among the called)."""
        genotypes = sample.genotypes.values()
        filled = sum(genotype.filled for genotype in genotypes)
        called = sum(genotype.state is State.CALLED for genotype in genotypes) - filled
        nocall = sum(genotype.state is State.NOCALL for genotype in genotypes)
        missing = self.sites - called - filled - nocall
        return {"called": called, "nocall": nocall, "notassayed": missing, "filled_as_reference": filled}


def collect(
    files: Sequence[VariantFile],
    definitions: Mapping[str, GeneDefinition],
    contigs: ContigNames,
    options: Options,
    samples: tuple[str, ...] | None,
) -> Collected:
    """Everybody's genotypes (or those of `samples`) from all files; the files may be closed afterwards.

    Raises: InputError, with a file and where possible a line: the sender's to put right.
    """
    reading = _Reading(definitions, contigs, options, samples)
    for file in files:
        reading.add(file)
    available = tuple(dict.fromkeys(name for file in files for name in file.header.samples))
    check_all_found(samples, tuple(reading.parts), available)
    people = People(reading.parts, options)
    if any(len(parts) > 1 for parts in reading.parts.values()):
        for one in range(len(people)):
            people[one]  # contradicting parts are found while the caller expects errors, not when results are shown
    return Collected(
        samples=people,
        names=tuple(reading.parts),
        stamp=_stamp(reading.stamps),
        stamps={name: _stamp(stamps) for name, stamps in reading.own_stamps.items()},
        sites=sum(len(one.sites) + len(one.extra_sites) for one in definitions.values()),
    )


@dataclass
class _Reading:
    """File after file."""

    definitions: Mapping[str, GeneDefinition]
    contigs: ContigNames
    options: Options
    samples: tuple[str, ...] | None
    parts: dict[str, list[Part]] = field(default_factory=dict)
    stamps: list[SourceStamp] = field(default_factory=list)
    own_stamps: dict[str, list[SourceStamp]] = field(default_factory=dict)
    _maps: dict[BuildName, SiteMap] = field(default_factory=dict)

    def add(self, file: VariantFile) -> None:
        """The parts of `file` are added to those of the people in it."""
        known = self.contigs.contigs
        chosen = chosen_samples(file.header, self.samples, source=file.name)
        build = detect_build(file.header, self.contigs.contig_lengths, known, self.options.build, source=file.name)
        sites = self._sites(build.name)
        names = chromosome_names(file, known, sites, build)
        columns = [column for _, column in chosen]
        cells = read_cells(
            file.fetch, file.name, names, sites, columns, self.options, declared=bool(file.header.contigs)
        )
        # What a file says of itself (reader, blocks, records) is final only now.
        stamp = SourceStamp(file.name, file.size, file.file_sha256, file.reader, build)
        silent = silent_reference(file, sites, names, self._callable(), self.options)
        self.stamps.append(stamp)
        users = {ours: file.phase_set_users(name) for name, ours in names.items()}
        for (name, column), own in zip(chosen, cells, strict=True):
            part = Part(
                source=file.name,
                sites=sites,
                cells=own,
                absent_is_reference=silent,
                gvcf=file.is_gvcf,
                phase_sets=frozenset(ours for ours, columns_ in users.items() if column in columns_),
                mitochondrial_reference_known=build.mitochondrial_reference_known,
                notices=_notices(file, build, sites),
            )
            self.parts.setdefault(name, []).append(part)
            self.own_stamps.setdefault(name, []).append(stamp)

    def _sites(self, build: BuildName) -> SiteMap:
        if build not in self._maps:
            self._maps[build] = site_map(tuple(self.definitions.values()), build)
        return self._maps[build]

    def _callable(self) -> dict[str, Intervals]:
        return callable_intervals(self.options.callable_bed, self.contigs)


def callable_intervals(bed: str | None, contigs: ContigNames) -> dict[str, Intervals]:
    """Chromosome -> callable intervals, from the file that an option names; nothing without one."""
    if bed is None:
        return {}
    found: dict[str, Intervals] = {}
    for name, intervals in read_bed(bed).items():
        chromosome = contigs.contigs.get(name, (None, None))[0]
        if chromosome is not None:
            found[chromosome] = (*found.get(chromosome, ()), *intervals)
    return found


def chromosome_names(
    file: VariantFile, known: Mapping[str, tuple[str, str | None]], sites: SiteMap, build: Build
) -> dict[str, str]:
    """Name in the file -> chromosome, for every chromosome with a site; all others are ignored.

    A header without contigs, or one that need not be complete because every record is read anyway, is not relied on.
    Raises: InputError NO_CHROMOSOMES when the header names contigs, and none of those needed.
    """
    needed = {
        name: chromosome
        for name, (chromosome, accession) in known.items()
        if chromosome in sites.chromosomes and accession in {None, build.name}
    }
    if build.mitochondrial_refused:
        needed = {name: chromosome for name, chromosome in needed.items() if chromosome != "chrM"}
    declared = {name: needed[name] for name in file.header.contigs if name in needed}
    if file.header.contigs and not declared:
        some = ", ".join(list(file.header.contigs)[:5])
        raise InputError("NO_CHROMOSOMES", f"the file has the contigs {some}, ...; none is needed", source=file.name)
    return declared if declared and file.reader != "scan" else needed


def _notices(file: VariantFile, build: Build, sites: SiteMap) -> tuple[Notice, ...]:
    notices = [Notice("FILE_NOTE", f"{file.name}: {note}") for note in file.notes]
    if build.mitochondrial_refused and "chrM" in sites.chromosomes:
        message = "chrM is the old sequence of hg19 (NC_001807); its positions are others and it was not read"
        notices.append(Notice("MITOCHONDRIAL_REFUSED", message))
    return tuple(notices)


def _stamp(stamps: Sequence[SourceStamp]) -> SourceStamp:
    if len(stamps) == 1:
        return stamps[0]
    sizes = [stamp.size for stamp in stamps if stamp.size is not None]
    digests = sorted(stamp.file_sha256 for stamp in stamps if stamp.file_sha256 is not None)
    readers = {stamp.reader for stamp in stamps}
    builds = {stamp.build.name for stamp in stamps if stamp.build is not None}
    reader: ReaderName = "scan" if "scan" in readers else "bisect" if "bisect" in readers else "index"
    whole = hashlib.sha256("\n".join(digests).encode()).hexdigest()
    return SourceStamp(
        name=", ".join(stamp.name for stamp in stamps),
        size=sum(sizes) if len(sizes) == len(stamps) else None,
        file_sha256=whole if len(digests) == len(stamps) else None,
        reader=reader,
        build=stamps[0].build if len(builds) == 1 else None,
    )
