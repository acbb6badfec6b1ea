"""START HERE.  Knowledge held ready, a source and a question -> an assessment:

    source -> genotypes -> calls -> phenotypes -> recommendations -> Assessment

Every arrow is a pure function of values in a room of its own; this page opens the files, passes the values on, and
records what was used.  An engine is handed its knowledge: two editions run side by side in one process, threads share
an engine, and one can be replaced while others finish.
"""

from __future__ import annotations

from _thread import RLock
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import date
from itertools import pairwise
from pathlib import Path
from time import gmtime, perf_counter, strftime
from typing import Final, Self

from starling._version import __version__
from starling.assessment import (
    Assessment,
    DrugResult,
    GeneResult,
    InputStamp,
    Options,
    Provenance,
    Question,
    Run,
)
from starling.calling.callers import Callers
from starling.calling.combine import combine
from starling.calling.donor import is_donor_dna, without_donor
from starling.calling.partial import SampleCall
from starling.definitions import Drug, Medicine
from starling.errors import InputError
from starling.formats.registry import OUTSIDE_RESULT, states_results
from starling.formats.stream import Progress
from starling.genotyping.collect import Collected, collect
from starling.genotyping.evidence import Lines
from starling.guidance.alternatives import Alternatives
from starling.guidance.conversion import convert
from starling.guidance.facts import NOT_A_CHECKER, fact_notices, with_age
from starling.guidance.flows import FLOWS
from starling.guidance.phenotype import interpret, with_conflict
from starling.guidance.recommendation import Advisor
from starling.knowledge.age import age_notices, origin_notices
from starling.knowledge.base import KnowledgeBase
from starling.knowledge.medicines import ingredients_of, notices_of, read_as, stated_medicines
from starling.once import once
from starling.serial.digest import ResultDigest
from starling.source.door import Wanted, open_source
from starling.source.sites import Maps, SiteMaps
from starling.terms import genes_by_code
from starling.values import asdict, dataclass, replace
from starling.vocabulary import GeneCall, Notice, OutsideCall, SampleGenotypes
from starling.without_effect import Answer, without_effect

Source = str | Path | Sequence[str | Path]

#: Whole, of everybody, about every drug.
EVERYTHING: Final = Question()
#: Meanings of calls kept for the next patient; emptied when full.
_KEPT_MEANINGS: Final = 4096


@dataclass(frozen=True, slots=True)
class Person:
    """One patient: what was read, what other laboratories state, and what else answers depend on."""

    genotypes: SampleGenotypes
    outside: tuple[OutsideCall, ...]
    medicines: tuple[Medicine, ...]
    subject: Mapping[str, str]
    options: Options

    def seen(self, calls: Mapping[str, GeneCall]) -> Mapping[str, GeneCall]:
        """The calls as far as they are the patient's own DNA."""
        return {gene: without_donor(call) for gene, call in calls.items()} if is_donor_dna(self.subject) else calls

    def advised(self, advisor: Advisor, drugs: Iterable[Drug], results: Sequence[GeneResult]) -> tuple[DrugResult, ...]:
        """What the rules of the advisor say to this patient about these drugs."""
        return advisor.answers(
            drugs, results, medication=self.medicines, subject=self.subject, sources=self.options.sources
        )


