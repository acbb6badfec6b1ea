"""START HERE.  One patient, from a file to an assessment:

    source -> genotypes -> calls -> phenotypes -> recommendations -> Assessment

Every arrow is a pure function of values in a room of its own; this page opens the files, passes the values on, and
records what was used.  `assess` is for one person, `assess_all` for every person of the sources in one pass.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from time import perf_counter

from starling._version import __version__
from starling.assessment import Assessment, GeneResult, InputStamp, Options, Provenance, Run
from starling.calling.dispatch import call_gene
from starling.calling.donor import is_donor_dna, without_donor
from starling.calling.genes.hla import not_tested
from starling.calling.outside import merged, outside_call
from starling.errors import InputError
from starling.formats.outside import read_outside_calls
from starling.formats.stream import Progress
from starling.genotyping.collect import Collected, collect
from starling.guidance.conversion import convert
from starling.guidance.phenotype import interpret, with_conflict
from starling.guidance.recommendation import Advisor
from starling.knowledge.base import KnowledgeBase
from starling.serial.document import result_digest, to_jsonable
from starling.source.door import Wanted, open_source
from starling.source.sites import SiteMaps
from starling.values import asdict, dataclass, replace
from starling.vocabulary import GeneCall, Notice, OutsideCall, SampleGenotypes

Source = str | Path | Sequence[str | Path]
Outside = str | Path | Sequence[OutsideCall] | None


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked beside the genotypes: other results, other medicines, and who the patient is."""

    outside: tuple[OutsideCall, ...] = ()
    medication: tuple[str, ...] = ()
    subject: Mapping[str, str] | None = None

    @property
    def is_personal(self) -> bool:
        """Whether something is said that can hold for one patient only."""
        return bool(self.outside or self.medication or self.subject)


def assess(
    source: Source,
    *,
    sample: str | None = None,
    outside: Outside = None,
    medication: Sequence[str] = (),
    subject: Mapping[str, str] | None = None,
    options: Options = Options(),
) -> Assessment:
    """The assessment of one person.

    `source`: a path, `-` for standard input, or several paths that are parts of one person's data.
    `outside`: a file of outside calls or the calls themselves.  `medication`: what the patient takes, by any name;
    an unknown one is noted in the provenance as UNKNOWN_MEDICINE.
    Raises: InputError, the sender's; KnowledgeError, the administrator's.
    """
    question = Question(_outside_calls(outside), tuple(medication), subject)
    found = list(_assessments(source, (sample,) if sample is not None else None, question, options))
    if len(found) > 1:
        names = ", ".join(assessment.sample for assessment in found[:10])
        raise InputError("SEVERAL_PATIENTS", f"the source holds {len(found)} people ({names}, ...)")
    return found[0]


def assess_all(
    source: Source,
    *,
    samples: Sequence[str] | None = None,
    outside: Outside = None,
    medication: Sequence[str] = (),
    subject: Mapping[str, str] | None = None,
    options: Options = Options(),
    progress: Progress | None = None,
) -> Iterator[Assessment]:
    """The assessment of every person in the sources (or of the `samples` named), read in one pass.

    What is said of one patient (`outside`, `medication`, `subject`, a sex) is refused when there are several people.
    `progress`: called with (bytes read, size or None) while a file is read whole.
    Raises: InputError, the sender's; KnowledgeError, the administrator's.
    """
    question = Question(_outside_calls(outside), tuple(medication), subject)
    yield from _assessments(source, tuple(samples) if samples is not None else None, question, options, progress)


@lru_cache(maxsize=1)
def bundled_knowledge() -> KnowledgeBase:
    """The knowledge base that came with the program, opened once."""
    return KnowledgeBase.open()


@lru_cache(maxsize=1)
def advisor(knowledge: KnowledgeBase) -> Advisor:
    """The guidance of a knowledge base, indexed once."""
    return Advisor(knowledge.guidance)


def _assessments(
    source: Source,
    samples: tuple[str, ...] | None,
    question: Question,
    options: Options,
    progress: Progress | None = None,
) -> Iterator[Assessment]:
    started = perf_counter()
    knowledge = bundled_knowledge()
    collected = _read(_paths(source), knowledge, options, samples, progress)
    read_ms = (perf_counter() - started) * 1e3
    if len(collected.samples) > 1 and (question.is_personal or options.sex != "unknown"):
        message = f"what is said of one patient cannot hold for all {len(collected.samples)} of the input"
        raise InputError("SEVERAL_PATIENTS", message, source=collected.name)
    for genotypes in collected.samples:
        yield conclude(genotypes, collected, knowledge, question, options=options, read_ms=read_ms)


def _read(
    paths: Sequence[str | Path],
    knowledge: KnowledgeBase,
    options: Options,
    samples: tuple[str, ...] | None,
    progress: Progress | None,
) -> Collected:
    with ExitStack() as stack:
        wanted = Wanted(SiteMaps(knowledge.definitions), knowledge, options, samples)
        return collect([stack.enter_context(open_source(path, wanted, progress)) for path in paths], wanted)


