"""Which rows of a guideline apply: tables indexed once, then one dictionary look-up per combination of keys.

A row applies when each of its keys is among the patient's keys.  Within one guideline and population a diplotype row
beats a score row, and a score row one for its term.  What had to be mapped to find a row is said in a notice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, product

from starling.definitions import DIPLOTYPE, GuidanceRules, Guideline, Row, RowTable
from starling.guidance.keys import GeneKeys, Option, ScoreReader, terms_of
from starling.guidance.standing import Standings, unordered
from starling.values import dataclass
from starling.vocabulary import Notice


@dataclass(frozen=True, slots=True)
class Block:
    """A table of a guideline, ready to be looked up.

    `numbers`: the keys of a row, in the order of the genes -> its number.  `keys`: what the rows ask of each gene, in
    the same order.
    """

    guideline: Guideline
    table: RowTable
    numbers: Mapping[tuple[str, ...], int]
    keys: tuple[GeneKeys, ...]

    @property
    def drug(self) -> str:
        """The one drug of its rows."""
        return self.table.drug

    @property
    def population(self) -> str:
        """The code of the one population of its rows."""
        return self.table.population

    @property
    def genes(self) -> tuple[str, ...]:
        """The genes that its rows ask for."""
        return self.table.genes

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
        for table in guideline.tables:
            texts = [_sorted(keys) for keys in table.keys] if _asks_diplotypes(table) else table.keys
            numbers = dict(zip(texts, range(len(texts)), strict=True))
            keys = workshop.keys(guideline.source, table, texts)
            blocks.setdefault(table.drug, []).append(Block(guideline, table, numbers, keys))
    return blocks


def find(block: Block, standings: Standings) -> tuple[Found, ...]:
    """Every row of `block` that applies to the patient, each once, diplotype rows before and instead of term rows."""
    found: dict[tuple[str, str], Found] = {}
    for options, number in _applying(block, standings):
        row = block.table[number]
        place = (row.advice.id, row.strength)
        if place not in found:
            genes = tuple([(gene, option.key) for gene, option in zip(block.genes, options, strict=True)])
            notices = tuple([notice for option in options for notice in option.notices])
            found[place] = Found(row, genes, notices)
    return _narrowed(block, standings, tuple(found.values()))


def actions_of(block: Block, standings: Standings) -> frozenset[str]:
    """The actions of every row of `block` that applies."""
    return frozenset([block.table.actions[number] for _, number in _applying(block, standings)])


def _applying(block: Block, standings: Standings) -> Iterator[tuple[tuple[Option, ...], int]]:
    """Keys under which the patient is looked up and found, and the number of the row."""
    asked = [keys.options(standings[keys.gene]) for keys in block.keys]
    for options in zip(asked[0], strict=True) if len(asked) == 1 else product(*asked):
        number = block.numbers.get(tuple([option.key for option in options]))
        if number is not None:
            yield options, number


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


def _asks_diplotypes(table: RowTable) -> bool:
    """Whether any key is a diplotype: one search in all keys of the table together, for there are thousands."""
    return f"\0{DIPLOTYPE}" in "\0" + "\0".join(chain.from_iterable(table.keys))


def _sorted(keys: tuple[str, ...]) -> tuple[str, ...]:
    """The keys with the alleles of every diplotype in the order in which patients' are looked up."""
    return tuple([DIPLOTYPE + unordered(key[1:]) if key.startswith(DIPLOTYPE) else key for key in keys])


def _pairs(block: Block) -> Iterator[tuple[str, GeneKeys]]:
    return zip(block.genes, block.keys, strict=True)


def _unmarked(found: Found) -> Found:
    exact = any(key.startswith(DIPLOTYPE) for _, key in found.genes)
    return Found(found.row, tuple((gene, key.lstrip(DIPLOTYPE)) for gene, key in found.genes), found.notices, exact)


class _Workshop:
    """Makes what blocks share once: all keys of one gene."""

    def __init__(self, rules: GuidanceRules) -> None:
        self._rules = rules
        self._reader = ScoreReader(rules)
        self._keys: dict[tuple[str, str, frozenset[str]], GeneKeys] = {}

    def keys(self, source: str, table: RowTable, texts: Sequence[tuple[str, ...]]) -> tuple[GeneKeys, ...]:
        """For each gene of the table, everything that its rows ask of it; `texts`: the keys of each row."""
        columns = zip(table.genes, zip(*texts, strict=True), strict=True)
        return tuple([self._of_gene(source, gene, frozenset(column)) for gene, column in columns])

    def _of_gene(self, source: str, gene: str, keys: frozenset[str]) -> GeneKeys:
        known = source, gene, keys
        if known not in self._keys:
            scores, terms = self._reader.of(source, gene, keys), terms_of(source, gene, self._rules)
            self._keys[known] = GeneKeys(gene, source, keys, scores, terms)
        return self._keys[known]
