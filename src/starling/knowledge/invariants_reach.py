"""Invariants of what conditions can do: each can be true of somebody, and none that rules a drug out is out of reach.

A condition whose clauses contradict each other, the result or the population of every row that carries it, or that
only the drug itself fulfils, would stand in the tables and never be told.  A danger under a drug that is otherwise
used as usual is told only where something stated, or a question, can decide it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import combinations
from typing import Final

from starling.condition_keys import (
    GENE,
    NUMBERS,
    TAKING,
    Clause,
    GeneClause,
    either_of,
    is_askable,
    parse_class,
    parse_condition,
    parse_gene,
    parse_number,
)
from starling.definitions import SERIOUS, Key
from starling.knowledge.invariants_conditions import conditions_of
from starling.knowledge.invariants_genes import at
from starling.knowledge.tables import TableRow, Tables, Violation
from starling.knowledge.values import parse_key

#: Words by which a text forbids a drug.
_FORBIDS: Final = re.compile(
    r"\b(?:avoid(?:ed)?|contraindicat\w+|do not (?:use|give|start)|must not|never|not recommended)\b", re.IGNORECASE
)
#: what a condition without a key is left to
READER_ALONE: Final = "reader: everything"
_UNKNOWN: Final = frozenset({"No Result", "n/a"})
#: how far from a limit somebody is looked for; finer than any limit is stated
_STEP: Final = 0.001


def reachable(tables: Tables) -> Iterator[Violation]:
    """Every key of a condition, a population or a limit can be true of somebody to whom its row applies."""
    yield from _advice(tables)
    for row in tables["populations"]:
        if row["key"] and not any(_is_possible(clauses) for clauses in _clauses_of(row["key"])):
            yield at(row, f"{row['key']!r} can be true of nobody")
    members = _members(tables)
    for row in (*tables["interactions"], *tables["label_conditions"]):
        clauses = parse_condition(row["key"])
        if not _is_possible(clauses):
            yield at(row, f"{row['key']!r} can be true of nobody")
        elif any(_is_itself(clause, row["drug"], members) for clause in clauses):
            yield at(row, f"{row['key']!r}: nothing but {row['drug']} itself is meant, which never counts")


def _advice(tables: Tables) -> Iterator[Violation]:
    terms = {
        (row["gene"], row["function_1_or_score"]): row["phenotype"]
        for row in tables["phenotype_rules"]
        if row["method"] == "activity_score"
    }
    whom = {row["code"]: row["key"] for row in tables["populations"]}
    users: dict[str, list[TableRow]] = {}
    for row in tables["recommendations"]:
        users.setdefault(row["advice"], []).append(row)
    for record in tables.records["advice.jsonl"]:
        for key in filter(None, (each.get("key") for each in conditions_of(record))):
            clauses = parse_condition(key)
            if not any(_can_meet(clauses, row, whom.get(row["population"], ""), terms) for row in users[record.id]):
                said = f"{record.id}: {key!r} can be true of nobody to whom one of its rows applies"
                yield Violation(record.file, record.line, said)


def _can_meet(clauses: tuple[Clause, ...], row: TableRow, whom: str, terms: dict[tuple[str, str], str]) -> bool:
    """Whether somebody of the row's population with the row's results can fulfil the clauses."""
    of_population = _clauses_of(whom) if whom else [()]
    if not any(_is_possible((*clauses, *other)) for other in of_population):
        return False
    return all(_fits(clause, parse_key(part), terms) for clause in clauses for part in row["when"].split(" & "))


def _fits(clause: Clause, key: Key, terms: dict[tuple[str, str], str]) -> bool:
    """Whether a patient with the result `key` may fulfil the clause; a gene that was not tested leaves it open."""
    asked = [each for each in map(parse_gene, clause.values) if each.gene == key.gene] if clause.name == GENE else []
    return not asked or clause.negated or any(_agrees(each, key, terms) for each in asked)


def _agrees(asked: GeneClause, key: Key, terms: dict[tuple[str, str], str]) -> bool:
    if asked.of_diplotypes or key.is_diplotype:
        same = {frozenset(state.split("/")) for state in asked.states}
        return not (asked.of_diplotypes and key.is_diplotype) or frozenset(key.key.split("/")) in same
    if key.key in _UNKNOWN:
        return True
    allele, _, presence = key.key.partition(" ")
    if presence in {"positive", "negative"}:
        opposite = f"{allele} {'negative' if presence == 'positive' else 'positive'}"
        return set(asked.states) != {opposite}
    return bool({key.key, terms.get((key.gene, key.key.split(" ")[0]), key.key)}.intersection(asked.states))


def _is_possible(clauses: Sequence[Clause]) -> bool:
    """Whether one patient can fulfil all these clauses."""
    for one, other in combinations(clauses, 2):
        if one.name != other.name or one.name in NUMBERS:
            continue
        denied, stated = (one, other) if one.negated else (other, one)
        if denied.negated and not stated.negated and set(stated.values) <= set(denied.values):
            return False
        if one.name == GENE and not (one.negated or other.negated) and not _share_a_result(one, other):
            return False
    return all(_have_a_number([clause for clause in clauses if clause.name == name]) for name in NUMBERS)


def _share_a_result(one: Clause, other: Clause) -> bool:
    """Whether one result of a gene can fulfil both; of different genes it can."""
    first, second = map(parse_gene, (one.values[0], other.values[0]))
    alike = first.gene == second.gene and first.of_diplotypes == second.of_diplotypes
    return not alike or len(one.values) + len(other.values) > 2 or not set(first.states).isdisjoint(second.states)


def _have_a_number(clauses: Sequence[Clause]) -> bool:
    """Whether one number lies in the ranges of all clauses: one at a limit, or just beside it."""
    limits = {parse_number(value)[1] for clause in clauses for value in clause.values}
    tried = [number + step for number in limits for step in (-_STEP, 0.0, _STEP)]
    return not clauses or any(all(_holds(clause, number) for clause in clauses) for number in tried if number >= 0)


def _holds(clause: Clause, number: float) -> bool:
    compare: dict[str, Callable[[float], bool]] = {
        "<": number.__lt__, "<=": number.__le__, ">": number.__gt__, ">=": number.__ge__,
    }  # fmt: skip
    signs = map(parse_number, clause.values)
    return any(compare[sign](limit) for sign, limit in signs) != clause.negated


def _is_itself(clause: Clause, drug: str, members: dict[str, set[str]]) -> bool:
    """Whether nothing but the drug asked about can fulfil the clause."""
    if clause.name != TAKING or clause.negated:
        return False
    return {name for value in clause.values for name in members.get(value, {value})} == {drug}


def _members(tables: Tables) -> dict[str, set[str]]:
    """Class of medicines -> its ingredients."""
    found: dict[str, set[str]] = {}
    for row in tables["inhibitors"]:
        kind = row["class"] if "inducer" in row["class"] else f"{row['class']} inhibitor"
        found.setdefault(f"{row['enzyme']} {kind}", set()).add(row["ingredient"])
    return {value: names for value, names in found.items() if parse_class(value) is not None}


def _clauses_of(key: str) -> list[tuple[Clause, ...]]:
    """The clauses of each alternative of a population's key."""
    return [parse_condition(each) for each in either_of(key)]


def usual_hides_nothing(tables: Tables) -> Iterator[Violation]:
    """An advice to use a drug as usual names nothing that rules it out but by a key that can be asked or is stated."""
    for record in tables.records["advice.jsonl"]:
        if record.values.get("action") != "standard":
            continue
        serious = [each for each in conditions_of(record) if each["action"] in SERIOUS]
        for each in serious:
            if not is_askable(each.get("key", READER_ALONE)):
                said = f"{record.id}: {each['when']!r} rules the drug out under usual advice, and nothing decides it"
                yield Violation(record.file, record.line, said)
        named = _FORBIDS.search(f"{record.values.get('summary', '')} {record.values.get('detail', '')}")
        if named and not serious:
            said = f"{record.id}: usual advice says {named[0]!r} and no condition rules the drug out"
            yield Violation(record.file, record.line, said)


CHECKS: Final[tuple[Callable[[Tables], Iterable[Violation]], ...]] = (reachable, usual_hides_nothing)
