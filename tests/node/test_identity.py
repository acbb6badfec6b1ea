"""A session ends when nobody uses it, and in any case on the same day."""

from __future__ import annotations

from pathlib import Path

import pyotp
import pytest

from starling.errors import UnknownCallerError
from starling.node.identity import Sessions
from starling.node.opening import opened
from starling.node.values import AccountChange, Principal

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


@pytest.mark.parametrize("change", ["disable", "second_factor"])
def test_attack_a_login_under_way_while_the_account_is_taken_away(copied: Path, change: AccountChange) -> None:
    with opened(copied) as node:
        accounts = node.accounts
        told = accounts.add("dr-lee", "prescriber", "here")
        code = pyotp.TOTP(pyotp.parse_uri(told.totp_uri).secret).now()
        trying = accounts._is_password

        def meanwhile(kept: str, given: str) -> bool:
            accounts.change("dr-lee", change)
            return trying(kept, given)

        accounts._is_password = meanwhile  # type: ignore[method-assign]
        with pytest.raises(UnknownCallerError):
            accounts.known("dr-lee", told.password, code)
