"""A knowledge base that is not the one that came with the program is named first on every page."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from starling.engine import Engine
from starling.knowledge.base import BUNDLED, KnowledgeBase
from tests.commands import run
from tests.knowledge.aged import compile_aged, days_ago
from tests.knowledge.altered import altered

EXAMPLE = Path(__file__).parents[2] / "src" / "starling" / "examples" / "example.vcf"
MARK = "OTHER KNOWLEDGE BASE"


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A knowledge base that somebody compiled."""
    return compile_aged(tmp_path_factory.mktemp("other"), days_ago(10))


def test_the_bytes_decide_and_not_the_stamp(other: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copy(BUNDLED, tmp_path / "copy.kb"))
    for path, is_bundled in ((None, True), (BUNDLED, True), (copy, True), (other, False)):
        with KnowledgeBase.open(path) as base:
            assert base.is_bundled == base.about(["codeine"]).is_bundled == is_bundled
    changed = tmp_path / "changed.kb"
    data = bytearray(BUNDLED.read_bytes())
    data[96] ^= 1  # the version of the library that wrote it: no row, and no stamp, says anything of it
    changed.write_bytes(data)
    with KnowledgeBase.open(changed) as base, KnowledgeBase.open() as own:
        assert base.stamp == own.stamp and not base.is_bundled


@pytest.mark.parametrize(
    "command",
    [("report", EXAMPLE), ("report", EXAMPLE, "--format", "tsv"), ("check", "codeine", EXAMPLE),
     ("dose", "warfarin", EXAMPLE, "--age", "67", "--weight", "80", "--height", "175")],
    ids=["report", "tsv", "check", "dose"],
)  # fmt: skip
def test_every_page_names_it(command: tuple[str | Path, ...], other: Path) -> None:
    assert MARK in run(*command, "--knowledge", other).out.replace("\n", " ")
    assert MARK not in run(*command).out


def test_html_names_it_at_the_head_and_at_the_foot_of_each_printed_page(other: Path, tmp_path: Path) -> None:
    for name, words in (("report", ()), ("dose", ("--age", "67", "--weight", "80", "--height", "175"))):
        drug = ("warfarin",) if name == "dose" else ()
        done = run(name, *drug, EXAMPLE, *words, "-o", tmp_path / "p.html", "--knowledge", other)
        assert done.code == 0, done.err
        style, _, body = (tmp_path / "p.html").read_text(encoding="utf-8").partition("</style>")
        assert MARK in body and MARK in style.replace("\\000020", " ")


def test_a_page_of_answers_and_a_cohort_name_it_too(other: Path, tmp_path: Path) -> None:
    page = tmp_path / "c.html"
    assert run("check", "codeine", EXAMPLE, "-o", page, "--knowledge", other).code == 0
    style, _, body = page.read_text(encoding="utf-8").partition("</style>")
    assert MARK in body and MARK in style.replace("\\000020", " ")
    pytest.importorskip("duckdb", reason="needs the extra cohort")
    done = run("cohort", "call", EXAMPLE, "-o", tmp_path / "calls.parquet", "--knowledge", other)
    assert done.code == 0, done.err
    for name in ("s.html", "s.tsv", "s.json"):
        told = run("cohort", "summary", tmp_path / "calls.parquet", "-o", tmp_path / name, "--min-cell", "0")
        assert told.code == 0, told.err
        assert MARK in (tmp_path / name).read_text(encoding="utf-8")


def test_json_has_it_in_the_provenance(other: Path) -> None:
    with Engine.open(other).knowledge as base:
        (notice,) = [each for each in Engine(base).assess(EXAMPLE).provenance.notices if each.code == "KNOWLEDGE_OTHER"]
    assert base.stamp.version in notice.message and base.stamp.sha256[:12] in notice.message
    own = Engine.bundled().assess(EXAMPLE).provenance.notices
    assert "KNOWLEDGE_OTHER" not in {each.code for each in own}


def test_attack_other_advice_under_new_seals_is_not_taken_for_ours(tmp_path: Path) -> None:
    """Sound in itself, and so read; what it says stands under its own digest and the mark of another edition."""
    path = altered(BUNDLED, tmp_path / "starling.kb", stamped=True)
    for answer in (("check", "clopidogrel"), ("report",)):
        own, other = (run(*answer, EXAMPLE, *which) for which in ((), ("--knowledge", path)))
        assert "prasugrel" in own.out and "ibuprofen" in other.out
        assert MARK in other.out.replace("\n", " ") and MARK not in own.out
    with KnowledgeBase.open(path) as opened, KnowledgeBase.open() as official:
        assert opened.stamp.sha256 != official.stamp.sha256
        assert Engine(opened).assess(EXAMPLE).provenance.knowledge == opened.stamp
