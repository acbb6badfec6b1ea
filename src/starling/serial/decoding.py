"""Plain dictionaries in the published shape -> Assessment; the way back of `starling.serial.encoding`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, cast

from starling.assessment import (
    Adjusted,
    Advice,
    Alternative,
    Assessment,
    CheckedAlternative,
    Condition,
    Disagreement,
    Dose,
    DrugResult,
    GeneResult,
    Harm,
    InputStamp,
    KnowledgeStamp,
    MedicineEffect,
    OpenCondition,
    Provenance,
    Recommendation,
    Run,
)
from starling.serial.fields import Fields, Value
from starling.vocabulary import BuildName, CopyNumber, Notice, Presence, VariantCopies, Why

CallStatus = Literal["called", "ambiguous", "undetermined"]
DrugStatus = Literal["advice", "no_result", "no_row", "no_guideline"]
CallSource = Literal["sample", "outside"]
PhenotypeUsed = Literal["genetic", "adjusted"]
Effect = Literal["adjusted", "condition", "no_difference", "not_considered"]


def assessment_from(fields: Fields) -> Assessment:
    """The assessment that the published object states.  Raises: InputError (BAD_JSON), the sender's."""
    return Assessment(
        sample=fields.text("sample"),
        subject=fields.mapping("subject", str),
        result_sha256=fields.text("result_sha256"),
        provenance=fields.one("provenance", _provenance),
        run=fields.one("run", _run),
        genes=fields.rows("genes", gene_from),
        drugs=fields.rows("drugs", _drug),
    )


def _run(fields: Fields) -> Run:
    return Run(
        created=fields.text("created"),
        timings_ms=fields.mapping("timings_ms", float),
        notices=fields.rows("notices", _notice),
    )


def _provenance(fields: Fields) -> Provenance:
    return Provenance(
        program=fields.text("program"),
        knowledge=fields.one("knowledge", _knowledge),
        input=fields.one("input", _input),
        options=fields.anything("options"),
        positions=fields.mapping("positions", int),
        notices=fields.rows("notices", _notice),
    )


def _knowledge(fields: Fields) -> KnowledgeStamp:
    return KnowledgeStamp(
        version=fields.text("version"),
        sha256=fields.text("sha256"),
        as_of=fields.text("as_of"),
        checked_on=fields.text("checked_on"),
        signed_by=fields.text("signed_by"),
    )


def _input(fields: Fields) -> InputStamp:
    build = None if fields.take("build") is None else cast(BuildName, fields.choice("build", BuildName))
    return InputStamp(
        name=fields.text("name"),
        bytes=fields.integer_or_none("bytes"),
        evidence_sha256=fields.text("evidence_sha256"),
        file_sha256=fields.text_or_none("file_sha256"),
        build=build,
        build_from=fields.text_or_none("build_from"),
        reader=fields.text_or_none("reader"),
        order=fields.text_or_none("order") if "order" in fields.names() else None,
    )


def _notice(fields: Fields) -> Notice:
    return Notice(code=fields.text("code"), message=fields.text("message"))


def gene_from(fields: Fields) -> GeneResult:
    """One gene's entry as a value."""
    return GeneResult(
        gene=fields.text("gene"),
        status=cast(CallStatus, fields.choice("status", CallStatus)),
        reason=fields.text_or_none("reason"),
        diplotypes=fields.text_lists("diplotypes"),
        label=fields.text("label"),
        phenotype=fields.text_or_none("phenotype"),
        phenotype_certain=fields.flag("phenotype_certain"),
        phenotype_alternatives=fields.rows("phenotype_alternatives", _alternative),
        activity_score=fields.text_or_none("activity_score"),
        activity_score_alternatives=fields.texts("activity_score_alternatives"),
        variants=fields.rows("variants", _variant),
        copy_number=cast(CopyNumber, fields.choice("copy_number", CopyNumber)),
        presence=fields.one("presence", _presence),
        adjusted=fields.one_or_none("adjusted", _adjusted),
        source=cast(CallSource, fields.choice("source", CallSource)),
        conflict=fields.text_or_none("conflict"),
        research_only=fields.flag("research_only"),
        missing_positions=fields.texts("missing_positions"),
        cannot_exclude=fields.texts("cannot_exclude"),
        warnings=fields.rows("warnings", _notice),
    )


def _presence(fields: Fields) -> dict[str, Presence]:
    return {name: cast(Presence, fields.choice(name, Presence)) for name in fields.names()}


def _alternative(fields: Fields) -> Alternative:
    why = fields.text("why")
    if why not in Why.__members__.values():
        raise fields.wrong("why", "one of " + ", ".join(Why))
    return Alternative(
        phenotype=fields.text_or_none("phenotype"), diplotypes=fields.text_lists("diplotypes"), why=Why(why)
    )


