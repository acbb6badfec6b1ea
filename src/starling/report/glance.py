"""An assessment sorted for reading: which drugs head the report, which are as usual, and what is missing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

from starling.assessment import Assessment, DrugResult, GeneResult, Recommendation
from starling.definitions import EVERYBODY, HARMS, LABELS, LIMIT, SERIOUS, UNADVISED, seriousness
from starling.notices import (
    CHANGES_ACTION,
    CONDITION_DECIDED,
    CONVERTED,
    DOES_NOT_HELP,
    KNOWLEDGE_OTHER,
    NO_GUIDELINE,
    OPTION_WITHOUT_EFFECT,
    OTHER_POPULATION,
    SUPERSEDED,
    TEST_REQUIRED,
)
from starling.report.taken import taken
from starling.report.wording import with_dose
from starling.report.words import (
    ASK_FIRST,
    ActionWords,
    action_words,
    because_of_doubt,
    call_words,
    joined,
    open_words,
    plural,
    population_words,
    reason_words,
    sentence,
    sentence_case,
    strength_words,
    with_reasons,
    without_unadvised,
)
from starling.values import dataclass
from starling.vocabulary import Why

#: The strength of a row that speaks of concentrations alone.
_SLIGHT: Final = "Category 3"
_GROUP_OF: Final = {"test_further": "testing", "monitor": "watching"}
#: headlines beside which nothing is proposed
_QUIET: Final = frozenset({"test_further", "standard", "no_recommendation"})
#: headlines of which one row may say the half
_ACTED: Final = frozenset({"consider_alternative", "reduce_dose", "adjust_dose", "increase_dose"})


@dataclass(frozen=True, slots=True)
class Line:
    """One drug at a glance.

    `lead`: the recommendation that gives the headline, or stands behind it; None when nobody advises.  `because`: the
    results it rests on.  `uncertain`: the genes behind it whose phenotype is not certain.  `unknown`: the genes that
    some source asks for and nobody answered, although another source advises, and that no test comes first for.
    `changes`: under which other phenotype the drug would not be as usual.  `sources`: who says so, with strength.
    """

    drug: DrugResult
    words: ActionWords
    lead: Recommendation | None
    because: str
    uncertain: tuple[str, ...]
    unknown: tuple[str, ...]
    changes: tuple[str, ...]
    sources: tuple[str, ...]

    @property
    def rows(self) -> tuple[Recommendation, ...]:
        """Every recommendation, those that another medicine supersedes last."""
        return tuple(sorted(self.drug.recommendations, key=is_superseded))

    @property
    def counting(self) -> tuple[Recommendation, ...]:
        """The recommendations that no other medicine supersedes; all of them when that leaves none."""
        return _counting(self.drug)

    @property
    def doubts(self) -> tuple[str, ...]:
        """Which genes behind the answer are not certain, and which nobody could answer for."""
        said = ((self.uncertain, "not certain"), (self.unknown, "not known"))
        return tuple(f"{joined(genes)} {what}" for genes, what in said if genes)

    @property
    def asks(self) -> tuple[str, ...]:
        """What must be asked before the answer holds."""
        return tuple(map(open_words, self.drug.conditions_open))

    @property
    def required_tests(self) -> tuple[str, ...]:
        """What an authority wants tested before the drug is given, and is not known here."""
        return tuple(note.message for note in self.drug.notes if note.code == TEST_REQUIRED)

    @property
    def is_minor(self) -> bool:
        """Whether the answer asks for attention only: to monitor, or an effect on concentrations and nothing else.

        Source: FDA table of pharmacogenetic associations, section 3: "potential impact on pharmacokinetic properties".
        """
        if self.drug.harm is not None or not self.words.urgent:
            return False
        urgent = [row for row in self.counting if action_words(row.action).urgent]
        return self.words.action == "monitor" or (bool(urgent) and all(row.strength == _SLIGHT for row in urgent))

    @property
    def summary(self) -> str:
        """The sentence a prescriber reads first."""
        return self.drug.answer or (with_dose(self.lead) if self.lead else "")

    @property
    def commands(self) -> bool:
        """Whether the leading recommendation is what to do: not while something is tested first, or does not help."""
        return self.lead is not None and not (self.drug.test_first and self.drug.answer) and not self.helps_not

    @property
    def helps_not(self) -> bool:
        """Whether the result is one that nearly everybody has, and by which nothing can be advised."""
        quiet = self.words.action == "no_recommendation"
        return quiet and any(note.code == DOES_NOT_HELP for row in self.rows for note in row.notes)

    @property
    def first(self) -> tuple[tuple[str, str], ...]:
        """Label and text of what to do: one sentence, or one for each group of patients where the advice is split.

        The text of one group never stands under another's label, nor without one.
        """
        said = [("", self.drug.answer)] if self.drug.answer else []
        if not self.commands or self.lead is None:
            return tuple(said)
        known = any(note.code == OTHER_POPULATION for note in self.drug.notes)
        return (*said, *_by_group(self.lead, self.counting, is_known=known))

    @property
    def is_split(self) -> bool:
        """Whether what to do differs between groups of patients, so that no dose holds for all of them."""
        return sum(1 for label, _ in self.first if label) > 1

    @property
    def instead(self) -> tuple[str, ...]:
        """What may be given instead, each with what the same results and medicines say of it.

        Of a document that is older than the check, what the leading recommendation names.
        """
        if not self.drug.alternatives and self.lead is not None and self.words.action not in _QUIET:
            return self.lead.advice.alternatives
        offered = (each for each in self.drug.alternatives if each.offered)
        together = self.unadvised_instead
        return with_reasons(without_unadvised(each) if each.drug in together else each for each in offered)

    @property
    def unadvised_instead(self) -> tuple[str, ...]:
        """Of what may be given instead, those without advice by genes, where that would be said more than once."""
        offered = [each for each in self.drug.alternatives if each.offered and UNADVISED in each.why]
        return tuple(each.drug for each in offered) if len({each.why for each in offered}) > 1 else ()

    @property
    def not_instead(self) -> tuple[str, ...]:
        """What is no way out, each with why."""
        checked = with_reasons([each for each in self.drug.alternatives if not each.offered])
        named = {self.drug.drug, *(each.drug for each in self.drug.alternatives)}
        stated = self.lead.advice.not_alternatives if self.lead is not None and self.commands else ()
        said = f" ({self.lead.source}: no alternative)" if self.lead is not None else ""
        return (*checked, *(f"{name}{said}" for name in stated if name not in named))


@dataclass(frozen=True, slots=True)
class Glance:
    """Every drug exactly once.

    `acting`: another drug or another dose (what a cohort counts as actionable), by harm, then what the patient takes,
    then most serious first.  `testing`: a test comes first.  `asking`: as usual, once a question was answered.
    `watching`: use with monitoring.  `usual_uncertain`: as usual, but a gene behind it is not certain.  `usual`: as
    usual.  `helps_not`: the result does not help.  `silent`: no source advises.  `missing`: a gene is missing.
    """

    acting: tuple[Line, ...]
    testing: tuple[Line, ...]
    asking: tuple[Line, ...]
    watching: tuple[Line, ...]
    usual_uncertain: tuple[Line, ...]
    usual: tuple[Line, ...]
    helps_not: tuple[Line, ...]
    silent: tuple[Line, ...]
    missing: tuple[Line, ...]

    @property
    def rest(self) -> tuple[Line, ...]:
        """Every drug that is not to be acted on."""
        usual = (*self.watching, *self.usual_uncertain, *self.usual)
        return (*self.testing, *self.asking, *usual, *self.helps_not, *self.silent, *self.missing)

    @property
    def harmful(self) -> tuple[Line, ...]:
        """What can kill or do lasting harm with this patient's results, whatever the action, the worst first."""
        found = [line for line in (*self.acting, *self.testing, *self.watching) if line.drug.harm is not None]
        return tuple(sorted(found, key=lambda line: harm_rank(line.drug)))

    @property
    def leading(self) -> tuple[Line, ...]:
        """The drugs to act on without those that ask for attention only."""
        return tuple(line for line in self.acting if not line.is_minor)

    @property
    def minor(self) -> tuple[Line, ...]:
        """What asks for attention only, and nothing harmful is known of."""
        watched = [line for line in self.watching if line.drug.harm is None]
        return (*(line for line in self.acting if line.is_minor), *watched)

    def all(self) -> tuple[Line, ...]:
        """Every drug, from A to Z."""
        return tuple(sorted((*self.acting, *self.rest), key=lambda line: line.drug.drug.casefold()))

    def tests(self) -> tuple[tuple[tuple[str, ...], tuple[Line, ...]], ...]:
        """What to test -> the drugs that wait for it, the test that answers most of them first."""
        waiting: dict[tuple[str, ...], list[Line]] = {}
        for line in self.testing:
            waiting.setdefault(tuple(sorted(line.drug.test_first)), []).append(line)
        ordered = sorted(waiting.items(), key=lambda item: (-len(item[1]), item[0]))
        return tuple((tests, tuple(lines)) for tests, lines in ordered)

    def counts(self) -> tuple[tuple[ActionWords, int], ...]:
        """How many drugs each action heads, most serious first."""
        tally: dict[str, int] = {}
        for line in self.acting:
            tally[line.words.action] = tally.get(line.words.action, 0) + 1
        ordered = sorted(tally, key=seriousness)
        return tuple((action_words(action), tally[action]) for action in ordered)


