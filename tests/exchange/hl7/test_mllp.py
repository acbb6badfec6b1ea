"""Frames of MLLP: whole messages come out however the bytes arrive."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from starling.exchange.hl7.mllp import Frames, TooLongError, framed

MESSAGES = st.lists(st.text(st.characters(exclude_characters="\x0b\x1c", exclude_categories=["Cs"])), max_size=5)


@given(MESSAGES, st.integers(1, 7))
def test_split_and_glued_frames_are_the_same_messages(messages: list[str], size: int) -> None:
    sent = b"".join(map(framed, messages))
    frames = Frames(1 << 20)
    found = [each for at in range(0, len(sent), size) for each in frames.feed(sent[at : at + size])]
    assert [each.decode() for each in found] == messages
    assert (frames.is_waiting, frames.dropped) == (False, 0)


@given(st.binary(max_size=300))
def test_any_bytes_give_messages_without_marks_of_frames(data: bytes) -> None:
    for message in Frames(1 << 20).feed(data):
        assert not {0x0B, 0x1C} & {*message}


def test_a_half_sent_message_is_dropped_when_its_sender_begins_again() -> None:
    frames = Frames(100)
    assert [*frames.feed(b"noise\x0bMSH|half")] == []
    assert frames.is_waiting
    assert [*frames.feed(b"\x0bMSH|whole\x1c\r\n\x0b")] == [b"MSH|whole"]
    assert (frames.is_waiting, frames.dropped) == (True, len(b"noise") + len(b"MSH|half"))


def test_a_duplicated_start_is_one_start() -> None:
    assert [*Frames(100).feed(b"\x0b\x0b\x0bMSH|\x1c\r")] == [b"MSH|"]


@pytest.mark.parametrize(
    "parts", [[b"\x0b" + b"x" * 101], [b"\x0b" + b"x" * 60, b"x" * 60], [b"\x0b" + b"x" * 101 + b"\x1c"]]
)
def test_a_frame_that_goes_on_for_ever_is_not_held(parts: list[bytes]) -> None:
    frames = Frames(100)
    with pytest.raises(TooLongError, match="more than 100 bytes"):
        for part in parts:
            list(frames.feed(part))
