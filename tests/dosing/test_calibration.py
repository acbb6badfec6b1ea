"""Local calibration: off below ten patients, proposed, activated by a named person, bounded, reversible."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from math import sqrt
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from starling.assessment import Assessment
from starling.dosing.calibration import BOUND, Calibration, dump, parse, read, shifted
from starling.dosing.model import bundled
from starling.errors import InputError
from starling.report.dose import render
from starling.runtime.bundle import Bundle
from tests.dosing.people import ADULT, dose

WHEN = "2025-01-01T00:00:00+00:00"


def hospital(count: int, shift: float = 0.5, model: str = "m") -> Calibration:
    """A hospital whose patients need more than predicted."""
    generator, found = random.Random("hospital"), Calibration(model)
    for _ in range(count):
        predicted = generator.uniform(15, 50)
        found = found.with_outcome(predicted, (sqrt(predicted) + shift + generator.gauss(0, 0.2)) ** 2)
    return found


def test_below_ten_patients_there_is_no_proposal_and_nothing_to_activate() -> None:
    small = hospital(9)
    assert small.propose() is None and small.shift() == 0.0
    with pytest.raises(InputError) as caught:
        small.activate(by="Dr Hahn", when=WHEN)
    assert caught.value.code == "CALIBRATION_REFUSED"


def test_a_proposal_is_shrunken_and_tested_without_the_patient_judged() -> None:
    proposal = hospital(20).propose()
    assert proposal is not None and proposal.helps
    assert 20 / 30 * 0.4 < proposal.shift < 20 / 30 * 0.6
    assert proposal.after < proposal.before


def test_nothing_is_in_force_until_a_named_person_activates_it() -> None:
    proposed = hospital(20)
    assert proposed.active is None and proposed.apply(30.0) is None
    with pytest.raises(InputError):
        proposed.activate(by="  ", when=WHEN)
    active = proposed.activate(by="Dr Hahn", when=WHEN)
    local = active.apply(30.0)
    assert local is not None
    assert (local.uncalibrated, local.patients, local.activated_by) == (30.0, 20, "Dr Hahn")
    assert 30.0 < local.calibrated <= 30.0 * (1 + BOUND)


def test_more_outcomes_change_nothing_until_activated_again() -> None:
    active = hospital(20).activate(by="Dr Hahn", when=WHEN)
    later = active
    for _ in range(30):
        later = later.with_outcome(30.0, 20.0)
    assert later.apply(30.0) == active.apply(30.0)


def test_it_can_be_taken_back_and_the_history_remains() -> None:
    back = hospital(20).activate(by="Dr Hahn", when=WHEN).revert(by="Dr Lee", when=WHEN)
    assert back.active is None and back.apply(30.0) is None
    assert [entry.by for entry in back.history] == ["Dr Hahn", "Dr Lee"]
    with pytest.raises(InputError):
        back.revert(by="Dr Lee", when=WHEN)


def test_a_correction_that_does_not_help_cannot_be_activated() -> None:
    same = Calibration("m")
    for number in range(20):
        same = same.with_outcome(30.0, 36.0 if number % 2 else 25.0)
    proposal = same.propose()
    assert proposal is not None and not proposal.helps
    with pytest.raises(InputError):
        same.activate(by="Dr Hahn", when=WHEN)


@given(st.floats(1, 200), st.floats(-20, 20))
def test_no_dose_moves_by_more_than_fifteen_per_cent(predicted: float, shift: float) -> None:
    moved, limited = shifted(predicted, shift)
    assert predicted * (1 - BOUND) - 1e-9 <= moved <= predicted * (1 + BOUND) + 1e-9
    assert limited == (max(0.0, sqrt(predicted) + shift) ** 2 != moved)


def test_a_file_is_read_as_it_was_written() -> None:
    kept = hospital(12).activate(by="Dr Hahn", when=WHEN)
    assert parse(dump(kept), source="site.json") == kept


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"schema": "starling.calibration/1", "model_sha256": "m", "outcomes": [{}], "history": []}',
     '{"schema": "starling.calibration/1", "model_sha256": "m", "outcomes": [{"predicted": -1, "actual": 3}],'
     ' "history": []}',
     '{"schema": "starling.calibration/1", "model_sha256": "m", "outcomes": [],'
     ' "history": [{"by": "x", "when": "y", "shift": NaN, "patients": 20}]}'],
)  # fmt: skip
def test_a_file_of_another_shape_is_refused(text: str) -> None:
    with pytest.raises(InputError) as caught:
        parse(text, source="site.json")
    assert caught.value.code == "CALIBRATION_REFUSED"


@pytest.mark.parametrize("doses", [(0.0, 30.0), (30.0, -1.0), (float("nan"), 30.0), (30.0, float("inf"))])
def test_an_impossible_outcome_is_refused(doses: tuple[float, float]) -> None:
    with pytest.raises(InputError):
        Calibration("m").with_outcome(*doses)


@pytest.mark.usefixtures("runtime")
def test_the_uncalibrated_dose_stands_beside_the_calibrated_one(person: Callable[..., Assessment]) -> None:
    sha256 = Bundle.read(bundled("warfarin")).sha256
    plain = dose("warfarin", person(), ADULT)
    proposed = hospital(20, model=sha256)
    assert dose("warfarin", person(), ADULT, calibration=proposed).value == plain.value
    found = dose("warfarin", person(), ADULT, calibration=proposed.activate(by="Dr Hahn", when=WHEN))
    assert found.local is not None
    assert found.local.uncalibrated == plain.value < found.value == found.local.calibrated


@pytest.mark.usefixtures("runtime")
def test_what_was_learned_with_another_model_is_not_used(person: Callable[..., Assessment]) -> None:
    other = hospital(20, model="another").activate(by="Dr Hahn", when=WHEN)
    found = dose("warfarin", person(), ADULT, calibration=other)
    assert found.local is None
    assert found.notices[0].code == "CALIBRATION_OTHER_MODEL"


def changed(text: str, **entry: object) -> str:
    """A file of calibration with another last entry of its history."""
    data = json.loads(text)
    data["history"][-1] |= entry
    return json.dumps(data)


@pytest.mark.parametrize(
    "entry",
    [{"shift": 1e200}, {"shift": 0.3}, {"patients": float("inf")}, {"patients": 500}, {"patients": 12.5},
     {"patients": -1}, {"by": ""}, {"by": None}, {"when": 3}],
)  # fmt: skip
def test_a_history_that_does_not_follow_from_the_outcomes_is_refused(entry: dict[str, object]) -> None:
    text = dump(hospital(12).activate(by="Dr Hahn", when=WHEN))
    assert parse(text, source="site.json").active is not None
    with pytest.raises(InputError) as caught:
        parse(changed(text, **entry), source="site.json")
    assert caught.value.code == "CALIBRATION_REFUSED"


def test_a_correction_without_outcomes_is_refused() -> None:
    data = json.loads(dump(hospital(12).activate(by="Dr Hahn", when=WHEN)))
    with pytest.raises(InputError):
        parse(json.dumps(data | {"outcomes": []}), source="site.json")


def test_a_file_without_any_outcome_is_refused() -> None:
    for history in ([], [{"by": "x", "when": WHEN, "shift": 0, "patients": 0}]):
        text = json.dumps({"schema": "starling.calibration/1", "model_sha256": "m", "outcomes": [], "history": history})
        with pytest.raises(InputError, match="no outcome") as caught:
            parse(text, source="site.json")
        assert caught.value.code == "CALIBRATION_REFUSED"


def test_a_history_that_this_program_cannot_have_written_is_refused() -> None:
    twice = hospital(12).activate(by="Dr Hahn", when=WHEN)
    for _ in range(8):
        twice = twice.with_outcome(30.0, 36.0)
    twice = twice.activate(by="Dr Lee", when=WHEN)
    data = json.loads(dump(twice))
    assert parse(json.dumps(data), source="site.json") == twice
    taken_back = {"by": "x", "when": WHEN, "shift": 0.0, "patients": 12}
    first, second = data["history"]
    for history in ([second, first], [taken_back, first], [first, {**taken_back, "when": "yesterday"}]):
        with pytest.raises(InputError):
            parse(json.dumps(data | {"history": history}), source="site.json")


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"\xff\xfe{}", "CALIBRATION_REFUSED"), (None, "FILE_UNREADABLE"), (b"", "CALIBRATION_REFUSED")],
)
def test_what_cannot_be_read_says_why(content: bytes | None, code: str, tmp_path: Path) -> None:
    place = tmp_path / "site.json"
    if content is None:
        place.mkdir()
    else:
        place.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read(place)
    assert caught.value.code == code


def test_a_file_nested_without_end_is_refused() -> None:
    with pytest.raises(InputError):
        parse("[" * 5000, source="site.json")


@pytest.mark.usefixtures("runtime")
def test_the_name_of_who_activated_it_cannot_steer_the_terminal(person: Callable[..., Assessment]) -> None:
    sha256 = Bundle.read(bundled("warfarin")).sha256
    active = hospital(20, model=sha256).activate(by="Dr \x1b[2J\x9b Hahn", when=WHEN)
    shown = render(dose("warfarin", person(), ADULT, calibration=active), sample="A\x1b[2J")
    assert "\x1b" not in shown and "\x9b" not in shown
    assert "Hahn" in shown