def at_a_glance(assessment: Assessment) -> Glance:
    """The drugs of an assessment in groups, each in the order in which every face shows them."""
    genes = {gene.gene: gene for gene in assessment.genes}
    groups: dict[str, list[Line]] = {}
    own = taken(assessment)
    for line in sorted((drug_line(drug, genes) for drug in assessment.drugs), key=lambda line: _order(line, own)):
        groups.setdefault(_group(line), []).append(line)
    return Glance(*(tuple(groups.get(name, ())) for name in Glance.__match_args__))


def _group(line: Line) -> str:
    if line.drug.status == "no_result":
        return "missing"
    if line.drug.is_asking:
        return "asking"
    if line.words.action in _GROUP_OF:
        return _GROUP_OF[line.words.action]
    if line.helps_not:
        return "helps_not"
    if line.drug.status == "no_row" or line.words.action == "no_recommendation":
        return "silent"
    if line.words.urgent:
        return "acting"
    return "usual_uncertain" if line.uncertain or line.unknown or line.changes else "usual"


def _counting(drug: DrugResult) -> tuple[Recommendation, ...]:
    return tuple(row for row in drug.recommendations if not is_superseded(row)) or drug.recommendations


def drug_line(drug: DrugResult, genes: Mapping[str, GeneResult]) -> Line:
    """One drug as it stands at a glance."""
    rows = _counting(drug)
    lead = lead_of(rows, drug.headline_action)
    named = dict.fromkeys(gene for row in rows for gene in row.genes)
    changes = (note.message for row in rows for note in row.notes if note.code == CHANGES_ACTION)
    return Line(
        drug=drug,
        words=ASK_FIRST if drug.is_asking else action_words(drug.headline_action),
        lead=lead,
        because=because(lead, genes) if lead else "",
        uncertain=tuple(gene for gene in named if gene in genes and is_doubtful(genes[gene])),
        unknown=tuple(gene for gene in drug.genes_missing if gene not in drug.test_first and drug.is_answered),
        changes=tuple(dict.fromkeys(changes)),
        sources=tuple(dict.fromkeys(source_words(row) for row in rows)),
    )


