"""What was asked for and changed nothing in the result: said, for silence would pass for "done".

Only what differs from the default is looked at.  A build that the file states too is not named: the file confirmed it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from starling.assessment import DrugResult, GeneResult, Options, Question
from starling.condition_keys import FLAGS
from starling.definitions import GuidanceRules, Medicine
from starling.genotyping.collect import Collected
from starling.genotyping.observation import Cell, calls_in
from starling.genotyping.person import Part
from starling.guidance.ancestry import group_of
from starling.guidance.facts import DECIDING, is_child, means_yes
from starling.source.door import OpenSource
from starling.source.support import STATING_READS
from starling.source.witness import doubt_of
from starling.values import dataclass
from starling.vocabulary import Notice, SampleGenotypes

__all__ = ["Answer", "without_effect"]

#: Fields of a VCF that `min_dp` and `min_gq` can be compared with.  Source: VCF v4.5, 1.6.2; GATK (MIN_DP, RGQ).
_DEPTHS: Final = STATING_READS | {"DP", "FDP", "MIN_DP"}
_QUALITIES: Final = frozenset({"GQ", "RGQ", "GQX", "PL", "GL", "GP"})
#: Fields that `min_gp` can be compared with.  Source: VCF v4.5, 1.6.2; Michigan imputation server, Beagle (DS, HDS).
_PROBABILITIES: Final = frozenset({"GP", "DS", "HDS"})
#: What concerns the reading of genotypes: of no effect where none were brought.
_READING: Final = (
    *("build", "absent_is_reference", "callable_bed", "min_dp", "min_gq", "min_gp", "max_other_reads", "min_het_reads"),
    *("pass_only", "phase", "hash_input"),
)
_SEXES: Final = frozenset({"", "male", "female", "unknown"})
#: What a report shows of a person or an answer depends on.
_FIELDS: Final = frozenset(
    {"birth_date", "collected", "id", "name", "ordered_by", "sex", "specimen", "transplant", "ancestry"}
    | {"accession", "interpreted_by", "laboratory", "method", "replaces", "reported", "reviewed_by", "status"}
).union(DECIDING)
#: What a medicine may do to an answer.
_TELLING: Final = frozenset({"adjusted", "condition"})
_FAILED: Final = "FILTERED_RECORD"


@dataclass(frozen=True, slots=True)
class Answer:
    """One person's result with what it was made from.

    `medication`: as it was stated.  `clauses`: a drug that was asked about -> the facts that its advice asks
    for.
    """

    genotypes: SampleGenotypes
    collected: Collected
    genes: Sequence[GeneResult]
    drugs: Sequence[DrugResult]
    medication: Sequence[Medicine]
    rules: GuidanceRules
    clauses: Mapping[str, frozenset[str]]


def without_effect(answer: Answer, question: Question, options: Options) -> tuple[Notice, ...]:
    """A notice for everything that was asked for and changed nothing."""
    if options == Options() and not question.is_personal:
        return ()
    said = (*_of_reading(answer, options), *_of_asking(answer, question, options))
    facts = (Notice("FACT_NOT_CONSIDERED", text) for text in _unasked(answer, question.subject))
    return (*facts, *(Notice("OPTION_WITHOUT_EFFECT", text) for text in said))


def _of_reading(answer: Answer, options: Options) -> Iterator[str]:
    observed = answer.collected.observed.get(answer.genotypes.sample)
    if observed is None:  # others' results stand alone
        usual = Options()
        for name in _READING:
            if getattr(options, name) != getattr(usual, name):
                shown = name.removesuffix("_bed").replace("_", "-")
                yield f"{shown} had no effect: no genotypes were given"
        return
    parts = observed.parts
    yield from _filling(answer, [part for _, part in parts], options)
    yield from _limits(parts, options)
    if options.phase != "trust" and not any(map(_is_set_aside, (cell for _, part in parts for cell in part.cells))):
        which = "phased without a phase set" if options.phase == "sets" else "phased"
        yield f"phase {options.phase} had no effect: no heterozygous call of interest is {which}"
    if options.pass_only and not _has_filters(answer, [source for source, _ in parts]):
        yield "pass-only had no effect: the file states no filters"
    if options.hash_input and answer.collected.stamps[answer.genotypes.sample].file_sha256 is None:
        yield "hash-input had no effect: the input could not be read again to its end"


def _filling(answer: Answer, parts: Sequence[Part], options: Options) -> Iterator[str]:
    if any(genotype.filled for genotype in answer.genotypes.genotypes.values()):
        return
    silent = [part for part in parts if part.absent_is_reference]
    doubt = doubt_of(part.testimony for part in parts)
    stated = any(part.absent_is_reference - part.doubted(doubt) for part in silent)
    if silent and not stated:
        yield "what is not mentioned was NOT taken as reference: the records contradict the genome that the file names"
        return
    if options.absent_is_reference != "no":
        if all(part.gvcf for part in parts):
            why = "the file states reference itself, in blocks"
        elif stated:
            why = "the file states every position of interest there itself"
        else:
            why = (
                "it counts only in a whole genome (a million records or more, and some on both sides of the gene); "
                "positions that the file does not mention stay unread. Name what was callable with --callable BED, or "
                "say --absent-is-reference=force"
            )
        yield f"absent-is-reference was asked for and NOT applied: {why}"
    if options.callable_bed is not None:
        why = (
            "every position of interest there is stated by the file" if stated else "no position of interest lies in it"
        )
        yield f"callable had no effect: {why}"


def _limits(parts: Sequence[tuple[OpenSource, Part]], options: Options) -> Iterator[str]:
    usual = Options()
    for name, value, default, fields, what in (
        ("min-dp", options.min_dp, usual.min_dp, _DEPTHS, "depth"),
        ("min-gq", options.min_gq, usual.min_gq, _QUALITIES, "quality"),
        ("min-gp", options.min_gp, usual.min_gp, _PROBABILITIES, "probability or dosage"),
        ("max-other-reads", options.max_other_reads, usual.max_other_reads, STATING_READS, "reads by allele"),
        ("min-het-reads", options.min_het_reads, usual.min_het_reads, STATING_READS, "reads by allele"),
    ):
        if value != default and not any(_may_state(source, part, fields) for source, part in parts):
            yield f"{name} had no effect: the file states no {what} of its calls"


def _may_state(source: OpenSource, part: Part, fields: frozenset[str]) -> bool:
    """Whether the file declares such a field; without any declaration, whether a reference call has some support."""
    declared = [*source.header.meta.get("FORMAT", ()), *source.header.meta.get("INFO", ())]
    if declared:
        return any(text.startswith(f"<ID={name},") for text in declared for name in fields)
    return any(map(_is_supported, part.cells))


def _is_supported(cell: Cell) -> bool:
    return any(set(call.haplotypes) == {0} and not call.bare for call in calls_in(cell))


def _is_set_aside(cell: Cell) -> bool:
    return any(call.set_aside for call in calls_in(cell))


def _has_filters(answer: Answer, sources: Iterable[OpenSource]) -> bool:
    """Whether a filter is declared, or a record at a position of interest did not pass one."""
    declared = (text for source in sources for text in source.header.meta.get("FILTER", ()))
    if any(not text.startswith("<ID=PASS,") for text in declared):
        return True
    genotypes = answer.genotypes.genotypes.values()
    return any(notice.code == _FAILED for genotype in genotypes for notice in genotype.notices)


def _of_asking(answer: Answer, question: Question, options: Options) -> Iterator[str]:
    if options.sex != "unknown" and "sex" not in question.subject and not _reads_x(answer):
        yield f"sex {options.sex} had no effect: no position on chrX was read"
    if options.combinations and not any(gene.research_only for gene in answer.genes):
        yield "combinations had no effect: no gene was left that named alleles do not fit"
    yield from _sources(answer, question, options)
    yield from _medication(answer)
    yield from _subject(answer, question)
    called = {gene.gene for gene in answer.genes}
    for gene in dict.fromkeys(stated.gene for stated in question.outside if stated.gene not in called):
        yield f"the outside call of {gene} had no effect: nothing that was asked about depends on it"


def _reads_x(answer: Answer) -> bool:
    return any(locus.chromosome == "chrX" for locus in answer.genotypes.genotypes)


def _sources(answer: Answer, question: Question, options: Options) -> Iterator[str]:
    known = {guideline.source for guideline in answer.rules.guidelines} if options.sources else set()
    if options.sources and question.genes and not question.drugs:
        yield f"source {', '.join(options.sources)} had no effect: only genes were asked about"
        return
    for source in options.sources:
        if source not in known:
            yield f"source {source} had no effect: it has no guideline on what was asked about"


def _medication(answer: Answer) -> Iterator[str]:
    if not answer.medication:
        return
    asked = {drug.drug.casefold() for drug in answer.drugs}  # their answer is what the report says of them
    texts = [*_texts(answer.drugs), *(gene.adjusted.by for gene in answer.genes if gene.adjusted)]
    told = {each.name for drug in answer.drugs for each in drug.medicines if each.effect in _TELLING}
    for medicine in answer.medication:
        names = medicine.substances
        if not names or medicine.name in told or not asked.isdisjoint(map(str.casefold, names)):
            continue
        if not any(name in text for text in texts for name in names):
            shown = names[0] if len(names) == 1 else medicine.name
            yield (
                f"the medicine {shown} had no effect: no enzyme is known here that it changes and this depends on; "
                "other interactions were not looked at"
            )


def _texts(drugs: Iterable[DrugResult]) -> Iterator[str]:
    """Where an answer may speak of another medicine."""
    for drug in drugs:
        yield from (note.message for note in drug.notes)
        for row in drug.recommendations:
            yield from (note.message for note in row.notes)
            yield from (condition.when for condition in row.advice.conditions)


def _unasked(answer: Answer, subject: Mapping[str, str]) -> Iterator[str]:
    """What makes a patient one of those whom labels except (pregnant, nursing, a child), and no advice asks for."""
    facts = [name for name in sorted(FLAGS) if means_yes(subject.get(name, ""))]
    said = {name: "pregnancy" if name == "pregnant" else name for name in facts}
    if is_child(subject):
        said["age"] = "age"
    for name, words in said.items():
        for drug in (drug for drug, asked in answer.clauses.items() if name not in asked):
            yield f"{words} had no effect: nothing that sources here say of {drug} depends on it; read its label"
        if answer.drugs and not answer.clauses:
            yield f"{words} counts only where a source here speaks of it; read the labels of the other drugs"


def _subject(answer: Answer, question: Question) -> Iterator[str]:
    for key, value in question.subject.items():
        plain = value.strip().casefold()
        if key not in _FIELDS:
            yield f"{key} of the subject had no effect: nothing here uses such a field"
        elif key == "sex" and plain not in _SEXES:
            yield f"sex={value} of the subject had no effect: say male, female or unknown"
        elif key == "ancestry" and value.strip() and group_of(value) is None and answer.drugs:
            yield f"ancestry={value} of the subject had no effect: no guideline knows the word (african, european)"
