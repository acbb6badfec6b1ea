"""Warfarin: what is never assumed, what the model does not know, and what stands beside its answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from starling.assessment import Alternative, Assessment
from starling.dosing import Patient, Prediction
from starling.dosing.formulas import Person, clinical, pharmacogenetic
from starling.dosing.model import bundled
from starling.errors import InputError
from starling.prediction import from_jsonable, to_jsonable
from starling.runtime.bundle import Bundle
from starling.vocabulary import Why
from tests.dosing.people import ADULT, dose, example

Make = Callable[..., Assessment]
WHITE = Person(6, 175, 80, "white")


def codes(prediction: Prediction) -> set[str]:
    return {notice.code for notice in prediction.notices}


@pytest.mark.parametrize("missing", ["age_years", "height_cm", "weight_kg"])
def test_age_height_and_weight_are_never_assumed(missing: str, person: Make) -> None:
    unknown: dict[str, Any] = {missing: None}
    with pytest.raises(InputError) as caught:
        dose("warfarin", person(), replace(ADULT, **unknown))
    assert caught.value.code == "DOSE_INPUT_MISSING"
    assert missing.split("_")[0] in caught.value.message


@pytest.mark.parametrize("slip", [{"height_cm": 1.75}, {"weight_kg": 80_000.0}, {"age_years": 1958}])
def test_a_slip_of_the_pen_is_an_error_not_an_extrapolation(slip: dict[str, Any], person: Make) -> None:
    with pytest.raises(InputError) as caught:
        dose("warfarin", person(), replace(ADULT, **slip))
    assert caught.value.code == "BAD_OPTION"


@pytest.mark.usefixtures("runtime")
@pytest.mark.parametrize(
    ("cyp2c9", "vkorc1", "unseen"),
    [(None, 0, ()), (("*1", "*1"), None, ()), (None, None, ()), (("*1", "*1"), 0, ("*2",)), (("*1", "*1"), 0, ("*3",))],
)
def test_a_genotype_is_never_imputed(
    cyp2c9: tuple[str, ...] | None, vkorc1: int | None, unseen: tuple[str, ...], person: Make
) -> None:
    found = dose("warfarin", person(cyp2c9, vkorc1, cannot_exclude=unseen), ADULT)
    assert (found.method, found.label) == ("formula", "IWPC clinical formula")
    assert found.value == pytest.approx(clinical(WHITE))
    assert "GENOTYPE_MISSING" in codes(found)
    assert [each.name for each in found.beside] == ["IWPC clinical formula"]
    assert (found.interval, found.model) == (None, None)


@pytest.mark.usefixtures("runtime")
def test_after_a_liver_transplant_the_patient_s_cyp2c9_says_nothing(person: Make) -> None:
    grafted = replace(person(), subject={"transplant": "liver"})
    assert dose("warfarin", grafted, ADULT).label == "IWPC clinical formula"


@pytest.mark.usefixtures("runtime")
def test_vkorc1_from_a_called_linked_site_is_named(person: Make) -> None:
    asked = replace(ADULT, linked={"rs9934438": "C/T"})
    found = dose("warfarin", person(vkorc1=None), asked)
    assert found.method == "model"
    assert "VKORC1_DERIVED" in codes(found)
    assert any("rs9934438 C/T" in notice.message for notice in found.notices)
    same = dose("warfarin", person(vkorc1=1), ADULT)
    assert found.value == same.value


@pytest.mark.usefixtures("runtime")
def test_a_linked_site_of_weak_linkage_does_not_stand_for_it_in_african_ancestry(person: Make) -> None:
    asked = replace(ADULT, ancestry="black", linked={"rs2359612": "C/T"})
    assert dose("warfarin", person(vkorc1=None), asked).label == "IWPC clinical formula"


@pytest.mark.usefixtures("runtime")
def test_the_formulas_stand_beside_the_model_with_the_difference(person: Make) -> None:
    found = dose("warfarin", person(("*1", "*3"), 1), ADULT)
    assert found.method == "model"
    formula, plain = found.beside
    assert formula.value == pytest.approx(pharmacogenetic(WHITE, "*1/*3", "A/G"))
    assert plain.value == pytest.approx(clinical(WHITE))
    assert formula.difference == pytest.approx(found.value - formula.value)
    assert "19228618" in formula.source
    assert found.interval is not None and found.interval.low < found.value < found.interval.high
    assert "not for each hospital" in found.interval.statement


@pytest.mark.usefixtures("runtime")
def test_the_model_works_without_ancestry_and_says_what_it_assumed(person: Make) -> None:
    found = dose("warfarin", person(), Patient(67, 175, 80))
    assert found.method == "model"
    assert "ancestry" in next(notice.message for notice in found.notices if notice.code == "DOSE_ASSUMED")


@pytest.mark.usefixtures("runtime")
@pytest.mark.parametrize(
    ("change", "word"),
    [({"weight_kg": 29.0, "height_cm": 130.0}, "weight"), ({"height_cm": 210.0}, "height")],
)
def test_outside_training_the_model_says_so_and_the_formula_answers(
    change: dict[str, Any], word: str, person: Make
) -> None:
    found = dose("warfarin", person(), replace(ADULT, **change))
    assert (found.method, found.label) == ("formula", "IWPC pharmacogenetic formula")
    assert word in next(notice.message for notice in found.notices if notice.code == "OUTSIDE_TRAINING")
    assert found.interval is None and found.explanation is None


@pytest.mark.usefixtures("runtime")
def test_an_output_outside_the_range_of_training_is_set_to_its_end_and_says_so(person: Make) -> None:
    highest = Bundle.read(bundled("warfarin")).tabular.output.high
    huge = replace(ADULT, age_years=20, height_cm=203, weight_kg=205, medication=("carbamazepine",), smoker=True)
    found = dose("warfarin", person(), huge)
    assert found.clamped and found.value == highest
    assert found.explanation is not None and found.explanation.end > highest
    assert not dose("warfarin", person(), ADULT).clamped


@pytest.mark.usefixtures("runtime")
@pytest.mark.parametrize(
    ("alleles", "low", "high"),
    [(("*1", "*5"), 0.7, 0.85), (("*8", "*11"), 0.6, 0.8), (("*6", "*6"), 0.6, 0.8), (("*2", "*8"), 0.7, 0.85)],
)
def test_the_reduction_of_the_guideline_is_a_step_of_its_own_and_never_twice(
    alleles: tuple[str, ...], low: float, high: float, person: Make
) -> None:
    plain = tuple("*1" if allele in {"*5", "*6", "*8", "*11"} else allele for allele in alleles)
    before = dose("warfarin", person(tuple(sorted(plain)), 1), ADULT)
    found = dose("warfarin", person(alleles, 1), ADULT)
    (step,) = found.steps
    assert step.before == found.calculated == before.value
    assert (step.low, step.high) == pytest.approx((before.value * low, before.value * high))
    assert found.value == pytest.approx((step.low + step.high) / 2)
    assert found.interval is None and "INTERVAL_WITHHELD" in codes(found)
    assert "28198005" in step.source


@pytest.mark.usefixtures("runtime")
def test_an_allele_without_a_number_anywhere_warns_and_has_no_interval(person: Make) -> None:
    found = dose("warfarin", person(("*1", "*13")), ADULT)
    assert found.steps == () and found.interval is None
    assert {"ALLELE_NOT_MODELLED", "INTERVAL_WITHHELD"} <= codes(found)


@pytest.mark.usefixtures("runtime")
def test_african_ancestry_follows_the_guideline(person: Make) -> None:
    asked = replace(ADULT, ancestry="African American")
    assert dose("warfarin", person(cannot_exclude=("*8",)), asked).label == "IWPC clinical formula"
    assert dose("warfarin", person(cannot_exclude=("*8",)), ADULT).method == "model"
    (step,) = dose("warfarin", person(cluster=1), asked).steps
    assert "rs12777823" in step.text
    assert dose("warfarin", person(cluster=1), ADULT).steps == ()


@pytest.mark.usefixtures("runtime")
def test_what_the_genotype_could_also_be_is_said(person: Make) -> None:
    certain = person(("*1", "*2"))
    other = Alternative("Poor Metabolizer", (("*2", "*3"),), Why.PHASE)
    gene = replace(certain.gene("CYP2C9"), phenotype_alternatives=(other,), phenotype_certain=False)
    doubtful = replace(certain, genes=tuple(gene if each.gene == "CYP2C9" else each for each in certain.genes))
    said = dose("warfarin", doubtful, ADULT)
    assert any(each.code == "GENOTYPE_UNCERTAIN" and "*2/*3" in each.message for each in said.notices)
    assert "GENOTYPE_UNCERTAIN" not in codes(dose("warfarin", certain, ADULT))
    assert "ALLELES_NOT_EXCLUDED" in codes(dose("warfarin", person(cannot_exclude=("*8",)), ADULT))


@pytest.mark.usefixtures("runtime")
def test_medicines_are_known_by_any_name(person: Make) -> None:
    plain = dose("warfarin", person(), ADULT).value
    assert dose("warfarin", person(), replace(ADULT, medication=("Cordarone",))).value < plain
    assert dose("warfarin", person(), replace(ADULT, medication=("rifampin",))).value > plain
    assert "UNKNOWN_MEDICINE" in codes(dose("warfarin", person(), replace(ADULT, medication=("xyzol",))))


@pytest.mark.usefixtures("runtime")
def test_the_explanation_goes_from_the_typical_patient_to_this_one(person: Make) -> None:
    found = dose("warfarin", person(("*1", "*3"), 2), ADULT)
    told = found.explanation
    assert told is not None and len(told.contributions) == 10
    assert abs(told.start + sum(each.amount for each in told.contributions) - told.end) <= 1e-9
    changes = {change.change: change for change in told.what_if}
    assert changes["had CYP2C9 been *1/*1"].difference > 0
    assert changes["with amiodarone"].difference < 0 < changes["with an enzyme inducer"].difference
    assert found.similar is not None and (found.similar.patients or 0) >= 5


def test_cyp4f2_is_shown_and_not_part_of_the_model(person: Make) -> None:
    assert any(text.startswith("CYP4F2") for text in dose("warfarin", person(), ADULT).evidence)


def test_a_drug_without_a_model_is_an_error(person: Make) -> None:
    with pytest.raises(InputError) as caught:
        dose("clopidogrel", person(), ADULT)
    assert caught.value.code == "NO_DOSE_MODEL"


# --- apart from guideline advice --------------------------------------------------------------------------------------


def test_a_prediction_never_stands_in_an_assessment(person: Make) -> None:
    from starling.serial.document import to_jsonable as assessment_to_jsonable

    before = assessment_to_jsonable(example())
    found = dose("warfarin", example(), ADULT)
    assert assessment_to_jsonable(example()) == before
    assert not issubclass(type(found), type(example().drug("warfarin")))
    assert not any("prediction" in str(key).lower() for key in before)
    assert found.assessment == example().result_sha256


@pytest.mark.usefixtures("runtime")
@pytest.mark.parametrize("alleles", [("*1", "*3"), ("*1", "*5"), None])
def test_a_prediction_survives_json(alleles: tuple[str, ...] | None, person: Make) -> None:
    import json

    found = dose("warfarin", person(alleles, 1), ADULT)
    assert from_jsonable(json.loads(json.dumps(to_jsonable(found)))) == found


@given(st.sampled_from(["value", "beside", "inputs", "notices", "method", "drug"]))
def test_json_of_another_shape_is_refused_with_the_field(name: str) -> None:
    data = to_jsonable(dose("warfarin", example(), ADULT))
    for wrong in ({**data, name: [1]}, {key: value for key, value in data.items() if key != name}, {**data, "x": 1}):
        with pytest.raises(InputError) as caught:
            from_jsonable(wrong)
        assert caught.value.code == "BAD_JSON"
    with pytest.raises(InputError):
        from_jsonable([])


@pytest.mark.usefixtures("runtime")
def test_the_page_shows_it_apart_and_as_a_picture(person: Make) -> None:
    from starling.report.dose_picture import section
    from starling.report.html import page

    found = dose("warfarin", example(), ADULT)
    plain, with_dose = page(example()), page(example(), appendix=section(found))
    assert "dose-model" not in plain and "EXAMPLE" in section(found, sample="EXAMPLE")
    assert with_dose.count('id="dose-model"') == 1
    assert 'href="#dose-model"' in with_dose
    first, _, rest = with_dose.partition("</section>")
    assert 'id="dose-model"' in first and "not guideline advice" in first and first.count("<rect") == 10
    assert 'id="glance"' in rest and 'id="glance"' not in first
    assert "age: 60 to 69 years" in first and "decades" not in first and "DOSE_ASSUMED" not in first


@pytest.mark.parametrize("years", [0.0, 10.0, 17.9])
def test_a_child_gets_no_number(years: float, person: Make) -> None:
    with pytest.raises(InputError, match="child") as caught:
        dose("warfarin", person(), replace(ADULT, age_years=years))
    assert caught.value.code == "NO_DOSE_MODEL"


@pytest.mark.parametrize(
    ("weight", "height", "meant"),
    [(30.0, 203.0, ""), (80.0, 69.0, "69 in is 175 cm"), (176.0, 175.0, "176 lb is 80 kg"), (250.0, 175.0, "113 kg"),
     (176.0, 69.0, "176 lb and 69 in are 80 kg and 175 cm")],
)  # fmt: skip
def test_a_body_that_the_data_do_not_know_is_a_question_about_units(
    weight: float, height: float, meant: str, person: Make
) -> None:
    with pytest.raises(InputError, match="pounds or inches") as caught:
        dose("warfarin", person(), replace(ADULT, weight_kg=weight, height_cm=height))
    assert caught.value.code == "BAD_OPTION" and "kilograms" in caught.value.message
    assert meant in caught.value.message and bool(meant) != caught.value.message.endswith("?")


def test_a_body_that_the_data_do_not_know_is_answered_by_the_formula_once_its_units_were_checked(person: Make) -> None:
    answer = dose("warfarin", person(), replace(ADULT, weight_kg=160.0, height_cm=170.0, units_checked=True))
    assert answer.method == "formula" and answer.interval is None
    assert any("an extrapolation" in each.message for each in answer.notices)


def test_a_body_that_few_have_is_answered_with_a_question(person: Make) -> None:
    notices = dose("warfarin", person(), replace(ADULT, weight_kg=140.0)).notices
    assert any("pounds or inches" in each.message for each in notices)


def test_all_that_is_missing_is_asked_for_at_once(person: Make) -> None:
    with pytest.raises(InputError) as caught:
        dose("warfarin", person(), Patient())
    assert caught.value.code == "DOSE_INPUT_MISSING"
    assert all(word in caught.value.message for word in ("age (years)", "height (cm)", "weight (kg)"))


def test_a_child_is_refused_before_anything_else_is_asked(person: Make) -> None:
    with pytest.raises(InputError) as caught:
        dose("warfarin", person(), Patient(age_years=9))
    assert caught.value.code == "NO_DOSE_MODEL" and "18" in caught.value.message


@pytest.mark.parametrize(
    ("said", "group"),
    [("Black/African American", "black"), ("African_American", "black"), ("black or african american", "black"),
     ("White / Caucasian", "white"), ("East Asian", "asian"), ("white and asian", "unknown"), ("Hispanic", "unknown"),
     ("mixed", "unknown")],
)  # fmt: skip
def test_ancestry_is_understood_in_other_words(said: str, group: str, person: Make) -> None:
    same = dose("warfarin", person(), replace(ADULT, ancestry=None if group == "unknown" else group))
    assert dose("warfarin", person(), replace(ADULT, ancestry=said)).value == same.value


@pytest.mark.parametrize("said", ["martian", "whit", "white/martian"])
def test_ancestry_that_nobody_knows_is_refused(said: str, person: Make) -> None:
    with pytest.raises(InputError, match="white, asian or black") as caught:
        dose("warfarin", person(), replace(ADULT, ancestry=said))
    assert caught.value.code == "BAD_OPTION"


@pytest.mark.parametrize("stated", [{"rs8050894": "G/G"}, {"rs8050894": "C|C"}])
def test_a_homozygote_of_complementary_bases_is_refused_for_its_strand_is_not_known(
    stated: dict[str, str], person: Make
) -> None:
    with pytest.raises(InputError, match="strand"):
        dose("warfarin", person(vkorc1=None), replace(ADULT, linked=stated))


@pytest.mark.parametrize(
    ("stated", "means"),
    [({"rs8050894": "G/C"}, "A/G"), ({"rs9934438": "T/C"}, "A/G"), ({"rs9934438": "G/A"}, "A/G"),
     ({"rs9934438": "a/a"}, "A/A"), ({"rs2359612": "G|G"}, "G/G")],
)  # fmt: skip
def test_a_linked_site_is_read_on_either_strand_where_its_letters_tell(
    stated: dict[str, str], means: str, person: Make
) -> None:
    found = dose("warfarin", person(vkorc1=None), replace(ADULT, linked=stated))
    assert any(f"-1639 {means} is derived" in each.message for each in found.notices)


@pytest.mark.parametrize("stated", [{"rs1": "C/C"}, {"rs9934438": "C"}, {"rs9934438": "C/G"}])
def test_a_linked_site_that_says_nothing_is_refused(stated: dict[str, str], person: Make) -> None:
    with pytest.raises(InputError) as caught:
        dose("warfarin", person(vkorc1=None), replace(ADULT, linked=stated))
    assert caught.value.code == "BAD_OPTION"


def test_a_linked_site_beside_the_site_itself_has_no_effect_and_says_so(person: Make) -> None:
    found = dose("warfarin", person(), replace(ADULT, linked={"rs9934438": "C/C"}))
    assert "OPTION_WITHOUT_EFFECT" in {each.code for each in found.notices}


def test_the_drug_may_be_named_by_its_brand(person: Make) -> None:
    assert dose("Coumadin", person(), ADULT).value == dose("warfarin", person(), ADULT).value


@pytest.mark.usefixtures("runtime")
def test_a_medicine_that_the_model_does_not_know_is_not_passed_over(person: Make) -> None:
    """Fluconazole raises the INR; the number is that of a patient without it, and says so."""
    taking = dose("warfarin", person(), replace(ADULT, medication=("Diflucan", "amiodarone", "rifampicin")))
    (said,) = [each.message for each in taking.notices if "not part of the model" in each.message]
    assert said.startswith("fluconazole: ")
    alone = dose("warfarin", person(), replace(ADULT, medication=("amiodarone",)))
    assert not any("not part of the model" in each.message for each in alone.notices)


@pytest.mark.usefixtures("runtime")
def test_a_dose_for_a_pregnant_patient_does_not_pass_for_an_answer(person: Make) -> None:
    pregnant = replace(person(), subject={"pregnant": "yes"})
    assert any("pregnant" in each.message for each in dose("warfarin", pregnant, ADULT).notices)
