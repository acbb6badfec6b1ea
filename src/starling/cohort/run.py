"""START HERE.  Files of many people -> calls, patterns, advice, positions and evidence, beside each other:

    plan shards -> work on each (anywhere) -> join -> put in place

A run that was stopped goes on where it was: the shards that were done are in a folder beside the output until all are.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from starling._version import __version__
from starling.assessment import Options
from starling.cohort.call.work import KnowledgeFile, ShardDone, ShardPaths, ShardWork
from starling.cohort.collect.people import Stated
from starling.cohort.collect.reading import Skipped
from starling.cohort.collect.shards import Inputs, Shard, input_files, plan_shards
from starling.cohort.outcomes import Done, Failed
from starling.cohort.outputs import (
    EVIDENCE_DIGESTS,
    METADATA,
    SCHEMA,
    Outputs,
    connected,
    copy_query,
    quoted,
    work_directory,
    write_digests,
)
from starling.cohort.tell.advice import Asked
from starling.cohort.tell.changes import gene_digests, guidance_digest
from starling.cohort.workers import EngineName, few_collections, run
from starling.errors import InputError
from starling.extras import need
from starling.knowledge.age import origin_notices
from starling.knowledge.base import KnowledgeBase
from starling.values import asdict, dataclass, field

if TYPE_CHECKING:
    import duckdb

#: called with (people done, people in all)
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Order:
    """What a run is asked to do.  `knowledge`: a compiled file, empty for the bundled one.

    `tables`: what was read for `stated`; where they lie in a directory of inputs they are none of them.
    """

    inputs: tuple[str, ...]
    output: Path
    options: Options = Options()
    stated: Mapping[str, Stated] = field(default_factory=dict)
    knowledge: str = ""
    engine: EngineName = "local"
    workers: int | None = None
    tables: tuple[Path, ...] = ()

    @property
    def no_inputs(self) -> tuple[Path, ...]:
        """What may lie among the inputs and is known to be none."""
        bed = self.options.callable_bed
        return (*Outputs(self.output).written, *self.tables, *([Path(bed)] if bed is not None else ()))


@dataclass(frozen=True, slots=True)
class Finished:
    """What a run did.  `remarks`: person -> what of the statements about them was not read as it stands."""

    outputs: Outputs
    people: int
    patterns: int
    skipped: tuple[Skipped, ...]
    remarks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def call(order: Order, progress: Progress | None = None) -> Finished:
    """Everybody in the inputs is called, and all files of the run are in place.

    Files that could not be read are left out, named in the result and in the metadata of the calls.
    Raises: InputError when nobody could be called, when an extra is missing, or the output cannot be written.
    """
    need("duckdb", "cohort")
    need("pyarrow", "cohort")
    with few_collections():
        return _called(order, progress)


def _called(order: Order, progress: Progress | None) -> Finished:
    outputs, knowledge = Outputs(order.output), KnowledgeFile(order.knowledge)
    inputs = input_files(order.inputs, order.no_inputs)
    shards = plan_shards(inputs.files, order.stated, order.options, knowledge.engine)
    with work_directory(outputs.work):
        return _written(order, outputs, knowledge, inputs, shards, progress)


def _written(
    order: Order,
    outputs: Outputs,
    knowledge: KnowledgeFile,
    inputs: Inputs,
    shards: Sequence[Shard],
    progress: Progress | None,
) -> Finished:
    """The work is done and its tables are in place, their digests last."""
    done, failed = _work(order, ShardWork(str(outputs.work.resolve()), knowledge), shards, progress)
    skipped = (*inputs.left_out, *(each for one in done for each in one.skipped), *failed)
    names = [one.name for one in done if one.people]
    if not names:
        reasons = "; ".join(f"{each.source}: {each.message}" for each in skipped[:3])
        raise InputError("NOBODY_CALLED", f"no file could be read ({reasons})", source=", ".join(order.inputs[:3]))
    remarks = {name: each.remarks for name, each in order.stated.items() if each.remarks}
    stated = {
        "files": [Path(path).name for path in inputs.files],
        "skipped": [asdict(each) for each in skipped],
        "options": order.options.recorded(),
        "remarks": remarks,
    }
    people, patterns = join(names, outputs, knowledge.base, stated)
    _put_evidence(names, outputs)
    write_digests(outputs.digests, outputs.tables)
    return Finished(outputs, people, patterns, skipped, remarks)


def _work(
    order: Order, work: ShardWork, shards: Sequence[Shard], progress: Progress | None
) -> tuple[list[ShardDone], list[Skipped]]:
    """Every shard is done, now or before; those that failed are named."""
    total, reached = sum(shard.people for shard in shards), 0
    sizes = {shard.name: shard.people for shard in shards}
    files = {shard.name: shard.files for shard in shards}
    done: list[ShardDone] = []
    failed: list[Skipped] = []

    def finished(outcome: Done[ShardDone] | Failed) -> None:
        nonlocal reached
        if isinstance(outcome, Done):
            done.append(outcome.result)
        else:
            source = ", ".join(Path(path).name for path in files[outcome.shard][:3])
            failed.append(Skipped(source, outcome.message))
        reached += sizes.pop(outcome.shard)
        tick()

    said = 0

    def tick() -> None:
        """Never goes back: a share that is just being written reads as nothing, and a shard may be begun again."""
        nonlocal said
        if progress is not None:
            begun = sum(people * ShardPaths(Path(work.directory), name).read_share() for name, people in sizes.items())
            said = max(said, reached + int(begun))
            progress(said, total)

    run(
        work,
        shards,
        engine=order.engine,
        workers=order.workers,
        name=lambda shard: shard.name,
        finished=finished,
        tick=tick,
    )
    done.sort(key=lambda one: one.name)
    return done, sorted(failed, key=lambda each: each.source)


def join(
    names: Sequence[str], outputs: Outputs, knowledge: KnowledgeBase, stated: Mapping[str, object]
) -> tuple[int, int]:
    """The tables of all shards as one set of files; (people, patterns) is returned."""
    paths = [ShardPaths(outputs.work, name) for name in names]
    with connected(outputs.work) as database:
        database.read_parquet([str(each.people) for each in paths]).create_view("everyone")
        _refuse_twice(database)
        copy_query(database, "SELECT * FROM everyone ORDER BY sample", outputs.people)
        database.read_parquet([str(each.patterns) for each in paths]).create_view("found")
        copy_query(database, JOINED_PATTERNS, outputs.patterns)
        database.read_parquet([str(each.positions) for each in paths]).create_view("places")
        copy_query(database, JOINED_POSITIONS, outputs.positions)
    return write_results(outputs, knowledge, stated)


def write_results(
    outputs: Outputs,
    knowledge: KnowledgeBase,
    stated: Mapping[str, object],
    *,
    earlier: Outputs | None = None,
    changed: Sequence[str] = (),
) -> tuple[int, int]:
    """From people and patterns: the advice and, last, the calls, one row for each person and gene.

    `earlier`: a run whose advice holds for every drug that none of the `changed` genes concerns.
    """
    _write_advice(outputs, knowledge, stated, earlier, changed)
    # a connection of its own: the first gives back the memory that it has, which in the end is most of the run's
    with connected(outputs.work) as database:
        database.read_parquet(str(outputs.people)).create_view("people")
        database.read_parquet(str(outputs.patterns)).create_view("patterns")
        counted = database.execute("SELECT (SELECT count(*) FROM people), (SELECT count(*) FROM patterns)").fetchone()
        copy_query(database, _calls_query(knowledge.genes), outputs.calls, metadata=_metadata(knowledge, stated))
    assert counted is not None
    return int(counted[0]), int(counted[1])


def _write_advice(
    outputs: Outputs,
    knowledge: KnowledgeBase,
    stated: Mapping[str, object],
    earlier: Outputs | None,
    changed: Sequence[str],
) -> None:
    with connected(outputs.work) as database:
        database.read_parquet(str(outputs.people)).create_view("people")
        options = stated["options"]
        sources = options["sources"] if isinstance(options, dict) else ()
        asked = Asked(database, outputs.patterns, knowledge, sources)
        drugs = [
            drug
            for drug in knowledge.guidance.drugs
            if earlier is None or not set(changed).isdisjoint(asked.genes_for(drug))
        ]
        asked.write(drugs, outputs.work / "advice.parquet", outputs.work / "answers.parquet")
        for name, target in (("advice", outputs.advice), ("answers", outputs.answers)):
            database.read_parquet(str(outputs.work / f"{name}.parquet")).create_view(name)
            query = f"SELECT * FROM {name}"  # noqa: S608 - one of two names
            if earlier is not None:
                database.read_parquet(str(earlier.beside(name))).create_view(f"earlier_{name}")
                named = ", ".join(quoted(drug.name) for drug in drugs) or "''"
                query += f" UNION ALL SELECT * FROM earlier_{name} WHERE drug NOT IN ({named})"  # noqa: S608 - as above
            copy_query(database, f"{query} ORDER BY drug", target)


#: Equal patterns of several shards are one; what was concluded of them is the same (one pure function made both).
JOINED_PATTERNS: Final = """
    SELECT gene, pattern, sum(people)::BIGINT AS people, any_value(statement) AS statement,
           any_value(status) AS status, any_value(reason) AS reason, any_value(label) AS label,
           any_value(phenotype) AS phenotype, any_value(phenotype_certain) AS phenotype_certain,
           any_value(activity_score) AS activity_score, min(genotypes) AS genotypes, any_value(result) AS result
    FROM found GROUP BY gene, pattern ORDER BY gene, pattern
