"""Parts of which resources are made: codes with text beside them, references, components; nothing empty.

Source: hl7.org/fhir/R4, datatypes (no element is empty, a string is not); the profile addresses of
hl7.fhir.uv.genomics-reporting 3.0.0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final
from uuid import UUID, uuid5

from starling.assessment import Assessment
from starling.exchange.codes import Codes
from starling.report.text import visible
from starling.terms import Term
from starling.values import dataclass

Json = dict[str, object]

PROFILES: Final = "http://hl7.org/fhir/uv/genomics-reporting/StructureDefinition/"
#: Names of resources are made in this space; any fixed one will do (ours).
_SPACE: Final = UUID("5f0c5c27-6a0e-5d41-9f52-3a6d0d8a7d20")


def made(kind: str, **fields: object) -> Json:
    """A resource of this kind with the fields that say something."""
    return {"resourceType": kind, **stated(**fields)}


def stated(**fields: object) -> Json:
    """An element with the fields that say something; a name that Python keeps for itself ends in `_`."""
    return {name.rstrip("_"): value for name, value in fields.items() if value not in (None, "", [], {}, ())}


def shown(text: str) -> str:
    """The text as any receiver may show it: what steers a terminal or turns the direction of text is written out."""
    return visible(text).strip()


def concept(term: Term | None, text: str = "") -> Json:
    """A CodeableConcept: the code where it is confirmed, and the words in any case."""
    coding = [stated(system=term.system, code=term.code, display=term.display)] if term else []
    return stated(coding=coding, text=shown(text))


def component(code: Json, **value: object) -> Json:
    """One part of an observation; `value` is one field, e.g. `valueString`."""
    return {"code": code, **stated(**{key: shown(one) if isinstance(one, str) else one for key, one in value.items()})}


def notes(texts: Iterable[str]) -> list[Json]:
    """Annotations, each once."""
    return [{"text": text} for text in dict.fromkeys(map(shown, texts)) if text]


def extension(name: str, **value: object) -> Json:
    """An extension of the guide, by the name of its profile."""
    return {"url": PROFILES + name, **value}


@dataclass(frozen=True, slots=True, eq=False)
class Scribe:
    """One assessment with the codes that it is written in, and what every resource about it shares.

    `taken`: when the specimen was collected, else when the result was made.  `performer`: the laboratory, if stated.
    """

    assessment: Assessment
    codes: Codes
    taken: str
    performer: tuple[Mapping[str, object], ...]

    def name(self, kind: str, *key: str) -> str:
        """The id of a resource: the same for the same result, another for any other."""
        whole = "\x1f".join((self.assessment.result_sha256, self.assessment.sample, kind, *key))
        return str(uuid5(_SPACE, whole))

    def to(self, kind: str, *key: str, display: str = "") -> Json:
        """A reference to a resource of the same bundle."""
        return stated(reference=f"urn:uuid:{self.name(kind, *key)}", display=shown(display))

    def term(self, kind: str, name: str) -> Json:
        """The code of a thing that the edition names.  Raises: KeyError when it does not: the profile needs it."""
        return concept(self.codes.terms[kind, name])

    def part(self, name: str, **value: object) -> Json:
        """A component that the guide names."""
        return component(self.term("component", name), **value)

    def gene(self, gene: str) -> Json:
        """The component that says which gene was looked at."""
        return self.part("gene studied", valueCodeableConcept=concept(self.codes.term("gene", gene), gene))

    def observation(self, profile: str, code: str, *key: str, **fields: object) -> Json:
        """An Observation of a profile of the guide: what all of them share, and `fields`."""
        return made(
            "Observation",
            id=self.name(profile, *key),
            meta={"profile": [PROFILES + profile]},
            extension=fields.pop("extension", None),
            status=fields.pop("status", "final"),
            category=[self.term("category", "laboratory"), self.term("category", "genetics")],
            code=self.term("resource", code),
            subject=self.to("Patient"),
            effectiveDateTime=self.taken,
            issued=self.assessment.run.created,
            performer=list(self.performer),
            device=self.to("Device"),
            **fields,
        )
