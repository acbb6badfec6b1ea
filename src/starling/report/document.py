"""The published JSON: `{"schema": "starling.assessments/1", "assessments": [...]}`, exact and deterministic.

Each gene and each drug stands on a line of its own, so that two documents can be compared line by line.
The shape is published as JSON Schema in docs/reference/assessments.schema.json.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator
from typing import Final

from starling.assessment import Assessment
from starling.errors import InputError
from starling.serial.digest import result_digest
from starling.serial.document import from_jsonable, to_jsonable
from starling.serial.fields import Fields

SCHEMA: Final = "starling.assessments/1"

#: Written as escapes, which read back the same: what steers a terminal, or turns the direction of the text around it.
_STEERING: Final = "[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]"
_ENCODER: Final = json.JSONEncoder(check_circular=False, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def document(assessments: Iterable[Assessment]) -> str:
    """The whole published document, one gene or drug a line, ending in a line feed."""
    return "".join(document_parts(assessments))


def document_parts(assessments: Iterable[Assessment]) -> Iterator[str]:
    """The document in parts that follow one another, so that many people need not be held at once."""
    return framed(SCHEMA, "assessments", map(_spread, assessments))


def framed(schema: str, key: str, items: Iterable[str]) -> Iterator[str]:
    """A document of one list, an item a line, in parts; `items` are JSON already.

    Nothing is written before the first item is there: where it is an error, no half document stands on the screen.
    """
    opening = f'{{"schema":{_ENCODER.encode(schema)},{_ENCODER.encode(key)}:['
    before = opening + "\n"
    for item in items:
        yield before + item
        opening, before = "", ",\n"
    yield opening + "\n]}\n"


def json_line(assessment: Assessment) -> str:
    """One assessment on one line, ending in a line feed (JSON Lines)."""
    return to_json(assessment) + "\n"


def to_json(assessment: Assessment) -> str:
    """One assessment as one line of JSON, without a line feed; nothing in it steers a terminal."""
    return encoded(to_jsonable(assessment))


def encoded(value: object) -> str:
    """JSON on one line; nothing in it steers a terminal."""
    return printable(_ENCODER.encode(value))


def printable(text: str) -> str:
    """JSON with what steers a terminal written as escapes, which read back the same."""
    return text if text.isprintable() else re.sub(_STEERING, lambda found: f"\\u{ord(found[0]):04x}", text)


def from_json(text: str, *, source: str | None = None) -> Assessment:
    """The one assessment that `text` holds, alone or in a document.

    Raises: InputError (BAD_JSON), the sender's: as `parse`, or the text holds none or several.
    """
    assessments = parse(text, source=source)
    if len(assessments) != 1:
        raise InputError("BAD_JSON", f"one assessment expected, {len(assessments)} found", source=source)
    return assessments[0]


def parse(text: str, *, source: str | None = None) -> tuple[Assessment, ...]:
    """The assessments of a document, or of JSON Lines; every stated digest was found to be true.

    Raises: InputError (BAD_JSON), the sender's: not JSON, another schema, a field wrong, missing or unknown, or a
    digest that its content does not have (the document was changed after it was written).
    """
    return tuple(_checked(item, source) for item in _items(text, source))


def _spread(assessment: Assessment) -> str:
    """One assessment, each gene and drug on a line of its own.

    A quotation mark inside a text is always escaped, so these openings cannot stand in one.
    """
    return to_json(assessment).replace('{"gene":', '\n{"gene":').replace('{"drug":', '\n{"drug":')


def _items(text: str, source: str | None) -> list[object]:
    try:
        whole = _load(text)
    except ValueError as error:
        lines = [line for line in text.split("\n") if line.strip()]
        if len(lines) < 2 or text.startswith('{"schema"'):
            raise InputError("BAD_JSON", f"not JSON: {error}", source=source) from error
        return [_line(line, number, source) for number, line in enumerate(lines, start=1)]
    if isinstance(whole, dict) and "schema" not in whole and "sample" in whole:
        return [whole]
    fields = Fields(whole, "document", source)
    if fields.take("schema") != SCHEMA:
        raise fields.wrong("schema", SCHEMA)
    items = fields.take("assessments")
    fields.done()
    if not isinstance(items, list):
        raise fields.wrong("assessments", "a list")
    return items


def _line(line: str, number: int, source: str | None) -> object:
    try:
        return _load(line)
    except ValueError as error:
        raise InputError("BAD_JSON", f"not JSON: {error}", source=source, line=number) from error


def _load(text: str) -> object:
    try:
        return json.loads(text, parse_constant=_refuse, parse_float=_finite, object_pairs_hook=_unique)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _refuse(constant: str) -> object:
    raise ValueError(f"{constant} is not a number of JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"{digits} is too large")
    return number


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    data = dict(pairs)
    if len(data) != len(pairs):
        raise ValueError("a field is stated twice")
    return data


def _checked(item: object, source: str | None) -> Assessment:
    assessment = from_jsonable(item, source=source)
    if isinstance(item, dict) and item["result_sha256"] != result_digest(item):
        raise InputError(
            "BAD_JSON", f"the content of {assessment.sample!r} does not have its result_sha256", source=source
        )
    return assessment
