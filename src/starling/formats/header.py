"""The header of a VCF: `##` lines and the `#CHROM` line.

Source: The Variant Call Format specification v4.5, section 1.4 and 1.5 (hts-specs).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from starling.errors import InputError
from starling.values import dataclass, field

_COLUMNS: Final = ("#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO")
_FIRST_SAMPLE: Final = 9

#: First bytes of files that are often passed by mistake -> what they are.
_FOREIGN: Final = (
    (b"BCF\x02", "a BCF file, which this build does not read; convert it with: bcftools view -Oz"),
    (b"BCF\x04", "a BCF file of the first version, which is not read; convert it with: bcftools view -Oz"),
    (b"BAM\x01", "a BAM file of reads, not of variants"),
    (b"CRAM", "a CRAM file of reads, not of variants"),
    (b"\x6c\x1b", "a PLINK file that is no .bed; for a .pgen: plink2 --pfile NAME --export vcf"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"BZh", "compressed with bzip2, not gzip"),
    (b"\x28\xb5\x2f\xfd", "compressed with Zstandard, not gzip"),
    (b"\xfd7zXZ\x00", "compressed with xz, not gzip"),
    (b"SQLite format 3", "an SQLite database"),
    (b"%PDF", "a PDF document"),
    (b"\x1f\x8b", "compressed twice"),
    (b"TBI\x01", "an index (.tbi), not the VCF beside it"),
    (b"CSI\x01", "an index (.csi), not the VCF beside it"),
    *((mark, "UTF-16 text; save it as UTF-8") for mark in (b"\xff\xfe", b"\xfe\xff", b"#\0#\0", b"\0#\0#")),
    (b"{", "JSON, not a VCF"),
    (b"<", "HTML or XML, not a VCF"),
    (b">", "FASTA, not a VCF"),
    (b"@", "FASTQ or SAM, not a VCF"),
)


@dataclass(frozen=True, slots=True)
class Header:
    """What the header states.

    `contigs`: name -> length in bases (None: not stated), in header order.  `meta`: every other `##key` -> its
    values, in order.  `lines`: how many lines the header has, for messages.  `assemblies`: contig -> what its
    `assembly=` states (specification, section 1.4.7), where it states one.
    """

    samples: tuple[str, ...]
    contigs: Mapping[str, int | None] = field(default_factory=dict)
    reference: str | None = None
    meta: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    lines: int = 0
    assemblies: Mapping[str, str] = field(default_factory=dict)

    @property
    def declares_structural(self) -> bool:
        """Whether symbolic alleles other than those of reference blocks are declared: spans may be long."""
        return any(_fields(value).get("ID") not in {"NON_REF", "*", "X"} for value in self.meta.get("ALT", ()))


def refuse_foreign(head: bytes, source: str) -> None:
    """The text that begins with `head` may be a VCF.

    Raises: InputError NOT_VCF, NOT_TEXT or BAD_HEADER, naming what the file is instead.
    """
    for magic, what in _FOREIGN:
        if head.startswith(magic):
            raise InputError("NOT_VCF", f"this is {what}", source=source)
    if head.removeprefix(b"\xef\xbb\xbf").startswith(b"#"):
        return
    line = head.split(b"\n", 1)[0]
    fields = line.split(b"\t")
    if len(fields) >= 8 and fields[1].isdigit():
        raise InputError("BAD_HEADER", "the header is missing, the file begins with a record", source=source, line=1)
    if b"\0" in head[:4096]:
        raise InputError("NOT_VCF", "this is binary data, not a VCF", source=source)
    raise InputError("NOT_VCF", "the file does not begin with ##fileformat=VCF", source=source, line=1)


def parse_header(lines: Iterable[bytes], source: str) -> Header:
    """The header made of `lines`, of which the last is the `#CHROM` line.

    Raises: InputError BAD_HEADER, NOT_TEXT, NO_GENOTYPES or DUPLICATE_SAMPLE.
    """
    held = list(lines)
    texts = [_decode(line, number, source, used=number == len(held)) for number, line in enumerate(held, 1)]
    if not texts or not texts[0].removeprefix("\ufeff").startswith("##fileformat=VCF"):
        raise InputError("BAD_HEADER", "the first line is not ##fileformat=VCF...", source=source, line=1)
    contigs: dict[str, int | None] = {}
    assemblies: dict[str, str] = {}
    meta: dict[str, list[str]] = {}
    for number, text in enumerate(texts[:-1], 1):
        key, equals, value = text.removeprefix("\ufeff").removeprefix("##").partition("=")
        if key == "contig":
            _add_contig(contigs, assemblies, value, source, number)
        elif equals:
            meta.setdefault(key, []).append(value)
    references = meta.get("reference", [])
    return Header(
        samples=_samples(texts[-1], source, len(texts)),
        contigs=MappingProxyType(contigs),
        reference=references[0] if references else None,
        meta=MappingProxyType({key: tuple(values) for key, values in meta.items()}),
        lines=len(texts),
        assemblies=MappingProxyType(assemblies),
    )


def _decode(line: bytes, number: int, source: str, *, used: bool) -> str:
    """The text of a header line.  Only the names of samples must be right; descriptions come in any code."""
    if b"\0" in line:
        raise InputError("NOT_TEXT", "a NUL byte in the header", source=source, line=number)
    try:
        return line.rstrip(b"\r").decode(errors="strict" if used else "replace")
    except UnicodeDecodeError as error:
        message = "the names of the samples are not UTF-8 (iconv -f latin1 -t utf8 may help)"
        raise InputError("NOT_TEXT", message, source=source, line=number) from error


def _add_contig(contigs: dict[str, int | None], assemblies: dict[str, str], value: str, source: str, line: int) -> None:
    fields = _fields(value)
    name, length = fields.get("ID"), fields.get("length", "")
    if not name:
        return
    bases = int(length) if length.isascii() and length.isdigit() and len(length) < 12 else None
    known = contigs.get(name)
    if known is not None and bases is not None and known != bases:
        message = f"contig {name} is declared with two lengths, {known} and {bases}"
        raise InputError("BAD_HEADER", message, source=source, line=line)
    contigs[name] = bases if known is None else known
    if stated := fields.get("assembly", "").strip('"'):
        assemblies.setdefault(name, stated)


def _fields(value: str) -> dict[str, str]:
    """The keys of a structured value `<ID=x,Description="a, b">`; empty when it is not one."""
    if not (value.startswith("<") and value.endswith(">")):
        return {}
    fields: dict[str, str] = {}
    for part in _parts(value[1:-1]):
        key, _, text = part.partition("=")
        fields.setdefault(key.strip(), text)
    return fields


def _parts(text: str) -> list[str]:
    """The text cut at commas outside quotation marks; without a part that none closes."""
    if '"' not in text:
        return text.split(",")
    parts: list[list[str]] = [[]]
    for number, stretch in enumerate(text.split('"')):
        if number % 2:
            parts[-1].append(f'"{stretch}"')
            continue
        first, *others = stretch.split(",")
        parts[-1].append(first)
        parts.extend([each] for each in others)
    joined = ["".join(part) for part in parts]
    return joined[:-1] if text.count('"') % 2 else joined


def _samples(text: str, source: str, line: int) -> tuple[str, ...]:
    columns = text.split("\t")
    if tuple(columns[:8]) != _COLUMNS:
        message = "the #CHROM line does not have the eight fixed columns, separated by tabs"
        raise InputError("BAD_HEADER", message, source=source, line=line)
    if len(columns) <= _FIRST_SAMPLE:
        raise InputError("NO_GENOTYPES", "the file has no sample column", source=source, line=line)
    if columns[8] != "FORMAT":
        raise InputError("BAD_HEADER", f"column 9 is {columns[8]!r}, not FORMAT", source=source, line=line)
    samples = columns[_FIRST_SAMPLE:]
    if len(set(samples)) != len(samples):
        twice = Counter(samples).most_common(1)[0][0]
        raise InputError("DUPLICATE_SAMPLE", f"sample {twice!r} has two columns", source=source, line=line)
    if "" in samples:
        raise InputError("BAD_HEADER", "a sample column has no name", source=source, line=line)
    return tuple(samples)
