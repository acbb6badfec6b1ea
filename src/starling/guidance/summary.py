"""One drug's recommendations as one answer: the most serious action first, nothing usual over a danger that is open.

rows that apply -> set aside what does not help -> headline -> what is open -> what is for a lesser gene only
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Final

from starling.assessment import DrugResult, Recommendation
from starling.definitions import LIMIT, SERIOUS, Drug, RequiredTest, action_words, seriousness
from starling.guidance.advising import COPY_NUMBER_UNCONFIRMED, UNRESOLVED, USUAL
from starling.guidance.disagreement import disagreement
from starling.guidance.harm import NO_HARM, Grave
from starling.guidance.lookup import Block
from starling.guidance.openings import COPIES, Danger, binding, can_change, dangers, may_matter, test_words
from starling.guidance.standing import Standings
from starling.notices import DOES_NOT_HELP, NAMES_NO_INDICATION
from starling.values import dataclass, replace
from starling.vocabulary import Notice

#: Stands at a recommendation that the genotype alone would give, while another medicine changes the phenotype.
SUPERSEDED: Final = Notice(
    "GENETIC_PHENOTYPE_ONLY", "By genotype alone; while the other medicine is taken the adjusted phenotype counts."
)
_LESSER: Final = Notice("ONLY_IF_USED", "Only if the drug were used all the same: another gene rules it out.")
_TEST: Final = "test_further"
#: headlines over which a danger may be open: those above them say to act already, and more of a drug that may have to
#: be avoided is no caution
_QUIET: Final = frozenset({None, "no_recommendation", "standard", "monitor", "increase_dose", _TEST})
_OTHER_DOSE: Final = frozenset({"reduce_dose", "adjust_dose", "increase_dose"})
#: headlines below which doses may stand
_DOSED: Final = _OTHER_DOSE | {"consider_alternative"}


@dataclass(frozen=True, slots=True)
class Given:
    """What was found for one drug and patient.

    `answered`: the tables that were asked, and what each gave.  `missing`: genes that are asked for and of which
    nothing is known.  `untested`: tests that authorities ask for and that were not done.  `grave`: the results with
    which the drug threatens life.
    """

    drug: str
    rows: Sequence[Recommendation]
    answered: Sequence[tuple[Block, Sequence[Recommendation]]]
    standings: Standings
    missing: Collection[str]
    untested: Sequence[RequiredTest]
    notes: Sequence[Notice] = ()
    grave: Grave = NO_HARM

    @property
    def dangerous(self) -> list[Block]:
        """The tables by which something open may rule the drug out, or call for another dose than the usual."""
        return [block for block, _ in self.answered if may_matter(block, self.standings, self.grave)]

    @property
    def genes(self) -> dict[str, None]:
        """The genes that the tables ask for, each once."""
        return dict.fromkeys([gene for block, _ in self.answered for gene in block.genes])


def summarise(found: Given) -> DrugResult:
    """The drug's result: `advice` when a row applies or a test comes first, else `no_result` or `no_row`."""
    counting = [each for each in found.rows if SUPERSEDED not in each.notes]
    headline = min((each.action for each in counting if not _is_set_back(each)), key=seriousness, default=None)
    unhelpful = _unhelpful(counting) if headline == "no_recommendation" else ""
    tests = binding(found.untested)
    open_ = _open(found, tests) if headline in _QUIET and not unhelpful else ()
    answer = unhelpful
    test_first: tuple[str, ...] = ()
    if headline in _QUIET and (tests or open_ or headline == _TEST):
        answer = test_words(found.drug, tests, open_)
        headline, test_first = _TEST, _to_test(found, counting, tests, open_)
    elif headline in USUAL and (allowed := _may_proceed(found)):
        answer, headline = allowed, "monitor"
    if headline in _QUIET and (lifted := _lifted(found.rows)):
        answer = " ".join(filter(None, (answer, lifted)))
        headline = _TEST if headline == _TEST else "monitor"
    rows = tuple(found.rows)
    still = _still_open(found, tests) if headline in _DOSED else ()
    if headline in SERIOUS:
        rows = _without_lesser(rows)
        counting = [each for each in rows if SUPERSEDED not in each.notes]
    return DrugResult(
        drug=found.drug,
        status="advice" if headline is not None else "no_result" if found.missing else "no_row",
        headline_action=headline,
        genes_missing=tuple(sorted(_missing(found))) if found.missing else (),
        disagreement=disagreement(counting) if len(counting) > 1 else None,
        recommendations=rows,
        notes=(*found.notes, *still, *(_separate_doses(counting) if headline in _DOSED else ())),
        answer=answer,
        test_first=test_first,
    )


def _is_set_back(row: Recommendation) -> bool:
    return any(note.code == NAMES_NO_INDICATION for note in row.notes)


def unadvised(drug: Drug) -> DrugResult:
    """The answer for a drug of which no guideline says anything, and why: that is not a statement of safety."""
    reason = f"{drug.unadvised}; that is not a statement of safety."
    return DrugResult(drug.name, "no_guideline", None, notes=(Notice("NO_GUIDELINE", reason),))


