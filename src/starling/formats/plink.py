"""PLINK 1 files: a .bed with its .bim and .fam, a .ped with its .map.  The set is opened by its .bed or its .ped.

The two alleles of a variant are named; which of them the genome has is not said, nor the strand.
Source: PLINK 1.9 documentation, file format reference (<https://www.cog-genomics.org/plink/1.9/formats>).
"""

from __future__ import annotations

import gzip
import hashlib
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final, cast

from starling.errors import InputError
from starling.formats.content import Format, Opening
from starling.formats.markers import (
    Lines,
    Marker,
    MarkerTable,
    Rows,
    first_row,
    is_chromosome,
    read_lines,
    table,
)
from starling.formats.stream import open_bytes
from starling.values import dataclass

_MAGIC: Final = b"\x6c\x1b"
_BY_VARIANT: Final = b"\x01"
_BY_PERSON: Final = b"\x00"
_ALLELE: Final = re.compile(r"[ACGT]+|[ID]|0")
#: Alleles as numbers of a .ped (1234: ACGT; 12: the two of the marker, whichever they are).
_NUMBERED: Final = re.compile(r"[0-4]")
_PHENOTYPE: Final = re.compile(r"-?\d+(\.\d+)?|NA|nan", re.IGNORECASE)
#: Code of two bits -> copies of the second allele; 1: no call.
_SECOND: Final = (0, None, 1, 2)
#: A person with every variant of the largest arrays on one line.  Source: ours.
_LONGEST_PERSON: Final = 64 * 2**20


@dataclass(frozen=True, slots=True)
class _Variant:
    """A line of a .bim or .map; `forms` is empty for the latter."""

    chromosome: str | None
    name: str
    position: int | None
    forms: tuple[str, ...]
    line: int


def is_bed(head: bytes) -> bool:
    """Whether it is a .bed, or the .bim or .fam beside one."""
    return head.startswith((_MAGIC + _BY_VARIANT, _MAGIC + _BY_PERSON)) or _part(head) in {".bim", ".fam"}


def is_ped(head: bytes) -> bool:
    """Whether it is a .ped, or the .map beside one."""
    return _part(head) in {".ped", ".map"}


def _part(head: bytes) -> str:
    """Which text of a set begins so; empty for none."""
    if b"\0" in head[:1000]:
        return ""
    fields = first_row(head).split()
    if len(fields) in {4, 6} and is_chromosome(fields[0]) and fields[3].lstrip("-").isdigit() and _is_number(fields[2]):
        if len(fields) == 4:
            return ".map"
        if all(map(_ALLELE.fullmatch, fields[4:])):
            return ".bim"
    if len(fields) < 6 or fields[4] not in {"0", "1", "2", "other"} or not _PHENOTYPE.fullmatch(fields[5]):
        return ""
    if len(fields) == 6:
        return ".fam"
    is_ped = len(fields) >= 8 and all(_ALLELE.fullmatch(each) or _NUMBERED.fullmatch(each) for each in fields[6:8])
    return ".ped" if is_ped else ""


def _is_number(text: str) -> bool:
    return re.fullmatch(r"-?\d+(\.\d+)?", text) is not None


def _beside(path: Path, ending: str) -> Path:
    """The other file of the set.  Raises: InputError FILE_NOT_FOUND."""
    found = path.with_name(re.sub(r"\.gz$", "", path.name)).with_suffix(ending)
    if not found.is_file():
        raise InputError("FILE_NOT_FOUND", f"its {found.name} is missing beside it", source=path.name)
    return found


def _refuse_part(path: Path, own: str) -> None:
    """Raises: InputError BAD_MARKERS when another file of the set was named."""
    with open_bytes(path)[0] as stream:
        part = _part(stream.read(4096))
    if part and part != own:
        message = f"this is the {part} of a PLINK set, which holds no genotypes: name its {own}"
        raise InputError("BAD_MARKERS", message, source=path.name)


# --- .bed -------------------------------------------------------------------------------------------------------------


def read_bed(path: str | Path, opening: Opening) -> MarkerTable:
    """The results in the set.  Raises: InputError BAD_MARKERS, FILE_*, NOT_TEXT."""
    path = Path(path)
    _refuse_part(path, ".bed")
    variants, people = _beside(path, ".bim"), _beside(path, ".fam")
    samples = _people(read_lines(people))
    rows = Rows(opening.needed)
    width = (len(samples) + 3) // 4
    try:
        stream, size = open_bytes(path)
        with stream:
            digest = _digest(stream)
            stream.seek(0)
            packed = stream.read(2) == b"\x1f\x8b"
            stream.seek(0)
            content = cast("BinaryIO", gzip.GzipFile(fileobj=stream)) if packed else stream
            _check_order(content.read(3), path.name)
            for variant in _variants(read_lines(variants)):
                block = content.read(width)
                if len(block) != width:
                    raise InputError(
                        "FILE_DAMAGED", f"ends before the last variant of {variants.name}", source=path.name
                    )
                _add_block(rows, variant, block, samples)
            if content.read(1):
                raise InputError("FILE_DAMAGED", f"holds more variants than {variants.name}", source=path.name)
    except (EOFError, OSError, zlib.error) as error:
        raise InputError("FILE_DAMAGED", f"the compressed data is damaged: {error}", source=path.name) from error
    lines = read_lines(path)  # of which none is read: it has the name, and is told the rest
    lines.size, lines.digest = size, digest
    return table(lines, samples, rows.markers, strand="forward", rows=rows.count, kind="a PLINK file")


