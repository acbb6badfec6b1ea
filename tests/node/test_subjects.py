"""Export and erasure of one patient: all of it is given, and nothing of it is left."""

from __future__ import annotations

import gzip
import json
import random
import shutil
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any, cast

import pytest
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap
from msgspec.structs import replace

from starling.errors import InputError
from starling.node.amendment import amend
from starling.node.demonstration import specimen_of
from starling.node.intake import Intake
from starling.node.lanes import Lane
from starling.node.opening import opened
from starling.node.service import Node
from starling.node.values import Order, Patient
from starling.trust.sealed import open_sealed
from tests import commands
from tests.node.devices import Device, asker, new_patient, serving, settled, upload
from tests.node.test_disk import identifying
from tests.node.test_listing import until

ADMINISTRATOR = asker("administrator", "administrator-1")


def in_plain(folder: Path, copy: Path) -> bytes:
    """The store as it would lie there without its cipher: every page, the unused ones, too."""
    key = aes_key_unwrap((folder / "file.key").read_bytes(), (folder / "store.key").read_bytes())
    shutil.copy(folder / "store.db", copy)
    if (folder / "store.db-wal").exists():
        shutil.copy(folder / "store.db-wal", f"{copy}-wal")
    store = open_sealed(copy, key)
    store.pragma("journal_mode", "delete")
    store.pragma("rekey", "")
    store.close()
    content = copy.read_bytes()
    assert content.startswith(b"SQLite format 3")
    copy.unlink()
    return content


def of(node: Node, number: int) -> Patient:
    wanted = specimen_of(number).identifier
    return next(each for each in node.records.patients("here") if each.identifier == wanted)


def traces(node: Node, patient: Patient) -> list[bytes]:
    """What the store holds of a patient and of nobody else."""
    packed = [node.records.evidence(job) for job in patient.jobs]
    results = [node.records.result(job) for job in patient.jobs]
    blobs = [each[1] for each in packed if each] + [each for each in results if each]
    return [blob[at : at + 24] for blob in blobs for at in range(200, len(blob) - 24, 4_000)]


def test_everything_of_one_patient_is_given(device: Device) -> None:
    patient, other = of(device.node, 1), of(device.node, 2)
    with device.client("prescriber") as prescriber, device.client("administrator") as administrator:
        said = {"drug": "codeine", "reason": "no alternative"}
        assert prescriber.post(f"/v1/patients/{patient.id}/overrides", json=said).status_code == 201
        answer = administrator.get(f"/v1/patients/{patient.id}/export")
        assert answer.headers["content-type"] == "application/zip"
        assert administrator.get("/v1/patients/p-nobody/export").status_code == 404
        assert prescriber.get(f"/v1/patients/{patient.id}/export").status_code == 403
    with zipfile.ZipFile(BytesIO(answer.content)) as archive:
        whole = b"".join(map(archive.read, archive.namelist()))
        found = json.loads(archive.read("patient.json"))
        events = [json.loads(line) for line in archive.read("audit.jsonl").splitlines()]
        job = patient.released
        assert b"##fileformat=VCF" in archive.read(f"{job}/evidence/{found['files'][0]['job']['file']}")
        assert json.loads(archive.read(f"{job}/assessment.json"))["result_sha256"] == patient.result_sha256
    assert found["patient"]["name"] == patient.name and found["files"][0]["specimen"]["specimen"]
    assert [each["drug"] for each in found["overrides"]] == ["codeine"]
    assert {"patient.export", "override.write"} <= {each["subtype"][0]["code"] for each in events}
    assert other.id.encode() not in whole and other.identifier.encode() not in whole


