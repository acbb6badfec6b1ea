"""What `import starling` offers: the engine, asked in one line, with paths and names as people write them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import TypedDict, Unpack

from starling.assessment import Assessment, Options, Question
from starling.engine import Engine, Source
from starling.formats.stream import Progress
from starling.guidance.facts import SEPARATOR, checked
from starling.knowledge.base import KnowledgeBase
from starling.session import facts_of, names_of
from starling.vocabulary import OutsideCall

#: a compiled file, one that is open, or an engine that holds one; None: what came with the program
Knowledge = str | Path | KnowledgeBase | Engine | None


class Asked(TypedDict, total=False):
    """What is asked beside the source, by the names of `starling.Question`.

    One text may stand for several names with commas between them, as on the command line.
    `outside`: files of outside calls (of a laboratory or of a tool that is read), or the calls themselves.
    `medication`: by any name; one that nobody knows is noted in the provenance as UNKNOWN_MEDICINE.
    `age` (years), `weight` (kg), `pregnant`, `breastfeeding`, `indication`: facts that conditions of advice ask
    for; the same as in `subject`.
    """

    drugs: Iterable[str] | str | None
    genes: Iterable[str] | str | None
    outside: str | Path | Iterable[OutsideCall | str | Path] | None
    medication: Iterable[str] | str | None
    subject: Mapping[str, object] | None
    age: float | None
    weight: float | None
    pregnant: bool | None
    breastfeeding: bool | None
    indication: Iterable[str] | str | None


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
    samples: Iterable[str] | str | None = None,
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
    return Question(
        drugs=names_of(asked.get("drugs"), "drugs"),
        genes=names_of(asked.get("genes"), "genes"),
        outside=_outside(asked.get("outside")),
        medication=names_of(asked.get("medication"), "medication"),
        subject=checked({**facts_of(asked.get("subject")), **_facts(asked)}, date.today()),
    )


def _facts(asked: Asked) -> dict[str, str]:
    """The facts under a name of their own, as fields of the subject."""
    named = {name: asked.get(name) for name in ("age", "weight", "pregnant", "breastfeeding")}
    facts = facts_of({name: f"{value:g}" if type(value) is float else value for name, value in named.items()})
    indications = names_of(asked.get("indication"), "indication")
    return {**facts, "indication": SEPARATOR.join(indications)} if indications else facts


def _outside(stated: str | Path | Iterable[OutsideCall | str | Path] | None) -> tuple[OutsideCall, ...]:
    """The calls; those of each file that is named."""
    calls: list[OutsideCall] = []
    for each in (stated,) if isinstance(stated, (str, Path)) else stated or ():
        if isinstance(each, OutsideCall):
            calls.append(each)
            continue
        from starling.formats.outside import read_outside_calls

        calls += read_outside_calls(each)
    return tuple(calls)


def genes(*, knowledge: Knowledge = None) -> tuple[str, ...]:
    """The genes that a result can be given for, from A to Z.  Raises: KnowledgeError, the administrator's."""
    return engine_of(knowledge).knowledge.genes


def drugs(*, knowledge: Knowledge = None) -> tuple[str, ...]:
    """The drugs that a question may name, from A to Z, those among them of which no guideline says anything.

    Raises: KnowledgeError, the administrator's.
    """
    guidance = engine_of(knowledge).knowledge.guidance
    return tuple(sorted(drug.name for drug in (*guidance.drugs, *guidance.unadvised)))


def find_gene(name: str, *, knowledge: Knowledge = None) -> str:
    """The gene under the name of the knowledge base, whatever its case.

    Raises: InputError UNKNOWN_GENE, the sender's, with the nearest names; KnowledgeError, the administrator's.
    """
    return engine_of(knowledge).knowledge.find_gene(name)


def find_drug(name: str, *, knowledge: Knowledge = None) -> str:
    """The ingredient that a brand, a code or a line of a prescription means.

    Raises: InputError UNKNOWN_DRUG, the sender's, with the nearest names; KnowledgeError, the administrator's.
    """
    return engine_of(knowledge).knowledge.find_drug(name).name


def engine_of(knowledge: Knowledge) -> Engine:
    """The engine that holds this knowledge."""
    match knowledge:
        case Engine():
            return knowledge
        case KnowledgeBase():
            return Engine(knowledge)
        case _:
            return Engine.open(knowledge)
