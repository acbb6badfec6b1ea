"""Clinical scenarios: an order, what is taken, and results, as a laboratory states them -> the card.

`cases/scenarios.tsv`.  results: `GENE diplotype`, or `GENE = phenotype (score)`, `;` between them; `-`: the patient is
not known here.  amount: of one dose, with its unit.  card: `indicator: summary`; `none`: no card.  suggested: labels,
`;` between them.  says: parts of the detail, ` ; ` between them.  Source of each: as named in its last column.
"""

from __future__ import annotations

import csv
import zlib
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from msgspec import json

from starling.engine import Engine
from starling.exchange.cds.cards import Card, Policy, message
from starling.exchange.cds.reading import HookRequest, read_request
from starling.exchange.cds.services import BY_ID
from starling.node import answers, hook_answers
from starling.node.values import Origin, Specimen
from tests.exchange.fhir.checks import medplum
from tests.simulators.ehr import bundle, call, order, taken

TABLE = Path(__file__).parent / "cases" / "scenarios.tsv"
#: another person each time
EPOCHS = count()
SCENARIOS = list(csv.DictReader(TABLE.read_text(encoding="utf-8").splitlines(), delimiter="\t"))


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine.bundled()


def kept_test(results: str, sex: str) -> answers.Tested | None:
    """What a node would keep of such a test; None where nobody is known."""
    if results == "-":
        return None
    lines = ["gene\tdiplotype\tphenotype\tactivity score"]
    for each in filter(None, map(str.strip, results.split(";"))):
        gene, _, stated = each.partition(" ")
        if not stated.startswith("= "):
            lines.append(f"{gene}\t{stated}\t\t")
            continue
        phenotype, _, score = stated.removeprefix("= ").partition(" (")
        lines.append(f"{gene}\t\t{phenotype}\t{score.rstrip(')')}")
    said = "".join(f"{line}\n" for line in lines)
    specimen = Specimen(
        identifier="1",
        second_identifier="2",
        specimen="3",
        laboratory="4",
        sex=sex or "unknown",  # type: ignore[arg-type]
    )
    origin = Origin(bytes=None, file_sha256=None, reader=None, order=None)
    return answers.Tested("job", "results.tsv", zlib.compress(said.encode()), origin, specimen)


def born(years: str) -> dict[str, str]:
    """A birth date so many years ago; of an infant of this month, the first day of it."""
    if not years:
        return {}
    today = datetime.now(UTC).date()
    return {"birthDate": today.replace(year=today.year - int(float(years)), day=1).isoformat()}


def request_of(row: dict[str, str]) -> HookRequest:
    """As an EHR would send it."""
    hook = row["hook"] or "order-sign"
    more: dict[str, Any] = {}
    if row["amount"]:
        value, unit = row["amount"].split(" ", 1)
        more["dosageInstruction"] = [
            {"text": "as ever", "doseAndRate": [{"doseQuantity": {"value": float(value), "unit": unit}}]}
        ]
    if row["for"]:
        more["reasonCode"] = [{"text": each.strip()} for each in row["for"].split(";")]
    orders = [
        order(each.strip(), patient="p", id_=f"draft-{number}", **more)
        for number, each in enumerate(filter(None, row["order"].split(";")))
    ]
    medicines = tuple(
        taken(each.strip(), patient="p", id_=f"med-{number}")
        for number, each in enumerate(filter(None, row["taken"].split(";")))
    )
    body = call(hook, "p", *orders, medicines=medicines)
    body["prefetch"]["patient"] |= born(row["years"])
    problems = [
        {"resourceType": "Condition", "code": {"text": each.strip()}}
        for each in filter(None, row["problems"].split(";"))
    ]
    body["prefetch"]["conditions"] = bundle(*problems)
    return read_request(body, BY_ID[f"starling-{hook}"])


def judged(engine: Engine, row: dict[str, str], policy: Policy) -> tuple[Card, ...]:
    said = hook_answers.judged(engine, kept_test(row["results"], row["sex"]), next(EPOCHS), request_of(row), policy)
    return tuple(each.card() for each in json.decode(said, type=hook_answers.Judged).cards)


def told(cards: tuple[Card, ...]) -> str:
    return " | ".join(f"{card.indicator}: {card.summary}" for card in cards) or "none"


@pytest.mark.parametrize("row", SCENARIOS, ids=[row["scenario"] for row in SCENARIOS])
def test_an_order_gives_the_card_that_it_should(engine: Engine, row: dict[str, str]) -> None:
    models = ("warfarin",) if row["model"] else ()
    cards = judged(engine, row, Policy(row["first"] or "CPIC", models=models))
    assert told(cards) == row["card"]
    assert "; ".join(each.label for card in cards for each in card.suggestions) == row["suggested"]
    said = " ".join(card.detail for card in cards).replace("\\", "")
    assert [part for part in filter(None, row["says"].split(" ; ")) if part not in said] == []
    assert ("A learned dose model" in said) == bool(row["model"])
    for card in cards:
        assert_is_a_card(message(card, "1", iter(["2", "3", "4"]), link="https://127.0.0.1/patients/p-1"))


def assert_is_a_card(said: dict[str, Any]) -> None:
    """What the standard asks of a card.  Source: CDS Hooks 2.0, Card Attributes."""
    assert 0 < len(said["summary"]) < 140 and said["indicator"] in {"info", "warning", "critical"}
    assert said["source"]["label"] and ("suggestions" in said) == ("selectionBehavior" in said)
    assert all(each["display"] and each["code"] for each in said["overrideReasons"])
    assert_nothing_is_empty(said)
    for suggestion in said.get("suggestions", []):
        assert suggestion["label"] and suggestion["uuid"] and suggestion["actions"]
        for action in suggestion["actions"]:
            assert action["description"] and action["type"] in {"create", "update", "delete"}
            assert ("resource" in action) == (action["type"] != "delete")
            if action["type"] != "delete":
                assert_can_be_ordered(action["resource"])
            else:
                assert action["resourceId"].startswith("MedicationRequest/")


def assert_can_be_ordered(resource: dict[str, Any]) -> None:
    """What FHIR R4 requires of a MedicationRequest: status, intent, subject, a medicine."""
    assert resource["resourceType"] == "MedicationRequest" and resource["status"] == "draft" and resource["intent"]
    assert resource["subject"]["reference"] == "Patient/p" and resource["medicationCodeableConcept"]
    assert all("text" not in each for each in resource.get("dosageInstruction", []))


def assert_nothing_is_empty(value: Any) -> None:
    """Neither null nor an empty text, list or object is anywhere in it."""
    assert value is not None and value != "" and value != [] and value != {}
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        assert_nothing_is_empty(each)


def test_a_validator_of_another_house_takes_every_resource_that_is_proposed(engine: Engine) -> None:
    proposed = [
        action["resource"]
        for row in SCENARIOS
        for card in judged(engine, row, Policy())
        for suggestion in card.suggestions
        for action in suggestion.actions
        if "resource" in action
    ]
    assert {each["resourceType"] for each in proposed} == {"MedicationRequest"} and len(proposed) > 8
    broken = {**proposed[0], "status": "wished", "intent": None}
    *issues, refused = medplum([*proposed, broken])
    assert issues == [[]] * len(proposed) and refused
