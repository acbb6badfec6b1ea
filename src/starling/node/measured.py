"""What a node reports of its start: a quote of its hardware, where the settings name some."""

from __future__ import annotations

import hashlib
from typing import Any

from starling.errors import TrustError
from starling.node.settings import Settings, wrong_setting
from starling.trust.attestation import Attestation
from starling.trust.tpm import Tpm


def hardware(settings: Settings) -> Attestation | None:
    """What quotes; None where the settings name nothing.  Raises: InputError BAD_SETTING, the administrator's."""
    if not settings.tpm:
        return None
    named = settings.tpm_registers.replace(",", " ").split()
    if not named or not all(each.isascii() and each.isdigit() and int(each) < 24 for each in named):
        raise wrong_setting("tpm_registers names registers from 0 to 23")
    return Tpm(settings.tpm, [*map(int, named)])


def with_quote(note: str, hardware: Attestation | None) -> dict[str, Any]:
    """What goes with a checkpoint to the hub: a quote for its digest, or why there is none; nothing without hardware.

    A checkpoint is newer than every one before it, so an old quote does not go with it; the hub need not ask first.
    """
    if hardware is None:
        return {}
    try:
        return {"attestation": hardware.quote(nonce_of(note)).plain()}
    except TrustError as error:
        return {"attestation": None, "attestation_failed": error.message}


def nonce_of(note: str) -> bytes:
    """The nonce of the quote that goes with a checkpoint: its SHA-256."""
    return hashlib.sha256(note.encode()).digest()
