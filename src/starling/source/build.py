"""Which genome build a file speaks of: stated by its header or by an option, never guessed.

Source: GRCh37 and GRCh38 assembly reports (NCBI GCF_000001405.25, .40); hg19's chrM is NC_001807, 16,571 bases, while
every later file uses the revised Cambridge reference NC_012920, 16,569 bases (PMID 10508508).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final, Literal

from starling.errors import InputError
from starling.formats.header import Header
from starling.values import dataclass
from starling.vocabulary import BuildName

#: Length of the mitochondrial sequence of UCSC hg19; its positions are not those of the revised Cambridge reference.
OLD_MITOCHONDRIAL_LENGTH: Final = 16_571

#: Words in `##reference` (a file name, URL or assembly accession) that name a build.
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


@dataclass(frozen=True, slots=True)
class Build:
    """The build of one file and where that is stated.

    `mitochondrial_refused`: chrM is hg19's old one.  `mitochondrial_reference_known`: False when a GRCh37 file does
    not state the length of its chrM, which may then be either.
    """

    name: BuildName
    stated_by: Literal["contig", "reference", "option"]
    mitochondrial_reference_known: bool = True
    mitochondrial_refused: bool = False


def detect_build(
    header: Header,
    lengths: Mapping[str, Mapping[str, int]],
    contigs: Mapping[str, tuple[str, str | None]],
    stated: BuildName | None,
    *,
    source: str,
) -> Build:
    """The build that contig lengths and accessions, the reference, or the option state; they must agree.

    `lengths`: build -> chromosome -> length.  `contigs`: name in a file -> (chromosome, build of an accession).
    Raises: InputError BUILD_UNKNOWN or BUILD_CONFLICT.
    """
    witnesses = [
        *(("contig", name, says) for name, says in _contig_witnesses(header, lengths, contigs)),
        *(("reference", name, says) for name, says in _reference_witnesses(header)),
    ]
    if stated is not None:
        witnesses.append(("option", f"--build {stated}", stated))
    if not witnesses:
        message = "neither the ##contig lengths nor ##reference state the genome build"
        raise InputError("BUILD_UNKNOWN", message, source=source)
    _, first_name, name = witnesses[0]
    for _, other_name, other in witnesses[1:]:
        if other != name:
            raise InputError("BUILD_CONFLICT", f"{first_name} is {name}, but {other_name} is {other}", source=source)
    by: Literal["contig", "reference", "option"] = (
        "contig" if witnesses[0][0] == "contig" else "reference" if witnesses[0][0] == "reference" else "option"
    )
    known, refused = _mitochondrial(header, contigs, name)
    return Build(name, by, known, refused)


def _contig_witnesses(
    header: Header, lengths: Mapping[str, Mapping[str, int]], contigs: Mapping[str, tuple[str, str | None]]
) -> Iterator[tuple[str, BuildName]]:
    builds: tuple[BuildName, ...] = ("GRCh38", "GRCh37")
    for contig, length in header.contigs.items():
        chromosome, accession_build = contigs.get(contig, (None, None))
        if chromosome is None:
            continue
        by_length = [build for build in builds if length is not None and lengths[build].get(chromosome) == length]
        if len(by_length) == 1:
            yield f"##contig {contig} by its length", by_length[0]
        by_name = [build for build in builds if build == accession_build]
        if by_name:
            yield f"##contig {contig} by its accession", by_name[0]


def _reference_witnesses(header: Header) -> Iterator[tuple[str, BuildName]]:
    """A text that names both builds (a lifted-over file's path) states neither."""
    for text in dict.fromkeys((header.reference or "", *header.meta.get("reference", ()))):
        found = [name for name in _WORDS if _names(text.casefold(), name)]
        if len(found) == 1:
            yield f"##reference={text}", found[0]


def _names(text: str, build: BuildName) -> bool:
    """Whether a word of the build stands in the text, or an accession with one of its versions."""
    versions = (after[:2] for word in _ACCESSIONS for after in _behind(text, word) if not after[2:3].isdecimal())
    words = (after for word in _WORDS[build] for after in _behind(text, word))
    return any(not after[:1].isdecimal() for after in words) or any(each in _VERSIONS[build] for each in versions)


def _behind(text: str, word: str) -> Iterator[str]:
    """What follows the word, wherever no letter or digit stands before it."""
    at = text.find(word)
    while at >= 0:
        before = text[at - 1] if at else "/"
        if not (before.isascii() and before.isalnum()):
            yield text[at + len(word) :]
        at = text.find(word, at + 1)


def _mitochondrial(
    header: Header, contigs: Mapping[str, tuple[str, str | None]], build: BuildName
) -> tuple[bool, bool]:
    declared = [
        length if length is not None or not contig.startswith(("NC_012920", "J01415")) else 0
        for contig, length in header.contigs.items()
        if contigs.get(contig, ("",))[0] == "chrM"
    ]
    refused = OLD_MITOCHONDRIAL_LENGTH in declared
    known = build == "GRCh38" or any(length is not None for length in declared)
    return known and not refused, refused
