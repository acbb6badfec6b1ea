"""Writes the pictures of a report's first page under docs/pictures/: printed, on a telephone, and in the dark.

Needs Debian's chromium and poppler-utils; nothing else here does.  The patient is invented: the bundled example, with
results of another laboratory and medicines that are stated below.  No path, user or machine is in a picture.
"""

from __future__ import annotations

import shutil
import struct
import subprocess
import sys
import tempfile
import zlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
PICTURES: Final = ROOT / "docs" / "pictures"
#: So large may a picture be that is shown in a README, in bytes.
LARGEST: Final = 150_000
_OUTSIDE: Final = "gene\tdiplotype\nCYP2D6\t*1/*4\nHLA-A\t*01:01/*02:01\nHLA-B\t*08:01/*57:01\n"
_STATED: Final = {
    "name": "Ada Example",
    "id": "0000-1",
    "birth_date": "1961-04-02",
    "sex": "female",
    "specimen": "blood",
    "collected": "2026-07-01",
    "ordered_by": "Ward 4B",
    "laboratory": "Example laboratory",
    "accession": "E-77",
    "method": "genome sequencing",
    "interpreted_by": "B. Pharmacist",
    "status": "preliminary",
}
_MEDICINES: Final = "Plavix,paroxetine,simvastatin,metoprolol"


def main() -> int:
    """0 when every picture was written; 1 when a tool is missing or a picture is too large."""
    missing = [name for name in ("chromium", "pdftoppm") if shutil.which(name) is None]
    if missing:
        sys.stderr.write(f"not installed: {', '.join(missing)} (Debian: apt install chromium poppler-utils)\n")
        return 1
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        taken = _taken(Path(folder))
        for name, picture in taken.items():
            (PICTURES / name).write_bytes(small_png(picture.read_bytes()))
    large = [name for name in taken if (PICTURES / name).stat().st_size > LARGEST]
    for name in large:
        sys.stderr.write(f"{name}: more than {LARGEST:,} bytes\n")
    return 1 if large else 0


def _taken(folder: Path) -> dict[str, Path]:
    """Name -> the picture as the browser gives it."""
    page = _page(folder)
    printed = folder / "page.pdf"
    _browser(page, "--no-pdf-header-footer", f"--print-to-pdf={printed}")
    _run("pdftoppm", "-r", "84", "-png", "-singlefile", printed, folder / "print")
    narrow, dark = folder / "narrow.png", folder / "dark.png"
    _browser(page, "--window-size=360,1500", f"--screenshot={narrow}")
    _browser(page, "--window-size=960,1250", "--blink-settings=preferredColorScheme=0", f"--screenshot={dark}")
    return {"page-one-a4.png": folder / "print.png", "page-one-phone.png": narrow, "page-one-dark.png": dark}


def _page(folder: Path) -> Path:
    """The invented patient's page, made by the program of this tree."""
    outside, page = folder / "laboratory.tsv", folder / "page.html"
    outside.write_text(_OUTSIDE, encoding="utf-8")
    example = ROOT / "src" / "starling" / "examples" / "example.vcf"
    subject = [word for key, value in _STATED.items() for word in ("--subject", f"{key}={value}")]
    options = ("--short", "--outside", outside, "-m", _MEDICINES, *subject, "-o", page)
    _run(sys.executable, "-m", "starling", "report", example, *options)
    return page


def _browser(page: Path, *options: str) -> None:
    _run("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", *options, page.as_uri())


def _run(*words: str | Path) -> None:
    subprocess.run([*map(str, words)], check=True, capture_output=True)  # noqa: S603 -- our own command lines


def small_png(data: bytes) -> bytes:
    """The same picture in at most 256 colours, which a page of text does not miss.

    `data`: a PNG of 8 bits a channel, RGB or RGBA, not interlaced, as browsers write them.
    """
    width, height, depth, kind, _, _, interlaced = struct.unpack(">IIBBBBB", data[16:29])
    if depth != 8 or kind not in {2, 6} or interlaced:
        raise ValueError("not a picture of 8 bits a channel in RGB or RGBA")
    channels = 3 if kind == 2 else 4
    rows = _unfiltered(zlib.decompress(_joined(data)), width * channels, channels)
    pixels = [[bytes(row[at : at + 3]) for at in range(0, len(row), channels)] for row in rows]
    palette, index = _palette(pixels)
    raw = b"".join(b"\0" + bytes(index[pixel] for pixel in row) for row in pixels)
    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    parts = (("IHDR", head), ("PLTE", b"".join(palette)), ("IDAT", zlib.compress(raw, 9)), ("IEND", b""))
    return data[:8] + b"".join(_chunk(name.encode(), content) for name, content in parts)


def _joined(data: bytes) -> bytes:
    """The compressed rows of a PNG."""
    at, found = 8, bytearray()
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        if data[at + 4 : at + 8] == b"IDAT":
            found += data[at + 8 : at + 8 + length]
        at += length + 12
    return bytes(found)


def _unfiltered(raw: bytes, size: int, step: int) -> list[bytearray]:
    """The rows before the filters of PNG.  Source: W3C PNG specification, section 9."""
    rows: list[bytearray] = []
    above = bytearray(size)
    for start in range(0, len(raw), size + 1):
        row, kind = bytearray(raw[start + 1 : start + 1 + size]), raw[start]
        for at in range(size):
            left = row[at - step] if at >= step else 0
            corner = above[at - step] if at >= step else 0
            row[at] = (row[at] + _predicted(kind, left, above[at], corner)) & 255
        rows.append(row)
        above = row
    return rows


def _predicted(kind: int, left: int, up: int, corner: int) -> int:
    match kind:
        case 1:
            return left
        case 2:
            return up
        case 3:
            return (left + up) // 2
        case 4:
            guess = left + up - corner
            return min((left, up, corner), key=lambda each: abs(guess - each))
        case _:
            return 0


def _palette(pixels: Sequence[Sequence[bytes]]) -> tuple[list[bytes], dict[bytes, int]]:
    """The 256 most frequent colours, and which of them stands for each colour."""
    counted = Counter(pixel for row in pixels for pixel in row)
    palette = [colour for colour, _ in counted.most_common(256)]
    index = {colour: number for number, colour in enumerate(palette)}
    for colour in counted:
        if colour not in index:
            index[colour] = min(range(len(palette)), key=lambda number: _distance(palette[number], colour))
    return palette, index


def _distance(one: bytes, other: bytes) -> int:
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True))


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


if __name__ == "__main__":
    raise SystemExit(main())
