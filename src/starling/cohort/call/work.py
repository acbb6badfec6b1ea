"""The work on one shard, wherever it runs: evidence, patterns and people as files, and a note that it is done.

The note is written last.  What was done once is not done again, whatever happened to the process that asked for it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from starling.cohort.call.calling import Called, call_evidence
from starling.cohort.call.patterns import genotypes_text
from starling.cohort.call.personal import personalise, statement_text
from starling.cohort.collect.evidence import Evidence
from starling.cohort.collect.people import NOTHING, Stated
from starling.cohort.collect.reading import Skipped, read_shard
from starling.cohort.collect.shards import Shard
from starling.engine import Engine
from starling.formats.write import replacing, write_atomically
from starling.knowledge.base import KnowledgeBase
from starling.serial.encoding import gene_fields
from starling.values import asdict, dataclass
from starling.vocabulary import Locus, State

if TYPE_CHECKING:
    import pyarrow as pa


#: The column of the table of people that names other medicines: for advice it counts like a gene.
MEDICATION: Final = "medication"
#: Stands in that column for medicines that are not known here: the list of those taken is not complete.
UNKNOWN_MEDICINE: Final = "?"
#: the column of the facts that conditions of advice ask for
FACTS: Final = "facts"


@dataclass(frozen=True, slots=True)
class ShardDone:
    """How many people of a shard were called, and what was left out."""

    name: str
    people: int
    skipped: tuple[Skipped, ...]


@dataclass(frozen=True)
class KnowledgeFile:
    """A compiled knowledge base by its path (empty: the bundled one), for work that is sent to other processes."""

    path: str = ""

    @cached_property
    def engine(self) -> Engine:
        """Opened once by each copy of this value: a worker has one for all of its shards."""
        return Engine.open(self.path or None)

    @property
    def base(self) -> KnowledgeBase:
        """What the engine knows."""
        return self.engine.knowledge


@dataclass(frozen=True, slots=True)
class ShardWork:
    """The pure function of a shard; `directory` is where its files go."""

    directory: str
    knowledge: KnowledgeFile

    def __call__(self, shard: Shard) -> ShardDone:
        """The shard's files are in the directory.

        Raises: InputError when the directory cannot be written; files that cannot be read are left out and named.
        """
        paths = ShardPaths(Path(self.directory), shard.name)
        known = paths.read_note()
        if known is not None:
            return known
        engine = self.knowledge.engine
        with replacing(paths.evidence) as temporary:
            stated = {name: _texts(each) for name, each in shard.stated}
            skipped = read_shard(shard.files, stated, temporary, engine, shard.options, paths.write_share)
        evidence = Evidence(paths.evidence)
        called = call_evidence(evidence, engine)
        personalise(called, evidence.holdings, engine, shard.options)
        evidence.close()
        write_called(called, paths, engine.knowledge, dict(shard.stated))
        done = ShardDone(shard.name, len(called.people), (*skipped, *called.skipped))
        paths.write_note(done)
        return done


def _medication(stated: Stated) -> str:
    return ";".join((*stated.medication, *((UNKNOWN_MEDICINE,) if stated.unknown else ())))


def _texts(stated: Stated) -> tuple[str, str]:
    return "" if stated.sex == "unknown" else stated.sex, statement_text(stated)


@dataclass(frozen=True, slots=True)
class ShardPaths:
    """The files of one shard."""

    directory: Path
    name: str

    @property
    def evidence(self) -> Path:
        """Its records."""
        return self.directory / f"{self.name}.evidence.parquet"

    @property
    def people(self) -> Path:
        """Its people, with the pattern of every gene."""
        return self.directory / f"{self.name}.people.parquet"

    @property
    def patterns(self) -> Path:
        """Its patterns, with the result of each."""
        return self.directory / f"{self.name}.patterns.parquet"

    @property
    def positions(self) -> Path:
        """How often each position was called."""
        return self.directory / f"{self.name}.positions.parquet"

    @property
    def share(self) -> Path:
        """How far the work is, for whoever waits."""
        return self.directory / f"{self.name}.share"

    @property
    def note(self) -> Path:
        """Says that everything else is there."""
        return self.directory / f"{self.name}.done.json"

    def write_share(self, share: float) -> None:
        """How much of the shard was read can be seen from outside."""
        self.share.write_text(f"{share:.4f}", encoding="ascii")

    def read_share(self) -> float:
        """How much of the shard was read so far."""
        try:
            return float(self.share.read_text(encoding="ascii") or 0)
        except FileNotFoundError:
            return 0.0

    def write_note(self, done: ShardDone) -> None:
        """From now on the shard counts as done."""
        write_atomically(self.note, json.dumps(asdict(done)))

    def read_note(self) -> ShardDone | None:
        """What was done before; None when the shard is still to be worked on."""
        if not self.note.exists():
            return None
        stated: dict[str, Any] = json.loads(self.note.read_text(encoding="utf-8"))
        skipped = tuple(Skipped(each["source"], each["message"], tuple(each["people"])) for each in stated["skipped"])
        return ShardDone(stated["name"], stated["people"], skipped)


def write_called(
    called: Called, paths: ShardPaths, knowledge: KnowledgeBase, stated: Mapping[str, Stated] | None = None
) -> None:
    """Who has which pattern, every pattern's result, and how often each position was called.

    `stated`: of each person, None when the table shall not say (it is known already).
    """
    import numpy as np
    import pyarrow as pa

    columns: dict[str, object] = {"sample": pa.array(called.people, pa.string())}
    if stated is not None:
        told = [stated.get(name, NOTHING) for name in called.people]
        columns[MEDICATION] = pa.array([_medication(each) for each in told], pa.string())
        columns[FACTS] = pa.array([each.facts for each in told], pa.string())
    counts: dict[str, list[int]] = {}
    for gene, patterns in called.patterns.items():
        codes = pa.array(called.codes[gene], pa.int32())
        columns[gene] = pa.DictionaryArray.from_arrays(codes, pa.array([each.name for each in patterns], pa.string()))
        counts[gene] = np.bincount(called.codes[gene], minlength=len(patterns)).tolist()
    write_table(pa.table(columns), paths.people)
    write_table(pattern_table(called, counts), paths.patterns)
    write_table(pa.Table.from_pylist(list(_positions(called, counts, knowledge)), _position_columns()), paths.positions)


def pattern_table(called: Called, counts: Mapping[str, Sequence[int]]) -> pa.Table:
    """One row for each distinct pattern of each gene: the result as the report's JSON has it, and its main fields."""
    import pyarrow as pa

    rows = []
    for gene, patterns in called.patterns.items():
        for pattern, people in zip(patterns, counts[gene], strict=True):
            result = pattern.result
            rows.append(
                {
                    "gene": gene,
                    "pattern": pattern.name,
                    "people": people,
                    "status": result.status,
                    "reason": result.reason,
                    "label": result.label,
                    "phenotype": result.phenotype,
                    "phenotype_certain": result.phenotype_certain,
                    "activity_score": result.activity_score,
                    "statement": pattern.statement,
                    "genotypes": genotypes_text(pattern.genotypes),
                    "result": json.dumps(gene_fields(result), separators=(",", ":")),
                }
            )
    return pa.Table.from_pylist(rows, pattern_columns())


