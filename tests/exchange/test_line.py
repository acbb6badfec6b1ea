"""The line of an instrument: every frame is answered, and nothing is acknowledged that was not taken."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from starling.exchange.line import ACK, ENQ, EOT, NAK, Line, LineTooLongError
from tests.formats.battery.writers import framed

RECORDS = ("H|\\^&|||Genotyper", "P|1", "O|1|S1", "R|1|^^^CYP2C19*2|heterozygous", "L|1|N")


class Taker:
    def __init__(self, *answers: bool) -> None:
        self.answers = list(answers)
        self.taken: list[bytes] = []

    def __call__(self, transmission: bytes) -> bool:
        self.taken.append(transmission)
        return self.answers.pop(0) if self.answers else True


@pytest.mark.parametrize("size", [1, 7, 1_000])
def test_a_transmission_is_answered_frame_by_frame_and_taken_once(size: int) -> None:
    taker, sent = Taker(), framed(RECORDS)
    line = Line(10_000, taker)
    answers = b"".join(line.feed(sent[at : at + size]) for at in range(0, len(sent), size))
    assert answers == ACK * 6
    assert taker.taken == [sent]
    assert not line.is_waiting


def test_a_damaged_frame_is_sent_again() -> None:
    taker, sent = Taker(), framed(RECORDS)
    second = sent.index(b"\x022")
    third = sent.index(b"\x023")
    damaged = sent[:second] + sent[second:third].replace(b"P|1", b"P|2") + sent[second:]
    assert Line(10_000, taker).feed(damaged) == ACK * 2 + NAK + ACK * 4
    assert taker.taken == [sent]


def test_a_frame_whose_answer_was_lost_counts_once() -> None:
    taker, sent = Taker(), framed(RECORDS)
    second, third = sent.index(b"\x022"), sent.index(b"\x023")
    assert Line(10_000, taker).feed(sent[:third] + sent[second:]) == ACK * 7
    assert taker.taken == [sent]


def test_what_nobody_takes_is_not_acknowledged_and_may_come_again() -> None:
    taker, sent = Taker(False, True), framed(RECORDS)
    line = Line(10_000, taker)
    last = sent.rindex(b"\x02")
    assert line.feed(sent[:-1]) == ACK * 5 + NAK
    assert line.feed(sent[last:]) == ACK
    assert taker.taken == [sent, sent]


def test_who_breaks_off_begins_anew() -> None:
    taker, sent = Taker(), framed(RECORDS)
    line = Line(10_000, taker)
    line.feed(sent[:60])
    assert line.feed(EOT + sent) == ACK * 6
    assert taker.taken == [sent]
    line.feed(ENQ + sent[1:40])
    assert line.feed(sent).endswith(ACK * 6)


def test_a_line_without_end_is_not_held() -> None:
    with pytest.raises(LineTooLongError, match="more than 100 bytes"):
        Line(100, Taker()).feed(b"\x05\x021" + b"x" * 200)


@given(st.lists(st.binary(max_size=40), max_size=6))
def test_any_bytes_are_answered_with_acknowledgements_alone(parts: list[bytes]) -> None:
    line = Line(10_000, Taker())
    assert {*b"".join(line.feed(part) for part in parts)} <= {ACK[0], NAK[0]}
