"""Settings that are not those of the last time are in the audit log: who changes the file leaves no other trace."""

from __future__ import annotations

from typing import Final

from msgspec import json

from starling.node.records import Records
from starling.node.service import Node
from starling.node.settings import Plain, Settings

#: names the settings of the last start among the facts of the node itself
_LAST: Final = "settings"


def keep(records: Records, settings: Settings) -> None:
    """These are the settings of the last time from now on; in the transaction of the caller."""
    records.keep_secret(_LAST, json.encode(settings.stated()))


def record_changes(node: Node) -> None:
    """What was changed since the last start, setting by setting, is in the log, on the disk."""
    kept = node.records.secret(_LAST)
    before = json.decode(kept, type=dict[str, Plain]) if kept else node.settings.stated()
    stated = node.settings.stated()
    differing = ((name, before.get(name, value), value) for name, value in stated.items())
    changed = "; ".join(f"{name}: {was} -> {value}" for name, was, value in differing if was != value)
    with node.records.transaction(durable=True):
        keep(node.records, node.settings)
        if changed:
            node.append(node.itself, "settings.write", "success", "", {"changed": changed}, durable=True)
