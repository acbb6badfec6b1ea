"""Whether a node answers and is sound: told to systemd once, and asked by whoever watches over it on the same machine.

Source: sd_notify(3) of systemd, "Standalone Implementations".
"""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Mapping
from http.client import HTTPException, HTTPSConnection
from pathlib import Path
from typing import Final

from msgspec import DecodeError, json

from starling.errors import InputError
from starling.node.layout import Layout
from starling.node.settings import read_settings
from starling.node.values import Health

#: listening there, a node is called by its own machine at the other
_EVERYWHERE: Final[Mapping[str, str]] = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 -- nothing is bound here
#: seconds that a node may take to say how it is (ours)
_PATIENCE_S: Final = 5.0


def tell(state: str, environment: Mapping[str, str] = os.environ) -> None:
    """Whoever started this process is told, where it asked to be (`NOTIFY_SOCKET`); nobody is waited for.

    Raises: InputError BAD_SETTING, when it named a socket that is not there.
    """
    named = environment.get("NOTIFY_SOCKET", "")
    if not named:
        return
    address = "\0" + named[1:] if named.startswith("@") else named
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
            told.connect(address)
            told.sendall(state.encode())
    except OSError as error:
        raise InputError("BAD_SETTING", f"cannot be told ({error.strerror})", source="NOTIFY_SOCKET") from error


def ask(folder: Path, *, port: int | None = None) -> Health:
    """How the node of a folder says that it is; it is asked over TLS, and believed by its own authority alone.

    Raises: InputError NO_NODE, BAD_SETTING, NO_ANSWER, the administrator's.
    """
    layout = Layout(folder)
    settings = read_settings(layout.settings)
    host, number = _EVERYWHERE.get(settings.host, settings.host), settings.port if port is None else port
    try:
        context = ssl.create_default_context(cafile=str(layout.authority))
        connection = HTTPSConnection(host, number, context=context, timeout=_PATIENCE_S)
        try:
            connection.request("GET", "/readyz")
            return json.decode(connection.getresponse().read(), type=Health)
        finally:
            connection.close()
    except (OSError, HTTPException, DecodeError) as error:
        raise InputError("NO_ANSWER", f"the node does not answer at {host}:{number} ({error})") from error
