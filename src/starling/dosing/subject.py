"""One patient, whoever said it: what stands in the subject's data fills what was not stated for the dose.

Two statements that contradict each other are refused: one of them is a slip, and the dose hangs on it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from starling.dosing.program import Patient
from starling.errors import InputError
from starling.guidance.ancestry import KNOWN, Group, group_of
from starling.values import replace

#: field of the patient -> key of the subject
_NUMBERS: Final = {"age_years": "age", "height_cm": "height", "weight_kg": "weight"}
#: Statements may differ by so much: a birthday, rounding of a scale (ours).
_SAME: Final = {"age_years": 1.0, "height_cm": 1.0, "weight_kg": 1.0}


def filled(patient: Patient, subject: Mapping[str, str], *, today: str) -> Patient:
    """The patient with what the subject's data state; `today` (YYYY-MM-DD) turns a date of birth into an age.

    Of two ages within a year of each other the lower one counts: nobody under 18 becomes an adult by rounding.
    Raises: InputError BAD_OPTION, the sender's, when a number is none or two statements contradict each other.
    """
    found: dict[str, Any] = {}
    for name, key in _NUMBERS.items():
        told = [_number(subject[key], key)] if subject.get(key) else []
        if name == "age_years" and subject.get("birth_date"):
            told += _age_on(subject["birth_date"], today)
        stated = getattr(patient, name)
        values = [value for value in (stated, *told) if value is not None]
        if values and max(values) - min(values) > _SAME[name]:
            said = " and ".join(f"{value:g}" for value in values)
            raise InputError("BAD_OPTION", f"{key} is stated as {said}, which contradict each other", source="subject")
        found[name] = None if not values else min(values) if name == "age_years" else values[0]
    return replace(patient, ancestry=_ancestry(patient.ancestry, subject.get("ancestry")), **found)


def ancestry_group(stated: str | None) -> Group | None:
    """The group of a stated ancestry; None when nothing is stated.

    Raises: InputError BAD_OPTION for a word that nobody here knows: it would change the dose without a word.
    """
    if stated is None or not stated.strip():
        return None
    group = group_of(stated)
    if group is None:
        message = f"{stated.strip()!r} is not known; say {KNOWN}; or leave it out"
        raise InputError("BAD_OPTION", message, source="ancestry")
    return group


def _ancestry(stated: str | None, subject: str | None) -> str | None:
    one, other = ancestry_group(stated), ancestry_group(subject)
    if one is not None and other is not None and one != other:
        message = f"{str(stated).strip()!r} contradicts ancestry={str(subject).strip()} of the subject"
        raise InputError("BAD_OPTION", message, source="ancestry")
    return stated if one is not None else subject if other is not None else None


def _number(text: str, key: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InputError("BAD_OPTION", f"{text!r} is not a number", source=key) from None


def _age_on(birth_date: str, today: str) -> list[float]:
    """Whole years from a date of birth (YYYY-MM-DD); nothing from a date that is written otherwise."""
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", birth_date.strip()):
        return []
    born = birth_date.strip()
    return [float(int(today[:4]) - int(born[:4]) - (today[5:] < born[5:]))]
