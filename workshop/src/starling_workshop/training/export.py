"""A student as the files of a bundle: graph, card, golden vectors and digest; the same student gives the same bytes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from starling.runtime.bundle import DIGEST, FILES, digest_text
from starling.runtime.inputs import Factors, Input, Value, encode
from starling_workshop.training.student import Student
from starling_workshop.training.teacher import SEED

OPSET: Final = 17
IR_VERSION: Final = 8
GOLDEN: Final = 24


def graph_of(student: Student) -> bytes:
    """The student as an ONNX graph in fp32: `factors` (patients x numbers) to `dose` (patients x 1)."""
    import numpy as np
    from onnx import TensorProto, checker, helper, numpy_helper

    def constant(name: str, values: Any) -> Any:
        return numpy_helper.from_array(np.asarray(values, dtype=np.float32), name)

    nodes = [
        helper.make_node("Gemm", ["factors", "linear", "constant"], ["straight"]),
        helper.make_node("Gemm", ["factors", "inner", "inner_bias"], ["sums"]),
        helper.make_node("Tanh", ["sums"], ["units"]),
        helper.make_node("Gemm", ["units", "outer", "straight"], ["root"]),
        helper.make_node("Max", ["root", "least"], ["bounded"]),
        helper.make_node("Mul", ["bounded", "bounded"], ["dose"]),
    ]
    weights = [
        constant("linear", student.linear.reshape(-1, 1)),
        constant("constant", [student.constant]),
        constant("inner", student.inner),
        constant("inner_bias", student.inner_bias),
        constant("outer", student.outer.reshape(-1, 1)),
        constant("least", [1.0]),
    ]
    taken = helper.make_tensor_value_info("factors", TensorProto.FLOAT, ["patients", len(student.linear)])
    given = helper.make_tensor_value_info("dose", TensorProto.FLOAT, ["patients", 1])
    graph = helper.make_graph(nodes, "dose", [taken], [given], weights)
    opsets = [helper.make_opsetid("", OPSET)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="starling")
    checker.check_model(model)
    written: bytes = model.SerializeToString(deterministic=True)
    return written


def golden_of(student: Student, inputs: Sequence[Input]) -> bytes:
    """Invented patients within the training ranges and the doses they must get; no training patient is among them."""
    import numpy as np

    rows = list(_invented(inputs))
    doses = student.dose(np.array([encode(inputs, row) for row in rows]))
    lines = [
        json.dumps({"inputs": row, "output": round(float(dose), 4)}) for row, dose in zip(rows, doses, strict=True)
    ]
    return ("\n".join(lines) + "\n").encode("utf-8")


def _invented(inputs: Sequence[Input]) -> Iterator[Factors]:
    import numpy as np

    generator = np.random.default_rng(SEED)
    for _ in range(GOLDEN):
        row: dict[str, Value] = {}
        for each in inputs:
            if each.levels:
                row[each.name] = each.levels[int(generator.integers(len(each.levels)))]
            else:
                row[each.name] = float(round(generator.uniform(each.low, each.high)))
        yield row


def write_bundle(folder: Path, files: Mapping[str, bytes]) -> None:
    """`folder` holds the files and their digest."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        (folder / name).write_bytes(files[name])
    (folder / DIGEST).write_bytes(digest_text(files))


def toml_of(document: Mapping[str, Any]) -> str:
    """TOML of texts, numbers, lists and nested tables, in the order given."""
    return "\n".join(_section("", document)) + "\n"


def _section(prefix: str, table: Mapping[str, Any]) -> Iterator[str]:
    nested = {key: value for key, value in table.items() if _is_nested(value)}
    for key, value in table.items():
        if key not in nested:
            yield f"{key} = {_scalar(value)}"
    for key, value in nested.items():
        name = f"{prefix}{key}"
        rows = value if isinstance(value, list) else [value]
        for row in rows:
            yield f"\n[[{name}]]" if isinstance(value, list) else f"\n[{name}]"
            yield from _section(f"{name}.", row)


def _is_nested(value: object) -> bool:
    return isinstance(value, Mapping) or (isinstance(value, list) and bool(value) and isinstance(value[0], Mapping))


def _scalar(value: object) -> str:
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_scalar, value)) + "]"
    if isinstance(value, float):
        return repr(round(value, 6))
    return json.dumps(value, ensure_ascii=False)
