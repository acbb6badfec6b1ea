"""Files that wait are sealed: what was changed, cut or exchanged is refused."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from starling.errors import InputError
from starling.node.spool import in_memory, seal, take_away_left_behind, unsealed

KEY = bytes(range(32))
MIB = 1 << 20


@pytest.mark.parametrize("size", [0, 1, MIB - 1, MIB, MIB + 1, 3 * MIB])
def test_what_was_sealed_comes_back(tmp_path: Path, size: int) -> None:
    content = b"rs4244285 A/G\n" * (size // 14 + 1)
    content = content[:size]
    assert seal(tmp_path / "one", KEY, [content[:7], content[7:]]) == size
    assert b"".join(unsealed(tmp_path / "one", KEY)) == content
    assert b"rs4244285" not in (tmp_path / "one").read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["one"]


@pytest.mark.parametrize("attack", ["flip", "truncate", "drop-last-piece", "swap-pieces", "wrong-key", "remove"])
def test_a_file_that_is_not_what_was_written_is_refused(tmp_path: Path, attack: str) -> None:
    path, key, piece = tmp_path / "one", KEY, MIB + 16
    seal(path, key, [b"a" * MIB, b"b" * MIB, b"c"])
    data = path.read_bytes()
    match attack:
        case "flip":
            path.write_bytes(data[:100] + bytes([data[100] ^ 1]) + data[101:])
        case "truncate":
            path.write_bytes(data[:-1])
        case "drop-last-piece":
            path.write_bytes(data[: 2 * piece])
        case "swap-pieces":
            path.write_bytes(data[piece : 2 * piece] + data[:piece] + data[2 * piece :])
        case "wrong-key":
            key = bytes(32)
        case _:
            path.unlink()
    with pytest.raises(InputError) as refused:
        list(unsealed(path, key))
    assert refused.value.code == "FILE_DAMAGED"


def test_a_file_in_memory_has_its_name_and_leaves_nothing() -> None:
    with in_memory("../patient.vcf", [b"##file", b"format"]) as path:
        assert (path.name, path.read_bytes()) == ("patient.vcf", b"##fileformat")
        folder = path.parent
    assert not folder.exists()


def test_attack_a_process_that_is_killed_while_it_reads_leaves_no_name_behind() -> None:
    reading = "with in_memory('Ada Amsel.vcf', [b'x']) as path: print(path, flush=True); input()"
    script = f"from starling.node.spool import in_memory\n{reading}"
    process = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with process:
        assert process.stdout is not None
        path = Path(process.stdout.readline().strip())
        take_away_left_behind()
        assert path.is_symlink()  # its process reads
        process.kill()
    assert path.is_symlink()
    take_away_left_behind()
    assert not path.parent.exists()
