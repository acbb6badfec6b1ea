"""What a patient takes, by any name -> ingredients, and what to say of a name that nobody here knows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from starling.definitions import Drug, Inhibitor
from starling.vocabulary import Notice


class Medicines(Protocol):
    """What is asked of a knowledge base here; `KnowledgeBase` answers it."""

    def knows_medicine(self, name: str) -> bool:
        """Whether the name is that of a drug or an inhibitor."""
        ...

    def find_inhibitors(self, name: str) -> Sequence[Inhibitor]:
        """Every statement on what the medicine does to an enzyme."""
        ...

    def find_drug(self, name: str) -> Drug:
        """The drug of that name, brand or code."""
        ...


def known_medicines(knowledge: Medicines, names: Sequence[str]) -> tuple[tuple[str, ...], tuple[Notice, ...]]:
    """Ingredients of the medicines named, and a notice for each name that nobody here knows."""
    known, notices = [], []
    for name in names:
        if knowledge.knows_medicine(name):
            inhibitors = knowledge.find_inhibitors(name)
            known.append(inhibitors[0].ingredient if inhibitors else knowledge.find_drug(name).name)
        else:
            message = f"{name!r} is not known here; its effect on other medicines was not considered"
            notices.append(Notice("UNKNOWN_MEDICINE", message))
    return tuple(dict.fromkeys(known)), tuple(notices)
