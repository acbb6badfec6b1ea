"""What a hospital learns from its own stable patients: proposed, activated by a named person, reversible.

Kept in a file of its own, apart from the model.  The correction is one number on the root of the dose: the median
residual of the hospital's patients, shrunken by n/(n + 10); below ten patients there is none.  It never moves a dose by
more than 15 %, and the uncalibrated dose always stands beside it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from math import isclose, sqrt
from pathlib import Path
from statistics import fmean, median
from typing import Any, Final

from starling.errors import InputError
from starling.prediction import Local
from starling.values import asdict, dataclass, replace

SCHEMA: Final = "starling.calibration/1"
LEAST_PATIENTS: Final = 10
SHRINKAGE: Final = 10
#: no calibrated dose differs from the uncalibrated one by more than this share
BOUND: Final = 0.15
#: No dose, in whatever unit, is larger (ours): a slip of the pen.
LARGEST_DOSE: Final = 10_000.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """A stable patient of the hospital: the uncalibrated dose predicted, and the stable dose reached."""

    predicted: float
    actual: float


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the outcomes suggest; `before`, `after`: mean error, each patient judged without its own outcome."""

    patients: int
    shift: float
    before: float
    after: float

    @property
    def helps(self) -> bool:
        """Whether the back-test is better with the correction."""
        return self.after < self.before


@dataclass(frozen=True, slots=True)
class Activation:
    """A proposal that a named person made effective, or `shift` 0: took back.  `when`: as stated, ISO 8601."""

    by: str
    when: str
    shift: float
    patients: int


@dataclass(frozen=True, slots=True)
class Calibration:
    """A hospital's outcomes for one model and the history of what was activated; the last entry is in force."""

    model_sha256: str
    outcomes: tuple[Outcome, ...] = ()
    history: tuple[Activation, ...] = ()

    @property
    def active(self) -> Activation | None:
        """What is in force, if anything."""
        last = self.history[-1] if self.history else None
        return last if last is not None and last.shift else None

    def with_outcome(self, predicted: float, actual: float) -> Calibration:
        """With one more stable patient.  Raises: InputError when a dose is not above 0, or is no dose."""
        if not (_is_dose(predicted) and _is_dose(actual)):
            message = f"predicted and stable dose must be above 0, and at most {LARGEST_DOSE:g}"
            raise InputError("CALIBRATION_REFUSED", message)
        return replace(self, outcomes=(*self.outcomes, Outcome(predicted, actual)))

    def shift(self) -> float:
        """The correction of the root that the outcomes suggest; 0 below ten patients."""
        return _shift(self.outcomes) if len(self.outcomes) >= LEAST_PATIENTS else 0.0

    def propose(self) -> Proposal | None:
        """What the outcomes suggest; None below ten patients."""
        if len(self.outcomes) < LEAST_PATIENTS:
            return None
        left_out = [_shift([*self.outcomes[:at], *self.outcomes[at + 1 :]]) for at in range(len(self.outcomes))]
        before = fmean(abs(each.predicted - each.actual) for each in self.outcomes)
        after = fmean(
            abs(shifted(each.predicted, shift)[0] - each.actual)
            for each, shift in zip(self.outcomes, left_out, strict=True)
        )
        return Proposal(len(self.outcomes), self.shift(), before, after)

    def activate(self, *, by: str, when: str) -> Calibration:
        """With the proposal in force.  Raises: InputError without a name or a proposal, or if it does not help."""
        proposal = self.propose()
        if not by.strip():
            raise InputError("CALIBRATION_REFUSED", "a calibration is activated by a named person")
        if proposal is None:
            message = f"{len(self.outcomes)} stable patients; a proposal needs {LEAST_PATIENTS}"
            raise InputError("CALIBRATION_REFUSED", message)
        if not proposal.helps:
            raise InputError("CALIBRATION_REFUSED", "the back-test is not better with the proposed correction")
        entry = Activation(by.strip(), when, proposal.shift, proposal.patients)
        return replace(self, history=(*self.history, entry))

    def revert(self, *, by: str, when: str) -> Calibration:
        """With nothing in force; the history remains.  Raises: InputError without a name or an activation."""
        if not by.strip() or self.active is None:
            raise InputError(
                "CALIBRATION_REFUSED", "a named person takes back what is in force; nothing is, or no name"
            )
        return replace(self, history=(*self.history, Activation(by.strip(), when, 0.0, len(self.outcomes))))

    def apply(self, dose: float) -> Local | None:
        """What is in force makes of a dose; None when nothing is."""
        active = self.active
        if active is None:
            return None
        calibrated, limited = shifted(dose, active.shift)
        return Local(dose, calibrated, active.patients, active.by, limited)


