"""Another edition of the knowledge through the API: only with the signature of a key that the site trusts."""

from __future__ import annotations

import base64
import re
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic, sleep

import httpx
import pytest

from starling.errors import InputError, KnowledgeError
from starling.knowledge.base import BUNDLED
from starling.knowledge.compile import compile_knowledge
from starling.knowledge.seal import SIGNED_FOR
from starling.node.amendment import AMENDED
from starling.node.backup import back_up
from starling.node.opening import opened
from starling.node.restoring import restore
from starling.node.values import Job
from starling.trust.keys import TrustedKey, dump_trusted
from starling.trust.signature import new_key, sign
from tests import commands
from tests.knowledge.small import SOURCE
from tests.node.devices import Device, asker, serving


@pytest.fixture(scope="module")
def edition(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new edition: CYP2C19*2 has normal function, signed by the pharmacy."""
    folder = tmp_path_factory.mktemp("edition")
    source = Path(shutil.copytree(SOURCE, folder / "tables"))
    alleles = (source / "alleles.tsv").read_text(encoding="utf-8")
    changed = re.sub(r"(?m)^(CYP2C19\t\*2\t.*)No function", r"\1Normal function", alleles)
    assert changed != alleles
    (source / "alleles.tsv").write_text(changed, encoding="utf-8")
    compile_knowledge(source, folder / "new.kb")
    for name in ("pharmacy", "other"):
        private, public = new_key()
        (folder / f"{name}.pem").write_bytes(private)
        (folder / f"{name}.trusted").write_text(dump_trusted([TrustedKey(name, public)]), encoding="utf-8")
    told = commands.run("knowledge", "sign", folder / "new.kb", "--key", folder / "pharmacy.pem")
    assert told.code == 0, told.err
    return folder


@pytest.fixture
def trusting(copied: Path, edition: Path) -> Iterator[Device]:
    """A node that trusts the pharmacy."""
    (copied / "settings.toml").write_text(f'trusted_keys = "{edition / "pharmacy.trusted"}"\n', encoding="utf-8")
    with serving(copied) as device:
        yield device


def send(client: httpx.Client, content: bytes, signature: bytes, **query: str) -> httpx.Response:
    headers = {"starling-signature": base64.b64encode(signature).decode()}
    return client.post("/v1/knowledge", content=content, headers=headers, params=query)


def test_a_signed_edition_answers_shows_its_changes_amends_and_is_there_after_a_restart(
    trusting: Device, edition: Path, tmp_path: Path
) -> None:
    node, content = trusting.node, (edition / "new.kb").read_bytes()
    signature = (edition / "new.kb.signature").read_bytes()
    before = node.held.engine.knowledge.stamp
    with trusting.client("administrator") as administrator, trusting.client("prescriber") as prescriber:
        preview = send(administrator, content, signature, preview="yes").json()
        assert preview["taken"] is False and preview["changes"] and preview["knowledge"]["sha256"] == before.sha256
        assert not [*node.layout.knowledge.iterdir()]
        taken = send(administrator, content, signature)
        assert taken.status_code == 200, taken.text
        said = taken.json()
        assert (said["taken"], said["changes"]) == (True, preview["changes"])
        assert said["knowledge"]["sha256"] != before.sha256 and said["knowledge"]["previous"] == before.version
        assert prescriber.get("/v1/knowledge/changes").json() == said["changes"]
        assert any("CYP2C19" in f"{each['about']} {each['text']}" for each in said["changes"])
    event = next(each for each in trusting.events() if each["subtype"][0]["code"] == "knowledge.replace")
    assert "pharmacy" in str(event) and event["outcome"] == "0"
    amended = until_amended(trusting)
    assert amended and all(each.changes for each in amended)
    back_up(trusting.folder, tmp_path / "kept.tar")
    restore(tmp_path / "kept.tar", tmp_path / "elsewhere", key=trusting.folder / "file.key")
    with opened(tmp_path / "elsewhere") as other:
        assert other.held.engine.knowledge.stamp.sha256 == said["knowledge"]["sha256"]
    (path,) = (tmp_path / "elsewhere" / "knowledge").iterdir()
    path.write_bytes(BUNDLED.read_bytes())
    with pytest.raises(KnowledgeError, match="not the edition that was taken"), opened(tmp_path / "elsewhere"):
        pass
    path.unlink()
    with pytest.raises(KnowledgeError, match="cannot be read"), opened(tmp_path / "elsewhere"):
        pass


def until_amended(device: Device) -> list[Job]:
    ends = monotonic() + 60
    wanted = device.node.held.engine.knowledge.stamp.sha256.encode()
    while device.node.records.secret(AMENDED) != wanted:
        assert monotonic() < ends
        sleep(0.05)
    return [each for each in device.node.records.jobs("here", limit=100) if each.amends]


def test_attack_an_edition_that_nobody_here_trusts(trusting: Device, edition: Path) -> None:
    content, good = (edition / "new.kb").read_bytes(), (edition / "new.kb.signature").read_bytes()
    flipped = bytearray(content)
    flipped[len(content) // 2] ^= 1
    damaged = content[:4096] + bytes(len(content) - 4096)

    def signed(what: bytes, key: str = "pharmacy", purpose: str = SIGNED_FOR) -> bytes:
        return sign(edition / f"{key}.pem", purpose, what, password=bytes).text()

    before = trusting.node.held
    with trusting.client("administrator") as administrator:
        for what, signature in (
            (content, b""), (content, good[:-1]), (bytes(flipped), good), (content, signed(content, "other")),
            (content, signed(content, purpose="model")), (damaged, signed(damaged)), (b"", signed(b"")),
        ):  # fmt: skip
            refused = send(administrator, what, signature)
            assert (refused.status_code, refused.json()["code"]) == (422, "KNOWLEDGE_REFUSED"), refused.text
        raw = administrator.post("/v1/knowledge", content=content, headers={"starling-signature": "%%"})
        assert (raw.status_code, raw.json()["code"]) == (400, "BAD_REQUEST")
        large = administrator.post("/v1/knowledge", content=bytes(65 << 20), headers={"starling-signature": ""})
        assert large.status_code == 413
    with trusting.client("pharmacist") as pharmacist:
        assert send(pharmacist, content, good).status_code == 403
    assert trusting.node.held is before and not [*trusting.node.layout.knowledge.iterdir()]
    outcomes = [each["outcome"] for each in trusting.events() if each["subtype"][0]["code"] == "knowledge.replace"]
    assert outcomes == ["4", *["8"] * 7]


def test_attack_an_older_edition_is_sent_again_with_its_good_signature(trusting: Device, edition: Path) -> None:
    source = Path(shutil.copytree(edition / "tables", edition / "older"))
    guidelines = (source / "guidelines.tsv").read_text(encoding="utf-8")
    (source / "guidelines.tsv").write_text(guidelines.replace("2026-", "2025-"), encoding="utf-8")
    compile_knowledge(source, edition / "older.kb")
    content = (edition / "older.kb").read_bytes()
    signature = sign(edition / "pharmacy.pem", SIGNED_FOR, content, password=bytes).text()
    before = trusting.node.held
    with trusting.client("administrator") as administrator:
        refused = send(administrator, content, signature)
        assert (refused.status_code, refused.json()["code"]) == (422, "KNOWLEDGE_REFUSED")
        assert "older=yes" in refused.json()["detail"] and trusting.node.held is before
        assert send(administrator, content, signature, preview="yes").status_code == 200
        assert not [*trusting.node.layout.knowledge.iterdir()]
        assert send(administrator, content, signature, older="yes").json()["taken"] is True
    outcomes = [each["outcome"] for each in trusting.events() if each["subtype"][0]["code"] == "knowledge.replace"]
    assert outcomes == ["0", "8"]


def test_questions_under_way_finish_on_the_edition_that_they_began_with(trusting: Device, edition: Path) -> None:
    content, signature = (edition / "new.kb").read_bytes(), (edition / "new.kb.signature").read_bytes()
    patient = next(iter(trusting.patients.values())).id
    editions = {trusting.node.held.engine.knowledge.stamp.sha256}

    def ask(number: int) -> set[str]:
        with trusting.client("prescriber") as prescriber:
            order = {"patient": patient, "drugs": ["codeine", "clopidogrel"]}
            answers = [prescriber.post("/v1/check", json={**order, "weight": 20 + number + n}).json() for n in range(6)]
        return {each["provenance"]["knowledge_sha256"] for answer in answers for each in answer["answers"]}

    with ThreadPoolExecutor(3) as pool, trusting.client("administrator") as administrator:
        asked = [pool.submit(ask, number * 10) for number in range(3)]
        editions.add(send(administrator, content, signature).json()["knowledge"]["sha256"])
        seen = set().union(*(each.result() for each in asked))
    assert seen <= editions and len(editions) == 2
    assert ask(90) == {trusting.node.held.engine.knowledge.stamp.sha256}


def test_where_the_settings_name_the_file_it_is_not_replaced(copied: Path, edition: Path) -> None:
    (copied / "settings.toml").write_text(f'knowledge = "{edition / "new.kb"}"\n', encoding="utf-8")
    with opened(copied) as node, pytest.raises(InputError, match="settings name the file") as refused:
        node.editions.offered(asker("administrator"), b"", b"")
    assert refused.value.code == "KNOWLEDGE_REFUSED"


def test_what_is_no_edition_is_not_signed(edition: Path, tmp_path: Path) -> None:
    (tmp_path / "x.kb").write_bytes(b"nothing")
    told = commands.run("knowledge", "sign", tmp_path / "x.kb", "--key", edition / "pharmacy.pem")
    assert told.code == 3 and re.search(r"\[KNOWLEDGE_\w+\]", told.err)
