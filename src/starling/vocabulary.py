"""The nouns of the house: frozen values without I/O.  Every one survives `starling.serial` to JSON and back.

Observation:    Locus, State, Genotype, SampleGenotypes
Calling:        Diplotype, Ambiguous, Undetermined, Evidence, GeneCall, OutsideCall
Interpretation: ActivityScore, GeneResult
Guidance:       Dose, Condition, Advice, Implication, Recommendation, DrugResult
The whole:      Options, Provenance, Run, Assessment
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from typing import Literal, NamedTuple

Sex = Literal["male", "female", "unknown"]
BuildName = Literal["GRCh38", "GRCh37"]
CopyNumber = Literal["assessed", "not_assessed", "not_applicable"]
Presence = Literal["positive", "negative", "nocall"]


class State(StrEnum):
    """What is known of a position.  One that was not assayed is never reference."""

    CALLED = "called"
    NOCALL = "nocall"
    NOTASSAYED = "notassayed"


class Why(StrEnum):
    """Why something other than the reported result remains possible."""

    PHASE = "phase"
    NOT_ASSAYED = "not_assayed"
    UNDOCUMENTED_VARIANT = "undocumented_variant"
    FILTERED = "filtered"
    COPY_NUMBER = "copy_number"
    STATED = "stated"


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the reader of a result must know; `code` is stable, `message` is a sentence."""

    code: str
    message: str


class Locus(NamedTuple):
    """A place on GRCh38: chromosome as `chr10`, position 1-based (for an indel: its VCF anchor)."""

    chromosome: str
    position: int


@dataclass(frozen=True, slots=True)
class Genotype:
    """What was observed at one locus, as bases.

    `alleles`: one entry (haploid) or two, in the words of the definition (the site's REF or one of its ALTs; an
    undocumented variant as it was read); empty unless `state` is called.  `phase_set`: the first alleles of two
    genotypes with an equal phase set lie on one strand; None is unphased.  `seen`: the ALT of a half-call (`1/.`).
    `filled`: reference was assumed because an option said so.  `filtered`: the record did not pass its filters.
    `fractions`: (bases, share of the reads) of every variant of a mitochondrial record.
    """

    locus: Locus
    alleles: tuple[str, ...] = ()
    phase_set: str | None = None
    state: State = State.NOTASSAYED
    quality: int | None = None
    seen: tuple[str, ...] = ()
    filled: bool = False
    filtered: bool = False
    fractions: tuple[tuple[str, float], ...] = ()
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class SampleGenotypes:
    """One person's genotypes at every locus asked for (absent key: not assayed), and what to say about the reading.

    `mitochondrial_reference_known`: False when a GRCh37 file does not state the length of its chrM.
    `hemizygous_x`: True when the person has one X (stated or read), None when unknown.
    """

    sample: str
    genotypes: Mapping[Locus, Genotype]
    notices: tuple[Notice, ...] = ()
    mitochondrial_reference_known: bool = True
    hemizygous_x: bool | None = None


@dataclass(frozen=True, slots=True)
class Diplotype:
    """An unordered pair of named alleles in star order; one name for a haploid gene.  Copy number is in the name."""

    alleles: tuple[str, ...]

    def __str__(self) -> str:
        return "/".join(self.alleles)


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """Several diplotypes explain the data equally well, in star order.  Empty: variants are known, phase is not."""

    diplotypes: tuple[Diplotype, ...]


@dataclass(frozen=True, slots=True)
class Undetermined:
    """No call, and why: an answer, not an exception."""

    reason: str


CallResult = Diplotype | Ambiguous | Undetermined


@dataclass(frozen=True, slots=True)
class Consistent:
    """A diplotype that the data do not exclude although it is not the reported one."""

    diplotype: Diplotype
    why: Why


