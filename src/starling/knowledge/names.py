"""How a name that a person typed is compared with a name of the tables."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Final

_IGNORED: Final = re.compile(r"[^\w/+]|_")

_UNIT: Final = r"(?:mg|mcg|µg|μg|ug|kg|g|ml|l|mmol|iu|ie|ui|i\.?u\.?|units?|%)"
_NUMBER: Final = r"\d+(?:[.,]\d+)*"
#: Forms that are swallowed or injected.  Creams, eye drops and the like are not here: what reaches an enzyme from them
#: is not what the tables speak of, so such a name stays unknown, and that is said.
_FORMS: Final = frozenset({
    "tablet", "tablets", "tab", "tabs", "tablette", "tabletten", "filmtablette", "filmtabletten", "comprime",
    "comprimes", "comprimé", "comprimés", "comprimido", "comprimidos", "compressa", "compresse", "filmomhulde",
    "capsule", "capsules", "cap", "caps", "capsula", "capsulas", "cápsula", "cápsulas", "kapsel", "kapseln", "gelule",
    "gelules", "gélule", "gélules", "solution", "oral", "injection", "injectable", "infusion", "suspension", "syrup",
    "sachet", "sachets", "retard",
    "retardtablette", "retardtabletten", "sr", "xr", "er", "mr", "cr", "la", "xl", "iv", "im", "sc", "po", "od", "bd",
    "tds", "qds", "film", "coated", "film-coated", "gastro-resistant", "modified", "release", "prolonged", "extended",
    "modified-release", "prolonged-release", "extended-release",
})  # fmt: skip
#: Words for the salt of a substance; the tables speak of the substance.
_SALTS: Final = frozenset({
    "hydrochloride", "dihydrochloride", "hcl", "hydrobromide", "phosphate", "sulfate", "sulphate", "sodium",
    "potassium", "calcium", "magnesium", "maleate", "mesilate", "mesylate", "besilate", "besylate", "bisulfate",
    "tartrate", "bitartrate", "succinate", "fumarate", "citrate", "hydrochlorid", "hydrochloridum", "hydrochlorure",
    "chlorhydrate", "clorhidrato", "hidrocloruro", "cloridrato", "natrium", "kalium", "sodique", "sodico", "sódico",
    "phosphat", "fosfato", "fosfaat", "succinat", "succinato", "tartrat", "tartrato", "sulfat", "sulfato", "maleat",
    "maleato",
})  # fmt: skip
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
def _hyphen_before_salt() -> re.Pattern[str]:
    return re.compile(rf"-(?=(?:{'|'.join(sorted(_SALTS))})\b)")


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
    return _IGNORED.sub("", text.casefold())


def without_form(text: str) -> str:
    """The name without strengths, forms and salts, as they stand on a prescription.

    >>> without_form("Plavix 75 mg tablets"), without_form("metoprolol succinate ER 50mg")
    ('plavix', 'metoprolol')
    """
    first, *words = _strength().sub(" ", _hyphen_before_salt().sub(" ", text.casefold())).replace("(", " ").replace(
        ")", " "
    ).split() or [""]
    said = (word.strip(",;.") for word in words)
    return " ".join([first.strip(",;."), *(w for w in said if w not in _FORMS | _SALTS and not w.isdecimal())]).strip()


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
