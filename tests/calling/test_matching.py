"""The general rule on tables small enough to work out on paper (calling rules 2 to 9)."""

from __future__ import annotations

import pytest

from starling.calling import matching
from starling.calling.matching import MAX_COMPLETIONS, Match, match
from starling.calling.phasing import TooAmbiguousError
from starling.definitions import GeneDefinition
from tests.calling.support import definitions, seen_in, table_of, toy

TOY = toy(
    """
            101  102  103
    *1  N |  A    C    G
    *2  D |  T    .    .
    *3  I |  .    T    .
    *4  P |  T    T    .
    """
)


def matched(definition: GeneDefinition, changes: dict[int, str], *, keep_all: bool = False, **how: object) -> Match:
    return match(table_of(definition), seen_in(definition, changes, **how), keep_all=keep_all)


def best(found: Match) -> list[str]:
    return [str(each) for each in found.best]


def rest(found: Match) -> dict[str, str]:
    return {str(each.diplotype): each.why.value for each in found.consistent}


# Rule 3: score is the number of defined cells at present positions; the reference row counts every present position.
# Source: PharmCAT, "NamedAlleleMatcher 201", scoring.


def test_the_reference_row_wins_over_two_short_rows() -> None:
    found = matched(TOY, {101: "A/T", 102: "C/T"})
    assert best(found) == ["*1/*4"]
    assert rest(found) == {"*2/*3": "phase"}


def test_a_cell_that_states_the_reference_raises_the_score() -> None:
    definition = toy("1 2 3 4\n*1 N | A A A A\n*2 D | T A A A\n*3 D | . T A A\n*4 D | T T . .")
    assert best(matched(definition, {1: "A/T", 2: "A/T"})) == ["*2/*3"]  # 4 + 3 beats 4 + 2
    stated = toy("1 2 3 4\n*1 N | A A A A\n*2 D | T . . .\n*3 D | . T . .\n*4 D | T T . .")
    assert best(matched(stated, {1: "A/T", 2: "A/T"})) == ["*1/*4"]  # 4 + 2 beats 1 + 1


def test_equal_scores_are_all_reported_in_star_order() -> None:
    definition = toy("1 2\n*1 N | A C\n*10 D | T .\n*2 D | T .")
    assert best(matched(definition, {1: "A/T"})) == ["*1/*2", "*1/*10"]


def test_missing_positions_do_not_count() -> None:
    # With 103 missing both rows have one cell left, so they cannot be told apart.
    definition = toy("101 102 103\n*1 N | A C G\n*2 D | T . .\n*3 D | T . A")
    assert best(matched(definition, {101: "A/T"})) == ["*1/*2"]
    assert best(matched(definition, {101: "A/T", 103: "-"})) == ["*1/*2", "*1/*3"]
    assert best(matched(definition, {101: "A/T", 103: "G/A"})) == ["*1/*3"]


# Rule 2: a row left with no defined cell cannot be called, and is named.


def test_an_allele_without_a_cell_left_is_not_reported_but_named() -> None:
    found = matched(TOY, {102: "-"})
    assert best(found) == ["*1/*1"]
    assert found.cannot_exclude == ("*3",)
    assert rest(found) == {"*1/*3": "not_assayed", "*3/*3": "not_assayed"}


def test_an_allele_that_a_called_position_excludes_is_not_named() -> None:
    assert "*4" not in matched(TOY, {102: "-"}).cannot_exclude


def test_an_allele_that_may_hide_behind_a_called_one_is_both() -> None:
    found = matched(TOY, {101: "A/T", 102: "-"})
    assert best(found) == ["*1/*2", "*1/*4"]
    assert found.cannot_exclude == ("*3",)


# Rule 6: wobbles (PharmCAT: a wobble at which both haplotypes carry the reference does not count)

WOBBLE = toy("1 2\n*1 N | A C\n*2 D | T C/G\n*3 D | T .")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({1: "A/T"}, ["*1/*2", "*1/*3"]),  # 2 is C/C: the wobble of *2 says nothing
        ({1: "A/T", 2: "C/G"}, ["*1/*2"]),  # 2 varies: only *2 accepts G
        ({1: "T/T", 2: "C/G"}, ["*2/*2"]),  # and there the wobble counts: 2 + 2 beats 2 + 1
        ({1: "T/T", 2: "G/G"}, ["*2/*2"]),
    ],
)
def test_wobbles(changes: dict[int, str], expected: list[str]) -> None:
    assert best(matched(WOBBLE, changes)) == expected


def test_a_suballele_is_reported_under_its_core_name() -> None:
    definition = toy("1 2\n*1 N | A C\n*2.001 D | T .\n*2.002 D | T T")
    assert best(matched(definition, {1: "A/T"})) == ["*1/*2"]
    assert best(matched(definition, {1: "T/T", 2: "C/T"})) == ["*2/*2"]
    assert best(matched(definition, {1: "A/T", 2: "-"})) == ["*1/*2"]


