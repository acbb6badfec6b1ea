"""After a stem-cell transplant, blood and saliva carry the donor's genome: nothing can be said of the patient.

Source: PMID 27371869.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from starling.errors import InputError
from starling.values import replace
from starling.vocabulary import Evidence, GeneCall, Notice, Undetermined

#: What `transplant` may say.  After a solid organ's transplant, blood carries the recipient's own DNA.
STEM_CELL: Final = frozenset({"stem cell", "bone marrow", "hsct", "hct", "allogeneic stem cell"})
NO_DONOR_DNA: Final = frozenset({"", "no", "none", "solid organ", "kidney", "heart", "lung", "liver", "autologous"})

#: Specimens that hold the recipient's own cells after a transplant.
RECIPIENT_TISSUE: Final = frozenset({"recipient tissue", "skin", "skin biopsy", "fibroblasts", "nail", "hair follicle"})

_NOTICE = Notice(
    "DONOR_DNA",
    "stem-cell transplant: blood and saliva carry the donor's genome; state specimen=skin (or other recipient tissue) "
    "when the DNA is the patient's own",
)


def is_donor_dna(subject: Mapping[str, str]) -> bool:
    """Whether the DNA is, as far as the subject's data say, the donor's.

    Raises: InputError BAD_OPTION, the sender's, for a transplant that is neither known kind: it must not be ignored.
    """
    transplant = _plain(subject.get("transplant", ""))
    if transplant not in STEM_CELL | NO_DONOR_DNA:
        message = f"transplant={subject['transplant']} is not understood; say stem_cell, solid_organ or none"
        raise InputError("BAD_OPTION", message, source="subject")
    return transplant in STEM_CELL and _plain(subject.get("specimen", "")) not in RECIPIENT_TISSUE


def _plain(text: str) -> str:
    return " ".join(text.casefold().replace("_", " ").replace("-", " ").removesuffix("transplant").split())


def without_donor(call: GeneCall) -> GeneCall:
    """The call withdrawn: `Undetermined(DONOR_DNA)`."""
    return replace(call, result=Undetermined("DONOR_DNA"), evidence=Evidence(notices=(_NOTICE,)))
