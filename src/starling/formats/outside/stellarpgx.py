"""StellarPGx: a page of text for one gene, with the answer below `Result:`.

Source: github.com/SBIMB/StellarPGx README.md, expected output.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from starling.formats.outside.content import Text, Tool
from starling.vocabulary import OutsideCall

_TITLE: Final = re.compile(r"(?P<gene>[A-Za-z0-9]+) Star Allele Calling with StellarPGx", re.IGNORECASE)
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
    score = found.get("score", "")
    abbreviated = re.search(r"\(([A-Z]{2})\)", found.get("phenotype", ""))
    yield OutsideCall(
        gene,
        found["diplotype"],
        abbreviated[1] if abbreviated else found.get("phenotype", ""),
        activity_score=score if _SCORE.fullmatch(score) else "",
        line=at,
    )


TOOLS: Final = (Tool("StellarPGx", _matches, _read),)
