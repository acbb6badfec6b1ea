"""Public keys are read or refused; a site's list of them is whole, or it is not used."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from starling.errors import InputError
from starling.trust.keys import (
    LARGEST_BYTES,
    TrustedKey,
    dump_trusted,
    public_pem,
    read_public_key,
    read_trusted,
    trust_file,
    with_key,
)

#: Source: RFC 8032, section 7.1, TEST 1 (public key).
PUBLIC = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
ANNA = TrustedKey("St Anna, pharmacy", PUBLIC)


def test_the_file_of_a_site_is_found_where_settings_are_kept() -> None:
    assert trust_file({"STARLING_TRUST": "keys"}) == Path("keys")
    assert trust_file({"XDG_CONFIG_HOME": "c", "STARLING_TRUST": " "}) == Path("c", "starling", "trusted-keys")
    assert trust_file({}).parts[-3:] == (".config", "starling", "trusted-keys")


@given(st.lists(st.tuples(st.text(min_size=1), st.binary(min_size=32, max_size=32)), max_size=5))
def test_a_site_reads_the_keys_that_it_wrote(pairs: list[tuple[str, bytes]]) -> None:
    keys: tuple[TrustedKey, ...] = ()
    for name, public in pairs:
        try:
            keys = with_key(keys, TrustedKey(name, public))
        except InputError as error:
            assert error.code == "BAD_KEY"
    text = dump_trusted(keys)
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert len(lines) == len(keys) == len({key.public for key in keys})


def test_a_list_is_read_as_it_was_written(tmp_path: Path) -> None:
    place = tmp_path / "keys"
    assert read_trusted(place) == ()
    place.write_text(dump_trusted([ANNA]), encoding="utf-8")
    assert read_trusted(place) == (ANNA,)


@pytest.mark.parametrize(
    "content",
    [b"ed25519 d75a anna\n", b"rsa " + PUBLIC.hex().encode() + b" anna\n", b"ed25519 " + PUBLIC.hex().encode() + b"\n",
     b"\xff\xfe", b"ed25519 " + PUBLIC.hex().encode() + b" an\x1b[2Jna\n", b"#" * (LARGEST_BYTES + 1)],
)  # fmt: skip
def test_a_list_with_a_line_that_is_no_key_is_not_used(content: bytes, tmp_path: Path) -> None:
    place = tmp_path / "keys"
    place.write_bytes(dump_trusted([ANNA]).encode() + content)
    with pytest.raises(InputError) as caught:
        read_trusted(place)
    assert caught.value.code == "BAD_KEY"


def test_a_name_means_one_key_and_a_key_has_one_name() -> None:
    other = TrustedKey(ANNA.name, bytes(32))
    with pytest.raises(InputError, match="another key"):
        with_key([ANNA], other)
    renamed = TrustedKey("Anna", PUBLIC)
    assert with_key([ANNA], renamed) == (renamed,)
    for name in ("", " anna", "an\nna", "\x9b"):
        with pytest.raises(InputError):
            with_key([], TrustedKey(name, PUBLIC))


def test_a_public_key_survives_its_file(tmp_path: Path) -> None:
    (tmp_path / "k.pem").write_text(public_pem(PUBLIC))
    assert read_public_key(tmp_path / "k.pem") == PUBLIC


@pytest.mark.parametrize(
    "text",
    ["", "ed25519", public_pem(PUBLIC)[:-30], public_pem(PUBLIC) * 2, public_pem(PUBLIC).replace("MCow", "MCox"),
     public_pem(PUBLIC[:31]), public_pem(PUBLIC).replace("PUBLIC", "EC PUBLIC"),
     public_pem(PUBLIC).replace("PUBLIC", "PRIVATE")],
)  # fmt: skip
def test_what_is_no_public_key_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "k.pem").write_text(text)
    with pytest.raises(InputError) as caught:
        read_public_key(tmp_path / "k.pem")
    assert caught.value.code == "BAD_KEY"
    for path in (tmp_path, tmp_path / "nothing"):
        with pytest.raises(InputError):
            read_public_key(path)
