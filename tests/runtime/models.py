"""Small models that exist only here."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from starling.runtime.bundle import DIGEST, digest_text

MIRROR = """
schema = "starling.model/1"
name = "mirror"
version = "0"
[[takes]]
name = "image"
kind = "float32"
shape = ["batch", 2, "height", "width"]
[[takes]]
name = "index"
kind = "int64"
shape = [1]
[[gives]]
name = "picked"
kind = "float32"
shape = ["batch", "height", "width"]
[[gives]]
name = "size"
kind = "int64"
shape = [4]
"""

Shape = Sequence[int | str]


def graph(
    nodes: Sequence[Any], takes: Mapping[str, tuple[str, Shape]], gives: Mapping[str, tuple[str, Shape]]
) -> bytes:
    """An ONNX graph of these nodes; tensors as name -> (kind, shape)."""
    from onnx import TensorProto, helper

    kinds = {"float32": TensorProto.FLOAT, "int64": TensorProto.INT64, "float64": TensorProto.DOUBLE}
    taken, given = (
        [helper.make_tensor_value_info(name, kinds[kind], list(shape)) for name, (kind, shape) in side.items()]
        for side in (takes, gives)
    )
    opsets = [helper.make_opsetid("", 17)]
    model = helper.make_model(helper.make_graph(nodes, "test", taken, given), opset_imports=opsets, ir_version=8)
    written: bytes = model.SerializeToString(deterministic=True)
    return written


def mirror() -> dict[str, bytes]:
    """The files of a model of two tensors of different kinds and ranks: a channel of an image, and the image's size."""
    from onnx import helper

    nodes = [
        helper.make_node("Gather", ["image", "index"], ["kept"], axis=1),
        helper.make_node("Squeeze", ["kept", "index_one"], ["picked"]),
        helper.make_node("Shape", ["image"], ["size"]),
    ]
    nodes.insert(0, helper.make_node("Constant", [], ["index_one"], value_ints=[1]))
    takes = {"image": ("float32", ("batch", 2, "height", "width")), "index": ("int64", (1,))}
    gives = {"picked": ("float32", ("batch", "height", "width")), "size": ("int64", (4,))}
    vector = {
        "inputs": {"image": [[[[5.0]], [[7.0]]]], "index": [0]},
        "outputs": {"picked": [[[5.0]]], "size": [1, 2, 1, 1]},
    }
    return {
        "model.onnx": graph(nodes, takes, gives),
        "model.toml": MIRROR.encode(),
        "golden.jsonl": json.dumps(vector).encode(),
    }


def write(folder: Path, files: dict[str, bytes], *, sealed: bool = False) -> Path:
    """The files in a folder; `sealed`: with the digest that they have."""
    folder.mkdir(exist_ok=True)
    if sealed:
        files = {**files, DIGEST: digest_text(files)}
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder
