"""What is still open for a drug: results that are missing or uncertain, and that could rule the drug out.

A usual answer stands only when nothing that is open reaches `avoid` or `contraindicated`; else what is open is tested
first.  Milder possibilities leave the headline alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Final

from starling.assessment import WHY
from starling.definitions import SERIOUS, RequiredTest, action_words, seriousness
from starling.guidance.advising import USUAL
from starling.guidance.harm import NO_HARM, Grave
from starling.guidance.keys import GeneKeys
from starling.guidance.lookup import Block, actions_of
from starling.guidance.standing import NO_RESULT, Standing, Standings
from starling.values import dataclass
from starling.vocabulary import Why

#: how firmly an authority must ask for a test to have it done before the first dose
_BINDING: Final = frozenset({"required", "recommended"})
#: actions that leave the dose as it is
_SAME_DOSE: Final = USUAL | {"monitor"}
#: doubts about what was found rather than about how it was read
_FUNCTION: Final = frozenset({Why.UNDOCUMENTED_VARIANT, Why.COPY_NUMBER})
#: what follows a gene whose number of copies is what to test
COPIES: Final = " copy number"
#: an allele that is absent is no danger by itself: another gene of the same row is
_NEGATIVE: Final = " negative"
_POSITIVE: Final = " positive"
_NAMED: Final = 3
_SCORE: Final = "activity score "


@dataclass(frozen=True, slots=True)
class Danger:
    """A result that is possible and would rule the drug out: what to `test`, what it would be (`result`), the advice.

    `why`: of an uncertain call, why it is possible; empty where nothing is known of the gene.
    """

    gene: str
    test: str
    result: str
    action: str
    why: str = ""


def dangers(block: Block, standings: Standings, grave: Grave = NO_HARM) -> Iterator[Danger]:
    """Everything open that could rule the drug out by the rows of `block`, or threaten life at its usual dose.

    A usual dose does not stand on one of two tests that exclude each other, either, where the other asks for another.
    It stands (ours) where only an allele beyond tier 1 of AMP/CAP was not looked for and would ask for another dose: so
    a normal TPMT by *2 and *3A to *3C, which CPIC has start at the usual dose (PMID 30447069).
    """
    if not may_matter(block, standings, grave):
        return
    for keys in block.keys:
        standing = standings[keys.gene]
        if _is_open(keys, standing):
            yield from _of_missing(block, standings, keys.gene, grave)
        else:
            yield from _of_uncertain(block, standings, standing, grave)


def may_matter(block: Block, standings: Standings, grave: Grave = NO_HARM) -> bool:
    """Whether something open could rule the drug out by the rows of `block`, or change its usual dose."""
    if not SERIOUS.isdisjoint(block.table.reaches):
        return True
    return any([gene in grave or standings[gene].is_contested for gene in block.genes])


def _is_open(keys: GeneKeys, standing: Standing) -> bool:
    """Whether nothing is known of the gene, or not all that the rows ask of a typing."""
    return keys.is_missing(standing) or any(
        state == "nocall" for allele, state in standing.presence if allele in keys.risk_alleles
    )


def _of_missing(block: Block, standings: Standings, gene: str, grave: Grave) -> Iterator[Danger]:
    threatening = grave.get(gene, frozenset())
    place = block.genes.index(gene)
    for asked, action in possible_rows(block, standings):
        key = asked[place]
        if (
            (action in SERIOUS or (key in threatening and action not in _SAME_DOSE))
            and key != NO_RESULT
            and not key.endswith(_NEGATIVE)
            and _is_possible(key, standings[gene])
        ):
            yield Danger(gene, gene, key_words(key), action)


def _is_possible(key: str, standing: Standing) -> bool:
    """Whether a presence that was typed leaves the key open; without a typing everything is."""
    known = dict(standing.presence).get(key.removesuffix(_POSITIVE), "nocall")
    return known == "nocall"


def _of_uncertain(block: Block, standings: Standings, standing: Standing, grave: Grave) -> Iterator[Danger]:
    threatening = grave.get(standing.gene, frozenset())
    known = {gene: standings[gene] for gene in block.genes}
    for term, why in standing.alternatives:
        supposed = {**known, standing.gene: standing.supposing(term)}
        actions = actions_of(block, supposed)
        unseen = why is not Why.NOT_ASSAYED or not standing.rare_only
        counts = why is Why.OWN_DATA or (term in threatening and unseen)
        for action in actions - _SAME_DOSE if counts else SERIOUS & actions:
            test = standing.gene + (COPIES if why is Why.COPY_NUMBER else "")
            yield Danger(standing.gene, test, term, action, WHY[why].brief)
    for score in standing.other_scores:
        supposed = {**known, standing.gene: standing.with_score(score)}
        for action in SERIOUS & actions_of(block, supposed):
            yield Danger(standing.gene, standing.gene, f"activity score {score}", action, "the score is not certain")
    yield from _of_doubts(block, standings, standing)


def _of_doubts(block: Block, standings: Standings, standing: Standing) -> Iterator[Danger]:
    """What a doubt would mean of which nobody can say the result: the worst that the rows know."""
    if not standing.doubts:
        return
    possible = (action for _, action in possible_rows(block, standings, standing.gene))
    action = min(possible, key=seriousness, default="")
    if action in SERIOUS:
        for why in standing.doubts:
            test = standing.gene + (COPIES if why is Why.COPY_NUMBER else "")
            result = "of another function" if why in _FUNCTION else "another result"
            yield Danger(standing.gene, test, result, action, WHY[why].brief)


def possible_rows(block: Block, standings: Standings, free: str = "") -> Iterator[tuple[tuple[str, ...], str]]:
    """The keys and the action of every row that could apply, whatever the genes of which nothing is known turn out.

    `free`: a gene to be taken as unknown.
    """
    options = [
        None if keys.gene == free or _is_open(keys, standings[keys.gene]) else _keys_of(keys, standings[keys.gene])
        for keys in block.keys
    ]
    for asked, number in block.numbers.items():
        if all(allowed is None or key in allowed for key, allowed in zip(asked, options, strict=True)):
            yield asked, block.table.actions[number]


def _keys_of(keys: GeneKeys, standing: Standing) -> set[str]:
    """The keys that the patient may have; where the data cannot decide between terms, those of each of them."""
    possible = [standing.supposing(term) for term in standing.candidates] if standing.term is None else ()
    return {option.key for each in (standing, *possible) for option in keys.options(each)}


def key_words(key: str) -> str:
    """The key of a row as a reader knows it; of a score without the source's own word for it in brackets."""
    if key[:1].isdigit() or key.startswith(">"):
        return f"{_SCORE}{key.partition(' (')[0]}"
    return key.lstrip(":")