"""
JOINED_POSITIONS: Final = """
    SELECT gene, chromosome, position, any_value(rsid) AS rsid, sum(called)::BIGINT AS called,
           sum(nocall)::BIGINT AS nocall, sum(notassayed)::BIGINT AS notassayed
    FROM places GROUP BY gene, chromosome, position ORDER BY gene, position
"""


def _calls_query(genes: Sequence[str]) -> str:
    """One row for each person and gene, in the order of people and genes."""
    names = ", ".join(f'"{gene}"' for gene in genes)
    return f"""
        SELECT sample, gene, status, reason, label, phenotype, phenotype_certain, activity_score, pattern
        FROM (UNPIVOT people ON {names} INTO NAME gene VALUE pattern) JOIN patterns USING (gene, pattern)
        ORDER BY sample, gene
    """  # noqa: S608 - the names are genes of the knowledge base


def _refuse_twice(database: duckdb.DuckDBPyConnection) -> None:
    """Shards are made so that nobody is in two of them; a file that changed meanwhile could break that."""
    twice = database.execute("SELECT sample FROM everyone GROUP BY sample HAVING count(*) > 1 LIMIT 1").fetchone()
    if twice is not None:
        raise InputError("DUPLICATE_SAMPLE", f"{twice[0]} is in two shards; did a file change meanwhile?")


def _metadata(knowledge: KnowledgeBase, stated: Mapping[str, object]) -> dict[str, str]:
    described = {
        "schema": SCHEMA,
        "program": f"starling {__version__}",
        "knowledge": asdict(knowledge.stamp),
        "notices": [each.message for each in origin_notices(knowledge.stamp, is_bundled=knowledge.is_bundled)],
        "genes": gene_digests(knowledge),
        "guidance": guidance_digest(knowledge),
        **stated,
    }
    return {METADATA: json.dumps(described)}


def _put_evidence(names: Sequence[str], outputs: Outputs) -> None:
    """The records of all shards are in one directory; that of an earlier run is replaced as a whole."""
    gathered = outputs.work / "evidence"
    gathered.mkdir(exist_ok=True)
    for name in names:
        target = gathered / f"{name}.parquet"
        # a run that was stopped here has moved some of them already
        for source in (ShardPaths(outputs.work, name).evidence, outputs.evidence / target.name):
            if source.exists() and not target.exists():
                source.replace(target)
    write_digests(gathered / EVIDENCE_DIGESTS, sorted(gathered.glob("*.parquet")))
    if outputs.evidence.exists():
        shutil.rmtree(outputs.evidence)
    gathered.replace(outputs.evidence)
