"""The dose model that is shipped, and what is said when it cannot be used: the formula answers, visibly."""

from __future__ import annotations

import io
import random
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from starling.assessment import Assessment
from starling.dosing.model import DoseModel, bundled, verify
from starling.errors import ModelError
from starling.runtime.bundle import Bundle
from tests.commands import run
from tests.dosing.people import ADULT, dose
from tests.runtime.models import mirror, write

SRC = Path(__file__).resolve().parents[2] / "src"


@pytest.mark.usefixtures("runtime")
def test_the_shipped_model_is_sound_and_small() -> None:
    bundle = Bundle.read(bundled("warfarin"))
    assert [check.name for check in verify(bundle) if check.holds] == ["digest", "trust", "card", "graph", "golden"]
    assert len(bundle.files["model.onnx"]) <= 5_000


def test_without_the_extra_nothing_is_called_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numpy", None)
    done = run("model", "verify", "warfarin", cwd=tmp_path)
    assert done.code == 6 and "WRONG" not in done.out
    assert done.out.splitlines()[-1] == "--     graph: not checked: numpy is not installed"


@pytest.mark.usefixtures("runtime")
def test_a_loaded_model_answers_as_its_folder_does(person: Callable[..., Assessment]) -> None:
    model = DoseModel.load(bundled("warfarin"))
    assert dose("warfarin", person(), ADULT, model=model) == dose("warfarin", person(), ADULT)


def test_a_group_so_small_that_it_tells_of_persons_is_refused(files: dict[str, bytes]) -> None:
    head, mark, groups = files["model.toml"].partition(b"[[similar.group]]")
    small = re.sub(rb"patients = \d+\n", b"patients = 4\n", groups, count=1)
    with pytest.raises(ModelError, match="too small"):
        DoseModel.of(Bundle({**files, "model.toml": head + mark + small}, source="test"))


@pytest.mark.usefixtures("toolbox")
@pytest.mark.parametrize("added", [b"", b'drug = "x"\n[similar]\nby = 3\n', b'drug = "x"\n'])
def test_a_sound_bundle_that_is_no_dose_model_is_refused(added: bytes, tmp_path: Path) -> None:
    files = mirror()
    bundle = Bundle.read(write(tmp_path / "b", {**files, "model.toml": added + files["model.toml"]}, sealed=True))
    if b"similar" not in added:
        assert [check.name for check in verify(bundle) if not check.holds] == ["dose"]
    with pytest.raises(ModelError) as caught:
        DoseModel.of(bundle)
    assert caught.value.code == "MODEL_INVALID"


def test_a_damaged_model_leaves_the_formula_and_says_so(
    files: dict[str, bytes], tmp_path: Path, person: Callable[..., Assessment]
) -> None:
    path = write(tmp_path / "b", {**files, "model.onnx": b"no graph"})
    prediction = dose("warfarin", person(), ADULT, model=path, unsigned=True)
    assert prediction.method == "formula"
    assert prediction.label == "IWPC pharmacogenetic formula"
    assert prediction.value == pytest.approx(43.3293, abs=1e-4)
    assert (prediction.interval, prediction.model, prediction.explanation) == (None, None, None)
    assert [notice.code for notice in prediction.notices][:1] == ["MODEL_UNAVAILABLE"]


def test_without_the_extra_the_formula_answers_and_says_why() -> None:
    script = (
        f"import sys; sys.path.insert(0, {str(SRC)!r})\n"
        "import starling\nfrom starling.dosing import Patient, dose\n"
        "from pathlib import Path\nfrom starling.knowledge.base import KnowledgeBase\n"
        "person = starling.assess(Path(starling.__file__).parent / 'examples' / 'example.vcf')\n"
        "said = dose('warfarin', person, Patient(67, 175, 80), knowledge=KnowledgeBase.open())\n"
        "print(said.method, said.notices[0].code, said.notices[0].message)\n"
        "print(sorted({'numpy', 'onnxruntime'} & set(sys.modules)))\n"
    )
    command = [sys.executable, "-I", "-S", "-c", script]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert said[0].startswith("formula MODEL_UNAVAILABLE")
    assert "[models]" in said[0]
    assert said[1] == "[]"