def can_change(gene: str, given: Collection[tuple[Block, frozenset[str]]], standings: Standings) -> bool:
    """Whether some result of a gene that is missing could change the answer.

    `given`: the tables, and the actions that each gives now.  A drug that is ruled out without the gene stays ruled
    out; a usual row for a lesser gene changes nothing either.
    """
    reached = [(now, _reached(block, gene, standings)) for block, now in given]
    if any(SERIOUS & now and possible <= SERIOUS for now, possible in reached):
        return False
    return any(possible - USUAL or (possible and now - USUAL and possible - now) for now, possible in reached)


def _reached(block: Block, gene: str, standings: Standings) -> set[str]:
    """The actions that the table could give once the gene is known; none where it does not ask for the gene."""
    if gene not in block.genes:
        return set()
    place = block.genes.index(gene)
    return {action for asked, action in possible_rows(block, standings) if asked[place] != NO_RESULT}


def binding(tests: Iterable[RequiredTest]) -> tuple[RequiredTest, ...]:
    """The tests without which the first dose is not given."""
    return tuple(test for test in tests if test.wording in _BINDING)


def test_words(drug: str, tests: Sequence[RequiredTest], open_: Sequence[Danger]) -> str:
    """What to test before the answer holds, and what a result would mean; empty when nothing is to be tested."""
    asked = dict.fromkeys(test.gene for test in tests)
    said = [_before_the_first_dose(drug, gene, tests, _of(open_, gene)) for gene in asked]
    for test in dict.fromkeys(each.test for each in open_ if each.gene not in asked):
        own = [each for each in open_ if each.test == test]
        if own[0].why:
            said.append(f"Confirm {test} first: it could also be {_outcomes(own, f' ({own[0].why}); then')}.")
        else:
            said.append(f"Test {test} first: if it is {_outcomes(own)}.")
    return " ".join(said)


def _outcomes(own: Sequence[Danger], because: str = "") -> str:
    """The results with what each would mean: those that rule the drug out, then those that ask for another dose."""
    grave = {each.result for each in own if each.action in SERIOUS}
    groups = ([each for each in own if (each.result in grave) is first] for first in (True, False))
    first, *rest = [(_results(group), _then(group)) for group in groups if group]
    return "; ".join([f"{first[0]}{because}: {first[1]}", *(f"if it is {result}: {then}" for result, then in rest)])


def _of(open_: Sequence[Danger], gene: str) -> list[Danger]:
    return [each for each in open_ if each.gene == gene]


def _before_the_first_dose(drug: str, gene: str, tests: Sequence[RequiredTest], own: Sequence[Danger]) -> str:
    whom = {test.population for test in tests if test.gene == gene}
    for_ = f" in {' or '.join(sorted(whom))}" if "" not in whom else ""
    then = f" If it is {_outcomes(own)}." if own else ""
    return f"Test {gene} before the first dose of {drug}{for_}.{then}"


def _results(own: Sequence[Danger]) -> str:
    named = list(dict.fromkeys(each.result for each in own))
    first = next((each for each in named if each.startswith(_SCORE)), "")
    said = [each if each == first else each.removeprefix(_SCORE) for each in named]
    return " or ".join(said[:_NAMED]) + (" (or another of its kind)" if len(named) > _NAMED else "")


def _then(own: Sequence[Danger]) -> str:
    return action_words(min((each.action for each in own), key=seriousness))
