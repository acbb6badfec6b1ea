"""What is published: the values that every face renders and that exchange, node and hub import.

Asked:          Question, Options
Interpretation: Alternative, Adjusted, GeneResult
Guidance:       Dose, Condition, Advice, Implication, Recommendation
A drug's answer: OpenCondition, MedicineEffect, CheckedAlternative, Disagreement, Harm, DrugResult
The whole:      Provenance, Run, Assessment

Frozen values without I/O; every one survives `starling.serial` to JSON and back.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Final, Literal

from starling.values import asdict, dataclass, field
from starling.vocabulary import BuildName, CopyNumber, Notice, OutsideCall, Presence, Sex, VariantCopies, Why


@dataclass(frozen=True, slots=True)
class Alternative:
    """A phenotype that remains possible (None: it could not be assigned), the diplotypes behind it, and why."""

    phenotype: str | None
    diplotypes: tuple[tuple[str, ...], ...]
    why: Why


@dataclass(frozen=True, slots=True)
class WhyWords:
    """One reason in words: `brief` behind a term in brackets, `clause` in a sentence for a reader of the report."""

    brief: str
    clause: str


WHY: Final[Mapping[Why, WhyWords]] = {
    Why.PHASE: WhyWords("the phase is not known", "the file does not say which variants lie on the same chromosome"),
    Why.NOT_ASSAYED: WhyWords("a deciding position was not called", "a deciding position was not read"),
    Why.UNDOCUMENTED_VARIANT: WhyWords(
        "an undocumented variant was read", "a variant was found that no definition lists"
    ),
    Why.FILTERED: WhyWords(
        "a record that failed its filters was used", "a record that did not pass its filters was used"
    ),
    Why.WEAK_EVIDENCE: WhyWords(
        "a genotype with weak evidence was used",
        "the reads or probabilities behind a genotype are too few, or speak against it",
    ),
    Why.COPY_NUMBER: WhyWords("the copy number was not determined", "deletions and duplications were not looked at"),
    Why.STATED: WhyWords("statements of other laboratories differ", "what the other laboratory states does not agree"),
}


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
    """Advice that applies when something more is true of the patient.

    `key`: what decides it, for a program (docs/explanation/conditions.md); empty: only a reader can.
    """

    when: str
    action: str
    dose: tuple[Dose, ...] = ()
    alternatives: tuple[str, ...] = ()
    key: str = ""


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
    term, copy number unconfirmed, alternatives that would change the action).  `text_as_of`: when the guideline was
    written (empty: undated); `checked_on`: the day of the source's edition with which its row was last compared.
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
    text_as_of: str = ""
    checked_on: str = ""
    notes: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Sources that advise different things: what differs, and who says what."""

    what: str
    by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OpenCondition:
    """What must be asked before the answer holds: were it so, the drug would be ruled out.

    `ask`: the question in words.  `key`: as `Condition.key`.  `action`: the advice then.  `source`: who says so.
    """

    ask: str
    key: str
    action: str
    source: str


@dataclass(frozen=True, slots=True)
class MedicineEffect:
    """What one stated medicine did to the answer; `name` as it was stated, `text` a sentence.

    `adjusted`: the phenotype counts as changed.  `condition`: it decides a condition of the advice.
    `no_difference`: it is known, and nothing the sources of this drug say depends on it.  `not_considered`: unknown.
    """

    name: str
    effect: Literal["adjusted", "condition", "no_difference", "not_considered"]
    text: str


@dataclass(frozen=True, slots=True)
class CheckedAlternative:
    """A medicine that a source proposes instead, put through the same patient's results and medicines.

    `action`: its own headline; None when nothing is known of it here.  `why`: a sentence.  `offered`: whether it is
    still proposed.
    """

    drug: str
    action: str | None
    why: str
    offered: bool


@dataclass(frozen=True, slots=True)
class Harm:
    """What is at stake for this patient with a drug, by its own guideline or a boxed warning.

    `level`: `life-threatening` or `serious`.  `what`: what happens.  `gene`, `result`: with which result of which gene.
    `source`: who says so.
    """

    level: str
    what: str
    gene: str
    result: str
    source: str


