"""What people write freely, without what names a patient: the audit log can never forget it."""

from __future__ import annotations

import re

from starling.node.values import Patient


def unnamed(text: str, patient: Patient | None) -> str:
    """The text with everything blotted out that says who the patient is."""
    if patient is None:
        return text
    names = (patient.identifier, patient.second_identifier, patient.birth_date, patient.name, *patient.name.split())
    for each in sorted(filter(lambda name: len(name) > 1, names), key=len, reverse=True):
        text = re.sub(re.escape(each), "[...]", text, flags=re.IGNORECASE)
    return text
