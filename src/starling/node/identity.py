"""Who somebody is: a certificate that TLS has verified, or a local account with a password and a second factor.

Passwords are kept as Argon2id (RFC 9106); the second factor is TOTP (RFC 6238), each code once.  Sessions live in
memory alone: a node that starts again asks again.
"""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cached_property
from ssl import cert_time_to_seconds
from threading import Lock
from typing import Any, Final

from starling.errors import InputError, UnknownCallerError
from starling.node.records import Records
from starling.node.values import ROLES, Account, AccountChange, AccountChanged, Enrolled, Principal, Role, Session
from starling.trust.certificates import SKEW
from starling.values import dataclass

#: Attempts before an account waits for an administrator.  Source: NIST SP 800-63B, 5.2.2 allows up to 100; ten is ours.
_MOST_FAILURES: Final = 10
_PASSWORD_BYTES: Final = 18
#: A session ends after this, used or not (s).  Source: NIST SP 800-63B, 4.2.3 (AAL2: 12 hours).
_LONGEST_S: Final = 12 * 3600.0
_NONE: Final = (0.0, 0.0, None)
_CHANGES: Final[Mapping[AccountChange, str]] = {
    "unlock": "UPDATE account SET failures = 0 WHERE name = ?",
    "disable": "UPDATE account SET disabled = 1 WHERE name = ?",
    "enable": "UPDATE account SET disabled = 0 WHERE name = ?",
    "second_factor": "UPDATE account SET totp = ?, last_step = 0, failures = 0 WHERE name = ?",
}
#: Seconds of a TOTP step.  Source: RFC 6238, section 4.1.
_STEP: Final = 30


def of_certificate(subject: Mapping[str, str], emergency: str = "") -> Principal:
    """The principal of a certificate that TLS verified: OU is the role, O the site, UID another name of theirs.

    Raises: UnknownCallerError NOT_KNOWN for a certificate that states none of our roles.
    """
    role = subject.get("organizationalUnitName", "")
    if role not in ROLES:
        raise UnknownCallerError("NOT_KNOWN", "the certificate states no role of this node")
    name, site = subject.get("commonName", ""), subject.get("organizationName", "")
    return Principal(name=name, role=role, site=site, emergency=emergency, person=subject.get("userId", ""))


class Accounts:
    """The accounts of the people of a node."""

    def __init__(self, records: Records) -> None:
        from argon2 import PasswordHasher

        self._records = records
        self._hasher = PasswordHasher()  # RFC 9106, section 4, second recommended option

    @cached_property
    def _nobody(self) -> str:
        """The hash of a password that nobody knows, made at the first login: it takes a third of a second."""
        return self._hasher.hash(secrets.token_hex(16))

    def add(self, name: str, role: Role, site: str, person: str = "") -> Enrolled:
        """A new account of somebody who is also known as `person`.

        Its password and second factor are told here and never again.
        """
        import pyotp

        password, seed = secrets.token_urlsafe(_PASSWORD_BYTES), pyotp.random_base32()
        created = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        self._records.connection.execute(
            "INSERT INTO account (name, role, site, created, password, totp, person) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (name, role, site, created, self._hasher.hash(password), seed, person),
        )
        account = Account(name=name, role=role, site=site, created=created, person=person)
        return Enrolled(account=account, password=password, totp_uri=_told_once(seed, name))

    def all(self) -> tuple[Account, ...]:
        """Everybody who may log in."""
        rows = self._records.rows(
            "SELECT name, role, site, created, failures, disabled, person FROM account ORDER BY name"
        )
        return tuple(
            Account(
                name=row[0],
                role=row[1],
                site=row[2],
                created=row[3],
                locked=row[4] >= _MOST_FAILURES,
                disabled=bool(row[5]),
                person=row[6],
            )
            for row in rows
        )

    def is_last_administrator(self, name: str) -> bool:
        """Whether nobody else may sign in as an administrator."""
        able = [each.name for each in self.all() if each.role == "administrator" and not each.disabled]
        return able == [name]

    def change(self, name: str, change: AccountChange) -> AccountChanged:
        """The account is unlocked, disabled, enabled, or has another second factor, which is told here and never again.

        In the transaction of the caller.  Raises: InputError NOT_FOUND.
        """
        import pyotp

        if not any(each.name == name for each in self.all()):
            raise InputError("NOT_FOUND", "there is no such account")
        seed = pyotp.random_base32() if change == "second_factor" else ""
        sql = _CHANGES[change]
        self._records.connection.execute(sql, (seed, name) if seed else (name,))
        account = next(each for each in self.all() if each.name == name)
        return AccountChanged(account=account, totp_uri=_told_once(seed, name) if seed else "")

    def known(self, name: str, password: str, code: str, *, although_locked: bool = False) -> Principal:
        """Who logs in.  A wrong name costs the time of a wrong password, and is told in the same words.

        `although_locked`: at the node's own keyboard, where whoever locked the account from elsewhere locks nobody out.

        Raises: UnknownCallerError NOT_KNOWN.
        """
        nobody = self._nobody
        with self._records.lock:
            row = self._records.row(
                "SELECT role, site, password, totp, last_step, failures, person FROM account"
                " WHERE name = ? AND disabled = 0",
                name,
            )
        is_theirs = self._is_password(row[2] if row else nobody, password)
        step = _step_of(row[3], code, after=row[4]) if row else None
        if row is None or not is_theirs or step is None or (row[5] >= _MOST_FAILURES and not although_locked):
            with self._records.transaction():
                self._records.connection.execute("UPDATE account SET failures = failures + 1 WHERE name = ?", (name,))
            raise UnknownCallerError("NOT_KNOWN", "name, password or code are wrong")
        with self._records.transaction():
            changed = self._records.rows(
                "UPDATE account SET last_step = ?, failures = 0"
                " WHERE name = ? AND last_step < ? AND disabled = 0 AND totp = ? RETURNING 1",
                step, name, step, row[3],  # as it was when the password was tried, which takes a while
            )  # fmt: skip
        if not changed:
            raise UnknownCallerError("NOT_KNOWN", "name, password or code are wrong")
        return Principal(name=name, role=row[0], site=row[1], way="account", person=row[6])

    def _is_password(self, kept: str, given: str) -> bool:
        from argon2.exceptions import VerificationError

        try:
            return bool(self._hasher.verify(kept, given))
        except VerificationError:
            return False