def conclude(
    genotypes: SampleGenotypes,
    collected: Collected,
    knowledge: KnowledgeBase,
    question: Question,
    *,
    options: Options = Options(),
    read_ms: float = 0.0,
) -> Assessment:
    """One person's genotypes -> the assessment, with what it rests on."""
    clock = [perf_counter()]
    medication, notices = known_medicines(knowledge, question.medication)
    subject = dict(question.subject or {})
    own = call_genes(genotypes, knowledge, options)
    calls = with_outside(own, knowledge, question.outside)
    if is_donor_dna(subject):
        calls = {gene: without_donor(call) for gene, call in calls.items()}
    clock.append(perf_counter())
    results = interpret_all(calls, own, medication, knowledge)
    drugs = advisor(knowledge).recommend(results, medication=medication, subject=subject, sources=options.sources)
    clock.append(perf_counter())
    assessment = Assessment(
        sample=genotypes.sample,
        subject=subject,
        result_sha256="",
        provenance=_provenance(genotypes, collected, knowledge, _recorded(options, question), notices),
        run=Run(_now(), _timings(read_ms, clock)),
        genes=results,
        drugs=drugs,
    )
    return replace(assessment, result_sha256=result_digest(to_jsonable(assessment)))


def call_genes(genotypes: SampleGenotypes, knowledge: KnowledgeBase, options: Options) -> dict[str, GeneCall]:
    """The call of every gene from the sample's own data, alphabetical."""
    definitions = knowledge.definitions
    return {
        name: call_gene(definitions[name], genotypes, options) if name in definitions else not_tested(name)
        for name in knowledge.genes
    }


def with_outside(
    own: Mapping[str, GeneCall], knowledge: KnowledgeBase, outside: Sequence[OutsideCall]
) -> dict[str, GeneCall]:
    """The calls, overridden where another laboratory stated a result.

    Raises: InputError UNKNOWN_GENE, the sender's.
    """
    calls = dict(own)
    for stated in outside:
        if stated.gene not in calls:
            message = f"{stated.gene} is not in this knowledge base"
            raise InputError("UNKNOWN_GENE", message, source="outside calls", line=stated.line)
        rules = knowledge.guidance.phenotypes.get(stated.gene)
        call = outside_call(stated, knowledge.definitions.get(stated.gene), rules)
        calls[stated.gene] = merged(calls[stated.gene], call)
    return calls


def interpret_all(
    calls: Mapping[str, GeneCall],
    own: Mapping[str, GeneCall],
    medication: Sequence[str],
    knowledge: KnowledgeBase,
) -> tuple[GeneResult, ...]:
    """The phenotype of every call; beside it what other medicines make of it, and conflicts with the sample's own."""
    results = []
    for gene, call in calls.items():
        result = _interpreted(call, knowledge)
        if call.evidence.source == "outside":
            result = with_conflict(result, _interpreted(own[gene], knowledge))
        adjusted = convert(result, "", medication, knowledge.guidance) if medication else None
        results.append(replace(result, adjusted=adjusted) if adjusted else result)
    return tuple(results)


def _interpreted(call: GeneCall, knowledge: KnowledgeBase) -> GeneResult:
    return interpret(call, knowledge.definitions.get(call.gene), knowledge.guidance.phenotypes.get(call.gene))


def known_medicines(knowledge: KnowledgeBase, names: Sequence[str]) -> tuple[tuple[str, ...], tuple[Notice, ...]]:
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


def _paths(source: Source) -> tuple[str | Path, ...]:
    return (source,) if isinstance(source, (str, Path)) else tuple(source)


def _outside_calls(outside: Outside) -> tuple[OutsideCall, ...]:
    if outside is None:
        return ()
    return read_outside_calls(outside) if isinstance(outside, (str, Path)) else tuple(outside)


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def _timings(read_ms: float, clock: Sequence[float]) -> dict[str, float]:
    calling, guidance = ((later - earlier) * 1e3 for earlier, later in pairwise(clock))
    stages = {"read": read_ms, "calling": calling, "guidance": guidance}
    return {stage: round(milliseconds, 3) for stage, milliseconds in stages.items()}


def _recorded(options: Options, question: Question) -> dict[str, object]:
    """Everything that was asked for; a file by its name alone, so that the digest does not depend on its folder."""
    recorded = asdict(options)
    if options.callable_bed is not None:
        recorded["callable_bed"] = Path(options.callable_bed).name
    outside = [asdict(replace(stated, line=None)) for stated in question.outside]
    return {**recorded, "medication": list(question.medication), "outside": outside}


def _provenance(
    genotypes: SampleGenotypes,
    collected: Collected,
    knowledge: KnowledgeBase,
    options: Mapping[str, object],
    notices: tuple[Notice, ...],
) -> Provenance:
    source = collected.stamps[genotypes.sample]
    stamp = InputStamp(
        name=source.name,
        bytes=source.size,
        evidence_sha256=collected.evidence_sha256(genotypes),
        file_sha256=source.file_sha256,
        build=source.build.name if source.build else None,
        build_from=source.build.stated_by if source.build else None,
        reader=source.reader,
    )
    return Provenance(
        program=f"starling {__version__}",
        knowledge=knowledge.stamp,
        input=stamp,
        options=options,
        positions=collected.positions(genotypes),
        notices=(*genotypes.notices, *notices),
    )
