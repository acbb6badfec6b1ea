"""An assessment as ORU^R01: valid, every observation of a call, nothing normal that was not seen."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import starling
from starling.assessment import Assessment
from starling.exchange.codes import Codes
from starling.exchange.hl7.envelope import Interface, Ordered, acknowledgement
from starling.exchange.hl7.report import report, report_parts
from starling.formats.hl7 import Message, Segment, encoded, messages
from starling.formats.outside import parse_outside_calls
from starling.library import assess
from starling.values import replace
from tests.bundled import bundled_knowledge
from tests.commands import run
from tests.exchange.hl7.validator import validate

EXAMPLE = Path(__file__).resolve().parents[3] / "src" / "starling" / "examples" / "example.vcf"
SUBJECT = {"name": "Müller, Zoé & Co", "id": "123456", "id_2": "G-1", "birth_date": "1980-01-02", "specimen": "B-7"}


@pytest.fixture(scope="module")
def codes() -> Codes:
    return Codes.of(bundled_knowledge())


@pytest.fixture(scope="module")
def person() -> Assessment:
    return replace(assess(EXAMPLE), subject=SUBJECT)


@pytest.fixture(scope="module")
def text(person: Assessment, codes: Codes) -> str:
    return encoded(report(person, codes))


@pytest.fixture(scope="module")
def message(text: str) -> Message:
    (found,) = messages(text, strict=True)
    return found


def of_group(message: Message, sub: str) -> list[Segment]:
    return [each for each in message.all("OBX") if each.text(4) == sub or each.text(4).startswith(f"{sub}.")]


def groups(message: Message, code: str) -> Iterator[tuple[str, list[Segment]]]:
    """(gene or drug, its observations): of each observation that names one."""
    for each in message.all("OBX"):
        if each.text(3) == code:
            yield each.text(5, 2), of_group(message, each.text(4))


def test_the_whole_report_of_the_example_is_valid(text: str) -> None:
    assert validate(text) == ["MSH", "ORU_R01_PATIENT_RESULT"]


def test_an_order_is_answered_by_its_number_and_is_valid(person: Assessment, codes: Codes) -> None:
    to = Interface(facility="WARD", to_application="EHR", to_facility="HOSPITAL")
    found = encoded(report(person, codes, interface=to, ordered=Ordered("P-1", "j-0", "C")))
    assert validate(found) == ["MSH", "ORU_R01_PATIENT_RESULT"]
    (message,) = messages(found, strict=True)
    request = message.first("OBR")
    assert [request.text(2), request.text(3), request.text(25)] == ["P-1", "j-0", "C"]
    assert [message.head.text(number) for number in (3, 4, 5, 6)] == ["STARLING", "WARD", "EHR", "HOSPITAL"]


def test_the_patient_is_who_was_named(message: Message) -> None:
    pid = message.first("PID")
    assert [pid.text(3), pid.text(3, repetition=2)] == ["123456", "G-1"]
    assert [pid.text(5), pid.text(5, 2)] == ["Müller", "Zoé & Co"]
    assert [pid.text(7), pid.text(8), message.first("SPM").text(2, 2)] == ["19800102", "U", "B-7"]


def test_a_patient_of_whom_nothing_is_stated_has_the_name_of_the_sample_and_no_kind(
    person: Assessment, codes: Codes
) -> None:
    found = encoded(report(replace(person, subject={}), codes))
    assert validate(found)
    pid = messages(found)[0].first("PID")
    assert [pid.text(3), pid.text(3, 5), pid.text(5), pid.text(5, 7)] == [person.sample, "U", "", "U"]


def test_every_observation_is_of_one_call_of_this_result(message: Message, person: Assessment) -> None:
    observed = message.all("OBX")
    genes, drugs = dict(groups(message, "48018-6")), dict(groups(message, "51963-7"))
    assert [*genes] == [each.gene for each in person.genes]
    assert [*drugs] == [each.drug for each in person.drugs]
    assert sum(map(len, (*genes.values(), *drugs.values()))) == len(observed)  # each in exactly one group
    assert {each.text(18) for each in observed} == {person.result_sha256}
    assert [each.text(1) for each in observed] == [str(number) for number in range(1, len(observed) + 1)]


def test_genes_say_what_the_assessment_says_and_no_more(message: Message, person: Assessment) -> None:
    for name, found in groups(message, "48018-6"):
        gene = person.gene(name)
        said = {each.text(3): each for each in found}
        named = [each.text(5) for each in found if each.text(3) == "84413-4" and each.text(11) == "F"]
        assert len(named) == len(gene.diplotypes)
        term = said.get("53040-2") or said.get("PHENOTYPE")
        coded = term is not None and term.text(2) == "CWE" and term.text(5) != ""
        assert not coded or (gene.phenotype_certain and term is not None and term.text(5, 2) == gene.phenotype), name
        if gene.activity_score is not None:
            assert said["SCORE"].text(5) == gene.activity_score


def test_what_was_not_read_is_said_and_never_normal(message: Message, person: Assessment) -> None:
    silent = [gene.gene for gene in person.genes if gene.status == "undetermined"]
    assert {"F5", "HLA-B"} <= set(silent)
    found = dict(groups(message, "48018-6"))
    for name in silent:
        (genotype,) = [each for each in found[name] if each.text(3) == "84413-4"]
        assert (genotype.text(5).startswith("no call: "), genotype.text(11)) == (True, "X")
        assert not [each for each in found[name] if each.text(3) in {"53040-2", "PHENOTYPE", "SCORE"}]
    looked_for = [each for each in found["HLA-B"] if each.text(3) == "PRESENCE"]
    assert {(each.text(5).split(" ", 1)[1], each.text(11)) for each in looked_for} == {("not determined", "X")}


def test_limits_stand_beneath_the_gene_that_they_limit(message: Message) -> None:
    segments = message.segments
    at = next(number for number, each in enumerate(segments) if each.text(5, 2) == "CYP2D6")
    notes = []
    for each in segments[at + 1 :]:
        if each.name != "NTE":
            break
        notes.append(each.text(3))
    assert any("not certain" in note and "deletions and duplications" in note for note in notes)


def test_a_drug_says_its_answer_its_harm_and_each_source(message: Message, person: Assessment) -> None:
    found = dict(groups(message, "51963-7"))
    for drug in person.drugs:
        said = [each for each in found[drug.drug] if each.text(3) == "ANSWER"]
        assert [each.text(11) for each in said] == ["F" if drug.status == "advice" else "X"]
        advice = [each for each in found[drug.drug] if each.text(3) == "ADVICE"]
        assert len(advice) == (len(drug.recommendations) if drug.status == "advice" else 0)
        harms = any(each.text(3) == "HARM" for each in found[drug.drug])
        assert drug.status != "advice" or harms == bool(drug.harm)
    action = next(each for each in found["clopidogrel"] if each.text(3) == "ACTION")
    assert [action.text(5, part) for part in (1, 3, 4, 5)] == ["LA26421-0", "LN", "avoid", "Avoid"]


def test_no_code_is_written_that_the_knowledge_does_not_confirm(message: Message, codes: Codes) -> None:
    confirmed = {term.code for term in codes.terms.values()} | {*codes.drugs.values()}
    written = set()
    for each in message.all("OBX"):
        for number in (3, 5):
            for code, system in ((1, 3), (4, 6)):
                if each.text(2) == "CWE" and each.text(number, system) in {"LN", "HGNC", "RXNORM"}:
                    written.add(each.text(number, code))
    assert written and written <= confirmed


def test_codes_that_are_lost_leave_text(person: Assessment, codes: Codes) -> None:
    bare = replace(codes, terms={}, drugs={})
    found = encoded(report(person, bare))
    assert validate(found)
    assert not re.search(r"\^(LN|HGNC|RXNORM)\b", found)


def test_what_is_written_is_read_as_the_result_of_another_laboratory(text: str, person: Assessment) -> None:
    calls = {call.gene: call for call in parse_outside_calls(text, source="out.hl7")}
    for gene in person.genes:
        if gene.status == "undetermined":
            assert calls[gene.gene].diplotype == "No call"
        elif gene.phenotype is not None:
            assert calls[gene.gene].phenotype == gene.phenotype
            assert bool(calls[gene.gene].note) == (not gene.phenotype_certain)
    again = assess(outside=[*calls.values()])
    for gene in person.genes:
        assert (again.gene(gene.gene).phenotype, gene.gene) == (gene.phenotype, gene.gene)
        assert gene.phenotype_certain or not again.gene(gene.gene).phenotype_certain


def test_several_people_are_one_batch_and_one_is_none(person: Assessment, codes: Codes) -> None:
    batch = "".join(report_parts([person, person, person], codes))
    assert batch.startswith("FHS|^~\\&|STARLING|")
    assert batch.endswith("BTS|3\rFTS|1\r")
    found = messages(batch, strict=True)
    assert len(found) == 3
    assert validate(encoded(found[1].segments))
    assert "".join(report_parts([person], codes)).startswith("MSH|")
    assert "".join(report_parts([], codes)) == ""


def test_a_session_writes_what_the_command_writes(person: Assessment, codes: Codes) -> None:
    assert starling.to_hl7(person) == encoded(report(person, codes))
    assert starling.to_hl7([person, person]) == "".join(report_parts([person, person], codes))


def test_the_same_message_has_the_same_control_id_and_another_one_another(person: Assessment, codes: Codes) -> None:
    first, again, other = (
        report(each, codes)[0].text(10) for each in (person, person, replace(person, subject={"id": "9"}))
    )
    assert first == again != other
    assert len(first) == 20


@pytest.mark.parametrize("answer", ["AA", "AE", "AR"])
def test_an_acknowledgement_names_what_it_answers_and_is_valid(message: Message, answer: str) -> None:
    said = "" if answer == "AA" else "OBX-5 is empty"
    found = encoded(acknowledgement(message, answer, "2026-11-28T15:00:00Z", said=said, code="BAD_HL7"))  # type: ignore[arg-type]
    assert validate(found)[:2] == ["MSH", "MSA"]
    (ack,) = messages(found, strict=True)
    assert [ack.first("MSA").text(1), ack.first("MSA").text(2), ack.kind] == [answer, message.control, "ACK^R01"]
    assert ack.first("ERR").text(8) == said


def test_the_command_writes_it_by_the_suffix_and_reads_it_again(tmp_path: Path) -> None:
    out = tmp_path / "out.hl7"
    assert run("report", str(EXAMPLE), "-o", str(out), "--subject", "id=7").code == 0
    assert messages(out.read_bytes().decode(), strict=True)[0].first("PID").text(3) == "7"
    checked = run("check", "clopidogrel", "--outside", str(out))
    assert (checked.code, "CYP2C19" in checked.out) == (0, True)