def _step_of(seed: str, code: str, *, after: int) -> int | None:
    """The step of a code that is good now or was just now, and was not used before."""
    import pyotp

    present = int(time.time()) // _STEP
    totp = pyotp.TOTP(seed)
    for step in (present, present - 1):
        if step > after and hmac.compare_digest(totp.at(step * _STEP).encode(), code.strip().encode()):
            return step
    return None


def _told_once(seed: str, name: str) -> str:
    """What an authenticator is given of a new second factor."""
    import pyotp

    return pyotp.TOTP(seed).provisioning_uri(name=name, issuer_name="Starling")


class Sessions:
    """Who is logged in, in memory: a session that nobody used for a while is over."""

    def __init__(self, minutes: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = minutes * 60
        self._clock = clock
        self._sessions: dict[str, tuple[float, float, Session]] = {}  # token -> (ends, ends at the latest, session)
        self._lock = Lock()

    def open(self, principal: Principal) -> Session:
        """A new session."""
        from msgspec.structs import replace

        token = secrets.token_urlsafe(32)
        known = replace(principal, session=f"s-{secrets.token_hex(6)}")
        session = Session(token=token, csrf=secrets.token_urlsafe(32), principal=known, ends=self._end())
        with self._lock:
            self._sessions = {key: each for key, each in self._sessions.items() if each[0] > self._clock()}
            now = self._clock()
            self._sessions[token] = (now + self._seconds, now + _LONGEST_S, session)
        return session

    def of(self, token: str) -> Session | None:
        """The session of a token, which lasts again from now; None when there is none or it is over."""
        with self._lock:
            ends, latest, session = self._sessions.get(token, _NONE)
            if session is None or ends <= self._clock():
                self._sessions.pop(token, None)
                return None
            self._sessions[token] = (min(self._clock() + self._seconds, latest), latest, session)
            return session

    def seen(self, token: str) -> Session | None:
        """As `of`, but to ask does not make the session last longer."""
        with self._lock:
            ends, _, session = self._sessions.get(token, _NONE)
            return session if ends > self._clock() else None

    def close(self, token: str) -> None:
        """The session is over."""
        with self._lock:
            self._sessions.pop(token, None)

    def close_of(self, name: str) -> None:
        """No session of this person goes on."""
        with self._lock:
            theirs = [key for key, (*_, each) in self._sessions.items() if each.principal.name == name]
            for key in theirs:
                del self._sessions[key]

    def _end(self) -> str:
        return datetime.fromtimestamp(time.time() + self._seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def is_csrf(session: Session, given: str) -> bool:
    """Whether a change comes from a page of ours."""
    return hmac.compare_digest(session.csrf.encode(), given.encode())


@dataclass(frozen=True, slots=True)
class Shown:
    """What of a certificate that TLS verified is asked again with every request.

    `serial`: hex digits.  `issued`, `ends`: seconds since 1970.
    """

    name: str
    serial: str
    issued: float
    ends: float


def shown(certificate: Mapping[str, Any]) -> Shown:
    """A peer certificate as `ssl` gives it."""
    begins, ends = (cert_time_to_seconds(certificate[each]) for each in ("notBefore", "notAfter"))
    name = plain_subject(certificate).get("commonName", "")
    return Shown(name, certificate["serialNumber"], begins + SKEW.total_seconds(), ends)


def plain_subject(certificate: Mapping[str, Any]) -> dict[str, str]:
    """The subject of a peer certificate as `ssl` gives it: field -> text."""
    return {name: value for part in certificate.get("subject", ()) for name, value in part}
