"""What the knowledge base states, as values: the rooms above compute with these and never see a database.

Source: the tables of knowledge-base/ (facts from CPIC, DPWG, FDA, PharmVar and ClinPGx; see knowledge-base/NOTICE).
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from fractions import Fraction
from typing import Final, Literal

from starling.assessment import Advice, Implication
from starling.values import dataclass, field
from starling.vocabulary import ActivityScore, Locus

#: What a row may advise, most serious first (the order of headlines and of every list of drugs), and what it tells the
#: prescriber.
ACTION_WORDS: Final[Mapping[str, str]] = {
    "contraindicated": "do not use (contraindicated)",
    "avoid": "avoid",
    "consider_alternative": "consider another medicine",
    "reduce_dose": "lower the dose",
    "increase_dose": "raise the dose",
    "adjust_dose": "adjust the dose",
    "test_further": "test further first",
    "monitor": "use with monitoring",
    "standard": "use as usual",
    "no_recommendation": "no advice based on genotype",
}
ACTIONS: Final = tuple(ACTION_WORDS)

#: Actions that rule a drug out.
SERIOUS: Final = frozenset({"contraindicated", "avoid"})

_RANK: Final = {action: rank for rank, action in enumerate(ACTIONS)}


def action_words(action: str) -> str:
    """The action in plain words; an unknown one as it stands, without underscores."""
    return ACTION_WORDS.get(action, action.replace("_", " "))


def seriousness(action: str) -> int:
    """The place of `action` in `ACTIONS`; an unknown one is the most serious."""
    return _RANK.get(action, -1)


def proposed_drug(text: str, known: Container[str]) -> str | None:
    """The one drug that a proposed alternative names; None where it names a group of medicines.

    >>> proposed_drug("fluvastatin plus non-statin therapy", {"fluvastatin"})
    'fluvastatin'
    >>> proposed_drug("non-tramadol opioid", {"tramadol"})
    """
    name = text.partition(" plus ")[0]
    return name if name in known else None


#: How a gene is inherited: `X-linked` genes have one copy in males, mitochondrial ones no copies to count.
Inheritance = Literal["autosomal", "X-linked", "mitochondrial"]

#: The rules of calling, by the name that genes.tsv gives; a gene without one follows the general rule.
CALLING_RULES: Final = (
    "extra_variants",
    "hapb3",
    "mitochondrial_risk",
    "priorities",
    "rs4149056",
    "unseen_copy_number",
    "variant_by_variant",
)
#: `PhenotypeRules.measure_activity` of a gene whose score predicts nothing once both alleles are reduced.
BOTH_REDUCED: Final = "both alleles reduced"


@dataclass(frozen=True, slots=True)
class Site:
    """One position of interest.

    `last`: the 3'-most GRCh38 position at which the same change can be written (an indel anywhere in
    `position..last` with an equal length change and a rotation of the same unit is the same allele); equal to the
    end of REF for a substitution.  `ref_grch37` is None where unknown: then only a record that states its REF counts.
    """

    gene: str
    chromosome: str
    position: int
    ref: str
    alts: tuple[str, ...]
    rsid: str | None
    last: int
    position_grch37: int
    ref_grch37: str | None
    extra: bool = False

    @property
    def locus(self) -> Locus:
        """The GRCh38 locus."""
        return tuple.__new__(Locus, (self.chromosome, self.position))  # as a tuple: half the time, for every site

    @property
    def is_indel(self) -> bool:
        """Whether some allele changes the length."""
        return any(len(alt) != len(self.ref) for alt in self.alts)


@dataclass(frozen=True, slots=True)
class NamedAllele:
    """One row of a gene's definition.

    `cells`: (index into `GeneDefinition.sites`, accepted bases) for every defined cell; several bases: a wobble.
    `function`: empty when none is assigned.  `activity`: None when unknown (never 0).
    `reported_as`: the core name of a suballele, else its own name.
    """

    name: str
    cells: tuple[tuple[int, tuple[str, ...]], ...]
    function: str
    activity: ActivityScore | None
    reported_as: str
    is_reference: bool = False
    is_structural: bool = False


@dataclass(frozen=True, slots=True)
class AlleleMasks:
    """The cells of a definition as bits: over alleles (bit i: the allele of `rows[i]`) and over sites (bit j: site j).

    `rows`: indices of the alleles that can be matched.  `accept[j]`: base -> alleles that accept it.  `carriers[j]`:
    alleles with a core cell, one that excludes the reference base.  `defined`, `wobble`, `core`: per allele its sites
    with a cell, with a cell of several bases, with a core cell.  `classes`: alleles of equal function and activity;
    `class_of`: for each allele the index of its class.
    """

    rows: tuple[int, ...]
    accept: tuple[Mapping[str, int], ...]
    carriers: tuple[int, ...]
    defined: tuple[int, ...]
    wobble: tuple[int, ...]
    core: tuple[int, ...]
    classes: tuple[int, ...]
    class_of: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class CompiledMasks:
    """Masks, and the very tuples they were made from: of a definition with others they say nothing."""

    masks: AlleleMasks
    sites: tuple[Site, ...]
    alleles: tuple[NamedAllele, ...]
    ignored_alleles: frozenset[str]


@dataclass(frozen=True, slots=True, eq=False)
class GeneDefinition:
    """A gene's definition table, its traits and its exceptions.  `sites` are sorted; `alleles` stand in table order.

    `rule`: the calling rule by name, one of `CALLING_RULES`; empty for the general rule.
    `copy_number`: deletions and duplications are part of the genotype.
    `undocumented_as_reference`: a base outside the definition is read as reference, with a warning and no certainty.
    `nomenclatures`: what an outside result must state one of before its names are read, the year of the newest first;
    empty: names never changed their meaning.
    `compiled`: the cells as bits, made beforehand; None: they are made when asked for.
    Compared by identity, so that what is computed from a definition can be remembered at no cost.
    """

    gene: str
    chromosome: str
    start: int
    end: int
    reference: str
    sites: tuple[Site, ...]
    alleles: tuple[NamedAllele, ...]
    extra_sites: tuple[Site, ...] = ()
    required_positions: frozenset[int] = frozenset()
    tier1_positions: frozenset[int] = frozenset()
    tier1_alleles: tuple[str, ...] = ()
    ignored_variants: frozenset[tuple[int, str, str]] = frozenset()
    ignored_alleles: frozenset[str] = frozenset()
    aliases: Mapping[str, str] = field(default_factory=dict)
    priorities: tuple[tuple[str, frozenset[str]], ...] = ()
    data_version: str = ""
    inheritance: Inheritance = "autosomal"
    rule: str = ""
    copy_number: bool = False
    deleted_allele: str = ""
    undocumented_as_reference: bool = False
    nomenclatures: tuple[str, ...] = ()
    compiled: CompiledMasks | None = None


@dataclass(frozen=True, slots=True)
class ScoreRange:
    """Activity scores from `start` (with it when `inclusive`) up to the next range mean `term`."""

    start: Fraction
    inclusive: bool
    term: str


@dataclass(frozen=True, slots=True)
class Uninformative:
    """A phenotype that every reference person has, and by which no drug can be advised.

    `alleles`: those that carry no finding; a diplotype of others is one.  `says`: a sentence with `{drug}` in it.
    `unless`: the condition, written as `Condition.key`, under which the rows count all the same; empty: never.
    """

    phenotype: str
    says: str
    unless: str
    alleles: frozenset[str]


@dataclass(frozen=True, slots=True)
class PhenotypeRules:
    """How alleles become a phenotype term.

    `by_score`: text of a score (`1.25`, `>=3.0`) -> term, when the gene uses activity scores.
    `by_functions`: sorted functions (one or two) -> term.
    `ranges`: what scores mean that `by_score` does not list, ascending.
    `adjusted_by_inhibitors`: other medicines change the phenotype; for other genes they are a warning.
    `measure_activity`: the term at which the enzyme's activity is to be measured, or `BOTH_REDUCED`; empty: none.
    `deleted_allele`: the allele that is the absence of the whole gene; empty: none is named.
    `inhibited_as`: another enzyme whose inhibitors and inducers concern this gene too; empty: none.
    `uninformative`: the result that does not help, of a gene that has one.
    """

    gene: str
    by_score: Mapping[str, str]
    by_functions: Mapping[tuple[str, ...], str]
    ranges: tuple[ScoreRange, ...] = ()
    adjusted_by_inhibitors: bool = False
    measure_activity: str = ""
    inhibited_as: str = ""
    deleted_allele: str = ""
    uninformative: Uninformative | None = None

    @property
    def uses_score(self) -> bool:
        """Whether this gene's phenotype goes through an activity score."""
        return bool(self.by_score)


