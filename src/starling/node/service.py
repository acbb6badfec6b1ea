"""START HERE.  What a node can do: for its API and its dashboard alike, without HTTP."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from starling._version import __version__
from starling.engine import Engine
from starling.errors import InputError, UnknownCallerError
from starling.node import answers
from starling.node.desk import Desk, now
from starling.node.disk import unfit
from starling.node.editions import Editions, changes_between
from starling.node.files import Files
from starling.node.hooks import Hooks
from starling.node.identity import Accounts, Sessions
from starling.node.layout import Layout
from starling.node.measured import hardware, with_quote
from starling.node.outbox import Happening, Kind
from starling.node.provider import provider_of
from starling.node.questions import Questions
from starling.node.records import Records
from starling.node.settings import Plain, Settings
from starling.node.strangers import Strangers
from starling.node.subjects import Subjects
from starling.node.values import (
    Account,
    AccountChange,
    AccountChanged,
    AuditEntry,
    AuditPage,
    ClinicalChange,
    Enrolled,
    Health,
    KnowledgeInfo,
    ModelInfo,
    Principal,
    Role,
    Session,
    is_reserved,
    read_as,
)
from starling.trust.audit import AuditLog


class Node(Desk):
    """A node that is open: `questions` about patients, `files` taken in, `subjects` who ask for theirs; itself."""

    def __init__(self, layout: Layout, settings: Settings, records: Records, log: AuditLog, engine: Engine) -> None:
        super().__init__(layout, settings, records, log, engine)
        self.accounts = Accounts(records)
        self.sessions = Sessions(settings.session_minutes)
        self.questions = Questions(self)
        self.files = Files(self)
        self.subjects = Subjects(self)
        self.hooks = Hooks(self)
        self.provider = provider_of(settings)
        self.strangers = Strangers(self)
        self._hardware = hardware(settings)
        self.editions = Editions(self)

    # --- people and the node itself -----------------------------------------------------------------------------------

    def login(self, name: str, password: str, code: str) -> Session:
        """Somebody logs in.  Raises: UnknownCallerError NOT_KNOWN, after it was recorded."""
        stranger = Principal(name="stranger", role="system", site=self.settings.site, way="account")
        return self._entered(lambda: self.accounts.known(name, password, code), stranger)

    def login_by_provider(self, told: Callable[[], Principal]) -> Session:
        """Somebody of whom a provider tells.  Raises: UnknownCallerError NOT_KNOWN, after it was recorded; others."""
        return self._entered(told, Principal(name="stranger", role="system", site=self.settings.site, way="provider"))

    def _entered(self, known: Callable[[], Principal], stranger: Principal) -> Session:
        try:
            session = self.sessions.open(known())
        except UnknownCallerError as error:
            self.record(stranger, "login", "refused", "", {"reason": error.message})
            raise
        self.record(session.principal, "login", "success", "", {})
        return session

    def logout(self, who: Principal, token: str) -> None:
        """The session of that token is over.  Raises: UnknownCallerError NOT_KNOWN, when there is none."""
        if self.sessions.of(token) is None:
            raise UnknownCallerError("NOT_KNOWN", "nobody is logged in")
        self.sessions.close(token)
        self.record(who, "logout", "success", "", {})

    def who_may_log_in(self, who: Principal) -> tuple[Account, ...]:
        """The accounts.  Raises: ForbiddenError."""
        self.may(who, "account.list")
        self.record(who, "account.list", "success", "", {})
        return self.accounts.all()

    def enrol(self, who: Principal, name: str, role: Role, site: str, person: str = "") -> Enrolled:
        """A new account; `person`: another name of its owner, so that both are one.

        Raises: ForbiddenError; InputError NAME_TAKEN, BAD_REQUEST.
        """
        self.may(who, "account.write")
        if not name.isprintable() or name != name.strip():
            raise InputError("BAD_REQUEST", "a name is of characters that can be seen, without blanks around it")
        if is_reserved(name):
            raise InputError("NAME_TAKEN", f"{name} is what the log calls the node itself")
        if any(read_as(each.name) == read_as(name) for each in self.accounts.all()):
            raise InputError("NAME_TAKEN", f"there is an account {name} already")
        with self.records.transaction(durable=True):
            enrolled = self.accounts.add(name, role, site, person)
            said = {"account": name, "role": role} | ({"known_as": person} if person else {})
            self.append(who, "account.write", "success", "", said, durable=True)
        return enrolled

    def change_account(self, who: Principal, name: str, change: AccountChange) -> AccountChanged:
        """An account is unlocked, disabled, enabled, or has another second factor; sessions of it are over.

        Raises: ForbiddenError; InputError NOT_FOUND, BAD_REQUEST.
        """
        self.may(who, "account.write")
        if who.name == name and who.way == "account" and change == "disable":
            raise InputError("BAD_REQUEST", "nobody disables their own account: another administrator does")
        if change == "disable" and self.accounts.is_last_administrator(name):
            raise InputError("BAD_REQUEST", "the last administrator's account stays: who else would unlock the node?")
        with self.records.transaction(durable=True):
            changed = self.accounts.change(name, change)
            self.append(who, "account.write", "success", "", {"account": name, "change": change}, durable=True)
        if change in {"disable", "second_factor"}:
            self.sessions.close_of(name)
        return changed

    def stated_settings(self, who: Principal) -> dict[str, Plain]:
        """Every setting.  Raises: ForbiddenError."""
        self.may(who, "settings.read")
        self.record(who, "settings.read", "success", "", {})
        return self.settings.stated()

    def models(self, who: Principal) -> tuple[ModelInfo, ...]:
        """The learned models that came with the program.  Raises: ForbiddenError."""
        self.may(who, "model.list")
        from starling.dosing import bundles

        root = Path(next(iter(bundles.__path__)))
        folders = sorted(each for each in root.iterdir() if (each / "digest").is_file())
        return tuple(
            ModelInfo(name=each.name, digest=hashlib.sha256((each / "digest").read_bytes()).hexdigest())
            for each in folders
        )

    def gauges(self, who: Principal) -> dict[str, float]:
        """What is so at the moment, for the metrics.  Raises: ForbiddenError."""
        self.may(who, "metrics.read")
        states = self.records.rows("SELECT state, count(*) FROM job GROUP BY state")
        with self.records.lock:
            events = self.log.size
        counts = {f"starling_jobs_{state}": float(count) for state, count in states}
        return {"starling_ready": float(self.health().ready), "starling_audit_events": float(events), **counts}

    # --- knowledge, audit, health -------------------------------------------------------------------------------------

    def knowledge(self, who: Principal) -> KnowledgeInfo:
        """Which edition answers.  Raises: ForbiddenError."""
        self.may(who, "knowledge.read")
        held = self.held
        base, stamp = held.engine.knowledge, held.engine.knowledge.stamp
        return KnowledgeInfo(
            version=stamp.version, sha256=stamp.sha256, as_of=stamp.as_of, checked_on=stamp.checked_on,
            signed_by=stamp.signed_by, genes=len(base.genes), drugs=len(base.guidance.drugs),
            program=f"starling {__version__}", loaded=held.loaded, previous=held.previous,
        )  # fmt: skip

    def knowledge_changes(self, who: Principal) -> tuple[ClinicalChange, ...]:
        """What a prescriber would notice since the edition before.  Raises: ForbiddenError."""
        self.may(who, "knowledge.read")
        return self.held.changes

    def replace_knowledge(self, who: Principal, path: Path) -> KnowledgeInfo:
        """Another edition answers from now on.  Raises: ForbiddenError; KnowledgeError, the administrator's."""
        self.may(who, "knowledge.replace")
        self.take_knowledge(who, path)
        return self.knowledge(who)

    def take_knowledge(self, who: Principal, path: Path) -> None:
        """As `replace_knowledge`, for the node itself: its settings name the file."""
        old, new = self.held.engine, answers.sound_engine(path)
        changes = changes_between(old, new)
        stamp = new.knowledge.stamp
        self.record(who, "knowledge.replace", "success", "", {"version": stamp.version, "sha256": stamp.sha256})
        self.hold(answers.Held(new, now(), old.knowledge.stamp.version, changes))

    def audit(self, who: Principal, *, before: int | None = None, limit: int = 100) -> AuditPage:
        """The newest entries (or those before an index), and a signed checkpoint.  Raises: ForbiddenError."""
        self.may(who, "audit.read")
        self.record(who, "audit.read", "success", "", {})
        with self.records.lock:
            size, found = self.log.size, self.log.events(before=before, limit=limit)
            checkpoint = self.log.checkpoint()
        entries = tuple(AuditEntry(index=index, event=event) for index, event in found)
        return AuditPage(size=size, entries=entries, checkpoint=checkpoint)

    def checkpoint(self) -> str:
        """The log, signed as it is now; the hub is told, where there is one.

        Raises: TrustError LOG_TAMPERED, the security officer's; InputError OUTPUT_UNWRITABLE, the administrator's.
        """
        self.strangers.told()
        with self.records.lock:
            note = self.log.checkpoint()
        if self.outbox is not None:
            said = {"checkpoint": note, **with_quote(note, self._hardware)}  # a chip may take a second: no lock is held
            with self.records.lock:
                self.outbox.put(Happening(Kind.AUDIT, "audit-log", now(), said))
        return note

    def health(self) -> Health:
        """Whether knowledge and store are sound; asked without a name, and says nothing of anybody."""
        store = self._sound_store()
        checks = {"store": store, "audit": "" if store else self._sound_log(), "knowledge": self._sound_knowledge()}
        checks |= {"clock": self.asleep, "disk": unfit(self.layout.root)}
        return Health(ready=not any(checks.values()), checks=checks)

    def _sound_store(self) -> str:
        try:
            self.records.row("SELECT count(*) FROM account")
        except Exception as error:  # noqa: BLE001 -- whatever is wrong with the store, the node is not ready
            return type(error).__name__
        return ""

    def _sound_log(self) -> str:
        with self.records.lock:
            return self.log.compare().kind

    def _sound_knowledge(self) -> str:
        return "" if self.held.engine.knowledge.genes else "no gene is known"
