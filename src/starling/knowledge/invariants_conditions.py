"""Invariants of what stated facts decide: keys of conditions, limits of labels, indications.

Every key parses, uses words, medicines, enzymes, genes and terms that are known, and can be true of somebody; every
advice whose text names an inhibitor, an inducer or an age says it in a key, or is listed here with the reason.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from starling.condition_keys import (
    FLAGS,
    GENE,
    NUMBERS,
    TAKING,
    WORDS,
    Clause,
    GeneClause,
    either_of,
    indication_name,
    parse_class,
    parse_condition,
    parse_gene,
    parse_number,
)
from starling.definitions import ACTIONS
from starling.knowledge.invariants_genes import at
from starling.knowledge.invariants_guidance import genes_of
from starling.knowledge.tables import OUTSIDE, Record, TableRow, Tables, Violation

#: Words of a text that something stated decides.
_DECIDABLE: Final = re.compile(
    r"\binhibitors?\b|\binducers?\b|\b(?:under|below|from age|age|over) \d+\b|\bbreastfeeding\b|\bnursing\b"
    r"|\bchild(?:ren)?\b|\badults?\b|\badolescents?\b|\bmenopause\b|\btonsils?\b",
    re.IGNORECASE,
)
#: Advice -> why its text names such a word and no key decides it.
WITHOUT_KEY: Final[Mapping[str, str]] = {
    "A0212": "adults who were studied",
    "N0014": "the number is a level in the blood",
}
#: Indication -> the wider one that it is a part of.
_PART_OF: Final[Mapping[str, str]] = {
    "breast cancer": "cancer",
    "colorectal cancer": "cancer",
    "leukaemia": "cancer",
    "neuropathic pain": "pain",
}
#: Words that look decidable and are not: classes that are proposed instead.
_PROPOSED: Final = re.compile(r"(?:aromatase|P2Y12|xanthine oxidase) inhibitors?", re.IGNORECASE)


def condition_keys(tables: Tables) -> Iterator[Violation]:
    """Every key of a condition of advice, a population, a limit or an exception is one that can be decided."""
    known = _Known(tables)
    for record in tables.records["advice.jsonl"]:
        for each in conditions_of(record):
            for problem in known.problems(each.get("key", ""), known.genes_of_advice.get(record.id, frozenset())):
                yield Violation(record.file, record.line, f"{record.id}: {problem}")
    for row in tables["populations"]:
        for key in either_of(row["key"]):
            yield from (at(row, problem) for problem in known.problems(key, frozenset()))
    for row in tables["uninformative_results"]:
        if row["unless"]:
            yield from (at(row, problem) for problem in known.problems(row["unless"], frozenset({row["gene"]})))
    for row in (*tables["interactions"], *tables["label_conditions"]):
        for problem in known.problems(row["key"], known.genes_of_drug.get(row["drug"], frozenset())):
            yield at(row, problem)


def limits(tables: Tables) -> Iterator[Violation]:
    """A limit is of a known drug, has a key, a known action, a sentence without a full stop, and a source."""
    drugs = {row["drug"] for name in ("drugs", "drugs_without_advice") for row in tables[name]}
    for row in (*tables["interactions"], *tables["label_conditions"]):
        if row["drug"] not in drugs:
            yield at(row, f"{row['drug']!r} is neither in drugs.tsv nor in drugs_without_advice.tsv")
        if row["action"] not in ACTIONS or not row["key"]:
            yield at(row, "a limit has a key and one of the known actions")
        if not row["says"] or row["says"].endswith("."):
            yield at(row, "a limit says a sentence without a full stop")
        if not row["source"].startswith(("US label of ", "FDA ", "CPIC ", "DPWG ")):
            yield at(row, f"source {row['source']!r} does not begin with US label of, FDA, CPIC or DPWG")
        if (TAKING in row["key"]) != (row.file == "interactions.tsv"):
            yield at(row, "what other medicines decide stands in interactions.tsv, everything else does not")


def pairs_are_mutual(tables: Tables) -> Iterator[Violation]:
    """Two drugs that a label forbids together are forbidden whichever of them is asked about.

    The other drug says so by name, or by a class that the first belongs to.
    """
    known = {row["drug"] for name in ("drugs", "drugs_without_advice") for row in tables[name]}
    classes: dict[str, set[str]] = {}
    for row in tables["inhibitors"]:
        classes.setdefault(row["ingredient"], {row["ingredient"]}).add(f"{row['enzyme']} {_kind(row)}")
    forbidden: dict[str, set[str]] = {}
    pairs: list[tuple[TableRow, str]] = []
    for row in tables["interactions"]:
        clauses = parse_condition(row["key"])
        if row["action"] == "contraindicated" and [clause.name for clause in clauses] == [TAKING]:
            forbidden.setdefault(row["drug"], set()).update(clauses[0].values)
            pairs += [(row, other) for other in clauses[0].values if other in known]
    for row, other in pairs:
        if forbidden.get(other, set()).isdisjoint(classes.get(row["drug"], {row["drug"]})):
            yield at(row, f"{other} does not say that it is forbidden with {row['drug']}")


def indications(tables: Tables) -> Iterator[Violation]:
    """Every indication is a name of itself, no name is there twice, and a part has no name that the whole lacks.

    A cancer of the colon that is no cancer would decide "non-malignant disease".
    """
    stated = [(row["indication"], indication_name(row["name"])) for row in tables["indications"]]
    known = Counter(stated)
    for row, (indication, name) in zip(tables["indications"], stated, strict=True):
        if (indication, indication_name(indication)) not in known:
            yield at(row, f"{indication!r} is not a name of itself")
        if known[indication, name] > 1:
            yield at(row, f"{row['name']!r} is named twice for {indication!r}")
        if indication in _PART_OF and (_PART_OF[indication], name) not in known:
            yield at(row, f"{row['name']!r} is not a name of {_PART_OF[indication]!r} as well")


def texts_are_keyed(tables: Tables) -> Iterator[Violation]:
    """An advice whose words name an inhibitor, an inducer, an age or breastfeeding decides it by a key.

    A key of one of its conditions, of its population, or a limit of its drug does.
    """
    populations = {row["code"] for row in tables["populations"] if row["key"]}
    limited = {row["drug"] for row in (*tables["interactions"], *tables["label_conditions"])}
    settled: dict[str, bool] = {}
    for row in tables["recommendations"]:
        done = row["population"] in populations or row["drug"] in limited
        settled[row["advice"]] = settled.get(row["advice"], True) and done
    for record in tables.records["advice.jsonl"]:
        text = _PROPOSED.sub("", f"{record.values.get('summary', '')} {record.values.get('detail', '')}")
        keyed = any(each.get("key") for each in conditions_of(record)) or settled.get(record.id, False)
        if _DECIDABLE.search(text) and not keyed and record.id not in WITHOUT_KEY:
            named = _DECIDABLE.search(text)
            word = named[0] if named else ""
            yield Violation(record.file, record.line, f"{record.id}: says {word!r} and no key decides it")
        elif record.id in WITHOUT_KEY and (keyed or not _DECIDABLE.search(text)):
            yield Violation(record.file, record.line, f"{record.id} is excused and need not be")


def conditions_of(record: Record) -> list[dict[str, str]]:
    """The conditions of an advice; none where they are not written as such."""
    stated = record.values.get("conditions", [])
    return [each for each in stated if isinstance(each, dict)] if isinstance(stated, list) else []


class _Known:
    """What keys may name."""

    def __init__(self, tables: Tables) -> None:
        names = ("drugs", "drugs_without_advice")
        self.medicines = {row["drug"] for name in names for row in tables[name]}
        self.medicines |= {row["ingredient"] for row in tables["inhibitors"]}
        self.classes = {(row["enzyme"], _kind(row)) for row in tables["inhibitors"]}
        self.indications = {row["indication"] for row in tables["indications"]}
        self.genes = genes_of(tables)
        self.outside = {row["gene"] for row in tables["genes"] if row["called_from"] == OUTSIDE}
        self.alleles = {(row["gene"], row["allele"]) for row in tables["alleles"]}
        self.terms: dict[str, set[str]] = {}
        for row in tables["phenotype_rules"]:
            self.terms.setdefault(row["gene"], {"No Result"}).add(row["phenotype"])
        of_guideline = {row["guideline"]: frozenset(row["genes"].split()) for row in tables["guidelines"]}
        self.genes_of_drug: dict[str, frozenset[str]] = {}
        for row in tables["recommendations"]:
            known = self.genes_of_drug.get(row["drug"], frozenset())
            self.genes_of_drug[row["drug"]] = known | of_guideline.get(row["guideline"], frozenset())
        self.genes_of_advice: dict[str, frozenset[str]] = {}
        for row in tables["recommendations"]:
            own = self.genes_of_drug[row["drug"]]
            self.genes_of_advice[row["advice"]] = self.genes_of_advice.get(row["advice"], own) & own

    def problems(self, key: str, genes: frozenset[str]) -> Iterator[str]:
        """Why the key cannot be decided; `genes`: those that the guidelines of the drug ask for."""
        try:
            clauses = parse_condition(key)
        except ValueError as error:
            yield str(error)
            return
        for clause in clauses:
            for value in clause.values:
                problem = self._problem(clause, value, genes)
                if problem:
                    yield f"{clause.name}: {problem}"

    def _problem(self, clause: Clause, value: str, genes: frozenset[str]) -> str | None:
        try:
            if clause.name in NUMBERS:
                parse_number(value)
            if clause.name == GENE:
                return self._of_gene(parse_gene(value), genes)
        except ValueError as error:
            return str(error)
        if clause.name in FLAGS:
            return None if value == "yes" else f"{value!r} is not yes"
        if clause.name == TAKING:
            return self._of_medicine(value)
        known = self.indications if clause.name == "indication" else WORDS.get(clause.name)
        return None if known is None or value in known else f"{value!r} is not one of {', '.join(sorted(known))}"

    def _of_medicine(self, value: str) -> str | None:
        stated = parse_class(value)
        if stated is None:
            return None if value in self.medicines else f"{value!r} is neither a known medicine nor ENZYME CLASS"
        return None if stated in self.classes else f"no medicine of inhibitors.tsv is a {value}"

    def _of_gene(self, asked: GeneClause, genes: frozenset[str]) -> str | None:
        if asked.gene not in genes:
            return f"{asked.gene} is not a gene of the drug's guidelines"
        if asked.of_diplotypes:
            pairs = [state.split("/") for state in asked.states]
            fine = all(len(pair) == 2 and {(asked.gene, name) for name in pair} <= self.alleles for pair in pairs)
            return None if fine else f"{', '.join(asked.states)} are not diplotypes of {asked.gene}"
        if asked.gene in self.outside:
            fine = all(re.fullmatch(r"\*\d+:\d+ (?:positive|negative)|No Result", state) for state in asked.states)
        else:
            fine = self.terms.get(asked.gene, set()).issuperset(asked.states)
        return None if fine else f"{', '.join(asked.states)} are not terms of {asked.gene}"


def _kind(row: TableRow) -> str:
    return row["class"] if "inducer" in row["class"] else f"{row['class']} inhibitor"


CHECKS: Final[tuple[Callable[[Tables], Iterable[Violation]], ...]] = (
    condition_keys,
    limits,
    pairs_are_mutual,
    indications,
    texts_are_keyed,
)
