"""Packages of npm are believed by their digest alone; a client that copies an archive stands in for the registry's."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import io
import tarfile
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The tool, with a client on the path that gives `tmp_path/archive.tgz` for whatever it is asked for."""
    spec = importlib.util.spec_from_file_location("npm_tool", ROOT / "tools" / "npm.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    client = tmp_path / "bin" / "npm"
    client.parent.mkdir()
    client.write_text(f'#!/bin/sh\nfor last in "$@"; do :; done\ncp {tmp_path}/archive.tgz "$last/found.tgz"\n')
    client.chmod(0o755)
    monkeypatch.setenv("PATH", f"{client.parent}:/usr/bin:/bin")
    monkeypatch.setattr(module, "LIST", tmp_path / "npm.txt")
    return module


def archive(folder: Path, name: str = "package/index.js") -> str:
    """An archive of one file; its digest."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as packed:
        entry = tarfile.TarInfo(name)
        entry.size = 4
        packed.addfile(entry, io.BytesIO(b"code"))
    (folder / "archive.tgz").write_bytes(content.getvalue())
    return "sha512-" + base64.b64encode(hashlib.sha512(content.getvalue()).digest()).decode()


def listed(folder: Path, digest: str) -> None:
    (folder / "npm.txt").write_text(f"# a list\n@made/up 1.0.0 {digest}\n", encoding="utf-8")


def test_a_package_is_unpacked_once(npm: ModuleType, tmp_path: Path) -> None:
    listed(tmp_path, archive(tmp_path))
    assert npm.main(tmp_path / "there") == 0
    assert (tmp_path / "there" / "@made" / "up" / "index.js").read_bytes() == b"code"
    (tmp_path / "archive.tgz").unlink()
    assert npm.main(tmp_path / "there") == 0


def test_attack_another_package_under_the_same_name(
    npm: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    listed(tmp_path, "sha512-" + "A" * 86 + "==")
    archive(tmp_path)
    assert npm.main(tmp_path / "there") == 1
    assert "its digest is sha512-" in capsys.readouterr().err
    assert not (tmp_path / "there").exists()


def test_attack_a_package_that_writes_beside_itself(npm: ModuleType, tmp_path: Path) -> None:
    listed(tmp_path, archive(tmp_path, "../../escaped.js"))
    with pytest.raises(tarfile.OutsideDestinationError):
        npm.main(tmp_path / "there")
    assert not list(tmp_path.rglob("escaped.js"))


def test_without_npm_nothing_fails(npm: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed(tmp_path, archive(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert npm.main(tmp_path / "there") == 0


def test_the_list_names_no_address_and_pins_every_package() -> None:
    rows = [line.split() for line in (ROOT / "tools" / "npm.txt").read_text("utf-8").splitlines() if line[:1] != "#"]
    assert rows
    assert all(len(row) == 3 and row[2].startswith("sha512-") and "://" not in " ".join(row) for row in rows)
