"""An assessment as a Bundle: what it carries, and what it must never make of what is not known."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import starling
from starling.exchange.fhir.bundle import bundle, document
from starling.values import replace
from tests.commands import run
from tests.exchange.fhir.people import EXAMPLE, bundle_of, codes, engine, genotype, parts, people, resources

NAMES = tuple(people())
Json = dict[str, Any]


def walk(value: object) -> Iterator[Json]:
    """Every object inside."""
    if isinstance(value, dict):
        yield value
        for each in value.values():
            yield from walk(each)
    elif isinstance(value, list):
        for each in value:
            yield from walk(each)


@pytest.mark.parametrize("name", NAMES)
def test_every_reference_leads_to_a_resource_of_the_bundle(name: str) -> None:
    found = bundle_of(name)
    addresses = [entry["fullUrl"] for entry in found["entry"]]
    assert len(set(addresses)) == len(addresses)
    referred = {each["reference"] for each in walk(found) if isinstance(each.get("reference"), str)}
    assert referred <= set(addresses)


@pytest.mark.parametrize("name", NAMES)
def test_every_code_is_a_confirmed_one(name: str) -> None:
    """Codes of RxNorm, RefSeq and dbSNP are facts of other tables; everything else stands in the table of codes."""
    known = {(term.system, term.code) for term in codes().terms.values()}
    facts = {codes().system(each) for each in ("RxNorm", "RefSeq", "dbSNP", "UCUM")}
    notes = "http://hl7.org/fhir/uv/genomics-reporting/CodeSystem/coded-annotation-types-cs"
    written = {(each["system"], each["code"]) for each in walk(bundle_of(name)) if "system" in each and "code" in each}
    assert {each for each in written - known if each[0] not in {*facts, notes}} == set()


@pytest.mark.parametrize("name", NAMES)
def test_nothing_in_it_is_empty(name: str) -> None:
    assert [each for each in walk(bundle_of(name)) if {*map(str, each.values())} & {"", "[]", "{}", "None"}] == []


def test_the_same_result_gives_the_same_bundle_but_for_the_moment() -> None:
    first = people()["the example"]
    later = replace(first, run=replace(first.run, created="2027-01-01T00:00:00+00:00"))
    texts = [document([each], codes()).replace(each.run.created, "then") for each in (first, later)]
    assert texts[0] == texts[1]


def test_another_person_shares_no_id() -> None:
    ids = [{entry["fullUrl"] for entry in bundle_of(name)["entry"]} for name in NAMES[:2]]
    assert not ids[0] & ids[1]


def test_a_gene_without_a_call_is_in_the_report_and_never_normal() -> None:
    found = bundle_of("the example")
    hla = genotype(found, "HLA-B")
    assert hla["status"] == "cancelled"
    assert hla["valueCodeableConcept"] == {
        "text": "HLA-B: not determined, not readable from this file; needs the result of another laboratory"
    }
    assert {each["valueCodeableConcept"]["text"] for each in parts(hla, "HLA-B*57:01")} == {"No call"}
    assert parts(hla, "Phenotype") == []
    (report,) = resources(found, "DiagnosticReport")
    assert "Not determined, which does not mean normal: F2" in report["conclusion"]
    assert {"reference": f"urn:uuid:{hla['id']}"} in report["result"]


def test_positions_that_were_not_read_are_named() -> None:
    factor = genotype(bundle_of("the example"), "F5")
    assert [each["valueString"] for each in parts(factor, "Positions not read (GRCh38)")] == ["chr1:169549811"]
    assert [each["valueString"] for each in parts(factor, "Alleles not excluded")] == ["rs6025 Factor V Leiden (T)"]


def test_a_phenotype_that_is_not_certain_has_no_code_and_says_what_else_is_possible() -> None:
    found = genotype(bundle_of("the example"), "CYP2D6")
    (phenotype,) = parts(found, "Phenotype")
    assert phenotype["valueCodeableConcept"] == {"text": "Intermediate Metabolizer (not certain)"}
    assert [each["valueString"] for each in parts(found, "Also possible")] == [
        "*1x2/*4: Normal Metabolizer (the copy number was not determined)",
        "*1x>=3/*4: Ultrarapid Metabolizer (the copy number was not determined)",
    ]
    assert any("is not certain" in note["text"] for note in found["note"])


def test_a_certain_phenotype_is_coded() -> None:
    (phenotype,) = parts(genotype(bundle_of("the example"), "CYP2C19"), "Phenotype")
    (coding,) = phenotype["valueCodeableConcept"]["coding"]
    assert (coding["code"], coding["display"]) == ("LA10317-8", "Intermediate metabolizer")


def test_several_possible_diplotypes_are_all_named_and_none_is_taken_apart() -> None:
    found = bundle_of("a laboratory that is undecided")
    assert genotype(found, "CYP2D6")["valueCodeableConcept"] == {"text": "CYP2D6 *1/*4 or *1x2/*4"}
    assert resources(found, profile="haplotype") == []


def test_laboratories_that_disagree_give_no_coded_phenotype() -> None:
    found = genotype(bundle_of("two laboratories that disagree"), "CYP2C19")
    assert [each["valueCodeableConcept"].get("coding") for each in parts(found, "Phenotype")] == [None]
    assert any("another outside result" in note["text"].casefold() for note in found["note"])


def test_a_result_of_another_laboratory_is_of_no_specimen_that_is_known_here() -> None:
    found = genotype(bundle_of("three copies"), "CYP2D6")
    assert "specimen" not in found
    (score,) = parts(found, "Activity score")
    assert (score["valueQuantity"]["value"], score["valueQuantity"].get("comparator")) == (4.0, ">=")


def test_other_medicines_change_the_implication_and_never_the_genotype() -> None:
    found = bundle_of("other medicines, a woman of 67 with a name")
    (adjusted,) = parts(genotype(found, "CYP2D6"), "Phenotype as other medicines make it")
    assert adjusted["valueString"].startswith("Poor Metabolizer, with paroxetine")
    (phenotype,) = parts(genotype(found, "CYP2D6"), "Phenotype")
    assert "Poor" not in phenotype["valueCodeableConcept"]["text"]


def test_who_the_patient_is_and_who_says_so() -> None:
    found = bundle_of("other medicines, a woman of 67 with a name")
    (patient,), (specimen,) = resources(found, "Patient"), resources(found, "Specimen")
    (laboratory,) = resources(found, "Organization")
    assert patient["name"] == [{"text": "Ada Example"}]
    assert (patient["birthDate"], patient["gender"]) == ("1959-03-02", "female")
    assert specimen["collection"] == {"collectedDateTime": "2026-05-04"}
    (report,) = resources(found, "DiagnosticReport")
    assert report["performer"] == [{"reference": f"urn:uuid:{laboratory['id']}"}]
    assert report["effectiveDateTime"] == "2026-05-04"
    assert report["resultsInterpreter"] == [{"display": "Dr Example"}]


def test_nothing_is_said_of_a_patient_of_whom_nothing_is_known() -> None:
    (patient,) = resources(bundle_of("the example"), "Patient")
    assert patient.keys() == {"resourceType", "id", "identifier"}
    assert resources(bundle_of("the example"), "Organization") == []


def test_a_date_that_is_none_is_left_out() -> None:
    person = starling.assess(EXAMPLE, knowledge=engine(), subject={"collected": "last spring"})
    (report,) = resources(bundle([person], codes()), "DiagnosticReport")
    assert report["effectiveDateTime"] == person.run.created


def test_what_the_result_rests_on_is_in_it() -> None:
    person = people()["the example"]
    found = bundle_of("the example")
    (device,), (made,), (report,) = (resources(found, each) for each in ("Device", "Provenance", "DiagnosticReport"))
    versions = {each["type"]["text"]: each["value"] for each in device["version"]}
    stamp = person.provenance
    assert versions["knowledge edition"] == stamp.knowledge.version
    assert versions["knowledge SHA-256"] == stamp.knowledge.sha256
    assert [each["what"]["identifier"]["value"] for each in made["entity"]] == [
        stamp.input.file_sha256,
        stamp.knowledge.sha256,
    ]
    text = json.dumps(report)
    for said in (person.result_sha256, stamp.input.evidence_sha256, "notassayed 2", "not a medical device"):
        assert said in text


def test_each_implication_is_about_one_drug_and_rests_on_the_genes_of_its_row() -> None:
    found = bundle_of("the example")
    (one,) = [
        each
        for each in resources(found, profile="therapeutic-implication")
        if "cpic-clopidogrel" in json.dumps(each)
        and "acute coronary" in json.dumps(parts(each, "Associated phenotype"))
    ]
    assert one["derivedFrom"] == [{"reference": f"urn:uuid:{genotype(found, 'CYP2C19')['id']}", "display": "CYP2C19"}]
    (medicine,) = parts(one, "Medication assessed")
    assert medicine["valueCodeableConcept"]["coding"][0]["code"] == "32968"
    (level,) = parts(one, "Level of evidence")
    assert level["valueCodeableConcept"] == {"text": "CPIC, strength of the recommendation: Strong"}
    (said,) = parts(one, "Conclusion Text")
    assert said["valueString"].startswith("CPIC: Choose prasugrel or ticagrelor")


def proposal(found: Json, drug: str) -> Json:
    (one,) = [each for each in resources(found, "Task") if each["description"].startswith(f"{drug}: ")]
    return one


@pytest.mark.parametrize(
    ("drug", "profile", "code"),
    [
        ("clopidogrel", "medication-recommendation", "LA26421-0"),  # avoid
        ("capecitabine", "medication-recommendation", "LA26422-8"),  # reduce the dose
        ("abacavir", "followup-recommendation", "LA14022-0"),  # test first
    ],
)
def test_a_proposal_says_what_guidance_said(drug: str, profile: str, code: str) -> None:
    one = proposal(bundle_of("the example"), drug)
    assert one["meta"]["profile"][0].endswith(profile)
    assert [each["code"] for each in one["code"]["coding"]] == [code]
    assert one["intent"] == "proposal"


def test_a_dose_that_is_neither_lower_nor_higher_has_no_code() -> None:
    found = people()["the example"]
    for drug in found.drugs:
        if drug.headline_action == "adjust_dose":
            assert "code" not in proposal(bundle_of("the example"), drug.drug)


def test_usual_use_is_no_proposal() -> None:
    found = people()["the example"]
    usual = {drug.drug for drug in found.drugs if drug.headline_action in {None, "standard", "no_recommendation"}}
    told = {each["description"].partition(":")[0] for each in resources(bundle_of("the example"), "Task")}
    assert usual and not usual & told


def test_a_variant_is_written_as_a_vcf_writes_it_and_its_absence_as_absence() -> None:
    found = resources(bundle_of("the example"), profile="variant")
    by_name = {each["note"][0]["text"]: each for each in found}
    present, absent = by_name["c.1905+1G>A (*2A)"], by_name["rs12777823"]
    assert present["valueCodeableConcept"]["coding"][0]["code"] == "LA9633-4"
    assert absent["valueCodeableConcept"]["coding"][0]["code"] == "LA9634-2"
    (place,) = parts(present, "Genomic allele start-end")
    assert place["valueRange"] == {"low": {"value": 97450058}, "high": {"value": 97450058}}
    bases = [parts(present, f"Genomic {each} allele [ID]")[0]["valueString"] for each in ("ref", "alt")]
    assert bases == ["C", "T"]
    assert parts(absent, "Allelic state") == []


def test_a_hostile_name_steers_no_receiver() -> None:
    person = replace(people()["the example"], sample="Ann\x1b[2J\u202e")
    text = document([person], codes())
    assert re.search("[\x00-\x09\x0b-\x1f\u202e]", text) is None
    (patient,) = resources(json.loads(text), "Patient")
    assert patient["identifier"] == [{"value": "Ann\\x1b[2J\\u202e"}]


def test_the_report_command_writes_one_bundle(tmp_path: Path) -> None:
    target = tmp_path / "out.fhir.json"
    assert run("report", str(EXAMPLE), "-o", str(target)).code == 0
    found = json.loads(target.read_text(encoding="utf-8"))
    assert (found["resourceType"], found["type"]) == ("Bundle", "collection")
    assert len(resources(found, "DiagnosticReport")) == 1


def test_the_library_gives_the_same_bundle() -> None:
    person = people()["the example"]
    assert starling.to_fhir(person, knowledge=engine()) == person.to_fhir() == document([person], codes())


def test_what_is_shown_to_people_alone_does_not_narrow_a_bundle(tmp_path: Path) -> None:
    target = tmp_path / "out.fhir.json"
    run("report", str(EXAMPLE), "-o", str(target), "--gene", "CYP2C19", "--drug", "clopidogrel")
    found = json.loads(target.read_text(encoding="utf-8"))
    assert len(resources(found, profile="genotype")) == len(people()["the example"].genes)


def test_nobody_gives_an_empty_bundle_and_several_people_give_one() -> None:
    assert json.loads(document([], codes())) == {"resourceType": "Bundle", "type": "collection"}
    both = json.loads(document([people()[name] for name in NAMES[:2]], codes()))
    assert len(resources(both, "DiagnosticReport")) == len(resources(both, "Patient")) == 2
