"""Split-conformal coverage, outward rounding, and adaptation to a hospital."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from starling.runtime.interval import Bin, Table, adapted_miscoverage, conformal_quantiles

LEVELS = (0.01, 0.025, 0.05, 0.1, 0.2, 0.8, 0.9, 0.95, 0.975, 0.99)


def table_from(residuals: list[float], coverage: float = 0.9) -> Table:
    row = Bin(1000.0, conformal_quantiles(residuals, LEVELS))
    return Table("identity", coverage, LEVELS, (row,), "")


@pytest.mark.parametrize("skew", [1.0, 2.0])
def test_a_new_exchangeable_patient_is_covered_as_often_as_promised(skew: float) -> None:
    generator = random.Random(f"coverage {skew}")
    hits = rounds = 0
    for _ in range(400):
        draws = [generator.expovariate(1.0) ** skew for _ in range(129)]
        table = table_from(draws[:99])
        for new in draws[99:]:
            low, high = table.interval(100.0)
            hits += low <= 100.0 + new <= high
            rounds += 1
    assert 0.885 <= hits / rounds <= 0.93


@given(st.lists(st.floats(-100, 100), min_size=25, max_size=200), st.floats(0.02, 0.4))
def test_intervals_hold_at_least_their_share_of_the_calibration_patients(residuals: list[float], alpha: float) -> None:
    low, high = table_from(residuals).interval(1000.0, miscoverage=alpha)
    inside = sum(low - 1e-9 <= 1000.0 + residual <= high + 1e-9 for residual in residuals)
    assert inside >= (1 - alpha) * len(residuals) - 2


@given(st.lists(st.floats(-10, 10), min_size=30), st.floats(0.02, 0.4), st.floats(0.02, 0.4))
def test_asking_for_more_coverage_never_narrows(residuals: list[float], one: float, other: float) -> None:
    table = table_from(residuals)
    wide, narrow = (table.interval(50.0, miscoverage=alpha) for alpha in sorted((one, other)))
    assert wide[0] <= narrow[0] and narrow[1] <= wide[1]


@given(st.floats(1, 200), st.floats(0.02, 0.4))
def test_on_the_root_scale_a_dose_is_never_negative(dose: float, alpha: float) -> None:
    table = Table("root", 0.9, LEVELS, (Bin(1000.0, tuple(level * 20 - 10 for level in LEVELS)),), "")
    low, high = table.interval(dose, miscoverage=alpha)
    assert 0 <= low <= high


def test_each_range_of_predictions_has_its_own_width() -> None:
    rows = (Bin(20.0, tuple(level - 0.5 for level in LEVELS)), Bin(1000.0, tuple(9 * level - 4 for level in LEVELS)))
    table = Table("identity", 0.9, LEVELS, rows, "")
    small, large = table.interval(20.0), table.interval(20.1)
    assert small[1] - small[0] < large[1] - large[0]


def test_a_hospital_with_larger_errors_gets_wider_intervals_until_coverage_returns() -> None:
    generator = random.Random("hospital")
    table = table_from([generator.gauss(0, 1) for _ in range(999)])
    outcomes = [(50.0, 50.0 + generator.gauss(0, 1.4)) for _ in range(600)]
    missed = 0
    for number, (predicted, actual) in enumerate(outcomes[300:], 300):
        low, high = table.interval(predicted, miscoverage=adapted_miscoverage(table, outcomes[:number]))
        missed += not low <= actual <= high
    fixed = sum(not low <= actual <= high for (low, high), (_, actual) in
                ((table.interval(50.0), each) for each in outcomes[300:]))  # fmt: skip
    assert fixed / 300 > 0.18
    assert missed / 300 < 0.14


def test_without_outcomes_nothing_is_adapted() -> None:
    assert adapted_miscoverage(table_from([0.0] * 30), []) == pytest.approx(0.1)
