"""The general rule: which diplotypes explain the sample, which of them scores best, and what else would fit.

Source: the scoring is that of PharmCAT (Sangkuhl et al. 2020, PMID 31306493; documentation "NamedAlleleMatcher 101"),
so that a laboratory can switch without validating every answer again; certainty is decided on everything that fits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import reduce
from itertools import product
from math import prod
from operator import or_

from starling.calling.phasing import HaplotypePair, Observation, TooAmbiguousError, haplotype_pairs
from starling.calling.table import MatchTable, bits
from starling.star_order import diplotype_of, in_star_order
from starling.values import dataclass, replace
from starling.vocabulary import Consistent, Diplotype, Why

ClassPair = tuple[int, int]

#: Half-called sites are completed in every way the definition knows, up to this many ways per gene.
MAX_COMPLETIONS = 256
#: Matches of a gene kept for the next patient; emptied when full.
KEPT_MATCHES = 1024


@dataclass(frozen=True, slots=True)
class Match:
    """`best`: the top-scoring diplotypes in star order (empty: nothing matches).

    `consistent`: one representative of every other pair of functions that the data do not exclude.
    `cannot_exclude`: alleles that fit only because a position that decides them was not called.
    """

    best: tuple[Diplotype, ...]
    consistent: tuple[Consistent, ...] = ()
    cannot_exclude: tuple[str, ...] = ()


class Scores(dict[int, int]):
    """Score of an allele for this sample: its defined cells at present positions, computed when first asked.

    A wobble cell at which both haplotypes carry the reference does not count: it says nothing about the sample.
    """

    def __init__(self, table: MatchTable, seen: Observation) -> None:
        super().__init__()
        self._table = table
        self._present = seen.present
        self._reference = seen.homozygous_reference
        self._all_present = seen.present == (1 << len(table.loci)) - 1

    def __missing__(self, allele: int) -> int:
        table = self._table
        informative = table.defined[allele] & self._present & ~(table.wobble[allele] & self._reference)
        score = self[allele] = informative.bit_count()
        return score

    def callable(self, mask: int) -> int:
        """The alleles of `mask` with a defined cell at a present position; others cannot be called."""
        if self._all_present:
            return mask
        return sum(1 << bit for bit in bits(mask) if self._table.defined[bit] & self._present)


def match(table: MatchTable, seen: Observation, *, keep_all: bool = False) -> Match:
    """The best diplotypes for what was observed and everything else that fits; kept for who was observed alike.

    `keep_all`: report every consistent diplotype, whatever its score (NAT2 unphased).
    Raises: TooAmbiguousError when too many haplotype pairs fit.
    """
    groups = tuple(seen.groups.values())  # whatever their names
    key = seen.fits, groups, seen.present, seen.homozygous_reference, seen.missing, seen.haploid, seen.half, keep_all
    known: Match | None = table.matches.get(key)
    if known is None:
        known = _matched(table, seen, keep_all=keep_all)
        if len(table.matches) >= KEPT_MATCHES:
            table.matches.clear()
        table.matches[key] = known
    return known


def _matched(table: MatchTable, seen: Observation, *, keep_all: bool) -> Match:
    if _one_fits(seen):
        name = table.alleles[seen.fits.bit_length() - 1].reported_as
        return Match(best=(Diplotype((name,) if seen.haploid else (name, name)),))
    scores = Scores(table, seen)
    if seen.half:
        best = _over_completions(table, seen, keep_all=keep_all)
        pairs = _half_called_pairs(table, seen)
    else:
        pairs = haplotype_pairs(seen)
        best = _reported(pairs, scores, keep_all=keep_all)
    reported = _names(table, best)
    hidden = untested(table, seen.missing)
    return Match(
        best=reported,
        consistent=_consistent(table, hidden, pairs, scores, best) if best else (),
        cannot_exclude=_cannot_exclude(table, hidden, pairs, reported),
    )


def _one_fits(seen: Observation) -> bool:
    """Whether one allele alone fits, on every haplotype, as in most genes of most people: nothing to rank or to add.

    It has a defined cell at a present position: one that has none fits wherever the reference row does.
    """
    return seen.fits.bit_count() == 1 and not seen.groups and not seen.half


def _reported(pairs: Iterable[HaplotypePair], scores: Scores, *, keep_all: bool) -> set[tuple[int, ...]]:
    return _all_callable(pairs, scores) if keep_all else _top(pairs, scores)


def _names(table: MatchTable, diplotypes: Iterable[tuple[int, ...]]) -> tuple[Diplotype, ...]:
    alleles = table.alleles
    return in_star_order(
        diplotype_of(*(alleles[bit].reported_as for bit in pair))
        if len(pair) == 2
        else Diplotype((alleles[pair[0]].reported_as,))
        for pair in diplotypes
    )


def _leaders(mask: int, scores: Scores) -> tuple[int, tuple[int, ...]]:
    """The best score within a haplotype's mask and the alleles that reach it."""
    members = list(bits(scores.callable(mask)))
    if not members:
        return -1, ()
    best = max(scores[member] for member in members)
    return best, tuple(member for member in members if scores[member] == best)


