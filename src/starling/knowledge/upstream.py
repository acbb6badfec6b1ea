"""Files of the sources, compared with the base row by row: what is the same, changed, new or gone.

A text is never imported: of each record of a source the base keeps a digest of its words, so that the next edition is
a reading of what changed and of nothing else.  Forms that are read:

    guidance      ClinPGx prescribing guidance as PharmCAT distributes it (JSON): rows of CPIC, DPWG and the FDA
    phenotypes    functions, activity values and rules of one gene (PharmCAT, JSON)
    definitions   the named alleles of one gene, position by position (PharmCAT, JSON)
    functions     CPIC's table of allele functions of one gene (.csv, .tsv, or .xlsx with the extra `upstream`)
"""

from __future__ import annotations

import hashlib
import html
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, Final

from starling.definitions import NamedAllele, PhenotypeRules, Site
from starling.errors import InputError
from starling.knowledge.base import KnowledgeBase, SourceRow
from starling.knowledge.functions_table import is_table, table_of
from starling.values import dataclass

SAME, CHANGED, NEW, GONE, DELIBERATE = "same", "changed upstream", "new", "gone", "deliberate"
#: as findings are counted and listed: what asks for a reading first
STATUSES: Final = (CHANGED, NEW, GONE, DELIBERATE, SAME)

#: a comparison sign begins no tag: `<0.5` is followed by no letter
_TAG: Final = re.compile(r"<[/!a-z][^>]*>", re.IGNORECASE)
#: words, numbers with their decimal points, and signs that change what a number means
_WORDS: Final = re.compile(r"\d+(?:\.\d+)?|[^\W_]|[<>≤≥%|]")
#: what stands between two numbers keeps them apart, whatever it is: `30-80` is not `3080`
_BETWEEN_NUMBERS: Final = re.compile(r"(?<=\d)(?!\.\d)(?:[^\w<>≤≥%]|_)+(?=\d)")
#: rows that say how to enter a copy number, and advise nothing
_NO_ADVICE: Final = re.compile(r"\bxN\b")
#: the population of a subgroup that is one of children
_CHILDREN: Final = "pediatrics"
#: the term of a result to which no score can be given
INDETERMINATE: Final = "Indeterminate"
#: one letter for several bases (IUPAC)
_EITHER: Final = {"R": "A/G", "Y": "C/T", "S": "C/G", "W": "A/T", "K": "G/T", "M": "A/C"}

#: an activity value as people and spreadsheets write it, and how often one diplotype can hold an allele at most
_VALUE: Final = re.compile(r"(>=|≥)?\s*(\d{1,3}(?:\.\d{1,4})?)")
_COPIES: Final = 99

Fact = tuple[str, str]
Key = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class Finding:
    """One row of the source or of the base: where it stands, and what differs (empty: nothing)."""

    status: str
    what: str
    detail: str = ""


def compare_with(base: KnowledgeBase, path: Path) -> tuple[Finding, ...]:
    """What one file of a source says beside the base, in the order of the file.

    Raises: InputError (BAD_UPSTREAM), the sender's: the file has none of the forms, or breaks its form.
    """
    if is_table(path):
        gene, alleles = table_of(path)
        return tuple(_functions(base, gene, alleles, path.name))
    data = _json(path)
    try:
        if isinstance(data.get("guidelines"), list):
            return tuple(_guidance(base, data["guidelines"]))
        if "haplotypes" in data:
            return tuple(_phenotypes(base, data, path.name))
        if "variants" in data and "namedAlleles" in data:
            return tuple(_definitions(base, data, path.name))
    except (KeyError, TypeError, AttributeError, ValueError, OverflowError, RecursionError) as error:
        raise _bad(path.name, f"a part of it is not as the form has it ({type(error).__name__}: {error})") from error
    raise _bad(path.name, "neither prescribing guidance, nor phenotypes, nor allele definitions")


def text_digest(text: str, strength: str | None, population: str = "") -> str:
    """What tells one statement of a source from another: its words, numbers, strength and population, not its layout.

    >>> text_digest("<p>Reduce by&nbsp;50%.</p>", "Strong") == text_digest("reduce by 50 %", "strong")
    True
    """
    said = "|".join(map(_plain, (text, strength or "", population)))
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def _plain(text: str) -> str:
    plain = unicodedata.normalize("NFKC", html.unescape(_TAG.sub(" ", text))).casefold()
    return "".join(_WORDS.findall(_BETWEEN_NUMBERS.sub("|", plain)))