def test_a_patient_who_was_erased_left_no_trace_in_the_store_and_the_log_shows_it(copied: Path, tmp_path: Path) -> None:
    with serving(copied) as device:
        node = device.node
        path, specimen = new_patient(node, 5, tmp_path)
        with device.client("laboratory") as lab, device.client("prescriber") as prescriber:
            settled(node, upload(lab, path, specimen).json()["job"]["id"])
            patient, other = of(node, 1), of(node, 2)
            said = {"drug": "codeine", "reason": f"told {patient.name}"}
            prescriber.post(f"/v1/patients/{patient.id}/overrides", json=said)
            held = in_plain(copied, tmp_path / "plain.db")
            marks = [*identifying(1), *traces(node, patient)]
            assert len(marks) > 8 and [mark for mark in marks if mark not in held] == []
            theirs = traces(node, other)
            with device.client("administrator") as administrator:
                reason = {"reason": f"{patient.name} asked for it"}
                gone = administrator.post(f"/v1/patients/{patient.id}/erasure", json=reason)
                again = administrator.post(f"/v1/patients/{patient.id}/erasure", json=reason)
            assert gone.json() == {"patient": patient.id, "jobs": [patient.released], "overrides": 1, "emptied": True}
            assert again.status_code == 404
            order = {"patient": patient.id, "drugs": ["codeine"]}
            assert prescriber.post("/v1/check", json=order).status_code == 404
            assert prescriber.post("/v1/check", json={**order, "patient": other.id}).status_code == 200
            assert lab.get(f"/v1/jobs/{patient.released}").status_code == 404
        left = in_plain(copied, tmp_path / "plain.db")
        assert [mark for mark in marks if mark in left] == []
        assert [mark for mark in [*identifying(2), *theirs] if mark not in left] == []
        assert node.log.verify().sound
        erased = next(each for each in device.events() if each["subtype"][0]["code"] == "patient.erase")
        assert patient.id in str(erased) and "[...] asked for it" in str(erased)
        assert patient.name not in str(device.events())
    for path_ in (each for each in copied.rglob("*") if each.is_file()):
        content = path_.read_bytes()
        assert [mark for mark in marks if mark in content] == []


def test_among_hundreds_nothing_is_left_of_those_who_were_erased(copied: Path, tmp_path: Path) -> None:
    with opened(copied) as node:
        pattern = of(node, 1)
        people = [
            replace(
                pattern, id=f"p-{n * 7_919 % 100_003:08}", identifier=f"MANY-{n:05}", name=f"Name{n:05}",
                second_identifier=f"INS-{n:05}", released="",
            )
            for n in range(300)
        ]  # fmt: skip
        with node.records.transaction():
            for each in people:
                node.records.add_patient(each)
        for each in people[::5]:
            assert node.subjects.erase(ADMINISTRATOR, each.id, "asked for").emptied
        left = in_plain(copied, tmp_path / "plain.db")
    assert [each.name for n, each in enumerate(people) if (each.identifier.encode() in left) == (n % 5 == 0)] == []
    assert [each.name for n, each in enumerate(people) if (each.name.encode() in left) == (n % 5 == 0)] == []


def test_a_job_on_its_way_brings_nobody_back(copied: Path, tmp_path: Path) -> None:
    with opened(copied) as node:
        path, specimen = new_patient(node, 1, tmp_path)
        path.write_bytes(path.read_bytes() + b"\n")
        job = node.files.submit(asker("laboratory"), path.name, [path.read_bytes()], specimen).job
        intake, patient = Intake(node), of(node, 1)
        intake._read(job)
        before = node.records.job(job.id)
        assert before is not None and before.patient == "" and (node.layout.spool / job.id).exists() is False
        assert job.id in node.subjects.erase(ADMINISTRATOR, patient.id, "asked for").jobs
        intake.take(job.id)
        assert (node.records.job(job.id), node.records.by_identifiers("here", specimen)) == (None, [])
        with pytest.raises(InputError, match="no such patient"):
            node.questions.check(asker(), Order(patient=patient.id, drugs=("codeine",)))
        again = node.files.submit(asker("laboratory"), path.name, [path.read_bytes()], specimen)
        assert not again.again  # the same bytes are new again
        amend(node)


def test_the_commands_take_an_identifier_too(copied: Path, tmp_path: Path) -> None:
    named = specimen_of(2).identifier
    told = commands.run("node", "export", copied, named, "-o", tmp_path / "theirs.zip")
    assert told.code == 0 and (tmp_path / "theirs.zip").stat().st_mode & 0o077 == 0
    gone = commands.run("node", "erase", copied, named, "--reason", "asked for on 3 May")
    assert gone.code == 0 and "backup from before still holds them" in gone.out
    again = commands.run("node", "erase", copied, named, "--reason", "asked for on 3 May")
    assert (again.code, again.err.endswith("[NOT_FOUND]\n")) == (2, True)
    assert commands.run("node", "audit", "verify", copied).code == 0


def test_attack_a_file_that_everybody_may_read_lies_where_private_things_are_written(
    copied: Path, tmp_path: Path
) -> None:
    with opened(copied) as node:
        patient = of(node, 1).id
    names = [tmp_path / name for name in ("theirs.zip", "lee.pem", "kept.tar")]
    for path in names:
        path.write_bytes(b"")
        path.chmod(0o644)
    for words in (
        ("export", copied, patient, "-o", names[0]),
        ("issue", copied, "dr-lee", "--role", "prescriber", "-o", names[1]),
        ("backup", copied, names[2]),
    ):
        assert commands.run("node", *words).code == 0
    assert {path.stat().st_mode & 0o077 for path in names} == {0}


