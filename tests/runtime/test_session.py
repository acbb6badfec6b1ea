"""Tensors are what the graph states, by name, kind and shape; a run that takes too long is stopped."""

from __future__ import annotations

from typing import Any

import pytest

from starling.errors import ModelError
from starling.runtime.card import Limits
from starling.runtime.session import Session
from starling.runtime.tensors import Tensor
from tests.runtime.models import graph, mirror

pytestmark = pytest.mark.usefixtures("toolbox")

IMAGE = [[[[0.0, 1.0]], [[2.0, 3.0]]]]


def session(content: bytes, **limits: Any) -> Session:
    return Session(content, source="test", limits=Limits(**limits))


def test_what_a_graph_takes_and_gives_is_read_from_it() -> None:
    found = session(mirror()["model.onnx"])
    assert found.takes == (Tensor("image", "float32", (None, 2, None, None)), Tensor("index", "int64", (1,)))
    assert [str(each) for each in found.gives] == ["picked float32 [any, any, any]", "size int64 [4]"]


@pytest.mark.parametrize("threads", [1, 2])
def test_outputs_come_by_name_with_kind_and_shape(threads: int) -> None:
    found = session(mirror()["model.onnx"], threads=threads).run({"image": IMAGE, "index": [1]})
    assert {name: (str(each.dtype), each.shape) for name, each in found.items()} == {
        "picked": ("float32", (1, 1, 2)),
        "size": ("int64", (4,)),
    }
    assert found["picked"].tolist() == [[[2.0, 3.0]]]


@pytest.mark.parametrize(
    "given",
    [
        {"image": IMAGE},
        {"image": IMAGE, "index": [1], "more": [1]},
        {"image": IMAGE, "index": [0.5]},
        {"image": IMAGE, "index": [[1]]},
        {"image": IMAGE, "index": ["1"]},
        {"image": [[[[0.0, 1.0]]]], "index": [1]},
        {"image": [[0.0], [1.0, 2.0]], "index": [1]},
        {"image": None, "index": [1]},
    ],
)
def test_what_the_graph_does_not_take_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ModelError) as caught:
        session(mirror()["model.onnx"]).run(given)
    assert caught.value.code == "MODEL_INVALID"


def test_a_graph_that_fails_on_these_numbers_is_an_error_of_the_model() -> None:
    with pytest.raises(ModelError) as caught:
        session(mirror()["model.onnx"]).run({"image": IMAGE, "index": [7]})  # there are two channels
    assert caught.value.code == "MODEL_DAMAGED"


def test_a_kind_that_is_not_known_here_is_refused() -> None:
    from onnx import helper

    nodes = [helper.make_node("Identity", ["x"], ["y"])]
    double = graph(nodes, {"x": ("float64", (1,))}, {"y": ("float64", (1,))})
    with pytest.raises(ModelError, match="float32 and int64 are known"):
        session(double)


def endless() -> bytes:
    """A graph that counts to ten thousand million, one step at a time."""
    from onnx import TensorProto, helper

    body = helper.make_graph(
        [
            helper.make_node("Identity", ["go_on"], ["go_on_out"]),
            helper.make_node("Constant", [], ["one"], value_int=1),
            helper.make_node("Add", ["sum_in", "one"], ["sum_out"]),
        ],
        "body",
        [
            helper.make_tensor_value_info("step", TensorProto.INT64, []),
            helper.make_tensor_value_info("go_on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("sum_in", TensorProto.INT64, []),
        ],
        [
            helper.make_tensor_value_info("go_on_out", TensorProto.BOOL, []),
            helper.make_tensor_value_info("sum_out", TensorProto.INT64, []),
        ],
    )
    nodes = [
        helper.make_node("Constant", [], ["many"], value_int=10_000_000_000),
        helper.make_node("Loop", ["many", "", "x"], ["y"], body=body),
    ]
    return graph(nodes, {"x": ("int64", ())}, {"y": ("int64", ())})


def test_a_run_that_passes_its_deadline_is_stopped_and_the_next_one_runs() -> None:
    slow = session(endless(), deadline_ms=20)
    for _ in range(2):
        with pytest.raises(ModelError) as caught:
            slow.run({"x": 0})
        assert caught.value.code == "MODEL_TOO_SLOW"
    quick = session(mirror()["model.onnx"], deadline_ms=60_000)
    assert quick.run({"image": IMAGE, "index": [0]})["size"].tolist() == [1, 2, 1, 2]
