"""The formats of `report` for a record, for the patient and for calls alone, from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands import run
from tests.conftest import ROOT

EXAMPLE = ROOT / "src" / "starling" / "examples" / "example.vcf"


@pytest.fixture
def hla(tmp_path: Path) -> Path:
    stated = tmp_path / "hla.tsv"
    stated.write_text("gene\tdiplotype\nHLA-B\t*57:01/*08:01\n")
    return stated


def test_alerts_begin_with_what_the_patient_takes_by_whatever_name(hla: Path) -> None:
    done = run("report", EXAMPLE, "--outside", hla, "-m", "Plavix,ramipril", "--format", "alert")
    first, second = [part.split(":")[0] for part in done.out.split("\n\n")[1:3]]
    assert (done.code, first, second) == (0, "clopidogrel (taken now)", "abacavir")


def test_the_patients_page_carries_the_card(hla: Path, tmp_path: Path) -> None:
    done = run("report", EXAMPLE, "--outside", hla, "--format", "patient", "-o", tmp_path / "me.html")
    assert (done.code, done.out, done.err) == (0, "", "")
    page = (tmp_path / "me.html").read_text(encoding="utf-8")
    assert "I must not be given abacavir (HLA-B*57:01 positive)." in page


def test_calls_are_those_of_the_genes_asked_for() -> None:
    done = run("report", EXAMPLE, "--format", "calls", "--gene", "CYP2C19", "--gene", "TPMT")
    lines = [line.split("\t") for line in done.out.splitlines()]
    genes, functions = lines[0].index("gene"), lines[0].index("function_2")
    assert [(line[genes], line[functions]) for line in lines[1:]] == [
        ("CYP2C19", "No function"),
        ("TPMT", "No function"),
    ]


@pytest.mark.parametrize("format_", ["alert", "patient", "calls"])
def test_each_is_named_with_an_example_in_the_help(format_: str) -> None:
    assert f"--format {format_}" in run("report", "--help").out