@dataclass(frozen=True, slots=True)
class VariantCopies:
    """A named variant, its copies (None: not countable), and its share of the reads (chrM)."""

    name: str
    copies: int | None
    fraction: float | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a call rests on.

    `consistent`: one representative per pair of functions of everything else that fits.
    `deciding`: the alleles that decide the phenotype where they are not the diplotype (lowest-function genes).
    `doubts`: reasons for which the phenotype cannot be certain whatever the alternatives say.
    `stated_phenotype`, `stated_score`: what an outside laboratory stated instead of, or beside, alleles.
    `other_phenotypes`, `other_scores`: what further outside results for the same gene stated instead.
    """

    consistent: tuple[Consistent, ...] = ()
    deciding: Diplotype | None = None
    doubts: tuple[Why, ...] = ()
    variants: tuple[VariantCopies, ...] = ()
    copy_number: CopyNumber = "not_applicable"
    presence: tuple[tuple[str, Presence], ...] = ()
    missing: tuple[Locus, ...] = ()
    cannot_exclude: tuple[str, ...] = ()
    filled: int = 0
    notices: tuple[Notice, ...] = ()
    research_only: bool = False
    source: Literal["sample", "outside"] = "sample"
    stated_phenotype: str | None = None
    stated_score: ActivityScore | None = None
    other_phenotypes: tuple[str, ...] = ()
    other_scores: tuple[ActivityScore, ...] = ()
    conflict: str | None = None


@dataclass(frozen=True, slots=True)
class GeneCall:
    """What was concluded for one gene, and from what."""

    gene: str
    result: CallResult
    evidence: Evidence = field(default_factory=Evidence)


@dataclass(frozen=True, slots=True)
class OutsideCall:
    """What another laboratory or device stated.  Empty strings and None: not stated.  `line`: 1-based, for messages."""

    gene: str
    diplotype: str = ""
    phenotype: str = ""
    activity_score: str = ""
    nomenclature: str = ""
    line: int | None = None


@dataclass(frozen=True, slots=True, order=True)
class ActivityScore:
    """An exact activity value or score; `at_least` for `>=3.0`.  An unknown score is None, never 0.

    >>> str(ActivityScore.parse(">=3.0"))  # three or more copies, exact number unknown
    '>=3.0'
    """

    value: Fraction
    at_least: bool = False

    @classmethod
    def parse(cls, text: str) -> ActivityScore | None:
        """The value that `text` states; None for `n/a` and the empty text.

        Raises: ValueError when `text` is neither a number, `>=` number, nor `n/a`.
        """
        text = text.strip()
        if text in {"", "n/a"}:
            return None
        at_least = text.startswith((">=", "≥"))
        return cls(Fraction(text.lstrip(">=≥ ")), at_least)

    def __str__(self) -> str:
        number = f"{float(self.value):.4f}".rstrip("0")
        return (">=" if self.at_least else "") + (number + "0" if number.endswith(".") else number)


@dataclass(frozen=True, slots=True)
class Alternative:
    """A phenotype that remains possible (None: it could not be assigned), the diplotypes behind it, and why."""

    phenotype: str | None
    diplotypes: tuple[tuple[str, ...], ...]
    why: Why


@dataclass(frozen=True, slots=True)
class Adjusted:
    """The phenotype as other medicines make it (phenoconversion), and by which medicine."""

    phenotype: str | None
    activity_score: str | None
    by: str


@dataclass(frozen=True, slots=True)
class GeneResult:
    """One gene of an assessment: field for field the published JSON.

    `activity_score_alternatives`: other scores of the same term that remain possible; some guidelines ask for them.
    """

    gene: str
    status: Literal["called", "ambiguous", "undetermined"]
    reason: str | None
    diplotypes: tuple[tuple[str, ...], ...]
    label: str
    phenotype: str | None
    phenotype_certain: bool
    phenotype_alternatives: tuple[Alternative, ...] = ()
    activity_score: str | None = None
    activity_score_alternatives: tuple[str, ...] = ()
    variants: tuple[VariantCopies, ...] = ()
    copy_number: CopyNumber = "not_applicable"
    presence: Mapping[str, Presence] = field(default_factory=dict)
    adjusted: Adjusted | None = None
    source: Literal["sample", "outside"] = "sample"
    conflict: str | None = None
    research_only: bool = False
    missing_positions: tuple[str, ...] = ()
    cannot_exclude: tuple[str, ...] = ()
    warnings: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class Dose:
    """A structured dose: a factor of the usual dose, a value, or an upper limit; `unit` as printed in the source."""

    basis: str
    factor: float | None = None
    factor_min: float | None = None
    factor_max: float | None = None
    value: float | None = None
    max: float | None = None
    unit: str | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Condition:
    """Advice that applies when something more is true of the patient."""

    when: str
    action: str
    dose: tuple[Dose, ...] = ()
    alternatives: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Advice:
    """What a guideline advises, structured; `summary` is the sentence a prescriber reads first."""

    id: str
    action: str
    summary: str
    detail: str = ""
    dose: tuple[Dose, ...] = ()
    alternatives: tuple[str, ...] = ()
    not_alternatives: tuple[str, ...] = ()
    monitor: tuple[str, ...] = ()
    titrate: bool = False
    conditions: tuple[Condition, ...] = ()
    fallback: Condition | None = None
    genes_missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Implication:
    """What a result means for the drug, before any advice."""

    id: str
    gene: str
    effect: str
    summary: str
    magnitude: str = ""


@dataclass(frozen=True, slots=True)
class Recommendation:
    """One row of guidance that applies to this patient.

    `genes`: the key by which each gene was looked up.  `notes`: what the reader must know about the look-up (mapped
    term, copy number unconfirmed, alternatives that would change the action).
    """

    drug: str
    source: str
    guideline: str
    population: str
    genes: Mapping[str, str]
    phenotype_used: Literal["genetic", "adjusted"]
    strength: str
    action: str
    advice: Advice
    implications: tuple[str, ...] = ()
    pmids: tuple[str, ...] = ()
    notes: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Sources that advise different things: what differs, and who says what."""

    what: str
    by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DrugResult:
    """One drug of an assessment.  `no_result`: a gene is missing; `no_row`: nobody gives advice for this result.

    `notes`: which guidelines list no row for this patient's result, and medicines that no recommendation mentions.
    """

    drug: str
    status: Literal["advice", "no_result", "no_row"]
    headline_action: str | None
    genes_missing: tuple[str, ...] = ()
    disagreement: Disagreement | None = None
    recommendations: tuple[Recommendation, ...] = ()
    notes: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class Options:
    """How to read, and whom to ask; every field is recorded in the provenance.

    `min_dp` (reads) and `min_gq` (Phred) apply to reference statements that carry the fields;
    10 and 20 are the usual floors of germline hard filters.  Source: docs/explanation/reading.md.
    """

    build: BuildName | None = None
    sex: Sex = "unknown"
    absent_is_reference: Literal["no", "yes", "force"] = "no"
    callable_bed: str | None = None
    min_dp: int = 10
    min_gq: int = 20
    pass_only: bool = False
    phase: Literal["trust", "sets", "ignore"] = "trust"
    combinations: bool = False
    sources: tuple[str, ...] = ()
    hash_input: bool = False


