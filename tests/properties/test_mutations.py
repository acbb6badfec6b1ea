"""Files damaged at random: none makes the program crash, and what is certain is what the person is made of.

`bench/mutations.py` reads as many as there is time for; these five hundred are always the same.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from tests.simulators.mutations import KINDS, Judged, Mutation, judged, table

pytestmark = pytest.mark.untraced

SEED, FILES = 1, 500


@cache
def outcomes() -> tuple[Judged, ...]:
    """What came of every file."""
    return tuple(judged(Mutation(SEED, number)) for number in range(FILES))


def test_no_file_makes_the_program_crash() -> None:
    assert [
        (str(each.mutation), each.mutation.number, each.message) for each in outcomes() if each.end == "crash"
    ] == []


def test_nothing_certain_is_wrong() -> None:
    assert [
        f"{each.mutation} (number {each.mutation.number}): {'; '.join(each.wrong)}" for each in outcomes() if each.wrong
    ] == []


def test_what_is_whole_is_read_and_certain() -> None:
    """A program that refused everything would pass the other tests."""
    whole = [each for each in outcomes() if each.mutation.kind == "whole"]
    assert whole and all(each.end == "read" for each in whole)
    assert sum(each.right for each in whole) > 9 * sum(
        each.uncertain for each in whole if "unphased" not in str(each.mutation)
    )


def test_every_kind_of_damage_is_among_them() -> None:
    assert {each.mutation.kind for each in outcomes()} == set(KINDS)
    assert len(list(table(outcomes()))) == len(KINDS) + 2


@pytest.mark.parametrize("number", range(12))
def test_the_same_numbers_make_the_same_file(number: int, tmp_path: Path) -> None:
    made = []
    for turn in ("a", "b"):
        (tmp_path / turn).mkdir()
        paths = Mutation(SEED, number).write(tmp_path / turn)
        made.append([(path.name, path.read_bytes()) for path in paths])
    assert made[0] == made[1]
