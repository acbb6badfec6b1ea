"""`node backup | restore`: what keeps a node and its patients' records, whether or not it is being served."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, Final

from starling.cli.commands import add_verb
from starling.cli.node_words import installed, say

_BACKUP_EXAMPLES: Final = """
examples:
  starling node backup ward-3 /media/backup/ward-3.tar
  starling node restore /media/backup/ward-3.tar ward-3 --key /media/safe/ward-3.key

The store in the file stays sealed, and no key that is not wrapped is in it:
keep the key file elsewhere (cp ward-3/file.key), or the token.
"""
_RESTORE_EXAMPLES: Final = """
examples:
  starling node restore ward-3.tar ward-3 --key ward-3.key
  starling node restore ward-3.tar ward-3 --over "the disk failed on 3 May"
      also where a newer node stands, which is set aside
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
    back.add_argument("--key", metavar="FILE", help="the key file (default: that of the node that is there)")
    back.add_argument(
        "--over", default="", metavar="REASON", help="also over a node that is newer or unreadable, because"
    )


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
    if found.aside:
        say(f"set aside: {found.aside}; remove it when nothing in it is needed")
    return 0
