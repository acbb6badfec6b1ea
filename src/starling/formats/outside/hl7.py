"""HL7 v2, `ORU^R01`: what another laboratory states of a gene, one message or many.

Of a group (OBX of one sub-id, or of sub-ids below it) one OBX names the gene (LOINC 48018-6) and others state genotype
(84413-4), haplotypes (84414-2) and effect on metabolism (53040-2).  Without such a group the words of OBX-3 must name
the gene and what is stated of it (`CYP2C19 genotype`, `CYP2D6 activity score`); all else is another test's.
Only what is final or corrected counts in full (OBX-11); what was withdrawn is no result.
Source: HL7 v2.5.1, 7.4.2 (OBX) and table 0085; the codes as in knowledge-base/terminology.tsv; groups as in HL7 Version
2.5.1 IG: Laboratory Results Interface, clinical genomics.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from starling.formats.hl7 import Message, Segment, begins, messages
from starling.formats.outside.content import Text, Tool, either
from starling.formats.outside.loinc import PHENOTYPES
from starling.values import dataclass, field
from starling.vocabulary import OutsideCall

_GENE_STUDIED: Final = "48018-6"
#: identifier of an observation -> what it states; the last four are our own (starling.exchange.hl7.observations)
_STATES: Final[Mapping[str, str]] = {
    "84413-4": "diplotype",
    "84414-2": "haplotype",
    "53040-2": "phenotype",
    "PHENOTYPE": "phenotype",
    "SCORE": "score",
    "PRESENCE": "presence",
    "CERTAINTY": "certainty",
}
_IN_WORDS: Final = re.compile(
    r"(?P<gene>HLA-[A-Z]{1,3}\d?|MT-[A-Z0-9]+|[A-Z][A-Z0-9]{1,9})\s+(?:gene\s+)?(?:"
    r"(?P<score>activity score)|(?P<diplotype>genotypes?|diplotypes?|star alleles?|alleles)"
    r"|(?P<phenotype>(?:predicted )?phenotype|metaboli[sz]er (?:status|phenotype)|.*metabolic activity interpretation)"
    r")\b.*",
    re.IGNORECASE,
)
_SYMBOL: Final = re.compile(r"[A-Z][A-Za-z0-9-]{1,19}")
_TEXTS: Final = frozenset({"", "ST", "TX", "FT", "CWE", "CE", "CNE", "NM", "IS", "ID"})
_FINAL, _EARLY = frozenset("FCUV"), frozenset("PRSB")
_NONE, _WITHDRAWN = frozenset("XNIO"), frozenset("DW")
_NO_CALL: Final = "No call"


@dataclass(slots=True)
class _Stated:
    """What is stated of one gene in one message."""

    gene: str
    sample: str
    line: int
    found: dict[str, list[str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    corrects: bool = False

    def add(self, what: str, value: str) -> None:
        values = self.found.setdefault(what, [])
        if value not in values:
            values.append(value)


def _matches(text: Text) -> bool:
    return bool(text.filled) and begins(text.filled[0][1][:12].encode())


def _read(text: Text) -> Iterator[OutsideCall]:
    kept: dict[tuple[str, str, str, int], _Stated] = {}
    for number, message in enumerate(messages("\n".join(text.lines), source=text.name)):
        _must_count(message, text)
        for order, stated in _stated_in(message, text):
            if stated.corrects and order:
                for key in [each for each in kept if each[:3] == (stated.sample, order, stated.gene)]:
                    del kept[key]
            kept[stated.sample, order, stated.gene, number] = stated
    for each in kept.values():
        yield from _calls(each, text)


def _must_count(message: Message, text: Text) -> None:
    """Raises: InputError, when it states no results, or those of nobody."""
    if message.head.text(9) != "ORU":
        raise text.wrong(f"MSH-9: {message.kind} states no results; ORU^R01 is read", message.head.line)
    if message.head.text(11) not in {"", "P"}:
        raise text.wrong(f"MSH-11: {message.head.text(11)} is no message about a patient's care", message.head.line)


def _stated_in(message: Message, text: Text) -> Iterator[tuple[str, _Stated]]:
    """(filler order number, what is stated of one gene) of every order of a message."""
    sample, order, block = message.first("PID").text(3), "", list[Segment]()
    for each in (*message.segments, Segment("OBR")):
        if each.name == "OBR":
            for stated in _of_order(block, sample, text):
                yield order, stated
            order, block = each.text(3), []
        elif each.name == "OBX":
            block.append(each)


def _of_order(block: list[Segment], sample: str, text: Text) -> Iterator[_Stated]:
    named = _named(block, text)
    found: dict[str, _Stated] = {}
    last = ""
    for each in block:
        if _id(each) == _GENE_STUDIED:
            last = _gene(each, text) if len(each.field(5)) == 1 else ""
            continue
        gene, what = _about(each, named, last)
        if gene and what:
            _take(found.setdefault(gene, _Stated(gene, sample, each.line)), what, each, text)
    yield from found.values()


def _named(block: list[Segment], text: Text) -> dict[str, str]:
    """Sub-id -> the gene of its group.  Raises: InputError, when a sub-id names two."""
    named: dict[str, str] = {}
    for each in block:
        if _id(each) != _GENE_STUDIED or len(each.field(5)) != 1:
            continue
        sub, gene = each.text(4), _gene(each, text)
        if sub and named.setdefault(sub, gene) != gene:
            raise text.wrong(f"OBX-4: the sub-id {sub[:20]} is of {named[sub]} and of {gene}", each.line)
    return named


def _id(obx: Segment) -> str:
    """The identifier of an observation: of LOINC or of ours, in its first or second place."""
    known = {*_STATES, _GENE_STUDIED}
    return next((code for place in (1, 4) if (code := obx.text(3, place)) in known), "")


def _about(obx: Segment, named: Mapping[str, str], last: str) -> tuple[str, str]:
    """(gene, what is stated of it); empty for another test's."""
    what = _STATES.get(_id(obx), "")
    if what:
        sub = obx.text(4)
        while sub and sub not in named:
            sub = sub.rpartition(".")[0]
        return (named[sub] if sub else "" if obx.text(4) else last), what
    for place in (2, 1, 5, 9):
        words = _IN_WORDS.fullmatch(obx.text(3, place).strip())
        if words is not None:
            return words["gene"].upper(), next(key for key in ("score", "diplotype", "phenotype") if words[key])
    return "", ""


