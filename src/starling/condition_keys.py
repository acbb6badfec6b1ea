"""The keys that make a condition of advice decidable by a program: what they may say, and their parts.

`age: <12`, `taking: CYP3A4 strong inhibitor | omeprazole`, `age: <18 & after: tonsillectomy`: clauses joined by ` & `,
all of which must hold; values joined by ` | `, one of which must; `not ` before the values turns a clause round.
Meaning and examples: docs/explanation/conditions.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache, lru_cache
from typing import Final

from starling.values import dataclass

TAKING: Final = "taking"
GENE: Final = "gene"
#: What only a reader can decide (the course of treatment, a choice): always open, never asked.
READER: Final = "reader"
#: Clauses that compare a number, and its unit.
NUMBERS: Final = {"age": "years", "weight": "kg"}
FLAGS: Final = frozenset({"pregnant", "breastfeeding"})
#: Clauses whose values are words, and the words; None: those of indications.tsv, or any.
WORDS: Final = {
    "indication": None,
    "after": frozenset({"tonsillectomy", "adenoidectomy"}),
    "history": frozenset({"stroke", "TIA"}),
    "transplant": frozenset({"liver", "kidney", "heart", "lung", "stem cell", "none"}),
    "menopause": frozenset({"before", "after"}),
    "formulation": frozenset(
        {
            "tablets", "drops", "oral", "injection", "cutaneous", "single", "combination", "conventional", "liposomal",
            "Maintena", "Asimtufii", "Aristada", "Aristada Initio", "Elyxyb",
        }
    ),
}  # fmt: skip
NAMES: Final = frozenset({TAKING, GENE, READER, *NUMBERS, *FLAGS, *WORDS})
STRENGTHS: Final = frozenset(
    f"{strength} {kind}" for strength in ("strong", "moderate", "weak") for kind in ("inhibitor", "inducer")
)

#: An apostrophe as it is typed.
_APOSTROPHES: Final = frozenset("'\u2018\u2019`")
#: British spellings beside American ones: leukaemia, oesophagitis, tumour, generalised.
_SPELLINGS: Final = (("ae", "e"), ("oe", "e"), ("our", "or"), ("ise", "ize"))

_NEGATION: Final = "not "


@dataclass(frozen=True, slots=True)
class Clause:
    """One thing that must be true of the patient, or, `negated`, must not."""

    name: str
    values: tuple[str, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class GeneClause:
    """What a `gene` clause asks: one of these terms, allele presences or, `of_diplotypes`, unordered diplotypes."""

    gene: str
    states: tuple[str, ...]
    of_diplotypes: bool


@lru_cache(maxsize=1024)
def indication_name(text: str) -> str:
    """A name of an indication as names are compared: without case, hyphens, possessive, and British or American.

    >>> indication_name("Crohn’s Disease") == indication_name("crohn disease")
    True
    >>> indication_name("acute lymphoblastic leukaemia") == indication_name("Acute Lymphoblastic Leukemia")
    True
    """
    folded = text.casefold() if _APOSTROPHES.isdisjoint(text) else _possessive().sub("", text.casefold())
    plain = " ".join(folded.replace("-", " ").replace("_", " ").split())
    for british, american in _SPELLINGS:
        plain = plain.replace(british, american)
    return plain


@cache
def _number() -> re.Pattern[str]:
    return re.compile(r"(<=|>=|<|>)(\d+(?:\.\d+)?)")


@cache
def gene_key() -> re.Pattern[str]:
    """A gene and what is asked of it: `=` terms, scores or presences, `:` diplotypes."""
    return re.compile(r"([A-Z0-9-]+)([=:])(.+)")


@cache
def _possessive() -> re.Pattern[str]:
    """What a name of a disease is known by without: Crohn's disease, Crohn disease."""
    return re.compile(rf"[{''.join(sorted(_APOSTROPHES))}](?:s\b)?")


def either_of(key: str) -> tuple[str, ...]:
    """The keys of a population of which one suffices: `age: >=18 or weight: >40`."""
    return tuple(key.split(" or "))


@lru_cache(maxsize=1024)  # a few hundred keys, asked of every patient
def parse_condition(key: str) -> tuple[Clause, ...]:
    """The clauses of a key; empty for a condition without one.

    Raises: ValueError when a clause has no known name or no value.

    >>> [clause.name for clause in parse_condition("age: <18 & after: tonsillectomy | adenoidectomy")]
    ['age', 'after']
    """
    return tuple(map(_clause, key.split(" & "))) if key else ()


def _clause(text: str) -> Clause:
    name, separator, stated = text.partition(": ")
    negated = stated.startswith(_NEGATION)
    values = tuple(value.strip() for value in stated.removeprefix(_NEGATION if negated else "").split(" | "))
    if not separator or name not in NAMES or not all(values):
        raise ValueError(f"{text!r} is not NAME: VALUE with a name of {', '.join(sorted(NAMES))}")
    return Clause(name, values, negated)


def parse_number(value: str) -> tuple[str, float]:
    """The comparison and the number of `<12`.  Raises: ValueError when it is none."""
    match = _number().fullmatch(value)
    if match is None:
        raise ValueError(f"{value!r} is not a comparison such as <12 or >=65")
    return match[1], float(match[2])


@lru_cache(maxsize=1024)
def parse_gene(value: str) -> GeneClause:
    """The gene and its states of `NUDT15=Poor Metabolizer, Intermediate Metabolizer` or `CYP2C9:*1/*3, *2/*3`.

    Raises: ValueError when it is neither.
    """
    match = gene_key().fullmatch(value)
    if match is None:
        raise ValueError(f"{value!r} is neither GENE=term, term nor GENE:diplotype, diplotype")
    return GeneClause(match[1], tuple(match[3].split(", ")), match[2] == ":")


def parse_class(value: str) -> tuple[str, str] | None:
    """The enzyme and the strength of `CYP3A4 strong inhibitor`; None for the name of a medicine.

    >>> parse_class("CYP2C19 moderate inducer")
    ('CYP2C19', 'moderate inducer')
    """
    enzyme, _, strength = value.partition(" ")
    return (enzyme, strength) if strength in STRENGTHS else None


def kind_of(strength: str) -> str:
    """How strongly a medicine acts on an enzyme, as classes name it: `strong` is an inhibitor, an inducer says so.

    >>> kind_of("moderate"), kind_of("strong inducer")
    ('moderate inhibitor', 'strong inducer')
    """
    return strength if "inducer" in strength else f"{strength} inhibitor"


def genes_in(key: str) -> tuple[GeneClause, ...]:
    """What the key asks of the patient's own results."""
    return tuple(parse_gene(value) for clause in parse_condition(key) if clause.name == GENE for value in clause.values)


def classes_in(keys: Iterable[str]) -> frozenset[str]:
    """The classes of medicines that the keys ask for, whatever their strength.

    >>> sorted(classes_in(["taking: CYP2D6 strong inhibitor | CYP2D6 moderate inhibitor", "age: <12"]))
    ['CYP2D6 inhibitor']
    """
    clauses = (clause for key in keys for clause in parse_condition(key) if clause.name == TAKING)
    known = (parse_class(value) for clause in clauses for value in clause.values)
    return frozenset(f"{each[0]} {each[1].rpartition(' ')[2]}" for each in known if each is not None)


def is_askable(key: str) -> bool:
    """Whether the patient or the prescriber can answer what the key leaves open: nothing is left to the reader."""
    return all(clause.name != READER for clause in parse_condition(key))
