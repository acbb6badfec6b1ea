"""The room takes a second drug without change: a tacrolimus-style model that exists only here."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from starling.assessment import Assessment
from starling.dosing import Patient
from starling.dosing.program import Change, Formula, Prepared
from starling.errors import InputError
from starling.prediction import Step, from_jsonable, to_jsonable
from starling.report.dose import render
from starling.runtime.bundle import DIGEST, Bundle, digest_text
from tests.dosing.people import dose, example

CARD = """
schema = "starling.model/1"
name = "tacrolimus"
version = "0"
drug = "tacrolimus"
[output]
quantity = "first daily dose"
unit = "mg/day"
low = 1.0
high = 12.0
[[input]]
name = "cyp3a5"
label = "CYP3A5"
missing = "formula"
reference = "non-expresser"
levels = ["non-expresser", "expresser"]
[[input]]
name = "weight_kg"
label = "weight"
unit = "kg"
missing = "refuse"
reference = 70.0
low = 40.0
high = 120.0
[interval]
scale = "identity"
coverage = 0.8
levels = [0.1, 0.9]
statement = "a stub"
[[interval.bin]]
upto = 1000.0
quantiles = [-1.5, 2.0]
"""


class Tacrolimus:
    """A stub: expressers of CYP3A5 get half as much again."""

    drug = "tacrolimus"
    bundle = "tacrolimus"
    quantity = "first daily dose"
    unit = "mg/day"

    def prepare(self, assessment: Assessment, patient: Patient) -> Prepared:
        if patient.weight_kg is None:
            raise InputError("DOSE_INPUT_MISSING", "weight is not stated")
        alleles = assessment.gene("CYP3A5").diplotypes
        if len(alleles) != 1:
            return Prepared({"weight_kg": patient.weight_kg}, not_called="CYP3A5 not determined")
        expresser = "expresser" if "*1" in alleles[0] else "non-expresser"
        return Prepared({"cyp3a5": expresser, "weight_kg": patient.weight_kg})

    def formulas(self, prepared: Prepared) -> Sequence[Formula]:
        value = 0.1 * float(prepared.factors["weight_kg"])
        return [Formula("by weight", value, "a stub", uses_genotype=False)]

    def steps(self, assessment: Assessment, prepared: Prepared, dose: float) -> Sequence[Step]:
        return ()

    def changes(self, prepared: Prepared) -> Sequence[Change]:
        return [Change("had CYP3A5 not been expressed", {"cyp3a5": "non-expresser"})]


@pytest.fixture
def bundle(tmp_path: Path, toolbox: None) -> Path:
    import numpy as np
    from onnx import TensorProto, helper, numpy_helper

    weights = [
        numpy_helper.from_array(np.array([[3.0], [0.08]], dtype=np.float32), "w"),
        numpy_helper.from_array(np.array([0.5], dtype=np.float32), "b"),
    ]
    graph = helper.make_graph(
        [helper.make_node("Gemm", ["x", "w", "b"], ["y"])],
        "stub",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 2])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 1])],
        weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    golden = [({"cyp3a5": "expresser", "weight_kg": 70.0}, 9.1), ({"cyp3a5": "non-expresser", "weight_kg": 50.0}, 4.5)]
    files = {
        "model.onnx": model.SerializeToString(),
        "model.toml": CARD.encode(),
        "golden.jsonl": "\n".join(json.dumps({"inputs": row, "output": out}) for row, out in golden).encode(),
    }
    for name, content in {**files, DIGEST: digest_text(files)}.items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


def test_a_second_drug_needs_a_program_and_a_bundle_and_nothing_else(bundle: Path) -> None:
    assert all(check.holds for check in Bundle.read(bundle).verify())
    found = dose(Tacrolimus(), example(), Patient(weight_kg=80), model=bundle)
    expresser = "*1" in example().gene("CYP3A5").diplotypes[0]
    assert (found.drug, found.unit, found.method) == ("tacrolimus", "mg/day", "model")
    assert found.value == pytest.approx(0.5 + 3.0 * expresser + 0.08 * 80, abs=1e-5)
    assert found.interval is not None
    assert (found.interval.low, found.interval.high) == pytest.approx((found.value - 1.5, found.value + 2.0))
    told = found.explanation
    assert told is not None
    assert {each.factor for each in told.contributions} == {"CYP3A5", "weight"}
    assert abs(told.start + sum(each.amount for each in told.contributions) - told.end) <= 1e-9
    assert from_jsonable(to_jsonable(found)) == found
    assert "mg/day" in render(found) and "mg/week" not in render(found)


def test_its_guards_are_the_room_s_own(bundle: Path) -> None:
    heavy = dose(Tacrolimus(), example(), Patient(weight_kg=150), model=bundle)
    assert (heavy.method, heavy.notices[0].code) == ("formula", "OUTSIDE_TRAINING")
    gene = replace(example().gene("CYP3A5"), diplotypes=())
    without = replace(example(), genes=tuple(gene if each.gene == "CYP3A5" else each for each in example().genes))
    found = dose(Tacrolimus(), without, Patient(weight_kg=80), model=bundle)
    assert (found.method, found.value) == ("formula", pytest.approx(8.0))
    with pytest.raises(InputError):
        dose(Tacrolimus(), example(), Patient(), model=bundle)


def test_the_product_does_not_offer_it() -> None:
    with pytest.raises(InputError) as caught:
        dose("tacrolimus", example(), Patient(weight_kg=80))
    assert caught.value.code == "NO_DOSE_MODEL"