def _gene(obx: Segment, text: Text) -> str:
    """The symbol: what stands beside the identifier, or in its place.  Raises: InputError."""
    for place in (2, 1, 9):
        if _SYMBOL.fullmatch(obx.text(5, place)):
            return obx.text(5, place)
    raise text.wrong(f"OBX-5: {obx.text(5)[:40]!r} names no gene by its symbol (48018-6)", obx.line)


def _take(stated: _Stated, what: str, obx: Segment, text: Text) -> None:
    """One observation counts as far as its status says.  Raises: InputError with segment and field."""
    status = obx.text(11)
    if status in _WITHDRAWN:
        stated.notes.append(f"its laboratory has withdrawn a result (OBX-11 {status})")
        stated.add("withdrawn", _NO_CALL)
        stated.corrects = True
    elif status in _NONE:
        _none(stated, what, obx)
    elif not status or status in _EARLY | _FINAL:
        stated.corrects |= status == "C"
        if status not in _FINAL:
            said = f"OBX-11 {status}" if status else "OBX-11 is empty"
            stated.notes.append(f"its laboratory does not call it final ({said})")
        for value in _values(obx, text):
            _value(stated, what, value)
    else:
        raise text.wrong(f"OBX-11: {status[:20]!r} is no status of a result", obx.line)


def _none(stated: _Stated, what: str, obx: Segment) -> None:
    if what == "presence":
        return
    if what == "diplotype":
        stated.add("none", _NO_CALL)
    if obx.text(11) in {"I", "O"}:
        stated.notes.append(f"its laboratory has not finished it (OBX-11 {obx.text(11)})")


def _value(stated: _Stated, what: str, value: str) -> None:
    if what == "certainty":
        if value.startswith("not certain"):
            stated.notes.append(value)
        return
    stated.add(what, value)


def _values(obx: Segment, text: Text) -> list[str]:
    """Every repetition of OBX-5 in words.  Raises: InputError."""
    if obx.text(2) not in _TEXTS:
        raise text.wrong(f"OBX-2: {obx.text(2)[:20]!r} of a genetic result is not read", obx.line)
    coded = obx.text(2) in {"CWE", "CE", "CNE"}
    found = [_words(obx, number, coded=coded) for number in range(1, len(obx.field(5)) + 1)]
    if not any(found):
        raise text.wrong("OBX-5 is empty, and OBX-11 does not say that there is no result", obx.line)
    return [each for each in found if each]


def _words(obx: Segment, number: int, *, coded: bool) -> str:
    """One repetition of OBX-5: its text, or the words of an answer of LOINC that stands there as a code alone."""
    texts = [obx.text(5, place, repetition=number).strip() for place in ((2, 9, 1) if coded else (1,))]
    found = next((each for each in texts if each), "")
    return PHENOTYPES.get(found, found) if coded else found


def _calls(stated: _Stated, text: Text) -> Iterator[OutsideCall]:
    """A withdrawn result takes the others of its gene with it; several phenotypes are several statements."""
    found, line = stated.found, stated.line
    note = "; ".join(dict.fromkeys(stated.notes))
    if "withdrawn" in found:
        yield OutsideCall(stated.gene, _NO_CALL, sample=stated.sample, line=line, note=note)
        return
    diplotype = either(found.get("diplotype", ())) or _pair(stated, text)
    phenotypes = found.get("phenotype", [])
    if note:  # a term with the reason for its doubt in brackets
        phenotypes = [each.partition(" (")[0] for each in phenotypes]
    scores = found.get("score", [])
    said_otherwise = phenotypes or scores or "presence" in found
    first = OutsideCall(
        stated.gene, diplotype or ("" if said_otherwise else "".join(found.get("none", ()))),
        "".join(phenotypes[:1]), "".join(scores[:1]), sample=stated.sample, line=line, note=note,
    )  # fmt: skip
    if first.diplotype or first.phenotype or first.activity_score:
        yield first
    for phenotype in phenotypes[1:]:
        yield OutsideCall(stated.gene, phenotype=phenotype, sample=stated.sample, line=line, note=note)
    for score in scores[1:]:
        yield OutsideCall(stated.gene, activity_score=score, sample=stated.sample, line=line, note=note)
    for presence in found.get("presence", ()):
        said = presence.removeprefix(stated.gene).strip()
        yield OutsideCall(stated.gene, phenotype=said, sample=stated.sample, line=line, note=note)


def _pair(stated: _Stated, text: Text) -> str:
    """The haplotypes as one statement.  Raises: InputError, when they are more than two."""
    names = stated.found.get("haplotype", [])
    if len(names) > 2:
        message = f"OBX-5: {len(names)} haplotypes (84414-2) of {stated.gene}, and nobody has three"
        raise text.wrong(message, stated.line)
    return "/".join(names)


TOOLS: Final = (Tool("HL7 v2", _matches, _read),)
