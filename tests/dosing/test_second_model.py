"""The room takes a second drug without change: the one that docs/how-to/add-a-dose-model.md builds, and only there."""

from __future__ import annotations

import re
import runpy
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from starling.cli import main
from starling.dosing import Patient
from starling.dosing.program import Program
from starling.errors import InputError
from starling.prediction import from_jsonable, to_jsonable
from starling.report.dose import render
from starling.trust.keys import TRUST_VARIABLE
from tests.dosing.people import EXAMPLE, dose, example

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "how-to" / "add-a-dose-model.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"^`([\w./]+)`:\n\n```\w+\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
COMMANDS = [
    line for block in re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL) for line in block.splitlines()
]

pytestmark = pytest.mark.usefixtures("toolbox")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a reader of the page works: its files, and a patient."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "patient.vcf").write_bytes(EXAMPLE.read_bytes())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(TRUST_VARIABLE, str(tmp_path / "trusted-keys"))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "exampline", raising=False)
    return tmp_path


@pytest.fixture
def bundle(folder: Path) -> Path:
    runpy.run_path("build.py")
    return folder / "bundle"


@pytest.fixture
def exampline(folder: Path) -> Program:
    program: Program = runpy.run_path("exampline.py")["Exampline"]()
    return program


def test_the_page_is_executed_as_it_stands(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert set(FILES) == {"exampline.py", "build.py", "ask.py", "bundle/model.toml"}
    assert COMMANDS[0].startswith("pip install")
    for command in COMMANDS[1:]:
        tool, *words = command.split()
        if tool == "python":
            runpy.run_path(words[0], run_name="__main__")
        else:
            assert (tool, main(words)) == ("starling", 0)
    said = capsys.readouterr().out
    assert [line[:2] for line in said.splitlines() if line.startswith(("ok ", "-- "))] == ["ok", "--", *["ok"] * 8]
    assert "WRONG" not in said and "it is signed by author" in said and "UNSIGNED" not in said
    assert "Go on by the level in blood." in said
    assert "takes weight_kg: 40 to 120 kg; not stated: refuse" in said
    assert "by Starling exampline model 1" in said and "80% interval" in said and "by weight" in said


def test_a_second_drug_needs_a_program_and_a_bundle_and_nothing_else(bundle: Path, exampline: Program) -> None:
    found = dose(exampline, example(), Patient(weight_kg=80), model=bundle, unsigned=True)
    expresser = "*1" in example().gene("CYP3A5").diplotypes[0]
    assert (found.drug, found.unit, found.method) == ("exampline", "mg/day", "model")
    assert found.value == pytest.approx(0.5 + 3.0 * expresser + 0.08 * 80, abs=1e-5)
    assert found.interval is not None
    assert (found.interval.low, found.interval.high) == pytest.approx((found.value - 1.5, found.value + 2.0))
    told = found.explanation
    assert told is not None
    assert {each.factor for each in told.contributions} == {"CYP3A5", "weight"}
    assert abs(told.start + sum(each.amount for each in told.contributions) - told.end) <= 1e-9
    assert from_jsonable(to_jsonable(found)) == found
    assert "mg/day" in render(found) and "mg/week" not in render(found)


def test_its_guards_are_the_room_s_own(bundle: Path, exampline: Program) -> None:
    heavy = dose(exampline, example(), Patient(weight_kg=150), model=bundle, unsigned=True)
    assert (heavy.method, heavy.notices[1].code) == ("formula", "OUTSIDE_TRAINING")
    for change in ({"diplotypes": ()}, {"cannot_exclude": ("*3",)}):
        gene = replace(example().gene("CYP3A5"), **change)
        without = replace(example(), genes=tuple(gene if each.gene == "CYP3A5" else each for each in example().genes))
        found = dose(exampline, without, Patient(weight_kg=80), model=bundle, unsigned=True)
        assert found.method == "formula" and found.value == pytest.approx(8.0)
    with pytest.raises(InputError):
        dose(exampline, example(), Patient(), model=bundle, unsigned=True)


def test_medicines_come_to_a_program_as_ingredients(bundle: Path, exampline: Program) -> None:
    seen: list[Patient] = []

    class Asking(type(exampline)):  # type: ignore[misc]
        def prepare(self, assessment: object, patient: Patient) -> object:
            seen.append(patient)
            return super().prepare(assessment, patient)

    asked = Patient(weight_kg=80, medication=("Cordarone", "xyzol"))
    found = dose(Asking(), example(), asked, model=bundle, unsigned=True)
    assert seen[0].medication == ("amiodarone",)
    assert [notice.code for notice in found.notices] == ["MODEL_UNSIGNED", "UNKNOWN_MEDICINE"]


def test_the_product_does_not_offer_it() -> None:
    with pytest.raises(InputError) as caught:
        dose("exampline", example(), Patient(weight_kg=80))
    assert caught.value.code == "NO_DOSE_MODEL"