#: Stands before a key that is a diplotype.
DIPLOTYPE: Final = ":"


@dataclass(frozen=True, slots=True)
class Key:
    """One condition of a row: `GENE=key`, or `GENE:*1/*2` when `is_diplotype`."""

    gene: str
    key: str
    is_diplotype: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a guideline: applies when every key is among the patient's keys."""

    drug: str
    population: str
    strength: str
    when: tuple[Key, ...]
    advice: Advice
    implications: tuple[Implication, ...] = ()


class RowTable:
    """The rows of one guideline for one drug and population that ask about the same genes.

    A patient meets one row in ten, so a row is made when it is asked for, by `make` from its number.
    `keys`: for each row, what it asks of each of `genes`; a diplotype begins with DIPLOTYPE.  `actions`: what each row
    advises, known without making it.
    """

    __slots__ = ("_made", "_make", "actions", "drug", "genes", "keys", "population", "reaches")
    #: what is stated of a table is what its rows state
    __match_args__ = ("rows",)

    def __init__(
        self,
        drug: str,
        population: str,
        genes: tuple[str, ...],
        keys: Sequence[tuple[str, ...]],
        make: Callable[[RowTable, int], Row],
        actions: Sequence[str],
    ) -> None:
        self.drug = drug
        self.population = population
        self.genes = genes
        self.keys = keys
        self._make = make
        self._made: dict[int, Row] = {}
        self.actions = actions
        self.reaches = frozenset(actions)

    def __len__(self) -> int:
        return len(self.keys)

    def __getitem__(self, number: int) -> Row:
        made = self._made.get(number)
        return self._made.setdefault(number, self._make(self, number)) if made is None else made

    @property
    def rows(self) -> tuple[Row, ...]:
        """Every row, in order."""
        return tuple(map(self.__getitem__, range(len(self))))

    def __eq__(self, other: object) -> bool:
        return self.rows == other.rows if isinstance(other, RowTable) else NotImplemented

    def __hash__(self) -> int:
        return hash((self.drug, self.population, self.genes, tuple(self.keys)))