def _variant(fields: Fields) -> VariantCopies:
    return VariantCopies(
        name=fields.text("name"),
        copies=fields.integer_or_none("copies"),
        fraction=fields.number_or_none("fraction"),
    )


def _adjusted(fields: Fields) -> Adjusted:
    return Adjusted(
        phenotype=fields.text_or_none("phenotype"),
        activity_score=fields.text_or_none("activity_score"),
        by=fields.text("by"),
    )


def _drug(fields: Fields) -> DrugResult:
    drug = fields.text("drug")
    return DrugResult(
        drug=drug,
        status=cast(DrugStatus, fields.choice("status", DrugStatus)),
        headline_action=fields.text_or_none("headline_action"),
        genes_missing=fields.texts("genes_missing"),
        disagreement=fields.one_or_none("disagreement", _disagreement),
        recommendations=fields.rows("recommendations", lambda row: _recommendation(row, drug)),
        notes=fields.rows("notes", _notice),
        conditions_open=_later(fields, "conditions_open", _open_condition),
        medicines=_later(fields, "medicines", _medicine),
        alternatives=_later(fields, "alternatives", _checked),
        harm=fields.one_or_none("harm", _harm) if "harm" in fields.names() else None,
        answer=fields.text("answer") if "answer" in fields.names() else "",
        test_first=fields.texts("test_first") if "test_first" in fields.names() else (),
    )


def _later(fields: Fields, name: str, build: Callable[[Fields], Value]) -> tuple[Value, ...]:
    """Rows that older documents do not hold."""
    return fields.rows(name, build) if name in fields.names() else ()


def _harm(fields: Fields) -> Harm:
    return Harm(
        level=fields.text("level"),
        what=fields.text("what"),
        gene=fields.text("gene"),
        result=fields.text("result"),
        source=fields.text("source"),
    )


def _open_condition(fields: Fields) -> OpenCondition:
    return OpenCondition(
        ask=fields.text("ask"),
        key=fields.text("key"),
        action=fields.text("action"),
        source=fields.text("source"),
    )


def _medicine(fields: Fields) -> MedicineEffect:
    effect = cast(Effect, fields.choice("effect", Effect))
    return MedicineEffect(name=fields.text("name"), effect=effect, text=fields.text("text"))


def _checked(fields: Fields) -> CheckedAlternative:
    return CheckedAlternative(
        drug=fields.text("drug"),
        action=fields.text_or_none("action"),
        why=fields.text("why"),
        offered=fields.flag("offered"),
    )


def _disagreement(fields: Fields) -> Disagreement:
    return Disagreement(what=fields.text("what"), by=fields.texts("by"))


def _recommendation(fields: Fields, drug: str) -> Recommendation:
    return Recommendation(
        drug=drug,
        source=fields.text("source"),
        guideline=fields.text("guideline"),
        population=fields.text("population"),
        genes=fields.mapping("genes", str),
        phenotype_used=cast(PhenotypeUsed, fields.choice("phenotype_used", PhenotypeUsed)),
        strength=fields.text("strength"),
        action=fields.text("action"),
        advice=_advice(fields),
        implications=fields.texts("implications"),
        pmids=fields.texts("pmids"),
        text_as_of=fields.text("text_as_of"),
        checked_on=fields.text("checked_on"),
        notes=fields.rows("notes", _notice),
    )


def _advice(fields: Fields) -> Advice:
    return Advice(
        id=fields.text("advice_id"),
        action=fields.text("advice_action"),
        summary=fields.text("summary"),
        detail=fields.text("detail"),
        dose=fields.rows("dose", _dose),
        alternatives=fields.texts("alternatives"),
        not_alternatives=fields.texts("not_alternatives"),
        monitor=fields.texts("monitor"),
        titrate=fields.flag("titrate"),
        conditions=fields.rows("conditions", _condition),
        fallback=fields.one_or_none("fallback", _condition),
        genes_missing=fields.texts("genes_missing"),
    )


def _condition(fields: Fields) -> Condition:
    return Condition(
        when=fields.text("when"),
        action=fields.text("action"),
        dose=fields.rows("dose", _dose),
        alternatives=fields.texts("alternatives"),
        key=fields.text("key") if "key" in fields.names() else "",
    )


def _dose(fields: Fields) -> Dose:
    return Dose(
        basis=fields.text("basis"),
        factor=fields.number_or_none("factor"),
        factor_min=fields.number_or_none("factor_min"),
        factor_max=fields.number_or_none("factor_max"),
        value=fields.number_or_none("value"),
        max=fields.number_or_none("max"),
        unit=fields.text_or_none("unit"),
        text=fields.text("text"),
    )
