"""What a card for the wallet says, and the text in its code: signed, and read by any scanner without this program.

    starling.card/1 part 1 of 1
    Name: Ann Example
    Born: 1980-02-01
    ! I must not be given abacavir (HLA-B*57:01 positive).
    ? No result: HLA-A
    + HLA-B *08:01/*57:01: *57:01 positive
    Left out: 2 genes, see the report
    Made: 2026-11-28
    Knowledge: 2026.07+3, checked 2026-07-14
    Result: 14161098705d
    Key: 9f3ac04d2b6e1c57
    Signature: 7mDX...

Whose card it is stands inside what is signed.  A danger is never left out: where one code does not hold them all there
are several, each a card's text of its own.  See docs/reference/card.md.
"""

from __future__ import annotations

import base64
import re
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from starling.assessment import Assessment
from starling.errors import InputError, TrustError
from starling.report.first_page import certainty_mark, gene_words
from starling.report.glance import at_a_glance
from starling.report.patient import card_dangers
from starling.report.text import visible
from starling.report.words import joined, plural
from starling.trust.keys import TrustedKey, fingerprint
from starling.trust.signature import Signature, sign
from starling.values import dataclass

#: What is signed begins with it, so that a signature of a card counts for nothing else.
PURPOSE: Final = "starling.card"
#: Bytes of a QR code of version 27 at error level M: 125 modules, 0.35 mm each on the card.
#: Source: ISO/IEC 18004:2015, table 7; that modules of that size are read is tried with a decoder at 300 dots per inch.
MOST_BYTES: Final = 1125
#: A name longer than that is none that a card shows (ours).
_LONGEST_NAME: Final = 80
#: Of a file that should hold a card's text no more is read.
LARGEST: Final = 1 << 14
_DAY: Final = r"\d{4}-\d\d-\d\d"
_BODY: Final = re.compile(
    r"starling\.card/1 part (?P<part>[1-9]\d?) of (?P<parts>[1-9]\d?)\n"
    r"Name: (?P<name>[^\n]+)\nBorn: (?P<born>[^\n]+)\n"
    r"(?P<said>(?:[!+?] [^\n]+\n)*)"
    r"(?:Left out: (?P<left>[^\n]+)\n)?"
    rf"Made: (?P<made>{_DAY}|not stated)\nKnowledge: (?P<version>[^\n]+), checked (?P<checked>[^\n]+)\n"
    r"Result: (?P<result>[0-9a-f]{12})\n"
)
_TAIL: Final = re.compile(r"Key: (?P<key>[0-9a-f]{16})\nSignature: (?P<value>[A-Za-z0-9_-]{86})")
_SIGNED_BYTES: Final = len("Key: \nSignature: ") + 16 + 86


@dataclass(frozen=True, slots=True)
class Card:
    """What one card says.  `dangers`: sentences; `genes`: results that call for something; `without`: no result."""

    name: str
    born: str
    dangers: tuple[str, ...]
    genes: tuple[str, ...]
    without: tuple[str, ...]
    made: str
    version: str
    checked_on: str
    result: str


@dataclass(frozen=True, slots=True)
class Payload:
    """The text of one code, as it was read.  `body` is what is signed."""

    body: str
    key: str
    signature: bytes

    @property
    def text(self) -> str:
        """As it stands in the code."""
        value = base64.urlsafe_b64encode(self.signature).decode("ascii").rstrip("=")
        return f"{self.body}Key: {self.key}\nSignature: {value}"

    def field(self, name: str) -> str:
        """One of: part, parts, name, born, left, made, version, checked, result; empty where it is not said."""
        read = _BODY.fullmatch(self.body)
        return (read[name] or "") if read else ""


def card_of(assessment: Assessment) -> Card:
    """The card of a person.  Raises: InputError BAD_OPTION, the sender's, when it is not said whose it is."""
    name, born = (_plain(assessment.subject.get(key, "")) for key in ("name", "birth_date"))
    if not name or not born or len(name) > _LONGEST_NAME or len(born) > _LONGEST_NAME:
        said = f"a card needs name=... and birth_date=..., each of at most {_LONGEST_NAME} letters"
        raise InputError("BAD_OPTION", said, source="--subject")
    glance = at_a_glance(assessment)
    genes = {gene.gene: gene for gene in assessment.genes}
    lines = (*glance.harmful, *glance.leading)  # the genes behind a danger first: where room ends they are there
    named = dict.fromkeys(gene for line in lines if line.lead for gene in line.lead.genes if gene in genes)
    shown = [genes[gene] for gene in named if genes[gene].status != "undetermined"]
    marks = {"not certain": " (not certain)"}
    knowledge = assessment.provenance.knowledge
    made = assessment.run.created[:10]
    return Card(
        name=name,
        born=born,
        dangers=tuple(map(_plain, card_dangers(assessment))),
        genes=tuple(_plain(gene_words(gene) + marks.get(certainty_mark(gene), "")) for gene in shown),
        without=tuple(sorted(gene.gene for gene in assessment.genes if certainty_mark(gene) == "no result")),
        made=made if re.fullmatch(_DAY, made) else "not stated",
        version=_plain(knowledge.version),
        checked_on=_plain(knowledge.checked_on) or "not stated",
        result=assessment.result_sha256[:12],
    )


