"""Results of point-of-care and PCR tests as a table: what was looked for, and what was found.

Ours is `analyte,result` and, where known, device, lot, time, sample.  Exports of TaqMan Genotyper and QuantStudio, of
MassARRAY and of bedside analysers say the same in columns of their own, with bases in the place of words, with the gene
in a column and the variant in another or within the result (`MT-RNR1`, `m.1555A>G not detected`), and lines of the
instrument above the columns.  Commas, semicolons and tabs separate.  A table whose rows name genes and diplotypes is
none of these: it states results by gene.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from starling.formats.content import Format, Opening
from starling.formats.markers import Lines, Marker, MarkerTable, head_lines, read_lines, table

_COLUMNS: Final = frozenset({"analyte", "result", "device", "lot", "time", "sample"})
_NEEDED: Final = frozenset({"analyte", "result"})
#: Heading of an instrument -> column.  Several for the analyte: the first that holds an rsid counts, else the first.
_HEADINGS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("analyte", "snp assay name", "assay name", "assay_id", "target", "variant", "marker"), "analyte"),
    **dict.fromkeys(("ncbi snp reference", "rsid", "snp", "allele"), "analyte"),
    **dict.fromkeys(("test", "test name", "assay"), "analyte"),
    **dict.fromkeys(("result", "call", "genotype", "test result"), "result"),
    **dict.fromkeys(("gene", "gene symbol"), "gene"),
    **dict.fromkeys(("sample id", "sample name", "sample_id", "sample", "patient id"), "sample"),
    **dict.fromkeys(("device", "instrument"), "device"),
    "time": "time",
    "lot": "lot",
    "allele1": "first",
    "allele2": "second",
    "allele 1": "first",
    "allele 2": "second",
}
#: A table with one of these is an array's, with a place for every marker.
_OF_ARRAYS: Final = frozenset({"chromosome", "position", "chr", "pos", "chrom"})
_LARGEST_PRELUDE: Final = 60
#: What instruments say -> our word.
_WORDS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("het", "heterozygote", "heterozygous mutant", "allele 1/allele 2", "het mut"), "heterozygous"),
    **dict.fromkeys(("heterozygous mutation", "heterozygous variant", "heterozygous vic/fam"), "heterozygous"),
    **dict.fromkeys(("hom mut", "homozygous mutant", "homozygous variant", "mutant", "hom"), "homozygous"),
    **dict.fromkeys(("homozygous mutation", "homozygous alternate", "hom alt", "hom. variant"), "homozygous"),
    **dict.fromkeys(("wild type", "wildtype", "wt", "homozygous wild type", "homozygous reference"), "not detected"),
    **dict.fromkeys(("homozygous wildtype", "homozygous normal", "hom ref", "hom. wild type"), "not detected"),
    **dict.fromkeys(("absent", "not present", "neg", "undetected", "non detected", "not found"), "not detected"),
    **dict.fromkeys(("no variant detected", "no mutation detected", "none detected", "normal"), "not detected"),
    **dict.fromkeys(("variant not detected", "mutation not detected"), "not detected"),
    **dict.fromkeys(("present", "pos", "mutation detected", "variant detected", "found"), "detected"),
    **dict.fromkeys(("und", "undetermined", "noamp", "no call", "nocall", "no_call", "invalid", "fail"), "invalid"),
    **dict.fromkeys(("failed", "error", "indeterminate", "inconclusive", "", "-", "n/a"), "invalid"),
}
_OURS: Final = frozenset({"detected", "positive", "not detected", "negative", "heterozygous", "homozygous", "invalid"})
_BASES: Final = re.compile(
    r"(?:het(?:erozygous|\.)? (?=[ACGT][/:|]?[ACGT])|hom(?:ozygous|\.)? (?=([ACGT])(?:[/:|]?\1)?$))?"
    r"(?P<first>[ACGT])[/:| ]?(?P<second>[ACGT])?",
    re.IGNORECASE,
)
#: What is looked for, within a text: an rsid, an allele, or a variant by its place.
_NAME: Final = re.compile(r"\brs\d+|\*\d|[ACGT]>[ACGT]|\b[ACGT]\d+[ACGT]\b|\d(?:del|ins|dup)|\b[cgm]\.", re.IGNORECASE)
_RSID: Final = re.compile(r"(?<![a-z0-9])rs\d+(?![a-z0-9])", re.IGNORECASE)
_GENE: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]{1,19}")
_NOUNS: Final = re.compile(r"(?: |^)(?:the |a )?(?:variant|mutation|allele)$", re.IGNORECASE)
#: A result that holds the name of what was found, or not: `m.1555A>G not detected`, `not detected: m.1555A>G`.
_SAID: Final = "|".join(
    re.escape(word).replace(r"\ ", "[ -]") for word in sorted((*_OURS, *_WORDS), key=len, reverse=True) if word > "a"
)
_SENTENCES: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?P<name>[^\s/][^/]*?)[\s:=,]+(?:is |was |\()?(?P<word>{_SAID})\)?\.?",
        rf"(?P<word>{_SAID})[\s:=,]+(?:for )?(?P<name>[^\s/][^/]*?)\.?",
        r"(?P<word>no)\s+(?P<name>[^\s/][^/]*?)(?:\s+(?:detected|found|present))?\.?",
    )
)


def matches(head: bytes) -> bool:
    """Whether a row near the top names the columns of single tests, below lines that are an instrument's."""
    rows = [(0, line) for line in head_lines(head) if not line.startswith("#")]
    found = _header(rows[:_LARGEST_PRELUDE])
    if found is None:
        return False
    at, separator, columns = found
    below = [_paired(columns, line, separator) for _, line in rows[at + 1 :]]
    names = [[_named(dict(row), {})[0], *(text for column, text in row if column == "analyte")] for row in below]
    typed = [each[0].upper().startswith("HLA") for each in names]
    if typed and all(typed):
        return False  # no position tells an HLA type: those are statements by gene
    return not names or any(_NAME.search(name) or not _GENE.fullmatch(name) for each in names for name in each)


