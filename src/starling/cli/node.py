"""`node`: the device at the bedside: made, served, and its audit log looked at.  Needs the extra [node]."""

from __future__ import annotations

import argparse
import secrets
from pathlib import Path
from typing import Final

from starling.cli.commands import add_verb
from starling.cli.node_care import add_care
from starling.cli.node_words import installed, say
from starling.errors import InputError, TrustError
from starling.extras import need

_ROLES: Final = ("prescriber", "pharmacist", "laboratory", "administrator", "auditor", "system")
_EXAMPLES: Final = """
examples:
  starling node init ward-3                a node: keys, certificates, an
                                           empty sealed store, settings
  starling node init demo --demo           with 20 synthetic patients
  starling node run demo --port 0          prints its address, and serves
  curl --cacert demo/ca.pem --cert demo/clients/prescriber.pem \\
    https://127.0.0.1:PORT/v1/patients     who is there
  starling node issue ward-3 dr-lee --role prescriber -o lee.pem
  starling node audit verify ward-3        was the log changed?
  starling node backup ward-3 ward-3.tar   sealed, of a running node too
  starling node ready ward-3               is it served, and sound?

Settings stand in DIR/settings.toml, each explained; the API describes itself
at /openapi.json.
"""
_INIT_EXAMPLES: Final = """
examples:
  starling node init ward-3 --set site=ward-3 --set port=8443
  starling node init ward-3 --set token_module=/usr/lib/softhsm/libsofthsm2.so
      --set token=ward-3 --set token_pin_file=/run/credentials/pin
      the key that wraps the store's never leaves that token

What is printed is told once: the first administrator's password and second
factor, and the line by which an auditor believes the log.
"""
_RUN_EXAMPLES: Final = """
examples:
  starling node run ward-3
  starling node run ward-3 --port 0     any port that is free
  kill -TERM PID                        ends when what is asked is answered
  kill -HUP PID                         shows a renewed certificate at once
"""
_ISSUE_EXAMPLES: Final = """
examples:
  starling node issue ward-3 dr-lee --role prescriber -o lee.pem
  starling node issue ward-3 sequencer-1 --role system -o sequencer-1.pem
"""
_ATTEST_EXAMPLES: Final = """
examples:
  starling node attest ward-3 -o enrolled.json
      when it is set up: keep this elsewhere
  starling node attest ward-3 --nonce 5f0c...e1 -o now.json
      later; whoever asks chooses the nonce
  starling node attested now.json --nonce 5f0c...e1 --enrolled enrolled.json

Needs tpm2-tools and the setting tpm.
"""
_ATTESTED_EXAMPLES: Final = """
examples:
  starling node attested now.json --nonce 5f0c...e1 --enrolled enrolled.json

exit codes: 0 the device started as it did then, 7 it did not, or the quote
is old, forged or another's
"""
_READY_EXAMPLES: Final = """
examples:
  starling node ready ward-3
  starling node ready demo --port 40519

For a container or a watchdog on the same machine: it asks the node, and opens
nothing itself.  exit codes: 0 ready, 2 no answer, 7 not sound
"""
_AUDIT_EXAMPLES: Final = """
examples:
  starling node audit verify ward-3
  starling node audit verify ward-3 --checkpoint kept-elsewhere
  starling node audit prove 12 ward-3 -o event-12.proof
  starling node audit export ward-3 -o events.jsonl
  starling node audit set-aside ward-3 --reason "restored the backup of 3 May"

exit codes: 0 sound, 7 the log was changed
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What it takes."""
    parser.epilog = _EXAMPLES
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
    made = add_verb(verbs, "init", "a new node in a folder", init, _INIT_EXAMPLES)
    made.add_argument("folder", metavar="DIR", help="a folder that does not exist, or is empty")
    made.add_argument("--demo", action="store_true", help="20 synthetic patients, and a client certificate per role")
    made.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="a setting; may be repeated"
    )  # fmt: skip
    served = add_verb(verbs, "run", "serve a node until SIGTERM", run_, _RUN_EXAMPLES)
    served.add_argument("folder", metavar="DIR", help="the node")
    served.add_argument("--port", type=int, metavar="PORT", help="default: that of the settings; 0: any that is free")
    given = add_verb(verbs, "issue", "a client certificate", issue, _ISSUE_EXAMPLES)
    given.add_argument("folder", metavar="DIR", help="the node")
    given.add_argument("name", metavar="NAME", help="whose it is, as the audit log will name them")
    given.add_argument("--role", choices=_ROLES, required=True, help="what they may do")
    given.add_argument("--days", type=int, default=365, metavar="N", help="how long it lasts (default: 365)")
    given.add_argument("-o", "--output", required=True, metavar="FILE", help="key and certificate")
    renewed = add_verb(verbs, "renew", "a new certificate for the device", renew)
    renewed.add_argument("folder", metavar="DIR", help="the node")
    renewed.add_argument("--days", type=int, default=365, metavar="N", help="how long it lasts (default: 365)")
    add_care(verbs)
    asked = add_verb(verbs, "ready", "does it answer, and is it sound?", ready, _READY_EXAMPLES)
    asked.add_argument("folder", metavar="DIR", help="the node")
    asked.add_argument("--port", type=int, metavar="PORT", help="where it listens (default: that of the settings)")
    _add_attestation(verbs)
    _add_audit(add_verb(verbs, "audit", "the audit log: verify, prove, export", None, _AUDIT_EXAMPLES))


