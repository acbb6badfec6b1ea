"""The table is read by the appendix's rules, and nothing recorded after dosing is a feature."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from starling.dosing.formulas import Person, clinical, pharmacogenetic
from starling_workshop.training.data import Case, cohort, read_cases

COLUMNS = {
    "Project Site": "1", "Gender": "male", "Race (OMB)": "White", "Age": "60 - 69", "Height (cm)": "175",
    "Weight (kg)": "80", "Indication for Warfarin Treatment": "3; 8", "Amiodarone (Cordarone)": "0.0",
    "Carbamazepine (Tegretol)": "", "Phenytoin (Dilantin)": "", "Rifampin or Rifampicin": "",
    "Subject Reached Stable Dose of Warfarin": "1.0", "Therapeutic Dose of Warfarin": "35.0", "Current Smoker": "",
    "INR on Reported Therapeutic Dose of Warfarin": "2.5", "CYP2C9 consensus": "*1/*1",
    "VKORC1 -1639 consensus": "A/G", "VKORC1 1173 consensus": "", "VKORC1 1542 consensus": "",
    "VKORC1 2255 consensus": "",
}  # fmt: skip


def read(folder: Path, *changes: dict[str, str]) -> tuple[Case, ...]:
    rows = [list(COLUMNS), *([{**COLUMNS, **change}[name] for name in COLUMNS] for change in changes)]
    with gzip.open(folder / "table.tsv.gz", "wt", encoding="utf-8") as handle:
        handle.writelines("\t".join(row) + "\n" for row in rows)
    return read_cases(folder / "table.tsv.gz")


def test_one_patient(tmp_path: Path) -> None:
    (case,) = read(tmp_path, {})
    assert (case.site, case.dose, case.stable) == (1, 35.0, True)
    assert case.factors == {
        "age_decade": 6.0, "height_cm": 175.0, "weight_kg": 80.0, "vkorc1": "A/G", "cyp2c9": "*1/*1",
        "ancestry": "white", "amiodarone": "no", "enzyme_inducer": "no", "smoker": "no",
        "indication": "atrial fibrillation",
    }  # fmt: skip


def test_the_inr_on_the_final_dose_is_no_feature(tmp_path: Path) -> None:
    one, other = read(tmp_path, {}, {"INR on Reported Therapeutic Dose of Warfarin": "4.5"})
    assert one == other
    assert not any("inr" in name.lower() for name in one.factors)


@pytest.mark.parametrize(
    ("change", "derived"),
    [
        ({"VKORC1 2255 consensus": "T/T"}, "A/A"),
        ({"VKORC1 2255 consensus": "T/T", "Race (OMB)": "Unknown"}, None),
        ({"VKORC1 1542 consensus": "C/G", "Race (OMB)": "Black or African American"}, None),
        ({"VKORC1 1173 consensus": "C/T", "Race (OMB)": "Black or African American"}, "A/G"),
        ({"VKORC1 1542 consensus": "C/G"}, "A/G"),
        ({}, None),
    ],
)
def test_vkorc1_from_linked_sites(change: dict[str, str], derived: str | None, tmp_path: Path) -> None:
    (case,) = read(tmp_path, {"VKORC1 -1639 consensus": "", **change})
    assert case.factors["vkorc1"] == derived


def test_a_rare_allele_enters_as_the_first_and_is_remembered(tmp_path: Path) -> None:
    case, known = read(tmp_path, {"CYP2C9 consensus": "*1/*5"}, {"CYP2C9 consensus": "*2/*3"})
    assert (case.factors["cyp2c9"], case.rare_cyp2c9) == ("*1/*1", True)
    assert (known.factors["cyp2c9"], known.rare_cyp2c9) == ("*2/*3", False)


@pytest.mark.parametrize(
    "change",
    [{"Subject Reached Stable Dose of Warfarin": "0.0"}, {"Therapeutic Dose of Warfarin": ""}, {"Age": ""},
     {"CYP2C9 consensus": ""}, {"VKORC1 -1639 consensus": ""}],
)  # fmt: skip
def test_who_is_not_in_the_cohort(change: dict[str, str], tmp_path: Path) -> None:
    assert cohort(read(tmp_path, change)) == ()


def test_height_and_weight_are_filled_in_training_from_the_same_sex_and_ancestry(tmp_path: Path) -> None:
    others = [{"Height (cm)": "160"}, {"Height (cm)": "190", "Gender": "female"}]
    cases = cohort(read(tmp_path, {"Height (cm)": ""}, *others))
    assert cases[0].factors["height_cm"] == 160.0


@pytest.mark.needs_data("iwpc_warfarin.tsv.gz")
def test_the_published_formulas_on_the_consortium_s_patients(data_file: Callable[[str], Path]) -> None:
    every = read_cases(data_file("iwpc_warfarin.tsv.gz"))
    missing = sum(case.factors["vkorc1"] is None for case in every)
    assert (len(every), missing) == (5700, 110)  # 26 % missing before the rules, 1.9 % after
    assert sum(case.rare_cyp2c9 for case in every) == 17
    cases = cohort(every)
    genetic, plain = 0.0, 0.0
    for case in cases:
        person, dose = person_of(case), case.dose or 0.0
        genetic += abs(pharmacogenetic(person, str(case.factors["cyp2c9"]), str(case.factors["vkorc1"])) - dose)
        plain += abs(clinical(person) - dose)
    assert genetic / len(cases) == pytest.approx(8.31, abs=0.05)
    assert plain / len(cases) == pytest.approx(10.04, abs=0.05)


def person_of(case: Case) -> Person:
    factors = case.factors
    return Person(
        float(factors["age_decade"] or 0), float(factors["height_cm"] or 0), float(factors["weight_kg"] or 0),
        str(factors["ancestry"]), factors["amiodarone"] == "yes", factors["enzyme_inducer"] == "yes",
    )  # fmt: skip
