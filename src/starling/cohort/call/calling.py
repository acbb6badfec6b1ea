"""One shard's evidence -> who has which pattern, and the result of every pattern: each is called once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from starling.assessment import GeneResult, Options
from starling.cohort.call.keys import GeneSites, find_patterns
from starling.cohort.call.patterns import GenotypeReader, name_of, result_of
from starling.cohort.collect.evidence import Evidence, Row
from starling.cohort.collect.reading import Skipped
from starling.definitions import GeneDefinition
from starling.engine import Engine
from starling.errors import InputError
from starling.source.fill import Intervals
from starling.values import dataclass, field
from starling.vocabulary import SampleGenotypes

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


#: Statements that differ from the usual one, at 8 bytes each, that may be held between two passes.
_KEPT_CELLS: Final = 4_000_000


@dataclass(frozen=True, slots=True)
class Pattern:
    """One distinct pattern of a gene with its result.  `statement`: what was stated of its people beside."""

    gene: str
    name: str
    genotypes: SampleGenotypes
    result: GeneResult
    statement: str = ""


@dataclass
class Called:
    """A shard's people and their patterns: `codes[gene][i]` is the place of person i's in `patterns[gene]`."""

    people: list[str]
    patterns: dict[str, list[Pattern]] = field(default_factory=dict)
    codes: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    skipped: list[Skipped] = field(default_factory=list)


def call_evidence(
    evidence: Evidence, engine: Engine, genes: Sequence[str] | None = None, options: Options | None = None
) -> Called:
    """Everybody in the evidence, for `genes` (None: all of the knowledge base)."""
    import numpy as np

    options, knowledge = options or evidence.holdings.options, engine.knowledge
    wanted = knowledge.genes if genes is None else tuple(genes)
    definitions = [knowledge.definitions[gene] for gene in wanted if gene in knowledge.definitions]
    found = _by_gene(evidence, definitions, engine, options)
    lost = np.zeros(len(evidence.holdings.people), bool)
    reasons: dict[int, str] = {}
    for gene, (patterns, inverse) in found.items():
        lost |= inverse < 0
        for number, pattern in enumerate(patterns):
            if isinstance(pattern, InputError):
                people = np.flatnonzero(inverse == number)
                reasons = {**dict.fromkeys(people.tolist(), f"{gene}: {pattern.message}"), **reasons}
    lost[list(reasons)] = True
    skipped = [Skipped(evidence.holdings.people[one], reason) for one, reason in sorted(reasons.items())]
    kept = np.flatnonzero(~lost)
    called = Called([evidence.holdings.people[one] for one in kept], skipped=skipped)
    for gene in wanted:
        if gene in found:
            patterns, inverse = found[gene]
            _keep(called, gene, patterns, inverse[kept])
        else:
            called.patterns[gene] = [_untested(gene, engine, options)]
            called.codes[gene] = np.zeros(len(kept), np.int64)
    return called


def _keep(called: Called, gene: str, patterns: Sequence[Pattern | InputError], inverse: NDArray[np.int64]) -> None:
    """Patterns that turned out to be the same are one."""
    import numpy as np

    places: dict[str, int] = {}
    kept: list[Pattern] = []
    numbers = np.zeros(len(patterns), np.int64)
    for number, pattern in enumerate(patterns):
        if isinstance(pattern, Pattern):
            numbers[number] = places.setdefault(pattern.name, len(places))
            if len(places) > len(kept):
                kept.append(pattern)
    called.patterns[gene] = kept
    called.codes[gene] = numbers[inverse]


def _by_gene(
    evidence: Evidence, definitions: Sequence[GeneDefinition], engine: Engine, options: Options
) -> dict[str, tuple[list[Pattern | InputError], NDArray[np.int64]]]:
    holdings = evidence.holdings
    sites = [GeneSites(definition) for definition in definitions]
    rows = _Rows(evidence, _regions(sites))
    found = find_patterns(rows, holdings, sites, options)
    genes = [each.definition.gene for each in sites]
    readers = {
        gene: GenotypeReader(each, found[gene], holdings, options) for gene, each in zip(genes, sites, strict=True)
    }
    _read(rows, readers.values())
    results: dict[str, tuple[list[Pattern | InputError], NDArray[np.int64]]] = {}
    for definition in definitions:
        gene, known = definition.gene, dict[str, Pattern]()
        patterns = [
            genotypes if isinstance(genotypes, InputError) else _pattern(definition, genotypes, known, engine, options)
            for genotypes in readers[gene].genotypes()
        ]
        results[gene] = (patterns, found[gene].inverse)
    return results


class _Rows:
    """Rows that are gone through twice: kept while there are few statements in them, else read again."""

    def __init__(self, evidence: Evidence, regions: Mapping[tuple[str, str], Intervals]) -> None:
        self._evidence = evidence
        self._regions = regions
        self._kept: list[Row] | None = None

    def __iter__(self) -> Iterator[Row]:
        """Row after row."""
        if self._kept is not None:
            yield from self._kept
            return
        kept: list[Row] = []
        cells = 0
        for row in self._evidence.rows(self._regions):
            yield row
            cells += len(row.coded.people)
            if cells <= _KEPT_CELLS:
                kept.append(row)
        self._kept = kept if cells <= _KEPT_CELLS else None


def _pattern(
    definition: GeneDefinition,
    genotypes: SampleGenotypes,
    known: dict[str, Pattern],
    engine: Engine,
    options: Options,
) -> Pattern:
    name = name_of(genotypes)
    if name not in known:
        result = result_of(definition.gene, genotypes, engine, options)
        known[name] = Pattern(definition.gene, name, genotypes, result)
    return known[name]


def _regions(genes: Iterable[GeneSites]) -> dict[tuple[str, str], Intervals]:
    wanted: dict[tuple[str, str], Intervals] = {}
    for sites in genes:
        for where, spans in sites.regions.items():
            wanted[where] = (*wanted.get(where, ()), *spans)
    return wanted


def _read(rows: Iterable[Row], readers: Iterable[GenotypeReader]) -> None:
    """Every row goes to the genes whose sites it may speak of."""
    everyone = list(readers)
    for row in rows:
        for reader in everyone:
            spans = reader.regions.get((row.build, row.chromosome), ())
            if any(first <= row.end and row.position <= last for first, last in spans):
                reader.add(row)


def _untested(gene: str, engine: Engine, options: Options) -> Pattern:
    """A gene that only another laboratory can test."""
    empty = SampleGenotypes("", {})
    return Pattern(gene, name_of(empty), empty, result_of(gene, empty, engine, options))