def _paired(columns: Sequence[str], line: str, separator: str) -> list[tuple[str, str]]:
    """(column, text) of a row, the first of several columns of one meaning last; a row that is no CSV has none."""
    try:
        fields = [text.strip() for row in csv.reader([line], delimiter=separator) for text in row]
    except csv.Error:
        return []
    return list(reversed(list(zip(columns, fields, strict=False))))


def _header(rows: Sequence[tuple[int, str]]) -> tuple[int, str, list[str]] | None:
    """(place of the row, separator, columns) of the first row that names an analyte and a result."""
    for at, (_, line) in enumerate(rows):
        separator = next((each for each in "\t;," if each in line), ",")
        names = [name.strip().strip('"').casefold() for name in line.split(separator)]
        columns = [_HEADINGS.get(name, "") for name in names]
        named = {*columns} >= _NEEDED and not _OF_ARRAYS.intersection(names)
        if named and ("analyte" in names or not line.startswith("#")):
            return at, separator, [column or f"?{name}" for column, name in zip(columns, names, strict=True)]
    return None


def read(path: str | Path, opening: Opening) -> MarkerTable:
    """The results in the file.  Raises: InputError BAD_MARKERS with the line, FILE_*, NOT_TEXT."""
    lines = read_lines(path, opening)
    rows = [(number, line) for number, line in lines.numbered() if not line.startswith("#")]
    found = _header(rows)
    if found is None:
        raise lines.wrong("has no results")
    at, separator, columns = found
    _check(columns, lines, rows[at][0])
    markers, samples = [], dict[str, None]()
    for number, line in rows[at + 1 :]:
        fields = _cells(line, separator, lines, number)
        if len(fields) != len(columns):
            raise lines.wrong(f"{len(fields)} columns, not {len(columns)}", number)
        marker_ = marker(list(zip(columns, fields, strict=True)), lines, number)
        samples[marker_.sample] = None
        markers.append(marker_)
    return table(lines, tuple(samples), markers, strand="none", tests=True)


