"""Which genome build a file speaks of: stated by its header or by an option, never guessed.

Every other genome is refused, whatever an option or a file name says: its positions are others.

Source: GRCh37 and GRCh38 assembly reports (NCBI GCF_000001405.25, .40); hg19's chrM is NC_001807, 16,571 bases, while
every later file uses the revised Cambridge reference NC_012920, 16,569 bases (PMID 10508508).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final, Literal

from starling.errors import InputError
from starling.formats.header import Header
from starling.source.genomes import genome_of_accession, genome_of_length, words_of_other_genomes
from starling.values import dataclass
from starling.vocabulary import BuildName

#: Length of the mitochondrial sequence of UCSC hg19; its positions are not those of the revised Cambridge reference.
OLD_MITOCHONDRIAL_LENGTH: Final = 16_571
#: Written where a length is not known; no sequence has it.
_NO_LENGTHS: Final = frozenset({0, 2**31 - 1, 2**31 - 2})

#: Words in `##reference` (a file name, URL or assembly accession) or `assembly=` that name a build.
_WORDS: Final[Mapping[BuildName, Sequence[str]]] = {
    "GRCh38": ("grch38", "hg38", "b38", "hs38", "assembly38"),
    "GRCh37": ("grch37", "hg19", "b37", "hs37", "g1k_v37", "assembly19"),
}
#: The human assembly of GenBank (gca) or RefSeq (gcf), before its version.
_ACCESSIONS: Final = ("gca_000001405.", "gcf_000001405.")
_VERSIONS: Final[Mapping[BuildName, Collection[str]]] = {
    "GRCh38": frozenset(map(str, (*range(15, 20), *range(26, 50)))),
    "GRCh37": frozenset(map(str, (13, 14, *range(20, 26)))),
}


StatedBy = Literal["contig", "assembly", "reference", "option"]
Contigs = Mapping[str, tuple[str, str | None]]
Lengths = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class Build:
    """The build of one file and where that is stated.

    `mitochondrial_refused`: chrM is hg19's old one.  `mitochondrial_reference_known`: False when a GRCh37 file does
    not state the length of its chrM, which may then be either.
    """

    name: BuildName
    stated_by: StatedBy
    mitochondrial_reference_known: bool = True
    mitochondrial_refused: bool = False


def detect_build(header: Header, lengths: Lengths, contigs: Contigs, stated: BuildName | None, *, source: str) -> Build:
    """The build that contig lengths and accessions, `assembly=`, the reference, or the option state; they must agree.

    `lengths`: build -> chromosome -> length.  `contigs`: name in a file -> (chromosome, build of an accession).
    Raises: InputError BUILD_UNKNOWN or BUILD_CONFLICT; NO_CHROMOSOMES where nothing states it and no contig is known.
    """
    contigs = {name.casefold(): known for name, known in contigs.items()}
    for why in _other_genomes(header, lengths, contigs):
        message = f"{why}; only GRCh38 and GRCh37 are read"
        raise InputError("BUILD_CONFLICT", message, source=source)
    witnesses: list[tuple[StatedBy, str, BuildName]] = [
        *(("contig", name, says) for name, says in _contig_witnesses(header, lengths, contigs)),
        *(("assembly", name, says) for name, says in _assembly_witnesses(header)),
        *(("reference", name, says) for name, says in _reference_witnesses(header)),
    ]
    if stated is not None:
        witnesses.append(("option", f"--build {stated}", stated))
    if not witnesses:
        if header.contigs and not any(name.casefold() in contigs for name in header.contigs):
            named = ", ".join(list(header.contigs)[:5])
            message = f"no contig of the header has a known name ({named}); rename them to chr1, 1 or accessions"
            raise InputError("NO_CHROMOSOMES", message, source=source)
        message = "neither the ##contig lines nor ##reference state the genome build"
        raise InputError("BUILD_UNKNOWN", message, source=source)
    by, first_name, name = witnesses[0]
    for _, other_name, other in (*witnesses[1:], *_too_long(header, lengths, contigs, name)):
        if other != name:
            raise InputError("BUILD_CONFLICT", f"{first_name} is {name}, but {other_name} is {other}", source=source)
    known, refused = _mitochondrial(header, contigs, name)
    return Build(name, by, known, refused)


def _declared(header: Header, contigs: Contigs) -> Iterator[tuple[str, int, str]]:
    """(contig, its length, chromosome) of every chromosome whose length is stated."""
    for contig, length in header.contigs.items():
        chromosome, _ = contigs.get(contig.casefold(), (None, None))
        if chromosome is not None and length is not None and length not in _NO_LENGTHS:
            yield contig, length, chromosome


def _other_genomes(header: Header, lengths: Lengths, contigs: Contigs) -> Iterator[str]:
    """What says that the file speaks of a genome that is not read, in words.

    PLINK writes the position behind the last record where it knows no length: that says nothing as long as it fits.
    """
    by_plink = any("plink" in value.casefold() for value in header.meta.get("source", ()))
    for contig, length, chromosome in _declared(header, contigs):
        known = {each[chromosome] for each in lengths.values() if chromosome in each}
        if chromosome == "chrM":
            known.add(OLD_MITOCHONDRIAL_LENGTH)
        genome = genome_of_length(chromosome, length)
        if length in known or (by_plink and genome is None and length <= max(known, default=0) + 1):
            continue
        whose = f"the length of {genome}" if genome else "neither that of GRCh38 nor that of GRCh37"
        yield f"##contig {contig} has {length:,} bases, which is {whose}"
    for contig in header.contigs:
        genome = genome_of_accession(contig) if contig.casefold() not in contigs else None
        if genome:
            yield f"##contig {contig} is of {genome}"
    stated = [(f"assembly={text} of ##contig {contig}", text) for contig, text in header.assemblies.items()]
    for where, text in (*stated, *((f"##reference={text}", text) for text in _references(header))):
        genome = _other_genome(text)
        if genome:
            yield f"{where} names {genome}"


def _other_genome(text: str) -> str | None:
    """The one genome named in the text, when it is not read; None where a build that is read is named as well."""
    folded = text.casefold()
    if any(_names(folded, build) for build in _WORDS):
        return None
    found = {genome for word, genome in words_of_other_genomes() if _has_word(folded, word)}
    return found.pop() if len(found) == 1 else None


def _too_long(
    header: Header, lengths: Lengths, contigs: Contigs, name: BuildName
) -> Iterator[tuple[StatedBy, str, BuildName]]:
    """Contigs longer than their chromosome in the build `name`, as witnesses of the other one."""
    other: BuildName = "GRCh37" if name == "GRCh38" else "GRCh38"
    for contig, length, chromosome in _declared(header, contigs):
        if chromosome != "chrM" and length > lengths[name].get(chromosome, length) + 1:
            yield "contig", f"##contig {contig} by its length", other


def _contig_witnesses(header: Header, lengths: Lengths, contigs: Contigs) -> Iterator[tuple[str, BuildName]]:
    builds: tuple[BuildName, ...] = ("GRCh38", "GRCh37")
    for contig, length in header.contigs.items():
        chromosome, accession_build = contigs.get(contig.casefold(), (None, None))
        if chromosome is None:
            continue
        by_length = [build for build in builds if length is not None and lengths[build].get(chromosome) == length]
        if len(by_length) == 1:
            yield f"##contig {contig} by its length", by_length[0]
        by_name = [build for build in builds if build == accession_build]
        if by_name:
            yield f"##contig {contig} by its accession", by_name[0]


def _assembly_witnesses(header: Header) -> Iterator[tuple[str, BuildName]]:
    """What `assembly=` of the contigs says, each text once."""
    first: dict[str, str] = {}
    for contig, text in header.assemblies.items():
        first.setdefault(text, contig)
    for text, contig in first.items():
        found = _named_build(text)
        if found is not None:
            yield f"assembly={text} of ##contig {contig}", found


def _reference_witnesses(header: Header) -> Iterator[tuple[str, BuildName]]:
    for text in _references(header):
        found = _named_build(text)
        if found is not None:
            yield f"##reference={text}", found


def _references(header: Header) -> Iterable[str]:
    return dict.fromkeys((header.reference or "", *header.meta.get("reference", ())))


def _named_build(text: str) -> BuildName | None:
    """The build that a text names; one that names both (the path of a lifted-over file) states neither."""
    found = [name for name in _WORDS if _names(text.casefold(), name)]
    return found[0] if len(found) == 1 else None


def _names(text: str, build: BuildName) -> bool:
    """Whether a word of the build stands in the text, or an accession with one of its versions."""
    versions = (after[:2] for word in _ACCESSIONS for after in _behind(text, word) if not after[2:3].isdecimal())
    return any(_has_word(text, word) for word in _WORDS[build]) or any(each in _VERSIONS[build] for each in versions)


def _has_word(text: str, word: str) -> bool:
    return any(not after[:1].isdecimal() for after in _behind(text, word))


def _behind(text: str, word: str) -> Iterator[str]:
    """What follows the word, wherever no letter or digit stands before it."""
    at = text.find(word)
    while at >= 0:
        before = text[at - 1] if at else "/"
        if not (before.isascii() and before.isalnum()):
            yield text[at + len(word) :]
        at = text.find(word, at + 1)


def _mitochondrial(header: Header, contigs: Contigs, build: BuildName) -> tuple[bool, bool]:
    declared = [
        length if length is not None or not contig.upper().startswith(("NC_012920", "J01415")) else 0
        for contig, length in header.contigs.items()
        if contigs.get(contig.casefold(), ("",))[0] == "chrM"
    ]
    refused = OLD_MITOCHONDRIAL_LENGTH in declared
    known = build == "GRCh38" or any(length is not None for length in declared)
    return known and not refused, refused
