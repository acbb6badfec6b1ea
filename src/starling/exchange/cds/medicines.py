"""Orders and statements of FHIR -> the medicines of this knowledge base: by code, else by the words that stand there.

EHRs order clinical drugs (RxNorm 855288, "warfarin sodium 1 MG oral tablet"); guidelines speak of ingredients.  An
ingredient's RxNorm code is taken first, an ATC code of a substance second, then the words as a prescription is read.
What is applied where it works (eye drops, creams) counts as unknown: the tables do not speak of it.
Source: FHIR R4 MedicationRequest, MedicationStatement; RxNorm normalised names: [DURATION] INGREDIENT STRENGTH / ...
DOSE FORM [BRAND].
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Protocol

from starling.definitions import Drug
from starling.exchange.cds.reading import (
    Resource,
    listed,
    mapping_of,
    own_reference,
    reference_of,
    text_of,
)
from starling.values import dataclass

RXNORM: Final = "http://www.nlm.nih.gov/research/umls/rxnorm"
ATC: Final = "http://www.whocc.no/atc"
#: resources that order or state a medicine (MedicationOrder: as DSTU2 has it)
_ORDERS: Final = frozenset({"MedicationRequest", "MedicationOrder"})
_STATEMENTS: Final = frozenset({"MedicationStatement", "MedicationUsage"})
#: what counts as taken; empty: not stated.  Source: FHIR R4 value sets medicationrequest-status, medication-statement-
#: status; `taking`, `recorded` of R5.
_TAKEN: Final = frozenset({"", "active", "taking", "recorded", "unknown"})
#: what is no longer ordered; a draft may state anything else
_GONE: Final = frozenset({"cancelled", "stopped", "entered-in-error", "completed", "ended"})
_ATC_SUBSTANCE: Final = re.compile(r"[A-Z]\d\d[A-Z]{2}\d\d")
_LOCAL: Final = re.compile(
    r"\b(?:topical|ophthalmic|otic|nasal|vaginal|rectal|cream|ointment|lotion|shampoo|eye|ear|drops?|gel|irrigation)\b",
    re.IGNORECASE,
)
_BRAND: Final = re.compile(r"\s*\[[^\]]*\]\s*$")
_DURATION: Final = re.compile(r"^\d+(?:\.\d+)?\s+(?:HR|ML|ACTUAT)\s+", re.IGNORECASE)
_STRENGTH: Final = re.compile(
    r"\s+\d[\d.,]*\s*(?:MG|MCG|UG|G|ML|UNT|MEQ|MMOL|MCI|UNITS?|IU|%)(?![A-Z]).*$", re.IGNORECASE
)
#: words of which the active ones are taken: longer is no name (ours)
_LONGEST: Final = 200


class Medicines(Protocol):
    """What is asked of a knowledge base here; `KnowledgeBase` answers it."""

    def known_drug(self, name: str) -> Drug | None:
        """The drug of exactly this name or code."""
        ...

    def read_medicine(self, name: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The substances of a medicine as prescribed, and its parts that nobody knows."""
        ...


@dataclass(frozen=True, slots=True)
class Prescribed:
    """One medicine that is ordered or taken.

    `name`: as it is shown.  `substances`: under the names of the knowledge base; empty: unknown.  `reasons`: what it is
    given for, in words.  `resource`: where it stands.
    """

    name: str
    substances: tuple[str, ...]
    reasons: tuple[str, ...]
    resource: Resource


def prescribed(resource: Resource, beside: Mapping[str, Resource], knowledge: Medicines) -> Prescribed | None:
    """The medicine of an order or a statement; None where the resource is neither, or says that it is not given.

    `beside`: reference -> resources that came with it (Medication, Condition).
    """
    kind = text_of(resource.get("resourceType"))
    if kind not in _ORDERS | _STATEMENTS or resource.get("doNotPerform") is True:
        return None
    if text_of(resource.get("status")).casefold() in _GONE:
        return None
    concept = _concept(resource, beside)
    name = next(iter(_words(concept)), "") or next(_codes(concept), "")
    return Prescribed(name[:_LONGEST], substances_of(concept, knowledge), _reasons(resource, beside), resource)


def is_taken(resource: Resource) -> bool:
    """Whether an order or a statement counts as a medicine that is taken now."""
    return text_of(resource.get("status")).casefold() in _TAKEN


