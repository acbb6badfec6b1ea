from __future__ import annotations

import gzip
import io
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from starling.errors import InputError
from starling.formats.bgzf import END_OF_FILE, BgzfWriter, BlockFile, bgzf_block, is_bgzf


def bgzf(data: bytes, **settings: int) -> bytes:
    out = io.BytesIO()
    with BgzfWriter(out, **settings) as writer:
        writer.write(data)
    return out.getvalue()


def opened(folder: Path, data: bytes) -> BlockFile:
    path = folder / "x.gz"
    path.write_bytes(data)
    with path.open("rb") as stream:
        return BlockFile(stream, path.name)


@given(st.binary(max_size=5_000), st.integers(1, 700), st.integers(0, 9))
def test_what_is_written_is_gzip_and_reads_back(data: bytes, size: int, level: int) -> None:
    written = bgzf(data, text_per_block=size, level=level)
    assert gzip.decompress(written) == data
    assert written.endswith(END_OF_FILE)
    assert is_bgzf(written)


def test_incompressible_text_fits_into_a_block() -> None:
    assert len(bgzf_block(random.Random(1).randbytes(65_280), level=9)) <= 65_536


def test_equal_text_makes_equal_bytes() -> None:
    assert bgzf(b"abc" * 1000) == bgzf(b"abc" * 1000)


def test_the_writer_says_where_the_next_byte_goes() -> None:
    out = io.BytesIO()
    writer = BgzfWriter(out, text_per_block=10)
    writer.write(b"1234")
    assert writer.tell() == 4
    writer.write(b"567890")
    assert writer.tell() == len(out.getvalue()) << 16


def test_a_writer_left_by_an_error_leaves_no_complete_file() -> None:
    out = io.BytesIO()
    with pytest.raises(KeyError), BgzfWriter(out) as writer:
        writer.write(b"half")
        raise KeyError
    assert not out.getvalue().endswith(END_OF_FILE)


def test_block_sizes_beyond_the_format_are_refused() -> None:
    with pytest.raises(ValueError, match="text_per_block"):
        BgzfWriter(io.BytesIO(), text_per_block=70_000)


def test_the_beginnings_of_all_blocks_are_seen(tmp_path: Path) -> None:
    text = random.Random(2).randbytes(5_000)
    blocks = opened(tmp_path, bgzf(text[:2_500], text_per_block=500) + bgzf(text[2_500:], text_per_block=500))
    seen = list(blocks.beginnings(0, 100))
    assert [beginning[:100] for _, beginning in seen] == [text[at : at + 100] for at in range(0, 5_000, 500)]
    assert b"".join(blocks.text(offset) for offset, _ in seen) == text
    assert [blocks.is_block(offset) for offset, _ in seen] == [True] * 10
    assert not blocks.is_block(seen[3][0] + 1)


@pytest.mark.parametrize("cut", [0.3, 0.9])
def test_a_file_cut_while_it_is_open_is_damaged(tmp_path: Path, cut: float) -> None:
    """A memory map would end the process (SIGBUS)."""
    data = bgzf(random.Random(2).randbytes(500_000))
    blocks = opened(tmp_path, data)
    with (tmp_path / "x.gz").open("r+b") as stream:
        stream.truncate(int(len(data) * cut))
    with pytest.raises(InputError, match="became shorter") as caught:
        list(blocks.texts())
    assert caught.value.code == "FILE_DAMAGED"
    with pytest.raises(InputError, match="became shorter"):
        list(blocks.beginnings(0, 100))


def test_a_header_with_more_extra_fields_is_read(tmp_path: Path) -> None:
    block = bytearray(bgzf_block(b"text"))
    block[12:12] = b"XY\x03\x00abc"
    block[10] += 7
    block[23] += 7
    data = bytes(block) + END_OF_FILE
    assert is_bgzf(data)
    assert opened(tmp_path, data).text(0) == b"text"


def test_plain_gzip_is_not_bgzf() -> None:
    assert not is_bgzf(gzip.compress(b"text"))
    assert not is_bgzf(b"")


@pytest.mark.parametrize("at", [-8, -4, 30])
def test_a_changed_byte_is_found(tmp_path: Path, at: int) -> None:
    block = bytearray(bgzf_block(b"text that is long enough to be changed" * 3))
    block[at] ^= 0x55
    blocks = opened(tmp_path, bytes(block) + END_OF_FILE)
    with pytest.raises(InputError) as caught:
        blocks.text(0)
    assert caught.value.code == "FILE_DAMAGED"


def test_the_marker_of_a_complete_file(tmp_path: Path) -> None:
    whole = bgzf(b"text" * 100)
    assert opened(tmp_path, whole).is_complete()
    assert not opened(tmp_path, whole[: -len(END_OF_FILE)]).is_complete()
    with pytest.raises(InputError, match="end of the file is missing"):
        opened(tmp_path, whole[: -len(END_OF_FILE) - 3]).is_complete()


def test_the_cache_is_bounded(tmp_path: Path) -> None:
    blocks = opened(tmp_path, bgzf(bytes(20_000), text_per_block=100))
    offset = 0
    while offset < blocks.size:
        blocks.text(offset)
        offset = blocks.after(offset)
    counted = blocks.inflated
    blocks.text(0)
    assert blocks.inflated == counted + 1
    blocks.text(0)
    assert blocks.inflated == counted + 1
