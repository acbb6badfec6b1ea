"""The files of an installation are compared with its own record; a source tree has none, and says so."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest

from starling import installation
from starling.errors import InputError
from starling.extras import EXTRAS, need, versions
from starling.installation import DISTRIBUTION, KNOWLEDGE_FILE, program_files
from tests.commands import run
from tests.conftest import ROOT

FILES = {
    "starling/__init__.py": b"",
    "starling/engine.py": b"pass\n",
    KNOWLEDGE_FILE: b"rows",
    "starling/py.typed": b"",
}


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The package folder of a small installation with a record, first on the path."""
    info = tmp_path / "starling_pgx-9.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.4\nName: {DISTRIBUTION}\nVersion: 9\n")
    rows = []
    for name, data in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        rows.append(f"{name},sha256={installation._digest(path)},{len(data)}")
    rows += ["starling/__pycache__/engine.cpython-311.pyc,,", "../../bin/starling,sha256=AAAA,9"]
    (info / "RECORD").write_text("\n".join(rows) + "\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path / "starling"


def test_what_was_installed_is_sound(installed: Path) -> None:
    (installed / "__pycache__").mkdir()
    (installed / "__pycache__" / "engine.cpython-311.pyc").write_bytes(b"compiled")
    found = program_files(installed)
    assert (found.kind, found.sound, found.compared) == ("installed", True, len(FILES))


def test_a_file_changed_lost_or_added_is_named(installed: Path) -> None:
    (installed / "engine.py").write_bytes(b"evil\n")
    (installed / "py.typed").unlink()
    (installed / "json.py").write_bytes(b"")
    found = program_files(installed)
    assert not found.sound
    assert found.changed == ("starling/engine.py",)
    assert found.missing == ("starling/py.typed",)
    assert found.unknown == ("starling/json.py",)


def test_another_edition_of_the_knowledge_is_no_damage_and_is_said(installed: Path) -> None:
    (installed.parent / KNOWLEDGE_FILE).write_bytes(b"new rows")
    found = program_files(installed)
    assert found.sound and found.own_knowledge


def test_a_source_tree_beside_an_installation_is_not_compared_with_its_record(installed: Path, tmp_path: Path) -> None:
    assert program_files(tmp_path / "elsewhere" / "starling").kind == "tree"


@pytest.mark.parametrize(("editable", "kind"), [(True, "editable"), (False, "tree")])
def test_an_editable_installation_says_so(
    editable: bool, kind: str, installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (info,) = tmp_path.glob("*.dist-info")
    (info / "RECORD").write_text("_editable.pth,,\n")
    origin = {"url": (tmp_path / "my tree").as_uri(), "dir_info": {"editable": editable}}
    (info / "direct_url.json").write_text(json.dumps(origin))
    assert program_files(tmp_path / "my tree" / "src" / "starling").kind == kind


def test_the_table_of_extras_is_that_of_the_distribution() -> None:
    stated = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    names = {extra: tuple(sorted(re.split(r"[<>=]", each)[0] for each in needed)) for extra, needed in stated.items()}
    assert names == dict(EXTRAS)


def test_no_extra_and_no_advice_asks_an_index_for_a_project_of_ours() -> None:
    """An index could hold a stranger's project under our name: our own distributions come from a tree or a kit."""
    folders = ("docs", "src", "packaging", "tools", "workshop")
    pages = [*ROOT.glob("*.md"), *(path for folder in folders for path in (ROOT / folder).rglob("*"))]
    texts = [
        path.read_text(encoding="utf-8")
        for path in pages
        if path.suffix in {".md", ".py", ".nf", ".yml", ".yaml", ""} and path.is_file()
    ]
    written = [text for text in texts if not text.startswith("<!-- Generated")]  # from the sources, which are read too
    asking = [
        line for text in written for line in re.findall(r"pip (?:install|download)[^#|\n]*starling[-_]pgx.*", text)
    ]
    assert len(asking) > 2
    assert [line for line in asking if "--no-index" not in line] == []
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert "starling" not in str(extras)


def test_a_package_that_is_missing_is_named_with_what_installs_it() -> None:
    with pytest.raises(InputError, match=r"pip install '\.\[htslib\]' in the source tree"):
        need("no_such_module_anywhere", "htslib")
    with pytest.raises(InputError, match=r"pip install \./workshop"):
        need("no_such_module_anywhere", "simulate")
    assert set(versions("cohort")) == set(EXTRAS["cohort"])


def test_the_doctor_speaks_to_programs_too() -> None:
    done = run("doctor", "--json")
    document = json.loads(done.out)
    assert (document["schema"], document["sound"], document["exit_code"], done.code) == (
        "starling.doctor/1",
        True,
        0,
        0,
    )
    assert document["knowledge"]["sound"] and document["example"]["called"] > 0
    assert set(document["extras"]) == set(EXTRAS)
    assert list(document) == [
        "schema", "program", "python", "platform", "sound", "exit_code", "knowledge", "files", "extras", "example",
    ]  # fmt: skip


def test_the_doctor_finds_a_damaged_knowledge_base(tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.kb"
    damaged.write_bytes(b"SQLite format 3\0" + bytes(100))
    assert run("doctor", "--knowledge", damaged).code == 3
    done = run("doctor", "--knowledge", damaged, "--json")
    assert done.code == 3
    assert json.loads(done.out)["sound"] is False
    assert json.loads(done.out)["example"] is None


def test_the_doctor_finds_changed_program_files(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (installed / "engine.py").write_bytes(b"evil\n")
    monkeypatch.setattr("starling.cli.doctor.program_files", lambda: program_files(installed))
    done = run("doctor")
    assert done.code == 3
    assert "program files CHANGED, reinstall: starling/engine.py" in done.out
    assert done.out.endswith("NOT sound: see above\n")