def lead_of(rows: Sequence[Recommendation], headline: str | None) -> Recommendation | None:
    """The recommendation to read first: a plain prohibition before one with exceptions, split advice before its half.

    A row that gives the headline for one group of patients and something else for another says more than a row that
    gives the headline alone.
    """
    if headline in SERIOUS:
        ruling = [row for row in rows if row.action in SERIOUS]
        return min(ruling, key=_plainest, default=None)
    for row in rows:
        actions = {each.action for each in row.advice.conditions}
        if headline in actions - {row.action} and len(actions) > 1 and {headline, row.action} <= _ACTED:
            return row
    leading = [row for row in rows if row.action == headline] or list(rows)
    return min(leading, key=lambda row: not _is_combined(row), default=None)


def _plainest(row: Recommendation) -> tuple[bool, int, bool]:
    """A plain prohibition first, then the most serious, then what was stated of this very patient."""
    decided = any(note.code == CONDITION_DECIDED for note in row.notes)
    return _has_exception(row), seriousness(row.action), not decided


def _is_combined(row: Recommendation) -> bool:
    """Whether a label gives it for a result together with a medicine that is taken: it says more than either."""
    return row.advice.id.startswith(LIMIT) and bool(row.genes)


def _has_exception(row: Recommendation) -> bool:
    """Whether a row that rules the drug out allows it in some dose, or under some condition."""
    return bool(row.advice.dose) or any(each.action not in SERIOUS for each in row.advice.conditions)


