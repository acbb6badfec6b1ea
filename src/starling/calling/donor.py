"""After a stem-cell transplant, blood and saliva carry the donor's genome: nothing can be said of the patient.

Source: PMID 27371869.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from starling.vocabulary import Evidence, GeneCall, Notice, Undetermined

#: Specimens that hold the recipient's own cells after a transplant.
RECIPIENT_TISSUE: Final = frozenset({"recipient tissue", "skin", "skin biopsy", "fibroblasts", "nail", "hair follicle"})

_NOTICE = Notice(
    "DONOR_DNA",
    "stem-cell transplant: blood and saliva carry the donor's genome; state specimen=skin (or other recipient tissue) "
    "when the DNA is the patient's own",
)


def is_donor_dna(subject: Mapping[str, str]) -> bool:
    """Whether the DNA is, as far as the subject's data say, the donor's."""
    if subject.get("transplant", "").strip().lower().replace("-", "_") != "stem_cell":
        return False
    return subject.get("specimen", "").strip().lower().replace("_", " ") not in RECIPIENT_TISSUE


def without_donor(call: GeneCall) -> GeneCall:
    """The call withdrawn: `Undetermined(DONOR_DNA)`."""
    return replace(call, result=Undetermined("DONOR_DNA"), evidence=Evidence(notices=(_NOTICE,)))
