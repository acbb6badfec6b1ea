"""Same facts, same bytes; nothing half-written."""

from __future__ import annotations

import random
import sqlite3
from pathlib import Path

import pytest

from starling.errors import KnowledgeError
from starling.knowledge.base import KnowledgeBase
from starling.knowledge.compile import compile_knowledge
from starling.knowledge.inspect import check
from tests.knowledge.small import SOURCE, read


def shuffle(folder: Path, seed: int) -> None:
    for path in sorted(folder.iterdir()):
        head, *rows = path.read_text(encoding="utf-8").splitlines()
        if path.suffix == ".jsonl":
            head, rows = "", [head, *rows]
        random.Random(seed).shuffle(rows)
        path.write_text("\n".join([*([head] if head else []), *rows]) + "\n", encoding="utf-8")


def test_the_tables_of_the_project_keep_every_invariant() -> None:
    assert check(SOURCE) == ()


def test_two_compilations_give_the_same_bytes(compiled: Path, tmp_path: Path) -> None:
    compile_knowledge(SOURCE, tmp_path / "again.kb")
    assert (tmp_path / "again.kb").read_bytes() == compiled.read_bytes()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_row_order_leaves_no_trace(small: Path, tmp_path: Path, seed: int) -> None:
    first = compile_knowledge(small, tmp_path / "first.kb")
    shuffle(small, seed)
    assert compile_knowledge(small, tmp_path / "second.kb") == first
    assert (tmp_path / "second.kb").read_bytes() == (tmp_path / "first.kb").read_bytes()


def test_windows_line_ends_leave_no_trace(small: Path, tmp_path: Path) -> None:
    first = compile_knowledge(small, tmp_path / "first.kb")
    for path in small.iterdir():
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert compile_knowledge(small, tmp_path / "second.kb") == first


def test_a_changed_fact_changes_the_digest(small: Path, tmp_path: Path) -> None:
    first = compile_knowledge(small, tmp_path / "first.kb")
    path = small / "populations.tsv"
    path.write_text(path.read_text(encoding="utf-8").replace("children", "infants"), encoding="utf-8")
    assert compile_knowledge(small, tmp_path / "second.kb").sha256 != first.sha256


def test_the_stamp_carries_version_date_and_digest(base: KnowledgeBase) -> None:
    (version,) = read("version.tsv")
    newest = max(row["data_version"] for row in read("genes.tsv"))[:10]
    checks = [row["checked_on"] for row in read("guidelines.tsv")]
    as_of = f"{newest} (alleles), {min(checks)} (guidelines)"
    assert (base.stamp.version, base.stamp.as_of) == (version["version"], as_of)
    assert base.stamp.checked_on == max(checks)
    assert base.verify_content()


def test_the_file_is_a_plain_database_that_names_itself(compiled: Path) -> None:
    database = sqlite3.connect(compiled)
    try:
        assert database.execute("PRAGMA application_id").fetchone() == (0x53544152,)
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    finally:
        database.close()


def test_invalid_tables_leave_the_target_untouched(small: Path, tmp_path: Path) -> None:
    target = tmp_path / "starling.kb"
    target.write_bytes(b"the former edition")
    path = small / "genes.tsv"
    path.write_text(path.read_text(encoding="utf-8").replace("chr13", "chr14"), encoding="utf-8")
    with pytest.raises(KnowledgeError, match=r"NUDT15 lies on chr14, not chr13.*; and \d+ more") as raised:
        compile_knowledge(small, target)
    assert raised.value.code == "KNOWLEDGE_INVALID"
    assert target.read_bytes() == b"the former edition"
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["starling.kb"]


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(KnowledgeError, match="nowhere: no such folder") as raised:
        compile_knowledge(tmp_path / "nowhere", tmp_path / "starling.kb")
    assert raised.value.code == "KNOWLEDGE_NOT_FOUND"


def test_a_missing_table_is_named(small: Path, tmp_path: Path) -> None:
    (small / "aliases.tsv").unlink()
    with pytest.raises(KnowledgeError, match=r"aliases\.tsv: no such table"):
        compile_knowledge(small, tmp_path / "starling.kb")


def test_a_table_that_is_not_utf8_is_named(small: Path, tmp_path: Path) -> None:
    (small / "aliases.tsv").write_bytes(b"gene\talias\tname\n\xff\t\t\n")
    with pytest.raises(KnowledgeError, match=r"aliases\.tsv: cannot be read as UTF-8"):
        compile_knowledge(small, tmp_path / "starling.kb")


def test_a_target_that_cannot_be_written_is_named(small: Path, tmp_path: Path) -> None:
    with pytest.raises(KnowledgeError, match=r"starling\.kb: cannot be written"):
        compile_knowledge(small, tmp_path / "no" / "such" / "starling.kb")