@dataclass(frozen=True, slots=True)
class KnowledgeStamp:
    """Which knowledge a result rests on; `as_of` dates its alleles and its guideline texts."""

    version: str
    sha256: str
    as_of: str


@dataclass(frozen=True, slots=True)
class InputStamp:
    """Which input a result rests on: file names without folders, and digests."""

    name: str
    bytes: int | None
    evidence_sha256: str
    file_sha256: str | None
    build: BuildName | None
    build_from: str | None
    reader: str | None


@dataclass(frozen=True, slots=True)
class Provenance:
    """Everything needed to reproduce a result."""

    program: str
    knowledge: KnowledgeStamp
    input: InputStamp
    options: Mapping[str, object]
    positions: Mapping[str, int]
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class Run:
    """When and how fast; the only part of an assessment that the result digest leaves out."""

    created: str
    timings_ms: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Assessment:
    """One patient's calls, phenotypes, recommendations and provenance: what every face renders."""

    sample: str
    subject: Mapping[str, str]
    result_sha256: str
    provenance: Provenance
    run: Run
    genes: tuple[GeneResult, ...]
    drugs: tuple[DrugResult, ...]

    def gene(self, name: str) -> GeneResult:
        """The result for one gene.  Raises: KeyError when this knowledge base has no such gene."""
        return {result.gene: result for result in self.genes}[name]

    def drug(self, name: str) -> DrugResult:
        """The result for one drug.  Raises: KeyError when this knowledge base has no such drug."""
        return {result.drug: result for result in self.drugs}[name]
