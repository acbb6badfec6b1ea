"""From patients to a bundle: the same data give the same bytes, and the shipped model is what the data give."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from starling.dosing.formulas import Person, pharmacogenetic
from starling.dosing.model import LEAST_PATIENTS, DoseModel, bundled
from starling.runtime.bundle import DIGEST, Bundle
from starling.runtime.card import read_card
from starling.runtime.inputs import encode
from tests.dosing.people import require

SRC = Path(__file__).resolve().parents[2] / "src"
#: as in the Makefile: one thread and one kind of arithmetic
SAME = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "OPENBLAS_CORETYPE": "Haswell", "PYTHONPATH": str(SRC)}


@pytest.fixture(autouse=True)
def toolbox() -> None:
    require("numpy", "onnx", "onnxruntime", "scipy", "sklearn")


def invented(count: int = 240, sites: int = 4) -> Any:
    """Patients of hospitals that differ by a constant nobody could know from the factors."""
    import numpy as np

    from starling_workshop.training.table import FORMULA, FORMULA_CONSTANT, WARFARIN_INPUTS, Table

    generator = np.random.default_rng(5)
    rows = []
    for _ in range(count):
        factors: dict[str, float | str] = {
            each.name: each.levels[int(generator.integers(len(each.levels)))]
            if each.levels
            else float(generator.uniform(float(each.reference) * 0.8, float(each.reference) * 1.2))
            for each in WARFARIN_INPUTS
        }
        rows.append(encode(WARFARIN_INPUTS, factors))
    x = np.array(rows)
    site = generator.integers(sites, size=count)
    formula = FORMULA_CONSTANT + x @ np.array(FORMULA)
    root = formula + 0.4 * x[:, 15] + (site - (sites - 1) / 2) * 0.5 + generator.normal(0, 0.2, count)
    return Table(x, formula, np.maximum(root, 1.0) ** 2, site, np.full(count, "white"))


def test_the_formula_s_coefficients_stand_in_the_order_of_the_inputs() -> None:
    from starling_workshop.training.table import CLINICAL, FORMULA, FORMULA_CONSTANT, WARFARIN_INPUTS

    factors: dict[str, float | str] = {
        "age_decade": 5.0, "height_cm": 160.0, "weight_kg": 90.0, "vkorc1": "A/A", "cyp2c9": "*2/*3",
        "ancestry": "black", "amiodarone": "yes", "enzyme_inducer": "yes", "smoker": "yes", "indication": "heart valve",
    }  # fmt: skip
    numbers = encode(WARFARIN_INPUTS, factors)
    assert len(numbers) == len(FORMULA) == len(CLINICAL)
    root = FORMULA_CONSTANT + sum(a * b for a, b in zip(numbers, FORMULA, strict=True))
    person = Person(5, 160, 90, "black", amiodarone=True, enzyme_inducer=True)
    assert root**2 == pytest.approx(pharmacogenetic(person, "*2/*3", "A/A"))


def test_what_differs_between_hospitals_is_not_learned_and_what_differs_within_them_is() -> None:
    import numpy as np

    from starling_workshop.training.robust import fit_linear

    table = invented()
    linear = fit_linear(table)
    effect = linear.correction(table.x + np.eye(table.x.shape[1])[15]) - linear.correction(table.x)
    assert 0.3 < float(effect.mean()) < 0.5
    assert abs(float(linear.correction(table.x).mean() - 0.4 * table.x[:, 15].mean())) < 0.1


def test_the_student_answers_like_its_teacher_and_the_graph_like_the_student() -> None:
    import numpy as np

    from starling.runtime.card import Limits
    from starling.runtime.session import Session
    from starling_workshop.training.export import graph_of
    from starling_workshop.training.student import distil
    from starling_workshop.training.teacher import fit_teacher

    table = invented()
    teacher = fit_teacher(table)
    student = distil(table, teacher)
    taught = np.maximum(table.formula + teacher.correction(table.x), 1.0) ** 2
    assert float(abs(student.dose(table.x) - taught).mean()) < 1.0
    graph = graph_of(student)
    assert len(graph) <= 5_000
    assert graph == graph_of(distil(table, fit_teacher(table)))
    (doses,) = Session(graph, source="test", limits=Limits()).run({"factors": table.x.tolist()}).values()
    assert doses.reshape(-1).tolist() == pytest.approx(student.dose(table.x).tolist(), abs=1e-3)


def test_toml_is_read_back() -> None:
    import tomllib

    from starling_workshop.training.export import toml_of

    document = {"a": 1, "b": 'x "y" \\ é', "c": [1.5, 2.0], "d": {"e": {"f": [{"g": 1}, {"g": 2}]}}, "h": [{"i": "j"}]}
    assert tomllib.loads(toml_of(document)) == document


def test_training_without_the_data_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from starling_workshop.training.warfarin import main

    monkeypatch.chdir(tmp_path)
    assert main(["nothing.tsv.gz", "bundle"]) == 0
    assert capsys.readouterr().out.split(":")[0] == "SKIPPED"
    assert list(tmp_path.iterdir()) == []


def test_nothing_at_the_bedside_imports_the_training_room() -> None:
    for path in (SRC / "starling").rglob("*.py"):
        if "training" not in path.relative_to(SRC).parts:
            assert "starling_workshop.training" not in path.read_text(encoding="utf-8"), path


def test_the_card_states_what_the_aims_ask() -> None:
    metrics = read_card((bundled("warfarin") / "model.toml").read_text("utf-8"), source="shipped").facts["metrics"]
    left_out: Any = metrics["hospital_left_out"]
    assert left_out["student"][0] <= left_out["formula"][0] <= 8.34
    assert left_out["student"][0] - left_out["teacher"][0] <= 0.03
    rows: Any = metrics["hospital_left_out_by_group"]
    groups = [row for row in rows if row["group"].startswith("ancestry")]
    assert len(groups) == 4
    assert [row["group"] for row in groups if row["student"][0] > row["formula"][0]] == []


@pytest.mark.needs_data("iwpc_warfarin.tsv.gz")
def test_the_shipped_graph_is_what_the_data_give_bit_for_bit(data_file: Callable[[str], Path], tmp_path: Path) -> None:
    script = (
        "import sys\nfrom pathlib import Path\n"
        "from starling_workshop.training.data import cohort, read_cases\n"
        "from starling_workshop.training.export import golden_of, graph_of\n"
        "from starling_workshop.training.student import distil\n"
        "from starling_workshop.training.table import WARFARIN_INPUTS, table_of\n"
        "from starling_workshop.training.teacher import fit_teacher\n"
        "table = table_of(cohort(read_cases(Path(sys.argv[1]))))\n"
        "student = distil(table, fit_teacher(table))\n"
        "Path('model.onnx').write_bytes(graph_of(student))\n"
        "Path('golden.jsonl').write_bytes(golden_of(student, WARFARIN_INPUTS))\n"
    )
    command = [sys.executable, "-c", script, str(data_file("iwpc_warfarin.tsv.gz").resolve())]
    subprocess.run(command, cwd=tmp_path, env={**os.environ, **SAME}, check=True)
    shipped = Bundle.read(bundled("warfarin")).files
    for name in ("model.onnx", "golden.jsonl"):
        assert (tmp_path / name).read_bytes() == shipped[name]


def test_the_bundle_holds_no_patient() -> None:
    shipped = Bundle.read(bundled("warfarin"))
    assert set(shipped.files) == {"golden.jsonl", "model.onnx", "model.toml", DIGEST}
    assert "PA13" not in shipped.files["model.toml"].decode()
    assert DoseModel.of(shipped).groups
    assert shipped.card.more["similar"]["least"] == LEAST_PATIENTS
