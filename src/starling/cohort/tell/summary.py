"""A cohort in numbers: alleles, diplotypes, phenotypes, actionable results and missing positions, for each group.

What may leave the site is protected: counts below `min_cell` are not given, and every other count and total is
rounded to a multiple of it.  Suppression alone would not do: totals, groups and tables (a phenotype is the sum
of its diplotypes) give suppressed cells away by subtraction; between rounded numbers a difference says little.
Source: rounding and small-number suppression as in "Handbook on Statistical Disclosure Control for Outputs" (Safe
Data Access Professionals, 2019), sections on frequency tables and differencing.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from starling.cohort.collect.people import table_rows
from starling.cohort.outputs import Outputs, connected, metadata_of
from starling.definitions import ACTIONS
from starling.errors import InputError
from starling.extras import need
from starling.summary import ALL, Cell, Protection, Summary
from starling.values import dataclass

if TYPE_CHECKING:
    import duckdb

UNSTATED: Final = "not stated"
RARE: Final = "rare results"
#: Advice that asks the prescriber to do something else than usual; monitoring and further tests are not counted.
ACTIONABLE: Final = ACTIONS[: ACTIONS.index("test_further")]


def summarise(calls: Path, *, people: Path | None, by: str | None, min_cell: int) -> Summary:
    """The cohort in numbers, for everybody and for each value of the column `by` of `people`.

    Raises: InputError BAD_CALLS, BAD_PEOPLE, EXTRA_MISSING.
    """
    need("duckdb", "cohort")
    need("pyarrow", "cohort")
    stated = metadata_of(calls)
    outputs = Outputs(calls)
    with connected(calls.parent) as database:
        for name in ("people", "patterns", "advice", "positions"):
            _view(database, name, outputs.beside(name))
        sizes = _group(database, people, by)
        counter = _Counter(database, sizes, Protection(min_cell))
        cells = (
            *counter.results(tuple(stated["genes"])),
            *counter.actionable_drugs(),
            *counter.actionable_people(),
            *counter.positions(),
        )
    total = Protection(min_cell).total(sizes[ALL])
    return Summary(tuple(cells), tuple(sizes), total, min_cell, by, stated)


def _view(database: duckdb.DuckDBPyConnection, name: str, path: Path) -> None:
    if not path.exists():
        raise InputError("FILE_NOT_FOUND", "belongs to the calls and must stay beside them", source=str(path))
    database.read_parquet(str(path)).create_view(name)


def _group(database: duckdb.DuckDBPyConnection, people: Path | None, by: str | None) -> dict[str, int]:
    """A table `member(sample, grp)`; the size of every group, everybody first."""
    import pyarrow as pa

    groups: dict[str, str] = {}
    if people is not None and by is not None:
        for line, row in table_rows(people):
            if by not in row:
                raise InputError("BAD_PEOPLE", f"has no column {by!r}", source=people.name, line=line - 1)
            groups[row["sample"]] = row[by] or UNSTATED
    named = pa.table({"sample": pa.array(groups, pa.string()), "grp": pa.array(groups.values(), pa.string())})
    database.register("named", named)
    database.execute(
        f"CREATE TABLE member AS SELECT people.sample, coalesce(grp, '{UNSTATED}') AS grp "  # noqa: S608 - our own text
        "FROM people LEFT JOIN named USING (sample)"
    )
    rows = database.execute("SELECT grp, count(*) FROM member GROUP BY grp ORDER BY grp").fetchall()
    everyone = {ALL: sum(count for _, count in rows)}
    return {**everyone, **dict(rows)} if by is not None else everyone


@dataclass
class _Counter:
    """Counts over patterns and groups, protected as they are made into cells."""

    database: duckdb.DuckDBPyConnection
    sizes: Mapping[str, int]
    protection: Protection

    def _cells(
        self, section: str, subject: str, counts: Mapping[tuple[str, str], int], of: Mapping[str, int]
    ) -> Iterator[Cell]:
        """Cells of one table, the most frequent item first."""
        protect = self.protection
        overall = Counter({item: count for (group, item), count in counts.items() if group == ALL})
        for item, _ in sorted(overall.items(), key=lambda each: (-each[1], each[0])):
            for group in self.sizes:
                if (group, item) in counts:
                    count = protect.count(counts[group, item])
                    yield Cell(section, subject, group, item, count, protect.total(of[group]))

    def _without_rare(self, counts: Mapping[tuple[str, str], int]) -> Counter[tuple[str, str]]:
        """Results that too few people have are one item: their mere names would tell of single people."""
        rare = {item for (group, item), count in counts.items() if group == ALL and count < self.protection.min_cell}
        kept: Counter[tuple[str, str]] = Counter()
        for (group, item), count in counts.items():
            kept[group, RARE if item in rare else item] += count
        return kept

    def _spread(self, rows: Sequence[tuple[Any, ...]], items: Mapping[str, Sequence[str]]) -> Counter[tuple[str, str]]:
        """(group, item) -> count from rows (pattern, group, people); a pattern may count for several items."""
        counts: Counter[tuple[str, str]] = Counter()
        for pattern, group, people in rows:
            for item in items[pattern]:
                counts[ALL, item] += people
                if group in self.sizes:
                    counts[group, item] += people
        return counts

    def results(self, genes: Sequence[str]) -> Iterator[Cell]:
        """Phenotypes, diplotypes and alleles of every gene."""
        for gene in genes:
            found = self.database.execute("SELECT pattern, result FROM patterns WHERE gene = ?", [gene]).fetchall()
            results = {pattern: json.loads(result) for pattern, result in found}
            rows = self.database.execute(
                f'SELECT "{gene}", grp, count(*) FROM people JOIN member USING (sample) GROUP BY ALL'  # noqa: S608 - a gene
            ).fetchall()
            for section, item in (("phenotype", _phenotype), ("diplotype", _diplotype)):
                counts = self._spread(rows, {pattern: [item(result)] for pattern, result in results.items()})
                yield from self._cells(section, gene, self._without_rare(counts), self.sizes)
            alleles = self._spread(rows, {pattern: _alleles(result) for pattern, result in results.items()})
            totals = Counter[str]()
            for (group, _), count in alleles.items():
                totals[group] += count
            yield from self._cells("allele", gene, self._without_rare(alleles), totals)

    def actionable_drugs(self) -> Iterator[Cell]:
        """For each drug, how many people have which actionable advice."""
        query = "SELECT drug, any_value(genes) FROM advice GROUP BY drug ORDER BY drug"
        drugs = self.database.execute(query).fetchall()
        for drug, genes in drugs:
            conditions = " AND ".join(f'people."{gene}" = patterns[{place}]' for place, gene in enumerate(genes, 1))
            rows = self.database.execute(
                "SELECT action, grp, count(*) FROM people JOIN member USING (sample) "  # noqa: S608 - genes
                f"JOIN advice ON {conditions or 'true'} "
                "WHERE drug = ? AND list_contains(?, action) GROUP BY ALL",
                [drug, list(ACTIONABLE)],
            ).fetchall()
            counts = self._spread(rows, {action: [action, "any"] for action in ACTIONABLE})
            yield from self._cells("actionable_drug", drug, counts, self.sizes)

    def actionable_people(self) -> Iterator[Cell]:
        """How many people have actionable advice for how many drugs."""
        sets = self.database.execute("SELECT DISTINCT genes FROM advice WHERE len(genes) > 0 ORDER BY ALL").fetchall()
        joins, terms = [], []
        for number, (genes,) in enumerate(sets):
            self.database.execute(
                f"CREATE TABLE acts{number} AS SELECT patterns, count(*) AS n FROM advice "  # noqa: S608 - a number
                "WHERE genes = ? AND list_contains(?, action) GROUP BY patterns",
                [genes, list(ACTIONABLE)],
            )
            conditions = " AND ".join(
                f'people."{gene}" = acts{number}.patterns[{at}]' for at, gene in enumerate(genes, 1)
            )
            joins.append(f"LEFT JOIN acts{number} ON {conditions}")
            terms.append(f"coalesce(acts{number}.n, 0)")
        query = (
            f"SELECT {' + '.join(terms) or '0'} AS drugs, grp, count(*) FROM people JOIN member USING (sample) "  # noqa: S608 - genes
            f"{' '.join(joins)} GROUP BY ALL"
        )
        rows = [(_how_many(drugs), group, people) for drugs, group, people in self.database.execute(query).fetchall()]
        names = {name: [name, *(["at least one drug"] if name != _how_many(0) else [])] for name, _, _ in rows}
        yield from self._cells("actionable", "any drug", self._spread(rows, names), self.sizes)

    def positions(self) -> Iterator[Cell]:
        """How many people were not called, or not assayed, at each position."""
        query = "SELECT gene, chromosome, position, rsid, nocall, notassayed FROM positions"
        rows = self.database.execute(query).fetchall()
        for gene, chromosome, position, rsid, nocall, notassayed in rows:
            where = f"{chromosome}:{position}" + (f" {rsid}" if rsid else "")
            for item, people in (("not called", nocall), ("not assayed", notassayed)):
                if people:
                    counts = {(ALL, f"{where} {item}"): people}
                    yield from self._cells("missing", gene, counts, self.sizes)


def _phenotype(result: Mapping[str, Any]) -> str:
    if result["phenotype"] is not None:
        return str(result["phenotype"])
    return {"undetermined": "not determined", "called": "no term assigned"}.get(result["status"], "ambiguous")


def _diplotype(result: Mapping[str, Any]) -> str:
    if result["status"] == "undetermined":
        return f"not determined ({result['reason']})"
    return str(result["label"]) if len(result["diplotypes"]) == 1 else "ambiguous"


def _alleles(result: Mapping[str, Any]) -> list[str]:
    """The alleles of a certain diplotype; an ambiguous one counts for none."""
    return list(result["diplotypes"][0]) if len(result["diplotypes"]) == 1 else []


def _how_many(drugs: int) -> str:
    bounds = ((0, "no drug"), (5, "1 to 5 drugs"), (10, "6 to 10 drugs"), (20, "11 to 20 drugs"))
    return next((name for most, name in bounds if drugs <= most), "more than 20 drugs")
