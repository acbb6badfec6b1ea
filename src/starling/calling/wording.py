"""How laboratories and tools write results: words that state nothing, pairs of alleles, presence of one allele."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from starling.vocabulary import Notice, OutsideCall

#: Words in the place of a result that state nothing: nobody read an allele.
_NO_CALL: Final = frozenset(
    {
        *("no_match", "no_call", "nocall", "no_result", "no_reads", "not_called", "not_typed", "not_tested", "not_run"),
        *("not_determined", "not_assigned", "not_available", "not_performed", "undetermined", "und", "indeterminate"),
        *("unknown", "multiple", "none", "invalid", "failed", "fail", "inconclusive", "insufficient", "pending"),
        *("nc", "qns", "ambiguous", "error", "n/a", "na", "nan", "null", ".", "-", "--", "?", "./."),
    }
)
#: A sign says something at the end of a statement alone: `*57:01 - positive` is no minus.
_END: Final = r"(?=\s*(?:$|[,;)]))"
_PRESENT: Final = rf"positive|pos|detected|present|carrier|found|yes|\+{_END}"
_ABSENT: Final = (
    r"negative|neg|not detected|not found|undetected|absent|not present|non-carrier|noncarrier|not a carrier|no"
    rf"|-{_END}"
)
_ALLELE: Final = r"(?:HLA[- ]?)?(?:(?P<{0}g>[A-Z])[* -]?|\*)?(?P<{0}a>\d{{2,3}}):?(?P<{0}b>\d{{2,3}})(?::\d{{2,4}})*"
_BEHIND: Final = re.compile(
    rf"(?<![\w:*]){_ALLELE.format('x')}[\s:=,(-]*(?:is |was )?(?:(?P<no>{_ABSENT})|(?P<yes>{_PRESENT}))"
    r"(?![\w+-]|\s*[:=?])",
    re.IGNORECASE,
)
_BEFORE: Final = re.compile(
    rf"(?<!\w)(?:(?P<no>{_ABSENT})|(?P<yes>{_PRESENT}))[\s:]*(?:for|of)?\s*(?:the )?(?:allele )?"
    rf"{_ALLELE.format('x')}(?![\w:])",
    re.IGNORECASE,
)


#: A variant of the mitochondrion, which is looked for by itself.
_VARIANT: Final = r"(?<![\w.>])(?P<name>(?:m\.)?(?:\d+[ACGT]>[ACGT]|[ACGT]\d+[ACGT]))(?:\s+(?:variant|mutation))?"
_VARIANT_BEHIND: Final = re.compile(
    rf"{_VARIANT}[\s:=,(-]*(?:is |was )?(?:(?P<no>{_ABSENT})|(?P<yes>{_PRESENT}))(?![\w+-]|\s*[:=?])", re.IGNORECASE
)
_VARIANT_BEFORE: Final = re.compile(
    rf"(?<!\w)(?:(?P<no>{_ABSENT})|(?P<yes>{_PRESENT}))[\s:]*(?:for|of)?\s*(?:the )?{_VARIANT}(?!\w)", re.IGNORECASE
)


def states_nothing(text: str) -> bool:
    """Whether a diplotype or phenotype is empty or consists of words for no result.

    >>> states_nothing("NO_MATCH/NO_MATCH"), states_nothing("./."), states_nothing("*1/NO_MATCH")
    (True, True, False)
    """
    plain = re.sub(r"[\s_]+", "_", text.strip().casefold()).strip("_")
    return plain in _NO_CALL or all(part.strip("_ ") in {*_NO_CALL, ""} for part in re.split(r"[/|,;]", plain))


def choices(text: str) -> tuple[str, ...]:
    """The diplotypes between which a statement does not decide.

    >>> choices("*1/*4 or *2/*10")
    ('*1/*4', '*2/*10')
    """
    return tuple(part.strip() for part in re.split(r"\s+or\s+|\s*\|\|\s*", text, flags=re.IGNORECASE) if part.strip())


def alleles_in(diplotype: str) -> tuple[str, ...]:
    """The alleles of one diplotype: separated by a slash, else by a comma, semicolon or bar.

    >>> alleles_in("*1, *2"), alleles_in("c.1129-5923C>G, c.1236G>A (HapB3)/*1")  # a comma within a name stays
    (('*1', '*2'), ('c.1129-5923C>G, c.1236G>A (HapB3)', '*1'))
    """
    parts = [diplotype] if "c." in diplotype and "/" not in diplotype else re.split(r"[,;|]", diplotype)
    if "/" in diplotype:
        parts = diplotype.split("/")
    return tuple(part.strip() for part in parts if part.strip())


def presence_in(text: str) -> Iterator[tuple[str, str, bool]]:
    """(gene or empty, allele at two fields, whether it is there) of every HLA allele whose presence is stated.

    >>> list(presence_in("HLA-B*5701 not detected; positive for B*58:01"))
    [('HLA-B', '*57:01', False), ('HLA-B', '*58:01', True)]
    """
    for clause in clauses(text):
        for pattern in (_BEHIND, _BEFORE):
            found = list(pattern.finditer(clause))
            yield from ((_gene(match["xg"]), f"*{match['xa']}:{match['xb']}", not match["no"]) for match in found)
            if found:
                break


def variants_in(text: str) -> Iterator[tuple[str, bool]]:
    """(variant as it was written, whether it is there) of every mitochondrial variant whose presence is stated.

    >>> list(variants_in("m.1555A>G not detected; A827G variant present"))
    [('m.1555A>G', False), ('A827G', True)]
    """
    for clause in clauses(text):
        for pattern in (_VARIANT_BEHIND, _VARIANT_BEFORE):
            found = list(pattern.finditer(clause))
            yield from ((match["name"], not match["no"]) for match in found)
            if found:
                break


def clauses(text: str) -> tuple[str, ...]:
    """The parts of a text that speak for themselves."""
    return tuple(part.strip() for part in re.split(r"[;,\n]|\band\b", text) if part.strip())


def _gene(letter: str | None) -> str:
    return f"HLA-{letter.upper()}" if letter else ""


def noted(call: OutsideCall) -> tuple[Notice, ...]:
    """What the file says of the result beside it."""
    said = f"{call.gene}: the result of {call.tool or 'the other laboratory'} is not certain, {call.note}."
    return (Notice("OUTSIDE_NOTE", said),) if call.note else ()


def unknown_allele(gene: str, name: str) -> Notice:
    """That a name was not read, with the name."""
    return Notice("UNKNOWN_ALLELE", f"{gene}: {name} is not in the allele table; it was not read as any other allele.")
