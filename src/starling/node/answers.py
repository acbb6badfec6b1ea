"""Evidence and a question -> the answer of `starling check`, word for word; asked again, it is there at once.

What decides an answer is its key: the job's evidence, the edition of the knowledge, the question, and the day (an age
is counted to it).  Nothing else is ever kept with it.
"""

from __future__ import annotations

import zlib
from collections import OrderedDict
from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from threading import Lock
from typing import Final, Generic, Protocol, TypeVar

from starling.assessment import Assessment, Options, Question
from starling.engine import EVERYTHING, Engine
from starling.errors import InputError, KnowledgeError
from starling.formats.registry import states_results
from starling.library import question
from starling.node import evidence
from starling.node.spool import in_memory
from starling.node.values import ClinicalChange, Order, Origin, Specimen
from starling.report.check import checks_view
from starling.report.check_json import checks_parts
from starling.report.document import from_json, to_json
from starling.serial.digest import ResultDigest
from starling.values import dataclass, replace
from starling.vocabulary import SampleGenotypes

#: drug -> headline
Actions = tuple[tuple[str, str], ...]
#: bytes of an assessment, at most: some hundred times that of everything known (ours)
_LARGEST: Final = 1 << 28
#: columns of an answer as text, as `starling check -o FILE.txt` writes it
WIDTH = 100


@dataclass(frozen=True, slots=True)
class Held:
    """One edition of the knowledge, ready; replaced whole, while questions under way finish on the old one."""

    engine: Engine
    loaded: str
    previous: str = ""
    changes: tuple[ClinicalChange, ...] = ()


def sound_engine(path: Path | None) -> Engine:
    """An edition ready to answer, whose content is what its digest says.  Raises: KnowledgeError."""
    engine = Engine.open(path)
    if not engine.knowledge.verify_content():
        raise KnowledgeError("KNOWLEDGE_DAMAGED", "the knowledge base is not what its digest says")
    return engine


@dataclass(frozen=True, slots=True)
class Rendered:
    """One answer: the document of `starling check --format json`, the text of its screen, and the drugs' names.

    `actions`: drug -> headline.  `result_sha256`: of the assessment behind it.
    """

    json: bytes
    text: str
    actions: Actions
    result_sha256: str


@dataclass(frozen=True, slots=True)
class Tested:
    """What is kept of a patient's test."""

    job: str
    name: str
    content: bytes
    origin: Origin
    specimen: Specimen

    def opened(self) -> AbstractContextManager[Path]:
        """A path under which it can be read, in memory alone."""
        return in_memory(self.name, [evidence.unpacked(self.content)])


def options_for(specimen: Specimen, sources: tuple[str, ...] = ()) -> Options:
    """How the evidence is read to answer: with the sex that was stated."""
    return replace(evidence.options_of(specimen), sex=specimen.sex, sources=sources)


def subject_of(specimen: Specimen) -> dict[str, str]:
    """What is known of the patient beside the file."""
    stated = {"sex": specimen.sex if specimen.sex != "unknown" else "", "birth_date": specimen.birth_date}
    return {name: value for name, value in stated.items() if value}


def packed(assessment: Assessment) -> bytes:
    """An assessment as the store keeps it."""
    return zlib.compress(to_json(assessment).encode())


def unpacked(kept: bytes) -> Assessment:
    """The assessment that `packed` made small.  Raises: InputError BAD_JSON, when it is none."""
    try:
        return from_json(zlib.decompressobj().decompress(kept, _LARGEST).decode())
    except (zlib.error, UnicodeDecodeError) as error:
        raise InputError("BAD_JSON", "no packed assessment") from error


def assessed(engine: Engine, tested: Tested) -> Assessment:
    """The whole assessment.  Raises: InputError, the sender's."""
    return with_genotypes(engine, tested)[0]


