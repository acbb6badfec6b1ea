"""A knowledge base in which somebody altered a row, and sealed it again as the compiler would."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from starling.knowledge.seal import NAMES, digests, stamp_of

OTHER_ADVICE = "UPDATE guideline SET advice = replace(advice, 'prasugrel', 'ibuprofen')"


def altered(source: Path, target: Path, *, stamped: bool) -> Path:
    """A copy with other advice, whose digests were made again; `stamped`: the stamp, too."""
    target.write_bytes(source.read_bytes())
    with closing(sqlite3.connect(target, isolation_level=None)) as database:
        database.execute(OTHER_ADVICE)
        rows = database.execute("SELECT * FROM guideline ORDER BY 1").fetchall()
        for table, key, sha256 in digests("guideline", rows):
            database.execute('UPDATE digest SET sha256 = ? WHERE "table" = ? AND key = ?', (sha256, table, key))
        if stamped:
            stated = database.execute("SELECT * FROM digest ORDER BY 1, 2").fetchall()
            meta = dict(database.execute("SELECT key, value FROM meta"))
            stamp = stamp_of([meta[name] for name in NAMES], stated)
            database.execute("UPDATE meta SET value = ? WHERE key = 'sha256'", (stamp,))
    return target