def shifted(dose: float, shift: float) -> tuple[float, bool]:
    """The dose with its root moved, within 15 % of itself, and whether that bound was reached."""
    moved = max(0.0, sqrt(dose) + shift) ** 2
    bounded = min(max(moved, dose * (1 - BOUND)), dose * (1 + BOUND))
    return bounded, bounded != moved


def _shift(outcomes: Sequence[Outcome]) -> float:
    count = len(outcomes)
    return count / (count + SHRINKAGE) * median(sqrt(each.actual) - sqrt(each.predicted) for each in outcomes)


def dump(calibration: Calibration) -> str:
    """The text of a calibration file."""
    return json.dumps({"schema": SCHEMA, **asdict(calibration)}, indent=1, ensure_ascii=False) + "\n"


def parse(text: str, *, source: str) -> Calibration:
    """The calibration that `dump` wrote.  Raises: InputError (CALIBRATION_REFUSED) when the text is not one."""
    try:
        data = json.loads(text)
        if data["schema"] != SCHEMA:
            raise ValueError(f"schema is not {SCHEMA}")
        outcomes = tuple(_outcome(row) for row in data["outcomes"])
        history = tuple(_activation(row, outcomes) for row in data["history"])
        _check_order(outcomes, history)
        return Calibration(str(data["model_sha256"]), outcomes, history)
    except (ValueError, KeyError, TypeError, ArithmeticError, RecursionError) as error:
        raise InputError("CALIBRATION_REFUSED", f"is not a calibration file ({error})", source=source) from error


def _is_dose(number: float) -> bool:
    return 0 < number <= LARGEST_DOSE


def _outcome(row: Mapping[str, Any]) -> Outcome:
    found = Outcome(float(row["predicted"]), float(row["actual"]))
    if not (_is_dose(found.predicted) and _is_dose(found.actual)):
        raise ValueError("a dose is not above 0, or is no dose")
    return found


def _activation(row: Mapping[str, Any], outcomes: Sequence[Outcome]) -> Activation:
    """An entry of the history that follows from the outcomes of the file: outcomes are added, never taken away."""
    by, when, patients = row["by"], row["when"], row["patients"]
    if not (isinstance(by, str) and by.strip() and isinstance(when, str)) or type(patients) is not int:
        raise ValueError("an entry of the history does not say by whom, when, and from how many patients")
    found = Activation(by, when, float(row["shift"]), patients)
    _check_day(when)
    if not 0 <= patients <= len(outcomes):
        raise ValueError(f"the history counts {patients} patients, and the file has {len(outcomes)}")
    follows = _shift(outcomes[:patients]) if patients >= LEAST_PATIENTS else 0.0
    if found.shift and not isclose(found.shift, follows, rel_tol=1e-9, abs_tol=1e-9):
        raise ValueError(f"the correction {found.shift:g} does not follow from its {patients} patients")
    return found


def _check_day(when: str) -> None:
    """Raises: ValueError when the text is no date (ISO 8601)."""
    from datetime import datetime

    datetime.fromisoformat(when)


def _check_order(outcomes: Sequence[Outcome], history: Sequence[Activation]) -> None:
    """What a file of this program cannot hold: no outcome, fewer patients later, taking back what is not in force.

    Raises: ValueError.
    """
    if not outcomes:
        raise ValueError("it holds no outcome of a patient")
    counts = [entry.patients for entry in history]
    if counts != sorted(counts):
        raise ValueError("the history counts fewer patients later than before")
    before = [0.0, *(entry.shift for entry in history)]
    if any(not entry.shift and not last for entry, last in zip(history, before, strict=False)):
        raise ValueError("the history takes back what was not in force")


def read(path: Path) -> Calibration:
    """The calibration in a file.  Raises: InputError."""
    try:
        return parse(path.read_bytes().decode("utf-8"), source=path.name)
    except FileNotFoundError as error:
        raise InputError("FILE_NOT_FOUND", "no such calibration file", source=path.name) from error
    except OSError as error:
        raise InputError("FILE_UNREADABLE", f"cannot be read ({error.strerror})", source=path.name) from error
    except UnicodeDecodeError as error:
        raise InputError("CALIBRATION_REFUSED", "is not UTF-8 text", source=path.name) from error
