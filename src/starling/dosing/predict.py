"""START HERE.  An assessment and a patient -> a prediction, with everything a prescriber must see beside it:

prepare -> formulas -> guard -> model (or formula, visibly) -> local calibration -> guideline steps -> Prediction
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from starling.assessment import Assessment
from starling.dosing.model import DoseModel, bundled
from starling.dosing.program import Formula, Patient, Prepared, Program, Trained
from starling.dosing.subject import filled
from starling.dosing.warfarin import Warfarin
from starling.errors import InputError, ModelError
from starling.knowledge.age import today
from starling.knowledge.medicines import Medicines, known_medicines
from starling.notices import FACT_NOT_CONSIDERED, KNOWLEDGE_OTHER, OPTION_WITHOUT_EFFECT
from starling.prediction import (
    Beside,
    Contribution,
    Explanation,
    Interval,
    Local,
    Method,
    ModelStamp,
    Prediction,
    Similar,
    Step,
    WhatIf,
)
from starling.runtime.bundle import Bundle
from starling.runtime.explain import shapley
from starling.runtime.inputs import Factors, outside, reference
from starling.runtime.interval import adapted_miscoverage
from starling.values import dataclass, replace
from starling.vocabulary import Notice

if TYPE_CHECKING:
    from starling.dosing.calibration import Calibration

PROGRAMS: Final[Mapping[str, Program]] = {"warfarin": Warfarin()}


@dataclass(frozen=True, slots=True)
class Calculated:
    """What came before guideline steps: by the model, or by a formula with the reason in `notices`."""

    dose: float
    method: Method
    label: str
    notices: tuple[Notice, ...] = ()
    interval: Interval | None = None
    clamped: bool = False
    explanation: Explanation | None = None
    similar: Similar | None = None
    local: Local | None = None
    model: ModelStamp | None = None


def dose(
    drug: str | Program,
    assessment: Assessment,
    patient: Patient,
    *,
    knowledge: Medicines,
    model: Path | DoseModel | None = None,
    unsigned: bool = False,
    calibration: Calibration | None = None,
) -> Prediction:
    """The dose for this patient by the drug's model, or by its published formula where the model does not know.

    `drug`: its name, or the program of a drug that the product does not have.  `knowledge`: a knowledge base, for the
    names of medicines.  `model`: a directory or zip, or one that is loaded, instead of the one that came with the
    program; `unsigned`: also when nobody who is trusted here vouches for it, which the answer then says first.
    `calibration`: what this hospital learned; only what was activated counts.
    Raises: InputError, the sender's, for a drug without a model and for what is missing and never assumed.
    """
    program = _program_of(drug, knowledge) if isinstance(drug, str) else drug
    prepared = _prepared(program, assessment, patient, knowledge)
    formulas = tuple(program.formulas(prepared))
    try:
        loaded = model if isinstance(model, DoseModel) else _load(model, program, unsigned=unsigned)
        _check_fits(loaded, program, prepared)
        calculated = _by_model(loaded, program, prepared, formulas, calibration)
    except ModelError as error:
        loaded, text = None, f"{error.message}. {error.advice} ({error.code})"
        calculated = _by_formula(formulas, Notice("MODEL_UNAVAILABLE", f"the model was not used: {text}"))
    if calibration is not None and calculated.method == "formula":
        unused = Notice("OPTION_WITHOUT_EFFECT", "the local calibration corrects the model, which did not answer")
        calculated = replace(calculated, notices=(*calculated.notices, unused))
    steps = tuple(program.steps(assessment, prepared, calculated.dose))
    return _prediction(program, assessment, prepared, (calculated, steps, formulas, loaded))


def _load(path: Path | None, program: Program, *, unsigned: bool) -> DoseModel:
    """The model at the path; without one, the program's own, which nothing may replace.  Raises: ModelError."""
    if path is None:
        return DoseModel.load(bundled(program.bundle), trusted=())
    return DoseModel.load(path, unsigned=unsigned)


