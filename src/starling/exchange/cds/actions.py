"""What a card proposes, as actions that an EHR can carry out: another medicine, or another dose of the same.

Proposed is what structured advice states and nothing else: an alternative that a source names, that this patient's
results and medicines leave open and that has a code to order it by; a dose that is one factor of the usual one, for an
order that states one amount.  Whoever reads "half the usual dose" on a card sees what half of the order would be.
Source: CDS Hooks 2.0, Suggestion and Action; FHIR R4 MedicationRequest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from starling.assessment import CheckedAlternative, Recommendation
from starling.exchange.cds.medicines import RXNORM, Medicines, Prescribed
from starling.exchange.cds.reading import Resource, listed, mapping_of, own_reference, text_of
from starling.report.wording import number, percent
from starling.values import dataclass

#: Proposals on one card: a longer list is not read (ours).
_MOST: Final = 3
#: What of an order its replacement keeps: for whom, by whom, where and why; nothing of the medicine or its dose.
_KEPT: Final = (
    "subject", "encounter", "requester", "recorder", "authoredOn", "reasonCode", "reasonReference", "priority",
)  # fmt: skip
_DOSES: Final = frozenset({"reduce_dose", "increase_dose", "adjust_dose"})


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One proposal: what the button says, and what it does."""

    label: str
    actions: tuple[dict[str, Any], ...]


def alternatives(
    named: Sequence[CheckedAlternative], knowledge: Medicines, order: Prescribed, patient: str
) -> tuple[Suggestion, ...]:
    """The alternatives that are clear for this patient and have a code (RxNorm) to order them by.

    One about which something must be asked or tested first, or which the same results restrict, is left to the card's
    words.
    """
    clear = (each.drug for each in named if each.offered and _is_clear(each))
    coded = [(drug, code) for drug in clear if (code := _code_of(drug, knowledge))]
    return tuple(_replaced(drug, code, order, patient) for drug, code in coded[:_MOST])


def _code_of(drug: str, knowledge: Medicines) -> str:
    """Empty where the name is that of a group of medicines, or of one without a code."""
    found = knowledge.known_drug(drug)
    return found.rxnorm if found is not None and found.name == drug else ""


def _is_clear(alternative: CheckedAlternative) -> bool:
    is_usual = alternative.action in {None, "standard", "no_recommendation"}
    return is_usual and "first:" not in alternative.why and "not for" not in alternative.why


def _replaced(drug: str, code: str, order: Prescribed, patient: str) -> Suggestion:
    made: dict[str, Any] = {
        "type": "create",
        "description": f"Order {drug}; dose and course are the prescriber's",
        "resource": _draft_of(drug, code, order.resource, patient),
    }
    return Suggestion(f"Order {drug} instead of {_shown(order)}", (*_removed(order), made))


def _removed(order: Prescribed) -> Iterator[dict[str, Any]]:
    reference = own_reference(order.resource)
    if reference:
        yield {"type": "delete", "description": f"Remove the order of {_shown(order)}", "resourceId": reference}


def _draft_of(drug: str, code: str, old: Resource, patient: str) -> dict[str, Any]:
    """A draft for another medicine; it states no dose, because no advice does."""
    kept = {name: old[name] for name in _KEPT if old.get(name)}
    made: dict[str, Any] = dense(
        {
            "resourceType": "MedicationRequest",
            "status": "draft",
            "intent": text_of(old.get("intent")) or "order",
            "medicationCodeableConcept": {
                "coding": [{"system": RXNORM, "code": code, "display": drug}],
                "text": drug,
            },
            **kept,
            "subject": kept.get("subject") or {"reference": f"Patient/{patient}"},
        }
    )
    return made


def changed_dose(row: Recommendation | None, order: Prescribed, patient: str) -> tuple[Suggestion, ...]:
    """The order with the dose that the advice states, where both are one number; () where either is not."""
    factor = _one_factor(row)
    resource = order.resource
    amounts = list(_amounts(resource))
    if factor is None or len(amounts) != 1 or not own_reference(resource):
        return ()
    amount = amounts[0]
    value = Decimal(str(amount["value"])) * Decimal(str(factor))
    said = f"{_number(value)} {text_of(amount.get('unit')) or text_of(amount.get('code'))}".rstrip()
    before = f"{number(amount['value'])} {text_of(amount.get('unit')) or text_of(amount.get('code'))}".rstrip()
    update = {
        "type": "update",
        "description": f"{percent(factor)} of the dose, if the order is the usual one: {said} instead of {before}",
        "resource": _with_amount(resource, value, patient),
    }
    return (Suggestion(f"Order {said} instead of {before} ({percent(factor)})", (update,)),)


def _one_factor(row: Recommendation | None) -> float | None:
    """The one factor of the usual dose that a row states; None where it states none, a range, or a choice."""
    if row is None or row.action not in _DOSES or row.advice.fallback is not None:
        return None
    doses = row.advice.dose
    if len(doses) != 1 or doses[0].factor_min is not None or doses[0].factor_max is not None:
        return None
    factor = doses[0].factor
    return factor if factor and doses[0].basis != "interval" else None


def _amounts(resource: Resource) -> Iterator[Mapping[str, Any]]:
    """Each amount per dose that an order states; a range or a rate is none that a factor can be put to."""
    for instruction in map(mapping_of, listed(resource.get("dosageInstruction"))):
        for dose in map(mapping_of, listed(instruction.get("doseAndRate"))):
            if dose.get("rateQuantity") or dose.get("rateRatio") or dose.get("rateRange") or dose.get("doseRange"):
                yield {}
                yield {}
            amount = mapping_of(dose.get("doseQuantity"))
            value = amount.get("value")
            if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e6:
                yield amount


def _with_amount(resource: Resource, value: Decimal, patient: str) -> dict[str, Any]:
    """The whole order with another amount; words that state the old one are left out with it."""
    made = {name: each for name, each in resource.items() if name not in {"text", "dispenseRequest"}}
    instruction = dict(mapping_of(listed(resource["dosageInstruction"])[0]))
    for stated in ("text", "patientInstruction", "maxDosePerPeriod", "maxDosePerAdministration"):
        instruction.pop(stated, None)
    dose = dict(mapping_of(listed(instruction["doseAndRate"])[0]))
    dose["doseQuantity"] = {**mapping_of(dose["doseQuantity"]), "value": _json_number(value)}
    made["dosageInstruction"] = [{**instruction, "doseAndRate": [dose]}]
    made.setdefault("status", "draft")
    made.setdefault("intent", "order")
    made.setdefault("subject", {"reference": f"Patient/{patient}"})
    if "category" in made:
        made["category"] = listed(made["category"])
    whole: dict[str, Any] = dense(made)
    return whole


def _json_number(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)


def _number(value: Decimal) -> str:
    return number(_json_number(value))


def dense(value: Any) -> Any:
    """Without nulls, empty texts, lists and objects: neither FHIR nor CDS Hooks allows any of them."""
    if isinstance(value, Mapping):
        return {key: kept for key, each in value.items() if not _is_nothing(kept := dense(each))}
    if isinstance(value, list | tuple):
        return [kept for each in value if not _is_nothing(kept := dense(each))]
    return value


def _is_nothing(value: object) -> bool:
    return value is None or (isinstance(value, str | list | dict) and not value)


def _shown(order: Prescribed) -> str:
    return " and ".join(order.substances) or order.name
