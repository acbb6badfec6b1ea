"""What an administrator or an auditor does to a node at its keyboard, whether or not it is being served meanwhile."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import apsw
from msgspec import json

from starling.errors import InputError, InternalError
from starling.node.desk import now
from starling.node.founding import DAYS, hosts_of
from starling.node.hooks import RuleCount, counted
from starling.node.layout import Layout
from starling.node.measured import hardware
from starling.node.opening import AUTHORITY, DEVICE_PASSWORD, opened, unsealed
from starling.node.private_file import private
from starling.node.records import Records
from starling.node.settings import Settings, wrong_setting
from starling.node.values import Erased, Principal, Role, is_reserved
from starling.trust.attestation import Evidence
from starling.trust.audit import AuditLog
from starling.trust.certificates import Authority, identity_of
from starling.trust.events import event
from starling.trust.verdict import Verdict

#: who did it, as far as the node can know: whoever has the key of the store
AT_THE_KEYBOARD = "keyboard"


def issue(
    folder: Path, name: str, role: Role, output: Path, *, site: str = "", days: int = DAYS, person: str = ""
) -> None:
    """A certificate for a person's or a machine's client, with its key, in one file; the log has it.

    `site`: empty: the node's.  `person`: the account, or the name with the provider, of the same person.
    Raises: TrustError, the security officer's; InputError, the administrator's.
    """
    with unsealed(folder) as (layout, settings, records, log):
        log.compare().require()
        _is_free(name)
        issued = _authority(layout, records).issue(
            name, role=role, site=site or settings.site, days=days, person=person
        )
        serial = identity_of(issued.chain).serial
        said = {"certificate": name, "of": role, "serial": serial, **({"person": person} if person else {})}
        recorded(settings, records, log, "certificate.write", said)
        private(output, issued.private_pem() + issued.chain)


def revoke(folder: Path, name: str, reason: str, certificate: Path | None = None) -> str:
    """A certificate, or every one of `name` that was issued until now, is believed no more, also by a node that is
    served; the log has it.  Gives in words what was revoked.

    Raises: TrustError CERTIFICATE_REFUSED and others, the security officer's; InputError NOT_FOUND, FILE_NOT_FOUND.
    """
    with unsealed(folder) as (_, settings, records, log):
        log.compare().require()
        serial = ""
        if certificate is not None:
            found = identity_of(_certificate(certificate))
            name, serial = found.name, found.serial
        elif not records.row("SELECT 1 FROM audit_event WHERE instr(event, ?)", json.encode(name)):
            raise InputError("NOT_FOUND", f"the log knows nobody by the name {name}")
        row = (serial, "", 0) if serial else ("", name, int(time.time()))
        said = {"certificate": name, "reason": reason, **({"serial": serial} if serial else {})}
        with records.transaction(durable=True):
            records.revoke(*row)
            log.append(_event(settings, "certificate.revoke", said), durable=True)
    return f"the certificate {serial} of {name}" if serial else f"every certificate of {name} issued until now"


def _is_free(name: str) -> None:
    """Raises: InputError NAME_TAKEN, for what the log calls the node and its parts."""
    if is_reserved(name):
        raise InputError("NAME_TAKEN", f"{name} is what the log calls the node itself")


def renew(folder: Path, *, days: int = DAYS) -> datetime:
    """The device has a new certificate, which a node that is being served shows from now on; returns when it ends."""
    with unsealed(folder) as (layout, settings, records, log):
        log.compare().require()
        password = records.secret(DEVICE_PASSWORD)
        assert password is not None
        issued = _authority(layout, records).renew(_certificate(layout.device), days=days, hosts=hosts_of(settings))
        recorded(settings, records, log, "certificate.write", {"certificate": "device", "of": "system"})
        private(layout.device, issued.private_pem(password) + issued.chain)
    return identity_of(issued.chain).ends


def attest(folder: Path, nonce: bytes) -> Evidence:
    """What the hardware of the device says of its start; the log has it.

    Raises: TrustError NO_QUOTE and others, the security officer's; InputError BAD_SETTING, the administrator's.
    """
    with unsealed(folder) as (_, settings, records, log):
        quoting = hardware(settings)
        if quoting is None:
            raise wrong_setting("tpm names no hardware")
        found = quoting.quote(nonce)
        recorded(settings, records, log, "node.attest", {"nonce": nonce.hex()})
    return found


def verify(folder: Path, checkpoint: str | None = None) -> Verdict:
    """What was done to the audit log.  `checkpoint`: one that was kept elsewhere."""
    with unsealed(folder) as (_, _, _, log):
        return log.verify(checkpoint)


def prove(folder: Path, index: int) -> str:
    """What shows that an event is in the log.  Raises: InputError NOT_FOUND."""
    with unsealed(folder) as (_, _, _, log):
        return log.prove(index)


def export(folder: Path) -> Iterator[str]:
    """Every event, a line each; that they were read is the next one, where the log is sound and can be written."""
    with unsealed(folder) as (_, settings, records, log):
        try:
            for line in log.export():
                yield f"{line}\n"
        finally:
            if log.compare().sound:  # else everything stays as it is
                with suppress(apsw.FullError, apsw.ReadOnlyError, apsw.IOError):
                    recorded(settings, records, log, "audit.read", {"as": "export"})


def set_aside(folder: Path, reason: str) -> Path | None:
    """The log goes on from here, for that reason; gives where the checkpoint lies now that says otherwise."""
    with unsealed(folder) as (_, settings, records, log):
        recorded(settings, records, log, "audit.write", {"reason": reason})
        return log.set_aside()


def overrides(folder: Path) -> tuple[RuleCount, ...]:
    """What became of the cards of CDS Hooks, by rule; the log has that it was asked."""
    with unsealed(folder) as (_, settings, records, log):
        recorded(settings, records, log, "cds.list", {})
        return counted(records.rows)


def export_patient(folder: Path, patient: str, output: Path) -> None:
    """Everything of one patient is in the file.  Raises: as `Subjects.export`; InputError OUTPUT_UNWRITABLE."""
    with opened(folder) as node:
        named = _pseudonym(node.records, node.settings, patient)
        private(output, node.subjects.export(at_the_keyboard(node.settings), named))


def erase(folder: Path, patient: str, reason: str) -> Erased:
    """One patient is forgotten.  Raises: as `Subjects.erase`."""
    with opened(folder) as node:
        who = at_the_keyboard(node.settings)
        return node.subjects.erase(who, _pseudonym(node.records, node.settings, patient), reason)


def _pseudonym(records: Records, settings: Settings, named: str) -> str:
    """Of a patient who is named by it or by an identifier."""
    known = [each.id for each in records.patients(settings.site) if named in {each.identifier, each.second_identifier}]
    return known[0] if len(known) == 1 else named


def at_the_keyboard(settings: Settings) -> Principal:
    """Who does it, as far as the node can know."""
    return Principal(name=AT_THE_KEYBOARD, role="administrator", site=settings.site, way="process")


def _authority(layout: Layout, records: Records) -> Authority:
    private_pem = records.secret(AUTHORITY)
    if private_pem is None:
        raise InternalError("INTERNAL", "the store has no key of an authority")
    return Authority.load(layout.authority.read_bytes(), private_pem)


def _certificate(path: Path) -> bytes:
    """The first certificate of a file that holds a key, too.  Raises: InputError FILE_NOT_FOUND."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError("FILE_NOT_FOUND", f"cannot be read ({error.strerror})", source=str(path)) from error
    _, begin, rest = content.partition(b"-----BEGIN CERTIFICATE")
    return begin + rest


def recorded(settings: Settings, records: Records, log: AuditLog, action: str, detail: dict[str, str]) -> None:
    """It is in the log, on the disk, as done by whoever is at the keyboard."""
    with records.transaction(durable=True):
        log.append(_event(settings, action, detail), durable=True)


def _event(settings: Settings, action: str, detail: dict[str, str]) -> dict[str, Any]:
    more = {"role": "administrator", "site": settings.site, "way": "process", **detail}
    return event(action, "success", AT_THE_KEYBOARD, "", when=now(), detail=more)
