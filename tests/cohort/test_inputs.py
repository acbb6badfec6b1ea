"""What is in a directory is read or named: the content decides, and nothing is left out in silence."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from starling.cohort.collect.shards import input_files
from starling.cohort.outputs import Outputs
from starling.cohort.run import Order, call
from starling.errors import InputError
from starling.library import assess_all
from starling.serial.encoding import gene_fields
from tests.cohort.tables import Tables
from tests.simulators.arrays import patient, probes, write_23andme, write_finalreport
from tests.simulators.equivalents import STYLES, render
from tests.simulators.people import person


def array(path: Path) -> Path:
    return write_23andme(path, probes(patient(1)))


def vcf(path: Path) -> Path:
    (made,) = render(person(3), STYLES["plain"], path.parent)
    return made.rename(path)


def indexed(path: Path) -> Path:
    """A VCF with its index beside it; the index is nobody's genotypes."""
    (made,) = render(person(4), STYLES["bgzf_indexed"], path.parent)
    for index in list(path.parent.glob(f"{made.name}.*")):
        index.rename(path.with_name(path.name + index.suffix))
    return made.rename(path)


def several(path: Path) -> Path:
    return write_finalreport(path, {"third": list(probes(patient(3))), "fourth": list(probes(patient(4)))})


def single(path: Path) -> Path:
    path.write_text("analyte,result\nm.1555A>G,detected\n")
    return path


def text(path: Path) -> Path:
    path.write_text("Dear colleague, here are the files.\n")
    return path


def nothing(path: Path) -> Path:
    path.write_bytes(b"")
    return path


def folder(path: Path) -> Path:
    path.mkdir()
    return path


def fifo(path: Path) -> Path:
    """Nobody writes into it: whoever opened it would wait for ever."""
    os.mkfifo(path)
    return path


def dangling(path: Path) -> Path:
    path.symlink_to(path.with_name("nowhere"))
    return path


READ: dict[str, Callable[[Path], Path]] = {
    "array.txt": array,
    "person.vcf": vcf,
    "other.vcf.gz": indexed,
    "report.txt": several,
    "test.csv": single,
}
#: An empty file may be somebody's: its reader refuses it by name.
NAMED: dict[str, Callable[[Path], Path]] = {
    "README": text,
    "empty.vcf": nothing,
    "inner": folder,
    "pipe": fifo,
    "link.vcf": dangling,
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Everything that can lie in a directory, once."""
    source = tmp_path_factory.mktemp("made")
    for name, make in {**READ, **NAMED}.items():
        make(source / name)
    return source


def test_a_mixed_directory_is_called_and_what_is_not_readable_is_named(made: Path, tmp_path: Path) -> None:
    done = call(Order((str(made),), tmp_path / "calls.parquet", workers=1))
    found = Tables(done.outputs).results()
    assert set(found) == {"array", "P003", "P004", "third", "fourth", "test"}
    for name in READ:
        for own in assess_all(made / name):
            assert found[own.sample] == {each.gene: gene_fields(each) for each in own.genes}
    said = {each.source: each.message for each in done.skipped}
    assert set(said) == set(NAMED)
    assert said["README"] == "README:1: the file does not begin with ##fileformat=VCF"
    assert said["inner"] == "inner: a directory in a directory is not looked into; name it, too"


CHOICES = [set(READ), set(NAMED), {"README", "array.txt"}, *({name} for name in {**READ, **NAMED})]


@pytest.mark.parametrize("chosen", CHOICES, ids=lambda chosen: " ".join(sorted(chosen)))
def test_everything_is_read_or_named(chosen: set[str], made: Path, tmp_path: Path) -> None:
    source = folder(tmp_path / "in")
    for name in chosen:
        for path in made.glob(f"{name}*"):
            (source / path.name).symlink_to(path)
    try:
        found = input_files([str(source)])
    except InputError as error:
        assert error.code == "NOBODY_CALLED"
        assert sum(name in error.message for name in chosen) == min(3, len(chosen))
        assert chosen <= set(NAMED)
        return
    read = {Path(path).name for path in found.files}
    assert read | {each.source for each in found.left_out} == chosen
    assert len(read) + len(found.left_out) == len(chosen)
    assert chosen & set(READ) <= read


def test_hidden_files_and_what_a_run_writes_are_not_inputs(tmp_path: Path) -> None:
    """A second run into the same folder does not stumble over the first; results of a run of another name are named."""
    array(tmp_path / "one.txt")
    text(tmp_path / ".hidden")
    own, other = Outputs(tmp_path / "calls.parquet"), Outputs(tmp_path / "old.parquet")
    for path in (*own.written, other.calls):
        path.write_bytes(b"PAR1")
    found = input_files([str(tmp_path)], own.written)
    assert found.files == (str(tmp_path / "one.txt"),)
    assert [each.source for each in found.left_out] == ["old.parquet"]


def test_an_empty_directory_names_no_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="names no file"):
        input_files([str(folder(tmp_path / "in"))])


def test_an_index_without_its_file_is_named(tmp_path: Path) -> None:
    indexed(tmp_path / "one.vcf.gz").unlink()
    array(tmp_path / "two.txt")
    found = input_files([str(tmp_path)])
    assert [Path(path).name for path in found.files] == ["two.txt"]
    assert [each.source for each in found.left_out] == ["one.vcf.gz.tbi"]


def test_what_an_earlier_run_left_is_not_looked_at(tmp_path: Path) -> None:
    vcf(tmp_path / "person.vcf")
    for name in ("first.calls", "second"):
        done = call(Order((str(tmp_path),), tmp_path / f"{name}.parquet", workers=1))
        assert (done.people, done.skipped) == (1, ())
