"""A process in a network of its own, where no cable is plugged in: what a node does there, as JSON.

unshare --net python -m tests.node.unplugged FOLDER FILE
"""

from __future__ import annotations

import fcntl
import json
import socket
import struct
import sys
from pathlib import Path
from typing import Any

import httpx

from starling.node.demonstration import specimen_of
from tests.node.devices import Device, serving, settled, upload

#: Linux: read and set the flags of an interface; it is up
_GET, _SET, _UP = 0x8913, 0x8914, 1


def loopback(*, up: bool) -> None:
    """The only interface there is."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        asked = struct.pack("16sh22x", b"lo", 0)
        flags = struct.unpack("16sh22x", fcntl.ioctl(handle, _GET, asked))[1]
        fcntl.ioctl(handle, _SET, struct.pack("16sh22x", b"lo", flags | _UP if up else flags & ~_UP))


def asked(device: Device) -> int:
    """The status of an answer; 0: nobody could be reached."""
    patient = next(iter(device.patients.values())).id
    try:
        with device.client("prescriber") as prescriber:
            return prescriber.post("/v1/check", json={"patient": patient, "drugs": ["codeine"]}, timeout=3).status_code
    except httpx.TransportError:
        return 0


def main(folder: Path, file: Path) -> dict[str, Any]:
    """The network of the node itself goes and comes back while it serves."""
    loopback(up=True)
    with serving(folder) as device:
        found: dict[str, Any] = {"before": asked(device)}
        with device.client("laboratory") as lab:
            found["job"] = upload(lab, file, specimen_of(5)).json()["job"]["id"]
        loopback(up=False)
        found["down"] = asked(device)
        found["state"] = settled(device.node, found["job"]).state  # what was taken in is worked on all the same
        loopback(up=True)
        found["after"] = asked(device)
        assert device.node.outbox is not None
        found["waiting"] = device.node.outbox.waiting()
        found["ready"] = device.node.health().ready
    return found


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), Path(sys.argv[2]))))
