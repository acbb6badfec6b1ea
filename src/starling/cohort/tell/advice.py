"""What each drug's guidance says to every combination of patterns that somebody has: asked once, not once a person.

Two tables: `advice` names the answer for each drug and combination, `answers` holds each distinct answer once.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

from starling.assessment import DrugResult, GeneResult
from starling.cohort.call.work import FACTS, MEDICATION, UNKNOWN_MEDICINE
from starling.definitions import Drug, Medicine
from starling.guidance.recommendation import Advisor
from starling.knowledge.base import KnowledgeBase
from starling.serial.decoding import gene_from
from starling.serial.encoding import drug_fields
from starling.serial.fields import Fields
from starling.values import dataclass, field

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa
    import pyarrow.parquet as pq

Row = dict[str, object]
#: Rows that are made into one piece of a table.
_BATCH: Final = 2_000


@dataclass
class Asked:
    """The answers for everyone in the view `people` of a database, drug after drug.

    `patterns`: the table that has the results.  `sources`: as in `Options`.
    """

    database: duckdb.DuckDBPyConnection
    patterns: Path
    knowledge: KnowledgeBase
    sources: Sequence[str]
    _known: set[str] = field(default_factory=set)
    _new: list[Row] = field(default_factory=list)

    def __post_init__(self) -> None:
        """The results are read once."""
        self._results = results_of(self.patterns)
        self._advisor = Advisor(self.knowledge.guidance)
        # people called before there was a column have none
        columns = {row[0] for row in self.database.execute("DESCRIBE people").fetchall()}
        self._stated = tuple(each for each in (MEDICATION, FACTS) if each in columns and self._says_something(each))

    def _says_something(self, column: str) -> bool:
        """Whether anything stands in a column of what is stated."""
        query = f"SELECT 1 FROM people WHERE {column} <> '' LIMIT 1"  # noqa: S608 - our own column
        return bool(self.database.execute(query).fetchall())  # to its end: an unfinished result blocks the next query

    def genes_for(self, drug: Drug) -> tuple[str, ...]:
        """The genes that decide a drug's advice, of those a result can be given for, in alphabetical order."""
        adjusted = self._advisor.adjusted_genes if MEDICATION in self._stated else ()
        named = {*self._advisor.genes_for(drug.name), *adjusted}
        return tuple(sorted(named & set(self.knowledge.genes)))

    def write(self, drugs: Iterable[Drug], advice: Path, answers: Path) -> None:
        """Both tables hold what is said of `drugs`; answers are long texts and do not wait for the end."""
        import pyarrow.parquet as pq

        with (
            pq.ParquetWriter(advice, _advice_columns(), compression="zstd") as named,
            pq.ParquetWriter(answers, _answer_columns(), compression="zstd") as said,
        ):
            groups: dict[tuple[str, ...], list[Drug]] = {}
            for drug in drugs:
                groups.setdefault(self.columns_for(drug), []).append(drug)
            rows = (row for genes, own in groups.items() for row in self._rows(genes, own))
            while batch := list(islice(rows, _BATCH)):
                _append(named, batch, _advice_columns())
                _append(said, self._new, _answer_columns())
                self._new.clear()

    def columns_for(self, drug: Drug) -> tuple[str, ...]:
        """The columns of `people` that can decide the drug's advice: genes, and what is stated."""
        stated = (each for each in self._stated if each != FACTS or self._advisor.asks_facts(drug.name))
        return (*self.genes_for(drug), *stated)

    def _rows(self, genes: tuple[str, ...], drugs: Sequence[Drug]) -> Iterator[Row]:
        """The rows of all drugs that the same columns decide, so that people are counted once for all of them."""
        names = ", ".join(f'"{gene}"' for gene in genes)
        grouped = f"SELECT {names}, count(*) FROM people GROUP BY {names} ORDER BY {names}"  # noqa: S608 - genes
        cursor = self.database.execute(grouped if genes else "SELECT count(*) FROM people")
        said: dict[int, tuple[DrugResult, str]] = {}  # the advisor gives equal answers as one value
        while found := cursor.fetchmany(_BATCH):
            for *patterns, count in found:
                for answer in self.answers(drugs, dict(zip(genes, patterns, strict=True))):
                    if id(answer) not in said:
                        said[id(answer)] = (answer, self._kept(answer))
                    yield {
                        "drug": answer.drug,
                        "genes": genes,
                        "patterns": patterns,
                        "people": count,
                        "action": answer.headline_action,
                        "answer": said[id(answer)][1],
                    }

    def answers(self, drugs: Sequence[Drug], patterns: Mapping[str, str]) -> tuple[DrugResult, ...]:
        """What is said of these drugs to whoever has these `patterns` (of their `columns_for`); no alternatives."""
        taken = tuple(_medicine(each) for each in patterns.get(MEDICATION, "").split(";") if each)
        subject = json.loads(patterns[FACTS]) if patterns.get(FACTS) else {}
        own = [self._results[each] for each in patterns.items() if each[0] not in {MEDICATION, FACTS}]
        return self._advisor.answers(drugs, own, medication=taken, subject=subject, sources=self.sources)

    def _kept(self, answer: DrugResult) -> str:
        """The name of the answer, which is listed once."""
        text = json.dumps(drug_fields(answer), separators=(",", ":"))
        name = blake2b(text.encode(), digest_size=16).hexdigest()
        if name not in self._known:
            self._known.add(name)
            first = answer.recommendations[0] if answer.recommendations else None
            self._new.append(
                {
                    "answer": name,
                    "drug": answer.drug,
                    "action": answer.headline_action,
                    "summary": answer.answer or (first.advice.summary if first is not None else ""),
                    "result": text,
                }
            )
        return name


def _medicine(stated: str) -> Medicine:
    """What stands in the column of medicines; one that is not known here keeps the list from being complete."""
    if stated == UNKNOWN_MEDICINE:
        return Medicine("a medicine that is not known here", (), (stated,))
    return Medicine(stated, (stated,))


def results_of(patterns: Path) -> Mapping[tuple[str, str], GeneResult]:
    """(gene, pattern) -> result, from a table of patterns."""
    import pyarrow.parquet as pq

    names = ["gene", "pattern", "result"]
    with pq.ParquetFile(patterns) as file:
        table = file.read(names)
    columns = (table[name].to_pylist() for name in names)
    return {
        (gene, pattern): gene_from(Fields(json.loads(result), gene))
        for gene, pattern, result in zip(*columns, strict=True)
    }


def _append(writer: pq.ParquetWriter, rows: Sequence[Row], schema: pa.Schema) -> None:
    import pyarrow as pa

    writer.write_table(pa.Table.from_pylist(list(rows), schema))


def _advice_columns() -> pa.Schema:
    import pyarrow as pa

    texts = pa.list_(pa.string())
    kinds = {"genes": texts, "patterns": texts, "people": pa.int64()}
    names = ("drug", "genes", "patterns", "people", "action", "answer")
    return pa.schema([(name, kinds.get(name, pa.string())) for name in names])


def _answer_columns() -> pa.Schema:
    import pyarrow as pa

    return pa.schema([(name, pa.string()) for name in ("answer", "drug", "action", "summary", "result")])
