"""Where a node keeps when it last ran, and whether it may go on alone: `dormancy` with the clocks of this machine.

The last sighting lies in the sealed store.  While a node sleeps the sighting stays as it is, so that it asks again at
every start until an administrator answers.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

from msgspec import json

from starling.errors import ForbiddenError, TrustError, UnknownCallerError
from starling.node.desk import now
from starling.node.dormancy import Sighting, Waking, waking
from starling.node.identity import Accounts
from starling.node.opening import unsealed
from starling.node.policy import require
from starling.node.records import Records
from starling.node.settings import Settings
from starling.node.values import Principal
from starling.trust.audit import AuditLog
from starling.trust.events import event

#: names the last sighting among the facts of the node itself
LAST_SEEN: Final = "last seen"
#: how often it is renewed while the node runs, in seconds (ours)
EVERY_S: Final = 60.0
_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")
_DAY_S: Final = 86_400
_SAID: Final = {
    Waking.DORMANT: "was off for longer than longest_absence_days allows",
    Waking.CLOCK_BACK: "finds the clock set back",
    Waking.CLOCK_FORWARD: "finds the clock set forward",
}


def sighting() -> Sighting:
    """This moment.  Without a name for the boot every start is taken for another boot."""
    boot = _BOOT.read_text(encoding="ascii").strip() if _BOOT.exists() else str(time.time())
    return Sighting(time.time(), time.clock_gettime(time.CLOCK_BOOTTIME), boot)


def keep(records: Records, seen: Sighting) -> None:
    """The node ran at this moment; in the transaction of the caller, where one is open."""
    records.keep_secret(LAST_SEEN, json.encode([seen.wall_s, seen.boot_s, seen.boot]))


def last(records: Records) -> Sighting | None:
    """When the node ran last; None: never yet."""
    kept = records.secret(LAST_SEEN)
    return Sighting(*json.decode(kept, type=tuple[float, float, str])) if kept else None


def state(records: Records, settings: Settings, now: Sighting) -> Waking:
    """What the times say of this node now; a setting of 0 days asks nobody, ever."""
    before = last(records)
    if before is None or not settings.longest_absence_days:
        return Waking.AWAKE
    return waking(before, now, longest_absence_s=settings.longest_absence_days * _DAY_S)


def seen_again(records: Records, settings: Settings) -> Waking:
    """What the times say now; where they say nothing this moment is the last sighting."""
    with records.lock:  # what is looked at is what is replaced, whoever else keeps a sighting meanwhile
        now = sighting()
        found = state(records, settings, now)
        if not found.needs_administrator:
            with records.transaction():
                keep(records, now)
    return found


def is_too_long(records: Records, settings: Settings) -> bool:
    """Whether the node itself stood still for longer than is allowed, such as in a laptop that slept."""
    before, now = last(records), sighting()
    allowed = settings.longest_absence_days * _DAY_S
    return bool(before and allowed and before.boot == now.boot and now.boot_s - before.boot_s > allowed)


def asleep(found: Waking, folder: Path) -> TrustError:
    """What is said instead of serving."""
    return TrustError("NODE_DORMANT", f"{folder}: {_SAID[found]}: an administrator has to unlock it")


def unlock(folder: Path, name: str, password: str, code: str) -> Waking:
    """An administrator lets the node go on; gives what it was asleep for.

    The code of the second factor is made by a clock elsewhere: it also shows that the clock here is right.
    Raises: UnknownCallerError NOT_KNOWN, ForbiddenError, after they were recorded; TrustError.
    """
    with unsealed(folder) as (_, settings, records, log):
        log.compare().require()
        found = state(records, settings, sighting())
        who = Principal(name="stranger", role="system", site=settings.site, way="account")
        try:
            who = Accounts(records).known(name, password, code, although_locked=True)
            require(who, "node.unlock", settings.site)
        except (UnknownCallerError, ForbiddenError):
            _recorded(records, log, who, "refused", found)
            raise
        _recorded(records, log, who, "success", found)
        return found


def _recorded(records: Records, log: AuditLog, who: Principal, outcome: str, found: Waking) -> None:
    detail = {"role": who.role, "site": who.site, "way": who.way, "asleep": str(found)}
    with records.transaction(durable=True):
        if outcome == "success":
            keep(records, sighting())
        log.append(event("node.unlock", outcome, who.name, "", when=now(), detail=detail), durable=True)
