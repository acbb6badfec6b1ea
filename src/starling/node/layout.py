"""What lies where in the folder of a node."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from starling.values import dataclass

#: keys of a demonstration's client of CDS Hooks, by their curve: what most know, and what some know alone
DEMONSTRATION_KEYS: Final = {"cds-client.pem": "P-384", "cds-client-es256.pem": "P-256"}


@dataclass(frozen=True, slots=True)
class Layout:
    """The paths of one node.  Nothing in them is secret but `file_key` and `clients`."""

    root: Path

    @property
    def settings(self) -> Path:
        """Settings, each explained."""
        return self.root / "settings.toml"

    @property
    def store(self) -> Path:
        """The sealed store."""
        return self.root / "store.db"

    @property
    def store_key(self) -> Path:
        """The key of the store, wrapped by the key holder."""
        return self.root / "store.key"

    @property
    def file_key(self) -> Path:
        """The key that wraps it where there is no token."""
        return self.root / "file.key"

    @property
    def authority(self) -> Path:
        """The certificate of the authority that every client and the device have theirs from."""
        return self.root / "ca.pem"

    @property
    def device(self) -> Path:
        """Key and certificate of the device, with its chain; what opens the encrypted key stands in the store."""
        return self.root / "device.pem"

    @property
    def clients(self) -> Path:
        """Certificates with keys; of a demonstration, one file for each role."""
        return self.root / "clients"

    @property
    def inbox(self) -> Path:
        """Files that are dropped here are taken in."""
        return self.root / "inbox"

    @property
    def spool(self) -> Path:
        """Files that wait to be read, sealed."""
        return self.root / "spool"

    @property
    def lock(self) -> Path:
        """Held by the process that serves the node."""
        return self.root / "lock"

    @property
    def knowledge(self) -> Path:
        """Editions of the knowledge that came through the API; public."""
        return self.root / "knowledge"

    @property
    def wiped(self) -> Path:
        """That the keys were destroyed by order of the hub."""
        return self.root / "wiped"

    @property
    def checkpoint(self) -> Path:
        """The last checkpoint of the audit log."""
        return self.root / "checkpoint"
