"""What `import starling` offers: the engine, asked in one line, with paths and names as people write them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from starling.assessment import Assessment, Options, Question
from starling.engine import Engine, Source
from starling.formats.stream import Progress
from starling.knowledge.base import KnowledgeBase
from starling.vocabulary import OutsideCall

#: a file of outside calls, or the calls themselves
Outside = str | Path | Sequence[OutsideCall] | None
#: a compiled file, one that is open, or an engine that holds one; None: what came with the program
Knowledge = str | Path | KnowledgeBase | Engine | None


def assess(
    source: Source,
    *,
    sample: str | None = None,
    drugs: Sequence[str] | str = (),
    genes: Sequence[str] | str = (),
    outside: Outside = None,
    medication: Sequence[str] | str = (),
    subject: Mapping[str, str] | None = None,
    options: Options = Options(),
    knowledge: Knowledge = None,
) -> Assessment:
    """The assessment of one person.

    `source`: a path, `-` for standard input, or several paths that are parts of one person's data.
    `drugs`, `genes`: what to answer about; nothing named: everything.  `outside`: a file of outside calls or the calls
    themselves.  `medication`: what the patient takes, by any name; an unknown one is noted in the provenance as
    UNKNOWN_MEDICINE.  `knowledge`: for many patients open an `Engine` once and hand it in.
    Raises: InputError, the sender's; KnowledgeError, the administrator's.
    """
    asked = question(drugs=drugs, genes=genes, outside=outside, medication=medication, subject=subject)
    return engine_of(knowledge).assess(source, asked, sample=sample, options=options)


def assess_all(
    source: Source,
    *,
    samples: Sequence[str] | None = None,
    drugs: Sequence[str] | str = (),
    genes: Sequence[str] | str = (),
    outside: Outside = None,
    medication: Sequence[str] | str = (),
    subject: Mapping[str, str] | None = None,
    options: Options = Options(),
    knowledge: Knowledge = None,
    progress: Progress | None = None,
) -> Iterator[Assessment]:
    """The assessment of every person in the sources (or of the `samples` named), read in one pass.

    What is said of one patient (`outside`, `medication`, `subject`, a sex) is refused when there are several people.
    `progress`: called with (bytes read, size or None) while a file is read whole.
    Raises: InputError, the sender's; KnowledgeError, the administrator's.
    """
    asked = question(drugs=drugs, genes=genes, outside=outside, medication=medication, subject=subject)
    yield from engine_of(knowledge).assess_all(source, asked, samples=samples, options=options, progress=progress)


def question(
    *,
    drugs: Sequence[str] | str = (),
    genes: Sequence[str] | str = (),
    outside: Outside = None,
    medication: Sequence[str] | str = (),
    subject: Mapping[str, str] | None = None,
) -> Question:
    """The question as a value; one name may stand for a list of one.

    Raises: InputError, the sender's, when the file of outside calls cannot be read.
    """
    calls = outside if outside is not None else ()
    if isinstance(calls, (str, Path)):
        from starling.formats.outside import read_outside_calls

        calls = read_outside_calls(calls)
    return Question(_names(drugs), _names(genes), tuple(calls), _names(medication), dict(subject or {}))


def _names(names: Sequence[str] | str) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)


def engine_of(knowledge: Knowledge) -> Engine:
    """The engine that holds this knowledge."""
    match knowledge:
        case Engine():
            return knowledge
        case KnowledgeBase():
            return Engine(knowledge)
        case _:
            return Engine.open(knowledge)