@dataclass(frozen=True, slots=True)
class Guideline:
    """One guideline with all its rows; no rows: a flow (see guidance/flows).

    `text_as_of`: when the source wrote it, as far as the source says: a year, a month or a day; empty: undated.
    `checked_on`: the day of the source's own edition with which every row was last compared.
    """

    id: str
    source: str
    clinpgx_id: str
    genes: tuple[str, ...]
    pmids: tuple[str, ...]
    text_as_of: str
    checked_on: str
    drugs: tuple[str, ...]
    tables: tuple[RowTable, ...] = ()

    @property
    def rows(self) -> tuple[Row, ...]:
        """Every row: of one drug after another, and within it of one population after another."""
        return tuple(row for table in self.tables for row in table.rows)


@dataclass(frozen=True, slots=True)
class Drug:
    """A drug by ingredient, with codes and the other names under which it is asked for.

    `other_enzymes`: genes whose enzymes matter although no guideline of the drug names them.
    `branches_on`: enzymes on whose inhibitors its guidelines branch themselves: the genetic phenotype is used.
    `looked_at`: (gene, source) for each source that looked at a gene and gives no recommendation for the drug.
    `unadvised`: why no guideline advises anything; empty for a drug of which one does.
    `others`: the drugs that its advice proposes instead, and those of its class that the same genes may rule out.
    `mentioned`: drugs that its advice proposes, and that have no advice themselves.
    """

    name: str
    rxnorm: str
    atc: tuple[str, ...]
    names: tuple[str, ...] = ()
    other_enzymes: tuple[str, ...] = ()
    branches_on: tuple[str, ...] = ()
    looked_at: tuple[tuple[str, str], ...] = ()
    unadvised: str = ""
    others: tuple[str, ...] = ()
    mentioned: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Inhibitor:
    """One source's statement on what a medicine does to an enzyme.  `factor`: None when listed only (weak)."""

    enzyme: str
    ingredient: str
    strength: str
    factor: str
    route: str
    source: str
    source_date: str
    dose_condition: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Medicine:
    """One medicine as it was stated: its substances under the names of the knowledge base, and parts nobody knows."""

    name: str
    substances: tuple[str, ...]
    unknown: tuple[str, ...] = ()

    @property
    def is_known(self) -> bool:
        """Whether all that is in it is known: else what a patient takes is not known to its end."""
        return bool(self.substances) and not self.unknown


