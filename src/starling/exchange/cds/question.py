"""A call of a service -> what is asked of the engine: ordered medicines, those that are taken, and the patient's facts.

What was ordered and what is taken count against each other: a medicine that is ordered may change how one that is
taken acts (the reverse check), so those are asked about, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from starling.condition_keys import indication_name
from starling.exchange.cds.medicines import (
    Medicines,
    Prescribed,
    by_reference,
    drugs_of,
    is_taken,
    prescribed,
)
from starling.exchange.cds.reading import HookRequest, Resource, dispatched, own_reference, resources_in, text_of
from starling.exchange.cds.services import CONDITIONS, MEDICATIONS, PATIENT, STATEMENTS
from starling.values import dataclass

#: medicines of one patient that are considered (ours)
_MOST: Final = 200
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
#: How a problem list says so, in words (ours); anything longer may say the opposite ("no longer breastfeeding").
_PREGNANT: Final = frozenset({"pregnant", "pregnancy", "currently pregnant", "patient currently pregnant"})
_BREASTFEEDING: Final = frozenset(
    {"breastfeeding", "breast feeding", "currently breastfeeding", "lactating", "lactating mother", "nursing mother",
     "breastfeeding mother", "breastfeeding (mother)"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Medication:
    """What is ordered and what is taken; of the same medicine the order counts.

    `birth_date`: as the EHR states it, empty where it does not, or not to the day.
    """

    orders: tuple[Prescribed, ...]
    taken: tuple[Prescribed, ...]
    pregnant: bool
    breastfeeding: bool
    birth_date: str

    @property
    def unknown(self) -> tuple[Prescribed, ...]:
        """Medicines that nobody here knows."""
        return tuple(each for each in (*self.orders, *self.taken) if not each.substances)


def medication_of(request: HookRequest, knowledge: Medicines) -> Medication:
    """The medication of a call; what cannot be read is left out."""
    drafts = (*request.drafts, *dispatched(request))
    listed = [each for key in (MEDICATIONS, STATEMENTS) for each in resources_in(request.prefetch.get(key))]
    conditions = [*resources_in(request.prefetch.get(CONDITIONS))]
    beside = by_reference((*drafts, *listed, *conditions))
    chosen = (*request.orders, *dispatched(request))
    ordered = _read(chosen, beside, knowledge)
    references = {own_reference(each) for each in chosen} - {""}
    others = [each for each in drafts if own_reference(each) not in references and each not in chosen]
    active = [each for each in listed if is_taken(each) and own_reference(each) not in references]
    said = {_problem(each) for each in conditions}
    return Medication(
        orders=ordered,
        taken=_read((*others, *active), beside, knowledge)[:_MOST],
        pregnant=not said.isdisjoint(_PREGNANT),
        breastfeeding=not said.isdisjoint(_BREASTFEEDING),
        birth_date=_birth_date(request),
    )


def _read(
    resources: Iterable[Resource], beside: Mapping[str, Resource], knowledge: Medicines
) -> tuple[Prescribed, ...]:
    found = (prescribed(each, beside, knowledge) for each in resources)
    return tuple(each for each in found if each is not None)


def _problem(condition: Resource) -> str:
    """The words of a problem; empty for one that was refuted, or is another resource."""
    if text_of(condition.get("resourceType")) != "Condition" or "refuted" in str(condition.get("verificationStatus")):
        return ""
    code = condition.get("code")
    words = text_of(code.get("text")) if isinstance(code, Mapping) else ""
    if not words and isinstance(code, Mapping):
        codings = code.get("coding")
        first = codings[0] if isinstance(codings, list) and codings else {}
        words = text_of(first.get("display")) if isinstance(first, Mapping) else ""
    return " ".join(words.casefold().replace("-", " ").split())


def _birth_date(request: HookRequest) -> str:
    person = next(resources_in(request.prefetch.get(PATIENT)), {})
    stated = text_of(person.get("birthDate"))
    return stated if _DATE.fullmatch(stated) else ""


def indications_of(order: Prescribed, known: Mapping[str, frozenset[str]]) -> tuple[str, ...]:
    """What an order is for, as far as the knowledge base has a name for it; anything else decides nothing.

    `known`: `indication_name` -> the indications that it means.
    """
    return tuple(dict.fromkeys(reason for reason in order.reasons if indication_name(reason) in known))


def names_of(medicines: Iterable[Prescribed]) -> tuple[str, ...]:
    """The medicines as they are stated to the engine: by substance, and by their own words where none is known."""
    return tuple(dict.fromkeys(name for each in medicines for name in each.substances or (each.name,) if name))


def drugs(medicines: Iterable[Prescribed], knowledge: Medicines) -> dict[str, Prescribed]:
    """Drug -> the first of the medicines that is it, or holds it."""
    found: dict[str, Prescribed] = {}
    for each in medicines:
        for drug in drugs_of(each, knowledge):
            found.setdefault(drug, each)
    return found