def _digest(stream: BinaryIO) -> str:
    hasher = hashlib.sha256()
    while data := stream.read(1 << 20):
        hasher.update(data)
    return hasher.hexdigest()


def _check_order(start: bytes, name: str) -> None:
    if start[:2] != _MAGIC:
        raise InputError("BAD_MARKERS", "is no .bed of PLINK", source=name)
    if start[2:] != _BY_VARIANT:
        raise InputError("BAD_MARKERS", "is ordered by person: write it again with plink --make-bed", source=name)


def _add_block(rows: Rows, variant: _Variant, block: bytes, samples: Sequence[str]) -> None:
    """What everybody has at a variant."""
    if not rows.has(variant.name, (variant.chromosome, variant.position), len(samples)):
        return
    first, second = variant.forms
    found = {0: (first, first), 1: (first, second), 2: (second, second)}
    for number, sample in enumerate(samples):
        copies = _SECOND[block[number // 4] >> 2 * (number % 4) & 3]
        alleles = () if copies is None or "0" in found[copies] else found[copies]
        rows.keep(_marker(sample, variant, alleles))


def _marker(sample: str, variant: _Variant, alleles: tuple[str, ...]) -> Marker:
    forms = variant.forms if "0" not in variant.forms else ()
    place = (variant.chromosome, variant.position)
    return Marker(sample, variant.name, *place, alleles, variant.line, forms=forms)


def _people(lines: Lines) -> tuple[str, ...]:
    """The people of a .fam by their own names, with the family's where those are not enough."""
    found = []
    for number, line in lines.numbered():
        fields = line.split()
        if len(fields) != 6:
            raise lines.wrong(f"{len(fields)} columns, not the 6 of a .fam", number)
        found.append((fields[0], fields[1]))
    if not found:
        raise lines.wrong("names nobody")
    return _named(found, lines)


def _named(found: Sequence[tuple[str, str]], lines: Lines) -> tuple[str, ...]:
    often = Counter(own for _, own in found)
    names = tuple([own if often[own] == 1 else f"{family}_{own}" for family, own in found])
    twice = next((name for name, count in Counter(names).items() if count > 1), None)
    if twice is not None:
        raise InputError("DUPLICATE_SAMPLE", f"{twice!r} stands here twice", source=lines.name)
    return names


def _variants(lines: Lines, *, count: int = 6) -> Iterator[_Variant]:
    """The variants of a .bim (6 columns) or a .map (4, or 3 without the distance)."""
    for number, line in lines.numbered():
        fields = line.split()
        if len(fields) != count and not (count == 4 and len(fields) == 3):
            raise lines.wrong(f"{len(fields)} columns, not {count}", number)
        at = 3 if len(fields) > 3 else 2
        place = lines.place(fields[0], fields[at].removeprefix("-"), number)
        forms = tuple(text.upper() for text in fields[4:])
        yield _Variant(place[0], fields[1], place[1], _known(forms), number)


def _known(forms: tuple[str, ...]) -> tuple[str, ...]:
    """The alleles, `0` for one that is not bases, `I` or `D`."""
    return tuple(form if _ALLELE.fullmatch(form) and len(form) <= 50 else "0" for form in forms)


# --- .ped -------------------------------------------------------------------------------------------------------------


def read_ped(path: str | Path, opening: Opening) -> MarkerTable:
    """The results in the set.  Raises: InputError BAD_MARKERS with the line, FILE_*, NOT_TEXT."""
    path = Path(path)
    _refuse_part(path, ".ped")
    variants = list(_variants(read_lines(_beside(path, ".map")), count=4))
    lines = read_lines(path, opening)
    rows = Rows(opening.needed)
    wanted = [(at, each) for at, each in enumerate(variants) if rows.has(each.name, (each.chromosome, each.position))]
    found: list[tuple[str, str]] = []
    kept: list[list[tuple[str, ...]]] = []
    for number, line in lines.numbered(_LONGEST_PERSON):
        if line.startswith("#"):
            continue
        fields = line.split()
        if len(fields) != 6 + 2 * len(variants):
            message = f"{len(fields)} columns, not 6 and two for each of the {len(variants)} variants of the .map"
            raise lines.wrong(message, number)
        if not {"1", "2", "3", "4"}.isdisjoint(fields[6:]):
            raise lines.wrong("its alleles are numbers: write them as bases with plink --alleleACGT", number)
        found.append((fields[0], fields[1]))
        kept.append([_alleles(fields[6 + 2 * at : 8 + 2 * at], lines, number) for at, _ in wanted])
    samples = _named(found, lines)
    for sample, own in zip(samples, kept, strict=True):
        for (_, variant), alleles in zip(wanted, own, strict=True):
            rows.keep(_marker(sample, variant, alleles))
    count = len(samples) * len(variants)
    return table(lines, samples, rows.markers, strand="forward", rows=count, kind="a PLINK file")


def _alleles(texts: Sequence[str], lines: Lines, number: int) -> tuple[str, ...]:
    if set(texts) & set("1234"):
        raise lines.wrong("alleles as numbers: write it again with plink --alleleACGT", number)
    return lines.alleles([text.upper() for text in islice(texts, 2)], number)


FORMATS: Final = (
    Format("plink-bed", "a PLINK .bed", is_bed, read_bed),
    Format("plink-ped", "a PLINK .ped", is_ped, read_ped),
)