@dataclass(frozen=True, slots=True)
class RequiredTest:
    """A test that an authority asks for before a drug is given.

    `since`: a year, month or day; empty: not known.  `wording`: one of WORDINGS, how firmly it is asked for.
    `population`: for whom; empty: for everybody.
    """

    drug: str
    gene: str
    authority: str
    since: str
    wording: str
    population: str
    source: str

    @property
    def said(self) -> str:
        """Who asks for what, for whom, and since when; without a full stop."""
        whom = f" in {self.population}" if self.population else ""
        since = f" (since {self.since})" if self.since else ""
        return f"{self.authority} {WORDINGS[self.wording]} of {self.gene} before {self.drug}{whom}{since}"


@dataclass(frozen=True, slots=True)
class KnownHarm:
    """What is at stake with a drug for a result: its own guideline or a boxed warning speaks of it.

    `when`: terms or presences (`*57:01 positive`) of the gene, ` | ` between them.  `harm`: one of HARMS.
    """

    drug: str
    gene: str
    when: str
    harm: str
    what: str
    source: str

    @property
    def said(self) -> str:
        """What happens with which drug for which result, and who says so; without a full stop."""
        return f"{self.drug} with {self.gene} {self.when}: {self.harm}, {self.what} ({self.source})"


#: How much is at stake, most first.
HARMS: Final = ("life-threatening", "serious")


@dataclass(frozen=True, slots=True)
class StatedLimit:
    """What a guideline or a label says of a drug whatever the genotype, when `key` is true of the patient.

    `key`: see `starling.condition_keys`; it may ask for a genotype too.  `says`: a sentence without a full stop.
    `source`: who says so, and where.
    """

    drug: str
    key: str
    action: str
    says: str
    source: str


#: How identifiers of guidelines begin that are US labels; other rows of the FDA are from its table of associations.
LABELS: Final = "fda-label-"
#: How identifiers of advice begin that states what holds whatever the genotype (StatedLimit).
LIMIT: Final = "LIMIT-"
#: Populations that are everybody, as they are shown.
EVERYBODY: Final = frozenset({"", "no restriction", "no restriction stated"})
#: What is said of an alternative that no guideline of the knowledge base advises on.
UNADVISED: Final = "known, no advice based on genes in this edition"
#: How firmly an authority asks for a test, in words.
WORDINGS: Final[Mapping[str, str]] = {
    "required": "requires a test",
    "recommended": "recommends a test",
    "considered": "asks to consider a test",
}


@dataclass(frozen=True, slots=True)
class GuidanceRules:
    """Everything guidance needs, as one value.

    `unadvised`: drugs that are known, and of which no guideline says anything.
    `limits`: what labels and guidelines say of other medicines, age and the like, whatever the genotype.
    `population_keys`: population -> the key of a condition that says whom it is about, where one can.
    `condition_genes`: (drug, gene, `yes` if by its diplotypes) for every gene that decides a condition of its advice.
    `indications`: a name (`condition_keys.indication_name`) -> the indications that it means.
    """

    phenotypes: Mapping[str, PhenotypeRules]
    guidelines: tuple[Guideline, ...]
    drugs: tuple[Drug, ...]
    inhibitors: tuple[Inhibitor, ...]
    populations: Mapping[str, str]
    dpwg_terms: Mapping[str, Mapping[str, str]]
    required_tests: tuple[RequiredTest, ...] = ()
    harms: tuple[KnownHarm, ...] = ()
    unadvised: tuple[Drug, ...] = ()
    limits: tuple[StatedLimit, ...] = ()
    population_keys: Mapping[str, str] = field(default_factory=dict)
    condition_genes: tuple[tuple[str, str, str], ...] = ()
    indications: Mapping[str, frozenset[str]] = field(default_factory=dict)
