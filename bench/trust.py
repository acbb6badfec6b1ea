"""What sealing and recording cost, as multiples of plain SQLite in the same run: `python bench/trust.py [--runs 7]`.

Reads: one row by its key out of 20,000, for each cipher, with its page in the cache and without.  Opening: a store of
20 MB, every page of which is read.  Events: recorded in a log, alone and in the
transaction of the change that they record, with and without waiting for the disk; the yardstick is one row in the same
kind of transaction of plain SQLite.  Wall time, medians of several turns.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from time import perf_counter

import apsw
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from starling.trust.audit import AuditLog
from starling.trust.canonical import canonical
from starling.trust.sealed import CIPHERS, open_sealed, transaction
from tests.trust.logs import an_event

KEY = bytes(range(32))
ROWS, READS, EVENTS, DURABLE = 20_000, 2_000, 500, 50
Work = Callable[[], object]


def plain(path: Path) -> apsw.Connection:
    connection = apsw.Connection(str(path))
    connection.pragma("journal_mode", "wal")
    connection.pragma("synchronous", "normal")
    return connection


def filled(connection: apsw.Connection) -> apsw.Connection:
    content = Random(1).randbytes(900)
    with transaction(connection):
        connection.execute("CREATE TABLE row (id INTEGER PRIMARY KEY, content BLOB)")
        connection.executemany("INSERT INTO row VALUES (?, ?)", ((number, content) for number in range(ROWS)))
    connection.execute("PRAGMA wal_checkpoint(truncate)")
    connection.execute("SELECT sum(length(content)) FROM row").fetchone()
    return connection


def reads(connection: apsw.Connection) -> Work:
    places = Random(2).sample(range(ROWS), READS)

    def run() -> None:
        for place in places:
            connection.execute("SELECT content FROM row WHERE id = ?", (place,)).fetchone()

    return run


def rows(connection: apsw.Connection, count: int, *, durable: bool) -> Work:
    """As many events as bare rows: what any record of them costs at least."""
    connection.execute("CREATE TABLE IF NOT EXISTS bare (id INTEGER PRIMARY KEY, event BLOB)")
    content = canonical(an_event(1))

    def run() -> None:
        for _ in range(count):
            with transaction(connection, durable=durable):
                connection.execute("INSERT INTO bare (event) VALUES (?)", (content,))

    return run


def events(log: AuditLog, count: int, *, durable: bool) -> Work:
    def run() -> None:
        for number in range(count):
            log.append(an_event(number), durable=durable)

    return run


def events_in_one(log: AuditLog, connection: apsw.Connection, count: int) -> Work:
    def run() -> None:
        with transaction(connection):
            for number in range(count):
                log.append(an_event(number))

    return run


def opening(path: Path, cipher: str) -> Work:
    """The yardstick reads every page of plain SQLite."""
    if cipher in CIPHERS:
        return lambda: open_sealed(path, KEY, cipher=cipher).close()

    def run() -> None:
        with closing(plain(path)) as connection:
            assert connection.execute("PRAGMA quick_check(1)").get == "ok"

    return run


def compared(works: dict[str, tuple[Work, int]], runs: int) -> None:
    """A line each; the first is the yardstick.  Another work begins each turn."""
    taken: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(runs + 1):
        names = [*works]
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            work, count = works[name]
            before = perf_counter()
            work()
            if turn:
                taken[name].append((perf_counter() - before) / count)
    medians = {name: statistics.median(times) for name, times in taken.items()}
    yardstick = next(iter(medians.values()))
    for name, median in medians.items():
        print(f"{name:42} {median * 1e6:10.1f} us {1 / median:12,.0f} /s {median / yardstick:8.2f} x")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=7)
    runs: int = parser.parse_args().runs
    with TemporaryDirectory() as name:
        folder = Path(name)
        bare = filled(plain(folder / "plain.db"))
        sealed = {each: filled(open_sealed(folder / each, KEY, cipher=each, create=True)) for each in CIPHERS}
        stores = {"plain SQLite": bare, **sealed}
        for said, pages in (("from the cache", 8_192), ("from the file", 8)):
            print(f"one row by its key, {said}")
            for each in stores.values():
                each.pragma("cache_size", pages)
                each.release_memory()
            compared({name: (reads(each), READS) for name, each in stores.items()}, runs)
        for each in stores.values():
            each.pragma("cache_size", -2_000)
        print("a store of 20 MB opened")
        compared({name: (opening(folder / name, name), 1) for name in ("plain.db", *CIPHERS)}, runs)
        log = AuditLog(sealed["aes256"], Ed25519PrivateKey.generate(), "bench/audit", folder / "checkpoint")
        print("one event, without waiting for the disk")
        compared(
            {
                "a bare row, plain SQLite": (rows(bare, EVENTS, durable=False), EVENTS),
                "a bare row, aes256": (rows(sealed["aes256"], EVENTS, durable=False), EVENTS),
                "an event in the log": (events(log, EVENTS, durable=False), EVENTS),
                "an event in a transaction under way": (events_in_one(log, sealed["aes256"], EVENTS), EVENTS),
            },
            runs,
        )
        print("one event, on the disk")
        compared(
            {
                "a bare row, plain SQLite": (rows(bare, DURABLE, durable=True), DURABLE),
                "an event in the log": (events(log, DURABLE, durable=True), DURABLE),
                "a checkpoint, in both places": (log.checkpoint, 1),
            },
            runs,
        )
        print(f"the log of {log.size} events, per event")
        compared({"verified": (lambda: log.verify().require(), log.size)}, runs)
        for connection in (bare, *sealed.values()):
            connection.close()


if __name__ == "__main__":
    main()
