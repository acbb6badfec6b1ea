"""One assessment as published data, the way back, and the digest of the result."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Final

from starling.assessment import Assessment
from starling.serial.decoding import assessment_from
from starling.serial.encoding import assessment_fields
from starling.serial.fields import Fields

#: Left out of the result digest: when and how fast, and the digest itself.
UNDIGESTED: Final = frozenset({"run", "result_sha256"})

_CANONICAL: Final = json.JSONEncoder(ensure_ascii=True, allow_nan=False, separators=(",", ":"), sort_keys=True)


def to_jsonable(assessment: Assessment) -> dict[str, object]:
    """The published object of one assessment as plain dictionaries, lists, texts and numbers."""
    return assessment_fields(assessment)


def from_jsonable(data: object, *, source: str | None = None) -> Assessment:
    """The assessment that a published object states, equal to the one it was made from.

    The digest is not recomputed; `parse` does.
    Raises: InputError (BAD_JSON), the sender's, with the path of the field that is wrong.
    """
    fields = Fields(data, "assessment", source)
    assessment = assessment_from(fields)
    fields.done()
    return assessment


def result_digest(jsonable: Mapping[str, object]) -> str:
    """SHA-256 over the canonical JSON of one assessment without `run` and `result_sha256`, as lower-case hex.

    Canonical: keys sorted by code point, no white space, everything beyond ASCII escaped.
    """
    counted = {key: value for key, value in jsonable.items() if key not in UNDIGESTED}
    return hashlib.sha256(_CANONICAL.encode(counted).encode("ascii")).hexdigest()
