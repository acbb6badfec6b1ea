"""What hl7apy 1.3 says of a message, strictly: segments, groups, cardinalities, data types, lengths.

hl7apy takes any OBX-5 for an ST.  So the value of each OBX is tried on its own as the type that OBX-2 states, and a
longer text is left out of what hl7apy is shown then.
"""

from __future__ import annotations

from typing import Any

from hl7apy.base_datatypes import ST, TX
from hl7apy.consts import VALIDATION_LEVEL
from hl7apy.parser import parse_field, parse_message

_STRICT = VALIDATION_LEVEL.STRICT
_TYPES: dict[str, Any] = {"ST": ST, "TX": TX}


def validate(text: str) -> list[str]:
    """The names of the groups and segments at the top.  Raises: HL7apyException, or AssertionError."""
    found = parse_message("\r".join(map(_shown, text.split("\r"))), validation_level=_STRICT, find_groups=True)
    assert found.validate()
    return [child.name for child in found.children]


def _shown(line: str) -> str:
    fields = line.split("|")
    if fields[0] != "OBX":
        return line
    kind, value = fields[2], fields[5]
    if kind == "CWE":
        parse_field(value, "SPM_4", version="2.5.1", validation_level=_STRICT)  # a field that is always a CWE
        return line
    _TYPES[kind](value, validation_level=_STRICT)
    return "|".join([*fields[:5], value if len(value) <= 199 else "(longer)", *fields[6:]])
