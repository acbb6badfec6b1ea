"""A file becomes a result, or a person is asked; new knowledge amends what it changes."""

from __future__ import annotations

import shutil
import time
import zipfile
import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any, cast

import pytest
from msgspec.structs import replace

from starling.errors import ForbiddenError, InputError, KnowledgeError
from starling.knowledge.compile import compile_knowledge
from starling.node import evidence
from starling.node.amendment import AMENDED, amend
from starling.node.demonstration import file_of, specimen_of
from starling.node.intake import Intake
from starling.node.lanes import Lane
from starling.node.opening import opened
from starling.node.service import Node
from starling.node.spool import unsealed
from starling.node.values import Job, Specimen
from tests.node.devices import asker, serving

ROOT = Path(__file__).resolve().parents[2]
LAB, PHARMACIST = asker("laboratory", "lab-1"), asker("pharmacist", "pharmacist-1")


@pytest.fixture
def node(copied: Path) -> Iterator[Node]:
    with opened(copied) as found:
        yield found


def taken(node: Node, path: Path, specimen: Specimen) -> Job:
    """The job of a file, as far as the node takes it."""
    job = node.files.submit(LAB, path.name, [path.read_bytes()], specimen).job
    Intake(node).take(job.id)
    found = node.records.job(job.id)
    assert found is not None
    return found


def test_both_identifiers_of_one_patient_are_that_patient(node: Node, tmp_path: Path) -> None:
    path = file_of(node.held.engine, 1, tmp_path)
    again = taken(node, path, specimen_of(1))
    assert again.state == "released"  # the same bytes: the same job
    path.write_bytes(path.read_bytes() + b"\n")
    repeated = taken(node, path, specimen_of(1))
    assert repeated.id != again.id and (repeated.state, repeated.patient) == ("called", again.patient)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"second_identifier": "INS-other"}, "IDENTIFIERS: one identifier is known"),
        ({"second_identifier": specimen_of(2).second_identifier}, "IDENTIFIERS: the two identifiers are of two"),
        ({"birth_date": "1900-01-01"}, "BIRTH_DATE"),
        ({"sex": "female"}, "SEX: the sex stated"),
    ],
)
def test_what_may_be_somebody_else_waits_for_a_person(
    node: Node, tmp_path: Path, changed: dict[str, str], reason: str
) -> None:
    path = file_of(node.held.engine, 1, tmp_path)
    path.write_bytes(path.read_bytes() + b"\n")
    job = taken(node, path, replace(specimen_of(1), **changed))
    assert job.state == "quarantined" and job.reason.startswith(reason)
    if job.patient:
        assert node.files.resolve(LAB, job.id, accept=True, reason="asked the ward").state == "called"
    else:
        with pytest.raises(InputError, match="two patients"):
            node.files.resolve(LAB, job.id, accept=True, reason="asked the ward")
        assert node.files.resolve(LAB, job.id, accept=False, reason="asked the ward").state == "failed"
        assert taken(node, path, replace(specimen_of(1), **changed)).id != job.id  # it may come again


def test_a_sex_that_chr_x_contradicts_and_genotypes_of_somebody_else(node: Node, tmp_path: Path) -> None:
    path = file_of(node.held.engine, 7, tmp_path)
    job = taken(node, path, replace(specimen_of(7), sex="female"))
    assert (job.state, job.reason) == ("quarantined", "SEX: chrX speaks against the sex stated")
    swapped = taken(node, file_of(node.held.engine, 9, tmp_path), replace(specimen_of(1), sample=""))
    assert (swapped.state, swapped.reason[:12]) == ("quarantined", "FINGERPRINT:")


def test_a_file_that_cannot_be_read_fails_with_a_reason_and_may_come_again(node: Node, tmp_path: Path) -> None:
    path = tmp_path / "empty.vcf"
    path.write_bytes(b"##fileformat=VCFv4.2\n")
    first = taken(node, path, specimen_of(8))
    assert first.state == "failed" and first.reason.startswith("BAD_HEADER: ") and str(tmp_path) not in first.reason
    assert node.records.sealing(first.id) is None and not [*node.layout.spool.iterdir()]
    assert taken(node, path, specimen_of(8)).id != first.id


