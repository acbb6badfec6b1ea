"""BGZF and tabix as written by other programs: small blocks, so that bisecting has something to do.

Source: SAM/BAM format specification, section 4.1 (BGZF); the tabix index format (samtools/hts-specs, tabix.tex).
"""

from __future__ import annotations

import struct
import zlib
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

EOF = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")


def bgzf_block(data: bytes, level: int = 6) -> bytes:
    """One block of at most 65,280 bytes of content."""
    packer = zlib.compressobj(level, zlib.DEFLATED, -15)
    body = packer.compress(data) + packer.flush()
    head = bytes.fromhex("1f8b08040000000000ff060042430200")
    return head + struct.pack("<H", len(body) + 25) + body + struct.pack("<II", zlib.crc32(data), len(data))


def bgzip(data: bytes, size: int = 3000) -> tuple[bytes, list[tuple[int, int]]]:
    """`data` in blocks of `size`, and (offset in the content, offset in the file) of every block."""
    parts, offsets, at = [], [], 0
    for start in range(0, len(data), size):
        block = bgzf_block(data[start : start + size])
        offsets.append((start, at))
        parts.append(block)
        at += len(block)
    offsets.append((len(data), at))
    return b"".join(parts) + EOF, offsets


def write_bgzf(path: Path, text: str, *, index: bool, size: int = 3000) -> None:
    """`path` holds `text` as BGZF, with `path`.tbi beside it when asked."""
    data = text.encode()
    packed, offsets = bgzip(data, size)
    path.write_bytes(packed)
    if index:
        write_index(path, data.splitlines(keepends=True), offsets)


def write_index(path: Path, lines: Iterable[bytes], offsets: list[tuple[int, int]]) -> None:
    """`path`.tbi holds the index of a BGZF whose blocks start at `offsets` (in the content, in the file)."""
    path.with_name(path.name + ".tbi").write_bytes(bgzip(_tabix(lines, offsets), 65280)[0])


def _tabix(lines: Iterable[bytes], offsets: list[tuple[int, int]]) -> bytes:
    size = offsets[1][0] if len(offsets) > 1 else 1

    def virtual(at: int) -> int:
        start, file_offset = offsets[min(at // size, len(offsets) - 1)]
        return file_offset << 16 | (at - start)

    names: list[bytes] = []
    bins: dict[bytes, dict[int, list[list[int]]]] = {}
    linear: dict[bytes, dict[int, int]] = {}
    at = 0
    for line in lines:
        start, at = at, at + len(line)
        if line.startswith(b"#"):
            continue
        fields = line.rstrip(b"\n").split(b"\t")
        name, begin, end = fields[0], int(fields[1]) - 1, _end(fields)
        if name not in bins:
            names.append(name)
            bins[name], linear[name] = defaultdict(list), {}
        chunk = [virtual(start), virtual(at)]
        chunks = bins[name][_bin(begin, end)]
        if chunks and chunks[-1][1] == chunk[0]:
            chunks[-1][1] = chunk[1]
        else:
            chunks.append(chunk)
        for window in range(begin >> 14, (end - 1 >> 14) + 1):
            linear[name].setdefault(window, chunk[0])
    joined = b"".join(name + b"\0" for name in names)
    out = [struct.pack("<4s8i", b"TBI\1", len(names), 2, 1, 2, 0, ord("#"), 0, len(joined)), joined]
    for name in names:
        out.append(struct.pack("<i", len(bins[name])))
        for number, chunks in bins[name].items():
            out.append(struct.pack("<Ii", number, len(chunks)))
            out += [struct.pack("<QQ", *chunk) for chunk in chunks]
        last, known = -1 if not linear[name] else max(linear[name]), 0
        out.append(struct.pack("<i", last + 1))
        for window in range(last + 1):
            known = linear[name].get(window, known)
            out.append(struct.pack("<Q", known))
    return b"".join(out)


def _end(fields: list[bytes]) -> int:
    end = int(fields[1]) - 1 + len(fields[3])
    for item in fields[7].split(b";"):
        if item.startswith(b"END="):
            end = max(end, int(item[4:]))
    keys = fields[8].split(b":") if len(fields) > 9 else []
    if b"LEN" in keys:
        for column in fields[9:]:
            values = column.split(b":")
            index = keys.index(b"LEN")
            if index < len(values) and values[index].isdigit():
                end = max(end, int(fields[1]) - 1 + int(values[index]))
    return end


def _bin(begin: int, end: int) -> int:
    """The smallest bin that holds `begin..end` (0-based, half open)."""
    end -= 1
    for shift, first in ((14, 4681), (17, 585), (20, 73), (23, 9), (26, 1)):
        if begin >> shift == end >> shift:
            return first + (begin >> shift)
    return 0
