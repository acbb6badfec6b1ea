"""Assessments of any content that the types allow."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

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
    InputStamp,
    KnowledgeStamp,
    MedicineEffect,
    OpenCondition,
    Provenance,
    Recommendation,
    Run,
)
from starling.definitions import ACTIONS
from starling.serial.digest import result_digest
from starling.serial.document import to_jsonable
from starling.vocabulary import Notice, VariantCopies, Why

text = st.text(max_size=8)
texts = st.lists(text, max_size=2).map(tuple)
maybe_text = st.none() | text
mapping = st.dictionaries(text, text, max_size=2)
number = st.none() | st.floats(min_value=0, max_value=1e4)
action = st.sampled_from(ACTIONS)
score = st.none() | st.sampled_from(("0.0", "1.25", ">=3.0"))
sha = st.text("0123456789abcdef", min_size=64, max_size=64)
notices = st.lists(st.builds(Notice, st.text(min_size=1, max_size=5), text), max_size=2).map(tuple)
diplotype = st.lists(text, min_size=1, max_size=2).map(tuple)
diplotypes = st.lists(diplotype, max_size=2).map(tuple)
presence = st.dictionaries(text, st.sampled_from(("positive", "negative", "nocall")), max_size=2)


def some(strategy: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[object, ...]]:
    """Up to two values, as a tuple."""
    return st.lists(strategy, max_size=2).map(tuple)


dose = st.builds(Dose, text, number, number, number, number, number, maybe_text, text)
condition = st.builds(Condition, text, action, some(dose), texts, text)
advice = st.builds(
    Advice,
    text,
    action,
    text,
    text,
    some(dose),
    texts,
    texts,
    texts,
    st.booleans(),
    some(condition),
    st.none() | condition,
    texts,
)
gene = st.builds(
    GeneResult,
    text,
    st.sampled_from(("called", "ambiguous", "undetermined")),
    maybe_text,
    diplotypes,
    text,
    maybe_text,
    st.booleans(),
    some(st.builds(Alternative, maybe_text, diplotypes, st.sampled_from(Why))),
    score,
    some(st.sampled_from(("0.0", "1.25", ">=3.0"))),
    some(st.builds(VariantCopies, text, st.none() | st.integers(0, 4), st.none() | st.floats(0, 1))),
    st.sampled_from(("assessed", "not_assessed", "not_applicable")),
    presence,
    st.none() | st.builds(Adjusted, maybe_text, score, text),
    st.sampled_from(("sample", "outside")),
    maybe_text,
    st.booleans(),
    texts,
    texts,
    notices,
)


@st.composite
def drugs(draw: st.DrawFn) -> DrugResult:
    """A drug whose recommendations are about itself."""
    name = draw(text)
    recommendation = st.builds(
        Recommendation,
        st.just(name),
        text,
        text,
        text,
        mapping,
        st.sampled_from(("genetic", "adjusted")),
        text,
        action,
        advice,
        texts,
        texts,
        text,
        text,
        notices,
    )
    status = st.sampled_from(("advice", "no_result", "no_row", "no_guideline"))
    differ = st.none() | st.builds(Disagreement, text, texts)
    rows = some(recommendation)
    effect = st.sampled_from(("adjusted", "condition", "no_difference", "not_considered"))
    asked = some(st.builds(OpenCondition, text, text, action, text))
    medicines = some(st.builds(MedicineEffect, text, effect, text))
    checked = some(st.builds(CheckedAlternative, text, st.none() | action, text, st.booleans()))
    told = (texts, differ, rows, notices, asked, medicines, checked)
    return draw(st.builds(DrugResult, st.just(name), status, st.none() | action, *told))


json_value = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(allow_nan=False, allow_infinity=False) | text,
    lambda inner: st.lists(inner, max_size=2).map(tuple) | st.dictionaries(text, inner, max_size=2),
    max_leaves=4,
)
positions = st.fixed_dictionaries(
    {name: st.integers(0, 1300) for name in ("called", "nocall", "notassayed", "filled_as_reference")}
)
input_stamp = st.builds(
    InputStamp,
    text,
    st.none() | st.integers(0, 10**12),
    text,
    maybe_text,
    st.sampled_from(("GRCh38", "GRCh37", None)),
    st.sampled_from(("contig", "reference", "option", None)),
    maybe_text,
)
provenance = st.builds(
    Provenance,
    text,
    st.builds(KnowledgeStamp, text, text, text, text, text),
    input_stamp,
    st.dictionaries(text, json_value, max_size=2),
    positions,
    notices,
)
run = st.builds(Run, text, st.dictionaries(text, st.floats(0, 1e6), max_size=2), notices)


@st.composite
def assessments(draw: st.DrawFn) -> Assessment:
    """An assessment whose digest is true."""
    made = st.builds(Assessment, text, mapping, st.just(""), provenance, run, some(gene), some(drugs()))
    assessment = draw(made)
    return replace(assessment, result_sha256=result_digest(to_jsonable(assessment)))
