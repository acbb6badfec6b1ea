"""How a name that a person typed is compared with a name of the tables."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Final

from starling.knowledge.prescribed import FORMS, JOINED, MAKERS, SALTS

_IGNORED: Final = re.compile(r"[^\w/+]|_")

_UNIT: Final = r"(?:mg|mcg|µg|μg|ug|kg|g|ml|l|mmol|iu|ie|ui|i\.?u\.?|units?|%)"
_NUMBER: Final = r"\d+(?:[.,]\d+)*"
#: Spellings of one sound in the names of substances; in this order.
_SOUNDS: Final = (
    ("ä", "e"), ("ö", "e"), ("ü", "u"), ("æ", "e"), ("œ", "e"), ("ae", "e"), ("oe", "e"), ("ou", "u"),
    ("ph", "f"), ("th", "t"), ("rh", "r"), ("ch", "c"), ("x", "ks"), ("c", "k"), ("y", "i"),
)  # fmt: skip
#: A shorter skeleton says too little to tell one substance from another (ours).
_LEAST_LETTERS: Final = 5


# The patterns below are compiled when a name is met that is not known as it stands, for that takes milliseconds.


@cache
def _atc_group() -> re.Pattern[str]:
    return re.compile(r"[A-Z]\d\d(?:[A-Z](?:[A-Z](?:\d\d)?)?)?")


@cache
def _strength() -> re.Pattern[str]:
    """`75 mg`, `50/1000mg`, `100 mg/5 ml`, `0,5 %`."""
    return re.compile(
        rf"(?<![\w-]){_NUMBER}(?:\s*[/-]\s*{_NUMBER})*\s*{_UNIT}"
        rf"(?:\s*/\s*(?:{_NUMBER}\s*)?(?:{_UNIT}|dose|tablet|h|day))?(?!\w)"
    )


@cache
def _scheme() -> re.Pattern[str]:
    """How often: `1-0-0`, `1x`, `1 x`."""
    return re.compile(r"(?<!\S)(?:[\d½](?:-[\d½]){2,3}|\d\s?x)(?!\S)")


@cache
def _hyphen_before_word() -> re.Pattern[str]:
    return re.compile(rf"-(?=(?:{'|'.join(sorted(SALTS | MAKERS))})(?!\w))")


@cache
def _salt_before() -> re.Pattern[str]:
    """`phosphate de`, as French, Spanish and Italian put the salt before the substance."""
    return re.compile(rf"^(?:{'|'.join(sorted(SALTS))}) (?:de |di |d['’])")


@cache
def _between_parts() -> re.Pattern[str]:
    return re.compile(r"\s*[/+&]\s*|\s+(?:and|with|plus|und|et|y|e|en)\s+")


def is_atc_group(text: str) -> bool:
    """Whether this is an ATC code of any level, e.g. `N06AB` (a group) or `N06AB05` (a substance)."""
    return _atc_group().fullmatch(text) is not None


def plain_name(text: str) -> str:
    """The name without case, blanks and hyphens: `5-FU`, `5 fu` and `5FU` are one name.

    >>> plain_name("Peginterferon alfa-2a")
    'peginterferonalfa2a'
    """
    folded = text.casefold()
    return folded if folded.isalnum() else _IGNORED.sub("", folded)


def without_form(text: str) -> str:
    """The name without strengths, forms, salts and makers, as they stand on a prescription.

    >>> without_form("Plavix 75 mg tablets"), without_form("chlorhydrate de tramadol LP 50mg")
    ('plavix', 'tramadol')
    >>> without_form("Codeinphosphat 30 mg"), without_form("sertralina cinfa 50 mg comprimidos EFG")
    ('codein', 'sertralina')
    """
    plain = _hyphen_before_word().sub(" ", text.casefold()).replace("(", " ").replace(")", " ")
    for passed in (_strength(), _scheme()):
        plain = passed.sub(" ", plain)
    first, *words = _salt_before().sub("", plain.strip()).split() or [""]
    said = [word for word in (word.strip(",;.") for word in words) if not _is_passed_over(word)]
    return " ".join([_without_salt(first.strip(",;.")), *said]).strip()


def _is_passed_over(word: str) -> bool:
    folded = _folded(word)
    return folded in FORMS or folded in SALTS or folded in MAKERS or word.isdecimal()


def _without_salt(word: str) -> str:
    """`codeinphosphat` without the salt; a word that would be too short is as it was."""
    salt = next((salt for salt in JOINED if word.endswith(salt)), "")
    return word.removesuffix(salt) if len(word) - len(salt) >= _LEAST_LETTERS else word


def _folded(text: str) -> str:
    """The letters without accents."""
    return "".join(letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))


def parts_of(text: str) -> tuple[str, ...]:
    """The substances of a combination, as written; one when it is none.

    >>> parts_of("ezetimibe/simvastatin 10/20 mg")
    ('ezetimibe', 'simvastatin')
    """
    return tuple(
        part for part in map(without_form, _between_parts().split(_strength().sub(" ", text.casefold()))) if part
    )


def skeleton(text: str) -> str:
    """What the spellings of one substance's name have in common in German, French, Dutch, Spanish, Italian and Latin.

    Empty for a name so short that it could be another's.

    >>> {skeleton(name) for name in ("Codein", "codéine", "codeïne", "codeína", "codeinum", "Kodein")}
    {'kodein'}
    """
    spelled = unicodedata.normalize("NFC", text.casefold())
    for one, other in _SOUNDS:
        spelled = spelled.replace(one, other) if one in "äöüæœ" else spelled
    spelled = re.sub(r"[^a-z0-9]", "", unicodedata.normalize("NFKD", spelled))
    for one, other in _SOUNDS:
        spelled = spelled.replace(one, other)
    found = re.sub(r"(?:um|[aeo])$", "", re.sub(r"(\D)\1+", r"\1", spelled))
    return found if len(found) >= _LEAST_LETTERS else ""


def canonical_when(when: str) -> str:
    """A condition of the base with its genes, and the alleles of its diplotypes, from A to Z."""
    return " & ".join(sorted(map(_canonical, when.split(" & "))))


def _canonical(part: str) -> str:
    gene, colon, pair = part.partition(":")
    return f"{gene}:{'/'.join(sorted(pair.split('/')))}" if colon and "=" not in gene else part
