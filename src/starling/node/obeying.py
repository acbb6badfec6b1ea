"""What the hub answers: only an order that its key signed for this node is obeyed, and each one is in the log."""

from __future__ import annotations

import gzip
import sys
from collections.abc import Callable
from pathlib import Path

import apsw
from msgspec import json

from starling.errors import InputError, StarlingError
from starling.node.desk import now
from starling.node.outbox import Happening, Kind, Sender, Undelivered, cloud_event
from starling.node.service import Node
from starling.node.settings import wrong_setting
from starling.node.wiping import is_order, is_wipe, lists_of, node_id, said_at, wipe
from starling.trust.events import action_of
from starling.trust.keys import read_public_key


class Obeying:
    """Hears what the hub answers to a batch.  `sender`: to it; `stop`: ends the process that serves."""

    def __init__(self, node: Node, sender: Sender, stop: Callable[[], object]) -> None:
        """Raises: InputError BAD_SETTING, the administrator's."""
        self._node = node
        self._sender = sender
        self._stop = stop
        try:
            self._public = read_public_key(Path(node.settings.hub_key)) if node.settings.hub_key else b""
        except InputError as error:
            raise wrong_setting(f"hub_key: {error.message}") from error

    def __call__(self, answer: bytes) -> None:
        """Obeys an order, or records that it was none."""
        node = self._node
        if not is_order(answer):
            return
        if not self._public or not is_wipe(answer, self._public, node.log):
            self._record("refused", {"reason": "not an order of the hub to this node"})
            return
        if said_at(answer) < self._restored():
            self._record("refused", {"reason": "an order from before this node was restored"})
            return
        self._record("success", {"node": node_id(node.log)})
        said = self._last_words()
        try:
            with node.records.lock:
                wipe(node.layout, lists_of(node.settings))
        finally:
            self._stop()
        self._tell(said)

    def _restored(self) -> str:
        """When the node was last restored, by its own log, in UTC to the second; empty: never.

        Whoever restores a node has its key; an old order that is told again wipes it no second time.
        """
        sql = "SELECT event FROM audit_event WHERE instr(event, ?) ORDER BY place DESC"
        events = (json.decode(event) for (event,) in self._node.records.rows(sql, b'"node.restore"'))
        found = (each["recorded"] for each in events if action_of(each) == "node.restore")
        return str(next(found, ""))[: len("2026-05-28T10:00:00")]

    def _record(self, outcome: str, detail: dict[str, str]) -> None:
        """It is in the log; where that cannot be written, it is said, and keeps nobody from obeying."""
        try:
            self._node.record(self._node.itself, "node.wipe", outcome, "", detail)
        except (StarlingError, apsw.Error, OSError) as error:
            sys.stderr.write(f"starling: an order of the hub could not be recorded ({type(error).__name__})\n")

    def _last_words(self) -> dict[str, str]:
        """The log as it ends, signed: nobody can read it here any more."""
        node = self._node
        try:
            with node.records.lock:
                return {"wiped": node_id(node.log), "checkpoint": node.log.checkpoint()}
        except (StarlingError, apsw.Error, OSError) as error:  # nothing of that is a reason to keep the keys
            code = error.code if isinstance(error, StarlingError) else type(error).__name__
            return {"wiped": node_id(node.log), "checkpoint": "", "error": code}

    def _tell(self, said: dict[str, str]) -> None:
        """The hub hears that it was done, if it is still there."""
        happening = Happening(Kind.AUDIT, "node", now(), said)
        made = cloud_event(happening, source=f"urn:starling:{self._node.settings.site}")
        try:
            self._sender(gzip.compress(json.encode([made]), mtime=0))
        except Undelivered as error:
            sys.stderr.write(f"starling: the hub was not told that this node was wiped ({error})\n")
