"""Every threat and every hazard names a control that is there and a test that exists."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from tests.conftest import ROOT

FOLDER = ROOT / "docs" / "explanation"
#: page -> what an id looks like
PAGES = {"threat-model.md": r"[A-Z]-[STRIDE]\d+", "hazards.md": r"H-\d\d"}
LINK = re.compile(r"\[([^\]]+)\]\(([^)]+)\)")


def rows(page: str) -> list[list[str]]:
    """The cells of every row that has an id."""
    lines = (FOLDER / page).read_text(encoding="utf-8").splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    return [each for each in cells if re.fullmatch(PAGES[page], each[0])]


@cache
def functions_of(path: Path) -> frozenset[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize("page", PAGES)
def test_every_row_names_a_control_that_is_there_and_a_test_that_exists(page: str) -> None:
    found = rows(page)
    assert len(found) > 20
    assert len({each[0] for each in found}) == len(found)
    for *_, where, shown in found:
        controls, tests = LINK.findall(where), LINK.findall(shown)
        assert controls and tests, where
        assert [
            target for name, target in controls if not (FOLDER / target).is_file() or not target.endswith(name)
        ] == []
        assert [name for name, target in tests if name not in functions_of((FOLDER / target).resolve())] == []


def test_every_flow_is_looked_at_from_more_than_one_side() -> None:
    sides: dict[str, set[str]] = {}
    for each in rows("threat-model.md"):
        flow, _, rest = each[0].partition("-")
        sides.setdefault(flow, set()).add(rest[0])
    assert [flow for flow, letters in sides.items() if len(letters) < 2] == []
    assert set().union(*sides.values()) == set("STRIDE")


def test_who_reports_is_told_how_and_no_address_is_made_up() -> None:
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    assert "privat" in text and "docs/explanation/threat-model.md" in text and "docs/explanation/hazards.md" in text
    assert "@" not in text and "https://" not in text
