"""Which models run, each test an attack: a bundle that did not come along needs a signature that is trusted."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from starling.assessment import Assessment
from starling.dosing.model import DoseModel, bundled
from starling.dosing.pins import PINS
from starling.errors import InputError, ModelError
from starling.prediction import Prediction, to_jsonable
from starling.report.dose import render
from starling.report.dose_picture import section
from starling.report.html import page
from starling.runtime.bundle import DIGEST, SIGNATURE, Bundle, digest_text
from starling.runtime.standing import PURPOSE
from starling.trust.keys import TRUST_VARIABLE, TrustedKey, dump_trusted, read_trusted, with_key
from starling.trust.signature import new_key, sign
from tests.commands import run
from tests.dosing.people import ADULT, EXAMPLE, dose, example, require
from tests.runtime.models import write

Make = Callable[..., Assessment]
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The [models] and [trust] extras, and a site that trusts nobody yet."""
    require("numpy", "onnxruntime", "cryptography")
    monkeypatch.setenv(TRUST_VARIABLE, str(tmp_path / "trusted"))
    return tmp_path / "trusted"


@pytest.fixture
def other(files: dict[str, bytes]) -> dict[str, bytes]:
    """A sound bundle that did not come with the program."""
    return resealed({**files, "model.toml": files["model.toml"].replace(b'version = "1"', b'version = "2"', 1)})


def resealed(files: dict[str, bytes]) -> dict[str, bytes]:
    return {**files, DIGEST: digest_text(files)}


class Signer:
    """Somebody with a key."""

    def __init__(self, folder: Path, name: str) -> None:
        private, self.public = new_key()
        self.name, self.file = name, folder / f"{name}.pem"
        self.file.write_bytes(private)

    def signed(self, files: dict[str, bytes]) -> dict[str, bytes]:
        made = sign(self.file, PURPOSE, files[DIGEST], password=bytes)
        return {**files, SIGNATURE: made.text()}

    def trusted_at(self, site: Path) -> None:
        keys = with_key(read_trusted(site), TrustedKey(self.name, self.public))
        site.write_text(dump_trusted(keys), encoding="utf-8")


@pytest.fixture
def anna(tmp_path: Path) -> Signer:
    return Signer(tmp_path, "anna")


def why_not(found: Prediction) -> str:
    """Why the formula answered; empty when the model did."""
    said = [each.message for each in found.notices if each.code == "MODEL_UNAVAILABLE"]
    assert (found.method == "formula") == bool(said) == (found.label == "IWPC pharmacogenetic formula")
    return " ".join(said)


def asked(files: dict[str, bytes], folder: Path, **more: Any) -> Prediction:
    return dose("warfarin", example(), ADULT, model=write(folder / "bundle", files), **more)


