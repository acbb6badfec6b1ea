"""Several drugs in one question: which words are drugs, what is refused, where the answer goes, and the exit code."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from tests.commands import run
from tests.conftest import ROOT

EXAMPLE = ROOT / "src" / "starling" / "examples" / "example.vcf"
SCHEMA = json.loads((ROOT / "docs" / "reference" / "checks.schema.json").read_text(encoding="utf-8"))


def asked(*words: str | Path, cwd: Path | None = None) -> list[str]:
    """The drugs that a question was taken to be about."""
    done = run("check", *words, "--format", "json", cwd=cwd)
    assert (done.code, done.err) == (0, "")
    found = json.loads(done.out)
    jsonschema.Draft202012Validator(SCHEMA).validate(found)
    return [answer["drug"] for answer in found["answers"]]


@pytest.mark.parametrize(
    "words",
    [
        ("codeine,tramadol", EXAMPLE),
        ("codeine, tramadol", EXAMPLE),
        ("codeine", "tramadol", EXAMPLE),
        ("--drug", "codeine", "--drug", "tramadol", EXAMPLE),
        ("--drug", "codeine,tramadol", EXAMPLE),
        ("--drug", "codeine", "tramadol", EXAMPLE),
        ("codeine,CODEINE", "tramadol", EXAMPLE),
        ("codeine", "-m", "paroxetine", "tramadol", EXAMPLE),
        ("codeine", "tramadol", EXAMPLE, "-m", "paroxetine"),
    ],
)
def test_several_drugs_are_asked_in_every_form(words: tuple[str | Path, ...]) -> None:
    assert asked(*words) == ["codeine", "tramadol"]


def test_a_strength_behind_a_comma_belongs_to_its_drug() -> None:
    assert asked("codeine, 30 mg", EXAMPLE) == ["codeine"]
    assert asked("codeine 30 mg, tramadol 50 mg", EXAMPLE) == ["codeine", "tramadol"]


def test_a_file_that_is_there_is_a_file_whatever_its_name(tmp_path: Path) -> None:
    (tmp_path / "tramadol").write_bytes(EXAMPLE.read_bytes())
    assert asked("codeine", "tramadol", cwd=tmp_path) == ["codeine"]
    assert asked("tramadol", "tramadol", cwd=tmp_path) == ["tramadol"]
    assert asked("--drug", "codeine", "tramadol", cwd=tmp_path) == ["codeine"]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("codeine,unobtainium", "missing.vcf"), "UNKNOWN_DRUG", "'unobtainium'"),
        (("codeine", "unobtainium", EXAMPLE), "UNKNOWN_DRUG", "'unobtainium'"),
        (("unobtainium", "codeine", EXAMPLE), "UNKNOWN_DRUG", "'unobtainium'"),
        ((EXAMPLE, "codeine"), "BAD_ARGUMENTS", "the drug comes first"),
        (("--drug", "codeine", "--drug", "unobtainium", "missing.vcf"), "UNKNOWN_DRUG", "'unobtainium'"),
        (("codeine,CYP2D6", EXAMPLE), "BAD_ARGUMENTS", "CYP2D6 is a gene"),
        (("codeine", EXAMPLE, "tramadol"), "BAD_ARGUMENTS", "drugs stand before the files"),
        (("codeine", "missing.vcf"), "FILE_NOT_FOUND", "missing.vcf"),
        (("--drug", "codeine", "missing"), "FILE_NOT_FOUND", "missing"),
        (("codeine",), "BAD_ARGUMENTS", "no INPUT was named"),
        ((), "BAD_ARGUMENTS", "no DRUG was named"),
        (("codeine", EXAMPLE, "-o", "x.pdf"), "BAD_OPTION", "no format known for this suffix"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_one_line(words: tuple[str | Path, ...], code: str, said: str) -> None:
    done = run("check", *words)
    assert (done.code, done.out) == (2, "")
    assert done.err.count("\n") == 1 and f"[{code}]" in done.err and said in done.err


def test_an_unknown_drug_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    broken = tmp_path / "broken.vcf"
    broken.write_text("this is not a VCF\n")
    assert "[UNKNOWN_DRUG]" in run("check", "codeine,unobtainium", broken).err


@pytest.mark.parametrize(("name", "begins"), [("a.html", "<!DOCTYPE html>"), ("a.json", '{"schema":'), ("a.txt", "┌")])
def test_the_suffix_of_the_output_chooses_the_format(tmp_path: Path, name: str, begins: str) -> None:
    done = run("check", "codeine,abacavir", EXAMPLE, "-o", tmp_path / name)
    assert (done.code, done.out, done.err) == (0, "", "")
    text = (tmp_path / name).read_text(encoding="utf-8")
    assert text.startswith(begins) and "codeine" in text and "abacavir" in text


def test_a_question_that_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    before = tmp_path / "a.json"
    before.write_text("before")
    assert run("check", "codeine", tmp_path / "missing.vcf", "-o", before).code == 2
    assert before.read_text() == "before" and list(tmp_path.iterdir()) == [before]


def test_a_page_shows_one_person_and_a_folder_takes_everybody(tmp_path: Path) -> None:
    people = tmp_path / "people.vcf"
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    columns = [line if line.startswith("##") else f"{line}\t{line.split(chr(9))[-1]}" for line in lines]
    people.write_text("\n".join(columns).replace("EXAMPLE\tEXAMPLE", "ONE\tTWO") + "\n", encoding="utf-8")
    assert "[SEVERAL_PATIENTS]" in run("check", "codeine", people, "-o", tmp_path / "x.html").err
    pages = tmp_path / "pages"
    pages.mkdir()
    assert run("check", "codeine", people, "-o", pages).code == 0
    assert sorted(page.name for page in pages.iterdir()) == ["ONE.html", "TWO.html"]
    answers = json.loads(run("check", "codeine,tramadol", people, "--format", "json").out)["answers"]
    expected = [(person, drug) for person in ("ONE", "TWO") for drug in ("codeine", "tramadol")]
    assert [(one["sample"], one["drug"]) for one in answers] == expected


def test_the_exit_code_says_whether_anything_could_be_answered(tmp_path: Path) -> None:
    empty = tmp_path / "empty.vcf"
    empty.write_text("".join(line for line in EXAMPLE.read_text().splitlines(True) if line.startswith("#")))
    assert run("check", "codeine,tramadol", empty).code == 5
    assert run("check", "codeine,oxycodone", empty).code == 0
    assert run("check", "codeine,tramadol", empty, "--format", "json").code == 5
