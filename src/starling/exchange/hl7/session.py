"""A message in a session: assessments as HL7 v2 for a hospital's interface."""

from __future__ import annotations

from collections.abc import Iterable

from starling.assessment import Assessment
from starling.exchange.codes import Codes
from starling.exchange.hl7.report import report_parts
from starling.library import Knowledge, engine_of


def to_hl7(people: Assessment | Iterable[Assessment], *, knowledge: Knowledge = None) -> str:
    """One `ORU^R01` of HL7 v2.5.1, or a batch of them for several people; segments end in a carriage return.

    `knowledge`: the edition whose codes are written; without it, the one that came with the program.
    Raises: KnowledgeError, the administrator's.
    """
    several = [people] if isinstance(people, Assessment) else people
    return "".join(report_parts(several, Codes.of(engine_of(knowledge).knowledge)))
