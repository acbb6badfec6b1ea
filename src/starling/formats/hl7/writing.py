"""Messages -> text: every delimiter and control character in a value is escaped, so that whoever reads it has it again.

Source: HL7 v2.5.1, 2.7 (escape sequences), 2.10.3 (batches).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from starling.formats.hl7.values import HEADS, USUAL, Delimiters, Field, Segment

#: what ends a segment
END: Final = "\r"
_PLAIN: Final = re.compile(r"[^|^~\\&\x00-\x1f\x7f]*")
_ESCAPES: Final = {
    **{chr(code): f"\\X{code:02X}\\" for code in (*range(0x20), 0x7F)},
    "\n": "\\.br\\",
    "|": "\\F\\",
    "^": "\\S\\",
    "~": "\\R\\",
    "\\": "\\E\\",
    "&": "\\T\\",
}
_TABLE: Final = str.maketrans(_ESCAPES)


def encoded(segments: Iterable[Segment]) -> str:
    """The segments as text, each ended by a carriage return; with the usual delimiters, whatever they came with.

    >>> from starling.formats.hl7.values import segment
    >>> encoded([segment("NTE", "1", "L", "SLCO1B1 & ABCG2")])
    'NTE|1|L|SLCO1B1 \\\\T\\\\ ABCG2\\r'
    """
    return "".join(_line(each, USUAL) for each in segments)


def _line(segment: Segment, by: Delimiters) -> str:
    if segment.name in HEADS:
        rest = [_field(each, by) for each in segment.fields[2:]]
        return by.field.join([f"{segment.name}{by.field}{by.encoding}", *rest]) + END
    return by.field.join([segment.name, *(_field(each, by) for each in segment.fields)]) + END


def _field(field: Field, by: Delimiters) -> str:
    return by.repetition.join(
        by.component.join(by.subcomponent.join(map(escaped, parts)) for parts in components) for components in field
    )


def escaped(text: str) -> str:
    """One value without delimiters and control characters of its own."""
    return text if _PLAIN.fullmatch(text) else text.translate(_TABLE)