def _top(pairs: Iterable[HaplotypePair], scores: Scores) -> set[tuple[int, ...]]:
    best, winners = -1, set[tuple[int, ...]]()
    leaders: dict[int, tuple[int, tuple[int, ...]]] = {}
    for pair in pairs:
        for mask in pair:
            if mask is not None and mask not in leaders:
                leaders[mask] = _leaders(mask, scores)
        sides = [leaders[mask] for mask in pair if mask is not None]
        if any(not members for _, members in sides):
            continue
        total = sum(score for score, _ in sides)
        if total < best:
            continue
        if total > best:
            best, winners = total, set()
        winners.update(tuple(sorted(one)) for one in product(*(members for _, members in sides)))
    return winners


def _all_callable(pairs: Iterable[HaplotypePair], scores: Scores) -> set[tuple[int, ...]]:
    found = set[tuple[int, ...]]()
    for pair in pairs:
        sides = [list(bits(scores.callable(mask))) for mask in pair if mask is not None]
        found.update(tuple(sorted(members)) for members in product(*sides))
    return found


def _completed(table: MatchTable, seen: Observation) -> Iterable[Observation]:
    """The observation with every half-called site completed in every way the definition knows.

    The base that was read lies on either haplotype, so each completion is a group of its own.
    """
    choices = [[(site, base, other) for other in table.accept[site]] for site, base in seen.half]
    if prod(map(len, choices)) > MAX_COMPLETIONS:
        raise TooAmbiguousError
    for completion in product(*choices):
        groups: dict[str, tuple[int, int]] = dict(seen.groups)
        fits, present = seen.fits, seen.present
        for site, base, other in completion:
            accept = table.accept[site]
            present |= 1 << site
            if base == other:
                fits &= accept.get(base, 0)
            else:
                groups[f"half {site}"] = (accept.get(base, 0), accept[other])
        yield Observation(fits, groups, present, seen.homozygous_reference, seen.missing, seen.haploid, (), seen.doubts)


def _over_completions(table: MatchTable, seen: Observation, *, keep_all: bool) -> set[tuple[int, ...]]:
    found = set[tuple[int, ...]]()
    for completed in _completed(table, seen):
        found |= _reported(haplotype_pairs(completed), Scores(table, completed), keep_all=keep_all)
    return found


def _half_called_pairs(table: MatchTable, seen: Observation) -> list[HaplotypePair]:
    """Every pair of haplotypes of every completion: one has the base that was read, the other may have any."""
    halves = {f"half {site}": (table.accept[site].get(base, 0), table.everything) for site, base in seen.half}
    return haplotype_pairs(replace(seen, groups=seen.groups | halves))


def untested(table: MatchTable, missing: int) -> int:
    """The alleles of which a deciding position was not called."""
    return reduce(or_, map(table.carriers.__getitem__, bits(missing)), 0)


def _cannot_exclude(
    table: MatchTable, hidden: int, pairs: Iterable[HaplotypePair], reported: tuple[Diplotype, ...]
) -> tuple[str, ...]:
    if not hidden:
        return ()
    possible = 0
    for left, right in pairs:
        possible |= left | (right or 0)
    known = {name for diplotype in reported for name in diplotype.alleles}
    names = (table.alleles[bit].reported_as for bit in bits(possible & hidden))
    return tuple(name for name in dict.fromkeys(names) if name not in known)


def _consistent(
    table: MatchTable, hidden: int, pairs: list[HaplotypePair], scores: Scores, best: set[tuple[int, ...]]
) -> tuple[Consistent, ...]:
    """One representative per pair of function classes that fits and is not among the reported ones, in star order."""
    known = {_class_pair(table, pair) for pair in best}
    found: list[Consistent] = []
    steps: list[tuple[int, Why]] = [(table.everything & ~hidden, Why.PHASE)]
    if hidden:
        steps.append((table.everything, Why.NOT_ASSAYED))
    for allowed, why in steps:
        representatives = _representatives(table, pairs, allowed, scores)
        new = [pair for key, pair in representatives.items() if key not in known]
        known |= representatives.keys()
        found += [Consistent(diplotype, why) for diplotype in _names(table, new)]
    return tuple(found)


def _class_pair(table: MatchTable, pair: tuple[int, ...]) -> ClassPair:
    numbers = sorted(table.class_of[bit] for bit in pair)
    return numbers[0], numbers[-1]


def _representatives(
    table: MatchTable, pairs: Iterable[HaplotypePair], allowed: int, scores: Scores
) -> Mapping[ClassPair, tuple[int, ...]]:
    """Per pair of classes the pair of alleles that scores best, the first in table order among equals."""
    found: dict[ClassPair, tuple[int, ...]] = {}
    leaders: dict[int, list[int]] = {}

    def rank(pair: tuple[int, ...]) -> tuple[int, tuple[int, ...]]:
        return -sum(scores[bit] for bit in pair), pair

    def leaders_of(haplotype: int) -> list[int]:
        if haplotype not in leaders:
            shares = (haplotype & members for members in table.classes)
            leaders[haplotype] = [min(bits(share), key=lambda bit: (-scores[bit], bit)) for share in shares if share]
        return leaders[haplotype]

    for haplotypes in pairs:
        for members in product(*(leaders_of(haplotype & allowed) for haplotype in haplotypes if haplotype is not None)):
            pair = tuple(sorted(members))
            key = _class_pair(table, pair)
            if key not in found or rank(pair) < rank(found[key]):
                found[key] = pair
    return found
