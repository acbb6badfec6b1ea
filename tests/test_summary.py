"""What leaves the site gives no small count away, and every frequency has its interval."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from starling.summary import ALL, Cell, Protection


def test_the_interval_is_that_of_wilson() -> None:
    """The worked example of a proportion of 81 of 263.  Source: Newcombe 1998, Stat Med 17:857-872, table I."""
    low, high = Cell("", "", ALL, "", 81, 263).interval or (0.0, 0.0)
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)


@given(st.integers(2, 40), st.integers(0, 10_000))
def test_no_small_count_is_given(least: int, people: int) -> None:
    shown = Protection(least).count(people)
    assert (shown is None) == (0 < people < least)
    assert shown is None or abs(shown - people) <= least / 2


@given(st.integers(1, 9), st.lists(st.integers(10, 500), min_size=1, max_size=6))
def test_attack_subtracting_the_shown_cells_from_the_total(secret: int, others: list[int]) -> None:
    """What remains after subtraction leaves several counts possible, below and above what was withheld."""
    protection = Protection(10)
    total = protection.total(secret + sum(others))
    shown = [protection.count(count) or 0 for count in others]
    slack = protection.base / 2 * (1 + len(shown))  # each number may be off by half a base
    rest = total - sum(shown)
    possible = [count for count in range(1, 10) if rest - slack <= count <= rest + slack]
    assert secret in possible
    assert len(possible) >= 3
