"""One assessment as published data, and the way back."""

from __future__ import annotations

from starling.assessment import Assessment
from starling.serial.decoding import assessment_from
from starling.serial.encoding import assessment_fields
from starling.serial.fields import Fields


def to_jsonable(assessment: Assessment) -> dict[str, object]:
    """The published object of one assessment as plain dictionaries, lists, texts and numbers."""
    return assessment_fields(assessment)


def from_jsonable(data: object, *, source: str | None = None) -> Assessment:
    """The assessment that a published object states, equal to the one it was made from.

    The digest is not recomputed; `starling.report.document.parse` does.
    Raises: InputError (BAD_JSON), the sender's, with the path of the field that is wrong.
    """
    fields = Fields(data, "assessment", source)
    assessment = assessment_from(fields)
    fields.done()
    return assessment