# Rule 8: certainty is decided on everything that fits, whatever its score.


def test_a_lower_ranked_diplotype_of_another_function_is_kept() -> None:
    assert rest(matched(TOY, {101: "A/T", 102: "C/T"})) == {"*2/*3": "phase"}


def test_a_lower_ranked_diplotype_of_the_same_functions_is_not_repeated() -> None:
    definition = toy("1 2\n*1 N | A C\n*2 D | T .\n*3 N | . T\n*4 D | T T")
    assert rest(matched(definition, {1: "A/T", 2: "C/T"})) == {}


def test_phase_comes_before_not_assayed_as_a_reason() -> None:
    definition = toy("1 2 3\n*1 N | A C G\n*2 D | T . .\n*3 I | . T .\n*4 P | T T .\n*5 D | . . A")
    found = matched(definition, {1: "A/T", 2: "C/T", 3: "-"})
    assert rest(found)["*2/*3"] == "phase"
    assert {why for name, why in rest(found).items() if "*5" in name} == {"not_assayed"}


def test_nothing_else_is_consistent_when_every_position_was_called_and_phased() -> None:
    assert rest(matched(TOY, {101: "A|T", 102: "C|T"})) == {}


def test_the_alternative_that_hides_on_the_other_haplotype_is_found() -> None:
    # *3 may lie opposite *2: a carrier of two variants that looks like a carrier of one.
    assert "*2/*3" in rest(matched(TOY, {101: "A/T", 102: "-"}))


# Half-calls: ambiguous over the completions


def test_a_half_call_is_ambiguous_over_its_completions() -> None:
    found = matched(TOY, {101: "T/."})
    assert best(found) == ["*1/*2", "*2/*2"]
    assert rest(found) == {}


def test_the_base_that_was_read_is_never_lost() -> None:
    for name in best(matched(TOY, {101: "T/.", 102: "C/T"})):
        assert "*2" in name or "*4" in name


def test_a_half_called_base_that_is_not_defined_matches_nothing() -> None:
    assert best(matched(TOY, {101: "G/."})) == []


def test_half_calls_of_keep_all_keep_all() -> None:
    found = matched(TOY, {101: "T/.", 102: "C/T"}, keep_all=True)
    assert best(found) == ["*1/*4", "*2/*3", "*2/*4"]


def test_too_many_completions_are_refused() -> None:
    definition = definitions()["CYP2C19"]
    changes = {site.position: f"{site.alts[0]}/." for site in definition.sites[:9]}
    assert MAX_COMPLETIONS < 2**9
    with pytest.raises(TooAmbiguousError):
        matched(definition, changes)


# NAT2: rule 6 is skipped


def test_keep_all_reports_every_score() -> None:
    assert best(matched(TOY, {101: "A/T", 102: "C/T"}, keep_all=True)) == ["*1/*4", "*2/*3"]


def test_keep_all_does_not_report_what_cannot_be_called() -> None:
    found = matched(TOY, {102: "-", 101: "A/T"}, keep_all=True)
    assert best(found) == ["*1/*2", "*1/*4"]
    assert "*3/*4" in rest(found) or "*2/*3" in rest(found)


def test_haploid() -> None:
    definition = toy("1 2\nB N | A C\nA D | T .\nC P | T T", chromosome="chrX")
    found = matched(definition, {1: "T", 2: "C"})
    assert best(found) == ["A"]
    found = matched(definition, {1: "T", 2: "-"})
    assert best(found) == ["A", "C"]
    assert matched(definition, {1: "A", 2: "-"}).cannot_exclude == ()


# What was matched before is kept for who was observed alike, and for nobody else.


def test_who_was_observed_alike_gets_the_same_match_and_nobody_else_does() -> None:
    table = table_of(TOY)
    people: list[dict[int, str]] = [
        {},
        {101: "A/T"},
        {101: "A/T", 102: "C/T"},
        {101: "A|T", 102: "C|T"},
        {101: "A|T", 102: "T|C"},
        {101: "A/T", 103: "./."},
        {101: "./T", 102: "C/T"},
    ]
    for keep_all in (False, True):
        afresh = [matched(TOY, changes, keep_all=keep_all) for changes in people]
        kept = [match(table, seen_in(TOY, changes), keep_all=keep_all) for changes in people for _ in range(2)]
        assert kept == [each for each in afresh for _ in range(2)]
        assert all(one is other for one, other in zip(kept[::2], kept[1::2], strict=True))


def test_a_full_store_of_matches_begins_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching, "KEPT_MATCHES", 2)
    table = table_of(TOY)
    people: list[dict[int, str]] = [{}, {101: "A/T"}, {102: "C/T"}, {101: "T/T"}] * 2
    assert [match(table, seen_in(TOY, each)) for each in people] == [matched(TOY, each) for each in people]
    assert len(table.matches) <= 2