def _by_group(lead: Recommendation, rows: Sequence[Recommendation], *, is_known: bool) -> tuple[tuple[str, str], ...]:
    """What the leading guideline says to each group of patients; without a label where it says the same to all."""
    own = [row for row in rows if (row.source, row.guideline) == (lead.source, lead.guideline)]
    said: dict[str, list[str]] = {}
    for row in sorted(own, key=lambda row: (row is not lead, seriousness(row.action))):
        if row.genes.keys() == lead.genes.keys():
            said.setdefault(with_dose(row), []).append(population_words(row.population))
    if len({whom for group in said.values() for whom in group}) < 2:
        alone = said.keys() == {with_dose(lead)} and len(own) == 1
        is_part = lead.population not in EVERYBODY and alone and not is_known
        return ((sentence_case(population_words(lead.population)) if is_part else "", with_dose(lead)),)
    return tuple((sentence_case(joined(list(dict.fromkeys(whom)), "or")), summary) for summary, whom in said.items())


def is_superseded(row: Recommendation) -> bool:
    """Whether another medicine changes the phenotype that this row was looked up by."""
    return any(note.code == SUPERSEDED for note in row.notes)


def is_doubtful(gene: GeneResult) -> bool:
    """Whether a phenotype was given that is not certain, or one of several that could not be chosen between."""
    return not gene.phenotype_certain and (gene.phenotype is not None or bool(gene.phenotype_alternatives))


def because(row: Recommendation, genes: Mapping[str, GeneResult]) -> str:
    """The results that a recommendation rests on, in words; where a medicine changes one, that it does and how."""
    converted = [note.message.rstrip(".") for note in row.notes if note.code == CONVERTED]
    said = [
        f"{gene} {_in_words(key, genes.get(gene))}" + _by(row, genes.get(gene))
        for gene, key in row.genes.items()
        if not any(message.startswith(f"{gene} ") for message in converted)
    ]
    return "; ".join((*said, *converted))


def _in_words(key: str, gene: GeneResult | None) -> str:
    """A bare activity score with the phenotype it means, where the genotype's own score is the key."""
    if gene is None or gene.phenotype is None or key != gene.activity_score:
        return key
    return f"{gene.phenotype} (activity score {key})"


def _by(row: Recommendation, gene: GeneResult | None) -> str:
    adjusted = gene.adjusted if gene and row.phenotype_used == "adjusted" else None
    return f" (because of {adjusted.by})" if adjusted else ""


def source_name(row: Recommendation) -> str:
    """Who recommends; of the FDA whether it is a label or the table of associations."""
    return f"{row.source} label" if row.guideline.startswith(LABELS) else row.source


def source_words(row: Recommendation) -> str:
    """Who recommends, and how strongly."""
    return " ".join(part for part in (source_name(row), strength_words(row.strength)) if part)


def by_reason(lines: Iterable[Line]) -> tuple[tuple[str, tuple[str, ...], str], ...]:
    """Drugs that share a reason: their names, the remarks about them, and the genes behind them, comma separated."""
    names: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for line in lines:
        usual = not line.words.urgent
        genes = tuple(dict.fromkeys((*line.drug.genes_missing, *(line.uncertain if usual else ()))))
        names.setdefault((joined(genes), line.changes if usual else ()), []).append(line.drug.drug)
    ordered = sorted(names.items(), key=lambda item: (len(item[0][1]), item[0]))
    return tuple((genes, changes, ", ".join(drugs)) for (genes, changes), drugs in ordered)


def caveats(assessment: Assessment) -> tuple[str, ...]:
    """What must be said at the head of every page."""
    positions = assessment.provenance.positions
    unread = positions.get("nocall", 0) + positions.get("notassayed", 0)
    outside = [gene.gene for gene in assessment.genes if gene.source == "outside"]
    said = [sentence(f"{gene.gene} {gene.conflict}") for gene in assessment.genes if gene.conflict]
    if unread:
        said.append(f"{plural(unread, 'position')} of interest could not be read; see what this file could not show.")
    if outside:
        said.append(f"Stated by another laboratory, not read from this file: {joined(outside)}.")
    return (*assumptions(assessment), *said)


