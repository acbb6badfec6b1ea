"""What each drug's guidance says to every combination of patterns that somebody has: asked once, not once a person."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from starling.definitions import Drug
from starling.guidance.recommendation import Advisor
from starling.knowledge.base import KnowledgeBase
from starling.serial.decoding import gene_from
from starling.serial.encoding import drug_fields
from starling.serial.fields import Fields
from starling.vocabulary import DrugResult, GeneResult

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

Results = Mapping[tuple[str, str], GeneResult]
#: Rows that are made into one piece of the table.
_BATCH = 20_000


def advice_columns() -> pa.Schema:
    """The columns of a table of advice."""
    import pyarrow as pa

    texts = pa.list_(pa.string())
    return pa.schema(
        [
            ("drug", pa.string()),
            ("genes", texts),
            ("patterns", texts),
            ("people", pa.int64()),
            ("action", pa.string()),
            ("summary", pa.string()),
            ("result", pa.string()),
        ]
    )


def write_advice(
    database: duckdb.DuckDBPyConnection,
    people: str,
    patterns: Path,
    target: Path,
    knowledge: KnowledgeBase,
    sources: Sequence[str],
) -> None:
    """`target` holds the advice of every drug for every combination in `people` (a view of the wide table)."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    results = results_of(patterns)
    advisor = Advisor(knowledge.guidance)
    rows = (
        row
        for drug in knowledge.guidance.drugs
        for row in _rows(database, people, drug, advisor, results, tuple(knowledge.genes), sources)
    )
    with pq.ParquetWriter(target, advice_columns(), compression="zstd") as writer:
        batch: list[dict[str, object]] = []
        for row in rows:
            batch.append(row)
            if len(batch) == _BATCH:
                writer.write_table(pa.Table.from_pylist(batch, advice_columns()))
                batch = []
        writer.write_table(pa.Table.from_pylist(batch, advice_columns()))


def results_of(patterns: Path) -> dict[tuple[str, str], GeneResult]:
    """(gene, pattern) -> result, from a table of patterns."""
    import pyarrow.parquet as pq

    table = pq.read_table(patterns, columns=["gene", "pattern", "result"])
    columns = (table[name].to_pylist() for name in ("gene", "pattern", "result"))
    return {
        (gene, pattern): gene_from(Fields(json.loads(result), gene))
        for gene, pattern, result in zip(*columns, strict=True)
    }


def genes_for(drug: Drug, advisor: Advisor, known: Sequence[str]) -> tuple[str, ...]:
    """The genes that decide a drug's advice, of those a result can be given for, in alphabetical order."""
    return tuple(sorted(set(advisor.genes_for(drug.name)) & set(known)))


def _rows(
    database: duckdb.DuckDBPyConnection,
    people: str,
    drug: Drug,
    advisor: Advisor,
    results: Results,
    known: Sequence[str],
    sources: Sequence[str],
) -> Iterator[dict[str, object]]:
    genes = genes_for(drug, advisor, known)
    names = ", ".join(f'"{gene}"' for gene in genes)
    by = f"{names}, " if names else ""
    # the names are genes of the knowledge base
    query = f"SELECT {by}count(*) FROM {people}" + (f" GROUP BY {names} ORDER BY {names}" if names else "")  # noqa: S608
    cursor = database.execute(query)
    said: dict[int, tuple[DrugResult, str]] = {}  # the advisor gives equal answers as one value
    while found := cursor.fetchmany(_BATCH):
        for *patterns, count in found:
            own = [results[gene, pattern] for gene, pattern in zip(genes, patterns, strict=True)]
            answer = advisor.answer(drug, own, sources=sources)
            if id(answer) not in said:
                said[id(answer)] = (answer, json.dumps(drug_fields(answer), separators=(",", ":")))
            first = answer.recommendations[0] if answer.recommendations else None
            yield {
                "drug": answer.drug,
                "genes": list(genes),
                "patterns": patterns,
                "people": count,
                "action": answer.headline_action,
                "summary": first.advice.summary if first is not None else "",
                "result": said[id(answer)][1],
            }