def with_genotypes(engine: Engine, tested: Tested) -> tuple[Assessment, SampleGenotypes]:
    """The whole assessment, and what the file itself says, whatever sex was stated; in one reading.

    Raises: InputError, the sender's.
    """
    asked = question(subject=subject_of(tested.specimen)) if subject_of(tested.specimen) else EVERYTHING
    options = options_for(tested.specimen)
    with tested.opened() as path:
        if states_results(path):
            found = engine.assess(path, asked, sample=tested.specimen.sample or None, options=options)
            return _of_the_file(found, tested.origin), SampleGenotypes(found.sample, {})
        collected = engine.read(path, options, samples=evidence.samples_of(tested.specimen))
    person = evidence.only(collected.samples, tested.name)
    observed = collected.observed[person.sample]
    unstated = replace(observed, options=replace(observed.options, sex="unknown")).genotypes()
    return _of_the_file(engine.conclude(person, collected, asked, options=options), tested.origin), unstated


def answered(engine: Engine, tested: Tested, order: Order) -> Rendered:
    """The answer to an order.  Raises: InputError UNKNOWN_DRUG and others, the asker's."""
    person, names = asked(engine, tested, order)
    document = "".join(checks_parts([person], names)).encode()
    text = checks_view(person, names, colour=False, width=WIDTH)
    return Rendered(document, text, actions_of(person, names), person.result_sha256)


def asked(engine: Engine, tested: Tested, order: Order) -> tuple[Assessment, tuple[str, ...]]:
    """The assessment that answers an order, and the names of its drugs in it.

    Raises: InputError UNKNOWN_DRUG and others, the asker's.
    """
    names = tuple(dict.fromkeys(engine.knowledge.find_drug(drug).name for drug in order.drugs))
    facts = {**subject_of(tested.specimen)}
    facts |= {"ancestry": order.ancestry} if order.ancestry else {}
    wanted = question(
        drugs=names,
        medication=order.medication,
        subject=facts,
        age=order.age,
        weight=order.weight,
        pregnant=order.pregnant or None,
        breastfeeding=order.breastfeeding or None,
        indication=order.indication or None,
    )
    return of_tested(engine, tested, wanted, order.sources), names


def of_tested(engine: Engine, tested: Tested, wanted: Question, sources: tuple[str, ...] = ()) -> Assessment:
    """The assessment of what is kept of a test.  Raises: InputError, the asker's."""
    with tested.opened() as path:
        options = options_for(tested.specimen, sources)
        found = engine.assess(path, wanted, sample=tested.specimen.sample or None, options=options)
    return _of_the_file(found, tested.origin)


def actions_of(person: Assessment, names: Iterable[str]) -> Actions:
    """Each drug with its headline."""
    return tuple((name, person.drug(name).headline_action or person.drug(name).status) for name in names)


def _of_the_file(assessment: Assessment, origin: Origin) -> Assessment:
    """What the file itself would have given: the provenance speaks of it, not of the part that is kept."""
    provenance = assessment.provenance
    stamp = replace(
        provenance.input, bytes=origin.bytes, file_sha256=origin.file_sha256, reader=origin.reader, order=origin.order
    )
    stated = replace(assessment, provenance=replace(provenance, input=stamp))
    return replace(stated, result_sha256=ResultDigest().of(stated))


Kind = TypeVar("Kind")


class Clears(Protocol):
    """What holds something of patients."""

    def clear(self) -> None:
        """Nothing of it is held any more."""
        ...


class Kept(Generic[Kind]):
    """The last answers, at most so many."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._answers: OrderedDict[object, Kind] = OrderedDict()
        self.beside: list[Clears] = []
        self._lock = Lock()

    def get(self, key: object) -> Kind | None:
        """The answer under that key."""
        with self._lock:
            found = self._answers.get(key)
            if found is not None:
                self._answers.move_to_end(key)
            return found

    def keep(self, key: object, answer: Kind) -> None:
        """The answer is there when it is asked for again; the one not asked for longest makes room."""
        with self._lock:
            self._answers[key] = answer
            while len(self._answers) > self._most:
                self._answers.popitem(last=False)

    def clear(self) -> None:
        """Nothing is kept any more, nor of what others keep `beside` it for the same reasons."""
        with self._lock:
            self._answers.clear()
        for each in self.beside:
            each.clear()
