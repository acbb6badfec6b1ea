"""A cohort in numbers: alleles, diplotypes, phenotypes, actionable results and missing positions, for each group.

What may leave the site is protected (`starling.summary.Protection`), and so is what stands there at all: the rows of
a group are those of everybody, whoever is in it, so that neither a row nor its absence tells of the few.  An item is
named when enough of everybody have it; a group has rows when it is large enough, and those that are not are put
together with the next smallest, so that nobody is left over between the groups and everybody.
Source: "Handbook on Statistical Disclosure Control for Outputs" (Safe Data Access Professionals, 2019), sections on
frequency tables and differencing.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from starling.cohort.collect.people import table_rows
from starling.cohort.outputs import connected, metadata_of, stated_digest, verified
from starling.definitions import ACTIONS
from starling.errors import InputError
from starling.extras import need
from starling.summary import ALL, RARE, SMALL_GROUPS, Cell, Protection, Summary, Whole
from starling.values import dataclass, replace

if TYPE_CHECKING:
    import duckdb

UNSTATED: Final = "not stated"
#: Values that one person alone has may be those of so large a share of the people, or of so few; ours.
_ALONE_SHARE, _ALONE_PEOPLE = 0.1, 2
ANY_ACTION: Final = "any"
#: Advice that asks the prescriber to do something else than usual; monitoring and further tests are not counted.
ACTIONABLE: Final = ACTIONS[: ACTIONS.index("test_further")]


def summarise(calls: Path, *, people: Path | None, by: str | None, min_cell: int) -> Summary:
    """The cohort in numbers, for everybody and for each value of the column `by` of `people`.

    Raises: InputError BAD_CALLS, BAD_PEOPLE, EXTRA_MISSING.
    """
    need("duckdb", "cohort")
    need("pyarrow", "cohort")
    outputs, stated = verified(calls), metadata_of(calls)
    protection = Protection(min_cell, stated_digest(outputs, outputs.people))
    with connected(calls.parent) as database:
        for name in ("people", "patterns", "advice", "positions"):
            database.read_parquet(str(outputs.beside(name))).create_view(name)
        _group(database, people, by)
        if by is not None and min_cell:
            _put_together(database, protection.least_group)
        wholes = _wholes(database, grouped=by is not None)
        counter = _Counter(database, wholes, protection)
        cells = (
            *counter.results(tuple(stated["genes"])),
            *counter.actionable_drugs(),
            *counter.actionable_people(),
            *counter.positions(),
        )
    return Summary(tuple(cells), tuple(wholes), protection.total(wholes[ALL]), min_cell, by, stated)


def _group(database: duckdb.DuckDBPyConnection, people: Path | None, by: str | None) -> None:
    """A table `member(sample, grp)`.  Raises: InputError BAD_PEOPLE."""
    import pyarrow as pa

    groups = _named_groups(people, by) if people is not None else {}
    named = pa.table({"sample": pa.array(groups, pa.string()), "grp": pa.array(groups.values(), pa.string())})
    database.register("named", named)
    database.execute(
        f"CREATE TABLE member AS SELECT people.sample, coalesce(grp, '{UNSTATED}') AS grp "  # noqa: S608 - our own text
        "FROM people LEFT JOIN named USING (sample)"
    )
    alone = "SELECT grp FROM member GROUP BY grp HAVING count(*) = 1"
    counted = database.execute(f"SELECT (SELECT count(*) FROM ({alone})), count(*) FROM member").fetchone()  # noqa: S608 - our own
    assert counted is not None
    if people is not None and by is not None and counted[0] > max(_ALONE_PEOPLE, _ALONE_SHARE * counted[1]):
        message = f"{by!r} names people, not groups: {counted[0]:,} values are those of one person alone"
        raise InputError("BAD_PEOPLE", message, source=people.name)


def _named_groups(people: Path, by: str | None) -> dict[str, str]:
    """Sample -> the value of the column (None: nothing).  Raises: InputError BAD_PEOPLE with the line."""
    groups: dict[str, str] = {}
    for line, row in table_rows(people):
        if by is not None and by not in row:
            raise InputError("BAD_PEOPLE", f"has no column {by!r}", source=people.name, line=1)
        if row["sample"] in groups:
            raise InputError("BAD_PEOPLE", f"{row['sample']!r} stands here twice", source=people.name, line=line)
        name = row[by] if by is not None else ""
        if name.casefold() in {ALL, SMALL_GROUPS}:
            message = f"a group cannot be named {name!r}: the summary has a group of this name"
            raise InputError("BAD_PEOPLE", message, source=people.name, line=line)
        groups[row["sample"]] = name or UNSTATED
    return groups


def _put_together(database: duckdb.DuckDBPyConnection, least: int) -> None:
    """Groups of fewer than `least` people are one, with as many of the next smallest as make it large enough."""
    sizes = database.execute("SELECT grp, count(*) FROM member GROUP BY grp ORDER BY count(*), grp").fetchall()
    taken: list[str] = []
    people = 0
    for name, size in sizes:
        if size >= least and (not taken or people >= least):
            break
        taken.append(name)
        people += size
    if taken:
        database.execute(f"UPDATE member SET grp = '{SMALL_GROUPS}' WHERE list_contains(?, grp)", [taken])  # noqa: S608 - our own


def _wholes(database: duckdb.DuckDBPyConnection, *, grouped: bool) -> dict[str, Whole]:
    """Everybody, then every group by its name; a single group is everybody."""
    who = "count(*), sha256(string_agg(sample, chr(10) ORDER BY sample)) FROM member"
    everyone = database.execute(f"SELECT {who}").fetchone()
    assert everyone is not None
    found = {ALL: Whole(everyone[0], everyone[1] or "")}
    rows = database.execute(f"SELECT grp, {who} GROUP BY grp ORDER BY grp").fetchall()
    if grouped and [name for name, *_ in rows] != [SMALL_GROUPS]:
        found.update((name, Whole(people, members)) for name, people, members in rows)
    return found


@dataclass
class _Counter:
    """Counts over patterns and groups, protected as they are made into cells."""

    database: duckdb.DuckDBPyConnection
    wholes: Mapping[str, Whole]
    protection: Protection

    def _cells(self, section: str, subject: str, counts: Mapping[tuple[str, str], int]) -> Iterator[Cell]:
        """Cells of one table, the most frequent item first."""
        yield from self._cells_of(section, subject, counts, self.wholes, self.protection)

    def _cells_of(
        self,
        section: str,
        subject: str,
        counts: Mapping[tuple[str, str], int],
        wholes: Mapping[str, Whole],
        protect: Protection,
    ) -> Iterator[Cell]:
        """Every item that is shown for everybody has a cell in every group; exact tables have those that count."""
        shown = {
            item: protect.count(count, wholes[ALL], section, subject, item)
            for (group, item), count in counts.items()
            if group == ALL
        }
        always = {RARE, ANY_ACTION}
        named = [item for item, count in shown.items() if count is not None or item in always]
        for item in sorted(named, key=lambda each: (-(shown[each] or 0), each)):
            for group, whole in wholes.items():
                people = counts.get((group, item), 0)
                if people or protect.min_cell:
                    count = protect.count(people, whole, section, subject, item)
                    yield Cell(section, subject, group, item, count, protect.total(whole))

    def _partition(
        self,
        section: str,
        subject: str,
        counts: Mapping[tuple[str, str], int],
        wholes: Mapping[str, Whole] | None = None,
        protect: Protection | None = None,
    ) -> Iterator[Cell]:
        """Cells of a table in which everybody counts once; results that too few people have are one item."""
        wholes, protect = wholes or self.wholes, protect or self.protection
        kept: Counter[tuple[str, str]] = Counter({(ALL, RARE): 0} if protect.min_cell else {})
        for (group, item), count in counts.items():
            everyone = protect.count(counts[ALL, item], wholes[ALL], section, subject, item)
            kept[group, RARE if everyone is None else item] += count
        yield from self._cells_of(section, subject, kept, wholes, protect)

    def _spread(self, rows: Sequence[tuple[Any, ...]], items: Mapping[str, Sequence[str]]) -> Counter[tuple[str, str]]:
        """(group, item) -> count from rows (pattern, group, people); a pattern may count for several items."""
        counts: Counter[tuple[str, str]] = Counter()
        for pattern, group, people in rows:
            for item in items[pattern]:
                counts[ALL, item] += people
                if group in self.wholes:
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
                yield from self._partition(section, gene, counts)
            alleles = self._spread(rows, {pattern: _alleles(result) for pattern, result in results.items()})
            totals = Counter[str]()
            for (group, _), count in alleles.items():
                totals[group] += count
            wholes = {group: replace(whole, people=totals[group]) for group, whole in self.wholes.items()}
            yield from self._partition("allele", gene, alleles, wholes, self.protection.twice())

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
            counts = self._spread(rows, {action: [action, ANY_ACTION] for action in ACTIONABLE})
            counts[ALL, ANY_ACTION] += 0  # a row for every drug, whether anybody has advice for it or not
            yield from self._cells("actionable_drug", drug, counts)

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
        yield from self._cells("actionable", "any drug", self._spread(rows, names))

    def positions(self) -> Iterator[Cell]:
        """How many people were not called, or not assayed, at each position."""
        query = "SELECT gene, chromosome, position, rsid, nocall, notassayed FROM positions"
        rows = self.database.execute(query).fetchall()
        everyone = {ALL: self.wholes[ALL]}
        for gene, chromosome, position, rsid, nocall, notassayed in rows:
            where = f"{chromosome}:{position}" + (f" {rsid}" if rsid else "")
            for item, people in (("not called", nocall), ("not assayed", notassayed)):
                counts = {(ALL, f"{where} {item}"): people}
                yield from self._cells_of("missing", gene, counts, everyone, self.protection)


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