def test_of_a_genome_the_genes_are_kept_and_not_what_lies_between_them(node: Node, tmp_path: Path) -> None:
    path = file_of(node.held.engine, 5, tmp_path)
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    on_one = [line for line in lines if line.startswith("chr1\t")]
    first, last = (int(line.split("\t")[1]) for line in (on_one[0], on_one[-1]))
    between = on_one[0].split("\t")
    between[1:5] = [f"{(first + last) // 2}", ".", "A", "C"]
    at = max(
        number
        for number, line in enumerate(lines)
        if line.startswith("chr1\t") and int(line.split("\t")[1]) < first + 10**7
    )
    assert last - first > 10**8  # two genes, and most of the chromosome between them
    path.write_text("".join([*lines[: at + 1], "\t".join(between), *lines[at + 1 :]]), encoding="utf-8")
    job = taken(node, path, specimen_of(5))
    found = node.records.evidence(job.id)
    assert found is not None and job.state == "called"
    kept = evidence.unpacked(found[1]).decode()
    assert all(f"\t{place}\t" in kept for place in (first, last)) and f"\t{between[1]}\t" not in kept


def test_a_file_of_several_people_asks_for_the_sample(node: Node, tmp_path: Path) -> None:
    path = file_of(node.held.engine, 5, tmp_path)
    lines = path.read_text(encoding="utf-8").splitlines()
    wider = [
        each if each.startswith("##") else f"{each}\t{each.split(chr(9))[-1]}{'x' * each.startswith('#')}"
        for each in lines
    ]
    path.write_text("".join(f"{each}\n" for each in wider), encoding="utf-8")
    job = taken(node, path, specimen_of(5))
    assert job.state == "failed" and job.reason.startswith("SEVERAL_PATIENTS: ")
    assert taken(node, path, replace(specimen_of(5), sample="DEMO-0005x")).state == "called"


def test_what_the_device_lacks_is_not_the_files_fault(node: Node, tmp_path: Path) -> None:
    path = file_of(node.held.engine, 5, tmp_path)
    job = node.files.submit(LAB, path.name, [path.read_bytes()], specimen_of(5)).job
    node.records.connection.execute("PRAGMA query_only = on")
    import apsw

    with pytest.raises(apsw.ReadOnlyError):
        Intake(node).take(job.id)
    node.records.connection.execute("PRAGMA query_only = off")
    assert node.records.unfinished() == [job.id]
    Intake(node).work_off()
    assert not node.records.unfinished()


def test_source_files_are_kept_sealed_where_the_settings_say_so(copied: Path, tmp_path: Path) -> None:
    (copied / "settings.toml").write_text("keep_source_files = true\n", encoding="utf-8")
    with opened(copied) as node:
        path = file_of(node.held.engine, 5, tmp_path)
        job = taken(node, path, specimen_of(5))
        key = node.records.sealing(job.id)
        assert key is not None
        assert b"".join(unsealed(node.layout.spool / job.id, key)) == path.read_bytes()


