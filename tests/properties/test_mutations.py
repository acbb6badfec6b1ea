"""Files damaged at random: none makes the program crash, and what is certain is what the person is made of.

`bench/mutations.py` reads as many as there is time for; these five hundred are always the same.
"""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from tests.simulators.mutations import KINDS, Judged, Mutation, judged, table

SEED, FILES = 1, 500
#: Kinds of damage after which something certain is still wrong: in how many of these files at most, and why.  A number
#: may fall, never rise; a kind that has none left is taken out.
KNOWN: dict[str, tuple[int, str]] = {
    "swapped_alleles": (9, "where a site's reference on GRCh37 is not published, a record's REF is believed"),
    "displaced": (3, "on GRCh37 as above; a reference block that ends one base further covers the next site"),
    "lifted": (3, "the reference of GRCh37 at a site, told by a block of GRCh38 that does not state its bases"),
}


@cache
def outcomes() -> tuple[Judged, ...]:
    """What came of every file."""
    return tuple(judged(Mutation(SEED, number)) for number in range(FILES))


def test_no_file_makes_the_program_crash() -> None:
    assert [
        (str(each.mutation), each.mutation.number, each.message) for each in outcomes() if each.end == "crash"
    ] == []


def test_nothing_certain_is_wrong_but_what_is_known() -> None:
    wrong = Counter(each.mutation.kind for each in outcomes() if each.wrong)
    told = [
        f"{each.mutation} (number {each.mutation.number}): {'; '.join(each.wrong)}" for each in outcomes() if each.wrong
    ]
    assert {kind: files for kind, files in wrong.items() if files > KNOWN.get(kind, (0, ""))[0]} == {}, told


def test_what_is_whole_is_read_and_certain() -> None:
    """A program that refused everything would pass the other tests."""
    whole = [each for each in outcomes() if each.mutation.kind == "whole"]
    assert whole and all(each.end == "read" for each in whole)
    assert sum(each.right for each in whole) > 9 * sum(
        each.uncertain for each in whole if "unphased" not in str(each.mutation)
    )


def test_every_kind_of_damage_is_among_them() -> None:
    assert {each.mutation.kind for each in outcomes()} == set(KINDS) >= set(KNOWN)
    assert len(list(table(outcomes()))) == len(KINDS) + 3


@pytest.mark.parametrize("number", range(12))
def test_the_same_numbers_make_the_same_file(number: int, tmp_path: Path) -> None:
    made = []
    for turn in ("a", "b"):
        (tmp_path / turn).mkdir()
        paths = Mutation(SEED, number).write(tmp_path / turn)
        made.append([(path.name, path.read_bytes()) for path in paths])
    assert made[0] == made[1]
