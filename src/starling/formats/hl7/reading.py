"""Text -> messages of HL7 v2, alone or in batches; bytes -> text by the character set that MSH-18 states.

Read leniently: line feeds end segments, too, empty lines and the frame of MLLP are passed over, escapes that nobody
knows stay as they are.  Never passed over: a segment that is none, a batch that lacks its end or a message.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from starling.errors import InputError
from starling.formats.hl7.values import HEADS, Component, Delimiters, Field, Message, Repetition, Segment, ended
from starling.values import dataclass

#: What is read of one file or one frame (ours): characters, segments, and the parts of any one level.
LARGEST, MOST_SEGMENTS, MOST_PARTS = 64 * 2**20, 200_000, 2_000
#: MSH-18 -> the name of the codec.  Source: HL7 v2.5.1, table 0211; UTF-8 without its prefix is common.
_CHARSETS: Final = {
    "": "utf-8",
    "ASCII": "ascii",
    "UNICODE UTF-8": "utf-8",
    "UNICODE": "utf-8",
    "UTF-8": "utf-8",
    **{f"8859/{part}": f"iso8859-{part}" for part in (1, 2, 3, 4, 5, 6, 7, 8, 9, 15)},
}
_NAME: Final = re.compile(r"[A-Z][A-Z0-9]{2}")
#: bytes that may stand before the first segment: of a mark, of an empty line, of MLLP
_BEFORE: Final = b"\xef\xbb\xbf\x0b\r\n \t"
_AHEAD, _BEHIND = "\ufeff\x0b \t", "\x1c"
_TEXTS: Final = {".br": "\n", "H": "", "N": ""}


@dataclass(frozen=True, slots=True)
class _Reader:
    """How the segments of one message are read."""

    by: Delimiters
    source: str
    charset: str
    strict: bool

    def wrong(self, message: str, line: int) -> InputError:
        return InputError("BAD_HL7", message, source=self.source, line=line)


def begins(head: bytes) -> bool:
    """Whether content that begins so is a message or a batch of HL7 v2."""
    start = head.lstrip(_BEFORE)[:5].decode("latin-1")
    return start[:3] in HEADS and len(start) == 5 and not any(each.isalnum() or each.isspace() for each in start[3:])


def decoded(data: bytes, source: str = "message") -> str:
    """The text of a message or a batch, by the character set that its first MSH states; UTF-8 where it states none.

    Raises: InputError BAD_HL7, the sender's.
    """
    stated = _stated_charset(data)
    charset = _CHARSETS.get(stated.upper())
    if charset is None:
        raise InputError("BAD_HL7", f"MSH-18: {stated[:40]!r} is no character set that is read here", source=source)
    try:
        return data.decode("utf-8-sig" if charset == "utf-8" else charset)
    except UnicodeDecodeError as error:
        said = f"states {stated}" if stated else "states no character set, which means UTF-8 here"
        line = len(re.findall(rb"\r\n?|\n", data[: error.start])) + 1
        raise InputError("BAD_HL7", f"MSH-18 {said}, and this is none", source=source, line=line) from None


def _stated_charset(data: bytes) -> str:
    """MSH-18 of the first message, its first repetition; its delimiters are ASCII in every set that is read."""
    found = re.search(rb"(?:^|[\r\n\x0b\xbf])MSH(.)([^\r\n]*)", data, re.DOTALL)
    if found is None:
        return ""
    fields = found[2].split(found[1])
    repetition = fields[0][1:2] or b"~"
    return fields[16].split(repetition)[0].strip().decode("latin-1") if len(fields) > 16 else ""


def messages(
    text: str, *, source: str = "message", strict: bool = False, charset: str = "utf-8"
) -> tuple[Message, ...]:
    """Every message of the text, in order, those in batches among them.

    `strict`: as a program of ours writes it.  `charset`: of the bytes that escapes (`\\X..\\`) state.
    Raises: InputError BAD_HL7 with line, segment and field, the sender's.
    """
    if len(text) > LARGEST:
        raise InputError("BAD_HL7", f"longer than {LARGEST:,} characters", source=source)
    found: list[list[Segment]] = []
    batch = _Batch(source)
    for each in _segments(text, source, strict=strict, charset=charset):
        if batch.takes(each, len(found)):
            continue
        if each.name == "MSH":
            found.append([each])
        elif found and batch.open_message:
            found[-1].append(each)
        else:
            raise InputError("BAD_HL7", f"{each.name} stands before MSH", source=source, line=each.line)
        batch.open_message = True
    batch.ended(len(found))
    if not found:
        raise InputError("BAD_HL7", "holds no message (no MSH segment)", source=source)
    return tuple(Message(tuple(each)) for each in found)


class _Batch:
    """What is counted: a batch, or a file of batches, that was cut off is not read in part.  Source: 2.10.3."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._open: dict[str, tuple[Segment, int]] = {}
        self._batches = 0
        self.open_message = False

    def takes(self, each: Segment, count: int) -> bool:
        """Whether it is a segment of batches; `count`: messages before it.  Raises: InputError BAD_HL7."""
        if each.name in {"FHS", "BHS"}:
            self._begun(each, count)
        elif each.name in {"BTS", "FTS"}:
            self._closed(each, count)
        else:
            return False
        self.open_message = False
        return True

    def _begun(self, each: Segment, count: int) -> None:
        if each.name in self._open:
            raise self._wrong(f"{each.name} stands in another {each.name}", each)
        self._open[each.name] = (each, count)
        self._batches += each.name == "BHS"

    def _closed(self, each: Segment, count: int) -> None:
        begun = self._open.pop("BHS" if each.name == "BTS" else "FHS", None)
        if begun is None:
            raise self._wrong(f"{each.name} ends what never began", each)
        stated = each.text(1)
        held = count - begun[1] if each.name == "BTS" else self._batches
        if stated and (not stated.isascii() or not stated.isdigit() or int(stated[:9]) != held):
            what = "messages" if each.name == "BTS" else "batches"
            raise self._wrong(f"{each.name}-1 states {stated[:20]} {what}, and there are {held}", each)

    def ended(self, count: int) -> None:
        """Raises: InputError BAD_HL7, when something began and did not end."""
        for begun, _ in self._open.values():
            end = {"BHS": "BTS", "FHS": "FTS"}[begun.name]
            raise self._wrong(f"{begun.name} without its {end}, after {count} messages: it was cut off", begun)

    def _wrong(self, message: str, each: Segment) -> InputError:
        return InputError("BAD_HL7", message, source=self._source, line=each.line)


