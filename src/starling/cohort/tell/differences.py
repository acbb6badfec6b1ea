"""Who is affected by new knowledge: whose phenotype changes, whose advice, for which drug, and how seriously.

Patterns are compared, not people: two runs over equal knowledge have nothing to list, however many people there are.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from starling.cohort.outputs import Outputs, connected
from starling.definitions import ACTIONS, seriousness
from starling.formats.write import replacing
from starling.values import dataclass

if TYPE_CHECKING:
    import duckdb


#: A drug without advice stands behind all advice.
_NONE: Final = len(ACTIONS)


@dataclass(frozen=True, slots=True)
class Difference:
    """One change that some people share.  `old`, `new`: their patterns, in the order of `genes`.

    `seriousness`: by how many steps of `ACTIONS` the advice becomes stricter (negative: milder); 0 for a phenotype.
    """

    kind: str
    subject: str
    genes: tuple[str, ...]
    old: tuple[str, ...]
    new: tuple[str, ...]
    before: str
    after: str
    action_before: str | None
    action_after: str | None

    @property
    def seriousness(self) -> int:
        """From standard to avoid is 7 steps."""
        return _rank(self.action_before) - _rank(self.action_after)


def _rank(action: str | None) -> int:
    return _NONE if action is None else seriousness(action)


def write_differences(old: Outputs, new: Outputs, *, changed: Sequence[str], read_again: Sequence[str]) -> int:
    """`new.differences.parquet` and `.tsv` list every person and change, most serious first; returns how many.

    `changed`: the genes whose results may differ.  `read_again`: those of them whose patterns have other names.
    """
    with connected(new.work) as database:
        for name, outputs in (("old", old), ("new", new)):
            database.read_parquet(str(outputs.people)).create_view(f"{name}_people")
            database.read_parquet(str(outputs.patterns)).create_view(f"{name}_patterns")
            database.read_parquet(str(outputs.advice)).create_view(f"{name}_advice")
            database.read_parquet(str(outputs.answers)).create_view(f"{name}_answers")
        database.execute(_LIST)
        pairs = _Pairs(database, frozenset(read_again))
        for differences in (*_phenotypes(database, pairs, changed), *_advice(database, pairs)):
            pairs.list_people(differences)
        return _written(database, new)


_LIST: Final = """
    CREATE TABLE listed (sample VARCHAR, kind VARCHAR, subject VARCHAR, before VARCHAR, after VARCHAR,
                         action_before VARCHAR, action_after VARCHAR, seriousness INTEGER)