def substances_of(concept: Resource, knowledge: Medicines) -> tuple[str, ...]:
    """The substances of a CodeableConcept under the names of the knowledge base; empty: nobody here knows it."""
    for system, pattern in ((RXNORM, None), (ATC, _ATC_SUBSTANCE)):
        for coding in map(mapping_of, listed(concept.get("coding"))):
            code = text_of(coding.get("code"))
            if text_of(coding.get("system")).rstrip("/") == system and (pattern is None or pattern.fullmatch(code)):
                found = _by_code(code, knowledge)
                if found:
                    return found
    for words in _words(concept):
        found = _by_words(words, knowledge)
        if found:
            return found
    return ()


def _by_code(code: str, knowledge: Medicines) -> tuple[str, ...]:
    found = knowledge.known_drug(code) if code else None  # None: a clinical drug, a brand: its words say which
    return (found.name,) if found is not None else ()


def _by_words(words: str, knowledge: Medicines) -> tuple[str, ...]:
    """As a prescription is read; of a normalised name of RxNorm each ingredient for itself."""
    if _LOCAL.search(words):
        return ()
    parts = list(ingredients(words))
    known, unknown = knowledge.read_medicine(" / ".join(parts))
    if unknown and len(parts) == 1:
        known = knowledge.read_medicine(words)[0] or known
    return known


def ingredients(words: str) -> Iterator[str]:
    """The ingredients of a normalised name, without strength, dose form, duration and brand.

    >>> list(ingredients("12 HR tramadol hydrochloride 100 MG Extended Release Oral Tablet [Ultram]"))
    ['tramadol hydrochloride']
    >>> list(ingredients("acetaminophen 300 MG / codeine phosphate 30 MG Oral Tablet"))
    ['acetaminophen', 'codeine phosphate']
    """
    for part in _BRAND.sub("", words).split(" / "):
        yield _STRENGTH.sub("", _DURATION.sub("", part.strip())).strip() or part.strip()


def drugs_of(medicine: Prescribed, knowledge: Medicines) -> tuple[str, ...]:
    """The drugs of the knowledge base that an ordered medicine is, or holds."""
    found = (knowledge.known_drug(name) for name in medicine.substances)  # None: an inhibitor that is no drug here
    return tuple(dict.fromkeys(drug.name for drug in found if drug is not None))


def _concept(resource: Resource, beside: Mapping[str, Resource]) -> Resource:
    """What the medicine is, wherever it stands: in the resource, contained in it, or beside it."""
    r5 = mapping_of(resource.get("medication"))
    stated = mapping_of(resource.get("medicationCodeableConcept")) or mapping_of(r5.get("concept"))
    if stated:
        return stated
    reference = resource.get("medicationReference") or r5.get("reference")
    local = text_of(mapping_of(reference).get("reference"))
    contained = {f"#{text_of(mapping_of(each).get('id'))}": each for each in listed(resource.get("contained"))}
    medication = mapping_of(contained.get(local)) or beside.get(reference_of(reference), {})
    shown = text_of(mapping_of(reference).get("display"))
    return mapping_of(medication.get("code")) or ({"text": shown} if shown else {})


def _words(concept: Resource) -> list[str]:
    """The words of a concept: its own first, then those of its codes; the longest of each is cut."""
    displays = (text_of(mapping_of(each).get("display")) for each in listed(concept.get("coding")))
    return [words[:_LONGEST] for words in dict.fromkeys((text_of(concept.get("text")), *displays)) if words]


def _codes(concept: Resource) -> Iterator[str]:
    yield from (text_of(mapping_of(each).get("code")) for each in listed(concept.get("coding")))


def _reasons(resource: Resource, beside: Mapping[str, Resource]) -> tuple[str, ...]:
    """What the medicine is given for, in words."""
    concepts = [mapping_of(each) for each in listed(resource.get("reasonCode"))]
    references: list[object] = listed(resource.get("reasonReference"))
    for each in map(mapping_of, listed(resource.get("reason"))):  # R5
        concepts.append(mapping_of(each.get("concept")))
        references.append(each.get("reference"))
    concepts += [mapping_of(beside.get(reference_of(each), {}).get("code")) for each in references]
    return tuple(dict.fromkeys(words for each in concepts for words in _words(each)))


def by_reference(resources: Iterable[Resource]) -> dict[str, Resource]:
    """`Type/id` -> resource, of those that have an id."""
    return {reference: each for each in resources if (reference := own_reference(each))}
