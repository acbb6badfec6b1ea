"""A store is opened whole with its own key, or it is not opened."""

from __future__ import annotations

import stat
from pathlib import Path

import apsw
import pytest

from starling.errors import TrustError
from starling.trust.sealed import CIPHERS, open_sealed, transaction
from tests.trust.logs import KEY

MARK = "Erika Mustermann 1970-01-01"
each_cipher = pytest.mark.parametrize("cipher", CIPHERS)


def filled(path: Path, cipher: str) -> apsw.Connection:
    connection = open_sealed(path, KEY, cipher=cipher, create=True)
    with transaction(connection):
        connection.execute("CREATE TABLE patient (id INTEGER PRIMARY KEY, name TEXT, note TEXT)")
        rows = ((number, MARK, MARK * 40) for number in range(40))
        connection.executemany("INSERT INTO patient VALUES (?, ?, ?)", rows)
    return connection


def refused(path: Path, key: bytes = KEY, *, cipher: str = "aes256", create: bool = False) -> str:
    with pytest.raises(TrustError) as caught:
        open_sealed(path, key, cipher=cipher, create=create)
    assert caught.value.code == "STORE_SEALED" and caught.value.exit_code == 7
    return caught.value.message


@each_cipher
def test_what_is_written_is_read_again_with_its_key(tmp_path: Path, cipher: str) -> None:
    filled(tmp_path / "s.db", cipher).close()
    connection = open_sealed(tmp_path / "s.db", KEY, cipher=cipher)
    assert connection.execute("SELECT count(*), min(name) FROM patient").get == (40, MARK)
    connection.close()
    assert stat.S_IMODE((tmp_path / "s.db").stat().st_mode) == 0o600


@each_cipher
def test_no_plain_text_lies_on_the_disk_while_it_is_open_and_afterwards(tmp_path: Path, cipher: str) -> None:
    connection = filled(tmp_path / "s.db", cipher)
    connection.execute("SELECT * FROM patient ORDER BY note || name").get  # noqa: B018 -- sorts, which may spill
    during = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert {"s.db", "s.db-wal"} <= set(during)
    connection.close()
    for content in [*during.values(), *(path.read_bytes() for path in tmp_path.iterdir())]:
        assert content and not any(word.encode() in content for word in (MARK, "Mustermann", "patient", "SQLite"))


@each_cipher
def test_a_wrong_key_opens_nothing(tmp_path: Path, cipher: str) -> None:
    filled(tmp_path / "s.db", cipher).close()
    for place in (0, 31):
        wrong = bytearray(KEY)
        wrong[place] ^= 1
        assert "another key" in refused(tmp_path / "s.db", bytes(wrong), cipher=cipher)
    assert "32 bytes" in refused(tmp_path / "s.db", b"short", cipher=cipher)


@pytest.mark.parametrize(("written", "read"), [(one, two) for one in CIPHERS for two in CIPHERS if one != two])
def test_another_cipher_opens_nothing(tmp_path: Path, written: str, read: str) -> None:
    filled(tmp_path / "s.db", written).close()
    refused(tmp_path / "s.db", cipher=read)


@each_cipher
def test_one_flipped_bit_anywhere_and_it_is_not_opened(tmp_path: Path, cipher: str) -> None:
    path = tmp_path / "s.db"
    filled(path, cipher).close()
    sound = path.read_bytes()
    pages = range(0, len(sound), 4096)
    assert len(pages) > 10
    places = {*range(24), *(page + within for page in pages for within in (0, 24, 1000, 4000, 4095))}
    for place in sorted(places):
        path.write_bytes(sound[:place] + bytes([sound[place] ^ 1 << place % 8]) + sound[place + 1 :])
        refused(path, cipher=cipher)
    path.write_bytes(sound)
    open_sealed(path, KEY, cipher=cipher).close()


@each_cipher
def test_a_truncated_file_is_not_opened(tmp_path: Path, cipher: str) -> None:
    path = tmp_path / "s.db"
    filled(path, cipher).close()
    sound = path.read_bytes()
    for length in (0, 1, 23, 24, 100, 4095, 4096, 8192, len(sound) - 4096, len(sound) - 1):
        path.write_bytes(sound[:length])
        refused(path, cipher=cipher)


@each_cipher
def test_pages_that_change_places_are_not_opened(tmp_path: Path, cipher: str) -> None:
    path = tmp_path / "s.db"
    filled(path, cipher).close()
    sound = path.read_bytes()
    path.write_bytes(sound[: 4096 * 3] + sound[4096 * 4 : 4096 * 5] + sound[4096 * 3 : 4096 * 4] + sound[4096 * 5 :])
    refused(path, cipher=cipher)


def test_a_file_that_is_not_ours_is_not_opened_and_not_changed(tmp_path: Path) -> None:
    plain = apsw.Connection(str(tmp_path / "plain.db"))
    plain.execute("CREATE TABLE t (x)")
    plain.close()
    before = (tmp_path / "plain.db").read_bytes()
    refused(tmp_path / "plain.db")
    assert (tmp_path / "plain.db").read_bytes() == before
    assert "No such file" in refused(tmp_path / "absent.db") and not (tmp_path / "absent.db").exists()


def test_a_file_of_our_key_that_is_no_store_is_not_opened(tmp_path: Path) -> None:
    connection = filled(tmp_path / "s.db", "aes256")
    connection.pragma("application_id", 0)
    connection.close()
    refused(tmp_path / "s.db")


def test_a_new_store_takes_no_others_place(tmp_path: Path) -> None:
    filled(tmp_path / "s.db", "aes256").close()
    assert "there is a store already" in refused(tmp_path / "s.db", create=True)
    open_sealed(tmp_path / "s.db", KEY).close()


def test_a_transaction_is_all_or_nothing_and_durable_ones_leave_no_trace(connection: apsw.Connection) -> None:
    connection.execute("CREATE TABLE t (x)")
    with pytest.raises(ZeroDivisionError), transaction(connection, durable=True):
        connection.execute("INSERT INTO t VALUES (1)")
        assert connection.pragma("synchronous") == 2
        raise ZeroDivisionError
    assert connection.execute("SELECT count(*) FROM t").get == 0
    assert connection.pragma("synchronous") == 1 and not connection.in_transaction
