"""New knowledge for people already called: only what changed is called again, and only once for each pattern.

A gene whose rules changed but not its sites is called from the patterns' genotypes, without going back to any record.
A gene with other sites is read again from the evidence; where the evidence does not cover a new site, the site is not
assayed for those people, and they are counted: their source file is needed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starling.assessment import Options
from starling.cohort.call.calling import Called, Pattern, call_evidence
from starling.cohort.call.keys import GeneSites
from starling.cohort.call.patterns import genotypes_from, result_of
from starling.cohort.call.personal import personalise, statement_from
from starling.cohort.call.work import (
    KnowledgeFile,
    ShardPaths,
    pattern_columns,
    pattern_table,
    write_called,
    write_table,
)
from starling.cohort.collect.evidence import Evidence, Holdings
from starling.cohort.collect.reading import Skipped
from starling.cohort.outcomes import Done, Failed
from starling.cohort.outputs import (
    Outputs,
    connected,
    copy_query,
    metadata_of,
    verified,
    verify_evidence,
    work_directory,
    write_digests,
)
from starling.cohort.run import JOINED_PATTERNS, JOINED_POSITIONS, Progress, write_results
from starling.cohort.tell.changes import gene_digests, guidance_digest
from starling.cohort.tell.differences import write_differences
from starling.cohort.workers import EngineName, run
from starling.engine import Engine
from starling.errors import InputError
from starling.extras import need
from starling.knowledge.base import KnowledgeBase
from starling.values import dataclass

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Again:
    """What to call again.  `calls`: of the earlier run.  `knowledge`: a compiled file."""

    evidence: Path
    calls: Path
    knowledge: str
    output: Path
    engine: EngineName = "local"
    workers: int | None = None


@dataclass(frozen=True, slots=True)
class Reanalysed:
    """What was done.  `uncovered`: gene -> people whose source file is needed for its new sites."""

    outputs: Outputs
    people: int
    rules_changed: tuple[str, ...]
    sites_changed: tuple[str, ...]
    guidance_changed: bool
    uncovered: Mapping[str, int]
    differences: int
    skipped: tuple[Skipped, ...] = ()


@dataclass(frozen=True, slots=True)
class EvidenceShard:
    """One evidence file and the genes to read from it."""

    path: str
    genes: tuple[str, ...]
    options: Options


@dataclass(frozen=True, slots=True)
class ReadAgain:
    """The pure function of an evidence file; `directory` is where its tables go."""

    directory: str
    knowledge: KnowledgeFile

    def __call__(self, shard: EvidenceShard) -> dict[str, int]:
        """Its people and patterns for the genes are in the directory; gene -> people with uncovered sites."""
        engine = self.knowledge.engine
        verify_evidence(Path(shard.path))
        evidence = Evidence(Path(shard.path))
        called = call_evidence(evidence, engine, shard.genes, shard.options)
        personalise(called, evidence.holdings, engine, shard.options)
        write_called(called, ShardPaths(Path(self.directory), Path(shard.path).stem), engine.knowledge)
        definitions = engine.knowledge.definitions
        return {
            gene: uncovered_people(evidence.holdings, GeneSites(definitions[gene]))
            for gene in shard.genes
            if gene in definitions
        }


def uncovered_people(holdings: Holdings, sites: GeneSites) -> int:
    """How many people have no file of which the records at every site of the gene were kept."""
    complete = [
        all(profile.covers(slot.locus.chromosome, slot.start, slot.last) for slot in sites.of(profile.build).slots)
        for profile in holdings.files
    ]
    return sum(
        not any(files[person] >= 0 and complete[files[person]] for files in holdings.layers)
        for person in range(len(holdings.people))
    )


@dataclass(frozen=True, slots=True)
class Plan:
    """What changed between the knowledge of the calls and the new one."""

    stated: dict[str, Any]
    rules: tuple[str, ...]
    sites: tuple[str, ...]
    gone: tuple[str, ...]
    guidance: bool

    @property
    def anything(self) -> bool:
        """Whether any result can be another."""
        return bool(self.rules or self.sites or self.gone or self.guidance)


def plan(calls: Path, knowledge: KnowledgeBase) -> Plan:
    """What must be done, from the digests that the calls carry.

    Raises: InputError BAD_CALLS when `calls` is not a table of calls of this version.
    """
    stated = metadata_of(calls)
    before, after = stated["genes"], gene_digests(knowledge)
    sites = tuple(gene for gene in after if before.get(gene, {}).get("sites") != after[gene]["sites"])
    rules = tuple(gene for gene in after if gene not in sites and before[gene]["rules"] != after[gene]["rules"])
    gone = tuple(gene for gene in before if gene not in after)
    return Plan(stated, rules, sites, gone, stated["guidance"] != guidance_digest(knowledge))


def reanalyse(order: Again, progress: Progress | None = None) -> Reanalysed:
    """The calls under the new knowledge and the list of differences are in place.

    Raises: InputError when the evidence or the calls are not what they should be, or the output cannot be written.
    """
    need("duckdb", "cohort")
    need("pyarrow", "cohort")
    knowledge = KnowledgeFile(order.knowledge)
    old, new = verified(order.calls), Outputs(order.output)
    found = plan(order.calls, knowledge.base)
    with work_directory(new.work):
        return _written(order, old, new, knowledge, found, progress)


def _written(
    order: Again, old: Outputs, new: Outputs, knowledge: KnowledgeFile, found: Plan, progress: Progress | None
) -> Reanalysed:
    """The plan is carried out and its tables are in place, their digests last."""
    engine = knowledge.engine
    options = Options(**{**found.stated["options"], "sources": tuple(found.stated["options"]["sources"])})
    work = ReadAgain(str(new.work.resolve()), knowledge)
    uncovered, names, skipped = _read_again(order, found, work, options, progress)
    _write_people(old, new, found, names)
    _write_patterns(old, new, found, names, engine, options)
    _write_positions(old, new, found, names)
    stated = {**{key: found.stated[key] for key in ("files", "skipped", "options")}, "uncovered": uncovered}
    changed = (*found.rules, *found.sites, *found.gone)
    people, _ = write_results(new, engine.knowledge, stated, earlier=None if found.guidance else old, changed=changed)
    differences = write_differences(old, new, changed=(*found.rules, *found.sites), read_again=found.sites)
    write_digests(new.digests, new.tables)
    return Reanalysed(new, people, found.rules, found.sites, found.guidance, uncovered, differences, skipped)


def _read_again(
    order: Again, found: Plan, work: ReadAgain, options: Options, progress: Progress | None
) -> tuple[dict[str, int], list[str], tuple[Skipped, ...]]:
    """(gene -> people with uncovered sites, names of the shards read, shards that failed)."""
    uncovered: dict[str, int] = {}
    names: list[str] = []
    skipped: list[Skipped] = []
    if not found.sites:
        return uncovered, names, ()
    paths = evidence_files(order.evidence)
    shards = [EvidenceShard(str(path), found.sites, options) for path in paths]

    def finished(outcome: Done[dict[str, int]] | Failed) -> None:
        if isinstance(outcome, Failed):
            skipped.append(Skipped(Path(outcome.shard).name, outcome.message))
        else:
            names.append(Path(outcome.shard).stem)
            for gene, people in outcome.result.items():
                uncovered[gene] = uncovered.get(gene, 0) + people
        if progress is not None:
            progress(len(names) + len(skipped), len(shards))

    run(work, shards, engine=order.engine, workers=order.workers, name=lambda shard: shard.path, finished=finished)
    if not names:
        reasons = "; ".join(each.message for each in skipped[:3])
        raise InputError("NOBODY_CALLED", f"no evidence could be read ({reasons})", source=order.evidence.name)
    return dict(sorted(uncovered.items())), sorted(names), tuple(skipped)


def evidence_files(evidence: Path) -> list[Path]:
    """The files of a directory of evidence.  Raises: InputError FILE_NOT_FOUND, FILE_EMPTY."""
    if not evidence.exists():
        raise InputError("FILE_NOT_FOUND", "no such evidence", source=str(evidence))
    paths = sorted(evidence.glob("*.parquet")) if evidence.is_dir() else [evidence]
    if not paths:
        raise InputError("FILE_EMPTY", "no evidence file in this directory", source=str(evidence))
    return paths


def _write_people(old: Outputs, new: Outputs, found: Plan, names: Sequence[str]) -> None:
    """Genes read again get their new column; people whose evidence could not be read are left out, and named."""
    with connected(new.work) as database:
        database.read_parquet(str(old.people)).create_view("before")
        dropped = ", ".join(f'"{gene}"' for gene in (*found.sites, *found.gone) if gene in found.stated["genes"])
        kept = f"* EXCLUDE ({dropped})" if dropped else "*"
        query = f"SELECT {kept} FROM before ORDER BY sample"  # noqa: S608 - genes of a knowledge base
        if names:
            paths = [str(ShardPaths(new.work, name).people) for name in names]
            database.read_parquet(paths).create_view("again")
            query = (
                f"SELECT before.{kept}, again.* EXCLUDE (sample) FROM before JOIN again USING (sample) ORDER BY sample"  # noqa: S608 - genes
            )
        copy_query(database, query, new.people)


def _write_patterns(
    old: Outputs, new: Outputs, found: Plan, names: Sequence[str], engine: Engine, options: Options
) -> None:
    import pyarrow.parquet as pq

    with connected(new.work) as database:
        database.read_parquet(str(old.patterns)).create_view("before")
        away = (*found.rules, *found.sites, *found.gone)
        query = "SELECT * FROM before WHERE NOT list_contains(?, gene)"
        parts = [database.sql(query, params=[list(away)]).to_arrow_table()]
        changed = database.sql("SELECT * FROM before WHERE list_contains(?, gene)", params=[list(found.rules)])
        parts.append(_called_again(changed.to_arrow_table(), engine, options))
        parts += [pq.read_table(ShardPaths(new.work, name).patterns) for name in names]
        write_table(_concatenated(parts), new.work / "patterns.parquet")
        database.read_parquet(str(new.work / "patterns.parquet")).create_view("found")
        copy_query(database, JOINED_PATTERNS, new.patterns)


def _called_again(rows: pa.Table, engine: Engine, options: Options) -> pa.Table:
    """The same patterns with the results of the new rules."""
    called = Called([])
    counts: dict[str, list[int]] = {}
    columns = (rows[name].to_pylist() for name in ("gene", "pattern", "people", "genotypes", "statement"))
    for gene, pattern, people, text, statement in zip(*columns, strict=True):
        genotypes = genotypes_from(text)
        result = result_of(gene, genotypes, engine, options, statement_from(statement))
        called.patterns.setdefault(gene, []).append(Pattern(gene, pattern, genotypes, result, statement))
        counts.setdefault(gene, []).append(people)
    return pattern_table(called, counts)


def _concatenated(parts: Sequence[pa.Table]) -> pa.Table:
    import pyarrow as pa

    columns = pattern_columns()
    return pa.concat_tables([part.select(columns.names).cast(columns) for part in parts])


def _write_positions(old: Outputs, new: Outputs, found: Plan, names: Sequence[str]) -> None:
    paths = [str(old.positions), *(str(ShardPaths(new.work, name).positions) for name in names)]
    with connected(new.work) as database:
        database.read_parquet(paths[0]).create_view("before")
        away = ", ".join(f"'{gene}'" for gene in (*found.sites, *found.gone))
        query = "SELECT * FROM before" + (f" WHERE gene NOT IN ({away})" if away else "")  # noqa: S608 - genes
        if len(paths) > 1:
            database.read_parquet(paths[1:]).create_view("again")
            query += " UNION ALL SELECT * FROM again"
        database.execute(f"CREATE VIEW places AS {query}")
        copy_query(database, JOINED_POSITIONS, new.positions)
