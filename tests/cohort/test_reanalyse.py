"""New knowledge: what changes is listed, what does not is left alone, what cannot be known is counted."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from starling.cohort import reanalyse as room
from starling.cohort.reanalyse import Again, Reanalysed, reanalyse
from starling.cohort.run import Finished, Order, call
from starling.errors import InputError
from tests.cohort.conftest import other_function, replace_text
from tests.cohort.tables import Tables

Compiler = Callable[[str, Callable[[Path], None]], str]


def again(cohort: Finished, knowledge: str, target: Path) -> Reanalysed:
    outputs = cohort.outputs
    return reanalyse(Again(outputs.evidence, outputs.calls, knowledge, target, workers=1))


@pytest.fixture(scope="module")
def changed(cohort: Finished, knowledge_with: Compiler, tmp_path_factory: pytest.TempPathFactory) -> Reanalysed:
    """The cohort with another function of CYP2C9*2."""
    return again(cohort, knowledge_with("function", other_function), tmp_path_factory.mktemp("changed") / "new.parquet")


def without_an_allele(facts: Path) -> None:
    """As before CYP2C19*9 was known, with its position."""
    for name in ("alleles.tsv", "allele_definitions.tsv", "variants.tsv"):
        table = facts / name
        lines = table.read_text(encoding="utf-8").splitlines(keepends=True)
        known = [line for line in lines if not line.startswith("CYP2C19\t*9\t") and "\t94775489\t" not in line]
        assert len(known) < len(lines)
        table.write_text("".join(known), encoding="utf-8")
    replace_text(facts / "genes.tsv", "94852914\t*38\t35\t36\t", "94852914\t*38\t34\t35\t")


def test_the_same_knowledge_changes_nothing(cohort: Finished, knowledge_with: Compiler, tmp_path: Path) -> None:
    done = again(cohort, knowledge_with("same", lambda _: None), tmp_path / "new.parquet")
    assert (done.rules_changed, done.sites_changed, done.differences) == ((), (), 0)
    assert Tables(done.outputs).calls == Tables(cohort.outputs).calls
    assert done.outputs.beside("differences", ".tsv").read_text().count("\n") == 1


def test_another_function_needs_no_record(
    cohort: Finished, knowledge_with: Compiler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise AssertionError("the evidence was read")

    monkeypatch.setattr(room, "Evidence", refuse)
    done = again(cohort, knowledge_with("function", other_function), tmp_path / "new.parquet")
    assert done.rules_changed == ("CYP2C9",)
    assert done.sites_changed == ()


def test_calling_again_is_calling_with_the_new_knowledge(
    changed: Reanalysed, knowledge_with: Compiler, population: Path, tmp_path: Path
) -> None:
    knowledge = knowledge_with("function", other_function)
    fresh = call(Order((str(population),), tmp_path / "fresh.parquet", knowledge=knowledge, workers=1))
    assert Tables(changed.outputs).calls == Tables(fresh.outputs).calls
    assert Tables(changed.outputs).patterns == Tables(fresh.outputs).patterns
    advice = [sorted(map(repr, pq.read_table(each.outputs.advice).to_pylist())) for each in (changed, fresh)]
    assert advice[0] == advice[1]


def test_everybody_affected_is_listed_most_serious_first(cohort: Finished, changed: Reanalysed) -> None:
    before, after = Tables(cohort.outputs), Tables(changed.outputs)
    rows = after.differences()
    expected = set()
    for sample in before.people:
        old, new = (each.advice_for(each.people[sample]) for each in (before, after))
        expected |= {(sample, drug) for drug in old if old[drug]["headline_action"] != new[drug]["headline_action"]}
    listed = {(row["sample"], row["subject"]) for row in rows if row["action_before"] != row["action_after"]}
    assert expected
    assert listed == expected
    other = {row["sample"] for row in rows if row["kind"] == "phenotype"}
    old_terms, new_terms = (
        {row["sample"]: (row["phenotype"], row["activity_score"]) for row in each.calls if row["gene"] == "CYP2C9"}
        for each in (before, after)
    )
    assert other == {sample for sample in old_terms if old_terms[sample] != new_terms[sample]}
    steps = [row["seriousness"] for row in rows if row["kind"] == "advice"]
    assert steps == sorted(steps, reverse=True)
    with changed.outputs.beside("differences", ".tsv").open(newline="") as stream:
        assert len(list(csv.DictReader(stream, delimiter="\t"))) == len(rows) == changed.differences


def test_once_applied_there_is_nothing_left_to_change(
    cohort: Finished, changed: Reanalysed, knowledge_with: Compiler, tmp_path: Path
) -> None:
    knowledge = knowledge_with("function", other_function)
    target = tmp_path / "newer.parquet"
    second = reanalyse(Again(cohort.outputs.evidence, changed.outputs.calls, knowledge, target, workers=1))
    assert changed.differences > 0
    assert second.differences == 0


def test_a_new_allele_is_found_in_the_evidence(
    cohort: Finished, knowledge_with: Compiler, population: Path, tmp_path: Path
) -> None:
    """Called without CYP2C19*9, then with it: as if it had been known from the beginning."""
    older = knowledge_with("older", without_an_allele)
    early = call(Order((str(population),), tmp_path / "calls.parquet", knowledge=older, workers=1))
    bundled = knowledge_with("same", lambda _: None)
    done = again(early, bundled, tmp_path / "new.parquet")
    assert "CYP2C19" in (*done.sites_changed, *done.rules_changed)
    assert Tables(done.outputs).calls == Tables(cohort.outputs).calls
    labels = {row["label"] for row in Tables(done.outputs).calls if row["gene"] == "CYP2C19"}
    assert any("*9" in label for label in labels)
    assert done.differences > 0
    assert not any(done.uncovered.values())


def test_sites_that_the_evidence_does_not_cover_are_not_reference(
    cohort: Finished,
) -> None:
    """A site far outside the gene: not assayed for everybody, and everybody is counted as needing their file."""

    from starling.cohort.call.keys import GeneSites
    from starling.cohort.collect.evidence import Evidence
    from starling.cohort.reanalyse import evidence_files, uncovered_people
    from tests.bundled import bundled_knowledge

    (path, *_) = evidence_files(cohort.outputs.evidence)
    holdings = Evidence(path).holdings
    from dataclasses import replace

    definition = bundled_knowledge().definitions["CYP2C19"]
    far = replace(definition.sites[0], position=definition.sites[0].position - 5_000_000)
    other = replace(definition, sites=(far, *definition.sites[1:]))
    assert uncovered_people(holdings, GeneSites(definition)) == 0
    assert uncovered_people(holdings, GeneSites(other)) == len(holdings.people)


@pytest.mark.parametrize("damage", ["truncated", "other"])
def test_damaged_evidence_is_named(damage: str, cohort: Finished, tmp_path: Path) -> None:
    from starling.cohort.collect.evidence import Evidence
    from starling.cohort.reanalyse import evidence_files

    source = evidence_files(cohort.outputs.evidence)[0]
    target = tmp_path / "shard.parquet"
    target.write_bytes(source.read_bytes()[:-40] if damage == "truncated" else cohort.outputs.patterns.read_bytes())
    with pytest.raises(InputError) as raised:
        Evidence(target)
    assert raised.value.code == "BAD_EVIDENCE"
    assert "shard.parquet" in raised.value.message


def test_a_changed_byte_in_the_records_is_found(cohort: Finished, tmp_path: Path) -> None:
    """Every page carries a checksum: evidence that was altered is refused, not called."""
    from starling.cohort.call.calling import call_evidence
    from starling.cohort.collect.evidence import Evidence
    from starling.cohort.reanalyse import evidence_files
    from tests.bundled import bundled_engine

    data = bytearray(evidence_files(cohort.outputs.evidence)[0].read_bytes())
    found = 0
    for place in range(200, 6_000, 400):
        altered = data.copy()
        altered[place] ^= 0x10
        target = tmp_path / f"{place}.parquet"
        target.write_bytes(altered)
        with pytest.raises(InputError) as raised:
            call_evidence(Evidence(target), bundled_engine())
        assert raised.value.code == "BAD_EVIDENCE"
        found += 1
    assert found == 15


def test_calls_of_another_kind_are_refused(cohort: Finished, tmp_path: Path, knowledge_with: Compiler) -> None:
    with pytest.raises(InputError) as raised:
        reanalyse(
            Again(
                cohort.outputs.evidence,
                cohort.outputs.patterns,
                knowledge_with("same", lambda _: None),
                tmp_path / "n.parquet",
            )
        )
    assert raised.value.code == "BAD_CALLS"