@pytest.mark.usefixtures("runtime")
@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'unit = "mg/week"', b'unit = "mg/day"'),
        (b'drug = "warfarin"', b'drug = "phenprocoumon"'),
        (b'name = "height_cm"', b'name = "stature"'),
        (b"high = 238.0", b"high = inf"),
        (b"low = 124.0", b"low = nan"),
        (b"coverage = 0.9", b"coverage = 9.0"),
        (b"upto = 20.8", b"upto = 99.0"),
        (b'version = "1"', b'version = "1\\u001b[2J"'),
        (b'by = ["vkorc1", "cyp2c9", "ancestry"]', b'by = ["vkorc1", "cyp2c9", "hair"]'),
        (b'unit = "kg"', b'unit = "lb"'),
        (b'quantity = "weekly maintenance dose"', b'quantity = "loading dose"'),
        (b"high = 238.0", b"high = 400.0"),
        (b"low = 1.0", b"low = 0.0"),
        (b"high = 74.405674", b"high = 1000.0"),
        (b"low = 2.407451", b"low = -5.0"),
        (b"coverage = 0.9", b"coverage = 0.2"),
        (b"coverage = 0.9", b"coverage = 0.995"),
        (b"levels = [0.005, 0.01", b"levels = [0.06, 0.07"),
        (b"quantiles = [-1.9037, -1.8524", b"quantiles = [0.1, 0.2"),
        (b'name = "height_cm"', b'name = "weight_kg"'),
        (b'levels = ["no", "yes"]', b'levels = ["no"]'),
        (b"patients = 1095", b"patients = inf"),
        (b"reference = 6.0", b"reference = 1" + b"0" * 400),
        (b"[use]", b"[use]\n[limits]\nthreads = 1.5\n[training.more]"),
        (b"[use]", b"[limits]\ndeadline_ms = 600_000\n[use]"),
    ],
)
def test_a_model_that_does_not_fit_leaves_the_formula(
    old: bytes, new: bytes, files: dict[str, bytes], tmp_path: Path, person: Callable[..., Assessment]
) -> None:
    assert old in files["model.toml"]
    changed = {**files, "model.toml": files["model.toml"].replace(old, new, 1)}
    write(tmp_path / "model", changed, sealed=True)
    found = dose("warfarin", person(), ADULT, model=tmp_path / "model", unsigned=True)
    assert found.method == "formula"
    (said,) = [each.message for each in found.notices if each.code == "MODEL_UNAVAILABLE"]
    assert "NOT_TRUSTED" not in said
    assert found.unit == "mg/week" and "\x1b" not in found.label


def test_a_damaged_or_encrypted_zip_leaves_the_formula(
    files: dict[str, bytes], tmp_path: Path, person: Callable[..., Assessment]
) -> None:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    sound = whole.getvalue()
    generator = random.Random("zip")
    damaged = [bytearray(sound) for _ in range(60)]
    for each in damaged:
        for _ in range(3):
            each[generator.choice((generator.randrange(400), -1 - generator.randrange(400)))] ^= (
                1 << generator.randrange(8)
            )
    encrypted = bytearray(sound)
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = encrypted.find(mark)
        while place >= 0:
            encrypted[place + at] |= 1
            place = encrypted.find(mark, place + 4)
    path = tmp_path / "model.zip"
    for each in (*damaged, encrypted, bytearray(sound[: len(sound) // 2])):
        path.write_bytes(each)
        found = dose("warfarin", person(), ADULT, model=path)
        assert found.method == "model" or found.notices[0].code == "MODEL_UNAVAILABLE"
    path.write_bytes(encrypted)
    assert "MODEL_DAMAGED" in dose("warfarin", person(), ADULT, model=path).notices[0].message
