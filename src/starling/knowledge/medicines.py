"""What a patient takes, by any name -> ingredients, and what to say of a name that nobody here knows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final, Protocol

from starling.definitions import Inhibitor, Medicine
from starling.vocabulary import Notice

#: A class in the words of a prescriber who does not say which medicine it is.
_CLASS: Final = re.compile(r"(?:an? )?(strong|moderate|weak) (CYP\w+) (inhibitor|inducer)s?", re.IGNORECASE)


class Medicines(Protocol):
    """What is asked of a knowledge base here; `KnowledgeBase` answers it."""

    def knows_medicine(self, name: str) -> bool:
        """Whether the name is, as it stands, that of a drug or an inhibitor."""
        ...

    def read_medicine(self, name: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The substances of a medicine as prescribed, and its parts that nobody knows."""
        ...

    def components(self, substance: str) -> tuple[str, ...]:
        """The substances of a drug that is a combination."""
        ...

    def nearest_medicines(self, name: str) -> tuple[str, ...]:
        """Names that resemble this one."""
        ...

    def find_inhibitors(self, name: str) -> Sequence[Inhibitor]:
        """Every statement on what the medicine does to an enzyme."""
        ...

    def find_class(self, name: str) -> str:
        """The class (`CYP2D6 strong inhibitor`) of which some medicine is known."""
        ...


def class_of(name: str) -> str:
    """The class that is stated in the place of a medicine, as conditions name it; empty for anything else.

    >>> class_of("a strong cyp3a inhibitor"), class_of("paroxetine")
    ('CYP3A strong inhibitor', '')
    """
    found = _CLASS.fullmatch(" ".join(name.split()))
    if found is None:
        return ""
    return f"{found[2].upper()} {found[1].lower()} {found[3].lower()}"


def known_medicines(knowledge: Medicines, names: Sequence[str]) -> tuple[tuple[str, ...], tuple[Notice, ...]]:
    """Ingredients of the medicines named.

    A notice for each name that was not read as it stands, and for each that nobody here knows.
    """
    medicines = stated_medicines(knowledge, names)
    return ingredients_of(medicines), notices_of(knowledge, medicines)


def ingredients_of(medicines: Iterable[Medicine]) -> tuple[str, ...]:
    """The ingredients of all of them, each once."""
    return tuple(dict.fromkeys(substance for each in medicines for substance in each.substances))


def notices_of(knowledge: Medicines, medicines: Iterable[Medicine]) -> tuple[Notice, ...]:
    """A notice for each name that was not read as it stands, and for each that nobody here knows."""
    notices: list[Notice] = []
    for each in medicines:
        notices += read_as(knowledge, each.name)
        for part in each.unknown:
            near = ", ".join(knowledge.nearest_medicines(part))
            hint = f" (nearest names: {near})" if near else ""
            message = f"{part!r} is not known here{hint}; its effect on other medicines was not considered"
            notices.append(Notice("UNKNOWN_MEDICINE", message))
    return tuple(notices)


def stated_medicines(knowledge: Medicines, names: Sequence[str]) -> tuple[Medicine, ...]:
    """Each medicine named, with the ingredients it stands for, as inhibitors are listed.

    A combination that is a drug of its own stands for its parts as well: what they inhibit they inhibit in it.
    """
    found = []
    for name in filter(str.strip, names):
        stated = knowledge.find_class(class_of(name))
        if stated:
            found.append(Medicine(name.strip(), (stated,)))
            continue
        substances, unknown = knowledge.read_medicine(name)
        all_ = dict.fromkeys(each for whole in substances for each in (whole, *knowledge.components(whole)))
        listed = ((knowledge.find_inhibitors(substance), substance) for substance in all_)
        ingredients = tuple(rows[0].ingredient if rows else substance for rows, substance in listed)
        found.append(Medicine(name.strip(), ingredients, unknown))
    return tuple(found)


def read_as(knowledge: Medicines, name: str) -> tuple[Notice, ...]:
    """What to say of a name that is known only after its strength, form or spelling were passed over."""
    if knowledge.knows_medicine(name):
        return ()
    substances, unknown = knowledge.read_medicine(name)
    if not substances:
        return ()
    rest = f"; {', '.join(unknown)} in it is not known here" if unknown else ""
    rest += "; the number in it was not considered" if any(map(str.isdigit, name)) else ""
    return (Notice("NAME_READ_AS", f"{name.strip()!r} was read as {' and '.join(substances)}{rest}"),)