def source_when(keys: Mapping[str, Any]) -> str:
    """The condition of a record, written as rows of the base are: genes and alleles from A to Z.

    >>> source_when({"TPMT": "Poor Metabolizer", "CYP2C9": {"*9": 1, "*2": 1}, "CYP2D6": "≥3.0"})
    'CYP2C9:*2/*9 & CYP2D6=>=3.0 & TPMT=Poor Metabolizer'
    """
    return " & ".join(_condition(gene, keys[gene]) for gene in sorted(keys))


def _condition(gene: str, key: str | Mapping[str, int]) -> str:
    if isinstance(key, str):
        return f"{gene}={key.replace('≥', '>=')}"
    return f"{gene}:{'/'.join(_alleles_of(key))}"


def _alleles_of(counts: Mapping[str, int]) -> list[str]:
    """The alleles of a diplotype, each as often as it is counted, from A to Z.  Raises: ValueError on an odd count."""
    if not all(0 < copies <= _COPIES for copies in counts.values()):
        raise ValueError(f"copies of alleles are counted from 1 to {_COPIES}")
    return sorted(chain.from_iterable([name] * copies for name, copies in counts.items()))


# --- guidance ---------------------------------------------------------------------------------------------------------


def _guidance(base: KnowledgeBase, guidelines: Iterable[Mapping[str, Any]]) -> Iterator[Finding]:
    known: dict[Key, list[SourceRow]] = {}  # a source may say two things under one key
    for row in base.source_rows:
        known.setdefault((row.clinpgx_id, row.drug, row.source_when, row.source_population), []).append(row)
    seen: set[Key] = set()
    heard: set[str] = set()
    for each in guidelines:
        id_, name = str(each["guideline"]["id"]), str(each["guideline"]["name"])
        heard.add(id_)
        for record in each["recommendations"]:
            if _NO_ADVICE.search(json.dumps(record["lookupKey"])):
                continue
            for key in _keys(base, id_, record):
                seen.add(key)
                yield _of_record(base, known.get(key, ()), record, f"{name}: {', '.join(key[1:3])}")
    for key, rows in known.items():
        if key not in seen and key[0] in heard:
            yield from (Finding(GONE, _named(row), f"record {row.record}") for row in rows)
    silent = {row.guideline: row.clinpgx_id for row in base.source_rows if row.clinpgx_id not in heard}
    for guideline, id_ in sorted(silent.items()):
        yield Finding(GONE, guideline, f"the file has no guideline {id_}")


def _keys(base: KnowledgeBase, guideline: str, record: Mapping[str, Any]) -> Iterator[Key]:
    for keys in record["lookupKey"]:
        for drug in record["relatedChemicals"]:
            yield guideline, _drug(base, str(drug["name"])), source_when(keys), _population(base, record)


def _drug(base: KnowledgeBase, name: str) -> str:
    try:
        return base.find_drug(name, as_prescribed=False).name
    except InputError:
        return name  # a drug that the base does not know: its rows are new


def _population(base: KnowledgeBase, record: Mapping[str, Any]) -> str:
    """A code of the base; a sentence on an affected subgroup says of the population whether it is children at most."""
    stated = str(record["population"] or "")
    if stated in base.guidance.populations:
        return stated
    return _CHILDREN if "pediatric" in stated.casefold() else ""


def _of_record(base: KnowledgeBase, rows: Sequence[SourceRow], record: Mapping[str, Any], name: str) -> Finding:
    graded, whom = record["classification"], str(record["population"] or "")
    digest = text_digest(str(record["text"]["html"]), graded["term"] if graded else None, whom)
    stands = f"record {record['id']}, digest {digest}"
    if not rows:
        return Finding(NEW, name, stands)
    for row in rows:
        if digest == row.digest:
            return _deliberate(base, row, Finding(SAME, _named(row)))
    return Finding(CHANGED, _named(rows[0]), f"{stands}: read it, and rewrite the advice of this row")


def _deliberate(base: KnowledgeBase, row: SourceRow, otherwise: Finding) -> Finding:
    reason = base.source_differences.get((row.guideline, row.drug, row.population, row.when))
    return Finding(DELIBERATE, _named(row), reason) if reason else otherwise


def _named(row: SourceRow) -> str:
    whom = f", {row.population}" if row.population else ""
    return f"{row.guideline}: {row.drug}, {row.when}{whom}"


# --- genes ------------------------------------------------------------------------------------------------------------


def _phenotypes(base: KnowledgeBase, data: Mapping[str, Any], source: str) -> Iterator[Finding]:
    gene, alleles = str(data["gene"]), dict(_alleles(data))
    yield from _functions(base, gene, alleles, source)
    functions = {name: function for name, (function, _) in alleles.items()}
    stated: dict[str, set[str]] = {}
    for each in data.get("diplotypes", ()):
        named, score = _alleles_of(each["diplotypekey"]), each.get("activityScore")
        by = " + ".join(sorted(functions.get(name, name) for name in named))
        by = by if score in {None, ""} else f"score {_value(score)}"
        stated.setdefault(f"{gene} {by}", set()).add(str(each["phenotype"]))
    rules = base.guidance.phenotypes.get(gene)
    known = dict(_rules(gene, rules)) if rules is not None else {}
    yield from _facts({by: " or ".join(sorted(terms)) for by, terms in stated.items()}, known, gone=False)