def _segments(text: str, source: str, *, strict: bool, charset: str) -> Iterator[Segment]:
    reader: _Reader | None = None
    lines = text.split("\r") if strict else text.replace("\r\n", "\r").replace("\n", "\r").split("\r")
    if len(lines) > MOST_SEGMENTS:
        raise InputError("BAD_HL7", f"more than {MOST_SEGMENTS:,} segments", source=source)
    for number, raw in enumerate(lines, 1):
        line = raw if strict else raw.lstrip(_AHEAD).rstrip(_BEHIND)
        if not line and (not strict or number == len(lines)):
            continue
        name = line[:3]
        if not _NAME.fullmatch(name):
            raise InputError("BAD_HL7", f"{name!r} begins no segment", source=source, line=number)
        if name in HEADS:
            reader = _Reader(_delimiters(line, source, number, strict=strict), source, charset, strict)
        if reader is None:
            raise InputError("BAD_HL7", f"{name} stands before MSH", source=source, line=number)
        yield _segment(line, reader, number)


def _delimiters(line: str, source: str, number: int, *, strict: bool) -> Delimiters:
    """MSH-1 and MSH-2; one that is left off is the usual one, which then separates nothing that anybody wrote."""
    name, field = line[:3], line[3:4]
    stated = line[4:].split(field, 1)[0] if field else ""
    least = 4 if strict else 1
    chosen = stated[:4] + "^~\\&"[len(stated) :]
    parts = (field, *chosen)
    if len(stated) < least or len({*parts}) < 5 or any(each.isalnum() or each.isspace() for each in parts):
        raise InputError("BAD_HL7", f"{name}-2: {stated[:10]!r} are no delimiters", source=source, line=number)
    return Delimiters(*parts)


def _segment(line: str, reader: _Reader, number: int) -> Segment:
    by, name = reader.by, line[:3]
    rest = line[3:].split(by.field)
    if rest[0]:
        raise reader.wrong(f"{name} is not followed by {by.field}", number)
    given: list[Field] = []
    if name in HEADS:
        given = [(((by.field,),),), (((rest[1],),),)]
        rest = rest[1:]
    _bounded(rest, reader, f"{name} has more than {MOST_PARTS:,} fields", number)
    for text in rest[1:]:
        given.append(_field(text, reader, f"{name}-{len(given) + 1}", number))
    return Segment(name, ended(tuple(given)), number)


def _field(text: str, reader: _Reader, where: str, line: int) -> Field:
    if not text:
        return ()
    parts = text.split(reader.by.repetition)
    _bounded(parts, reader, f"{where}: more than {MOST_PARTS:,} repetitions", line)
    return ended(tuple(_repetition(each, reader, where, line) for each in parts))


def _repetition(text: str, reader: _Reader, where: str, line: int) -> Repetition:
    parts = text.split(reader.by.component)
    _bounded(parts, reader, f"{where}: more than {MOST_PARTS:,} components", line)
    return ended(tuple(_component(each, reader, where, line) for each in parts))


def _component(text: str, reader: _Reader, where: str, line: int) -> Component:
    parts = text.split(reader.by.subcomponent)
    _bounded(parts, reader, f"{where}: more than {MOST_PARTS:,} sub-components", line)
    return ended(tuple(_unescaped(each, reader, where, line) for each in parts))


def _bounded(parts: Sequence[str], reader: _Reader, message: str, line: int) -> None:
    if len(parts) > MOST_PARTS:
        raise reader.wrong(message, line)


def _unescaped(text: str, reader: _Reader, where: str, line: int) -> str:
    escape = reader.by.escape
    if escape not in text:
        return text
    parts = text.split(escape)
    if len(parts) % 2 == 0:  # an escape that nothing ends
        if reader.strict:
            raise reader.wrong(f"{where}: {escape} begins an escape that nothing ends", line)
        parts[-2:] = [f"{parts[-2]}{escape}{parts[-1]}"]
    for at in range(1, len(parts), 2):
        parts[at] = _meant(parts[at], reader, where, line)
    return "".join(parts)


def _meant(sequence: str, reader: _Reader, where: str, line: int) -> str:
    """What stands for an escape sequence; one that nobody knows, as it is."""
    by = reader.by
    delimiters = {"F": by.field, "S": by.component, "R": by.repetition, "E": by.escape, "T": by.subcomponent}
    if sequence in delimiters:
        return delimiters[sequence]
    if sequence in _TEXTS:
        return _TEXTS[sequence]
    if sequence[:1] == "X":
        try:
            return bytes.fromhex(sequence[1:]).decode(reader.charset)
        except ValueError:
            pass  # no bytes of that character set: kept as it is, or refused
    if reader.strict:
        raise reader.wrong(f"{where}: {by.escape}{sequence[:20]}{by.escape} is no escape", line)
    return f"{by.escape}{sequence}{by.escape}"
