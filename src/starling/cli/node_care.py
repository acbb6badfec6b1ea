"""`node backup | restore | export | erase`: what keeps records and lets go of them, also of a node that is served."""

from __future__ import annotations

import argparse
import sys
from getpass import getpass
from pathlib import Path
from typing import Any, Final

from starling.cli.commands import add_verb
from starling.cli.node_words import installed, say
from starling.report.text import visible

_BACKUP_EXAMPLES: Final = """
examples:
  starling node backup ward-3 /media/backup/ward-3.tar
  starling node restore /media/backup/ward-3.tar ward-3 --key ward-3.key

The store in the file stays sealed, and no key that is not wrapped is in it:
keep the key file elsewhere (cp ward-3/file.key), or the token.
"""
_RESTORE_EXAMPLES: Final = """
examples:
  starling node restore ward-3.tar ward-3 --key ward-3.key
  starling node restore ward-3.tar ward-3 --key /usr/lib/softhsm/libsofthsm2.so
      where a token holds the key, by this library
  starling node restore ward-3.tar ward-3 --over "the disk failed on 3 May"
      also where a newer node stands, which is set aside
"""
_ERASE_EXAMPLES: Final = """
examples:
  starling node export ward-3 p-abcdefgh -o theirs.zip
  starling node erase ward-3 p-abcdefgh --reason "asked for on 3 May"

Backups from before still hold the patient: erase them again after a restore.
"""
_LIST_EXAMPLES: Final = """
examples:
  starling node list ward-3 -o list.html             to print
  starling node list ward-3.tar --key ward-3.key     from a backup, elsewhere

It is in plain text.  With `emergency_list` in the settings a node writes it
into a folder after each release.
"""
_OVERRIDES_EXAMPLES: Final = """
examples:
  starling node overrides ward-3
  starling node overrides ward-3 | sort -t "$(printf '\\t')" -k 3 -n

A table with tabs: how often the cards of a rule were shown, accepted and
overridden, and the reasons given.  A rule that most override needs a look.
"""
_UNLOCK_EXAMPLES: Final = """
examples:
  starling node unlock ward-3
  starling node unlock ward-3 --name dr-lee    any administrator's account

Password and code are asked for; without a terminal they are the first two
lines of standard input.
"""


def add_care(verbs: Any) -> None:
    """The verbs."""
    kept = add_verb(
        verbs, "backup", "everything that cannot be made anew, in one sealed file", backup, _BACKUP_EXAMPLES
    )
    kept.add_argument("folder", metavar="DIR", help="the node, which may be served meanwhile")
    kept.add_argument("file", metavar="FILE", help="where to write it; on another device")
    back = add_verb(verbs, "restore", "a node from its backup, verified first", restore, _RESTORE_EXAMPLES)
    back.add_argument("file", metavar="FILE", help="what `backup` wrote")
    back.add_argument("folder", metavar="DIR", help="where the node goes; what is there is set aside")
    back.add_argument("--key", metavar="FILE", help="key file, or library of the token (default: of the node there)")
    back.add_argument(
        "--over", default="", metavar="REASON", help="also over a node that is newer or unreadable, because"
    )
    listed = add_verb(verbs, "list", "drugs to avoid by patient, also of a node that is down", list_, _LIST_EXAMPLES)
    listed.add_argument("source", metavar="SOURCE", help="the folder of the node, or its backup")
    listed.add_argument("--key", metavar="FILE", help="of a backup: its key file, or the library of its token")
    listed.add_argument("-o", "--output", metavar="FILE", help="a page where the name ends in .html, else text")
    woken = add_verb(verbs, "unlock", "let a node go on that was off for too long", unlock, _UNLOCK_EXAMPLES)
    woken.add_argument("folder", metavar="DIR", help="the node")
    woken.add_argument("--name", default="administrator", metavar="NAME", help="whose account (default: administrator)")
    counted = add_verb(
        verbs, "overrides", "what became of the cards of CDS Hooks, by rule", overrides, _OVERRIDES_EXAMPLES
    )
    counted.add_argument("folder", metavar="DIR", help="the node, which may be served meanwhile")
    given = add_verb(verbs, "export", "everything of one patient: JSON and files, in a zip", export_patient)
    gone = add_verb(verbs, "erase", "forget one patient; the log stays whole and says so", erase, _ERASE_EXAMPLES)
    for verb in (given, gone):
        verb.add_argument("folder", metavar="DIR", help="the node, which may be served meanwhile")
        verb.add_argument("patient", metavar="PATIENT", help="the pseudonym, or one of the identifiers")
    given.add_argument("-o", "--output", required=True, metavar="FILE", help="the zip; it is in plain text")
    gone.add_argument("--reason", required=True, metavar="TEXT", help="why; it stands in the log, without names")


