"""FHIR bundles of other laboratories: what is read, what is not believed, and that no bundle brings the reader down."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import starling
from starling.errors import InputError
from starling.formats.outside import is_result, parse_outside_calls
from starling.vocabulary import OutsideCall
from tests.commands import run
from tests.effort import examples
from tests.exchange.fhir.checks import GUIDE, require

Json = dict[str, Any]
LOINC = "http://loinc.org"
TBD = "http://hl7.org/fhir/uv/genomics-reporting/CodeSystem/tbd-codes-cs"
HGNC = "http://www.genenames.org"
HIGH: Json = {"code": {"text": "Activity score"}, "valueString": "high"}


def concept(system: str, code: str, display: str = "") -> Json:
    return {"coding": [{"system": system, "code": code, **({"display": display} if display else {})}]}


def gene(symbol: str, code: str = "") -> Json:
    value: Json = {"text": symbol} if not code else concept(HGNC, code, symbol)
    return {"code": concept(LOINC, "48018-6"), "valueCodeableConcept": value}


def genotype(text: str, *components: Json, **fields: object) -> Json:
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": concept(LOINC, "84413-4"),
        "valueCodeableConcept": {"text": text},
        "component": list(components),
        **fields,
    }


def haplotype(text: str, *components: Json, **fields: object) -> Json:
    return {**genotype(text, *components, **fields), "code": concept(LOINC, "84414-2")}


def implication(of: Sequence[str], answer: str) -> Json:
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": concept(TBD, "therapeutic-implication"),
        "derivedFrom": [{"reference": each} for each in of],
        "component": [
            {"code": concept(TBD, "therapeutic-implication"), "valueCodeableConcept": concept(LOINC, answer)}
        ],
    }


def bundled(*resources: object) -> str:
    return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": [{"resource": r} for r in resources]})


def read(*resources: object) -> tuple[OutsideCall, ...]:
    return parse_outside_calls(bundled(*resources), source="lab.json")


def only(*resources: object) -> OutsideCall:
    (call,) = read(*resources)
    return call


# --- what is read -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "diplotype"),
    [
        ("CYP2D6*7.001 / CYP2D6*1.001", "*7.001/*1.001"),
        ("CYP2D6 *4/*35B", "*4/*35B"),
        ("*1/*4", "*1/*4"),
        ("CYP2D6: *1/*36+*10", "*1/*36+*10"),
        ("CYP2D6 *1/*4 or *1x2/*4", "*1/*4 or *1x2/*4"),
    ],
)
def test_a_genotype_is_read_without_the_gene_before_its_alleles(text: str, diplotype: str) -> None:
    call = only(genotype(text, gene("CYP2D6")))
    assert (call.gene, call.diplotype) == ("CYP2D6", diplotype)


def test_a_genotype_without_text_is_read_from_what_its_code_shows() -> None:
    shown = genotype("", gene("CYP2C19"))
    shown["valueCodeableConcept"] = concept("http://www.ncbi.nlm.nih.gov/clinvar", "638797", "CYP2C19*2/*2")
    assert only(shown).diplotype == "*2/*2"


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("VKORC1 rs9923231 C/T", "rs9923231 reference (C)/rs9923231 variant (T)"),
        ("VKORC1 rs9923231 G/A", "not determined"),  # of the other strand: never guessed
        ("VKORC1 C/T", "not determined"),  # of which position is not said
    ],
)
def test_the_bases_of_one_position_are_read_where_the_position_is_named(text: str, label: str) -> None:
    assert starling.assess(outside=read(genotype(text, gene("VKORC1")))).gene("VKORC1").label == label


@pytest.mark.parametrize(
    ("listed", "diplotype"),
    [
        ("hla#3.31.0#HLA-A*03:01:01:01+HLA-A*30:01:01", "*03:01:01:01/*30:01:01"),
        ("hla#3.31.0#HLA-A*03:01+HLA-A*30:01/HLA-A*30:02", "indeterminate"),  # either of two: no pair of three alleles
    ],
)
def test_a_genotype_list_is_one_pair_or_none(listed: str, diplotype: str) -> None:
    hla = genotype("", gene("HLA-A"))
    hla["valueCodeableConcept"] = concept("http://glstring.org", listed)
    assert only(hla).diplotype == diplotype


def test_a_gene_is_known_by_its_code_where_no_name_stands() -> None:
    assessment = starling.assess(outside=read(genotype("*1/*4", gene("", "HGNC:2625"))))
    assert assessment.gene("CYP2D6").label == "*1/*4"


def test_two_haplotypes_of_a_gene_are_a_diplotype_and_one_is_one() -> None:
    assert only(haplotype("CYP2C9*1"), haplotype("CYP2C9*2")).diplotype == "*1/*2"
    assert only(haplotype("CYP2C9*2")).diplotype == "*2"


def test_haplotypes_of_a_genotype_are_not_counted_again() -> None:
    assert [each.diplotype for each in read(genotype("CYP2C9 *1/*2"), haplotype("CYP2C9*1"))] == ["*1/*2"]


def test_the_phenotype_of_implications_that_rest_on_the_genotype_alone() -> None:
    patient = genotype("CYP2C19 *2/*2", id="g")
    call = only(patient, implication(["Observation/g"], "LA9657-3"), implication(["Observation/g"], "LA9657-3"))
    assert call.phenotype == "Poor Metabolizer"


def test_an_implication_of_two_genes_is_the_phenotype_of_neither() -> None:
    found = read(
        genotype("CYP2C9 *1/*1", id="a"),
        genotype("CYP2C19 *1/*1", id="b"),
        implication(["Observation/a", "Observation/b"], "LA25391-6"),
    )
    assert [each.phenotype for each in found] == ["", ""]


def test_implications_that_contradict_each_other_are_no_phenotype_and_leave_a_doubt() -> None:
    patient = genotype("CYP2C19 *2/*2", id="g")
    call = only(patient, implication(["Observation/g"], "LA9657-3"), implication(["Observation/g"], "LA25391-6"))
    assert (call.phenotype, call.note) == ("", "its implications state Poor Metabolizer and Normal Metabolizer")


def test_the_sender_and_the_patient_are_named() -> None:
    text = bundled(
        {"resourceType": "Patient", "id": "p", "identifier": [{"value": "MRN 7"}]},
        {"resourceType": "Organization", "id": "o", "name": "Laboratory South"},
        genotype(
            "CYP2C19 *1/*2",
            subject={"reference": "Patient/p"},
            performer=[{"reference": "Organization/o"}],
        ),
    )
    (call,) = parse_outside_calls(text, source="lab.json")
    assert (call.sample, call.tool) == ("MRN 7", "Laboratory South (FHIR Bundle)")


def test_through_the_command_line_the_sender_stands_in_the_provenance(tmp_path: Path) -> None:
    path = tmp_path / "bundle.json"
    path.write_text(bundled(genotype("CYP2C19 *2/*2")), encoding="utf-8")
    done = run("report", "--outside", str(path), "--format", "json")
    (person,) = json.loads(done.out)["assessments"]
    said = [each["message"] for each in person["provenance"]["notices"] if each["code"] == "OUTSIDE_TOOL"]
    assert said == ["bundle.json: results of FHIR Bundle; genes: CYP2C19."]
    assert run("check", "clopidogrel", "--outside", str(path)).code == 0
    assert run("report", str(path), "--format", "json").out.count('"CYP2C19"') > 0  # as an input, too


# --- what is not believed ---------------------------------------------------------------------------------------------


def phenotype_of(*resources: object) -> tuple[str | None, bool]:
    found = starling.assess(outside=read(*resources)).gene("CYP2C19")
    return found.phenotype, found.phenotype_certain


@pytest.mark.parametrize("status", ["preliminary", "registered", "unknown", ""])
def test_a_result_that_is_not_final_is_never_certain(status: str) -> None:
    assert phenotype_of(genotype("CYP2C19 *1/*1", status=status)) == ("Normal Metabolizer", False)
    assert phenotype_of(genotype("CYP2C19 *1/*1")) == ("Normal Metabolizer", True)


@pytest.mark.parametrize("status", ["cancelled", "entered-in-error"])
def test_a_result_that_was_taken_back_states_nothing(status: str) -> None:
    assert phenotype_of(genotype("CYP2C19 *1/*1", status=status)) == (None, False)
    assert [each.gene for each in read(haplotype("CYP2C9*1", status=status), genotype("CYP2C19 *1/*1"))] == ["CYP2C19"]


def test_an_absent_value_is_no_result() -> None:
    absent = genotype("", gene("CYP2C19"), dataAbsentReason={"text": "failed"})
    del absent["valueCodeableConcept"]
    assert phenotype_of(absent) == (None, False)


@pytest.mark.parametrize("code", ["HGNC:2625", "HGNC:262", "2625"])
def test_a_gene_with_the_code_of_another_is_refused(code: str) -> None:
    with pytest.raises(InputError, match=r"CYP2C19 is written with the code of (CYP2D6|another gene)"):
        starling.assess(outside=read(genotype("*1/*1", gene("CYP2C19", code))))


def test_no_call_of_an_allele_is_not_its_absence() -> None:
    def answered(code: str) -> OutsideCall:
        part = {"code": {"text": "HLA-B*57:01"}, "valueCodeableConcept": concept(LOINC, code)}
        return only(genotype("HLA-B typing", gene("HLA-B"), part))

    assert [answered(code).phenotype for code in ("LA9633-4", "LA9634-2", "LA18198-4")] == [
        "*57:01 positive",
        "*57:01 negative",
        "",
    ]


def test_a_phenotype_that_its_sender_doubts_is_not_certain() -> None:
    parts = (
        {"code": {"text": "Phenotype"}, "valueCodeableConcept": {"text": "Normal Metabolizer (not certain)"}},
        {"code": {"text": "Certainty of the phenotype"}, "valueString": "not certain"},
    )
    assert phenotype_of(genotype("CYP2C19 *1/*1", gene("CYP2C19"), *parts)) == ("Normal Metabolizer", False)


def test_a_genotype_of_no_gene_is_named_by_its_place_and_passed_over() -> None:
    found = starling.assess(outside=read(genotype("NM_022787.3:c.[53A>G]"), genotype("CYP2C19 *1/*1")))
    said = [each.message for each in found.provenance.notices if each.code == "GENES_NOT_COVERED"]
    assert said == ["lab.json: not covered here and passed over: entry 1 (NM_022787.3:c.[53A>G])."]


def test_two_people_in_one_bundle_are_told_apart() -> None:
    both = [genotype("CYP2C19 *1/*1", subject={"reference": f"Patient/{each}"}) for each in "ab"]
    with pytest.raises(InputError, match="holds results of 2 people"):
        starling.assess(outside=read(*both))


# --- what is refused, with the file and the entry ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("resources", "message"),
    [
        (["no object"], r"entry 1: its resource is no FHIR resource"),
        ([{"id": "x"}], r"entry 1: its resource is no FHIR resource"),
        ([genotype("x", component="no list")], r"entry 1 \(Observation\): component is no list"),
        ([genotype("x", component=[1])], r"entry 1 \(Observation\): component 1 is no object"),
        ([genotype("x", code="84413-4")], r"entry 1 \(Observation\): code is no object"),
        ([genotype("x", code={"coding": {}})], r"entry 1 \(Observation\): the coding of code is no list"),
        ([genotype("", id="g1")], r"entry 1 \(Observation/g1\): its value has neither text, display nor code"),
        ([genotype("x"), genotype("y", valueString="*1/*2")], r"entry 2 .*is a valueCodeableConcept, valueString"),
        ([genotype("x", gene("CYP2D6"), HIGH)], r"entry 1 .*: component 2: 'high' is not an activity score"),
        ([genotype("a", id="g"), genotype("b", id="g")], r"entry 2 \(Observation/g\): entry 1 has the same address"),
        ([{"resourceType": "Patient"}], r"none of its 1 resources is a genotype or haplotype"),
        ([], r"none of its 0 resources"),
    ],
)  # fmt: skip
def test_an_error_names_the_file_and_the_entry(resources: list[object], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        read(*resources)
    assert (caught.value.code, caught.value.source) == ("BAD_OUTSIDE_CALL", "lab.json")


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"resourceType": "Observation"}, "a FHIR Observation alone; a Bundle"),
        ({"resourceType": "Bundle", "entry": {}}, "the entry of a Bundle is a list"),
        ({"resourceType": "Bundle", "entry": [1]}, "entry 1 is no object"),
        ({"resourceType": "Bundle", "entry": [{}] * 100_001}, "100,001 entries; at most 100,000"),
    ],
)
def test_what_is_no_bundle_is_refused(document: Json, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_outside_calls(json.dumps(document), source="lab.json")


def test_a_bundle_nested_ten_thousand_deep_is_refused_at_once() -> None:
    text = bundled(genotype("CYP2C19 *1/*1")).replace('"CYP2C19 *1/*1"', "[" * 10_000 + "]" * 10_000)
    with pytest.raises(InputError, match="nested too deeply"):
        parse_outside_calls(text, source="lab.json")


def test_a_long_bundle_is_known_by_its_beginning() -> None:
    assert is_result(bundled(genotype("CYP2C19 *1/*1")).encode()[:80])


# --- nothing brings the reader down -----------------------------------------------------------------------------------

_SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
_ANY = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
)
_NAMES = ("status", "code", "valueCodeableConcept", "component", "subject", "performer", "derivedFrom", "id", "device")


@given(st.lists(st.tuples(st.sampled_from(_NAMES), _ANY), max_size=3))
@settings(max_examples=examples(60, 5_000))
def test_any_value_in_any_field_is_read_or_refused(changes: list[tuple[str, object]]) -> None:
    spoiled = {**genotype("CYP2C19 *1/*2", gene("CYP2C19", "HGNC:2621")), **dict(changes)}
    try:
        calls = read(spoiled, genotype("CYP2C9 *1/*1"))
    except InputError as error:
        assert error.code == "BAD_OUTSIDE_CALL"
    else:
        assert all(isinstance(each, OutsideCall) for each in calls)


@given(_ANY)
@settings(max_examples=examples(60, 5_000))
def test_any_value_as_an_entry_is_read_or_refused(entry: object) -> None:
    text = json.dumps({"resourceType": "Bundle", "entry": [entry, {"resource": genotype("CYP2C9 *1/*1")}]})
    try:
        assert parse_outside_calls(text, source="lab.json")
    except InputError as error:
        assert error.code == "BAD_OUTSIDE_CALL"


@given(st.text(max_size=40), st.sampled_from(["CYP2D6", "HLA-A", ""]))
@settings(max_examples=examples(100, 5_000))
def test_any_text_as_a_genotype_is_a_statement_and_never_a_traceback(text: str, symbol: str) -> None:
    try:
        (call,) = read(genotype(text, *([gene(symbol)] if symbol else [])))
    except InputError as error:
        assert error.code == "BAD_OUTSIDE_CALL"
    else:
        assert call.gene


# --- the official examples --------------------------------------------------------------------------------------------


def official(name: str) -> list[tuple[str, str, str]]:
    require(GUIDE)
    text = (GUIDE / "example" / f"Bundle-bundle-{name}.json").read_text(encoding="utf-8")
    return [(each.gene, each.diplotype, each.phenotype) for each in parse_outside_calls(text, source=name)]


def test_the_official_bundle_of_pharmacogenetics_is_read() -> None:
    assert official("pgxexample") == [("CYP2C9 (HGNC:2623)", "*4/*35B", "Rapid Metabolizer")]


def test_the_official_bundle_of_hla_types_is_read() -> None:
    assert official("CG-IG-HLA-FullBundle-01")[1:] == [
        ("HLA-B (HGNC:4932)", "*15:01:01G/*57:01:01G", ""),
        ("HLA-C (HGNC:4933)", "*01:02:01G/*03:04:01G", ""),
    ]


def test_the_official_bundle_of_variants_alone_is_no_result() -> None:
    with pytest.raises(InputError, match="single variants are no result of a gene"):
        official("CYP2C19")
