from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from starling.errors import InputError
from starling.formats.bed import read_bed


def test_regions_count_from_one_sorted_and_merged(tmp_path: Path) -> None:
    path = tmp_path / "callable.bed"
    path.write_bytes(b"track name=x\n#c\n\nchr2\t10\t20\textra\r\nchr1\t5\t6\nchr1\t0\t5\nchr1\t50\t60\nchr1\t9\t9\n")
    assert read_bed(path) == {"chr2": ((11, 20),), "chr1": ((1, 6), (51, 60))}
    path.write_bytes(gzip.compress(path.read_bytes()))
    assert read_bed(path)["chr2"] == ((11, 20),)


@pytest.mark.parametrize(
    ("data", "code", "line"),
    [
        (b"", "FILE_EMPTY", None),
        (b"chr1\t1\n", "BAD_BED", 1),
        (b"#\nchr1\t9\t1\n", "BAD_BED", 2),
        (b"chr1\t-1\t5\n", "BAD_BED", 1),
        (b"chr1\t1\t99999999999\n", "BAD_BED", 1),
        (b"chr1\tstart\tend\n", "BAD_BED", 1),
        (b"chr\xff\t1\t5\n", "NOT_TEXT", 1),
        (b"chr\0\t1\t5\n", "NOT_TEXT", 1),
        (gzip.compress(b"chr1\t1\t5\n", mtime=0)[:-3], "FILE_DAMAGED", None),
    ],
)
def test_what_is_refused(tmp_path: Path, data: bytes, code: str, line: int | None) -> None:
    path = tmp_path / "callable.bed"
    path.write_bytes(data)
    with pytest.raises(InputError) as caught:
        read_bed(path)
    assert (caught.value.code, caught.value.line) == (code, line)
