"""What leaves the site gives no small count away, and every frequency has its interval."""

from __future__ import annotations

import random
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from starling.summary import ALL, Cell, Protection, Whole
from tests.disclosure import Attack, possible


def test_the_interval_is_that_of_wilson() -> None:
    """The worked example of a proportion of 81 of 263.  Source: Newcombe 1998, Stat Med 17:857-872, table I."""
    low, high = Cell("", "", ALL, "", 81, 263).interval or (0.0, 0.0)
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)


@given(st.integers(2, 40), st.integers(0, 10_000), st.integers(0, 10_000), st.integers(0, 99))
def test_no_small_count_is_given(least: int, people: int, others: int, secret: int) -> None:
    protection, whole = Protection(least, str(secret)), Whole(people + others, "members")
    shown = protection.count(people, whole, "an item")
    assert shown is None or (people >= least and shown % least == 0 and shown <= protection.total(whole))
    low, high = possible(shown, protection.total(whole), whole.people, least, least - 1)
    assert low <= people <= high
    assert high - low >= min(least - 1, whole.people)


def test_without_a_least_cell_counts_are_exact() -> None:
    assert [Protection(0).count(people, Whole(5, "")) for people in (0, 1, 5)] == [0, 1, 5]


def test_nobody_and_a_few_look_alike_and_so_do_all_and_almost_all() -> None:
    protection, whole = Protection(10, "secret"), Whole(200, "members")
    assert {protection.count(people, whole, str(item)) for people in range(10) for item in range(20)} == {None}
    total = protection.total(whole)
    assert {protection.count(200 - few, whole, str(item)) for few in range(10) for item in range(20)} == {total}


def test_the_same_question_has_the_same_answer_and_other_people_another() -> None:
    protection = Protection(10, "secret")
    again = {protection.count(65, Whole(200, "members"), "an item") for _ in range(5)}
    assert len(again) == 1
    assert {protection.count(65, Whole(200, str(members)), "an item") for members in range(50)} == {60, 70}


class Still(Protection):
    """The same rounding and thresholds, which never move: what this project had before it knew this attack."""

    def _moves(self, _whole: Whole, _what: tuple[str, ...]) -> tuple[int, int, int]:
        return (0, 0, 0)


def _said_of_one(seed: int, protection: Protection, noise: int) -> tuple[int, int]:
    """What two releases say of the one person who moves between two groups: whether they have their own result.

    The attacker knows how large every group is, and who moved.
    """
    rng = random.Random(seed)
    items = range(rng.choice([2, 3, 5, 9]))
    people = rng.choices(items, [rng.choice([1, 5, 20]) for _ in items], k=90)
    cut, attack = rng.randint(31, 59), Attack()
    groups = {ALL: [*range(90)], "with": [*range(cut)], "rest": [*range(cut, 90)]}
    groups |= {"less": groups["with"][1:], "more": [0, *groups["rest"]]}
    for group, members in groups.items():
        whole = Whole(len(members), f"{seed} {group}")
        counts = Counter(people[one] for one in members)
        for item in items:
            shown = protection.count(counts[item], whole, str(item))
            attack.bounds[group, item] = possible(shown, protection.total(whole), len(members), 10, noise)
        attack.equal([(group, item) for item in items], more=len(members))
    sums = ((ALL, "with", "rest"), (ALL, "less", "more"), ("with", "less", "one"), ("more", "rest", "one"))
    for item in items:
        attack.bounds["one", item] = (0, 1)
        for whole_group, *parts in sums:
            attack.equal([(whole_group, item)], [(part, item) for part in parts])
    attack.equal([("one", item) for item in items], more=1)
    return attack.tightened()["one", people[0]]


def test_attack_differences_of_two_releases_about_nested_groups() -> None:
    """Whatever sums are put together, nobody's result follows from them."""
    for seed in range(400):
        assert _said_of_one(seed, Protection(10, str(seed)), noise=9) == (0, 1)


def test_the_attack_finds_what_standing_thresholds_give_away() -> None:
    """A control: against rounding that does not move, the same attacker reads the results of single people."""
    assert any(_said_of_one(seed, Still(10), noise=0) == (1, 1) for seed in range(400))
