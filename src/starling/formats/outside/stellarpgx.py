"""StellarPGx: a page of text for one gene, with the answer below `Result:`.

Diplotypes between which it does not decide have ` or ` between them; what it suspects beside them stands behind a tab
on the same line.  `Indeterminate` is no score and no phenotype, and a sentence of a novel allele is no diplotype.  For
some genes (`DPYD Variant Analysis with StellarPGx`) it lists variants and gives no result.
Source: github.com/SBIMB/StellarPGx README.md (expected output), scripts/*/bin/stellarpgx.py, snv_def_modules.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from starling.formats.outside.content import Text, Tool
from starling.vocabulary import OutsideCall

_TITLE: Final = re.compile(
    r"(?P<gene>[A-Za-z0-9-]+) (?P<what>Star Allele Calling|Variant Analysis) with StellarPGx", re.IGNORECASE
)
#: How a diplotype begins: `*1/*4`, `c.1905+1G>A/...`, `Reference/...`.
_DIPLOTYPE: Final = re.compile(r"\S+/\S+(?: or \S+/\S+)*$")
_SCORE: Final = re.compile(r"[0-9]{1,2}(\.[0-9]{1,6})?")
#: Heading, without its colon -> field.
_FIELDS: Final = {"result": "diplotype", "activity score": "score", "metaboliser status": "phenotype"}


def _matches(text: Text) -> bool:
    return any(_TITLE.fullmatch(line.strip()) for line in text.lines[:20])


def _read(text: Text) -> Iterator[OutsideCall]:
    gene, field = "", ""
    found: dict[str, str] = {}
    at = 1
    for number, line in text.filled:
        title, heading = _TITLE.fullmatch(line.strip()), line.strip().rstrip(":").casefold()
        if title:
            gene = title["gene"].upper()
        elif line.strip().endswith(":"):
            field = _FIELDS.get(heading, "")
        elif field and field not in found:
            found[field] = line.strip().strip("[]").replace("'", "")
            at = number if field == "diplotype" else at
    if "diplotype" not in found:
        raise text.wrong("StellarPGx gives no result: nothing stands below `Result:`")
    yield _call(gene, found, at)


def _call(gene: str, found: Mapping[str, str], line: int) -> OutsideCall:
    diplotype, _, suspected = (part.strip() for part in found["diplotype"].partition("\t"))
    is_sentence = not _DIPLOTYPE.match(diplotype)
    note = "; ".join(filter(None, (diplotype if is_sentence else "", suspected)))
    score, phenotype = found.get("score", ""), found.get("phenotype", "")
    abbreviated = re.search(r"\(([A-Z]{2})\)", phenotype)
    return OutsideCall(
        gene,
        "No call" if is_sentence else diplotype,
        abbreviated[1] if abbreviated else "" if phenotype.casefold() == "indeterminate" else phenotype,
        activity_score=score if _SCORE.fullmatch(score) else "",
        line=line,
        note=f"it says {note[:120]}" if note else "",
    )


TOOLS: Final = (Tool("StellarPGx", _matches, _read),)