class Engine:
    """Knowledge held ready.  Whoever asks more than once keeps the engine: opening costs more than answering."""

    def __init__(self, knowledge: KnowledgeBase, *, whole: Engine | None = None) -> None:
        """`whole`: the engine that was narrowed to a question; names are looked up in all that it knows."""
        self.knowledge = knowledge
        self._whole = whole or self
        self._digest, self._lines = ResultDigest(), Lines()
        self._meanings: dict[GeneCall, GeneResult] = {}
        self.lock = RLock()

    def __repr__(self) -> str:
        return f"<Engine with {self.knowledge!r}>"

    @once
    def maps(self) -> SiteMaps:
        """Where the sites of the genes lie, in files of either build."""
        if self._whole is self:
            return SiteMaps(self.knowledge.definitions, ground=self.knowledge.ground)
        read = {**self.knowledge.definitions, **self.knowledge.beside}
        whole = self._whole
        return SiteMaps(
            self.knowledge.neighbours, read, lambda: whole.maps, lambda: whole.places, whole.knowledge.ground
        )

    @once
    def places(self) -> Maps:
        """Where the sites of every gene lie, which is less to read than `maps`."""
        return Maps(self.knowledge.places.values())

    @once
    def _callers(self) -> Callers:
        return Callers(self.knowledge.genes, self.knowledge.definitions, self.knowledge.guidance.phenotypes)

    @once
    def _advisor(self) -> Advisor:
        return Advisor(self.knowledge.guidance)

    @once
    def _alternatives(self) -> Alternatives:
        return Alternatives(self.knowledge.guidance.drugs)

    @classmethod
    def open(cls, path: str | Path | None = None) -> Self:
        """The engine of a compiled knowledge base; without a path, of the one that came with the program.

        Raises: KnowledgeError, the administrator's.
        """
        return cls(KnowledgeBase.open(Path(path) if path else None))

    @classmethod
    def bundled(cls) -> Self:
        """The engine of the knowledge base that came with the program."""
        return cls.open()

    def about(self, question: Question) -> Engine:
        """An engine that knows what the question is about and nothing else: it reads, calls and advises less."""
        if not question.drugs and not question.genes:
            return self
        medicated = bool(question.medication)
        narrow = self.knowledge.about(question.drugs, genes=question.genes, medicines=medicated)
        return Engine(narrow, whole=self._whole)

    def assess(
        self,
        source: Source | None,
        question: Question = EVERYTHING,
        *,
        sample: str | None = None,
        options: Options = Options(),
    ) -> Assessment:
        """The assessment of one person.

        `source`: a path, `-` for standard input, or several paths that are parts of one person's data; None when the
        question states all there is (`outside`).
        Raises: InputError, the sender's; KnowledgeError, the administrator's.
        """
        samples = (sample,) if sample is not None else None
        found = list(self.assess_all(source, question, samples=samples, options=options))
        if len(found) > 1:
            names = ", ".join(assessment.sample for assessment in found[:10])
            raise InputError("SEVERAL_PATIENTS", f"the source holds {len(found)} people ({names}, ...)")
        return found[0]

    def assess_all(
        self,
        source: Source | None,
        question: Question = EVERYTHING,
        *,
        samples: Iterable[str] | str | None = None,
        options: Options = Options(),
        progress: Progress | None = None,
    ) -> Iterator[Assessment]:
        """The assessment of every person in the sources (or of the `samples` named), read in one pass.

        What is said of one patient (outside calls, medication, subject, a sex) is refused when there are several.
        `progress`: called with (bytes read, size or None) while a file is read whole.
        Raises: InputError, the sender's; KnowledgeError, the administrator's.
        """
        started = perf_counter()
        asked = self._named(question)
        engine, options = self.about(asked), _with_sex(options, asked.subject)
        collected, asked = engine._gathered(_paths(source), asked, options, _several(samples), progress)
        read_ms = (perf_counter() - started) * 1e3
        if len(collected.samples) > 1 and (asked.is_personal or options.sex != "unknown"):
            message = f"what is said of one patient cannot hold for all {len(collected.samples)} of the input"
            raise InputError("SEVERAL_PATIENTS", message, source=collected.name)
        read = tuple(notice for name in question.drugs for notice in read_as(self._whole.knowledge, name))
        for genotypes in collected.samples:
            yield engine.conclude(genotypes, collected, asked, options=options, read_ms=read_ms, notices=read)

    def read(
        self,
        source: Source,
        options: Options = Options(),
        *,
        samples: Iterable[str] | str | None = None,
        progress: Progress | None = None,
    ) -> Collected:
        """Everybody's genotypes (or those of the `samples` named) at the positions that this engine knows."""
        paths = _paths(source)
        if not paths:
            raise InputError("FILE_NOT_FOUND", "no source was named")
        wanted = Wanted(self.maps, self.knowledge, options, _several(samples))
        with ExitStack() as stack:
            return collect([stack.enter_context(open_source(path, wanted, progress)) for path in paths], wanted)

    def conclude(
        self,
        genotypes: SampleGenotypes,
        collected: Collected,
        question: Question = EVERYTHING,
        *,
        options: Options = Options(),
        read_ms: float = 0.0,
        notices: tuple[Notice, ...] = (),
    ) -> Assessment:
        """One person's genotypes -> the assessment, with what it rests on.

        `notices`: what is to be said beside what is found here.
        """
        clock = [perf_counter()]
        medicines = stated_medicines(self._whole.knowledge, question.medication)
        medication, unknown = ingredients_of(medicines), notices_of(self._whole.knowledge, medicines)
        subject = with_age(question.subject, date(*gmtime()[:3]))
        own = self._callers.read(genotypes, options)
        outside, said = self._stated_of(question, genotypes.sample)
        notices = (*said, *notices)
        person = Person(genotypes, outside, medicines, subject, options)
        calls = person.seen(self.combined(own, outside))
        clock.append(perf_counter())
        results = self.interpreted(calls, own, medication)
        drugs = self._advise(results, person, question)
        clock.append(perf_counter())
        clauses = self._clauses(drugs, question)
        answer = Answer(genotypes, collected, results, drugs, medicines, self.knowledge.guidance, clauses)
        said = (*notices, *unknown, *_apart(question), *self._of_facts(question))
        said = (*said, *without_effect(answer, question, options))
        assessment = Assessment(
            sample=genotypes.sample,
            subject=subject,
            result_sha256="",
            provenance=_provenance(
                genotypes,
                collected,
                collected.evidence_sha256(genotypes, self._lines),
                self.knowledge,
                self._recorded(options, question),
                said,
            ),
            run=_run(self.knowledge, _timings(read_ms, clock)),
            genes=results,
            drugs=drugs,
        )
        return replace(assessment, result_sha256=self._digest.of(assessment))

    def _clauses(self, drugs: Iterable[DrugResult], question: Question) -> dict[str, frozenset[str]]:
        """The facts on which the advice about each drug that was asked about depends, a flow's own among them."""
        if not question.drugs or not question.subject:
            return {}
        clauses = {each.drug: self._advisor.clauses(each.drug) for each in drugs}
        return {drug: asked | {"age"} if drug in FLOWS else asked for drug, asked in clauses.items()}

    def call(self, gene: str, genotypes: SampleGenotypes, options: Options = Options()) -> GeneCall:
        """The call of one gene from the sample's own data."""
        return self._callers.read_gene(gene, genotypes, options)

    def combined(self, own: Mapping[str, GeneCall], outside: Iterable[OutsideCall]) -> dict[str, GeneCall]:
        """The sample's own calls with what other laboratories stated of these genes.

        Raises: InputError BAD_OUTSIDE_CALL, the sender's.
        """
        stated = [each for each in self._callers.stated(outside) if each.gene in own]
        return combine([*map(SampleCall, own.values()), *stated])

    def interpreted(
        self, calls: Mapping[str, GeneCall], own: Mapping[str, GeneCall], medication: Sequence[str] = ()
    ) -> tuple[GeneResult, ...]:
        """The phenotype of every call; beside it what other medicines make of it, and conflicts with the sample's own.

        `medication`: ingredients.
        """
        results = []
        for gene, call in calls.items():
            result = self._meaning(call)
            if call.evidence.source == "outside":
                result = with_conflict(result, self._meaning(own[gene]))
            adjusted = convert(result, "", medication, self.knowledge.guidance) if medication else None
            results.append(replace(result, adjusted=adjusted) if adjusted else result)
        return tuple(results)

    def _meaning(self, call: GeneCall) -> GeneResult:
        """What a call means, kept for the next patient with the same call: one value for equal results."""
        known = self._meanings.get(call)
        if known is None:
            knowledge = self.knowledge
            definition = knowledge.definitions.get(call.gene) or knowledge.beside.get(call.gene)
            known = interpret(call, definition, knowledge.guidance.phenotypes.get(call.gene))
            if len(self._meanings) >= _KEPT_MEANINGS:
                self._meanings.clear()
            self._meanings[call] = known
        return known

    def _of_facts(self, question: Question) -> tuple[Notice, ...]:
        """What to say of the facts of the patient, and once that medicines were not checked against each other."""
        if not question.medication and not question.subject:
            return ()
        said = (*fact_notices(question.subject, self.knowledge.guidance.indications),)
        return (*said, NOT_A_CHECKER) if question.medication else said

    def _advise(self, results: Sequence[GeneResult], person: Person, question: Question) -> tuple[DrugResult, ...]:
        """The answers for the drugs asked about; none when only genes were asked about."""
        if question.genes and not question.drugs:
            return ()
        rules = self.knowledge.guidance
        asked = [each for each in rules.drugs if not question.drugs or each.name in question.drugs]
        asked += [each for each in rules.unadvised if each.name in question.drugs]
        found = person.advised(self._advisor, asked, results)
        answers = {each.drug: each for each in found}
        needed = [name for name in self._alternatives.needed(found) if name not in answers]
        without = [each for each in rules.unadvised if each.name in needed]
        answers |= {each.drug: each for each in person.advised(self._advisor, without, results)}
        beside = [name for name in needed if name not in answers]
        if beside:
            answers |= {each.drug: each for each in self._answers_beside(beside, results, person)}
        return tuple(self._alternatives.filled(each, answers) for each in found)

    def _answers_beside(
        self, drugs: Sequence[str], results: Sequence[GeneResult], person: Person
    ) -> tuple[DrugResult, ...]:
        """What the same patient would be told of other drugs; their genes were read along and are called now."""
        defined = {gene: each for gene, each in self.knowledge.beside.items() if each is not None}
        callers = Callers(tuple(self.knowledge.beside), defined, self.knowledge.guidance.phenotypes)
        own = callers.read(person.genotypes, person.options)
        calls = combine([*map(SampleCall, own.values()), *callers.stated(person.outside)])
        more = self.interpreted(person.seen(calls), own, ingredients_of(person.medicines))
        rules = self._whole.knowledge.about(drugs, medicines=bool(person.medicines)).guidance
        other = [each for each in (*rules.drugs, *rules.unadvised) if each.name in drugs]
        return person.advised(Advisor(rules), other, (*results, *more))

    def _recorded(self, options: Options, question: Question) -> dict[str, object]:
        """Everything that was asked for, and the ingredients as which medicines were read that go by another name."""
        outside = tuple(_stated(call) for call in question.outside)
        asked = {"drugs": question.drugs, "genes": question.genes} if question.drugs or question.genes else {}
        read = {name: self._whole.knowledge.read_medicine(name)[0] for name in question.medication if name.strip()}
        other = {name: substances for name, substances in read.items() if substances not in {(), (name,)}}
        ingredients = {"medication_read": other} if other else {}
        return {**options.recorded(), "medication": question.medication, **ingredients, "outside": outside, **asked}

    def _named(self, question: Question) -> Question:
        """The question with drugs and genes under the names of this knowledge base.

        Raises: InputError UNKNOWN_DRUG or UNKNOWN_GENE, the sender's.
        """
        whole = self._whole.knowledge
        drugs = tuple(whole.find_drug(name).name for name in question.drugs)
        outside = self._sent(question.outside) if question.outside else ()
        return replace(question, drugs=drugs, genes=tuple(map(whole.find_gene, question.genes)), outside=outside)

    def _sent(self, outside: Iterable[OutsideCall]) -> tuple[OutsideCall, ...]:
        """Outside results under the names of this knowledge base, as far as it knows their genes."""
        from starling.calling.senders import named

        whole = self._whole.knowledge
        return named(outside, whole.genes, whole.definitions, lambda: genes_by_code(whole.terms))

    def _stated_of(self, question: Question, sample: str) -> tuple[tuple[OutsideCall, ...], tuple[Notice, ...]]:
        """What others state of this person, and what to say of them; genes that nobody knows are named and passed over.

        Raises: InputError SEVERAL_PATIENTS, the sender's.
        """
        if not question.outside:
            return (), ()
        from starling.calling.senders import of_person, sender_notices

        outside = of_person(question.outside, sample)
        return outside, sender_notices(outside, self._whole.knowledge.genes, sample)

    def _gathered(
        self,
        paths: Sequence[str | Path],
        question: Question,
        options: Options,
        samples: tuple[str, ...] | None,
        progress: Progress | None,
    ) -> tuple[Collected, Question]:
        """What was read, and the question with what those of the files state that hold results and no genotypes."""
        if paths or not question.outside:
            try:
                return self.read(paths, options, samples=samples, progress=progress), question
            except InputError as error:
                if error.code != OUTSIDE_RESULT:
                    raise
            from starling.formats.outside import read_outside_calls

            results = [path for path in paths if states_results(path)]
            stated = self._sent([call for path in results for call in read_outside_calls(path)])
            genotypes = [path for path in paths if path not in results]
            return self._gathered(
                genotypes, replace(question, outside=(*question.outside, *stated)), options, samples, progress
            )
        from starling.genotyping.unread import stated_alone

        return stated_alone(question.outside, self.maps.count, self._whole.knowledge.genes, samples), question


