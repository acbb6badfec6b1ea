"""What a drug adds to the room: how an assessment and a patient become factors, and what stands beside the model.

A second drug is a second `Program` and a second bundle; nothing else in the room changes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from starling.assessment import Assessment
from starling.prediction import Step
from starling.runtime.inputs import Factors, Value
from starling.values import dataclass, field
from starling.vocabulary import Notice

#: Why a blood thinner is given, as far as models tell reasons apart.
INDICATIONS: Final = ("atrial fibrillation", "thromboembolism", "heart valve", "other")


@dataclass(frozen=True, slots=True)
class Trained:
    """The unit of a number, and the least and largest one that the data behind a drug's models hold."""

    unit: str
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Patient:
    """What a prescriber states beside the genotype; None: not stated.

    `medication`: by any name; a program is given the ingredients of those that are known.  `indication`: one of
    `INDICATIONS`.  `linked`: genotypes of linked sites (`{"rs9934438": "C/T"}`); where the letters do not tell the
    strand it is stated (`"G/G+"` as in a VCF, `"G/G-"` on the gene's own).  `more`: what a program other than warfarin
    asks for.  `units_checked`: height and weight were looked at again, and are in centimetres and kilograms.
    """

    age_years: float | None = None
    height_cm: float | None = None
    weight_kg: float | None = None
    ancestry: str | None = None
    medication: tuple[str, ...] | None = None
    smoker: bool | None = None
    indication: str | None = None
    linked: Mapping[str, str] = field(default_factory=dict)
    more: Mapping[str, Value] = field(default_factory=dict)
    units_checked: bool = False


@dataclass(frozen=True, slots=True)
class Formula:
    """A published formula's answer in the unit of the model; `uses_genotype`: False for a clinical formula."""

    name: str
    value: float
    source: str
    uses_genotype: bool


@dataclass(frozen=True, slots=True)
class Prepared:
    """A patient in the words of a model.

    `factors`: what is known, including what is assumed when not stated.  `not_called`: why the model may not be used
    (a genotype is missing); None when it may.  `without_interval`: why no interval may be stated.
    `guard`: why the model does not know such a patient, apart from ranges (how the body is built).
    """

    factors: Factors
    notices: tuple[Notice, ...] = ()
    not_called: str | None = None
    guard: str | None = None
    without_interval: str | None = None
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """Something that could be different, in words, and the factors that it changes."""

    words: str
    factors: Mapping[str, Value]


class Program(Protocol):
    """One drug's part.

    `caution`: a sentence that stands beside every number.  `trained`: every factor that is a number; a model whose card
    states another unit, or more than these data hold, is not believed.  `doses`: the same of the dose itself.
    """

    drug: str
    bundle: str
    quantity: str
    unit: str
    caution: str
    trained: Mapping[str, Trained]
    doses: Trained

    def prepare(self, assessment: Assessment, patient: Patient) -> Prepared:
        """The patient in the words of the model.  Raises: InputError for what is missing and never assumed."""
        ...

    def formulas(self, prepared: Prepared) -> Sequence[Formula]:
        """The published formulas that can be computed, the one to fall back on first; at least one."""
        ...

    def steps(self, assessment: Assessment, prepared: Prepared, dose: float) -> Sequence[Step]:
        """What guidelines ask for after the calculation, one after another."""
        ...

    def changes(self, prepared: Prepared) -> Sequence[Change]:
        """What a prescriber may want to compare."""
        ...
