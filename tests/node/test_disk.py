"""What lies on the disk: nothing that says who anybody is, and nothing that opens without its key."""

from __future__ import annotations

import shutil
import ssl
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from starling.errors import InputError, KnowledgeError, TrustError
from starling.node import administration
from starling.node.demonstration import specimen_of
from starling.node.founding import found
from starling.node.opening import opened, unsealed
from tests import commands
from tests.node.devices import asker, new_patient, serving, settled, upload


def identifying(number: int) -> list[bytes]:
    """What says who a patient is, and what their file says."""
    specimen = specimen_of(number)
    texts = (specimen.identifier, specimen.second_identifier, specimen.name, *specimen.name.split(),
             specimen.birth_date, specimen.specimen)  # fmt: skip
    return [text.encode() for text in texts if len(text) > 4]  # shorter ones stand in noise by chance


def on_disk(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_nothing_in_the_folder_says_who_anybody_is(copied: Path, tmp_path: Path) -> None:
    with serving(copied) as device:
        path, specimen = new_patient(device.node, 5, tmp_path)
        patient = device.patients[specimen_of(1).identifier]
        with device.client("laboratory") as lab, device.client("prescriber") as prescriber:
            job = upload(lab, path, specimen).json()["job"]["id"]
            prescriber.post("/v1/check", json={"patient": patient.id, "drugs": ["codeine"]})
            said = {"drug": "codeine", "reason": f"told {patient.name}"}
            prescriber.post(f"/v1/patients/{patient.id}/overrides", json=said)
            waiting = on_disk(copied)
            assert settled(device.node, job).state == "called"
            running = on_disk(copied)
            recorded = str(device.events()).encode()
    for found_ in (waiting, running, on_disk(copied)):
        assert {"store.db", "checkpoint", "settings.toml"} <= found_.keys()
        for number in (1, 2, 3, 4, 5):
            for text in identifying(number):
                assert text not in recorded
                assert [name for name, content in found_.items() if text in content] == [], text
        assert [name for name, content in found_.items() if b"fileformat=VCF" in content] == []


def test_what_is_secret_is_its_owners_alone(copied: Path) -> None:
    for path in (copied, copied / "inbox", copied / "spool", copied / "clients"):
        assert path.stat().st_mode & 0o077 == 0, path
    for path in (copied / "store.db", copied / "file.key", copied / "device.pem", *(copied / "clients").iterdir()):
        assert path.stat().st_mode & 0o077 == 0, path
    assert b"ENCRYPTED PRIVATE KEY" in (copied / "device.pem").read_bytes()


def refused(folder: Path) -> str:
    with pytest.raises((TrustError, KnowledgeError, InputError)) as caught, opened(folder):
        pass
    return caught.value.code


def test_a_store_that_was_changed_or_has_another_key_is_not_opened(copied: Path, bare: Callable[..., Path]) -> None:
    store = copied / "store.db"
    whole = store.read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 1
    for content in (bytes(flipped), whole[:-4096], whole[:100], b""):
        store.write_bytes(content)
        assert refused(copied) == "STORE_SEALED"
    store.write_bytes(whole)
    kept = (copied / "store.key").read_bytes()
    other = bare()
    (copied / "store.key").write_bytes((other / "store.key").read_bytes())
    assert refused(copied) == "KEY_UNAVAILABLE"
    (copied / "store.key").write_bytes(kept[:-1])
    assert refused(copied) == "KEY_UNAVAILABLE"
    (copied / "store.key").unlink()
    assert refused(copied) == "KEY_UNAVAILABLE"
    (copied / "store.key").write_bytes(kept)
    with opened(copied) as node:
        assert node.log.size
    (copied / "file.key").unlink()
    assert refused(copied) == "KEY_UNAVAILABLE"


def test_an_older_store_put_back_is_refused_until_somebody_says_why(copied: Path, tmp_path: Path) -> None:
    backup = shutil.copytree(copied, tmp_path / "backup")
    with opened(copied) as node:
        node.knowledge_changes(asker())
        node.questions.patients(asker())
        node.checkpoint()
    assert commands.run("node", "audit", "verify", copied).code == 0
    shutil.copy(backup / "store.db", copied / "store.db")
    assert refused(copied) == "LOG_TAMPERED"
    told = commands.run("node", "audit", "verify", copied)
    assert (told.code, told.err.endswith("[LOG_TAMPERED]\n")) == (7, True)
    assert commands.run("node", "run", copied, "--port", "0").code == 7
    aside = commands.run("node", "audit", "set-aside", copied, "--reason", "restored the backup of 3 May")
    assert aside.code == 0 and "checkpoint.set-aside-1" in aside.out
    with opened(copied) as node:
        detail = node.log.events(limit=1)[0][1]["entity"][0]["detail"]
    assert "restored the backup of 3 May" in str(detail)
    assert commands.run("node", "audit", "verify", copied).code == 0


def test_the_log_is_proved_and_exported_for_somebody_who_has_neither_key_nor_program(
    copied: Path, tmp_path: Path
) -> None:
    from starling.trust.events import action_of
    from starling.trust.proof import check_export, check_proof

    with unsealed(copied) as (_, _, _, log):
        key, size = log.verifier_key, log.size
    assert commands.run("node", "audit", "export", copied, "-o", tmp_path / "events").code == 0
    with unsealed(copied) as (_, _, _, log):
        assert [action_of(event) for _, event in log.events(limit=1)] == ["audit.read"]
    lines = (tmp_path / "events").read_bytes().splitlines()
    assert check_export(lines, (copied / "checkpoint").read_text(encoding="utf-8"), key) == size == len(lines)
    proof = commands.run("node", "audit", "prove", "3", cwd=copied).out
    assert check_proof(proof, lines[3], key) == 3
    assert commands.run("node", "audit", "prove", "999999", copied).err.endswith("[NOT_FOUND]\n")
    kept = copied / "checkpoint"
    assert "nothing was changed" in commands.run("node", "audit", "verify", copied, "--checkpoint", kept).out
    for name, content, code in (("none", None, "FILE_NOT_FOUND"), ("raw", b"\xff", "NOT_TEXT"),
                                ("other", b"x", "CHECKPOINT_REFUSED")):  # fmt: skip
        if content is not None:
            (tmp_path / name).write_bytes(content)
        assert f"[{code}]" in commands.run("node", "audit", "verify", copied, "--checkpoint", tmp_path / name).err


def test_certificates_are_issued_and_recorded(copied: Path, tmp_path: Path) -> None:
    issued = commands.run("node", "issue", copied, "dr-lee", "--role", "prescriber", "-o", tmp_path / "lee.pem")
    assert issued.code == 0 and (tmp_path / "lee.pem").stat().st_mode & 0o077 == 0
    with serving(copied) as device, device.client(tmp_path / "lee.pem") as lee:
        assert "good until" in commands.run("node", "renew", copied, "--days", "9").out
        device.serving._certificate()  # as every few seconds
        with device.client(tmp_path / "lee.pem") as later:
            assert later.get("/v1/knowledge").status_code == 200
            stream = later.get("/livez").extensions["network_stream"]
            shown = stream.get_extra_info("ssl_object").getpeercert()["notAfter"]
        assert ssl.cert_time_to_seconds(shown) - time.time() < 9 * 86_400
        assert len(lee.get("/v1/patients").json()) == 4
        written = [each for each in device.events() if each["subtype"][0]["code"] == "certificate.write"]
    by = [each["agent"][0]["who"]["identifier"]["value"] for each in written]
    assert by == ["keyboard"] * 2 + ["node"] * 6  # those of the demonstration
    assert {each["type"]["code"] for each in written} == {"110113"}
    assert commands.run("node", "issue", copied, "x" * 65, "--role", "auditor", "-o", tmp_path / "x").code == 7
    nowhere = commands.run("node", "issue", copied, "x", "--role", "auditor", "-o", tmp_path / "no" / "x")
    assert nowhere.err.endswith("[OUTPUT_UNWRITABLE]\n")


def test_knowledge_that_was_changed_does_not_answer(copied: Path, tmp_path: Path, root: Path) -> None:
    base = tmp_path / "changed.kb"
    content = bytearray((root / "src" / "starling" / "knowledge" / "starling.kb").read_bytes())
    at = content.index(b"CYP2C19")
    content[at : at + 7] = b"CYP2C18"
    base.write_bytes(content)
    (copied / "settings.toml").write_text(f'knowledge = "{base}"\n', encoding="utf-8")
    assert refused(copied).startswith("KNOWLEDGE_")


def test_a_key_in_a_token_opens_the_node_and_nothing_else_does(softhsm: tuple[Path, Path], tmp_path: Path) -> None:
    pin = tmp_path / "pin"
    pin.write_text("1234\n", encoding="utf-8")
    token = {"token_module": str(softhsm[0]), "token": "ward", "token_pin_file": str(pin)}
    made = found(tmp_path / "node", settings=dict(token))
    assert "the token ward: the key does not leave it" in made.holder and not (tmp_path / "node" / "file.key").exists()
    with opened(tmp_path / "node") as node:
        assert node.health().ready
    found(tmp_path / "second", settings=dict(token))  # the key that is there is used
    with opened(tmp_path / "second") as node:
        assert node.log.size == administration.verify(tmp_path / "second").size
    pin.write_text("9999", encoding="utf-8")
    assert refused(tmp_path / "node") == "KEY_UNAVAILABLE"
    pin.unlink()
    assert refused(tmp_path / "node") == "KEY_UNAVAILABLE"
    with pytest.raises(TrustError, match="token_pin_file"):
        found(tmp_path / "third", settings=dict(token))
    assert not (tmp_path / "third").exists() and [path for path in tmp_path.iterdir() if ".tmp" in path.name] == []
