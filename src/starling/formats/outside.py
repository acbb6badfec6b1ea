"""Outside calls: what another laboratory or device stated, as tab-separated text.

Columns: gene, diplotype, phenotype, activity score, nomenclature; all but the gene may be empty or left off, but one
of diplotype, phenotype and activity score must be there.  A header row, known by naming `gene`, may put the columns in
another order; columns it names otherwise are ignored.  Lines that begin with `#`, and empty ones, are comments.
Nothing is interpreted here: a diplotype is kept as it was written.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from starling.errors import InputError
from starling.formats.stream import open_bytes
from starling.vocabulary import OutsideCall

_POSITIONAL: Final = ("gene", "diplotype", "phenotype", "activity_score", "nomenclature")
#: What header rows in use call the columns -> the field.
_HEADINGS: Final[Mapping[str, str]] = {
    "gene": "gene",
    "gene symbol": "gene",
    "genesymbol": "gene",
    "diplotype": "diplotype",
    "genotype": "diplotype",
    "call": "diplotype",
    "phenotype": "phenotype",
    "activity score": "activity_score",
    "activityscore": "activity_score",
    "nomenclature": "nomenclature",
}
_GENE: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]{1,19}")
#: At most two digits: a longer number is another column in the wrong place.
_SCORE: Final = re.compile(r"(?:(?:>=|≥) ?)?[0-9]{1,2}(?:\.[0-9]{1,6})?|n/a", re.IGNORECASE)
_LARGEST_FILE: Final = 16 * 2**20


def read_outside_calls(path: str | Path) -> tuple[OutsideCall, ...]:
    """The calls in the file, in its order.

    Raises: InputError FILE_NOT_FOUND, FILE_UNREADABLE, FILE_EMPTY, NOT_TEXT, BAD_OUTSIDE_CALL.
    """
    return parse_outside_calls(_read_text(Path(path)), source=Path(path).name)


def parse_outside_calls(text: str, *, source: str) -> tuple[OutsideCall, ...]:
    """The calls in `text`, in its order; `source` is named in errors.

    >>> parse_outside_calls("CYP2D6\\t*1/*2xN", source="lab.tsv")[0].diplotype  # copies unknown, kept as written
    '*1/*2xN'

    Raises: InputError BAD_OUTSIDE_CALL, with the line.
    """
    columns: Sequence[str] = _POSITIONAL
    calls: list[OutsideCall] = []
    headed = False
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        if not line.strip() or line.startswith("#"):
            continue
        fields = [field.strip() for field in line.split("\t")]
        headings = _headings(fields)
        if headings is None:
            calls.append(_call(columns, fields, source, number))
        elif calls or headed:
            raise InputError("BAD_OUTSIDE_CALL", "a header row after the first row", source=source, line=number)
        else:
            columns, headed = headings, True
    return tuple(calls)


def _headings(fields: Sequence[str]) -> tuple[str, ...] | None:
    """The field of each column (empty: ignored), when the row is a header row."""
    names = tuple(_HEADINGS.get(" ".join(field.lower().replace("_", " ").split()), "") for field in fields)
    others = [name for name in names if name]
    is_header = "gene" in others and (len(others) > 1 or len(fields) == 1)
    if not is_header:
        return None
    # A heading said twice (Phenotype, phenotype): the first column counts.
    return tuple(name if names.index(name) == at else "" for at, name in enumerate(names))


def _call(columns: Sequence[str], fields: Sequence[str], source: str, line: int) -> OutsideCall:
    values = dict.fromkeys(_POSITIONAL, "")
    values.update({name: value for name, value in zip(columns, fields, strict=False) if name})
    if not _GENE.fullmatch(values["gene"]):
        shown = values["gene"][:40]
        message = f"{shown!r} is not a gene symbol" if shown else "the gene is missing"
        if "," in fields[0] or ";" in fields[0]:
            message += " (columns are separated by tabs)"
        raise InputError("BAD_OUTSIDE_CALL", message, source=source, line=line)
    if not (values["diplotype"] or values["phenotype"] or values["activity_score"]):
        message = f"{values['gene']} has neither diplotype, phenotype nor activity score"
        raise InputError("BAD_OUTSIDE_CALL", message, source=source, line=line)
    score = values["activity_score"]
    if score and not _SCORE.fullmatch(score):
        raise InputError("BAD_OUTSIDE_CALL", f"{score[:40]!r} is not an activity score", source=source, line=line)
    return OutsideCall(**values, line=line)


def _read_text(path: Path) -> str:
    """The text of a small file, without a byte order mark.

    Raises: InputError FILE_NOT_FOUND, FILE_UNREADABLE, FILE_EMPTY, NOT_TEXT, BAD_OUTSIDE_CALL.
    """
    stream, _ = open_bytes(path)
    with stream:
        try:
            data = stream.read(_LARGEST_FILE + 1)
        except OSError as error:
            raise InputError("FILE_UNREADABLE", str(error.strerror), source=path.name) from error
    if len(data) > _LARGEST_FILE:
        raise InputError("BAD_OUTSIDE_CALL", f"the file is longer than {_LARGEST_FILE:,} bytes", source=path.name)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError("NOT_TEXT", "the file is not UTF-8", source=path.name, line=line) from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise InputError("NOT_TEXT", "a NUL byte in the file", source=path.name, line=line)
    return text
