"""One run over many files: same results whatever the shards, the order and the engine; nothing lost, nothing silent."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from starling.calling.callers import Callers
from starling.cohort.call import work
from starling.cohort.outputs import metadata_of
from starling.cohort.run import Finished, Order, call
from starling.errors import InputError
from starling.library import assess_all
from tests.cohort.tables import Tables
from tests.facts import CALLED, GENES


def contents(done: Finished) -> dict[str, Any]:
    """Everything a run concluded, without the names of files."""
    outputs = done.outputs
    return {
        "calls": pq.read_table(outputs.calls).to_pylist(),
        "patterns": Tables(outputs).patterns,
        "positions": pq.read_table(outputs.positions).to_pylist(),
        "advice": sorted(map(repr, pq.read_table(outputs.advice).to_pylist())),
    }


def test_truth_is_found(cohort: Finished, population: Path) -> None:
    rows = [line.split("\t") for line in (population / "people.people.tsv").read_text().splitlines()]
    place = rows[0].index("CYP2C19")
    calls = {(row["sample"], row["gene"]): row for row in Tables(cohort.outputs).calls}
    for row in rows[1:]:
        assert set(calls[row[0], "CYP2C19"]["label"].split("/")) == set(row[place].split("/"))
        assert calls[row[0], "CYP2C19"]["status"] == "called"


def test_calls_are_one_row_for_each_person_and_gene_in_order(cohort: Finished) -> None:
    rows = [(row["sample"], row["gene"]) for row in Tables(cohort.outputs).calls]
    assert rows == sorted(rows)
    assert len(rows) == len(set(rows)) == 60 * len(GENES)


def test_same_whatever_the_order_of_the_files_and_the_number_of_processes(
    cohort: Finished, population: Path, tmp_path: Path
) -> None:
    files = tuple(str(path) for path in sorted(population.glob("*.vcf.gz"), reverse=True))
    again = call(Order(files, tmp_path / "calls.parquet", workers=2))
    assert contents(again) == contents(cohort)


def test_same_with_one_file_per_person(cohort: Finished, population: Path, tmp_path: Path) -> None:
    """Twelve people cut out of their file: shards of one-person files have the results of the whole."""
    import gzip

    source = sorted(population.glob("*.vcf.gz"))[0]
    lines = gzip.decompress(source.read_bytes()).decode().splitlines()
    head = [line for line in lines if line.startswith("##")]
    rows = [line.split("\t") for line in lines if not line.startswith("##")]
    for column in range(9, 21):
        text = "\n".join([*head, *("\t".join([*row[:9], row[column]]) for row in rows)])
        (tmp_path / f"{rows[0][column]}.vcf").write_text(text + "\n")
    done = call(Order((str(tmp_path),), tmp_path / "calls.parquet", workers=1))
    own = Tables(done.outputs).results()
    whole = Tables(cohort.outputs).results()
    assert len(own) == 12
    assert own == {sample: whole[sample] for sample in own}


def test_people_of_one_pattern_are_called_once(
    population: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[str] = []
    real = Callers.read_gene

    def counting(callers: Callers, gene: str, sample: Any, options: Any) -> Any:
        counted.append(gene)
        return real(callers, gene, sample, options)

    monkeypatch.setattr(Callers, "read_gene", counting)
    source = sorted(population.glob("*.vcf.gz"))[0]
    done = call(Order((str(source),), tmp_path / "calls.parquet", workers=1))
    found = Tables(done.outputs).patterns
    assert len(counted) == len(found)
    assert len(counted) < done.people * len(CALLED) / 4


def test_a_corrupt_file_is_named_and_its_people_are_left_out(population: Path, tmp_path: Path) -> None:
    files = sorted(population.glob("*.vcf.gz"))
    damaged = tmp_path / "damaged.vcf.gz"
    data = files[1].read_bytes()
    damaged.write_bytes(data[: len(data) // 2] + b"\x00" * 64 + data[len(data) // 2 + 64 :])
    done = call(Order((str(files[0]), str(damaged)), tmp_path / "calls.parquet", workers=1))
    assert done.people == 20
    (skipped,) = done.skipped
    assert skipped.source == "damaged.vcf.gz"
    assert len(skipped.people) == 20
    stated = metadata_of(done.outputs.calls)["skipped"]
    assert stated[0]["source"] == "damaged.vcf.gz"
    assert sorted(Tables(done.outputs).people) == [f"P{number:02d}" for number in range(1, 21)]


def test_nothing_is_written_when_nobody_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "a.vcf").write_text("not a VCF\n")
    with pytest.raises(InputError, match="no file could be read") as raised:
        call(Order((str(tmp_path / "a.vcf"),), tmp_path / "calls.parquet", workers=1))
    assert raised.value.code == "NOBODY_CALLED"
    assert not (tmp_path / "calls.parquet").exists()


def test_contradicting_files_of_one_person_are_named(population: Path, tmp_path: Path) -> None:
    import gzip

    source = sorted(population.glob("*.vcf.gz"))[0]
    text = gzip.decompress(source.read_bytes()).decode()
    (tmp_path / "one.vcf").write_text(text)
    (tmp_path / "two.vcf").write_text(text.replace("0|0", "1|1"))
    with pytest.raises(InputError) as raised:
        call(Order((str(tmp_path),), tmp_path / "calls.parquet", workers=1))
    assert raised.value.code == "NOBODY_CALLED"
    assert "two files of one sample state" in raised.value.message


def test_finished_shards_are_not_worked_on_again(
    population: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that ended in the middle goes on where it was."""
    from starling.cohort.collect.reading import read_shard

    read: list[Any] = []

    def failing(files: Any, *rest: Any) -> Any:
        read.append(files)
        if len(read) == 2:
            raise KeyboardInterrupt
        return read_shard(files, *rest)

    monkeypatch.setattr(work, "read_shard", failing)
    order = Order((str(population),), tmp_path / "calls.parquet", workers=1)
    with pytest.raises(KeyboardInterrupt):
        call(order)
    assert not order.output.exists()
    assert len(list((tmp_path / "calls.unfinished").glob("*.done.json"))) == 1
    assert call(order).people == 60
    assert len(read) == 4  # the one that was interrupted is read again, the finished one is not
    assert not (tmp_path / "calls.unfinished").exists()