def test_what_no_job_knows_is_taken_out_of_the_spool_at_the_start(node: Node) -> None:
    (node.layout.spool / "j-0000000000000000").write_bytes(b"noise")
    intake = Intake(node)
    intake.start()
    intake.stop()
    assert not [*node.layout.spool.iterdir()]


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another edition: CYP2C19*2 has normal function."""
    folder = tmp_path_factory.mktemp("other")
    tables = Path(shutil.copytree(ROOT / "knowledge-base", folder / "tables"))
    path = tables / "alleles.tsv"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    changed = [
        line.replace("No function", "Normal function") if line.startswith("CYP2C19\t*2\t") else line for line in lines
    ]
    assert changed != lines
    path.write_text("".join(changed), encoding="utf-8")
    compile_knowledge(tables, folder / "other.kb")
    return folder / "other.kb"


def test_new_knowledge_amends_what_it_changes_and_says_what(node: Node, other: Path) -> None:
    with pytest.raises(ForbiddenError):
        node.replace_knowledge(LAB, other)
    before = node.records.rows("SELECT count(*) FROM job")[0][0]
    info = node.replace_knowledge(asker("administrator"), other)
    assert info.previous and node.knowledge_changes(asker("administrator"))
    count = amend(node)
    assert count and amend(node) == 0
    amended = [job for job in node.files.jobs(LAB) if job.amends]
    assert len(amended) == count == node.records.rows("SELECT count(*) FROM job")[0][0] - before
    assert all("citalopram" in {change.drug for change in job.changes} for job in amended)
    for job in amended:
        assert job.state == "called" and job.changes and not job.released_by
        assert all(change.before != change.after for change in job.changes)
        assert node.questions.patient(LAB, job.patient).released == job.amends
    node.files.review(LAB, amended[0].id)
    node.files.release(PHARMACIST, amended[0].id)
    assert node.questions.patient(LAB, amended[0].patient).released == amended[0].id


def test_what_nobody_released_yet_is_called_again_and_an_older_amendment_is_superseded(
    node: Node, other: Path, tmp_path: Path
) -> None:
    waiting = taken(node, file_of(node.held.engine, 5, tmp_path), specimen_of(5))
    node.files.review(LAB, waiting.id)
    administrator = asker("administrator")
    node.replace_knowledge(administrator, other)
    asked = iter([True, False])
    assert amend(node, lambda: next(asked)) == 1  # stopped in between; it goes on at the next start
    count = amend(node)
    again = node.files.job(LAB, waiting.id)
    assert (again.state, again.reviewed_by) == ("called", "")
    assert again.result_sha256 != waiting.result_sha256
    amended = [job.id for job in node.files.jobs(LAB) if job.amends]
    assert count == len(amended)
    node.replace_knowledge(administrator, ROOT / "src" / "starling" / "knowledge" / "starling.kb")
    amend(node)
    assert {node.files.job(LAB, id_).state for id_ in amended} == {"failed"}
    assert {node.files.job(LAB, id_).reason.partition(":")[0] for id_ in amended} == {"SUPERSEDED"}


def test_a_file_let_out_of_quarantine_is_that_of_the_knowledge_that_answers_by_then(
    node: Node, other: Path, tmp_path: Path
) -> None:
    job = taken(node, file_of(node.held.engine, 5, tmp_path), replace(specimen_of(5), sex="female"))
    assert job.state == "quarantined"
    node.replace_knowledge(asker("administrator"), other)
    intake = Intake(node)
    intake.work_off()
    assert node.files.job(LAB, job.id).result_sha256 == job.result_sha256
    node.files.resolve(LAB, job.id, accept=True, reason="asked the ward")
    intake.work_off()
    again = node.files.job(LAB, job.id)
    assert (again.state, node.records.to_call_again()) == ("called", [])
    assert again.result_sha256 != job.result_sha256 and again.events[-1].note == "called again by new knowledge"


def test_another_edition_at_the_next_start_amends_too(copied: Path, other: Path) -> None:
    (copied / "settings.toml").write_text(f'knowledge = "{other}"\n', encoding="utf-8")
    with opened(copied) as node:
        intake = Intake(node)
        assert intake.work_off() > 0
        assert any(job.amends for job in node.files.jobs(LAB))


def test_an_edition_put_in_the_place_of_the_one_that_answers_is_taken_when_it_is_sound(
    copied: Path, other: Path, tmp_path: Path
) -> None:
    base, bundled = tmp_path / "edition.kb", ROOT / "src" / "starling" / "knowledge" / "starling.kb"
    shutil.copy(bundled, base)
    (copied / "settings.toml").write_text(f'knowledge = "{base}"\n', encoding="utf-8")
    with serving(copied) as device, device.client("prescriber") as prescriber:
        before = prescriber.get("/v1/knowledge").json()
        damaged = tmp_path / "damaged.kb"
        damaged.write_bytes(bundled.read_bytes()[:-5_000])
        damaged.replace(base)
        with pytest.raises(KnowledgeError):
            device.serving._knowledge()  # as every few seconds
        assert prescriber.get("/v1/knowledge").json() == before
        shutil.copy(other, tmp_path / "new.kb")
        (tmp_path / "new.kb").replace(base)
        device.serving._knowledge()
        after = prescriber.get("/v1/knowledge").json()
        assert after["sha256"] != before["sha256"] and after["previous"] == before["version"]
        assert prescriber.get("/v1/knowledge/changes").json()
        while not any(job.amends for job in device.node.files.jobs(LAB)):
            time.sleep(0.05)


@pytest.mark.parametrize(
    "name", ["..", "v" * 300 + ".vcf", "../../x.vcf", "..\\..\\x.vcf", "a\x00b.vcf", "\u00e4" * 200]
)
def test_attack_a_name_that_no_folder_holds_keeps_no_file_from_being_read(
    node: Node, tmp_path: Path, name: str
) -> None:
    path = file_of(node.held.engine, 5, tmp_path)
    job = node.files.submit(LAB, name, [path.read_bytes()], specimen_of(5)).job
    Intake(node).work_off()
    found = node.records.job(job.id)
    assert found is not None and found.state == "called"
    given = node.subjects.export(asker("administrator", "administrator-1"), found.patient)
    for each in zipfile.ZipFile(BytesIO(b"".join(given))).namelist():
        assert "\\" not in each and ".." not in each.split("/") and each.isprintable()


@pytest.mark.parametrize("second", [" 4711", "4711 ", "\uff14711", "4 711"])
def test_attack_one_identifier_in_two_spellings_is_not_two(node: Node, second: str) -> None:
    specimen = replace(specimen_of(5), identifier="4711", second_identifier=second)
    with pytest.raises(InputError) as refused:
        node.files.submit(LAB, "a.vcf", [b"x"], specimen)
    assert refused.value.code == "BAD_SPECIMEN"


def test_a_blank_around_an_identifier_makes_nobody_else_and_a_day_that_is_none_is_refused(node: Node) -> None:
    specimen = replace(specimen_of(5), identifier=f" {specimen_of(5).identifier} ")
    job = node.files.submit(LAB, "a.vcf", [b"x"], specimen).job
    assert node.records.specimen(job.id).identifier == specimen_of(5).identifier
    with pytest.raises(InputError, match="no day of the calendar"):
        node.files.submit(LAB, "a.vcf", [b"x"], replace(specimen, birth_date="2001-02-30"))


@pytest.mark.parametrize("change", [{"birth_date": "1911-11-11"}, {"sex": "female"}])
def test_attack_the_same_file_again_as_of_somebody_born_on_another_day_is_not_passed_over(
    node: Node, tmp_path: Path, change: dict[str, Any]
) -> None:
    content = file_of(node.held.engine, 5, tmp_path).read_bytes()
    first = node.files.submit(LAB, "a.vcf", [content], specimen_of(5))
    silent = node.files.submit(LAB, "a.vcf", [content], replace(specimen_of(5), birth_date="", sex="unknown"))
    other = node.files.submit(LAB, "a.vcf", [content], replace(specimen_of(5), **change))
    again = node.files.submit(LAB, "a.vcf", [content], replace(specimen_of(5), **change))
    assert (silent.again, silent.job.id) == (True, first.job.id)
    assert (other.again, again.again, again.job.id) == (False, True, other.job.id)
    Intake(node).work_off()
    found = node.files.job(LAB, other.job.id)
    assert found.state == "quarantined" and found.reason.partition(":")[0] in {"BIRTH_DATE", "SEX"}


class TooSlow:
    """A lane that never comes to the end of anything."""

    def do(self, engine: Any, work: Any, *given: Any) -> Any:
        raise InputError("TOO_SLOW", "it took longer than the settings allow")


def test_attack_a_file_that_is_read_for_ever_fails_and_says_so(node: Node, tmp_path: Path) -> None:
    node.beside = cast("Lane", TooSlow())
    job = taken(node, file_of(node.held.engine, 5, tmp_path), specimen_of(5))
    assert (job.state, job.reason) == ("failed", "TOO_SLOW: it took longer than the settings allow")


def test_attack_a_file_that_the_device_cannot_read_stands_in_no_other_file_s_way(node: Node, tmp_path: Path) -> None:
    path = file_of(node.held.engine, 5, tmp_path)
    first = node.files.submit(LAB, "a.vcf", [path.read_bytes(), b"\n"], specimen_of(5)).job
    second = node.files.submit(LAB, "b.vcf", [path.read_bytes()], specimen_of(5)).job

    class Lacking:
        """A lane on which the first file meets something that the device lacks."""

        def do(self, engine: Any, work: Any, *given: Any) -> Any:
            if any(each == node.layout.spool / first.id for each in given):
                raise OSError("no such memory")
            return work(engine, *given)

    node.beside = cast("Lane", Lacking())
    with pytest.raises(OSError, match="no such memory"):
        Intake(node).work_off()
    states = [found.state for found in map(node.records.job, (first.id, second.id)) if found]
    assert states == ["received", "called"]


def test_whoever_is_erased_while_their_file_is_found_damaged_leaves_nothing(node: Node, tmp_path: Path) -> None:
    path = file_of(node.held.engine, 1, tmp_path)
    job = node.files.submit(LAB, "a.vcf", [path.read_bytes(), b"\n"], specimen_of(1)).job
    patient = next(each for each in node.records.patients("here") if each.identifier == specimen_of(1).identifier)

    class Erasing:
        """A lane in which the file is damaged, and found so while its patient is erased."""

        def do(self, engine: Any, work: Any, *given: Any) -> Any:
            node.subjects.erase(asker("administrator", "administrator-1"), patient.id, "asked for it")
            raise InputError("FILE_DAMAGED", "the sealed file is damaged or gone")

    node.beside = cast("Lane", Erasing())
    Intake(node).take(job.id)
    assert node.records.job(job.id) is None and not (node.layout.spool / job.id).exists()


def test_attack_one_file_that_new_knowledge_cannot_read_keeps_nobody_from_being_amended(node: Node) -> None:
    amend(node)
    first = node.records.row("SELECT id, released FROM patient WHERE released <> ''")
    with node.records.transaction():
        node.records.connection.execute(
            "UPDATE evidence SET content = ? WHERE job = ?", (zlib.compress(b"x"), first[1])
        )
        node.records.keep_secret(AMENDED, b"another edition")
    assert amend(node) == 0
    assert node.records.secret(AMENDED) == node.held.engine.knowledge.stamp.sha256.encode()
    _, last = node.log.events(limit=1)[0]
    assert (last["subtype"][0]["code"], last["outcome"]) == ("job.amended", "8") and first[0] in str(last)
