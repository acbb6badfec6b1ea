"""A session ends when nobody uses it, and in any case on the same day."""

from __future__ import annotations

from starling.node.identity import Sessions
from starling.node.values import Principal

SOMEBODY = Principal(name="dr-lee", role="prescriber", site="here", way="account")


def test_a_session_ends_when_nobody_uses_it() -> None:
    now = [0.0]
    sessions = Sessions(15, clock=lambda: now[0])
    token = sessions.open(SOMEBODY).token
    now[0] = 14 * 60.0
    assert sessions.seen(token) is not None
    now[0] = 15 * 60.0
    assert sessions.seen(token) is None and sessions.of(token) is None


def test_a_session_ends_after_twelve_hours_however_much_it_is_used() -> None:
    now = [0.0]
    sessions = Sessions(15, clock=lambda: now[0])
    token = sessions.open(SOMEBODY).token
    while now[0] < 12 * 3_600 - 60:
        now[0] += 60
        assert sessions.of(token) is not None
    now[0] += 60
    assert sessions.of(token) is None
