"""Which rows of a guideline apply: tables indexed once, then one dictionary look-up per combination of keys.

A row applies when each of its keys is among the patient's keys.  Within one guideline and population a diplotype row
beats a term row.  What had to be mapped to find a row is said in a notice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product

from starling.definitions import GuidanceRules, Guideline, Key, Row
from starling.guidance.keys import DIPLOTYPE, GeneKeys, Option, ScoreKey, foreign_keys, score_keys
from starling.guidance.standing import Standings, unordered
from starling.values import dataclass
from starling.vocabulary import Notice


@dataclass(frozen=True, slots=True)
class Block:
    """The rows of one guideline for one drug and population that ask about the same genes.

    `rows`: keys in the order of `genes` -> row.  `keys`: what the rows ask of each gene, in the same order.
    """

    guideline: Guideline
    drug: str
    population: str
    genes: tuple[str, ...]
    rows: Mapping[tuple[str, ...], Row]
    keys: tuple[GeneKeys, ...]

    def missing(self, standings: Standings) -> Iterator[str]:
        """The genes that this guideline asks for and of which nothing is known."""
        return (keys.gene for keys in self.keys if keys.is_missing(standings[keys.gene]))


@dataclass(frozen=True, slots=True)
class Found:
    """A row that applies, the key of each gene as printed, and what to say about the look-up."""

    row: Row
    genes: tuple[tuple[str, str], ...]
    notices: tuple[Notice, ...] = ()
    by_diplotype: bool = False


def index(rules: GuidanceRules) -> dict[str, list[Block]]:
    """Every block by drug, in guideline order."""
    blocks: dict[str, list[Block]] = {drug.name: [] for drug in rules.drugs}
    workshop = _Workshop(rules)
    for guideline in rules.guidelines:
        groups: dict[tuple[str, str, tuple[str, ...]], dict[tuple[str, ...], Row]] = {}
        for row in guideline.rows:
            genes, texts = workshop.condition(row.when)
            groups.setdefault((row.drug, row.population, genes), {})[texts] = row
        for (drug, population, genes), table in groups.items():
            keys = tuple([workshop.keys(guideline.source, genes, place, table) for place in range(len(genes))])
            blocks.setdefault(drug, []).append(Block(guideline, drug, population, genes, table, keys))
    return blocks


def find(block: Block, standings: Standings) -> tuple[Found, ...]:
    """Every row of `block` that applies to the patient, each once, diplotype rows before and instead of term rows."""
    found: dict[tuple[str, str], Found] = {}
    for options, row in _applying(block, standings):
        place = (row.advice.id, row.strength)
        if place not in found:
            genes = tuple([(gene, option.key) for gene, option in zip(block.genes, options, strict=True)])
            notices = tuple([notice for option in options for notice in option.notices])
            found[place] = Found(row, genes, notices)
    return _narrowed(block, standings, tuple(found.values()))


def actions_of(block: Block, standings: Standings) -> frozenset[str]:
    """The actions of every row of `block` that applies."""
    return frozenset([row.advice.action for _, row in _applying(block, standings)])


def _applying(block: Block, standings: Standings) -> Iterator[tuple[tuple[Option, ...], Row]]:
    for options in product(*[keys.options(standings[keys.gene]) for keys in block.keys]):
        row = block.rows.get(tuple([option.key for option in options]))
        if row is not None:
            yield options, row


def _narrowed(block: Block, standings: Standings, found: tuple[Found, ...]) -> tuple[Found, ...]:
    """Diplotype rows alone when they cover every reported diplotype; with several candidates both kinds, and why."""
    if not any([keys.asks_diplotypes for keys in block.keys]):
        return found
    marked = [_unmarked(each) for each in found]
    exact = tuple(each for each in marked if each.by_diplotype)
    if not exact:
        return found
    reported = [(keys, each) for gene, keys in _pairs(block) for each in standings[gene].diplotypes]
    covered = all(DIPLOTYPE + each in keys.keys for keys, each in reported if keys.asks_diplotypes)
    kept = exact if covered else tuple(marked)
    if len(kept) == 1:
        return kept
    text = "Several diplotypes are possible and their rows differ; each row shown holds for one of them."
    notice = Notice("AMBIGUOUS_DIPLOTYPE", text)
    return tuple(Found(each.row, each.genes, (*each.notices, notice), each.by_diplotype) for each in kept)


def _text(key: Key) -> str:
    return DIPLOTYPE + unordered(key.key) if key.is_diplotype else key.key


def _pairs(block: Block) -> Iterator[tuple[str, GeneKeys]]:
    return zip(block.genes, block.keys, strict=True)


def _unmarked(found: Found) -> Found:
    exact = any(key.startswith(DIPLOTYPE) for _, key in found.genes)
    return Found(found.row, tuple((gene, key.lstrip(DIPLOTYPE)) for gene, key in found.genes), found.notices, exact)


class _Workshop:
    """Makes what blocks share once: score keys, and all keys of one gene."""

    def __init__(self, rules: GuidanceRules) -> None:
        self._rules = rules
        self._scores: dict[tuple[str, str, frozenset[str]], tuple[ScoreKey, ...]] = {}
        self._keys: dict[tuple[str, str, frozenset[str], frozenset[str]], GeneKeys] = {}
        #: by identity: rows share equal conditions, and all of them are kept while blocks are made
        self._conditions: dict[int, tuple[tuple[str, ...], tuple[str, ...]]] = {}

    def condition(self, when: tuple[Key, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The genes that a row asks for, and its keys as text."""
        known = self._conditions.get(id(when))
        if known is None:
            known = tuple([key.gene for key in when]), tuple([_text(key) for key in when])
            self._conditions[id(when)] = known
        return known

    def keys(self, source: str, genes: Sequence[str], place: int, table: Mapping[tuple[str, ...], Row]) -> GeneKeys:
        gene = genes[place]
        keys = frozenset([text[place] for text in table])
        terms = self._rules.dpwg_terms.get(gene, {}) if source == "DPWG" else {}
        known = (source, gene, keys)
        if known not in self._scores:
            self._scores[known] = score_keys(gene, keys, self._rules, terms)
        scores = self._scores[known]
        advice = {text[0]: row.advice.id for text, row in table.items()} if terms and len(genes) == 1 else None
        foreign = foreign_keys(scores, advice) if advice else frozenset()
        shared = (*known, foreign)
        if shared not in self._keys:
            self._keys[shared] = GeneKeys(gene, source, keys, scores, foreign, terms)
        return self._keys[shared]
