"""What is published: the values that every face renders and that exchange, node and hub import.

Asked:          Question, Options
Interpretation: Alternative, Adjusted, GeneResult
Guidance:       Dose, Condition, Advice, Implication, Recommendation
A drug's answer: OpenCondition, MedicineEffect, CheckedAlternative, Disagreement, Harm, DrugResult
The whole:      Provenance, Run, Assessment

Frozen values without I/O; every one survives `starling.serial` to JSON and back.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import PurePath
from typing import Final, Literal

from starling.errors import InputError, NoSuchResultError
from starling.session import CHOICES, LIMITS, brief, calls_of, check_limit, facts_of, names_of, published, stated
from starling.values import asdict, dataclass, field
from starling.vocabulary import BuildName, CopyNumber, Notice, OutsideCall, Presence, Sex, VariantCopies, Why


@dataclass(frozen=True, slots=True)
class Alternative:
    """A phenotype that remains possible (None: it could not be assigned), the diplotypes behind it, and why."""

    phenotype: str | None
    diplotypes: tuple[tuple[str, ...], ...]
    why: Why

    @property
    def changes_nothing(self) -> bool:
        """Whether a genotype is in doubt, and all that it leaves, which `diplotypes` names, means what is reported."""
        return self.phenotype is None and bool(self.diplotypes) and self.why.is_about_a_genotype


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
    Why.REFERENCE: WhyWords(
        "the file contradicts the reference genome",
        "the file's reference bases or positions are not those of the genome that it names",
    ),
    Why.COPY_NUMBER: WhyWords("the copy number was not determined", "deletions and duplications were not looked at"),
    Why.STATED: WhyWords("statements of other laboratories differ", "what the other laboratory states does not agree"),
    Why.OWN_DATA: WhyWords(
        "the sample's own data contradict the other laboratory",
        "the sample's own data do not allow what the other laboratory states",
    ),
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

    def __repr__(self) -> str:
        term = f": {self.phenotype}, {'certain' if self.phenotype_certain else 'not certain'}" if self.phenotype else ""
        return brief("GeneResult", f"{self.gene} {self.label or self.status}{term}")


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

    def __repr__(self) -> str:
        return brief("Recommendation", f"{self.drug}, {self.source} {self.strength}".rstrip() + f": {self.action}")


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

    `action`: its own headline; None when nothing is known of it here.  `why`: a sentence.  `offered`: still proposed.
    """

    drug: str
    action: str | None
    why: str
    offered: bool


@dataclass(frozen=True, slots=True)
class Harm:
    """What is at stake for this patient with a drug, by its own guideline or a boxed warning.

    `level`: `life-threatening` or `serious`.  `what`: what happens.  `gene`, `result`: with what.  `source`: says who.
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
    `headline_action`: `standard` only where nothing open could rule the drug out; where conditions could, it is
    `test_further` and `conditions_open` says what to ask.
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
    def is_asking(self) -> bool:
        """Whether nothing but open conditions stands between the patient and the usual use of the drug."""
        waits = self.test_first or self.answer or any(row.action == "test_further" for row in self.recommendations)
        return self.headline_action == "test_further" and bool(self.conditions_open) and not waits

    @property
    def is_answered(self) -> bool:
        """Whether there was a result, or an authority, by which the question could be answered."""
        return self.status != "no_result"

    def __repr__(self) -> str:
        said = self.headline_action if self.status == "advice" else self.status
        return brief("DrugResult", f"{self.drug}: {said}, {len(self.recommendations)} recommendations")


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a patient's genotypes, and what else is known of the patient.

    `drugs`, `genes`: what to answer about; empty: everything.  Genes without drugs: the results of these genes and no
    advice.  `medication`: what the patient takes, by any name.  `subject`: who the patient is (sex, ancestry, ...).
    Any collection of names becomes a tuple, see `names_of`; what is known of the subject becomes text.
    Raises: TypeError, the caller's, on what is no name, no call or no mapping.
    """

    drugs: tuple[str, ...] = ()
    genes: tuple[str, ...] = ()
    outside: tuple[OutsideCall, ...] = ()
    medication: tuple[str, ...] = ()
    subject: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for each in ("drugs", "genes", "medication"):
            object.__setattr__(self, each, names_of(getattr(self, each), each))
        object.__setattr__(self, "outside", calls_of(self.outside))
        object.__setattr__(self, "subject", facts_of(self.subject))

    def __repr__(self) -> str:
        return stated(self, Question.__match_args__, Question())

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
    Raises: InputError BAD_OPTION, the sender's, on a value that an option does not take.
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

    def __post_init__(self) -> None:
        object.__setattr__(self, "sources", tuple(each.upper() for each in names_of(self.sources, "sources")))
        if self.callable_bed is not None:
            object.__setattr__(self, "callable_bed", str(self.callable_bed))
        for name, choices in CHOICES.items():
            if getattr(self, name) not in choices:
                known = ", ".join(map(repr, choices))
                raise InputError("BAD_OPTION", f"{getattr(self, name)!r} is none of {known}", source=name)
        for name in LIMITS:
            check_limit(name, getattr(self, name))

    def __repr__(self) -> str:
        return stated(self, Options.__match_args__, Options())

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
        return brief("Assessment", f"of {self.sample}: {len(self.genes)} genes, {len(self.drugs)} drugs")

    def gene(self, name: str) -> GeneResult:
        """The result for one gene, whatever the case of its name.

        Raises: NoSuchResultError, a KeyError and the sender's, with the nearest names.
        """
        found = {result.gene: result for result in self.genes}
        return found[name] if name in found else found[self._known(name, "gene", found)]

    def drug(self, name: str) -> DrugResult:
        """The result for one drug, by any of its names: ingredient, brand, code, or as on a prescription.

        Raises: NoSuchResultError, a KeyError and the sender's, with the nearest names.
        """
        found = {result.drug: result for result in self.drugs}
        return found[name] if name in found else found[self._known(name, "drug", found)]

    def _known(self, name: str, what: Literal["gene", "drug"], held: Collection[str]) -> str:
        """The name under which a result is held."""
        try:
            known = str(published(f"find_{what}")(name))
        except InputError as error:
            raise NoSuchResultError(error.code, error.message) from None
        if known not in held:
            holds = ", ".join(list(held)[:10]) + (", ..." if len(held) > 10 else "") or f"no {what}"
            message = f"{known} is known and has no result in this assessment, which holds {holds}"
            raise NoSuchResultError(f"UNKNOWN_{what.upper()}", message)
        return known

    def to_json(self) -> str:
        """The published JSON on one line; `starling.from_json` gives this assessment again."""
        return str(published("to_json")(self))

    def to_tsv(self) -> str:
        """One rectangular table: a row for each gene, then a row for each recommendation."""
        return str(published("to_tsv")(self))

    def to_html(self, *, short: bool = False) -> str:
        """The report as one self-contained page; `short`: what to act on and the genes, without the evidence."""
        return str(published("to_html")(self, short=short))

    def to_fhir(self) -> str:
        """A FHIR R4 Bundle (Genomics Reporting STU3) as JSON; `starling.to_fhir` takes another edition's codes."""
        return str(published("to_fhir")(self))

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        return str(published("summary_html")(self))
