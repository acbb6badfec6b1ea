"""A bundle is believed only whole: every way of tampering is found, whatever the model computes."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from starling.dosing.model import bundled
from starling.errors import ModelError
from starling.runtime.bundle import DIGEST, FILES, Bundle
from starling.runtime.card import LARGEST_BYTES
from tests.runtime.models import MIRROR, mirror, write


def failures(path: Path) -> list[str]:
    return [check.name for check in Bundle.read(path).verify() if not check.holds]


@pytest.mark.usefixtures("runtime")
def test_golden_vectors_are_what_the_model_gives() -> None:
    bundle = Bundle.read(bundled("warfarin")).load()
    vectors = bundle.golden()
    assert len(vectors) >= 20
    found = bundle.predict([each.inputs for each in vectors])
    assert found == pytest.approx([each.output for each in vectors], abs=1e-3)


@pytest.mark.parametrize("name", [*FILES, DIGEST])
def test_one_changed_byte_is_found(name: str, files: dict[str, bytes], tmp_path: Path) -> None:
    middle = len(files[name]) // 2
    changed = files[name][:middle] + bytes([files[name][middle] ^ 1]) + files[name][middle + 1 :]
    path = write(tmp_path / "bundle", {**files, name: changed})
    assert failures(path) == ["digest"]
    with pytest.raises(ModelError) as caught:
        Bundle.read(path).load()
    assert caught.value.code == "MODEL_DAMAGED"


@pytest.mark.usefixtures("runtime")
def test_another_graph_under_a_right_digest_is_found_by_the_golden_vectors(
    files: dict[str, bytes], tmp_path: Path
) -> None:
    rows = [json.loads(line) for line in files["golden.jsonl"].decode().splitlines()]
    rows[3]["output"] += 0.01
    golden = "\n".join(map(json.dumps, rows)).encode()
    assert failures(write(tmp_path / "bundle", {**files, "golden.jsonl": golden}, sealed=True)) == ["golden"]
    graph = files["model.onnx"][:-40]
    assert failures(write(tmp_path / "other", {**files, "model.onnx": graph}, sealed=True)) == ["graph"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'schema = "starling.model/1"', b'schema = "starling.model/9"'),
        (b'missing = "refuse"', b'missing = "guess"'),
        (b"coverage = 0.9", b"coverage = [0.9"),
        (b"[output]", b"[outpost]"),
    ],
)
def test_a_card_that_says_something_else_is_refused(
    old: bytes, new: bytes, files: dict[str, bytes], tmp_path: Path
) -> None:
    assert old in files["model.toml"]
    path = write(tmp_path / "b", {**files, "model.toml": files["model.toml"].replace(old, new, 1)}, sealed=True)
    assert failures(path) == ["card"]
    with pytest.raises(ModelError):
        _ = Bundle.read(path).card


def test_a_reference_outside_its_own_range_is_refused(files: dict[str, bytes], tmp_path: Path) -> None:
    card = files["model.toml"].replace(b"reference = 6.0", b"reference = 60.0", 1)
    assert failures(write(tmp_path / "b", {**files, "model.toml": card}, sealed=True)) == ["card"]


def test_a_missing_file_and_no_bundle_at_all(files: dict[str, bytes], tmp_path: Path) -> None:
    del files["golden.jsonl"]
    for path in (write(tmp_path / "b", files), tmp_path / "nothing"):
        with pytest.raises(ModelError) as caught:
            Bundle.read(path)
        assert caught.value.code == "MODEL_NOT_FOUND"


def test_something_else_and_something_huge_are_refused(files: dict[str, bytes], tmp_path: Path) -> None:
    (tmp_path / "text.zip").write_text("not a zip")
    huge = write(tmp_path / "huge", {**files, "model.onnx": bytes(LARGEST_BYTES + 1)})
    for path in (tmp_path / "text.zip", huge):
        with pytest.raises(ModelError) as caught:
            Bundle.read(path)
        assert caught.value.code == "MODEL_DAMAGED"


@pytest.mark.usefixtures("runtime")
def test_a_zip_is_the_same_bundle(files: dict[str, bytes], tmp_path: Path) -> None:
    path = tmp_path / "warfarin.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    assert Bundle.read(path).load().sha256 == Bundle.read(bundled("warfarin")).sha256


# --- models of tensors ------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("toolbox")
def test_a_model_of_several_tensors_is_a_bundle_like_any_other(tmp_path: Path) -> None:
    path = write(tmp_path / "mirror", mirror(), sealed=True)
    bundle = Bundle.read(path).load()
    found = bundle.run({"image": [[[[1, 2]], [[3, 4]]]], "index": [1]})
    assert found["picked"].tolist() == [[[3, 4]]]
    assert found["size"].tolist() == [1, 2, 1, 2]
    with pytest.raises(ModelError, match="takes tensors, not factors"):
        bundle.predict([{"a": 1.0}])


@pytest.mark.usefixtures("toolbox")
@pytest.mark.parametrize(
    ("name", "old", "new", "failed"),
    [
        ("golden.jsonl", b"[[[5.0]]]", b"[[[5.01]]]", "golden"),
        ("golden.jsonl", b"[1, 2, 1, 1]", b"[1, 2, 1]", "golden"),
        ("golden.jsonl", b'"size"', b'"sizes"', "golden"),
        ("golden.jsonl", b'"outputs"', b'"output"', "golden"),
        ("golden.jsonl", b"[[[5.0]]]", b"[[[NaN]]]", "golden"),
        ("model.toml", b'"height", "width"', b'"height", 3', "graph"),
        ("model.toml", b'kind = "int64"', b'kind = "float32"', "graph"),
        ("model.toml", b'kind = "int64"', b'kind = "float64"', "card"),
        ("model.toml", b"[[gives]]", b"[[keeps]]", "graph"),
    ],
)
def test_tensors_that_are_not_as_stated_are_found(
    name: str, old: bytes, new: bytes, failed: str, tmp_path: Path
) -> None:
    files = mirror()
    assert old in files[name]
    assert failures(write(tmp_path / "b", {**files, name: files[name].replace(old, new, 1)}, sealed=True)) == [failed]


@pytest.mark.usefixtures("toolbox")
def test_each_card_states_its_own_largest_bytes(tmp_path: Path) -> None:
    files = mirror()
    padded = {**files, "golden.jsonl": files["golden.jsonl"] + b"\n" * LARGEST_BYTES}
    with pytest.raises(ModelError, match="cannot be read as a bundle"):
        Bundle.read(write(tmp_path / "small", padded, sealed=True))
    for most, fits in ((LARGEST_BYTES * 2, True), (len(files["model.onnx"]) - 1, False)):
        card = MIRROR.encode() + f"[limits]\nlargest_bytes = {most}\n".encode()
        path = write(tmp_path / str(most), {**padded, "model.toml": card}, sealed=True)
        if fits:
            assert len(Bundle.read(path).files["golden.jsonl"]) > LARGEST_BYTES
        else:
            with pytest.raises(ModelError):
                Bundle.read(path)