def _check_fits(model: DoseModel, program: Program, prepared: Prepared) -> None:
    """The model is one for this drug, in the unit in which its dose is shown, of factors that are known.

    Raises: ModelError (MODEL_INVALID).
    """
    source, output = model.bundle.source, model.tabular.output
    if model.drug != program.drug:
        raise ModelError("MODEL_INVALID", f"{source}: is a model for {model.drug}, not for {program.drug}")
    if output.quantity != program.quantity:
        raise ModelError(
            "MODEL_INVALID", f"{source}: answers a {output.quantity}, and a {program.quantity} is asked for"
        )
    if output.unit != program.unit:
        raise ModelError("MODEL_INVALID", f"{source}: answers in {output.unit}, and the dose is in {program.unit}")
    unknown = [each.name for each in model.tabular.inputs if each.name not in prepared.factors]
    if unknown and prepared.not_called is None:
        raise ModelError("MODEL_INVALID", f"{source}: takes {', '.join(unknown)}, which nobody states")
    _check_within(source, "dose", program.doses, Trained(output.unit, output.low, output.high))
    for each in model.tabular.inputs:
        known = program.trained.get(each.name)
        if known is None and not each.levels:
            raise ModelError("MODEL_INVALID", f"{source}: {each.name} is a number on the card, and none of the patient")
        if known is not None:
            _check_within(source, each.name, known, Trained(each.unit, each.low, each.high))


def _check_within(source: str, name: str, known: Trained, stated: Trained) -> None:
    """What a card claims to have seen is in the unit of the program, and no more than its data hold.

    Raises: ModelError (MODEL_INVALID).
    """
    if stated.unit != known.unit:
        raise ModelError(
            "MODEL_INVALID", f"{source}: {name} is in {stated.unit or 'no unit'}, and here in {known.unit}"
        )
    if not known.low <= stated.low < stated.high <= known.high:
        said = f"{name} from {stated.low:g} to {stated.high:g}, and the data from {known.low:g} to {known.high:g}"
        raise ModelError("MODEL_INVALID", f"{source}: claims {said} {known.unit}")


def _program_of(drug: str, knowledge: Medicines) -> Program:
    """The program of a drug by any of its names."""
    found = PROGRAMS.get(drug.casefold())
    if found is None and knowledge.knows_medicine(drug):
        (ingredient, *_), _ = known_medicines(knowledge, (drug,))
        found = PROGRAMS.get(ingredient)
    if found is None:
        raise InputError("NO_DOSE_MODEL", f"no dose model for {drug!r}; there is one for {', '.join(PROGRAMS)}")
    return found


def _prepared(program: Program, assessment: Assessment, patient: Patient, knowledge: Medicines) -> Prepared:
    """The patient in the words of the model, medicines by their ingredients; unknown ones are said.

    Raises: InputError, the sender's.
    """
    patient = filled(patient, assessment.subject, today=today())
    if patient.medication is None:
        return program.prepare(assessment, patient)
    known, unknown = known_medicines(knowledge, patient.medication)
    prepared = program.prepare(assessment, replace(patient, medication=known))
    return replace(prepared, notices=(*unknown, *prepared.notices))


def _by_formula(formulas: Sequence[Formula], notice: Notice) -> Calculated:
    return Calculated(formulas[0].value, "formula", formulas[0].name, (notice,))


def _by_model(
    model: DoseModel,
    program: Program,
    prepared: Prepared,
    formulas: Sequence[Formula],
    calibration: Calibration | None,
) -> Calculated:
    """The model's answer, or the formula's where the model does not know such a patient."""
    if prepared.not_called is not None:
        text = f"{prepared.not_called}: computed without genotype"
        return _by_formula(formulas, Notice("GENOTYPE_MISSING", text))
    unknown = _unknown(model, prepared)
    if unknown is not None:
        return _by_formula(formulas, Notice("OUTSIDE_TRAINING", f"the model does not know such a patient: {unknown}"))
    output, bundle = model.tabular.output, model.bundle
    raw = bundle.predict([prepared.factors])[0]
    within = min(max(raw, output.low), output.high)
    local, notices = _local(bundle, calibration, within)
    value = local.calibrated if local else within
    return Calculated(
        dose=value,
        method="model",
        label=f"Starling {model.drug} model {bundle.card.version}",
        notices=notices,
        interval=None if prepared.without_interval else _interval(model, value, local, calibration),
        clamped=within != raw,
        explanation=explanation(model, program, prepared),
        similar=model.similar(prepared.factors),
        local=local,
        model=bundle.stamp,
    )


def _unknown(model: DoseModel, prepared: Prepared) -> str | None:
    """Why the model does not know such a patient; None when it does."""
    if prepared.guard is not None:
        return prepared.guard
    strange = outside(model.tabular.inputs, prepared.factors)
    said = [
        f"{each.label} {each.words(prepared.factors[each.name])}, trained on {each.low:g} to {each.high:g}"
        for each in strange
    ]
    return "; ".join(said) or None


def _local(bundle: Bundle, calibration: Calibration | None, value: float) -> tuple[Local | None, tuple[Notice, ...]]:
    if calibration is None:
        return None, ()
    if calibration.model_sha256 != bundle.sha256:
        text = "the local calibration was learned with another model and was not used"
        return None, (Notice("CALIBRATION_OTHER_MODEL", text),)
    return calibration.apply(value), ()


