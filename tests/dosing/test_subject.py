"""What is stated of a patient once is not asked for again, and two statements never quietly differ."""

from __future__ import annotations

import pytest

from starling.dosing.program import Patient
from starling.dosing.subject import filled
from starling.errors import InputError

TODAY = "2027-03-01"


def test_the_subject_fills_what_was_not_stated() -> None:
    subject = {"age": "67", "height": "175", "weight": "80.5", "ancestry": "Black/African American"}
    found = filled(Patient(), subject, today=TODAY)
    assert (found.age_years, found.height_cm, found.weight_kg) == (67.0, 175.0, 80.5)
    assert found.ancestry == "Black/African American"
    assert filled(Patient(ancestry="asian"), {}, today=TODAY) == Patient(ancestry="asian")
    assert filled(Patient(), {"age": "", "name": "x"}, today=TODAY) == Patient()


@pytest.mark.parametrize(("born", "years"), [("2009-03-01", 18.0), ("2009-03-02", 17.0), ("1960-01-01", 67.0)])
def test_a_date_of_birth_is_an_age(born: str, years: float) -> None:
    assert filled(Patient(), {"birth_date": born}, today=TODAY).age_years == years


def test_of_two_ages_a_year_apart_the_lower_counts() -> None:
    assert filled(Patient(age_years=18), {"birth_date": "2009-03-02"}, today=TODAY).age_years == 17.0
    assert filled(Patient(age_years=17.5), {"age": "18"}, today=TODAY).age_years == 17.5


@pytest.mark.parametrize(
    ("patient", "subject"),
    [
        (Patient(age_years=67), {"age": "10"}),
        (Patient(age_years=67), {"birth_date": "2015-01-01"}),
        (Patient(), {"age": "67", "birth_date": "2015-01-01"}),
        (Patient(weight_kg=80), {"weight": "176"}),
        (Patient(height_cm=175), {"height": "69"}),
        (Patient(ancestry="white"), {"ancestry": "black"}),
        (Patient(ancestry="white"), {"ancestry": "mixed"}),
        (Patient(), {"ancestry": "martian"}),
        (Patient(ancestry="whit"), {}),
        (Patient(), {"weight": "heavy"}),
    ],
)
def test_what_contradicts_itself_or_means_nothing_is_refused(patient: Patient, subject: dict[str, str]) -> None:
    with pytest.raises(InputError) as caught:
        filled(patient, subject, today=TODAY)
    assert caught.value.code == "BAD_OPTION"


def test_the_same_in_other_words_is_no_contradiction() -> None:
    assert filled(Patient(ancestry="caucasian"), {"ancestry": "White"}, today=TODAY).ancestry == "caucasian"
    assert filled(Patient(weight_kg=80), {"weight": "80.4"}, today=TODAY).weight_kg == 80
