"""Doses, conditions and numbers in words that cannot be misread.

Source: ISMP list of error-prone abbreviations, symbols and dose designations; FDA/ISMP: 0.5 mg, never .5 or 5.0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Final

from starling.assessment import Condition, Dose, Recommendation
from starling.definitions import action_words
from starling.notices import CONDITION_DECIDED

_BASIS: Final[Mapping[str, str]] = {
    "starting": "starting dose",
    "daily": "daily dose",
    "maximum": "maximum dose",
    "maintenance": "maintenance dose",
    "target": "target dose",
    "single": "single dose",
    "interval": "number of doses",
    "calculated": "calculated dose",
}
#: what a stated amount means, by basis; `{}` is the amount
_AMOUNT: Final[Mapping[str, str]] = {
    "starting": "start with {}",
    "maintenance": "maintain with {}",
    "target": "aim for {}",
    "single": "{} per dose",
    "maximum": "at most {}",
}
#: a unit that counts doses: `doses/day`
_COUNTED: Final = "doses/"


def number(value: float | Fraction) -> str:
    """The shortest exact decimal: a zero before the point, none at the end, no separators.

    >>> number(5.0), number(0.5), number(1200)
    ('5', '0.5', '1200')
    """
    exact = Fraction(str(value))
    decimal = Decimal(exact.numerator) / Decimal(exact.denominator)
    text = f"{decimal:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def percent(factor: float) -> str:
    """A factor of the usual dose as a percentage.

    >>> percent(0.07)  # exact, not 7.000000000000001
    '7%'
    """
    return f"{number(Fraction(str(factor)) * 100)}%"


def dose_text(dose: Dose) -> str:
    """One structured dose as a phrase that a prescriber can act on.

    >>> dose_text(Dose(basis="starting", factor=0.5))
    '50% of the usual starting dose'
    >>> dose_text(Dose(basis="maximum", max=20, unit="mg/day"))
    'at most 20 mg/day'
    """
    if dose.text:
        return dose.text
    if dose.value is not None:
        amount = _amount(dose.value, dose.unit)
        return _AMOUNT.get(dose.basis, "{}").format(amount)
    if dose.max is not None:
        return _limit(dose)
    return _relative(dose)


def doses_text(doses: Sequence[Dose]) -> str:
    """All doses of one advice, in the order of the source; empty when there is none."""
    return "; ".join(dose_text(dose) for dose in doses)


def with_dose(row: Recommendation) -> str:
    """What the row says; with its dose where what was stated decided it in words without a number."""
    said = row.advice.summary
    decided = any(note.code == CONDITION_DECIDED for note in row.notes)
    if not decided or not row.advice.dose or any(letter.isdigit() for letter in said.partition(":")[2]):
        return said
    return f"{said.rstrip('.')}; {doses_text(row.advice.dose)}."


def condition_text(condition: Condition) -> str:
    """What to do when `condition.when` holds, as one line; an action that the condition ends in is not said again.

    >>> condition_text(Condition("too little relief: raise the dose", "increase_dose"))
    'too little relief: raise the dose'
    """
    when, action = condition.when.strip().rstrip(".:;"), action_words(condition.action)
    parts = ["" if when.casefold().endswith(action) else action, doses_text(condition.dose)]
    if condition.alternatives:
        parts.append("instead: " + ", ".join(condition.alternatives))
    said = "; ".join(part for part in parts if part)
    return f"{when}: {said}" if said else when


def _amount(value: float, unit: str | None) -> str:
    unit = unit or ""
    period = unit.removeprefix(_COUNTED)
    if unit.startswith(_COUNTED) and period.isalnum():
        return f"{number(value)} {'dose' if value == 1 else 'doses'} per {period}"
    return f"{number(value)} {unit.replace('µg', 'mcg')}".rstrip()


def _limit(dose: Dose) -> str:
    amount = f"at most {_amount(dose.max or 0, dose.unit)}"
    match dose.basis:
        case "starting":
            return f"start with {amount}"
        case "single":
            return f"{amount} per dose"
        case _:
            return amount


def _relative(dose: Dose) -> str:
    usual = f"the usual {_BASIS.get(dose.basis, dose.basis)}"
    low, high = dose.factor_min, dose.factor_max
    if dose.factor is not None:
        return usual if dose.factor == 1 else f"{percent(dose.factor)} of {usual}"
    if low is not None and high is not None:
        return f"{percent(low)} to {percent(high)} of {usual}"
    if high is not None:
        return f"at most {percent(high)} of {usual}"
    if low is not None:
        return f"at least {percent(low)} of {usual}"
    return usual