def _with_sex(options: Options, subject: Mapping[str, str]) -> Options:
    """The options with the sex that the subject's data state: a fact about the patient is not asked for twice.

    Raises: InputError BAD_OPTION, the sender's, when the two contradict each other.
    """
    stated = subject.get("sex", "").strip().casefold()
    if stated not in {"male", "female"} or stated == options.sex:
        return options
    if options.sex != "unknown":
        raise InputError(
            "BAD_OPTION", f"sex={stated} contradicts the sex {options.sex} of the options", source="subject"
        )
    return replace(options, sex="male" if stated == "male" else "female")


def _apart(question: Question) -> Iterator[Notice]:
    """Several drugs in one question are several answers: that they are to be taken together was not said."""
    if len(question.drugs) > 1:
        names = ", ".join(question.drugs)
        text = f"{names}: each was answered as if the others were not taken; name as medicines what is taken together"
        yield Notice("ANSWERED_APART", text)


def _paths(source: Source | None) -> tuple[str | Path, ...]:
    if source is None:
        return ()
    return (source,) if isinstance(source, (str, Path)) else tuple(source)


def _several(samples: Iterable[str] | str | None) -> tuple[str, ...] | None:
    """The samples named; one text is one name, for a name may hold commas."""
    return (samples,) if isinstance(samples, str) else None if samples is None else tuple(samples)


