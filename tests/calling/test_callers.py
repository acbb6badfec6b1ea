"""Callers belong to one edition of the knowledge: editions stand side by side, threads share one, none stays behind."""

from __future__ import annotations

import gc
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from starling.assessment import Options
from starling.calling.callers import Callers
from starling.calling.table import MatchTable
from starling.errors import InputError
from starling.vocabulary import OutsideCall, SampleGenotypes, Undetermined
from tests.calling.support import called, definitions, names, person, toy

OLD = toy("101 102\n*1 N | A C\n*2 D | T .")
NEW = replace(OLD, alleles=(OLD.alleles[0], replace(OLD.alleles[1], name="*9", reported_as="*9")))
CARRIER = person(OLD, {101: "T/T"})


def of(definition: object) -> Callers:
    return Callers(("TOY",), {"TOY": definition}, {})  # type: ignore[dict-item]


def everyone() -> Callers:
    return Callers((*sorted(definitions()), "HLA-B"), definitions(), {})


def test_every_gene_is_called_in_the_order_asked_for() -> None:
    sample = person(definitions()["CYP2C19"], {94842866: "G/G"})
    calls = everyone().read(sample, Options())
    assert list(calls) == [*sorted(definitions()), "HLA-B"]
    assert calls["CYP2C19"] == called("CYP2C19", {94842866: "G/G"})
    assert calls["HLA-B"].result == Undetermined("NOT_TESTED")


def test_a_few_genes_are_called_as_among_all() -> None:
    sample = person(definitions()["CYP2C19"], {94842866: "G/G"})
    narrow = Callers(("CYP2C19",), {"CYP2C19": definitions()["CYP2C19"]}, {})
    assert narrow.read(sample, Options()) == {"CYP2C19": everyone().read_gene("CYP2C19", sample, Options())}
    assert narrow.stated([OutsideCall("CYP2D6", "*1/*1"), OutsideCall("HLA-B", "*57:01/*08:01")]) == ()


def test_a_table_is_made_once() -> None:
    callers = everyone()
    assert callers.table("TPMT") is callers.table("TPMT")


def test_two_editions_stand_side_by_side() -> None:
    old, new = of(OLD), of(NEW)
    for callers, told in ((old, "*2/*2"), (new, "*9/*9"), (old, "*2/*2")):
        assert names(callers.read_gene("TOY", CARRIER, Options())) == [told]


def test_tables_are_freed_with_their_callers() -> None:
    def tables() -> int:
        gc.collect()
        return sum(isinstance(each, MatchTable) for each in gc.get_objects())

    before = tables()
    callers = [of(replace(OLD, data_version=str(number))) for number in range(3)]
    for each in callers:
        each.read(CARRIER, Options())
    assert tables() == before + 3
    del each, callers
    assert tables() == before


@settings(max_examples=10)
@given(st.lists(st.sampled_from(["A/A", "A/T", "T/T", "-", "A|T"]), min_size=4, max_size=20))
def test_threads_give_what_each_gives_alone(genotypes: list[str]) -> None:
    people: list[SampleGenotypes] = [person(OLD, {101: text}) for text in genotypes]
    shared = of(OLD), of(NEW)
    with ThreadPoolExecutor(4) as pool:
        together = [list(pool.map(lambda who, each=each: each.read(who, Options()), people)) for each in shared]
    alone = [[of(each).read(who, Options()) for who in people] for each in (OLD, NEW)]
    assert together == alone


def test_a_score_that_is_no_number_is_the_senders_error() -> None:
    with pytest.raises(InputError) as raised:
        everyone().stated([OutsideCall("CYP2D6", activity_score="two", line=3)])
    assert (raised.value.code, raised.value.line) == ("BAD_OUTSIDE_CALL", 3)