def _interval(model: DoseModel, value: float, local: Local | None, calibration: Calibration | None) -> Interval:
    table = model.tabular.interval
    outcomes = calibration.outcomes if calibration and calibration.model_sha256 == model.bundle.sha256 else ()
    miscoverage = adapted_miscoverage(table, ((each.predicted, each.actual) for each in outcomes))
    low, high = table.interval(value, miscoverage=miscoverage)
    words = table.statement
    if outcomes:
        words += f" Adapted to {len(outcomes)} stable patients of this hospital."
    if local is not None:
        words += " Centred on the calibrated dose."
    return Interval(low, high, table.coverage, words)


def explanation(model: DoseModel, program: Program, prepared: Prepared) -> Explanation:
    """Exact contributions from the typical patient to this one, and what would have been."""
    inputs = model.tabular.inputs
    typical = reference(inputs)
    factors = {each.name: prepared.factors[each.name] for each in inputs}
    start, end, amounts = shapley(model.bundle.predict, factors, typical)
    labels = {each.name: each for each in inputs}
    contributions = [
        Contribution(labels[name].label, labels[name].words(factors[name]), amount) for name, amount in amounts.items()
    ]
    contributions.sort(key=lambda each: -abs(each.amount))
    return Explanation(
        typical=", ".join(f"{each.label} {each.words(each.reference)}" for each in inputs),
        start=start,
        end=end,
        contributions=tuple(contributions),
        what_if=_what_if(model, program, prepared, end),
    )


def _what_if(model: DoseModel, program: Program, prepared: Prepared, now: float) -> tuple[WhatIf, ...]:
    """Each change that stays within training."""
    inputs = model.tabular.inputs
    changes = [each for each in program.changes(prepared) if not outside(inputs, each.factors)]
    values = model.bundle.predict([{**prepared.factors, **each.factors} for each in changes]) if changes else []
    return tuple(WhatIf(each.words, value, value - now) for each, value in zip(changes, values, strict=True))


def _prediction(
    program: Program,
    assessment: Assessment,
    prepared: Prepared,
    parts: tuple[Calculated, tuple[Step, ...], tuple[Formula, ...], DoseModel | None],
) -> Prediction:
    calculated, steps, formulas, model = parts
    value = (steps[-1].low + steps[-1].high) / 2 if steps else calculated.dose
    withheld = prepared.without_interval if calculated.method == "model" else None
    notices = (
        *_first(assessment, model),
        *calculated.notices,
        *([Notice("INTERVAL_WITHHELD", f"no interval: {withheld}")] if withheld else []),
        *prepared.notices,
        *(each for each in assessment.provenance.notices if each.code in {FACT_NOT_CONSIDERED, OPTION_WITHOUT_EFFECT}),
    )
    return Prediction(
        drug=program.drug,
        quantity=program.quantity,
        unit=program.unit,
        value=value,
        calculated=calculated.dose,
        method=calculated.method,
        label=calculated.label,
        interval=calculated.interval,
        beside=tuple(Beside(each.name, each.value, value - each.value, each.source) for each in formulas),
        inputs=_inputs(model, prepared.factors),
        steps=steps,
        clamped=calculated.clamped,
        explanation=calculated.explanation,
        similar=calculated.similar,
        local=calculated.local,
        model=calculated.model,
        evidence=prepared.evidence,
        notices=notices,
        assessment=assessment.result_sha256,
        caution=program.caution,
    )


def _first(assessment: Assessment, model: DoseModel | None) -> Iterator[Notice]:
    """What stands before everything else on every page: whose word this is, when it is not the program's own."""
    yield from (each for each in assessment.provenance.notices if each.code == KNOWLEDGE_OTHER)
    if model is not None and model.standing.kind == "unsigned":
        digest = model.bundle.sha256[:12]
        words = (
            f"UNSIGNED MODEL {model.bundle.card.name} {model.bundle.card.version} ({digest}): {model.standing.words}"
        )
        yield Notice("MODEL_UNSIGNED", f"{words}; it was asked for with --unsigned")
    if model is not None and model.standing.kind == "signed":
        yield Notice("MODEL_SIGNED", f"the model did not come with the program; it is {model.standing.words}")


def _inputs(model: DoseModel | None, factors: Factors) -> dict[str, str]:
    """What entered the calculation, in words."""
    known = {each.name: each for each in model.tabular.inputs} if model else {}
    return {
        known[name].label if name in known else name.replace("_", " "): (
            known[name].words(value) if name in known else str(value)
        )
        for name, value in factors.items()
    }