def test_attack_an_answer_under_way_while_its_patient_is_erased_leaves_no_trace(copied: Path) -> None:
    (copied / "settings.toml").write_text('hub = "https://127.0.0.1:1/"\n', encoding="utf-8")
    with opened(copied) as node:
        patient, asks = of(node, 1), asker()

        class Erasing:
            """A lane that answers, and meanwhile the patient is erased."""

            def do(self, engine: Any, work: Any, *given: Any) -> Any:
                found = work(engine, *given)
                if node.records.patient(patient.id) is not None:
                    node.subjects.erase(ADMINISTRATOR, patient.id, "asked for")
                return found

        node.asking = cast("Lane", Erasing())
        order = Order(patient=patient.id, drugs=("codeine",))
        with pytest.raises(InputError, match="no such patient"):
            node.questions.check(asks, order)
        assert node.kept.get(node.questions._key(patient, order)) is None
        assert node.outbox is not None and b"codeine" not in gzip.decompress(node.outbox.batch()[1])
        _, last = node.log.events(limit=1)[0]
        assert last["subtype"][0]["code"] == "patient.erase"  # nothing was answered after it


def test_whoever_is_erased_at_the_keyboard_leaves_the_lists_and_answers_of_a_node_that_is_served(
    copied: Path, tmp_path: Path
) -> None:
    (tmp_path / "share").mkdir()
    (copied / "settings.toml").write_text(f'emergency_list = "{tmp_path / "share"}"\n', encoding="utf-8")
    listed = tmp_path / "share" / "here.txt"
    with serving(copied) as device:
        node = device.node
        patient, other = of(node, 1), of(node, 2)
        orders = [Order(patient=each.id, drugs=("codeine",)) for each in (patient, other)]
        keys = [node.questions._key(each, order) for each, order in zip((patient, other), orders, strict=True)]
        for order in orders:
            node.questions.check(asker(), order)
        device.serving._others()
        for order in orders:
            node.questions.check(asker(), order)
        node.records.connection.execute("PRAGMA wal_checkpoint(passive)")
        device.serving._others()  # nobody else wrote: what is kept is kept
        assert all(map(node.kept.get, keys))
        assert commands.run("node", "erase", copied, patient.id, "--reason", "asked for").code == 0
        device.serving._others()
        until(lambda: not any(map(node.kept.get, keys)))
        until(lambda: listed.exists() and patient.identifier not in listed.read_text(encoding="utf-8"))


def test_a_store_of_before_is_brought_up_and_one_of_a_newer_program_is_refused(copied: Path) -> None:
    with opened(copied) as node:
        node.records.connection.execute("ALTER TABLE account DROP COLUMN disabled")
        node.records.connection.execute("ALTER TABLE account DROP COLUMN person")
        node.records.connection.pragma("user_version", 0)
    with opened(copied) as node:
        assert [(each.disabled, each.person) for each in node.accounts.all()] == [(False, "")]
        node.change_account(ADMINISTRATOR, "administrator", "unlock")
        node.records.connection.pragma("user_version", 99)
    told = commands.run("node", "audit", "verify", copied)
    assert told.code == 2 and told.err.endswith("[STORE_NEWER]\n") and told.err.count("\n") == 1


def test_attack_a_large_file_is_exported_without_being_whole_in_memory(copied: Path, tmp_path: Path) -> None:
    (copied / "settings.toml").write_text("keep_source_files = true\n", encoding="utf-8")
    with opened(copied) as node:
        path, specimen = new_patient(node, 5, tmp_path)
        noise = random.Random(5).randbytes(1 << 20)
        content = [path.read_bytes(), *(b"##" + noise.hex().encode() + b"\n" for _ in range(8))]
        job = node.files.submit(asker("laboratory"), path.name, content, specimen).job
        with node.records.transaction():
            node.records.add_patient(replace(of(node, 1), id="p-largelarge", identifier="L", second_identifier="M"))
            node.records.set_job(replace(job, patient="p-largelarge"))
        pieces = list(node.subjects.export(ADMINISTRATOR, "p-largelarge"))
        assert max(map(len, pieces)) < 4 << 20 and len(pieces) > 8
        with zipfile.ZipFile(BytesIO(b"".join(pieces))) as archive:
            assert archive.testzip() is None
            assert archive.read(f"{job.id}/source/{path.name}") == b"".join(content)
