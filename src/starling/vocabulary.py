"""What was observed and what was called: frozen values without I/O.  Every one survives `starling.serial`.

Observation:  Locus, State, Genotype, Remark, SampleGenotypes
Calling:      Diplotype, Ambiguous, Undetermined, Evidence, GeneCall, OutsideCall, ActivityScore

What is published of it stands in `starling.assessment`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache
from typing import Literal, NamedTuple

from starling.values import dataclass, field

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
    WEAK_EVIDENCE = "weak_evidence"
    REFERENCE = "reference"
    COPY_NUMBER = "copy_number"
    STATED = "stated"
    OWN_DATA = "own_data"

    @property
    def is_about_a_genotype(self) -> bool:
        """Whether it is a doubt about what one position holds."""
        return self in (Why.FILTERED, Why.WEAK_EVIDENCE)


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
    genotypes with an equal phase set lie on one haplotype; None is unphased.  `seen`: what a no-call shows (`1/.`).
    `filled`: reference was assumed because an option said so.  `filtered`: the record did not pass its filters.
    `fractions`: (bases, share of the reads) of every variant of a mitochondrial record.  `doubts`: reasons for which
    no result that looks at this locus is certain, called or not.
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
    doubts: tuple[Why, ...] = ()


@dataclass(frozen=True, slots=True)
class Remark:
    """What to say about the reading, and the places whose records caused it; no place: the file as a whole.

    `names`: what the file calls the places, when the sentence ends in them.  `counted`: it begins with their number.
    """

    code: str
    message: str
    places: tuple[Locus, ...] = ()
    names: tuple[str, ...] = ()
    counted: bool = False

    @property
    def notice(self) -> Notice:
        """The remark as it is shown."""
        message = f"{len(self.places)} {self.message}" if self.counted else self.message
        return Notice(self.code, f"{message}: {', '.join(sorted(set(self.names)))}" if self.names else message)

    def about(self, loci: Collection[Locus]) -> Remark | None:
        """As much of it as concerns these places; None when nothing does."""
        if not self.places:
            return self
        kept = [number for number, place in enumerate(self.places) if place in loci]
        places = tuple([self.places[number] for number in kept])
        names = tuple([self.names[number] for number in kept]) if self.names else ()
        return Remark(self.code, self.message, places, names, self.counted) if kept else None


@dataclass(frozen=True, slots=True)
class SampleGenotypes:
    """One person's genotypes at every locus asked for (absent key: not assayed), and what to say about the reading.

    `mitochondrial_reference_known`: False when a GRCh37 file does not state the length of its chrM.
    `hemizygous_x`: True when the person has one X (stated or read), None when unknown.
    """

    sample: str
    genotypes: Mapping[Locus, Genotype]
    remarks: tuple[Remark, ...] = ()
    mitochondrial_reference_known: bool = True
    hemizygous_x: bool | None = None

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What to say about the reading, each sentence once."""
        return tuple(dict.fromkeys(remark.notice for remark in self.remarks))

    def about(self, loci: Collection[Locus]) -> SampleGenotypes:
        """The same person at these places alone, with what is to be said of them and of the file as a whole."""
        remarks = (remark.about(loci) for remark in self.remarks)
        return SampleGenotypes(
            sample=self.sample,
            genotypes={locus: genotype for locus, genotype in self.genotypes.items() if locus in loci},
            remarks=tuple([remark for remark in remarks if remark is not None]),
            mitochondrial_reference_known=self.mitochondrial_reference_known,
            hemizygous_x=self.hemizygous_x,
        )


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
    """What another laboratory, device or tool stated.  Empty strings and None: not stated.

    `diplotype`: several that could not be told apart have ` or ` between them.  `gene`: as written, or a place
    (`22:42524947`) of a tool that does not name the gene.  `file`, `line` (1-based): where it stands, for messages.
    `sample`: whose it is, where the file says so.  `tool`: the program that wrote it.  `note`: what the file says of
    the result beside it, as a clause.
    """

    gene: str
    diplotype: str = ""
    phenotype: str = ""
    activity_score: str = ""
    nomenclature: str = ""
    line: int | None = None
    file: str = ""
    sample: str = ""
    tool: str = ""
    note: str = ""


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
        return _score(text.strip())

    def __str__(self) -> str:
        number = f"{float(self.value):.4f}".rstrip("0")
        return (">=" if self.at_least else "") + (number + "0" if number.endswith(".") else number)


@lru_cache(maxsize=1024)  # the same few dozen texts, thousands of times
def _score(text: str) -> ActivityScore | None:
    if text in {"", "n/a"}:
        return None
    return ActivityScore(Fraction(text.lstrip(">=≥ ")), text.startswith((">=", "≥")))