def _add_attestation(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    quoted = add_verb(verbs, "attest", "what the device started with, quoted by its TPM", attest, _ATTEST_EXAMPLES)
    quoted.add_argument("folder", metavar="DIR", help="the node")
    quoted.add_argument("--nonce", metavar="HEX", help="of whoever asks, up to 32 bytes (default: a new one)")
    quoted.add_argument("-o", "--output", metavar="FILE", help="where to write (default: the screen)")
    judged = add_verb(verbs, "attested", "is a quote to be believed?", attested, _ATTESTED_EXAMPLES)
    judged.add_argument("evidence", metavar="EVIDENCE", help="what the device said")
    judged.add_argument("--nonce", metavar="HEX", required=True, help="what it was asked with")
    judged.add_argument("--enrolled", metavar="FILE", required=True, help="what it said when it was set up")


def _add_audit(audit: argparse.ArgumentParser) -> None:
    verbs = audit.add_subparsers(title="verbs", metavar="VERB", required=True)
    checked = add_verb(verbs, "verify", "was the log changed, cut or put back?", verify)
    proved = add_verb(verbs, "prove", "what shows that an event is in the log (C2SP tlog-proof)", prove)
    proved.add_argument("index", type=int, metavar="N", help="the number of the event, from 0")
    listed = add_verb(verbs, "export", "every event, a line of JSON each", export)
    aside = add_verb(verbs, "set-aside", "after a restore that was meant: go on from here", set_aside)
    for verb in (checked, proved, listed, aside):
        verb.add_argument("folder", metavar="DIR", nargs="?", default=".", help="the node (default: this folder)")
    checked.add_argument("--checkpoint", metavar="FILE", help="a checkpoint that was kept elsewhere")
    aside.add_argument("--reason", required=True, metavar="TEXT", help="why; it stands in the log")
    for verb in (proved, listed):
        verb.add_argument("-o", "--output", metavar="FILE", help="where to write (default: the screen)")


def init(arguments: argparse.Namespace) -> int:
    """Makes a node, and says once what its administrator and its auditor must keep."""
    installed()
    from starling.node.founding import found
    from starling.node.settings import of_words

    folder = Path(arguments.folder)
    made = found(folder, demonstration=arguments.demo, settings=of_words(arguments.set))
    told = made.administrator
    say(
        f"node           {folder}",
        f"key            held by {made.holder}",
        f"audit log      {made.verifier_key}",
        "               by this line an auditor believes the log: note it elsewhere",
        f"administrator  {told.account.name}, password {told.password}",
        f"second factor  {told.totp_uri}",
        "               password and second factor are told here and never again",
    )
    if arguments.demo:
        say(f"demonstration  20 synthetic patients; client certificates: {folder / 'clients'}/ROLE.pem")
        say(f"               a key for calls of CDS Hooks: {folder / 'clients'}/cds-client.pem")
    say(f"serve it       starling node run {folder}")
    return 0


def run_(arguments: argparse.Namespace) -> int:
    """Serves a node; one line on standard output says where."""
    installed()
    need("httpx", "node")  # for what a node that serves asks of others, and no other verb
    from starling.node.readiness import tell
    from starling.node.server import run as serve

    def served(address: str) -> None:
        say(f"ready {address}")
        tell("READY=1")

    serve(Path(arguments.folder), port=arguments.port, ready=served)
    return 0


def ready(arguments: argparse.Namespace) -> int:
    """Says whether the node answers and is sound; 7 when it is not."""
    installed()
    from starling.node.readiness import ask

    health = ask(Path(arguments.folder), port=arguments.port)
    say(*(f"{what:10}{wrong or 'sound'}" for what, wrong in health.checks.items()))
    return 0 if health.ready else TrustError.exit_code


def issue(arguments: argparse.Namespace) -> int:
    """Writes a client certificate with its key."""
    installed()
    from starling.node import administration

    output = Path(arguments.output)
    administration.issue(Path(arguments.folder), arguments.name, arguments.role, output, days=arguments.days)
    say(f"{output}: {arguments.role} {arguments.name}, for {arguments.days} days; whoever has this file is them")
    return 0


def renew(arguments: argparse.Namespace) -> int:
    """Gives the device a new certificate."""
    installed()
    from starling.node import administration

    ends = administration.renew(Path(arguments.folder), days=arguments.days)
    say(f"the certificate of the device is good until {ends:%Y-%m-%d}")
    return 0


def attest(arguments: argparse.Namespace) -> int:
    """Writes what the hardware of the device says of its start."""
    installed()
    from starling.cli.output import write
    from starling.node import administration

    nonce = _nonce(arguments.nonce) if arguments.nonce else secrets.token_bytes(32)
    write([administration.attest(Path(arguments.folder), nonce).text()], _output(arguments))
    return 0


def attested(arguments: argparse.Namespace) -> int:
    """Says whether a quote is believed; 7 when it is not."""
    installed()
    from starling.trust.attestation import judge, read_evidence

    told, enrolled = (read_evidence(_text(name), name) for name in (arguments.evidence, arguments.enrolled))
    say(judge(told, nonce=_nonce(arguments.nonce), enrolled=enrolled).require().text())
    return 0


def _nonce(text: str) -> bytes:
    """Raises: InputError BAD_OPTION."""
    try:
        found = bytes.fromhex(text)
    except ValueError:
        found = b""
    if not 0 < len(found) <= 32:
        raise InputError("BAD_OPTION", "is not 1 to 32 bytes in hexadecimal digits", source="--nonce")
    return found


def verify(arguments: argparse.Namespace) -> int:
    """Says what was done to the audit log; 7 when anything was."""
    installed()
    from starling.node import administration

    kept = _text(arguments.checkpoint) if arguments.checkpoint else None
    say(administration.verify(Path(arguments.folder), kept).require().text())
    return 0


def prove(arguments: argparse.Namespace) -> int:
    """Writes what shows that an event is in the log."""
    installed()
    from starling.cli.output import write
    from starling.node import administration

    write([administration.prove(Path(arguments.folder), arguments.index)], _output(arguments))
    return 0


def export(arguments: argparse.Namespace) -> int:
    """Writes every event, a line of JSON each."""
    installed()
    from starling.cli.output import write
    from starling.node import administration

    write(administration.export(Path(arguments.folder)), _output(arguments))
    return 0


def set_aside(arguments: argparse.Namespace) -> int:
    """The log goes on from where it is; the checkpoint that says otherwise is kept."""
    installed()
    from starling.node import administration

    kept = administration.set_aside(Path(arguments.folder), arguments.reason)
    say(f"kept: {kept}" if kept else "there was no checkpoint", "the log goes on from here, and says why")
    return 0


def _output(arguments: argparse.Namespace) -> Path | None:
    return Path(arguments.output) if arguments.output else None


def _text(name: str) -> str:
    """Raises: InputError FILE_NOT_FOUND, NOT_TEXT."""
    try:
        return Path(name).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InputError("NOT_TEXT", "is no checkpoint", source=name) from error
    except OSError as error:
        raise InputError("FILE_NOT_FOUND", f"cannot be read ({error.strerror})", source=name) from error
