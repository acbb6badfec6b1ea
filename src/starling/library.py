"""What `import starling` offers: the engine, asked in one line, with paths and names as people write them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TypedDict, Unpack

from starling.assessment import Assessment, Options, Question
from starling.engine import Engine, Source
from starling.formats.stream import Progress
from starling.guidance.facts import SEPARATOR, checked
from starling.knowledge.base import KnowledgeBase
from starling.vocabulary import OutsideCall

#: a compiled file, one that is open, or an engine that holds one; None: what came with the program
Knowledge = str | Path | KnowledgeBase | Engine | None


class Asked(TypedDict, total=False):
    """What is asked beside the source, by the names of `starling.Question`; one name may stand for a list of one.

    `outside`: a file of outside calls (of a laboratory or of a tool that is read), or the calls themselves.
    `medication`: by any name; one that nobody knows is noted in the provenance as UNKNOWN_MEDICINE.
    `age` (years), `weight` (kg), `pregnant`, `breastfeeding`, `indication`: facts that conditions of advice ask
    for; the same as in `subject`.
    """

    drugs: Sequence[str] | str | None
    genes: Sequence[str] | str | None
    outside: str | Path | Sequence[OutsideCall] | None
    medication: Sequence[str] | str | None
    subject: Mapping[str, str] | None
    age: float | None
    weight: float | None
    pregnant: bool | None
    breastfeeding: bool | None
    indication: Sequence[str] | str | None


def assess(
    source: Source | None = None,
    *,
    sample: str | None = None,
    options: Options = Options(),
    knowledge: Knowledge = None,
    **asked: Unpack[Asked],
) -> Assessment:
    """The assessment of one person.

    `source`: a path, `-` for standard input, or several paths that are parts of one person's data; none when `outside`
    states all there is.
    `knowledge`: for many patients open an `Engine` once and hand it in.  `asked`: see `Asked`.
    Raises: InputError, the sender's; KnowledgeError, the administrator's.
    """
    return engine_of(knowledge).assess(source, question(**asked), sample=sample, options=options)


def assess_all(
    source: Source | None = None,
    *,
    samples: Sequence[str] | None = None,
    options: Options = Options(),
    knowledge: Knowledge = None,
    progress: Progress | None = None,
    **asked: Unpack[Asked],
) -> Iterator[Assessment]:
    """The assessment of every person in the sources (or of the `samples` named), read in one pass.

    What is said of one patient (`outside`, `medication`, `subject`, a sex) is refused when there are several people.
    `progress`: called with (bytes read, size or None) while a file is read whole.
    Raises: InputError, the sender's; KnowledgeError, the administrator's.
    """
    engine, about = engine_of(knowledge), question(**asked)
    yield from engine.assess_all(source, about, samples=samples, options=options, progress=progress)


def question(**asked: Unpack[Asked]) -> Question:
    """The question as a value.

    Raises: InputError, the sender's, when the file of outside calls cannot be read; TypeError, the caller's.
    """
    unknown = asked.keys() - Asked.__annotations__.keys()
    if unknown:
        raise TypeError(f"a question has no {', '.join(sorted(unknown))}; it has {', '.join(Asked.__annotations__)}")
    calls = asked.get("outside") or ()
    if isinstance(calls, (str, Path)):
        from starling.formats.outside import read_outside_calls

        calls = read_outside_calls(calls)
    return Question(
        drugs=_names(asked.get("drugs", ())),
        genes=_names(asked.get("genes", ())),
        outside=tuple(calls),
        medication=_names(asked.get("medication", ())),
        subject=checked({**(asked.get("subject") or {}), **_facts(asked)}, date.today()),
    )


def _facts(asked: Asked) -> dict[str, str]:
    """The facts under a name of their own, as fields of the subject."""
    facts = {name: f"{value:g}" for name in ("age", "weight") if (value := asked.get(name)) is not None}
    flags = {name: value for name in ("pregnant", "breastfeeding") if (value := asked.get(name)) is not None}
    facts |= {name: "yes" if value else "no" for name, value in flags.items()}
    indications = _names(asked.get("indication"))
    return {**facts, "indication": SEPARATOR.join(indications)} if indications else facts


def _names(names: Sequence[str] | str | None) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names or ())


def engine_of(knowledge: Knowledge) -> Engine:
    """The engine that holds this knowledge."""
    match knowledge:
        case Engine():
            return knowledge
        case KnowledgeBase():
            return Engine(knowledge)
        case _:
            return Engine.open(knowledge)
