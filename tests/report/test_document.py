"""The published JSON: exact, reversible, and refused when it is not what it says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import cast

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from starling.assessment import Assessment, Run
from starling.errors import InputError
from starling.report.document import document, document_parts, from_json, json_line, parse, to_json
from starling.serial.digest import result_digest
from starling.serial.document import from_jsonable, to_jsonable
from tests.effort import examples
from tests.report.sample_assessment import hostile_assessment, sample_assessment
from tests.report.strategies import assessments

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/reference/assessments.schema.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
SLOW = settings(max_examples=examples(20, 60), suppress_health_check=list(HealthCheck), deadline=None)


@SLOW
@given(st.lists(assessments(), max_size=2).map(tuple))
def test_a_document_reads_back_as_what_was_written(people: tuple[Assessment, ...]) -> None:
    assert parse(document(people)) == people


@SLOW
@given(assessments())
def test_every_document_obeys_the_published_schema(assessment: Assessment) -> None:
    VALIDATOR.validate(json.loads(document([assessment])))


@SLOW
@given(assessments())
def test_one_assessment_reads_back_from_one_line(assessment: Assessment) -> None:
    line = to_json(assessment)
    assert "\n" not in line
    assert from_json(line) == assessment


@SLOW
@given(assessments())
def test_plain_data_read_back_unchanged(assessment: Assessment) -> None:
    assert from_jsonable(json.loads(json.dumps(to_jsonable(assessment)))) == assessment


def test_json_lines_read_back_even_with_odd_line_separators_in_texts() -> None:
    first, second = sample_assessment(sample="a\u2028b\x85c"), hostile_assessment()
    assert parse(json_line(first) + json_line(second)) == (first, second)


def test_a_document_is_the_same_every_time() -> None:
    assert document([sample_assessment()]) == document([sample_assessment()])


def test_each_gene_and_drug_stands_on_its_own_line() -> None:
    lines = document([sample_assessment()]).splitlines()
    genes = [line for line in lines if line.startswith('{"gene":')]
    drugs = [line for line in lines if line.startswith('{"drug":')]
    assert len(genes) == len(sample_assessment().genes)
    assert len(drugs) == len(sample_assessment().drugs)


def test_the_published_fields_are_there_by_name() -> None:
    data = to_jsonable(sample_assessment())
    assert list(data) == ["sample", "subject", "result_sha256", "provenance", "run", "genes", "drugs"]
    contract = {"source", "guideline", "population", "genes", "phenotype_used", "action", "strength", "summary"}
    contract |= {"detail", "dose", "alternatives", "monitor", "conditions", "implications", "pmids"}
    row = json.loads(document([sample_assessment()]))["assessments"][0]["drugs"][0]["recommendations"][0]
    assert contract <= set(row)


def test_the_digest_ignores_when_it_ran_and_nothing_else() -> None:
    before = sample_assessment()
    later = replace(before, run=Run("2030-01-01T00:00:00+00:00", {}))
    other = replace(before, sample="somebody else")
    assert result_digest(to_jsonable(later)) == before.result_sha256
    assert result_digest(to_jsonable(other)) != before.result_sha256


def test_a_number_that_json_cannot_say_is_never_written() -> None:
    person = replace(sample_assessment(), run=Run("now", {"read": float("nan")}))
    with pytest.raises(ValueError, match="Out of range"):
        document([person])


def _changed(path: tuple[str | int, ...], value: object) -> str:
    data = json.loads(document([sample_assessment()]))
    target = data
    for step in path[:-1]:
        target = target[step]
    target[path[-1]] = value
    return json.dumps(data)


def _paths(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield path
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _paths(inner, (*path, key))
    elif isinstance(value, list) and value:
        yield from _paths(value[0], (*path, 0))


PERSON = ("assessments", 0)
FREE = {"options"}


@pytest.mark.parametrize(
    "path",
    [path for path in _paths(json.loads(document([sample_assessment()]))) if path and not FREE & set(path)],
    ids=str,
)
def test_a_field_of_the_wrong_type_is_refused(path: tuple[str | int, ...]) -> None:
    with pytest.raises(InputError) as refused:
        parse(_changed(path, [[3.5]]), source="report.json")
    assert refused.value.code == "BAD_JSON"
    assert refused.value.source == "report.json"


@pytest.mark.parametrize("missing", ["sample", "genes", "drugs", "provenance", "run", "subject", "result_sha256"])
def test_a_missing_field_is_refused_by_name(missing: str) -> None:
    data = json.loads(document([sample_assessment()]))
    del data["assessments"][0][missing]
    with pytest.raises(InputError, match=missing):
        parse(json.dumps(data))


@pytest.mark.parametrize(
    "path", [("new",), (*PERSON, "new"), (*PERSON, "genes", 0, "new"), (*PERSON, "drugs", 0, "new")]
)
def test_an_unknown_field_is_refused_by_name_because_it_could_matter(path: tuple[str | int, ...]) -> None:
    with pytest.raises(InputError, match="unknown fields: new"):
        parse(_changed(path, "?"))
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate(json.loads(_changed(path, "?")))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ((*PERSON, "genes", 0, "phenotype"), "Normal Metabolizer"),
        ((*PERSON, "drugs", 0, "headline_action"), "standard"),
        ((*PERSON, "subject", "name"), "somebody else"),
    ],
)
def test_a_changed_result_is_refused_because_its_digest_is_false(path: tuple[str | int, ...], value: str) -> None:
    with pytest.raises(InputError, match="result_sha256"):
        parse(_changed(path, value))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "{}",
        "not json",
        '{"schema":"starling.assessments/2","assessments":[]}',
        '{"schema":"starling.assessments/1"}',
        '{"schema":"starling.assessments/1","assessments":{}}',
        '{"schema":"starling.assessments/1","assessments":[1]}',
        '{"schema":"starling.assessments/1","schema":"starling.assessments/1","assessments":[]}',
        '{"schema":"starling.assessments/1","assessments":[NaN]}',
        '{"schema":"starling.assessments/1","assessments":[1e999]}',
        "[" * 100_000,
        '{"sample":\n\n',
    ],
    ids=range(14),
)
def test_what_is_no_document_is_refused(text: str) -> None:
    with pytest.raises(InputError) as refused:
        parse(text)
    assert refused.value.code == "BAD_JSON"


def test_a_bad_line_is_named_by_its_number() -> None:
    with pytest.raises(InputError, match=r"people\.jsonl:2: not JSON"):
        parse(json_line(sample_assessment()) + "{oops\n", source="people.jsonl")


def test_one_assessment_is_not_several_and_not_none() -> None:
    for people in ([], [sample_assessment(), sample_assessment()]):
        with pytest.raises(InputError, match="one assessment expected"):
            from_json(document(people))
    assert from_json(document([sample_assessment()])) == sample_assessment()


@SLOW
@given(st.text(max_size=200))
def test_no_text_does_more_than_be_refused(text: str) -> None:
    with pytest.raises(InputError):
        parse(text)


@pytest.mark.parametrize("deep", [40, 200, 900, 3000])
def test_json_nested_without_end_is_refused(deep: int) -> None:
    text = to_json(sample_assessment())
    assert '"options":{' in text
    for opened, closed in (("[", "]"), ('{"x":', "}")):
        inner = "null" if opened != "[" else ""
        nested = text.replace('"options":{', '"options":{"x":' + opened * deep + inner + closed * deep + ",", 1)
        with pytest.raises(InputError) as caught:
            from_json(nested)
        assert caught.value.code == "BAD_JSON"


def test_objects_nested_without_end_are_refused_too() -> None:
    data = to_jsonable(sample_assessment())
    inner: list[object] = []
    for _ in range(900):
        inner = [inner]
    data["provenance"] = {**cast(dict[str, object], data["provenance"]), "options": {"x": inner}}
    with pytest.raises(InputError) as caught:
        from_jsonable(data)
    assert caught.value.code == "BAD_JSON"


@pytest.mark.parametrize("attack", ["\x1b[2J", "\x9b2J", "\u202eevil", "\u2066"])
def test_json_steers_no_terminal_and_reads_back_the_same(attack: str) -> None:
    named = replace(sample_assessment(), sample=f"Ann{attack}")
    named = replace(named, result_sha256=result_digest(to_jsonable(named)))
    for text in (to_json(named), document([named])):
        assert attack[0] not in text
        assert from_json(text) == named


def test_an_error_before_the_first_person_leaves_no_half_document() -> None:
    def nobody() -> Iterator[Assessment]:
        yield from ()
        raise InputError("NO_GENOTYPES", "no record has a GT field")

    parts = document_parts(nobody())
    with pytest.raises(InputError):
        next(parts)