def _alleles(data: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, str]]]:
    """Name, function and activity value; `haplotypes` holds the values instead of functions where a gene has scores."""
    for each in data.get("namedAlleles", ()):
        yield str(each["name"]), (str(each["functionValue"] or ""), _value(each["activityValue"]))
    if not data.get("namedAlleles"):
        values = data.get("activityValues") or {}
        for name, function in data["haplotypes"].items():
            yield str(name), (str(function or ""), _value(values.get(name)))


def _value(stated: object) -> str:
    """An activity value or score as the base writes it, so that a spreadsheet's 0 or `≥3` is no change.

    >>> _value(0), _value("≥3"), _value(None)
    ('0.0', '>=3.0', 'n/a')
    """
    text = "" if stated is None else str(stated).strip()
    match = _VALUE.fullmatch(text)
    return f"{'>=' if match[1] else ''}{float(match[2])}" if match else text or "n/a"


def _rules(gene: str, rules: PhenotypeRules) -> Iterator[Fact]:
    yield f"{gene} score n/a", INDETERMINATE
    for score, term in rules.by_score.items():
        yield f"{gene} score {score}", term
    for functions, term in rules.by_functions.items():
        yield f"{gene} {' + '.join(functions)}", term


def _functions(
    base: KnowledgeBase, gene: str, alleles: Mapping[str, tuple[str, str]], source: str
) -> Iterator[Finding]:
    definition = base.definitions.get(gene)
    if definition is None:
        raise _bad(source, f"{gene} is not a gene that is called here")
    known = {f"{gene} {each.name}": _function(each) for each in definition.alleles}
    named = {name.replace("≥", ">="): f"{function}, {_value(value)}" for name, (function, value) in alleles.items()}
    theirs = {f"{gene} {definition.aliases.get(name, name)}": said for name, said in named.items()}
    yield from _facts(theirs, known, gone=True)


def _function(allele: NamedAllele) -> str:
    return f"{allele.function}, {'n/a' if allele.activity is None else allele.activity}"


def _definitions(base: KnowledgeBase, data: Mapping[str, Any], source: str) -> Iterator[Finding]:
    gene = str(data["gene"])
    definition = base.definitions.get(gene)
    if definition is None:
        raise _bad(source, f"{gene} is not a gene that is called here")
    places = [int(each["position"]) for each in data["variants"]]
    theirs = {
        f"{gene} {each['name']}, bases": _bases(zip(places, each["alleles"], strict=True))
        for each in data["namedAlleles"]
    }
    placed = (each for each in definition.alleles if not each.is_structural)
    yield from _facts(theirs, {f"{gene} {each.name}, bases": _cells(each, definition.sites) for each in placed})


def _bases(cells: Iterable[tuple[int, str | None]]) -> str:
    return "; ".join(f"{place} {_either(base)}" for place, base in sorted(cells, key=lambda cell: cell[0]) if base)


def _either(base: str) -> str:
    return "/".join(sorted(_EITHER.get(base, base).replace(" or ", "/").split("/")))


def _cells(allele: NamedAllele, sites: Sequence[Site]) -> str:
    stated = ((sites[index].position, "/".join(sorted(bases))) for index, bases in allele.cells)
    return "; ".join(f"{place} {bases}" for place, bases in sorted(stated))


def _facts(theirs: Mapping[str, str], ours: Mapping[str, str], *, gone: bool = True) -> Iterator[Finding]:
    for what, said in theirs.items():
        if what not in ours:
            yield Finding(NEW, what, said)
        elif ours[what].casefold() == said.casefold():
            yield Finding(SAME, what)
        else:
            yield Finding(CHANGED, what, f"{ours[what]} -> {said}")
    if gone:
        yield from (Finding(GONE, what, ours[what]) for what in ours if what not in theirs)


def _json(path: Path) -> Mapping[str, Any]:
    try:
        data = json.loads(path.read_bytes())
    except OSError as error:
        raise InputError("FILE_NOT_FOUND", f"cannot be read: {error.strerror}", source=path.name) from error
    except (ValueError, RecursionError) as error:
        raise _bad(path.name, f"not JSON ({error})") from error
    if not isinstance(data, dict):
        raise _bad(path.name, "a JSON object is expected")
    return data


def _bad(source: str, message: str) -> InputError:
    return InputError("BAD_UPSTREAM", message, source=source)