def _check(columns: Sequence[str], lines: Lines, number: int) -> None:
    """Our own columns are ours alone, each once; an instrument's may be any."""
    known = [column for column in columns if not column.startswith("?")]
    if twice := [column for column in _COLUMNS - {"analyte", "time"} if known.count(column) > 1]:
        raise lines.wrong(f"the column {twice[0]} stands there twice", number)


def marker(row: Sequence[tuple[str, str]], lines: Lines, number: int) -> Marker:
    """One single test, of (column, text): analyte, result and, where known, device, lot, time and sample."""
    values = {column: text for column, text in reversed(row) if text or column != "analyte"}
    names = [text for column, text in row if column == "analyte" and text]
    values["analyte"] = names[0] if names else ""
    rsid = next((found[0] for each in names if (found := _RSID.search(each))), "")
    name, said = _named(values, {"analyte": rsid} if rsid else {})
    stated = ", ".join(f"{key} {values[key]}" for key in ("device", "lot", "time") if values.get(key))
    shown = name if not rsid or rsid == values["analyte"] else f"{values['analyte']} {rsid}"
    note = f"{shown}: {said}" + (f" ({stated})" if stated else "")
    alleles, result = _found({**values, "result": said}, name)
    return Marker(values.get("sample") or lines.stem, name, None, None, alleles, number, result, note)


def _named(values: Mapping[str, str], known: Mapping[str, str]) -> tuple[str, str]:
    """(what was looked for, the result): with its gene where that stands beside it, and out of the result's words."""
    name, said = known.get("analyte") or values.get("analyte", ""), values.get("result", "")
    is_gene = bool(_GENE.fullmatch(name)) and not _NAME.search(name)
    within = _sentence(said) if not _NAME.search(name) and not name.upper().startswith("HLA") else None
    if within is not None:
        variant, said = within
        own = variant.casefold().startswith(("m.", "rs", name.casefold())) and not is_gene
        name = variant if own or not is_gene or variant.upper().startswith(name.upper()) else f"{name} {variant}"
    elif values.get("gene") and re.match(r"[*-]?\d|[cgm]\.|\*", name):
        name = f"{values['gene']} {name}"
    return name, said


def _sentence(said: str) -> tuple[str, str] | None:
    """(name, word) of a result that holds both."""
    for pattern in _SENTENCES:
        found = pattern.fullmatch(" ".join(said.split()))
        if found is not None and _NAME.search(found["name"]):
            word = "not detected" if found["word"].casefold() == "no" else found["word"]
            return _NOUNS.sub("", found["name"]).strip(" :,"), word
    return None


def _found(values: Mapping[str, str], name: str) -> tuple[tuple[str, ...], str]:
    """(bases, our word): one of the two is empty.  One base alone stands for both copies."""
    said = " ".join(re.sub(r"(?<=[a-z])-(?=[a-z])", " ", values["result"].casefold()).split())
    bases = _BASES.fullmatch(said)
    if bases is not None:
        return (bases["first"].upper(), (bases["second"] or bases["first"]).upper()), ""
    number = re.fullmatch(r"(?:homozygous )?allele ?([12])(?:/allele ?\1)?|homozygous ([12])/\2", said)
    base = values.get("first" if (number and "1" in said) else "second", "").upper()
    if number and base in {"A", "C", "G", "T"}:
        return (base, base), ""
    return (), _WORDS.get(said) or _of_pair(said, name) or said


def _of_pair(said: str, name: str) -> str:
    """Our word for a pair of alleles, of which one is looked for beside *1: `*1/*2` of CYP2C19*2; else empty."""
    pair, own = said.split("/"), name.casefold().rpartition("*")[2].strip()
    if not own or len(pair) != 2 or not {*pair} <= {"*1", f"*{own}"}:
        return ""
    return ("not detected", "heterozygous", "homozygous")[pair.count(f"*{own}")]


def _cells(line: str, separator: str, lines: Lines, number: int) -> list[str]:
    """The fields of one line."""
    try:
        return [text.strip() for row in csv.reader([line], delimiter=separator, strict=True) for text in row]
    except csv.Error as error:
        raise lines.wrong(f"not CSV ({error})", number) from None


FORMATS: Final = (Format("assay", "results of single tests", matches, read, pipes=True),)
