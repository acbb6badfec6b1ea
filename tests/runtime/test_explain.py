"""Shapley values are exact: they add up, ignore what does nothing, and equal the average over all orders."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from math import factorial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from starling.dosing.model import bundled
from starling.runtime.bundle import Bundle
from starling.runtime.explain import MOST_FACTORS, shapley
from starling.runtime.inputs import Factors, reference

NAMES = "abcdef"
NUMBERS = st.lists(st.floats(-50, 50), min_size=len(NAMES), max_size=len(NAMES))


def bumpy(batch: Sequence[Factors]) -> list[float]:
    """A function with interactions of every order."""
    found = []
    for each in batch:
        a, b, c, d, e, _ = (float(each[name]) for name in NAMES)
        found.append(a * b - c * c + abs(d) * (e + 1) + a * c * e / 10)
    return found


@given(NUMBERS, NUMBERS)
def test_amounts_add_up_to_the_difference(values: list[float], typical: list[float]) -> None:
    here, there = dict(zip(NAMES, values, strict=True)), dict(zip(NAMES, typical, strict=True))
    start, end, amounts = shapley(bumpy, here, there)
    assert start == bumpy([there])[0] and end == bumpy([here])[0]
    assert abs(start + sum(amounts.values()) - end) <= 1e-9 * max(1.0, abs(start), abs(end))
    assert amounts["f"] == 0.0


@given(NUMBERS)
def test_amounts_are_the_average_over_all_orders(values: list[float]) -> None:
    here, there = dict(zip(NAMES, values, strict=True)), dict.fromkeys(NAMES, 1.0)
    total = dict.fromkeys(NAMES[:4], 0.0)
    for order in permutations(NAMES[:4]):
        now = {**here, **{name: there[name] for name in NAMES[:4]}}
        for name in order:
            before = bumpy([now])[0]
            now[name] = here[name]
            total[name] += (bumpy([now])[0] - before) / factorial(4)
    part = {name: there[name] for name in NAMES[:4]}
    _, _, amounts = shapley(lambda batch: bumpy([{**here, **each} for each in batch]), here, part)
    assert amounts == pytest.approx(total, abs=1e-8)


def test_too_many_factors_are_refused_not_sampled() -> None:
    many = {str(number): 0.0 for number in range(MOST_FACTORS + 1)}
    with pytest.raises(ValueError, match="too many"):
        shapley(lambda batch: [0.0] * len(batch), many, many)


@pytest.mark.usefixtures("runtime")
def test_additivity_holds_for_the_model_itself() -> None:
    bundle = Bundle.read(bundled("warfarin")).load()
    typical = reference(bundle.tabular.inputs)
    for factors in [each.inputs for each in bundle.golden()[:8]]:
        start, end, amounts = shapley(bundle.predict, factors, typical)
        assert len(amounts) == 10
        assert abs(start + sum(amounts.values()) - end) <= 1e-9
