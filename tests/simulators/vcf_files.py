"""Files around a VCF text: plain, gzip, BGZF with blocks of any size, and the indexes .tbi and .csi.

The index writer exists for tests only and shares no code with the reader; htslib makes `tabix-tbi` and `tabix-csi`.
"""

from __future__ import annotations

import gzip
import io
import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from starling.formats.bgzf import BgzfWriter

_END = re.compile(r"(?:^|;)END=(\d+)")
FORMS = ("plain", "gzip", "bgzf", "tbi", "csi")


@dataclass(frozen=True)
class Line:
    """A record as a test sees it: where it is, how far it reaches, and its text."""

    name: str
    position: int
    end: int
    text: str


def header(contigs: Sequence[str], samples: Sequence[str] = ("S1",), extra: Sequence[str] = ()) -> str:
    """A header with these contigs and samples; `extra`: more lines."""
    lines = ["##fileformat=VCFv4.2", *(f"##contig=<ID={name},length=300000000>" for name in contigs), *extra]
    columns = ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", *samples]
    return "\n".join([*lines, "\t".join(columns)]) + "\n"


def snv(name: str, position: int, *, ref: str = "A", info: str = ".", samples: int = 1, alt: str = "G") -> Line:
    """A record whose span is that of its REF."""
    text = "\t".join([name, str(position), ".", ref, alt, "50", "PASS", info, "GT", *["0/1"] * samples])
    return Line(name, position, position + len(ref) - 1, text)


def block(name: str, position: int, end: int, *, dialect: str = "gatk", pad: str = "") -> Line:
    """A reference block; VCF 4.5 states its length in FORMAT/LEN, the others its end in INFO/END."""
    alt = {"gatk": "<NON_REF>", "deepvariant": "<*>", "strelka": ".", "v45": "<*>"}[dialect]
    info, keys, values = f"END={end}{pad}", "GT:DP", "0/0:30"
    if dialect == "v45":
        info, keys, values = "." + pad, "GT:DP:LEN", f"0/0:30:{end - position + 1}"
    return Line(name, position, end, "\t".join([name, str(position), ".", "A", alt, ".", ".", info, keys, values]))


def body(lines: Sequence[Line], line_end: str = "\n") -> str:
    """The text of the lines."""
    return "".join(line.text + line_end for line in lines)


def touching(lines: Sequence[Line], regions: Sequence[tuple[str, int, int]]) -> list[str]:
    """What a reader must give: said by looking at every line."""
    places: dict[str, list[tuple[int, int]]] = {}
    for name, start, end in regions:
        places.setdefault(name, []).append((start, end))
    return [
        line.text
        for line in lines
        if any(line.position <= end and line.end >= start for start, end in places.get(line.name, ()))
    ]


def write(folder: Path, form: str, text: str, *, block_size: int = 65_280, level: int = 6) -> Path:
    """The text as a file of one of `FORMS`, or with an index of htslib's beside it."""
    data = text.encode()
    path = folder / f"{form}.vcf{'' if form == 'plain' else '.gz'}"
    if form == "plain":
        path.write_bytes(data)
    elif form == "gzip":
        path.write_bytes(gzip.compress(data, 1))
    elif form in {"tbi", "csi"}:
        places = write_bgzf(path, data, block_size=block_size, level=level)
        path.with_name(path.name + "." + form).write_bytes(index(places, csi=form == "csi"))
    else:
        with path.open("wb") as stream, BgzfWriter(stream, level=level, text_per_block=block_size) as writer:
            writer.write(data)
        if form in {"tabix-tbi", "tabix-csi"}:
            import pysam  # the other forms do without

            pysam.tabix_index(str(path), preset="vcf", force=True, csi=form == "tabix-csi")
    return path


@dataclass(frozen=True)
class Place:
    """Where a record is: sequence, bases counted from 0 with the end left out, virtual offsets."""

    name: str
    start: int
    end: int
    begin: int
    stop: int


