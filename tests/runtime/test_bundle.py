"""A bundle is believed only whole: every way of tampering is found, and then the formula is used, visibly."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from starling.assessment import Assessment
from starling.dosing import dose
from starling.errors import ModelError
from starling.runtime.bundle import DIGEST, FILES, LARGEST_BYTES, Bundle, bundled, digest_text
from tests.dosing.people import ADULT

SRC = Path(__file__).resolve().parents[2] / "src"


def write(folder: Path, files: dict[str, bytes], *, sealed: bool = False) -> Path:
    folder.mkdir(exist_ok=True)
    if sealed:
        files = {**files, DIGEST: digest_text(files)}
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def failures(path: Path) -> list[str]:
    return [check.name for check in Bundle.read(path).verify() if not check.holds]


@pytest.mark.usefixtures("runtime")
def test_the_shipped_model_is_sound_and_small() -> None:
    bundle = Bundle.read(bundled("warfarin"))
    assert [check.name for check in bundle.verify() if check.holds] == ["digest", "card", "graph", "golden"]
    assert len(bundle.files["model.onnx"]) <= 5_000


@pytest.mark.usefixtures("runtime")
def test_golden_vectors_are_what_the_model_gives() -> None:
    bundle = Bundle.read(bundled("warfarin")).load()
    vectors = bundle.golden()
    assert len(vectors) >= 20
    assert bundle.run([factors for factors, _ in vectors]) == pytest.approx([output for _, output in vectors], abs=1e-3)


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


def test_a_damaged_model_leaves_the_formula_and_says_so(
    files: dict[str, bytes], tmp_path: Path, person: Callable[..., Assessment]
) -> None:
    path = write(tmp_path / "b", {**files, "model.onnx": b"no graph"})
    prediction = dose("warfarin", person(), ADULT, bundle=path)
    assert prediction.method == "formula"
    assert prediction.label == "IWPC pharmacogenetic formula"
    assert prediction.value == pytest.approx(43.3293, abs=1e-4)
    assert (prediction.interval, prediction.model, prediction.explanation) == (None, None, None)
    assert [notice.code for notice in prediction.notices][:1] == ["MODEL_UNAVAILABLE"]


def test_without_the_extra_the_formula_answers_and_says_why() -> None:
    script = (
        f"import sys; sys.path.insert(0, {str(SRC)!r})\n"
        "import starling\nfrom starling.dosing import Patient, dose\n"
        "from pathlib import Path\n"
        "person = starling.assess(Path(starling.__file__).parent / 'examples' / 'example.vcf')\n"
        "said = dose('warfarin', person, Patient(67, 175, 80))\n"
        "print(said.method, said.notices[0].code, said.notices[0].message)\n"
        "print(sorted({'numpy', 'onnxruntime'} & set(sys.modules)))\n"
    )
    command = [sys.executable, "-I", "-S", "-c", script]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert said[0].startswith("formula MODEL_UNAVAILABLE")
    assert "starling-pgx[models]" in said[0]
    assert said[1] == "[]"
