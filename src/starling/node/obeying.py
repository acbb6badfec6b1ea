"""What the hub answers: only an order that its key signed for this node is obeyed, and each one is in the log."""

from __future__ import annotations

import gzip
import sys
from collections.abc import Callable
from pathlib import Path

from msgspec import json

from starling.errors import InputError, TrustError
from starling.node.desk import now
from starling.node.outbox import Happening, Kind, Sender, Undelivered, cloud_event
from starling.node.service import Node
from starling.node.wiping import is_order, is_wipe, node_id, wipe
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
            raise InputError("BAD_SETTING", f"hub_key: {error.message}", source="settings.toml") from error

    def __call__(self, answer: bytes) -> None:
        """Obeys an order, or records that it was none."""
        node = self._node
        if not is_order(answer):
            return
        if not self._public or not is_wipe(answer, self._public, node.log):
            node.record(node.itself, "node.wipe", "refused", "", {"reason": "not an order of the hub to this node"})
            return
        node.record(node.itself, "node.wipe", "success", "", {"node": node_id(node.log)})
        said = self._last_words()
        lists = Path(node.settings.emergency_list) if node.settings.emergency_list else None
        with node.records.lock:
            wipe(node.layout, lists)
        self._stop()
        self._tell(said)

    def _last_words(self) -> dict[str, str]:
        """The log as it ends, signed: nobody can read it here any more."""
        node = self._node
        try:
            with node.records.lock:
                return {"wiped": node_id(node.log), "checkpoint": node.log.checkpoint()}
        except (TrustError, InputError) as error:  # a log that was tampered with is no reason to keep the keys
            return {"wiped": node_id(node.log), "checkpoint": "", "error": error.code}

    def _tell(self, said: dict[str, str]) -> None:
        """The hub hears that it was done, if it is still there."""
        happening = Happening(Kind.AUDIT, "node", now(), said)
        made = cloud_event(happening, source=f"urn:starling:{self._node.settings.site}")
        try:
            self._sender(gzip.compress(json.encode([made]), mtime=0))
        except Undelivered as error:
            sys.stderr.write(f"starling: the hub was not told that this node was wiped ({error})\n")