@dataclass(frozen=True, slots=True)
class DrugResult:
    """One drug of an assessment.

    `no_result`: a gene is missing.  `no_row`: nobody gives advice for this result.  `no_guideline`: the drug is
    known, and no guideline of the knowledge base advises anything by genotype.

    `advice`: a row applies, or something is to be tested before any row can be relied on.  `answer`: the sentence that
    stands before what single sources say, made from all of them; empty: the leading recommendation's summary is it.
    `test_first`: what to test before the answer holds: genes, or `GENE copy number`.
    `notes`: which guidelines list no row for this patient's result, and medicines that no recommendation mentions.
    `medicines`: one entry for each medicine that was stated.  `harm`: the worst that is known to be at stake with this
    result; None: nothing of the kind is known, which is not a statement of safety.
    """

    drug: str
    status: Literal["advice", "no_result", "no_row", "no_guideline"]
    headline_action: str | None
    genes_missing: tuple[str, ...] = ()
    disagreement: Disagreement | None = None
    recommendations: tuple[Recommendation, ...] = ()
    notes: tuple[Notice, ...] = ()
    conditions_open: tuple[OpenCondition, ...] = ()
    medicines: tuple[MedicineEffect, ...] = ()
    alternatives: tuple[CheckedAlternative, ...] = ()
    harm: Harm | None = None
    answer: str = ""
    test_first: tuple[str, ...] = ()

    @property
    def is_answered(self) -> bool:
        """Whether there was a result, or an authority, by which the question could be answered."""
        return self.status != "no_result"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a patient's genotypes, and what else is known of the patient.

    `drugs`, `genes`: what to answer about; empty: everything.  Genes without drugs: the results of these genes and no
    advice.  `medication`: what the patient takes, by any name.  `subject`: who the patient is (sex, ancestry, ...).
    """

    drugs: tuple[str, ...] = ()
    genes: tuple[str, ...] = ()
    outside: tuple[OutsideCall, ...] = ()
    medication: tuple[str, ...] = ()
    subject: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_personal(self) -> bool:
        """Whether something is said that can hold for one patient only."""
        return bool(self.outside or self.medication or self.subject)


@dataclass(frozen=True, slots=True)
class Options:
    """How to read, and whom to ask; every field is recorded in the provenance.

    `min_dp` (reads) and `min_gq` (Phred) apply to genotypes that carry the fields; 10 and 20 are the usual floors of
    germline hard filters.  `min_gp`: the least probability of an imputed genotype; 0.9 is where QCTOOL and PLINK 1.9
    (`--hard-call-threshold 0.1`) stop to make hard calls.  `max_other_reads`: from this share of ten or more reads on,
    an allele that GT does not list contradicts it (ours).  `min_het_reads`: the least share of either allele of a
    heterozygote (ours; below it a germline variant is rarer than contamination or a mosaic).
    Source: docs/explanation/reading.md.
    """

    build: BuildName | None = None
    sex: Sex = "unknown"
    absent_is_reference: Literal["no", "yes", "force"] = "no"
    callable_bed: str | None = None
    min_dp: int = 10
    min_gq: int = 20
    min_gp: float = 0.9
    max_other_reads: float = 0.25
    min_het_reads: float = 0.1
    pass_only: bool = False
    phase: Literal["trust", "sets", "ignore"] = "trust"
    combinations: bool = False
    sources: tuple[str, ...] = ()
    hash_input: bool = False

    def recorded(self) -> dict[str, object]:
        """Every field; a file by its name alone, so that no digest depends on its folder."""
        bed = PurePath(self.callable_bed).name if self.callable_bed is not None else None
        return {**asdict(self), "callable_bed": bed}


@dataclass(frozen=True, slots=True)
class KnowledgeStamp:
    """Which knowledge a result rests on; `as_of` dates its alleles and its guideline texts.

    `checked_on`: the day of the newest check of a guideline against its source.  `signed_by`: the pharmacist who has
    read this edition and stands for it; empty: nobody yet.
    """

    version: str
    sha256: str
    as_of: str
    checked_on: str
    signed_by: str = ""


@dataclass(frozen=True, slots=True)
class InputStamp:
    """Which input a result rests on: file names without folders, and digests.

    `order`: what proves that no record was missed: `index`, `blocks` (the heads of all blocks) or `whole`.
    """

    name: str
    bytes: int | None
    evidence_sha256: str
    file_sha256: str | None
    build: BuildName | None
    build_from: str | None
    reader: str | None
    order: str | None = None


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
    """When and how fast, and what to know on that day; the only part that the result digest leaves out."""

    created: str
    timings_ms: Mapping[str, float]
    notices: tuple[Notice, ...] = ()


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

    def __repr__(self) -> str:
        return f"<Assessment of {self.sample}: {len(self.genes)} genes, {len(self.drugs)} drugs>"

    def gene(self, name: str) -> GeneResult:
        """The result for one gene.  Raises: KeyError when this knowledge base has no such gene."""
        return {result.gene: result for result in self.genes}[name]

    def drug(self, name: str) -> DrugResult:
        """The result for one drug.  Raises: KeyError when this knowledge base has no such drug."""
        return {result.drug: result for result in self.drugs}[name]
