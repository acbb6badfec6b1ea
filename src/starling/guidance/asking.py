"""What must be asked before an answer holds: open conditions that would rule the drug out, as questions in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from starling.assessment import OpenCondition, Recommendation
from starling.condition_keys import (
    FLAGS,
    GENE,
    NUMBERS,
    TAKING,
    Clause,
    is_askable,
    parse_class,
    parse_condition,
    parse_number,
)
from starling.definitions import SERIOUS, StatedLimit, seriousness
from starling.guidance.conditions import Decider

_SIGNS: Final = {
    "age": {"<": "under {}", "<=": "{} or younger", ">": "older than {}", ">=": "{} or older"},
    "weight": {"<": "below {} kg", "<=": "{} kg or less", ">": "above {} kg", ">=": "{} kg or more"},
}
_PHRASES: Final = {
    "indication": ("treated for {}", "treated for anything but {}"),
    "after": ("recovering from {}", "not recovering from {}"),
    "history": ("known to have had {}", "known never to have had {}"),
    "transplant": ("a recipient of a {} transplant", "anything but a recipient of a {} transplant"),
    "menopause": ("{} menopause", "not {} menopause"),
    "formulation": ("given {}", "given anything but {}"),
    TAKING: ("taking {}", "taking none of {}"),
}


def open_conditions(
    rows: Iterable[Recommendation], limits: Iterable[StatedLimit], decider: Decider, headline: str | None
) -> tuple[OpenCondition, ...]:
    """Every question whose yes would make the answer avoid or contraindicated, the gravest first, each once.

    Nothing is asked when the answer says so already, of what only the course of treatment shows, or of the genotype.
    """
    if headline in SERIOUS:
        return ()
    found: dict[str, OpenCondition] = {}
    for each in sorted(_open(rows, limits, decider), key=lambda each: seriousness(each.action)):
        found.setdefault(each.ask, each)
    return tuple(found.values())


def _open(rows: Iterable[Recommendation], limits: Iterable[StatedLimit], decider: Decider) -> Iterator[OpenCondition]:
    stated = [
        (each.key, each.action, row.source) for row in rows for each in row.advice.conditions if each.action in SERIOUS
    ]
    stated += [(each.key, each.action, each.source) for each in limits if each.action in SERIOUS]
    for key, action, source in stated:
        if not key or not is_askable(key):
            continue
        clauses = [(clause, decider.state(clause)) for clause in parse_condition(key)]
        unknown = [clause for clause, state in clauses if state is None]
        if unknown and all(state is not False for _, state in clauses) and all(each.name != GENE for each in unknown):
            yield OpenCondition(question_of(unknown), key, action, source)


def question_of(clauses: Iterable[Clause]) -> str:
    """The clauses as one question.

    >>> question_of(parse_condition("age: <18 & after: tonsillectomy | adenoidectomy"))
    'Is the patient under 18 and recovering from tonsillectomy or adenoidectomy?'
    """
    return f"Is the patient {' and '.join(map(_phrase, clauses))}?"


def _phrase(clause: Clause) -> str:
    if clause.name in NUMBERS:
        signs = (parse_number(value) for value in clause.values)
        said = " or ".join(_SIGNS[clause.name][sign].format(f"{number:g}") for sign, number in signs)
        return f"not {said}" if clause.negated else said
    if clause.name in FLAGS:
        return f"not {clause.name}" if clause.negated else clause.name
    return _PHRASES[clause.name][clause.negated].format(_listed(clause))


def _listed(clause: Clause) -> str:
    """The values with `or`; classes of one enzyme as one: `a strong or moderate CYP3A4 inhibitor`."""
    classes: dict[tuple[str, str], list[str]] = {}
    names: list[str] = []
    for value in clause.values:
        known = parse_class(value) if clause.name == TAKING else None
        if known is None:
            names.append(value)
        else:
            strength, _, kind = known[1].partition(" ")
            classes.setdefault((known[0], kind), []).append(strength)
    said = [f"a {_or(each)} {enzyme} {kind}" for (enzyme, kind), each in classes.items()]
    return _or([*said, *names])


def _or(parts: list[str]) -> str:
    return " or ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else parts[0]
