"""What each person is told of a few drugs: the answer, and what is proposed instead, checked on the same person.

People whose results are alike for a drug and for everything that could be given in its place are asked about once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from starling.assessment import CheckedAlternative, DrugResult
from starling.cohort.outputs import connected, copy_query, metadata_of, quoted, verified
from starling.cohort.tell.advice import Asked
from starling.definitions import Drug
from starling.errors import InputError
from starling.extras import need
from starling.formats.write import replacing
from starling.guidance.alternatives import Alternatives
from starling.knowledge.base import KnowledgeBase
from starling.report.words import alternative_words

if TYPE_CHECKING:
    import duckdb

#: What is told beside the sample and the drug.
TOLD: Final = ("action", "answer", "test_first", "ask_first", "instead", "not_instead")
#: Combinations of results that are asked about at a time.
_BATCH: Final = 5_000


def tell_everyone(calls: Path, drugs: Sequence[str], output: Path, knowledge: KnowledgeBase) -> int:
    """`output` (.parquet, or a table with tabs) has a row for each drug and person; returns how many.

    Raises: InputError BAD_CALLS, BAD_OPTION (calls of another edition), UNKNOWN_DRUG, EXTRA_MISSING.
    """
    need("duckdb", "cohort")
    need("pyarrow", "cohort")
    outputs, stated = verified(calls), metadata_of(calls)
    if stated["knowledge"]["sha256"] != knowledge.stamp.sha256:
        made, here = stated["knowledge"]["version"], knowledge.stamp.version
        message = f"the calls were made with edition {made}, this is {here}: name its file, or call again (reanalyse)"
        raise InputError("BAD_OPTION", message, source="--knowledge")
    named = dict.fromkeys(knowledge.find_drug(name).name for name in drugs)
    with connected(calls.parent) as database:
        database.read_parquet(str(outputs.people)).create_view("people")
        asked = Asked(database, outputs.patterns, knowledge, tuple(stated["options"]["sources"]))
        teller = _Teller(database, asked, knowledge)
        for drug in named:
            teller.tell(drug)
        return teller.written(output)


class _Teller:
    """Fills the table `told`."""

    def __init__(self, database: duckdb.DuckDBPyConnection, asked: Asked, knowledge: KnowledgeBase) -> None:
        self._database = database
        self._asked = asked
        rules = knowledge.guidance
        self._drugs = {drug.name: drug for drug in (*rules.drugs, *rules.unadvised)}
        self._alternatives = Alternatives(rules.drugs)
        columns = ", ".join(f"{name} VARCHAR" for name in ("drug", "sample", *TOLD))
        database.execute(f"CREATE TABLE told ({columns})")

    def tell(self, name: str) -> None:
        """Everybody has a row for the drug."""
        import pyarrow as pa

        beside = [other for other in self._alternatives.beside(name) if other in self._drugs]
        drugs = [self._drugs[each] for each in (name, *beside)]
        columns = tuple(sorted({column for drug in drugs for column in self._asked.columns_for(drug)}))
        kept: dict[int, tuple[DrugResult, dict[str, str | None]]] = {}  # equal answers are one value
        for batch in self._combinations(columns):
            rows = []
            for patterns in batch:
                answer = self._answer(drugs, patterns)
                if id(answer) not in kept:
                    kept[id(answer)] = (answer, _told(answer))
                rows.append({**patterns, **kept[id(answer)][1]})
            schema = pa.schema([(each, pa.string()) for each in (*columns, *TOLD)])
            self._database.register("batch", pa.Table.from_pylist(rows, schema))
            same = " AND ".join(f'people."{each}" = batch."{each}"' for each in columns) or "true"
            told = ", ".join(f"batch.{each}" for each in TOLD)
            query = f"INSERT INTO told SELECT {quoted(name)}, sample, {told} FROM people JOIN batch ON {same}"  # noqa: S608 - our own names
            self._database.execute(query)
            self._database.unregister("batch")

    def _combinations(self, columns: Sequence[str]) -> Iterator[list[Mapping[str, str]]]:
        """What people have in these columns, each combination once."""
        names = ", ".join(f'"{each}"' for each in columns) or "1"
        query = f"CREATE OR REPLACE TABLE combinations AS SELECT DISTINCT {names} FROM people"  # noqa: S608 - genes
        self._database.execute(query)
        cursor = self._database.cursor().execute("SELECT * FROM combinations ORDER BY ALL")
        while found := cursor.fetchmany(_BATCH):
            yield [dict(zip(columns, row, strict=False)) for row in found]

    def _answer(self, drugs: Sequence[Drug], patterns: Mapping[str, str]) -> DrugResult:
        """The answer for the first drug; the others are looked at only where one of them could be given instead."""
        (own,) = self._asked.answers(drugs[:1], patterns)
        if not self._alternatives.needed((own,)):
            return own
        beside = self._asked.answers(drugs[1:], patterns)
        return self._alternatives.filled(own, {each.drug: each for each in (own, *beside)})

    def written(self, output: Path) -> int:
        """The rows are in place, in the order of drugs and people."""
        query = "SELECT * FROM told ORDER BY drug, sample"
        if output.suffix == ".parquet":
            copy_query(self._database, query, output)
        else:
            with replacing(output) as temporary:
                form = "FORMAT csv, HEADER, DELIMITER '\t'"
                self._database.execute(f"COPY ({query}) TO {quoted(str(temporary))} ({form})")
        counted = self._database.execute("SELECT count(*) FROM told").fetchone()
        assert counted is not None
        return int(counted[0])


def _told(answer: DrugResult) -> dict[str, str | None]:
    """What stands in the row of whoever has this answer."""
    first = answer.recommendations[0].advice.summary if answer.recommendations else ""
    texts = (
        answer.headline_action,
        answer.answer or first,
        "; ".join(answer.test_first),
        "; ".join(each.ask for each in answer.conditions_open),
        _listed(each for each in answer.alternatives if each.offered),
        _listed(each for each in answer.alternatives if not each.offered),
    )
    return {name: text or None for name, text in zip(TOLD, texts, strict=True)}


def _listed(checked: Iterator[CheckedAlternative]) -> str:
    return "; ".join(map(alternative_words, checked))
