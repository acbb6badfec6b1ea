"""The services that a node offers an EHR: one for each hook, and the data that each needs.

Source: CDS Hooks 2.0, sections Discovery and Prefetch Template.
"""

from __future__ import annotations

from typing import Any, Final

from starling.values import dataclass

PATIENT, MEDICATIONS, STATEMENTS, CONDITIONS, ORDER = "patient", "medications", "statements", "conditions", "order"
#: keys without which nothing is answered; the others add to the answer, and are done without
NEEDED: Final = frozenset({PATIENT, MEDICATIONS, ORDER})
_OF_PATIENT: Final = {
    PATIENT: "Patient/{{context.patientId}}",
    MEDICATIONS: "MedicationRequest?patient={{context.patientId}}&status=active",
    STATEMENTS: "MedicationStatement?patient={{context.patientId}}&status=active",
}
_OF_ORDER: Final = {
    **_OF_PATIENT,
    CONDITIONS: "Condition?patient={{context.patientId}}&clinical-status=active",
}


@dataclass(frozen=True, slots=True)
class Service:
    """One service.  `prefetch`: key -> the data, as a search of FHIR."""

    id: str
    hook: str
    title: str
    description: str
    prefetch: dict[str, str]

    def told(self) -> dict[str, Any]:
        """As discovery states it."""
        return {
            "id": self.id, "hook": self.hook, "title": self.title, "description": self.description,
            "prefetch": dict(self.prefetch),
            "usageRequirements": "Orders and statements of medicines that are active, and the patient's identifiers.",
        }  # fmt: skip


SERVICES: Final = tuple(
    Service(f"starling-{hook}", hook, title, said, prefetch)
    for hook, title, said, prefetch in (
        ("patient-view", "Pharmacogenomics: medicines taken",
         "Which medicines that the patient takes call for something by their genetic results.", _OF_PATIENT),
        ("order-select", "Pharmacogenomics: medicine chosen",
         "Whether the chosen medicines suit the patient's genetic results and other medicines.", _OF_ORDER),
        ("order-sign", "Pharmacogenomics: order to be signed",
         "Whether the ordered medicines suit the patient's genetic results and other medicines.", _OF_ORDER),
        ("order-dispatch", "Pharmacogenomics: order to be dispensed",
         "Whether an ordered medicine suits the patient's genetic results and other medicines, before it is dispensed.",
         {**_OF_ORDER, ORDER: "{{context.order}}"}),
    )
)  # fmt: skip
BY_ID: Final = {each.id: each for each in SERVICES}


def discovery() -> dict[str, Any]:
    """What `GET /cds-services` answers."""
    return {"services": [each.told() for each in SERVICES]}


def filled(template: str, *, patient: str, order: str = "") -> str:
    """A template with the values of a call, as a path below a FHIR server.

    >>> filled("Patient/{{context.patientId}}", patient="p1")
    'Patient/p1'
    """
    return template.replace("{{context.patientId}}", patient).replace("{{context.order}}", order)