def backup(arguments: argparse.Namespace) -> int:
    """Writes a backup, and says which key opens it."""
    installed()
    from starling.node.backup import back_up

    made = back_up(Path(arguments.folder), Path(arguments.file))
    say(
        f"{arguments.file}: {made.events} events, {len(made.files)} files, all of it sealed",
        f"needs     key {made.key}, held by {made.held_by}",
        "          it is not in the backup: without it nothing can be restored",
    )
    return 0


def restore(arguments: argparse.Namespace) -> int:
    """Puts a node from its backup in its place."""
    installed()
    from starling.node.restoring import restore as restored

    key = Path(arguments.key) if arguments.key else None
    found = restored(Path(arguments.file), Path(arguments.folder), key=key, over=arguments.over)
    say(f"{arguments.folder}: the node of {found.manifest.made}; {found.events} events, and the log verifies")
    for patient in found.erased:
        say(f"was erased since, and is back: starling node erase {arguments.folder} {patient} --reason TEXT")
    if found.aside:
        say(f"set aside: {found.aside}; remove it when nothing in it is needed")
    return 0


def export_patient(arguments: argparse.Namespace) -> int:
    """Writes everything of one patient."""
    installed()
    from starling.node import administration
    from starling.node.private_file import private

    output = Path(arguments.output)
    private(output, administration.export_patient(Path(arguments.folder), arguments.patient))
    say(f"{output}: everything of one patient, in plain text; the log says that it was taken")
    return 0


def erase(arguments: argparse.Namespace) -> int:
    """Forgets one patient."""
    installed()
    from starling.node import administration

    gone = administration.erase(Path(arguments.folder), arguments.patient, arguments.reason)
    say(f"{gone.patient}: erased, with {len(gone.jobs)} files and results and {gone.overrides} decisions")
    if not gone.emptied:
        say("what was overwritten is gone for good when the process that serves the node ends")
    say("a backup from before still holds them")
    return 0


def overrides(arguments: argparse.Namespace) -> int:
    """Says what became of cards."""
    installed()
    from starling.node import administration

    print("rule\tshown\taccepted\toverridden\treasons")
    for each in administration.overrides(Path(arguments.folder)):
        reasons = ", ".join(f"{code} {count}" for code, count in each.reasons.items())
        print(visible(each.rule), each.shown, each.accepted, each.overridden, visible(reasons), sep="\t")
    return 0


def list_(arguments: argparse.Namespace) -> int:
    """Writes the list for when the node is down."""
    installed()
    from starling.cli.output import write
    from starling.node.downtime import people_of
    from starling.node.listing import as_html, as_text
    from starling.node.private_file import private

    found = people_of(Path(arguments.source), Path(arguments.key) if arguments.key else None)
    if not arguments.output:
        write([as_text(found.people, found.head)], None)
        return 0
    output = Path(arguments.output)
    is_page = output.suffix == ".html"
    private(output, (as_html if is_page else as_text)(found.people, found.head).encode())
    say(f"{output}: {len(found.people)} patients, in plain text; {'recorded' if found.is_recorded else found.head}")
    return 0


def unlock(arguments: argparse.Namespace) -> int:
    """Asks an administrator for password and code, and lets the node go on."""
    installed()
    from starling.node.presence import unlock as unlocked

    if sys.stdin.isatty():
        password, code = getpass("password: "), getpass("code of the authenticator: ")
    else:
        password, code = sys.stdin.readline().rstrip("\n"), sys.stdin.readline().rstrip("\n")
    found = unlocked(Path(arguments.folder), arguments.name, password, code.replace(" ", ""))
    say(f"{arguments.folder}: unlocked (it was {found}); the log says by whom")
    return 0