def assumptions(assessment: Assessment) -> tuple[str, ...]:
    """What holds for every answer of an assessment: positions assumed to be reference, and its notices."""
    filled = assessment.provenance.positions.get("filled_as_reference", 0)
    said = (
        f"{plural(filled, 'position')} not in the file {'was' if filled == 1 else 'were'} ASSUMED to be reference, "
        "because an option said so. A variant there would not have been seen."
    )
    if assessment.provenance.options.get("absent_is_reference") == "force":
        said += " FORCED with --absent-is-reference=force, whatever the file looks like."
    stamp, run = assessment.provenance, assessment.run
    first = (KNOWLEDGE_OTHER, OPTION_WITHOUT_EFFECT)  # whose word it is; then what was asked for and not done
    ordered = sorted((*run.notices, *stamp.notices), key=lambda each: [each.code != code for code in first])
    notices = [sentence(notice.message) for notice in ordered]
    if not stamp.knowledge.signed_by:
        notices.append(f"No pharmacist has signed this edition of the knowledge yet ({stamp.knowledge.version}).")
    return (said, *notices) if filled else tuple(notices)


def not_shown(gene: GeneResult, *, listed: int | None = None) -> tuple[str, ...]:
    """What the data could not show about one gene, each a sentence; empty when every position was read.

    `listed`: at most so many positions and alleles are named, the rest counted; None: all of them.
    """
    return (*_unsettled(gene), *_unread(gene, listed), *(sentence(notice.message) for notice in gene.warnings))


def _unsettled(gene: GeneResult) -> Iterable[str]:
    if gene.status == "undetermined":
        yield f"No call: {reason_words(gene.reason)}."
    if gene.status == "ambiguous":
        yield f"More than one diplotype fits equally well: {call_words(gene)}."
    if is_doubtful(gene):
        known = gene.phenotype is not None
        yield ("The phenotype is not certain" if known else "The phenotype is undecided") + because_of_doubt(gene) + "."
    if gene.source == "outside":
        yield "Stated by another laboratory; what was looked at there is not known here."
    if gene.conflict:
        yield sentence(f"Conflict: {gene.conflict}")
    if gene.research_only:
        yield "A research-only call: no recommendation rests on it."


def _unread(gene: GeneResult, listed: int | None) -> Iterable[str]:
    if gene.copy_number == "not_assessed" and not _says_copy_number(gene):
        yield "Copy number was not looked at: a deletion, duplication or hybrid gene would not have been seen."
    unknown = [name for name, presence in gene.presence.items() if presence == "nocall"]
    if unknown:
        yield f"Could not be determined: {joined(unknown)}."
    if gene.cannot_exclude:
        yield f"Alleles that cannot be ruled out: {_listed(gene.cannot_exclude, listed)}."
    if gene.missing_positions:
        yield f"{plural(len(gene.missing_positions), 'position')} not read: {_listed(gene.missing_positions, listed)}."


def nothing_words(glance: Glance) -> str:
    """What stands where no drug calls for anything: that all are as usual only when all of them are."""
    lines = glance.all()
    if not lines:
        return "No drug was asked about."
    if all(line.words.action == "standard" and not (line.uncertain or line.unknown or line.changes) for line in lines):
        return "No drug shown here calls for anything but usual use."
    return "No drug shown here calls for a change by what is known; see below which have no result or no advice."


def reasons_of(lines: Iterable[Line]) -> tuple[str, ...]:
    """What must be asked and tested before, and why drugs have no guideline, each behind the name of its drug."""
    return tuple(f"{line.drug.drug}: {text}" for line in lines for text in before_use(line))


def before_use(line: Line) -> tuple[str, ...]:
    """What must be asked, the tests that an authority requires and that are not known, why there is no guideline."""
    asks = (f"ask first: {one}" for one in line.asks)
    notes = (sentence(note.message) for note in line.drug.notes if note.code in {TEST_REQUIRED, NO_GUIDELINE})
    return (*asks, *notes)


def _listed(names: Sequence[str], most: int | None) -> str:
    shown = names if most is None else names[:most]
    rest = len(names) - len(shown)
    return ", ".join(shown) + (f" and {rest} more" if rest else "")


def _says_copy_number(gene: GeneResult) -> bool:
    return is_doubtful(gene) and any(other.why is Why.COPY_NUMBER for other in gene.phenotype_alternatives)


def harm_rank(answer: DrugResult) -> int:
    """0 for an answer over life and death, 1 for a serious one, 2 for others: what every list of drugs begins with."""
    return 2 if answer.harm is None else int(answer.harm.level == HARMS[1])


def _order(line: Line, own: Collection[str]) -> tuple[int, bool, bool, int, str]:
    """By harm, then by what the patient takes, then by action; what asks for attention only comes last."""
    rank = seriousness(line.words.action)
    return harm_rank(line.drug), line.drug.drug not in own, line.is_minor, rank, line.drug.drug.casefold()
