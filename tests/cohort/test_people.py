"""Tables about people: whatever the bytes, a table or one line that says what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from starling.cohort.collect.people import read_outside, read_people, with_outside_calls
from starling.errors import InputError
from tests.bundled import bundled_knowledge
from tests.effort import examples

ANY = st.one_of(st.binary(max_size=200), st.text('sample\t\nP1MF;x*/"\r\0', max_size=120).map(str.encode))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=examples(50, 150))
@given(head=st.sampled_from([b"", b"sample\tsex\tmedication\n", b"sample\tgene\tdiplotype\n"]), rest=ANY)
def test_fuzz_any_bytes_are_a_table_or_refused(head: bytes, rest: bytes, tmp_path: Path) -> None:
    path = tmp_path / "people.tsv"
    path.write_bytes(head + rest)
    for read in (read_people, read_outside):
        try:
            read(path, bundled_knowledge())
        except InputError as error:
            assert "people.tsv" in error.message


def test_outside_calls_stand_beside_what_else_is_known(tmp_path: Path) -> None:
    (tmp_path / "people.tsv").write_text("sample\tsex\tregion\nP1\tF\tnorth\nP2\t1\tsouth\n")
    (tmp_path / "outside.tsv").write_text("sample\tgene\tdiplotype\nP2\tCYP2D6\t*1/*2x2\nP3\tCYP2D6\t*4/*4\n")
    knowledge = bundled_knowledge()
    found = with_outside_calls(
        read_people(tmp_path / "people.tsv", knowledge), read_outside(tmp_path / "outside.tsv", knowledge)
    )
    assert {name: (each.sex, [call.diplotype for call in each.outside]) for name, each in found.items()} == {
        "P1": ("female", []),
        "P2": ("male", ["*1/*2x2"]),
        "P3": ("unknown", ["*4/*4"]),
    }


def test_medicines_are_read_as_of_one_patient(tmp_path: Path) -> None:
    """By any name, with strength and form; what is not known is named beside what is, person by person."""
    path = tmp_path / "people.tsv"
    path.write_text("sample\tmedication\nP1\tPaxil 20 mg; xyzol\nP2\tparoxetine;bupropion\nP3\t\nP4\txyzol\n")
    found = read_people(path, bundled_knowledge())
    assert {name: each.medication for name, each in found.items()} == {
        "P1": ("paroxetine",),
        "P2": ("bupropion", "paroxetine"),
        "P3": (),
        "P4": (),
    }
    assert [len(each.remarks) for each in found.values()] == [2, 0, 0, 1]
    assert "'xyzol' is not known here" in found["P4"].remarks[0]


def test_an_outside_call_that_is_wrong_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "outside.tsv").write_text("sample\tgene\tactivity score\nP1\tCYP2D6\t1\nP2\t\t1\n")
    with pytest.raises(InputError, match=r"outside\.tsv:3: "):
        read_outside(tmp_path / "outside.tsv", bundled_knowledge())


def test_what_says_nothing_here_is_named_and_passed_over_as_in_a_report(tmp_path: Path) -> None:
    rows = "P1\tcyp2d6\t*1/*2\nP1\tBRCA1\tx\nP2\tDPYD\tNO_MATCH/NO_MATCH\n"
    (tmp_path / "outside.tsv").write_text(f"sample\tgene\tdiplotype\n{rows}")
    found = with_outside_calls({}, read_outside(tmp_path / "outside.tsv", bundled_knowledge()))
    assert [(call.gene, call.diplotype) for call in found["P1"].outside] == [("CYP2D6", "*1/*2")]
    assert {name: each.remarks for name, each in found.items()} == {
        "P1": ("not covered here and passed over: BRCA1 (x).",),
        "P2": ("no result, and passed over: DPYD (NO_MATCH/NO_MATCH).",),
    }