def _plain(text: str) -> str:
    """On one line, with nothing that cannot be seen, and composed, as a scanner gives it back."""
    return visible(" ".join(unicodedata.normalize("NFC", text).split()))


def bodies(card: Card) -> tuple[str, ...]:
    """What is signed, a text for each code.  All dangers come first; genes go where room is left, the rest is counted.

    Raises: InputError CARD_FULL, the sender's, when one danger alone is longer than a code.
    """
    groups: list[list[str]] = [[]]
    for danger in card.dangers:
        line = f"! {danger}"
        if groups[-1] and not _fits(card, [*groups[-1], line]):
            groups.append([])
        groups[-1].append(line)
        if not _fits(card, groups[-1]):
            raise InputError("CARD_FULL", f"one result concerns more drugs than a code holds: {danger[:60]}...")
    more = [f"? No result: {joined(card.without)}"] if card.without else []
    more += [f"+ {gene}" for gene in card.genes]
    left: list[str] = []
    for line in more:
        (groups[-1] if _fits(card, [*groups[-1], line]) else left).append(line)
    said = _left_out(left)
    return tuple(
        _body(card, lines, (number, len(groups)), said if number == len(groups) else "")
        for number, lines in enumerate(groups, 1)
    )


def _left_out(left: Sequence[str]) -> str:
    genes = sum(line.startswith("+") for line in left)
    said = [plural(genes, "gene")] if genes else []
    said += ["genes without a result"] if len(left) > genes else []
    return f"{joined(said)}, see the report" if said else ""


def _fits(card: Card, lines: Iterable[str]) -> bool:
    """Whether a code holds the lines, with the longest number of parts and the longest words on what was left out."""
    longest = _body(card, lines, (99, 99), _left_out(["+"] * 999 + ["?"]))
    return len(longest.encode("utf-8")) + _SIGNED_BYTES <= MOST_BYTES


def _body(card: Card, lines: Iterable[str], part: tuple[int, int], left: str) -> str:
    said = (
        f"starling.card/1 part {part[0]} of {part[1]}",
        f"Name: {card.name}",
        f"Born: {card.born}",
        *lines,
        *((f"Left out: {left}",) if left else ()),
        f"Made: {card.made}",
        f"Knowledge: {card.version}, checked {card.checked_on}",
        f"Result: {card.result}",
    )
    return "".join(f"{line}\n" for line in said)


def payloads(card: Card, private_pem: Path) -> tuple[Payload, ...]:
    """The signed texts.  Raises: InputError CARD_FULL, BAD_KEY, EXTRA_MISSING."""
    return tuple(_signed(body, private_pem) for body in bodies(card))


def _signed(body: str, private_pem: Path) -> Payload:
    made = sign(private_pem, PURPOSE, body.encode("utf-8"), password=_no_password)
    return Payload(body, fingerprint(made.public), made.value)


def _no_password() -> bytes:
    raise InputError("BAD_KEY", "the key of a card has no password: it is a file that its owner alone may read")


def read_payload(data: bytes) -> tuple[Payload, ...]:
    """What a scanner gave, as it may be meant: it may have changed line ends, or taken UTF-8 for Latin-1.

    Which of them is meant the signature says.  Raises: InputError BAD_CARD, the sender's, when it is no card's text.
    """
    found = [payload for text in _spellings(data) if (payload := _parsed(text)) is not None]
    if not found:
        raise InputError("BAD_CARD", "is not the whole text of a card's code")
    return tuple(dict.fromkeys(found))


def _spellings(data: bytes) -> Iterable[str]:
    try:
        text = data[: LARGEST + 1].decode("utf-8-sig")
    except UnicodeDecodeError:
        return
    plain = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    yield plain
    try:
        yield plain.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return


def _parsed(text: str) -> Payload | None:
    said, _, tail = text.rpartition("\nKey: ")
    read, body = _TAIL.fullmatch(f"Key: {tail}"), f"{said}\n"
    if read is None or not _BODY.fullmatch(body):
        return None
    return Payload(body, read["key"], base64.urlsafe_b64decode(read["value"] + "=="))


def believed(found: Iterable[Payload], trusted: Iterable[TrustedKey]) -> tuple[Payload, TrustedKey]:
    """The reading that a trusted key signed, and the key.

    Raises: TrustError CARD_KEY_UNKNOWN, CARD_REFUSED, the security officer's.
    """
    keys = {key.fingerprint: key for key in trusted}
    known = [(each, keys[each.key]) for each in found if each.key in keys]
    if not known:
        named = joined(sorted({each.key for each in found}), "or")
        raise TrustError("CARD_KEY_UNKNOWN", f"signed with the key {named}, which nobody here trusts")
    for payload, key in known:
        if Signature(key.public, payload.signature).fits(PURPOSE, payload.body.encode("utf-8")):
            return payload, key
    named = known[0][1].name
    raise TrustError("CARD_REFUSED", f"this is not what {named} signed: the text was changed, or the key is another's")
