"""What is stated of a patient, as far as conditions of advice ask for it.

What nobody stated is unknown, never false: a fact is `closed` when everything about it is known, so that what was not
stated is not so (all medicines were understood; an indication was named and understood).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Final

from starling.condition_keys import FLAGS, NUMBERS, TAKING, WORDS, indication_name, kind_of
from starling.definitions import Inhibitor, Medicine
from starling.errors import InputError
from starling.guidance.ancestry import KNOWN, group_of
from starling.values import dataclass, field
from starling.vocabulary import Notice

#: Fields of the subject that may decide a condition.
DECIDING: Final = (*NUMBERS, *sorted(FLAGS), *WORDS)
#: Between several indications in one field of the subject.
SEPARATOR: Final = ";"

#: Said once, wherever medicines were stated.
NOT_A_CHECKER: Final = Notice(
    "NOT_AN_INTERACTION_CHECKER",
    "Starling is not an interaction checker: medicines were considered only where a guideline or a label of the drug "
    "that was asked about names them.",
)

#: Outside these an age or a weight is a slip of the pen (ours; the oldest person lived 122 years).
_LIMITS: Final = {"age": (0.0, 125.0), "weight": (0.2, 650.0)}
#: from this age on a patient is an adult
ADULT_YEARS: Final = 18
_YES: Final = {"yes": True, "true": True, "y": True, "1": True, "no": False, "false": False, "n": False, "0": False}
_SYNONYMS: Final[Mapping[str, tuple[str, ...]]] = {
    "tonsil removal": ("tonsillectomy",),
    "adenoid removal": ("adenoidectomy",),
    "adenotonsillectomy": ("tonsillectomy", "adenoidectomy"),
    "pre": ("before",), "premenopausal": ("before",), "post": ("after",), "postmenopausal": ("after",),
    "tablet": ("tablets", "oral"), "tablets": ("tablets", "oral"), "drops": ("drops", "oral"),
    "solution": ("oral",), "cream": ("cutaneous",), "topical": ("cutaneous",), "intramuscular": ("injection",),
    "depot": ("injection",), "maintena": ("Maintena", "injection"), "asimtufii": ("Asimtufii", "injection"),
    "onivyde": ("liposomal", "injection"), "none": (),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Facts:
    """One patient's facts.

    `numbers`: clause -> years or kilograms.  `words`: clause -> what is true.  `closed`: clauses of which all is known.
    `taken`: an ingredient or `ENZYME strong inhibitor`, lower case -> the ingredients that make it true.
    """

    numbers: Mapping[str, float] = field(default_factory=dict)
    words: Mapping[str, frozenset[str]] = field(default_factory=dict)
    closed: frozenset[str] = frozenset()
    taken: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @property
    def is_stated(self) -> bool:
        """Whether anything is known that could decide a condition."""
        return bool(self.numbers or self.words or self.closed or self.taken)


NOTHING: Final = Facts()


def facts_of(
    subject: Mapping[str, str],
    medicines: Sequence[Medicine] = (),
    statements: Iterable[Inhibitor] = (),
    indications: Mapping[str, frozenset[str]] = MappingProxyType({}),
) -> Facts:
    """The facts in what is stated; a value that is none (a word for an age) is no fact.

    `statements`: what the medicines do to enzymes.  `indications`: `indication_name` -> the indications it means.
    """
    numbers = {name: number for name in NUMBERS if (number := _number(subject.get(name, ""))) is not None}
    words: dict[str, frozenset[str]] = {}
    closed: set[str] = set()
    for name in (*FLAGS, *WORDS):
        stated = _words(name, subject, indications)
        if stated is not None:
            words[name] = frozenset(word for meant in stated if meant is not None for word in meant)
            closed |= {name} if None not in stated else set()
    past = words.get("indication", frozenset()) & (WORDS["history"] or frozenset())
    if past:  # what a patient is treated for has happened; an indication does not say what never did
        words["history"] = words.get("history", frozenset()) | past
    if medicines and all(each.is_known for each in medicines):
        closed.add(TAKING)
    return (
        Facts(numbers, words, frozenset(closed), _taken(medicines, statements))
        if words or numbers or medicines
        else NOTHING
    )


def _taken(medicines: Sequence[Medicine], statements: Iterable[Inhibitor]) -> dict[str, frozenset[str]]:
    """Where sources disagree on how strongly a medicine acts, each statement counts: the stronger one decides."""
    found: dict[str, set[str]] = {}
    for each in medicines:
        for substance in each.substances:
            found.setdefault(substance.casefold(), set()).add(substance)
    for row in statements:
        found.setdefault(f"{row.enzyme} {kind_of(row.strength)}".casefold(), set()).add(row.ingredient)
    return {value: frozenset(ingredients) for value, ingredients in found.items()}


def _words(
    name: str, subject: Mapping[str, str], indications: Mapping[str, frozenset[str]]
) -> list[Iterable[str] | None] | None:
    """What each stated text means, None for one that is not understood; None when nothing is stated."""
    texts = _texts(subject, name)
    if name in FLAGS:
        if not texts and subject.get("sex", "").casefold() == "male":
            return [()]
        known = [_YES.get(text.casefold()) for text in texts]
        return [None if each is None else ("yes",) if each else () for each in known] if known else None
    if not texts:
        return None
    if name == "indication":
        return [indications.get(indication_name(text)) for text in texts]
    return [_meant(text, WORDS[name] or frozenset()) for text in texts]


def _meant(text: str, known: frozenset[str]) -> Iterable[str] | None:
    plain = " ".join(text.casefold().replace("_", " ").replace("-", " ").split())
    if plain in _SYNONYMS and known.issuperset(_SYNONYMS[plain]):
        return _SYNONYMS[plain]
    return next(((word,) for word in known if word.casefold() == plain), None)


def _number(text: str) -> float | None:
    try:
        number = float(text.strip())
    except ValueError:
        return None
    return number if number == number else None  # NaN is no number


def means_yes(text: str) -> bool:
    """Whether a field of yes or no says yes."""
    return _YES.get(text.strip().casefold()) is True


def is_child(subject: Mapping[str, str]) -> bool:
    """Whether a stated age is below 18 years."""
    age = _number(subject.get("age", ""))
    return age is not None and age < ADULT_YEARS


def age_on(birth_date: str, day: date) -> int | None:
    """Whole years from a date of birth (YEAR-MONTH-DAY) to a day; None when it is no such date or later than the day.

    >>> age_on("2015-03-02", date(2027, 3, 1))  # the birthday is tomorrow
    11
    """
    try:
        born = date.fromisoformat(birth_date.strip())
    except ValueError:
        return None
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day)) if born <= day else None


def with_age(subject: Mapping[str, str], day: date) -> dict[str, str]:
    """The subject with an age, where only a date of birth is stated: recorded, since the answer rests on it."""
    age = age_on(subject.get("birth_date", ""), day) if not subject.get("age", "").strip() else None
    return {**subject, "age": str(age)} if age is not None else dict(subject)


def checked(subject: Mapping[str, str], today: date) -> Mapping[str, str]:
    """The same subject.

    Raises: InputError BAD_OPTION, the sender's: an age or a weight that nobody has, an age that contradicts the date of
    birth by more than a year, a date of birth that is none or is yet to come, yes or no that is neither or that
    contradicts the sex, or an ancestry that no flow knows.
    """
    for name, unit in NUMBERS.items():
        low, high = _LIMITS[name]
        number = _number(subject.get(name, ""))
        if subject.get(name, "").strip() and (number is None or not low <= number <= high):
            raise _refused(name, subject[name], f"say a number of {unit} from {low:g} to {high:g}")
    for name in sorted(FLAGS):
        if subject.get(name, "").strip().casefold() not in {"", *_YES}:
            raise _refused(name, subject[name], "say yes or no")
    male = subject.get("sex", "").strip().casefold() == "male"
    for name in sorted(FLAGS):
        if male and _YES.get(subject.get(name, "").strip().casefold()):
            raise _refused(name, subject[name], "it contradicts sex=male")
    stated = subject.get("birth_date", "").strip()
    if stated and not _can_be_born(stated, today):
        raise _refused("birth_date", stated, "say YEAR-MONTH-DAY, not later than today")
    age, born = _number(subject.get("age", "")), age_on(subject.get("birth_date", ""), today)
    if age is not None and born is not None and abs(age - born) > 1:
        raise _refused("age", subject["age"], f"it contradicts birth_date={subject['birth_date']} ({born} years today)")
    ancestry = subject.get("ancestry", "").strip()
    if ancestry and group_of(ancestry) is None:
        raise _refused("ancestry", ancestry, f"say {KNOWN}, unknown")
    return subject


def _can_be_born(text: str, today: date) -> bool:
    """Whether a text is a date up to a day, or the year or month of one: they give no age, and are no mistake."""
    partial = re.fullmatch(r"[12]\d{3}(-(0[1-9]|1[0-2]))?", text)
    return text <= today.isoformat() if partial else age_on(text, today) is not None


def _refused(name: str, value: str, advice: str) -> InputError:
    return InputError("BAD_OPTION", f"{name}={value}: {advice}", source="subject")


def fact_notices(subject: Mapping[str, str], indications: Mapping[str, frozenset[str]]) -> Iterator[Notice]:
    """What was stated and could not be understood: it decides nothing, and is said."""
    for text in _texts(subject, "indication"):
        if indication_name(text) not in indications:
            near = _near(indication_name(text), indications)
            hint = f" (did you mean {near}?)" if near else ""
            yield Notice(
                "UNKNOWN_INDICATION", f"the indication {text!r} is not known here{hint}; it was not considered"
            )
    for name in ("after", "history", "menopause", "formulation"):
        for text in _texts(subject, name):
            if _meant(text, WORDS[name] or frozenset()) is None:
                yield Notice("UNKNOWN_INDICATION", f"{name}={text} is not known here; it was not considered")


def _texts(subject: Mapping[str, str], name: str) -> list[str]:
    """What is stated in one field, each text apart."""
    return [text.strip() for text in subject.get(name, "").split(SEPARATOR) if text.strip()]


def _near(name: str, indications: Iterable[str]) -> str:
    """The indication that is spelled most alike; empty when none is."""
    import difflib  # takes long to load, and is seldom asked for

    return next(iter(difflib.get_close_matches(name, indications, n=1, cutoff=0.8)), "")
