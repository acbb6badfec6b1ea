"""What a laboratory states of a report that it signs: checked here, shown on the first page."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from starling.errors import InputError

SIGNING_KEYS: Final = (
    "accession",
    "method",
    "laboratory",
    "interpreted_by",
    "reviewed_by",
    "reported",
    "status",
    "replaces",
)
#: How far a report is.  Source: HL7 FHIR R4, value set diagnostic-report-status.
STATUSES: Final = ("preliminary", "final", "amended")
_DAY: Final = r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
#: A result digest as reports print it: whole, or its first twelve digits.
_DIGEST: Final = r"[0-9a-f]{12}|[0-9a-f]{64}"


def check_signing(subject: Mapping[str, str]) -> None:
    """Passes when what signs the report can be read as what it says.

    Raises: InputError, the sender's: an unknown status, a date that is no day, a digest that is none, or one that is
    replaced by a report that is not amended.
    """
    status, reported, replaces = (subject.get(key, "") for key in ("status", "reported", "replaces"))
    if status and status not in STATUSES:
        raise _refused(f"status={status!r} is none of: {', '.join(STATUSES)}")
    if reported and not re.fullmatch(_DAY, reported):
        raise _refused(f"reported={reported!r} is not a day as YYYY-MM-DD")
    if replaces and not re.fullmatch(_DIGEST, replaces):
        raise _refused(f"replaces={replaces!r} is not a result digest (12 or 64 digits of 0-9a-f)")
    if replaces and status != "amended":
        raise _refused("replaces names an earlier result, so the status must be amended")


def _refused(message: str) -> InputError:
    return InputError("BAD_OPTION", message, source="--subject")
