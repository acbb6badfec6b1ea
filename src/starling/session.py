"""What somebody hands in at a prompt or in a script, made exact; and what a value shows there, kept short."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Set
from importlib import import_module
from math import isfinite
from typing import Any, Final, get_args

from starling.errors import InputError
from starling.vocabulary import BuildName, OutsideCall, Sex

# --- what was handed in -----------------------------------------------------------------------------------------------

#: what an option takes that is a word
CHOICES: Final[Mapping[str, tuple[object, ...]]] = {
    "build": (None, *get_args(BuildName)),
    "sex": get_args(Sex),
    "absent_is_reference": ("no", "yes", "force"),
    "phase": ("trust", "sets", "ignore"),
}
#: options that are a number, and those of them that are a share
LIMITS: Final = ("min_dp", "min_gq", "min_gp", "max_other_reads", "min_het_reads")
SHARES: Final = frozenset(LIMITS[2:])


def names_of(names: Iterable[object] | None, what: str) -> tuple[str, ...]:
    """The names, in order; one text is never read letter by letter, but as names with commas between them.

    A set has no order of its own, and is sorted: the same question gives the same digest.
    Raises: TypeError, the caller's, when one of them is no text.

    >>> names_of("paroxetine, amiodarone", "medication"), names_of({"b", "a"}, "drugs"), names_of(None, "genes")
    (('paroxetine', 'amiodarone'), ('a', 'b'), ())
    """
    if isinstance(names, str):
        return tuple(name for each in names.split(",") if (name := each.strip()))
    given = tuple(names or ())
    found = tuple(each for each in given if isinstance(each, str))
    if len(found) < len(given):
        strange = next(each for each in given if not isinstance(each, str))
        raise TypeError(f"{what}: {strange!r} is not a name")
    return tuple(sorted(found)) if isinstance(names, Set) else found


def calls_of(calls: Iterable[object] | None) -> tuple[OutsideCall, ...]:
    """The calls.  Raises: TypeError, the caller's, on what is none, as the name of a file."""
    given = tuple(calls or ())
    found = tuple(each for each in given if isinstance(each, OutsideCall))
    if len(found) < len(given):
        raise TypeError("outside: a question holds OutsideCall values; hand a path to starling.assess(outside=...)")
    return found


def facts_of(subject: Mapping[Any, object] | None) -> dict[str, str]:
    """What is known of a subject as text: True and False are yes and no, None is not stated.

    Raises: TypeError, the caller's, when it is no mapping of texts.

    >>> facts_of({"age": 67, "pregnant": False, "indication": None})
    {'age': '67', 'pregnant': 'no'}
    """
    stated: dict[Any, object] = {**(subject or {})}  # what is no mapping is refused here
    if not all(isinstance(key, str) for key in stated):
        raise TypeError("subject: every key is a text")
    words = {True: "yes", False: "no"}
    return {
        key: words[value] if isinstance(value, bool) else str(value)
        for key, value in stated.items()
        if value is not None
    }


def check_limit(name: str, value: object) -> None:
    """A limit is a number from 0 on, a share one up to 1.  Raises: InputError BAD_OPTION, the sender's."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value) or value < 0:
        raise InputError("BAD_OPTION", f"{value!r} is not a number from 0 on", source=name)
    if name in SHARES and value > 1:
        raise InputError("BAD_OPTION", f"{value!r} is no share, which is a number from 0 to 1", source=name)


# --- what is shown ----------------------------------------------------------------------------------------------------

#: A line of a session that a person reads (ours).
_BRIEF: Final = 100


def brief(kind: str, text: str) -> str:
    """One short line that steers no terminal, whatever the names of samples and alleles hold."""
    shown = text if text.isprintable() else repr(text)[1:-1]
    return f"<{kind} {shown if len(shown) <= _BRIEF else shown[: _BRIEF - 3] + '...'}>"


def stated(value: object, names: Iterable[str], usual: object) -> str:
    """A value as it would be written: only what differs from the usual one."""
    said = [f"{name}={getattr(value, name)!r}" for name in names if getattr(value, name) != getattr(usual, name)]
    return f"{type(value).__name__}({', '.join(said)})"


def published(verb: str) -> Callable[..., object]:
    """What `import starling` offers under this name: it stands on floors above, and is found where its users find it.

    So a value can be shown in a session without knowing who shows it.
    """
    found: Callable[..., object] = getattr(import_module("starling"), verb)
    return found
