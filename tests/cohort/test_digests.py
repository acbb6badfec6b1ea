"""What a run wrote is what is read later: an altered, cut or foreign table is named, and two runs never mix."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from starling.cohort.outputs import Outputs, verified, verify_evidence, work_directory
from starling.cohort.reanalyse import Again, evidence_files, reanalyse
from starling.cohort.run import Finished, Order, call
from starling.cohort.tell.summary import summarise
from starling.errors import InputError
from tests.commands import run

TABLES = ("calls", "people", "patterns", "advice", "answers", "positions")


@pytest.fixture
def copied(cohort: Finished, tmp_path: Path) -> Outputs:
    """The files of the run, to be damaged."""
    folder = tmp_path / "copied"
    shutil.copytree(cohort.outputs.calls.parent, folder)
    return Outputs(folder / cohort.outputs.calls.name)


def table_of(outputs: Outputs, name: str) -> Path:
    path: Path = getattr(outputs, name)
    return path


@contextmanager
def one_bit_flipped(path: Path, place: int, bit: int) -> Iterator[None]:
    whole = path.read_bytes()
    altered = bytearray(whole)
    altered[place] ^= 1 << bit
    path.write_bytes(altered)
    try:
        yield
    finally:
        path.write_bytes(whole)


def test_attack_any_single_bit_of_any_table(copied: Outputs) -> None:
    """A digest covers every byte: places drawn at random, in the pages and in the footers."""
    rng = random.Random(5)
    verified(copied.calls)
    for name in (*TABLES, "digests"):
        path = table_of(copied, name)
        for _ in range(25):
            place, bit = rng.randrange(path.stat().st_size), rng.randrange(8)
            with one_bit_flipped(path, place, bit), pytest.raises(InputError) as raised:
                verified(copied.calls)
            assert raised.value.code == "BAD_CALLS", (name, place, bit)
            assert raised.value.message.startswith("calls.")


@pytest.mark.parametrize("name", ["people", "patterns", "advice", "answers", "positions"])
def test_a_damaged_table_is_named_by_every_command_that_opens_it(
    name: str, copied: Outputs, knowledge_with: Callable[[str, Callable[[Path], None]], str], tmp_path: Path
) -> None:
    path = table_of(copied, name)
    knowledge = knowledge_with("same", lambda _: None)
    with one_bit_flipped(path, path.stat().st_size // 2, 3):
        again = run("cohort", "reanalyse", copied.evidence, "--knowledge", knowledge, "-o", tmp_path / "new.parquet")
        numbers = run("cohort", "summary", copied.calls)
    for done in (again, numbers):
        assert (done.code, done.err.count("BAD_CALLS")) == (2, 1)
        assert f"{path.name}: damaged, altered, or of another run" in done.err
    assert numbers.out == ""
    assert list(tmp_path.glob("new*")) == []


@pytest.mark.parametrize("damage", ["missing", "truncated", "empty"])
@pytest.mark.parametrize("name", [*TABLES, "digests"])
def test_a_missing_or_truncated_table_is_one_clear_line(name: str, damage: str, copied: Outputs) -> None:
    path = table_of(copied, name)
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[: -40 if damage == "truncated" else 0])
    done = run("cohort", "summary", copied.calls)
    assert done.code == 2
    assert path.name in done.err
    (line,) = (line for line in done.err.splitlines() if path.name in line)
    assert "FILE_NOT_FOUND" in line if damage == "missing" and name != "digests" else "BAD_CALLS" in line


def test_a_table_of_another_run_is_refused(copied: Outputs, population: Path, tmp_path: Path) -> None:
    """Whole in itself, but not what these calls were made with."""
    one = sorted(population.glob("*.vcf.gz"))[0]
    other = call(Order((str(one),), tmp_path / "calls.parquet", workers=1))
    shutil.copy(other.outputs.advice, copied.advice)
    with pytest.raises(InputError, match=r"calls\.advice\.parquet: damaged, altered, or of another run"):
        summarise(copied.calls, people=None, by=None, min_cell=0)


def test_attack_a_bit_of_the_evidence_where_no_page_is(copied: Outputs) -> None:
    """Who is in a shard stands in its footer, which no checksum of Parquet covers."""
    path = evidence_files(copied.evidence)[0]
    verify_evidence(path)
    size = path.stat().st_size
    for place in range(size - 3_000, size, 97):
        with one_bit_flipped(path, place, 0), pytest.raises(InputError) as raised:
            verify_evidence(path)
        assert raised.value.code == "BAD_EVIDENCE"
        assert path.name in raised.value.message


def test_evidence_that_nobody_can_read_ends_the_command(
    copied: Outputs, knowledge_with: Callable[[str, Callable[[Path], None]], str], tmp_path: Path
) -> None:
    """Where other sites must be read again and no evidence is sound, nothing is written."""
    from tests.cohort.test_reanalyse import without_an_allele

    for path in evidence_files(copied.evidence):
        path.write_bytes(path.read_bytes()[:-40])
    knowledge = knowledge_with("older", without_an_allele)
    with pytest.raises(InputError) as raised:
        reanalyse(Again(copied.evidence, copied.calls, knowledge, tmp_path / "new.parquet", workers=1))
    assert raised.value.code == "NOBODY_CALLED"
    assert not (tmp_path / "new.parquet").exists()


def test_a_second_run_into_the_same_output_is_told_so(population: Path, tmp_path: Path) -> None:
    output = tmp_path / "calls.parquet"
    with work_directory(Outputs(output).work):
        done = run("cohort", "call", population, "-o", output, "--workers", "1")
        assert done.code == 2
        assert "OUTPUT_UNWRITABLE" in done.err and "calls.parquet: another run is writing these calls now" in done.err
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_failed_lets_go_of_its_output(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), work_directory(tmp_path / "calls.unfinished"):
        raise ZeroDivisionError
    with work_directory(tmp_path / "calls.unfinished"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_two_runs_beside_each_other_leave_each_other_alone(tmp_path: Path) -> None:
    """What the memory of one spills is its own: the first to end removes nothing of the other."""
    from starling.cohort.outputs import connected

    setting = "SELECT current_setting('temp_directory')"
    with connected(tmp_path) as first, connected(tmp_path) as second:
        assert first.execute(setting).fetchone() != second.execute(setting).fetchone()