"""
_ORDER: Final = "ORDER BY kind, seriousness DESC, subject, sample"


def _written(database: duckdb.DuckDBPyConnection, new: Outputs) -> int:
    for target, form in (
        (new.beside("differences"), "FORMAT parquet, COMPRESSION zstd"),
        (new.beside("differences", ".tsv"), "FORMAT csv, HEADER, DELIMITER '\t'"),
    ):
        with replacing(target) as temporary:
            path = str(temporary).replace("'", "''")
            database.execute(f"COPY (SELECT * FROM listed {_ORDER}) TO '{path}' ({form})")  # noqa: S608 - our own path
    counted = database.execute("SELECT count(*) FROM listed").fetchone()
    assert counted is not None
    return int(counted[0])


class _Pairs:
    """Which patterns people had and have."""

    def __init__(self, database: duckdb.DuckDBPyConnection, read_again: frozenset[str]) -> None:
        self._database = database
        self._read_again = read_again
        self._known = {
            name: frozenset(row[0] for row in database.execute(f"DESCRIBE {name}_people").fetchall())
            for name in ("old", "new")
        }

    def of(self, genes: Sequence[str]) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
        """Every (old patterns, new patterns) that somebody has, for genes that both tables know."""
        columns = f"{self._columns('old', genes)}, {self._columns('new', genes)}"
        query = f"SELECT DISTINCT {columns} FROM {self._source(genes)} ORDER BY ALL"  # noqa: S608 - genes, our names
        rows = self._database.execute(query).fetchall()
        return [(row[: len(genes)], row[len(genes) :]) for row in rows]

    def knows(self, genes: Sequence[str]) -> bool:
        """Whether both tables have all these genes."""
        return all(frozenset(genes) <= known for known in self._known.values())

    def list_people(self, differences: Sequence[Difference]) -> None:
        """Everybody with the old and the new patterns of one of these differences (of one subject) is listed."""
        import pyarrow as pa

        if not differences:
            return
        genes = differences[0].genes
        columns: dict[str, list[object]] = {
            name: [getattr(each, name) for each in differences]
            for name in ("kind", "subject", "before", "after", "action_before", "action_after", "seriousness")
        }
        conditions = []
        for place, gene in enumerate(genes):
            columns[f"old{place}"] = [each.old[place] for each in differences]
            columns[f"new{place}"] = [each.new[place] for each in differences]
            for name in ("old", "new"):
                conditions.append(f'{self._table(name, genes)}."{gene}" = moved.{name}{place}')
        types = {"seriousness": pa.int32()}
        table = pa.table({name: pa.array(own, types.get(name, pa.string())) for name, own in columns.items()})
        self._database.register("moved", table)
        query = (
            "INSERT INTO listed SELECT new_people.sample, moved.kind, moved.subject, moved.before, moved.after, "  # noqa: S608 - genes, our names
            "moved.action_before, moved.action_after, moved.seriousness "
            f"FROM {self._source(genes)} JOIN moved ON {' AND '.join(conditions)}"
        )
        self._database.execute(query)
        self._database.unregister("moved")

    def _columns(self, name: str, genes: Sequence[str]) -> str:
        return ", ".join(f'{self._table(name, genes)}."{gene}"' for gene in genes)

    def _table(self, name: str, genes: Sequence[str]) -> str:
        """Where no pattern has another name, people need not be looked up in both tables."""
        return "new_people" if self._read_again.isdisjoint(genes) else f"{name}_people"

    def _source(self, genes: Sequence[str]) -> str:
        same = self._read_again.isdisjoint(genes)
        return "new_people" if same else "old_people JOIN new_people USING (sample)"


def _phenotypes(
    database: duckdb.DuckDBPyConnection, pairs: _Pairs, changed: Sequence[str]
) -> Iterator[list[Difference]]:
    """Genes whose phenotype, certainty or activity score is another for somebody."""
    known = {name: _described(database, name, changed) for name in ("old", "new")}
    for gene in changed:
        if pairs.knows([gene]):
            texts = [
                (known["old"][gene, old], known["new"][gene, new], old, new) for (old,), (new,) in pairs.of([gene])
            ]
            yield [
                Difference("phenotype", gene, (gene,), (old,), (new,), before, after, None, None)
                for before, after, old, new in texts
                if before != after
            ]


def _described(database: duckdb.DuckDBPyConnection, name: str, genes: Sequence[str]) -> dict[tuple[str, str], str]:
    query = f"""
        SELECT gene, pattern, coalesce(phenotype, 'not determined') || CASE WHEN phenotype_certain THEN '' ELSE
               ' (not certain)' END || coalesce(', activity score ' || activity_score, '')
        FROM {name}_patterns WHERE list_contains(?, gene)
    """  # noqa: S608 - one of two names
    return {(gene, pattern): text for gene, pattern, text in database.execute(query, [list(genes)]).fetchall()}


def _advice(database: duckdb.DuckDBPyConnection, pairs: _Pairs) -> Iterator[list[Difference]]:
    """Drugs whose action or statements are others for somebody."""
    before, after = (_answers(database, name) for name in ("old", "new"))
    for drug in sorted(before.keys() & after.keys()):
        genes = tuple(sorted({*before[drug].genes, *after[drug].genes}))
        if before[drug] == after[drug] or not genes or not pairs.knows(genes):
            continue
        answers = [(before[drug].of(genes, old), after[drug].of(genes, new), old, new) for old, new in pairs.of(genes)]
        yield [
            Difference("advice", drug, genes, old, new, was.summary, now.summary, was.action, now.action)
            for was, now, old, new in answers
            if was != now
        ]


@dataclass(frozen=True, slots=True)
class _Said:
    """What a drug's answer amounts to: the action, the first sentence, and every source's own."""

    action: str | None
    summary: str
    statements: tuple[tuple[str, str, str, str], ...]


@dataclass(frozen=True, slots=True)
class _Answers:
    """A drug's answers by the patterns of its genes."""

    genes: tuple[str, ...]
    answers: dict[tuple[str, ...], _Said]

    def of(self, genes: Sequence[str], patterns: Sequence[str]) -> _Said:
        """The answer to these patterns, of which some may be of genes that the drug does not ask for."""
        named = dict(zip(genes, patterns, strict=True))
        return self.answers[tuple(named[gene] for gene in self.genes)]


def _answers(database: duckdb.DuckDBPyConnection, name: str) -> dict[str, _Answers]:
    found: dict[str, _Answers] = {}
    answers = database.execute(f"SELECT answer, result FROM {name}_answers").fetchall()  # noqa: S608 - two names
    said = {answer: _said(json.loads(result)) for answer, result in answers}
    cursor = database.execute(f"SELECT drug, genes, patterns, answer FROM {name}_advice")  # noqa: S608 - two names
    while rows := cursor.fetchmany(20_000):
        for drug, genes, patterns, answer in rows:
            found.setdefault(drug, _Answers(tuple(genes), {})).answers[tuple(patterns)] = said[answer]
    return found


def _said(answer: dict[str, Any]) -> _Said:
    rows = answer["recommendations"]
    statements = tuple((row["source"], row["population"], row["action"], row["summary"]) for row in rows)
    return _Said(answer["headline_action"], rows[0]["summary"] if rows else "", statements)
