"""Trimming and the equivalence of indels in repeats (PMID 25701572)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from starling.source.normalise import Event, is_same_indel, rotate, trim

BASES = st.text("ACGT", min_size=1, max_size=8)


@pytest.mark.parametrize(
    ("ref", "alt", "event", "kind"),
    [
        ("G", "A", Event(100, "G", "A"), "substitution"),
        ("GT", "AT", Event(100, "G", "A"), "substitution"),
        ("CGT", "CGA", Event(102, "T", "A"), "substitution"),
        ("AG", "A", Event(101, "G", ""), "deletion"),
        ("A", "AG", Event(101, "", "G"), "insertion"),
        ("AG", "TCC", Event(100, "AG", "TCC"), "complex"),
        ("A", "A", Event(100, "", ""), "none"),
    ],
)
def test_trim(ref: str, alt: str, event: Event, kind: str) -> None:
    assert trim(100, ref, alt) == event
    assert event.kind == kind


@given(BASES, BASES, BASES, BASES)
def test_context_does_not_change_the_change(before: str, ref: str, alt: str, after: str) -> None:
    """What is trimmed of a change in context has the same effect on the sequence."""
    whole = before + ref + after
    event = trim(0, whole, before + alt + after)
    assert whole[: event.position] + event.alt + whole[event.end + 1 :] == before + alt + after


@given(BASES, st.integers(1, 4), st.data())
def test_every_placement_of_an_indel_in_a_repeat_is_the_same(unit: str, copies: int, data: st.DataObject) -> None:
    """Checked against sequences: the placements that give one sequence are those that are called equal."""
    sequence = "N" + unit * (copies + 1) + "N"
    last = len(sequence) - 2
    known = Event(1, unit, "")
    at = data.draw(st.integers(1, last - len(unit) + 1))
    event = Event(at, sequence[at : at + len(unit)], "")
    assert is_same_indel(event, known, last)
    inserted = Event(1, "", unit)
    anchor = data.draw(st.integers(0, last))
    again = Event(anchor + 1, "", rotate(unit, anchor))
    assert is_same_indel(again, inserted, last)
    assert sequence[: anchor + 1] + again.alt + sequence[anchor + 1 :] == sequence[:1] + unit + sequence[1:]


@pytest.mark.parametrize(
    "event",
    [
        Event(233760234, "AT", ""),  # a deletion is no insertion
        Event(233760234, "", "TA"),  # not a rotation at this place
        Event(233760234, "", "ATAT"),  # another length
        Event(233760250, "", "AT"),  # behind the stretch
        Event(233760233, "", "AT"),  # before it
    ],
)
def test_what_is_not_the_same_indel(event: Event) -> None:
    assert not is_same_indel(event, Event(233760234, "", "AT"), 233760248)