def test_the_program_holds_the_digest_of_every_bundle_it_came_with(tmp_path: Path) -> None:
    import runpy

    build = runpy.run_path(str(ROOT / "hatch_build.py"))
    assert dict(PINS) == {folder.name: Bundle.read(folder).sha256 for folder in bundled("x").parent.iterdir()}
    for path in (build["PINS"], build["BUNDLES"] / "warfarin" / "digest"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes((ROOT / path).read_bytes())
    build["pin_bundles"](tmp_path)
    assert (tmp_path / build["PINS"]).read_bytes() == (ROOT / build["PINS"]).read_bytes()
    (tmp_path / build["BUNDLES"] / "warfarin" / "digest").write_bytes(b"another")
    build["pin_bundles"](tmp_path)
    assert PINS["warfarin"] not in (tmp_path / build["PINS"]).read_text()


def test_a_copy_of_what_came_with_the_program_needs_no_signature(files: dict[str, bytes], tmp_path: Path) -> None:
    found = asked(files, tmp_path)
    assert why_not(found) == "" and found == dose("warfarin", example(), ADULT)


def doubled(graph: bytes) -> bytes:
    """The graph with every dose twice as high."""
    import onnx
    from onnx import helper

    model = onnx.load_from_string(graph)
    (output,) = model.graph.output
    name, output.name = output.name, "twice"
    model.graph.node.append(helper.make_node("Add", [name, name], ["twice"]))
    written: bytes = model.SerializeToString()
    return written


def test_attack_golden_vectors_and_graph_changed_together(files: dict[str, bytes], tmp_path: Path) -> None:
    """Every dose twice as high, and every golden vector too: nothing in the bundle contradicts it."""
    require("onnx")
    rows = [json.loads(line) for line in files["golden.jsonl"].splitlines()]
    golden = "".join(json.dumps({**row, "output": row["output"] * 2}) + "\n" for row in rows).encode()
    card = files["model.toml"].replace(b"high = 74.405674", b"high = 149.0", 1)
    changed = {"model.onnx": doubled(files["model.onnx"]), "golden.jsonl": golden, "model.toml": card}
    forged = resealed({**files, **changed})
    assert all(check.holds for check in Bundle.read(write(tmp_path / "forged", forged)).verify())
    found = asked(forged, tmp_path)
    assert "MODEL_NOT_TRUSTED" in why_not(found) and found.value == found.beside[0].value


def test_attack_the_bundle_of_the_installation_itself_is_replaced(
    other: dict[str, bytes], anna: Signer, site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna.trusted_at(site)
    path = write(tmp_path / "replaced", anna.signed(other))
    monkeypatch.setattr("starling.dosing.predict.bundled", lambda name: path)
    assert "MODEL_NOT_TRUSTED" in why_not(dose("warfarin", example(), ADULT, unsigned=True))


def test_a_bundle_that_a_trusted_key_signed_runs_and_says_whose_it_is(
    other: dict[str, bytes], anna: Signer, site: Path, tmp_path: Path
) -> None:
    signed = anna.signed(other)
    assert "not trusted here" in why_not(asked(signed, tmp_path))
    anna.trusted_at(site)
    found = asked(signed, tmp_path)
    assert why_not(found) == "" and found.label.endswith("model 2")
    assert any(each.code == "MODEL_SIGNED" and "signed by anna" in each.message for each in found.notices)
    archive = tmp_path / "bundle.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        for name, content in signed.items():
            opened.writestr(name, content)
    assert dose("warfarin", example(), ADULT, model=archive) == found


@pytest.mark.parametrize("name", ["model.toml", "golden.jsonl"])
def test_attack_a_file_is_swapped_under_a_signature(
    name: str, other: dict[str, bytes], anna: Signer, site: Path, tmp_path: Path
) -> None:
    anna.trusted_at(site)
    signed = anna.signed(other)
    swapped = {**signed, name: signed[name] + b"\n"}
    assert "MODEL_DAMAGED" in why_not(asked(swapped, tmp_path))
    for unsigned in (False, True):  # a signature that does not fit is never waived
        assert "MODEL_NOT_TRUSTED" in why_not(asked(resealed(swapped), tmp_path, unsigned=unsigned))


@pytest.mark.parametrize("keep", [0, 1, 100, -1])
def test_attack_a_signature_is_cut_short(
    keep: int, other: dict[str, bytes], anna: Signer, site: Path, tmp_path: Path
) -> None:
    anna.trusted_at(site)
    signed = anna.signed(other)
    cut = {**signed, SIGNATURE: signed[SIGNATURE][:keep]}
    for unsigned in (False, True):
        assert "cut short" in why_not(asked(cut, tmp_path, unsigned=unsigned))


def test_attack_another_key_signs_in_the_name_of_a_trusted_one(
    other: dict[str, bytes], anna: Signer, site: Path, tmp_path: Path
) -> None:
    anna.trusted_at(site)
    mallory = Signer(tmp_path, "mallory")
    assert "not trusted here" in why_not(asked(mallory.signed(other), tmp_path))
    claimed = mallory.signed(other)[SIGNATURE].replace(mallory.public.hex().encode(), anna.public.hex().encode())
    assert "not one of this bundle" in why_not(asked({**other, SIGNATURE: claimed}, tmp_path))


def test_attack_the_signature_of_another_bundle(
    files: dict[str, bytes], other: dict[str, bytes], anna: Signer, site: Path, tmp_path: Path
) -> None:
    anna.trusted_at(site)
    moved = {**other, SIGNATURE: anna.signed(files)[SIGNATURE]}
    assert "not one of this bundle" in why_not(asked(moved, tmp_path))


def test_attack_a_signature_that_was_made_for_something_else(
    other: dict[str, bytes], anna: Signer, site: Path, tmp_path: Path
) -> None:
    anna.trusted_at(site)
    made = sign(anna.file, "starling.letter/1", other[DIGEST], password=bytes)
    assert "not one of this bundle" in why_not(asked({**other, SIGNATURE: made.text()}, tmp_path))


def test_attack_a_line_is_slipped_into_the_list_of_keys(
    other: dict[str, bytes], anna: Signer, site: Path, tmp_path: Path
) -> None:
    anna.trusted_at(site)
    site.write_text(site.read_text() + "trust everybody\n")
    assert "cannot be read" in why_not(asked(anna.signed(other), tmp_path))


def test_attack_a_file_of_the_bundle_is_a_link_a_pipe_or_a_folder(other: dict[str, bytes], tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(other["model.onnx"])
    for make in (lambda path: path.symlink_to(tmp_path / "elsewhere"), os.mkfifo, os.mkdir):
        path = write(tmp_path / make.__qualname__[-8:].strip("<>"), other)
        (path / "model.onnx").unlink()
        make(path / "model.onnx")
        with pytest.raises(ModelError) as caught:
            Bundle.read(path)
        assert caught.value.code == "MODEL_DAMAGED"


@pytest.mark.parametrize("name", ["../model.onnx", "/etc/x", "a/../../x", "..\\x", "C:x", "model.onnx"])
def test_attack_a_zip_that_leads_out_of_its_folder_or_says_two_things(
    name: str, files: dict[str, bytes], tmp_path: Path
) -> None:
    path = tmp_path / "b.zip"
    with zipfile.ZipFile(path, "w") as archive, pytest.warns(UserWarning) if name in files else _nothing():
        for each, content in (*files.items(), (name, b"")):
            archive.writestr(each, content)
    with pytest.raises(ModelError, match=r"leads out|stands twice"):
        Bundle.read(path)
    assert "MODEL_DAMAGED" in why_not(dose("warfarin", example(), ADULT, model=path))


def _nothing() -> Any:
    from contextlib import nullcontext

    return nullcontext()


def test_odd_files_leave_the_formula_and_say_why(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("text")
    (tmp_path / "empty.zip").write_bytes(b"PK\x05\x06" + bytes(18))
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for name in ("text", "empty.zip", "folder", "pipe", "nothing", "nul\0byte"):
        assert "MODEL_" in why_not(dose("warfarin", example(), ADULT, model=tmp_path / name, unsigned=True))


def test_what_nobody_signed_runs_when_asked_for_and_every_page_says_so_first(
    other: dict[str, bytes], tmp_path: Path
) -> None:
    assert "not signed" in why_not(asked(other, tmp_path))
    found = asked(other, tmp_path, unsigned=True)
    assert why_not(found) == "" and found.notices[0].code == "MODEL_UNSIGNED"
    lines = render(found).splitlines()
    assert lines[1].startswith("UNSIGNED MODEL warfarin 2") and render(found).count("UNSIGNED MODEL") == 1
    shown = page(example(), appendix=section(found), marks=(found.notices[0].message,))
    assert shown.index("UNSIGNED MODEL") < shown.index("mg/week")
    assert "UNSIGNED" in shown[: shown.index("</style>")].replace("\\000020", " ")  # the foot of every printed page
    assert "UNSIGNED MODEL" in json.dumps(to_jsonable(found))
    assert "UNSIGNED" not in render(dose("warfarin", example(), ADULT, unsigned=True))


def test_it_is_said_too_where_the_formula_answered_for_an_unsigned_model(
    other: dict[str, bytes], tmp_path: Path
) -> None:
    path = write(tmp_path / "b", other)
    from dataclasses import replace

    tall = replace(ADULT, height_cm=210.0)
    found = dose("warfarin", example(), tall, model=path, unsigned=True)
    assert found.method == "formula" and found.notices[0].code == "MODEL_UNSIGNED"


def test_the_library_loads_by_the_same_rule(other: dict[str, bytes], anna: Signer, tmp_path: Path) -> None:
    path = write(tmp_path / "b", anna.signed(other))
    with pytest.raises(ModelError) as caught:
        DoseModel.load(path)
    assert caught.value.code == "MODEL_NOT_TRUSTED"
    assert DoseModel.load(path, trusted=[TrustedKey("anna", anna.public)]).standing.kind == "signed"
    assert DoseModel.load(path, unsigned=True).standing.kind == "unsigned"


# --- the commands -----------------------------------------------------------------------------------------------------


def test_from_a_key_to_a_dose_with_the_commands(other: dict[str, bytes], site: Path, tmp_path: Path) -> None:
    write(tmp_path / "b", other)
    ask = ("dose", "warfarin", EXAMPLE, "--age", "67", "--weight", "80", "--height", "175", "--model", "b")
    refused = run(*ask, cwd=tmp_path)
    assert refused.code == 0 and "MODEL_NOT_TRUSTED" in refused.out and "IWPC pharmacogenetic formula" in refused.out
    assert run("model", "key", "clinic", cwd=tmp_path).code == 0
    assert (tmp_path / "clinic.pem").stat().st_mode & 0o077 == 0
    assert run("model", "sign", "b", "--key", "clinic.pem", cwd=tmp_path).code == 0
    assert "-- " in run("model", "verify", "b", cwd=tmp_path).out
    added = run("model", "trust", "clinic.pub.pem", "--name", "St Anna", cwd=tmp_path)
    assert added.code == 0 and "St Anna" in run("model", "trust", "--list").out
    assert "signed by St Anna" in run("model", "verify", "b", cwd=tmp_path).out
    assert "signed by St Anna" in run("model", "info", "b", cwd=tmp_path).out
    assert "signed by St Anna" in run(*ask, cwd=tmp_path).out
    golden = other["golden.jsonl"].splitlines()[0]
    assert run("model", "run", "b", "-", stdin=golden, cwd=tmp_path).code == 0
    assert run("model", "trust", "--remove", "St Anna").code == 0 and read_trusted(site) == ()
    done = run("model", "run", "b", "-", stdin=golden, cwd=tmp_path)
    assert done.code == 6 and "[MODEL_NOT_TRUSTED]" in done.err
    waived = run("model", "run", "b", "-", "--unsigned", stdin=golden, cwd=tmp_path)
    assert waived.code == 0 and "UNSIGNED MODEL" in waived.err
    assert "UNSIGNED MODEL" in run(*ask, "--unsigned", cwd=tmp_path).out.splitlines()[1]
    assert "UNSIGNED MODEL" in run(*ask, "--unsigned", "--json", cwd=tmp_path).out


@pytest.mark.parametrize(
    ("words", "code"),
    [(("trust",), "BAD_ARGUMENTS"), (("trust", "clinic.pub.pem", "--list"), "BAD_ARGUMENTS"),
     (("trust", "clinic.pem"), "BAD_KEY"), (("trust", "--remove", "nobody"), "BAD_KEY"),
     (("key", "clinic"), "OUTPUT_UNWRITABLE"), (("sign", "b.zip", "--key", "clinic.pem"), "BAD_ARGUMENTS"),
     (("sign", "b", "--key", "clinic.pub.pem"), "BAD_KEY"), (("sign", "b", "--key", "no.pem"), "FILE_NOT_FOUND")],
)  # fmt: skip
def test_what_is_wrong_is_one_line(words: tuple[str, ...], code: str, other: dict[str, bytes], tmp_path: Path) -> None:
    write(tmp_path / "b", other)
    assert run("model", "key", "clinic", cwd=tmp_path).code == 0
    done = run("model", *words, cwd=tmp_path)
    assert done.code == 2 and f"[{code}]" in done.err and done.err.count("\n") == 1
    assert not (tmp_path / "b" / SIGNATURE).exists()


def test_a_bundle_that_does_not_hold_is_not_signed(other: dict[str, bytes], tmp_path: Path) -> None:
    write(tmp_path / "b", {**other, "golden.jsonl": b""})
    assert run("model", "key", "clinic", cwd=tmp_path).code == 0
    assert run("model", "sign", "b", "--key", "clinic.pem", cwd=tmp_path).code == 6
    assert not (tmp_path / "b" / SIGNATURE).exists()


def test_without_the_extra_a_signature_counts_as_none(
    other: dict[str, bytes], anna: Signer, site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna.trusted_at(site)
    path = write(tmp_path / "b", anna.signed(other))
    monkeypatch.setitem(__import__("sys").modules, "cryptography", None)
    assert "pip install '.[trust]'" in why_not(dose("warfarin", example(), ADULT, model=path))
    with pytest.raises(InputError) as caught:
        sign(anna.file, PURPOSE, b"", password=bytes)
    assert caught.value.code == "EXTRA_MISSING"
