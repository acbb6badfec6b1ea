"""A bundle in a session: an assessment as JSON for another system."""

from __future__ import annotations

from starling.assessment import Assessment
from starling.exchange.codes import Codes
from starling.exchange.fhir.bundle import document
from starling.library import Knowledge, engine_of


def to_fhir(assessment: Assessment, *, knowledge: Knowledge = None) -> str:
    """One Bundle of everything about the person (FHIR R4, Genomics Reporting STU3), as JSON, ending in a line feed.

    `knowledge`: the edition whose codes are written; without it, the one that came with the program.
    Raises: KnowledgeError, the administrator's.
    """
    return document([assessment], Codes.of(engine_of(knowledge).knowledge))