def _run(knowledge: KnowledgeBase, timings: Mapping[str, float]) -> Run:
    """The moment, and what to say of the age of the knowledge at that moment."""
    now = strftime("%Y-%m-%dT%H:%M:%S+00:00", gmtime())
    return Run(now, timings, age_notices(knowledge.stamp.checked_on, now[:10]))


def _timings(read_ms: float, clock: Sequence[float]) -> dict[str, float]:
    calling, guidance = ((later - earlier) * 1e3 for earlier, later in pairwise(clock))
    stages = {"read": read_ms, "calling": calling, "guidance": guidance}
    return {stage: round(milliseconds, 3) for stage, milliseconds in stages.items()}


def _stated(call: OutsideCall) -> dict[str, object]:
    """The call without the place where it stands; what few files say of a call, only where it was said."""
    fields = asdict(replace(call, line=None, file=""))
    return {name: value for name, value in fields.items() if value or name not in {"file", "sample", "tool", "note"}}


def _provenance(
    genotypes: SampleGenotypes,
    collected: Collected,
    evidence: str,
    knowledge: KnowledgeBase,
    options: Mapping[str, object],
    notices: tuple[Notice, ...],
) -> Provenance:
    source = collected.stamps[genotypes.sample]
    stamp = InputStamp(
        name=source.name,
        bytes=source.size,
        evidence_sha256=evidence,
        file_sha256=source.file_sha256,
        build=source.build.name if source.build else None,
        build_from=source.build.stated_by if source.build else None,
        reader=source.reader,
        order=source.order,
    )
    return Provenance(
        program=f"starling {__version__}",
        knowledge=knowledge.stamp,
        input=stamp,
        options=options,
        positions=collected.positions(genotypes),
        notices=(*origin_notices(knowledge.stamp, is_bundled=knowledge.is_bundled), *genotypes.notices, *notices),
    )