def test_killed_at_any_moment_nothing_finished_is_lost(population: Path, tmp_path: Path, cohort: Finished) -> None:
    """Kill -9 of the whole run after its first shard; the next run finishes and has the same results."""
    command = [
        sys.executable,
        "-m",
        "starling",
        "cohort",
        "call",
        str(population),
        "-o",
        str(tmp_path / "calls.parquet"),
    ]
    environment = {**os.environ, "PYTHONPATH": "src"}
    root = Path(__file__).resolve().parents[2]
    process = subprocess.Popen([*command, "--workers", "1"], cwd=root, env=environment, stderr=subprocess.DEVNULL)
    unfinished = tmp_path / "calls.unfinished"
    while process.poll() is None and not list(unfinished.glob("*.done.json")):
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    done = call(Order((str(population),), tmp_path / "calls.parquet", workers=1))
    assert contents(done) == contents(cohort)


def test_every_result_says_what_it_rests_on(cohort: Finished) -> None:
    stated = metadata_of(cohort.outputs.calls)
    assert len(stated["knowledge"]["sha256"]) == 64
    assert stated["files"] == ["people-1.vcf.gz", "people-2.vcf.gz", "people-3.vcf.gz"]
    assert set(stated["genes"]) == {gene for gene, _ in Tables(cohort.outputs).patterns}


def test_positions_count_everybody(cohort: Finished) -> None:
    for row in pq.read_table(cohort.outputs.positions).to_pylist():
        assert row["called"] + row["nocall"] + row["notassayed"] == 60


def test_stated_sex_and_medication_and_outside_calls_count(population: Path, tmp_path: Path) -> None:
    """One person with everything stated has the results of a report that is told the same."""
    source = sorted(population.glob("*.vcf.gz"))[0]
    people, outside = tmp_path / "people.tsv", tmp_path / "outside.tsv"
    people.write_text(
        "sample\tsex\tmedication\tage\tindication\nP01\tfemale\tparoxetine\t9\tPCI\nP02\t\t\t\t\nP03\t\t\t70\t\n"
        "P04\tmale\txyzol\t\t\nP05\tmale\twarfarin\t\t\nP06\tfemale\twarfarin\t\t\n"
    )
    outside.write_text(
        "sample\tgene\tdiplotype\nP01\tCYP2D6\t*1/*2\nP02\tHLA-B\t*57:01/*08:01\n"
        + "".join(f"{name}\tCYP2D6\t*1/*2\n" for name in ("P04", "P05", "P06"))
    )
    from starling.assessment import Options
    from starling.cohort.collect.people import read_outside, read_people, with_outside_calls
    from starling.vocabulary import OutsideCall
    from tests.bundled import bundled_knowledge

    knowledge = bundled_knowledge()
    stated = with_outside_calls(read_people(people, knowledge), read_outside(outside, knowledge))
    done = call(Order((str(source),), tmp_path / "calls.parquet", stated=stated, workers=1))
    tables = Tables(done.outputs)
    for name, calls, medication, sex, facts in (
        ("P01", [OutsideCall("CYP2D6", "*1/*2")], ["paroxetine"], "female", {"age": 9, "indication": "PCI"}),
        ("P02", [OutsideCall("HLA-B", "*57:01/*08:01")], [], "unknown", {}),
        ("P03", [], [], "unknown", {"age": 70}),
    ):
        (own,) = assess_all(
            str(source),
            samples=[name],
            outside=calls,
            medication=medication,
            options=Options(sex=sex),  # type: ignore[arg-type]
            **facts,
        )
        from starling.serial.encoding import drug_fields, gene_fields

        assert tables.results()[name] == {each.gene: gene_fields(each) for each in own.genes}
        said = {each.drug: drug_fields(each) for each in own.drugs}
        for answer in said.values():
            answer["alternatives"] = []  # which are not looked up for thousands of people
        assert tables.advice_for(tables.people[name], tables.medication[name], tables.facts[name]) == json.loads(
            json.dumps(said)
        )
    asked = {
        name: {
            drug: [each["ask"] for each in answer["conditions_open"]]
            for drug, answer in tables.advice_for(tables.people[name], *_stated(tables, name)).items()
        }
        for name in ("P04", "P05", "P06")
    }
    breastfeeding = "Is the patient breastfeeding?"  # source: US label of codeine
    assert [breastfeeding in own["codeine"] for own in asked.values()] == [False, False, True]
    # an unknown medicine leaves open what is taken; source: US label of fluoxetine, section 4
    assert [bool(own["fluoxetine"]) for own in asked.values()] == [True, False, False]


def _stated(tables: Tables, name: str) -> tuple[str, str]:
    return tables.medication[name], tables.facts[name]
