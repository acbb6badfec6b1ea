"""Results of an instrument over its laboratory line: records of ASTM E1394 (LIS2), bare or in frames of E1381 (LIS1).

    <ENQ> <STX>1H|\\^&|||Analyser<CR><ETX>..<CR><LF> <STX>2P|1<CR>... <STX>4R|1|^^^CYP2C19*2|heterozygous<CR>... <EOT>

Each result is a single test, as in a table of them (`assay`): the name of what was looked for stands in the fourth part
of R-3.  A frame whose checksum is wrong, a frame that is missing and a transmission without its end are refused; what
is not final, or of a control specimen, is no result.
Source: CLSI LIS1-A (6.3, frames and checksums), LIS2-A2 (5.4 delimiters and escapes, 6 to 12 records and their fields).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from starling.formats import assay
from starling.formats.content import Format, Opening
from starling.formats.markers import Lines, Marker, MarkerTable, read_lines, table
from starling.values import dataclass

_HEAD: Final = re.compile(rb"^[\x05\x06\s]*(?:\x02[0-7])?H\|[^\sA-Za-z0-9|]{3}(?:[|\r\n]|$)")
_FRAME: Final = re.compile(
    r"\x02(?P<number>[0-7])(?P<text>[^\x02]*?)(?P<end>[\x03\x17])(?P<sum>[0-9A-Fa-f]{2})", re.DOTALL
)
#: what may stand between frames: ends of lines, and what the two sides say to each other
_BETWEEN: Final = re.compile(r"[\x04\x05\x06\x15\s]*")
_FINAL: Final = frozenset({"", "F", "C", "R", "V"})
_ESCAPES: Final = {"F": 0, "S": 2, "R": 1, "E": 3}
_CONTROL, _CARE = "Q", frozenset({"", "P"})


@dataclass(frozen=True, slots=True)
class _Record:
    """One record.  `by`: the delimiters of fields, repetitions and components, and the escape."""

    line: int
    fields: tuple[str, ...]
    by: str

    def text(self, number: int, part: int = 1) -> str:
        """A part of a field, by its numbers (R-3, fourth part); empty where nothing stands there."""
        field = self.fields[number - 1] if number <= len(self.fields) else ""
        parts = field.split(self.by[1])[0].split(self.by[2])
        return self._plain(parts[part - 1]).strip() if part <= len(parts) else ""

    def _plain(self, text: str) -> str:
        mark = self.by[3]
        for letter, place in _ESCAPES.items():
            text = text.replace(f"{mark}{letter}{mark}", self.by[place]) if mark in text else text
        return text


def matches(head: bytes) -> bool:
    """Whether a header record is the first, in a frame or not."""
    return _HEAD.match(head) is not None


def read(path: str | Path, opening: Opening) -> MarkerTable:
    """The results of a transmission.  Raises: InputError BAD_MARKERS with the line, FILE_*, NOT_TEXT."""
    lines = read_lines(path, opening)
    markers = list(_markers(_records(lines), lines))
    return table(lines, tuple(dict.fromkeys(each.sample for each in markers)), markers, strand="none", tests=True)


def _records(lines: Lines) -> Iterator[_Record]:
    """Every record, of frames that were verified."""
    rows = dict(lines.numbered())
    text = "\n".join(rows.get(number, "") for number in range(1, max(rows, default=0) + 1))
    pieces = list(_unframed(text, lines)) if "\x02" in text else [(1, text)]
    whole, starts = "", []
    for line, piece in pieces:
        starts.append((len(whole), line))
        whole += piece
    by, offset = "", 0
    for row in whole.split("\n"):
        at, line = next(each for each in reversed(starts) if each[0] <= offset)
        number = line + whole.count("\n", at, offset)
        offset += len(row) + 1
        plain = row.strip("\x04\x05\x06 ")
        if not plain:
            continue
        if plain.startswith("H"):
            by = plain[1:5]
        if len({*by}) < 4:
            raise lines.wrong("a record before the header, or a header without delimiters", number)
        yield _Record(
            number, tuple(plain.split(by[0])) if plain[0] != "H" else ("H", by, *plain[5:].split(by[0])[1:]), by
        )


def _unframed(text: str, lines: Lines) -> Iterator[tuple[int, str]]:
    """(line, text) of every frame, each once.  Raises: InputError BAD_MARKERS."""
    at, before, seen = 0, "0", ""
    while at < len(text):
        between = _BETWEEN.match(text, at)
        if between is not None:
            at = between.end()
            before, seen = ("0", "") if {"\x04", "\x05"} & {*between[0]} else (before, seen)
        if at == len(text):
            return
        line, found = text.count("\n", 0, at) + 1, _FRAME.match(text, at)
        if found is None:
            raise lines.wrong("no whole frame (STX, number, text, ETX or ETB, checksum): cut off or damaged", line)
        _verify(found, lines, line)
        number, at = found["number"], found.end()
        if number == before and found["text"] == seen:
            continue  # sent again, because no acknowledgement came
        if number != str((int(before) + 1) % 8):
            raise lines.wrong(f"frame {number} follows frame {before}: one is missing", line)
        before, seen = number, found["text"]
        yield line, found["text"]


def _verify(found: re.Match[str], lines: Lines, line: int) -> None:
    """The checksum is that of the bytes; ends of lines were carriage returns, with or without line feeds."""
    counted = found["number"] + found["text"] + found["end"]
    sums = {sum(counted.replace("\n", end).encode()) % 256 for end in ("\r", "\r\n", "\n")}
    if int(found["sum"], 16) not in sums:
        raise lines.wrong(f"the checksum of frame {found['number']} is not {found['sum']}: send it again", line)


def _markers(records: Iterator[_Record], lines: Lines) -> Iterator[Marker]:
    """Every result, and that the transmission has its end.  Raises: InputError BAD_MARKERS."""
    device, sample, controls, last = "", "", False, None
    for last in records:
        match last.fields[0]:
            case "H":
                device = last.text(5)
                if last.text(12) not in _CARE:
                    raise lines.wrong(f"H-12: {last.text(12)!r} is no transmission about patients", last.line)
            case "P":
                sample, controls = last.text(4) or last.text(3), False
            case "O":
                sample, controls = last.text(3) or sample, last.text(12) == _CONTROL
            case "R" if not controls:
                yield _result(last, lines, device, sample)
            case "L" if last.text(3) not in {"", "N", "F"}:
                raise lines.wrong(f"L-3: {last.text(3)!r}: the instrument broke off", last.line)
            case _:
                pass
    if last is None or last.fields[0] != "L":
        raise lines.wrong("no terminator record (L): it was cut off", last.line if last else None)


def _result(record: _Record, lines: Lines, device: str, sample: str) -> Marker:
    name = next((text for part in (4, 1, 5, 2) if (text := record.text(3, part))), "")
    if not name:
        raise lines.wrong("R-3 names no test", record.line)
    parts = [record.text(4, part) for part in (1, 2)]
    result = "/".join(part for part in parts if part) if record.text(9) in _FINAL else "invalid"
    row = [("analyte", name), ("result", result), ("device", device), ("time", record.text(13)), ("sample", sample)]
    return assay.marker(row, lines, record.line)


FORMATS: Final = (Format("astm", "results of an instrument (ASTM E1394)", matches, read, pipes=True),)