def write_bgzf(path: Path, data: bytes, *, block_size: int = 65_280, level: int = 6) -> list[Place]:
    """Where the records stand in the BGZF file that is written."""
    places: list[Place] = []
    with path.open("wb") as stream, BgzfWriter(stream, level=level, text_per_block=block_size) as writer:
        for line in data.splitlines(keepends=True):
            begin = writer.tell()
            writer.write(line)
            if not line.startswith(b"#") and line.strip():
                fields = line.decode().split("\t")
                start = int(fields[1]) - 1
                stated = _END.search(fields[7])
                end = max(start + len(fields[3]), int(stated[1]) if stated else 0)
                places.append(Place(fields[0], start, end, begin, writer.tell()))
    return places


def index(places: Sequence[Place], *, csi: bool = False, shift: int = 14, depth: int = 5) -> bytes:
    """A .tbi or .csi of the records, as hts-specs describe them."""
    names = list(dict.fromkeys(place.name for place in places))
    joined = b"".join(name.encode() + b"\0" for name in names)
    preset = struct.pack("<7i", 2, 1, 2, 0, ord("#"), 0, len(joined)) + joined
    out = io.BytesIO()
    if csi:
        out.write(b"CSI\x01" + struct.pack("<3i", shift, depth, len(preset)) + preset + struct.pack("<i", len(names)))
    else:
        out.write(b"TBI\x01" + struct.pack("<i", len(names)) + preset)
    for name in names:
        _write_sequence(out, [place for place in places if place.name == name], csi=csi, shift=shift, depth=depth)
    return _compressed(out.getvalue())


def _write_sequence(out: io.BytesIO, places: Sequence[Place], *, csi: bool, shift: int, depth: int) -> None:
    bins: dict[int, list[tuple[int, int]]] = {}
    windows: dict[int, int] = {}
    for place in places:
        chunks = bins.setdefault(_bin(place.start, place.end, shift, depth), [])
        if chunks and chunks[-1][1] == place.begin:
            chunks[-1] = (chunks[-1][0], place.stop)
        else:
            chunks.append((place.begin, place.stop))
        for window in range(place.start >> shift, ((place.end - 1) >> shift) + 1):
            windows.setdefault(window, place.begin)
    special = ((1 << 3 * (depth + 1)) - 1) // 7 + 1
    least = _least(windows)
    out.write(struct.pack("<i", len(bins) + 1))
    for number, chunks in bins.items():
        out.write(struct.pack("<I", number))
        if csi:
            first = _first_window(number, depth)
            out.write(struct.pack("<Q", least[first] if first < len(least) else 0))
        out.write(struct.pack("<i", len(chunks)) + b"".join(struct.pack("<QQ", *chunk) for chunk in chunks))
    out.write(struct.pack("<I", special) + (struct.pack("<Q", 0) if csi else b""))
    out.write(struct.pack("<iQQQQ", 2, places[0].begin, places[-1].stop, len(places), 0))
    if not csi:
        out.write(struct.pack("<i", len(least)))
        out.write(b"".join(struct.pack("<Q", offset) for offset in least))


def _least(windows: dict[int, int]) -> list[int]:
    """Of each window the offset of the first record that touches it or a window behind it."""
    found, least = [], windows[max(windows)]
    for window in range(max(windows), -1, -1):
        least = min(least, windows.get(window, least))
        found.append(least)
    return found[::-1]


def _first_window(number: int, depth: int) -> int:
    level = 0
    while number >= ((1 << 3 * (level + 1)) - 1) // 7:
        level += 1
    return (number - ((1 << 3 * level) - 1) // 7) << 3 * (depth - level)


def _bin(start: int, end: int, shift: int, depth: int) -> int:
    for level in range(depth, 0, -1):
        width = shift + 3 * (depth - level)
        if start >> width == (end - 1) >> width:
            return ((1 << 3 * level) - 1) // 7 + (start >> width)
    return 0


def _compressed(data: bytes) -> bytes:
    out = io.BytesIO()
    with BgzfWriter(out) as writer:
        writer.write(data)
    return out.getvalue()