def pattern_columns() -> pa.Schema:
    """The columns of a table of patterns."""
    import pyarrow as pa

    texts = ["status", "reason", "label", "phenotype"]
    return pa.schema(
        [
            ("gene", pa.string()),
            ("pattern", pa.string()),
            ("people", pa.int64()),
            *((name, pa.string()) for name in texts),
            ("phenotype_certain", pa.bool_()),
            ("activity_score", pa.string()),
            ("statement", pa.string()),
            ("genotypes", pa.string()),
            ("result", pa.string()),
        ]
    )


def _position_columns() -> pa.Schema:
    import pyarrow as pa

    return pa.schema(
        [
            ("gene", pa.string()),
            ("chromosome", pa.string()),
            ("position", pa.int64()),
            ("rsid", pa.string()),
            ("called", pa.int64()),
            ("nocall", pa.int64()),
            ("notassayed", pa.int64()),
        ]
    )


def _positions(
    called: Called, counts: Mapping[str, Sequence[int]], knowledge: KnowledgeBase
) -> Iterator[dict[str, object]]:
    """How many people were called, not called and not assayed at every site; assumed reference counts as called."""
    for gene, definition in knowledge.definitions.items():
        if gene not in called.patterns:
            continue
        everyone = sum(counts[gene])
        stated: dict[tuple[Locus, State], int] = {}
        for pattern, people in zip(called.patterns[gene], counts[gene], strict=True):
            for locus, genotype in pattern.genotypes.genotypes.items():
                key = (locus, genotype.state)
                stated[key] = stated.get(key, 0) + people
        for site in (*definition.sites, *definition.extra_sites):
            found = {state: stated.get((site.locus, state), 0) for state in (State.CALLED, State.NOCALL)}
            found[State.NOTASSAYED] = everyone - sum(found.values())
            yield {
                "gene": gene,
                "chromosome": site.chromosome,
                "position": site.position,
                "rsid": site.rsid,
                **{state.value: people for state, people in found.items()},
            }


def write_table(table: pa.Table, target: Path) -> None:
    """The table as a Parquet file, whole or not at all."""
    import pyarrow.parquet as pq

    with replacing(target) as temporary:
        pq.write_table(table, temporary, compression="zstd")
