"""Orders of a laboratory system and questions of a pharmacy: HL7 v2 messages, without the wire."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from starling.formats.hl7 import Message, messages
from starling.node.interfaces import Interfaces
from starling.node.opening import opened
from starling.node.service import Node
from starling.node.values import Patient
from tests.exchange.hl7.validator import validate
from tests.node.devices import Device, asker, settled
from tests.node.interfaces import oru
from tests.node.test_results import released

HEAD = "MSH|^~\\&|{sender}|HOSP|STARLING|here|20261128||{kind}|{control}|P|2.5.1||||||UNICODE UTF-8"
PID = "PID|1||{0}^^^HOSP^MR~H-{0}^^^HOSP^PI||Doe^Jane||19800101|F"


def order(control: str, *, patient: str = "900", what: str = "NW", test: str = "51969-4", placer: str = "P-1") -> str:
    head = HEAD.format(sender="LIS", kind="OML^O21^OML_O21", control=control)
    return "\r".join(
        [head, PID.format(patient), f"ORC|{what}|{placer}", f"OBR|1|{placer}||{test}^Report^LN", "SPM|1|B-9", ""]
    )


def dispensing(control: str, *drugs: str, patient: str = "4711") -> str:
    head = HEAD.format(sender="PHARMACY", kind="RDE^O11^RDE_O11", control=control)
    rows = [row for number, drug in enumerate(drugs, 1) for row in (f"ORC|NW|P-{number}", f"RXE|1|{drug}|75||mg")]
    return "\r".join([head, PID.format(patient), *rows, ""])


def asked(node: Node, text: str, role: str = "laboratory") -> Message:
    reply = Interfaces(node).answered(asker(role), text.encode())  # type: ignore[arg-type]
    assert validate(reply)[:2] == ["MSH", "MSA"]
    return messages(reply, strict=True)[0]


def answer(reply: Message) -> tuple[str, str]:
    return reply.first("MSA").text(1), reply.first("ERR").text(8)


@pytest.fixture(scope="module")
def telling_node(bare: Callable[..., Path]) -> Iterator[Node]:
    with opened(bare(exchange_results_to="127.0.0.1:1")) as node:
        yield node


def test_an_order_is_taken_and_its_result_goes_out_under_its_number(
    telling_node: Node,
) -> None:
    reply = asked(telling_node, order("O-1"))
    assert (reply.kind, answer(reply)) == ("ORL^O22", ("AA", ""))
    assert [reply.first("ORC").text(1), reply.first("OBR").text(2)] == ["OK", "P-1"]
    assert telling_node.orders.of("B-9", _patient("900")) == "P-1"
    assert telling_node.orders.of("B-9", _patient("901")) == ""
    assert telling_node.orders.of("B-8", _patient("900")) == ""


def _patient(identifier: str) -> Patient:
    second = f"H-{identifier}"
    return Patient(
        id="p-x", site="here", identifier=identifier, second_identifier=second, name="", birth_date="", sex=""
    )


def test_an_order_that_is_cancelled_stands_no_more(telling_node: Node) -> None:
    assert answer(asked(telling_node, order("C-1", placer="P-7", patient="907")))[0] == "AA"
    assert asked(telling_node, order("C-2", placer="P-7", patient="907", what="CA")).first("ORC").text(1) == "CR"
    assert asked(telling_node, order("C-3", placer="P-7", patient="907", what="CA")).first("ORC").text(1) == "UC"
    assert telling_node.orders.of("B-9", _patient("907")) == ""


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (order("X-1", test="58410-2"), "OBR-4: '58410-2' is no test of this node"),
        (order("X-2", what="XO"), "ORC-1: 'XO' is not taken"),
        (order("X-3", placer=""), "no number of the order"),
        (order("X-4").replace("OBR|", "NTE|"), "nothing is ordered"),
    ],
)
def test_an_order_that_no_node_carries_out_is_refused(telling_node: Node, text: str, why: str) -> None:
    code, said = answer(asked(telling_node, text))
    assert (code, why in said) == ("AE", True), said


def test_a_pharmacist_may_not_order(telling_node: Node) -> None:
    assert answer(asked(telling_node, order("Y-1"), "pharmacist"))[0] == "AR"


def test_whoever_was_forgotten_has_no_order(telling_node: Node) -> None:
    asked(telling_node, order("F-1", patient="950", placer="P-950"))
    telling_node.orders.forget(["H-950"])
    assert telling_node.orders.of("B-9", _patient("950")) == ""


def test_whoever_is_erased_leaves_no_answer_and_nothing_that_waits(telling_node: Node) -> None:
    asked(telling_node, order("G-1", patient="960", placer="P-960"))
    held = "SELECT 1 FROM hl7_message WHERE instr(reply, ?)"
    assert telling_node.records.rows(held, "H-960")
    telling_node.orders.forget(["960", "H-960"])
    assert telling_node.records.rows(held, "H-960") == []
    assert telling_node.results is not None
    telling_node.results.put("j-960")
    telling_node.results.forget(["j-960"])
    assert telling_node.results.next() == ""


@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(lambda text: (order("Z") + text).encode())))
def test_attack_whatever_is_sent_is_answered_with_one_acknowledgement(telling_node: Node, data: bytes) -> None:
    reply = Interfaces(telling_node).answered(asker("laboratory"), data)
    (found,) = messages(reply, strict=True)
    assert found.first("MSA").text(1) in {"AA", "AE", "AR"}
    assert "Traceback" not in reply


def test_a_defect_is_answered_and_ends_nothing(telling_node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telling_node.orders, "put", None)
    assert answer(asked(telling_node, order("D-1"))) == ("AR", "a defect of the program (TypeError)")
    monkeypatch.undo()
    assert answer(asked(telling_node, order("D-1")))[0] == "AA"


# --- the pharmacy -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tested(device: Device) -> tuple[Device, str]:
    """A node with a patient whose result is released: a poor metaboliser of clopidogrel."""
    released(device, "4711")
    return device, "4711"


def test_a_dispensing_check_says_what_check_says(tested: tuple[Device, str]) -> None:
    device, _ = tested
    reply = asked(device.node, dispensing("Q-1", "32968^clopidogrel^RXNORM"), "pharmacist")
    assert (reply.kind, reply.first("MSA").text(1), reply.first("ORC").text(1)) == ("RRE^O12", "AA", "OK")
    error = reply.first("ERR")
    assert (error.text(4), error.text(5)) == ("W", "avoid")
    assert error.text(8).startswith("clopidogrel: Avoid. ")
    assert device.events()[0]["subtype"][0]["code"] == "check"


def test_several_drugs_are_answered_in_their_order(tested: tuple[Device, str]) -> None:
    device, _ = tested
    reply = asked(device.node, dispensing("Q-2", "^Plavix", "2670^codeine^RXNORM", "1^sugar^L"), "pharmacist")
    said = [each.text(8).partition(":")[0] for each in reply.all("ERR")]
    assert said == ["clopidogrel", "codeine", "sugar"]
    assert [each.text(4) for each in reply.all("ERR")] == ["W", "I", "I"]
    assert "not a statement of safety" in reply.all("ERR")[1].text(8) and "CYP2D6 not known" in reply.all("ERR")[
        1
    ].text(8)
    assert [each.text(2) for each in reply.all("ORC")] == ["P-1", "P-2", "P-3"]


@pytest.mark.parametrize(
    ("drug", "patient", "why"),
    [
        ("32968^sugar^L", "4711", "not in this knowledge base"),
        ("32968^codeine^RXNORM", "4711", "code and words name clopidogrel and codeine"),
        ("32968^clopidogrel^RXNORM", "nobody", "nobody here has these identifiers"),
    ],
)
def test_a_number_of_another_system_is_no_drug_and_what_is_not_known_is_never_safe(
    tested: tuple[Device, str], drug: str, patient: str, why: str
) -> None:
    device, _ = tested
    reply = asked(device.node, dispensing(f"Q-{drug[:9]}-{patient}", drug, patient=patient), "pharmacist")
    assert (reply.first("MSA").text(1), why in reply.first("ERR").text(8)) == ("AA", True), reply.first("ERR").text(8)


def test_the_same_question_is_answered_anew_and_nothing_of_it_is_kept(tested: tuple[Device, str]) -> None:
    device, _ = tested
    text = dispensing("Q-9", "32968^clopidogrel^RXNORM")
    assert answer(asked(device.node, text, "pharmacist")) == answer(asked(device.node, text, "pharmacist"))
    assert device.node.records.rows("SELECT 1 FROM hl7_message WHERE control = 'Q-9'") == []


def test_results_of_another_laboratory_never_take_the_place_of_a_released_test_by_themselves(
    tested: tuple[Device, str],
) -> None:
    device, patient = tested
    text = oru("Z-1", patient=(patient, f"H-{patient}")).replace("Müller^Zoé||19800102|F", "Doe^Jane||||")
    assert answer(asked(device.node, text))[0] == "AA"
    job = device.node.records.jobs("here", limit=1)[0]
    found = settled(device.node, job.id)
    assert (found.state, found.reason.partition(":")[0]) == ("quarantined", "STATED")


def test_whoever_may_not_ask_is_refused(tested: tuple[Device, str]) -> None:
    device, _ = tested
    assert answer(asked(device.node, dispensing("Q-7", "^codeine"), "system"))[0] == "AR"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (dispensing("W-1"), "RXE-2: no drug is named"),
        (dispensing("W-2", *["^codeine"] * 21), "RXE: 21 drugs, and 20 at most"),
    ],
)
def test_a_dispensing_message_without_sense_is_refused(tested: tuple[Device, str], text: str, why: str) -> None:
    code, said = answer(asked(tested[0].node, text, "pharmacist"))
    assert (code, why in said) == ("AE", True), said
