"""A laboratory's own table: gene, diplotype, phenotype, activity score, nomenclature.

All but the gene may be empty or left off, but one of diplotype, phenotype and activity score must be there.  Columns
are separated by tabs, semicolons, commas or, without any of these, by the first blank.  A header row, known by naming
the gene, may put them in another order and call them as laboratories do; columns it names otherwise are ignored.
Lines that begin with `#`, and empty ones, are comments, and so are those of an instrument above a header row.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from starling.errors import InputError
from starling.formats.outside.content import Text
from starling.vocabulary import OutsideCall

_POSITIONAL: Final = ("gene", "diplotype", "phenotype", "activity_score", "nomenclature")
#: What header rows in use call the columns -> the field.
_HEADINGS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("gene", "gene symbol", "genesymbol", "gene name", "gene or variant", "symbol", "locus"), "gene"),
    **dict.fromkeys(("test", "assay", "analyte", "gene/allele"), "gene"),
    **dict.fromkeys(("diplotype", "source diplotype", "genotype", "call", "known call", "result"), "diplotype"),
    **dict.fromkeys(("star allele", "star alleles", "alleles", "solution", "test result", "results"), "diplotype"),
    **dict.fromkeys(("phenotype", "interpretation", "predicted phenotype", "metabolism status"), "phenotype"),
    **dict.fromkeys(("metabolizer status", "metaboliser status", "metabolizer", "metaboliser"), "phenotype"),
    **dict.fromkeys(("activity score", "activityscore", "activity"), "activity_score"),
    **dict.fromkeys(("allele 1", "allele1", "haplotype 1", "haplotype1"), "first"),
    **dict.fromkeys(("allele 2", "allele2", "haplotype 2", "haplotype2"), "second"),
    **dict.fromkeys(("sample", "sample id", "sample name", "sample file", "sampleid", "sample_id"), "sample"),
    "nomenclature": "nomenclature",
}
_GENE: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]{1,19}")
#: A gene with the allele that was looked for, as a name of the row: the result is whether it is there.
_WITH_ALLELE: Final = re.compile(
    r"(?P<gene>HLA-?[A-Z]+?\d?)(?:[ *-]+(?P<allele>\d[\w:]*)|(?P<joined>\d\d:?\d\d))"
    r"(?: +(?:screen|test|allele|typing))?",
    re.IGNORECASE,
)
#: At most two digits: a longer number is another column in the wrong place.
_SCORE: Final = re.compile(r"(?:(?:>=|≥) ?)?[0-9]{1,2}(?:\.[0-9]{1,6})?|n/a", re.IGNORECASE)
_SEPARATORS: Final = "\t;,"
_LIKE_A_GENE: Final = re.compile(r"[A-Z][A-Z0-9-]+|[a-z]{2,5}\d[a-z0-9]*")
#: Lines that an instrument may write above its columns (ours).
_LARGEST_PRELUDE: Final = 60


def read(text: Text) -> Iterator[OutsideCall]:
    """The rows of the table.  Raises: InputError BAD_OUTSIDE_CALL, with the line."""
    if text.document is not None:
        raise text.wrong("JSON of a tool that is not known here; write the results as gene, diplotype")
    if text.lines[0].startswith("##fileformat=VCF"):
        raise text.wrong("this is a VCF; pass it as the input, not as an outside result", 1)
    columns: Sequence[str] = _POSITIONAL
    begun = headed = False
    separator = _separator(text)
    for number, line in text.filled[_above(text, separator) :]:
        commented = line.startswith("#")
        fields = _fields(line.lstrip("# "), separator, text, number)
        headings = headings_of(fields)
        if commented and (headings is None or begun or headed):
            continue
        if headings is None:
            begun = True
            yield _call(columns, fields, text, number, headed=headed)
        elif begun or headed:
            raise text.wrong("a header row after the first row", number)
        else:
            columns, headed = headings, True


def has_header(text: Text) -> bool:
    """Whether the first row that can be one, below lines of an instrument, names the gene and what was found."""
    separator = _separator(text)
    above = _above(text, separator)
    for number, line in text.filled[above : above + 20]:
        try:
            headings = headings_of(_fields(line.lstrip("# "), separator, text, number))
        except InputError:
            return False
        if headings is not None or not line.startswith("#"):
            return headings is not None and len({*headings} - {"", "sample"}) > 1
    return False


def _above(text: Text, separator: str) -> int:
    """How many lines, of an instrument, stand above the header row; none of them looks like a result of a gene."""
    for at, (number, line) in enumerate(text.filled[:_LARGEST_PRELUDE]):
        try:
            fields = _fields(line.lstrip("# "), separator, text, number)
        except InputError:
            return 0
        if headings_of(fields) is not None:
            return at
        if not line.startswith("#") and fields and _LIKE_A_GENE.fullmatch(fields[0]):
            return 0
    return 0


def headings_of(fields: Sequence[str]) -> tuple[str, ...] | None:
    """The field of each column (empty: ignored), when the row is a header row."""
    names = [_HEADINGS.get(" ".join(field.lower().replace("_", " ").split()), "") for field in fields]
    others = {name for name in names if name}
    if "gene" not in others or (len(others) < 2 and len(fields) > 1):
        return None
    # A heading said twice (Phenotype, phenotype): the first column counts; Result beside Genotype says what it means.
    said: set[str] = set()
    for at, name in enumerate(names):
        spare = "phenotype" if name == "diplotype" and "phenotype" not in others else ""
        names[at] = name if name not in said else spare if spare not in said else ""
        said.add(names[at])
    return tuple(names)


def _separator(text: Text) -> str:
    """Tabs where any row has one, else semicolons, else commas; empty: blanks."""
    rows = [line for _, line in text.filled if not line.startswith("#")] or [line for _, line in text.filled]
    return next((each for each in _SEPARATORS if any(each in row for row in rows)), "")


def _fields(line: str, separator: str, text: Text, number: int) -> list[str]:
    if separator == "\t":
        return [field.strip().strip('"').strip() for field in line.split("\t")]
    if not separator:
        return line.strip().split(None, 1)
    try:
        return [field.strip() for row in csv.reader([line], delimiter=separator, strict=True) for field in row]
    except csv.Error as error:
        raise text.wrong(f"not CSV ({error})", number) from None


def _call(columns: Sequence[str], fields: Sequence[str], text: Text, line: int, *, headed: bool) -> OutsideCall:
    values = dict.fromkeys((*_POSITIONAL, "first", "second", "sample"), "")
    values.update({name: value for name, value in zip(columns, fields, strict=False) if name})
    pair = [each for each in (values.pop("first"), values.pop("second")) if each]
    values["diplotype"] = values["diplotype"] or "/".join(pair)
    named = _WITH_ALLELE.fullmatch(values["gene"])
    if named:
        found = " ".join(filter(None, (values["diplotype"], values["phenotype"])))
        allele = named["allele"] or named["joined"]
        values |= {"gene": named["gene"], "diplotype": "", "phenotype": f"*{allele} {found}" if found else ""}
    if not _GENE.fullmatch(values["gene"]):
        shown = values["gene"][:40]
        hint = "; a table of single tests is passed as the input" if "*" in shown else ""
        raise text.wrong(f"{shown!r} is not a gene symbol{hint}" if shown else "the gene is missing", line)
    if headed and not (values["diplotype"] or values["phenotype"] or values["activity_score"]):
        values["diplotype"] = "No call"  # the columns are there, and nothing stands in them
    if not (values["diplotype"] or values["phenotype"] or values["activity_score"]):
        raise text.wrong(f"{values['gene']} has neither diplotype, phenotype nor activity score", line)
    score = values["activity_score"] = values["activity_score"].replace(",", ".")
    if score and not _SCORE.fullmatch(score):
        raise text.wrong(f"{score[:40]!r} is not an activity score", line)
    return OutsideCall(**values, line=line)