def _unhelpful(counting: Iterable[Recommendation]) -> str:
    """What is said where nothing but results that do not help speaks of the drug."""
    return next((note.message for each in counting for note in each.notes if note.code == DOES_NOT_HELP), "")


def _open(found: Given, tests: Sequence[RequiredTest]) -> tuple[Danger, ...]:
    """Everything open that could rule the drug out; where nothing at all is known, what the tests are about."""
    dangerous = found.dangerous
    if not dangerous:
        return ()
    known = any([not found.standings[gene].is_missing for gene in found.genes])
    tested = {test.gene for test in tests}
    return tuple(
        dict.fromkeys(
            each
            for block in dangerous
            for each in dangers(block, found.standings, found.grave)
            if (known or each.gene in tested) and not found.standings[each.gene].may_proceed
        )
    )


def _still_open(found: Given, tests: Sequence[RequiredTest]) -> tuple[Notice, ...]:
    """What is not known, or not certain, and could rule the drug out, beside the dose that leads.

    Where a source that rules it out has yielded to one that names the indication, it would yield again.
    """
    if any(map(_is_set_back, found.rows)):
        return ()
    tested = {test.gene for test in tests}
    unknown = [each for each in _open(found, tests) if each.gene not in tested]
    return (Notice("STILL_OPEN", test_words(found.drug, (), unknown)),) if unknown else ()


def _may_proceed(found: Given) -> str:
    """What a test of the commonest variant alone allows."""
    said = next((said for gene in found.genes if (said := found.standings[gene].may_proceed)), "")
    return f"Usual dose, do not delay: {said}" if said else ""


def _lifted(rows: Iterable[Recommendation]) -> str:
    """What rules the drug out by genotype while another medicine, only as long as it is taken, makes it usual.

    Ours: the factor of an inhibitor may spare a dose, but a prohibition is not lifted by what can be stopped.
    """
    ruled_out = [row for row in rows if SUPERSEDED in row.notes and row.action in SERIOUS]
    if not ruled_out:
        return ""
    worst = min((row.action for row in ruled_out), key=seriousness)
    return (
        "Not usual without the other medicine: once it is stopped, or does less than expected, the genotype alone "
        f"counts: {action_words(worst)}."
    )


def _to_test(
    found: Given, counting: Iterable[Recommendation], tests: Iterable[RequiredTest], open_: Iterable[Danger]
) -> tuple[str, ...]:
    """Genes, or copy numbers, each once: what authorities ask for, then what is open."""
    rows = (test for row in counting if row.action == _TEST for test in _tested_by(row, found.standings))
    named = dict.fromkeys((*(test.gene for test in tests), *(each.test for each in open_), *rows))
    return tuple(test for test in named if test.removesuffix(COPIES) == test or test.removesuffix(COPIES) not in named)


def _tested_by(row: Recommendation, standings: Standings) -> Iterator[str]:
    """What a row that delays the drug wants to know."""
    confirm = any(note.code == COPY_NUMBER_UNCONFIRMED for note in row.notes)
    yield from row.advice.genes_missing
    for gene in row.genes:
        standing = standings.get(gene)
        if standing is None:
            continue
        if standing.copies_unconfirmed and (confirm or row.advice.id.startswith(UNRESOLVED)):
            yield gene + COPIES
        elif standing.candidates or (standing.alternatives and not confirm):
            yield gene


def _missing(found: Given) -> Iterator[str]:
    """The genes of which nothing is known and that could change the answer."""
    if any(each.advice.id.startswith(LIMIT) and each.action in SERIOUS for each in found.rows):
        return  # ruled out whatever the genotype
    now = [(block, frozenset([row.action for row in rows])) for block, rows in found.answered]
    for gene in found.missing:
        if not found.rows or gene not in found.genes or can_change(gene, now, found.standings):
            yield gene


def _without_lesser(rows: Sequence[Recommendation]) -> tuple[Recommendation, ...]:
    """The rows of a drug that is ruled out; those that speak of other genes only hold if it were used all the same."""
    ruling = {gene for row in rows if row.action in SERIOUS and SUPERSEDED not in row.notes for gene in row.genes}
    return tuple(
        replace(row, notes=(*row.notes, _LESSER))
        if row.action not in SERIOUS and row.action != "no_recommendation" and ruling.isdisjoint(row.genes)
        else row
        for row in rows
    )


def _separate_doses(counting: Sequence[Recommendation]) -> tuple[Notice, ...]:
    """One notice for each source that gives a dose by one gene and another by another, and does not combine them."""
    said = []
    for source in dict.fromkeys(row.source for row in counting):
        rows = [row for row in counting if row.source == source and row.action in _OTHER_DOSE and row.advice.dose]
        genes = list(dict.fromkeys(gene for row in rows if len(row.genes) == 1 for gene in row.genes))
        single = len(genes) > 1 and all(len(row.genes) == 1 for row in rows)
        if single and not any(gene in each.when for row in rows for each in row.advice.conditions for gene in genes):
            text = (
                f"{source} gives one dose by {genes[0]} and another by {' and '.join(genes[1:])}, each as if it stood "
                "alone, and does not say that they multiply."
            )
            said.append(Notice("SEPARATE_DOSES", text))
    return tuple(said)
