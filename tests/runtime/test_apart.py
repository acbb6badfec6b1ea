"""A graph that nobody here knows runs in a process of its own: cut off by time, bounded in memory, never in here."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest

from starling.errors import ModelError
from starling.runtime.apart import Apart
from starling.runtime.bundle import DIGEST, Bundle
from starling.runtime.card import Limits
from starling.runtime.child import receive, send
from starling.runtime.session import Session
from tests.runtime.models import graph, mirror
from tests.runtime.test_session import IMAGE, endless

pytestmark = pytest.mark.usefixtures("toolbox")


def apart(content: bytes, **limits: Any) -> Apart:
    return Apart(content, source="test", limits=Limits(**limits))


def test_it_answers_as_in_this_process() -> None:
    content = mirror()["model.onnx"]
    given = {"image": IMAGE, "index": [1]}
    there, here = apart(content), Session(content, source="test", limits=Limits())
    assert (there.takes, there.gives) == (here.takes, here.gives)
    for _ in range(2):
        found, same = there.run(given), here.run(given)
        assert {name: (str(each.dtype), each.tolist()) for name, each in found.items()} == {
            name: (str(each.dtype), each.tolist()) for name, each in same.items()
        }


def test_what_fails_there_is_told_here_and_the_next_run_answers() -> None:
    there = apart(mirror()["model.onnx"])
    with pytest.raises(ModelError) as caught:
        there.run({"image": IMAGE, "index": [7]})  # there are two channels
    assert caught.value.code == "MODEL_DAMAGED"
    assert there.run({"image": IMAGE, "index": [0]})["size"].tolist() == [1, 2, 1, 2]
    with pytest.raises(ModelError):
        apart(b"no graph")


def huge_product() -> bytes:
    """A few bytes that ask for one product of two matrices of 400 million numbers: no stop sign is looked at in it."""
    from onnx import helper

    nodes = [
        helper.make_node("Constant", [], ["n"], value_ints=[20_000, 20_000]),
        helper.make_node("ConstantOfShape", ["n"], ["z"]),
        helper.make_node("Add", ["z", "x"], ["one"]),
        helper.make_node("MatMul", ["one", "one"], ["product"]),
        helper.make_node("ReduceSum", ["product"], ["y"]),
    ]
    return graph(nodes, {"x": ("float32", (1,))}, {"y": ("float32", (1, 1))})


@pytest.mark.parametrize(("make", "given"), [(endless, {"x": 0}), (huge_product, {"x": [1.0]})])
def test_an_endless_graph_is_cut_off_by_time(make: Callable[[], bytes], given: dict[str, Any]) -> None:
    there = apart(make(), deadline_ms=100)
    for _ in range(2):  # what was ended stays ended
        with pytest.raises(ModelError, match="100 ms") as caught:
            there.run(given)
        assert caught.value.code in {"MODEL_TOO_SLOW", "MODEL_DAMAGED"}


def test_loading_is_cut_off_too() -> None:
    with pytest.raises(ModelError) as caught:
        Apart(mirror()["model.onnx"], source="test", limits=Limits(), load_ms=1)
    assert caught.value.code == "MODEL_TOO_SLOW"


def test_a_graph_that_wants_more_memory_than_there_is_ends_alone() -> None:
    from onnx import helper

    nodes = [
        helper.make_node("Expand", ["x", "shape"], ["wide"]),
        helper.make_node("ReduceSum", ["wide"], ["y"]),
        helper.make_node("Constant", [], ["shape"], value_ints=[1 << 20, 1 << 20]),
    ]
    nodes = [nodes[2], *nodes[:2]]
    bomb = graph(nodes, {"x": ("float32", (1,))}, {"y": ("float32", (1, 1))})
    with pytest.raises(ModelError) as caught:
        apart(bomb).run({"x": [1.0]})
    assert caught.value.code == "MODEL_DAMAGED"


def test_a_graph_that_takes_numbers_from_another_file_is_refused() -> None:
    from onnx import TensorProto, helper

    weight = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[1], data_location=TensorProto.EXTERNAL)
    for key, value in (("location", "../secret"), ("length", "4")):
        entry = weight.external_data.add()
        entry.key, entry.value = key, value
    sides = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in ("x", "y")]
    body = helper.make_graph([helper.make_node("Add", ["x", "w"], ["y"])], "g", sides[:1], sides[1:], [weight])
    content = helper.make_model(body, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString()
    for kind in (Apart, Session):
        with pytest.raises(ModelError, match="another file"):
            kind(content, source="test", limits=Limits())


@pytest.mark.parametrize("node", ["Log", "Reciprocal"])
def test_what_is_no_number_is_never_an_output(node: str) -> None:
    from onnx import helper

    nodes = [helper.make_node(node, ["x"], ["y"])]
    content = graph(nodes, {"x": ("float32", (1,))}, {"y": ("float32", (1,))})
    for kind in (Apart, Session):
        model = kind(content, source="test", limits=Limits())
        assert model.run({"x": [1.0]})["y"].tolist() in ([0.0], [1.0])
        for number in (0.0, -0.0):
            with pytest.raises(ModelError, match="no number") as caught:
                model.run({"x": [number]})
            assert caught.value.code == "MODEL_DAMAGED"


def test_only_what_the_program_knows_by_digest_runs_in_this_process(files: dict[str, bytes]) -> None:
    pinned = {Bundle(files, source="test").sha256}
    assert isinstance(Bundle(files, source="test", pinned=pinned).session, Session)
    assert isinstance(Bundle(files, source="test").session, Apart)
    other = {**files, "model.onnx": mirror()["model.onnx"]}  # the digest file of a known bundle over another graph
    assert other[DIGEST] == files[DIGEST]
    assert isinstance(Bundle(other, source="test", pinned=pinned).session, Apart)


def test_a_message_is_whole_or_none() -> None:
    whole = io.BytesIO()
    send(whole, {"a": 1}, {"x": b"123", "y": b""})
    data = whole.getvalue()
    found = receive(io.BytesIO(data))
    assert (found.header, found.parts) == ({"a": 1}, {"x": b"123", "y": b""})
    for cut in range(len(data)):
        with pytest.raises(EOFError):
            receive(io.BytesIO(data[:cut]))
    with pytest.raises(ValueError, match="more bytes"):
        receive(io.BytesIO(b'{"parts": [["x", 99999999999]]}\n'))
