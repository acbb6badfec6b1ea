"""`report` and `check`: a patient's file -> what the prescriber needs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Final

from starling.assessment import Assessment, Options
from starling.cli.screen import ProgressBar, uses_colour, width
from starling.errors import InputError
from starling.values import dataclass, replace
from starling.vocabulary import Sex

FORMATS: Final = ("terminal", "json", "tsv", "html")
SUBJECT_KEYS: Final = (
    "id",
    "name",
    "birth_date",
    "sex",
    "specimen",
    "collected",
    "ordered_by",
    "laboratory",
    "ancestry",
    "transplant",
)
#: exit code: the file was read, but no gene could be called
NOTHING_CALLED: Final = 5

_BY_SUFFIX: Final = {
    ".json": "json",
    ".jsonl": "json",
    ".tsv": "tsv",
    ".html": "html",
    ".htm": "html",
    ".txt": "terminal",
}


def report(arguments: argparse.Namespace) -> int:
    """Writes the report of everyone in the input; 5 when nothing could be called."""
    output = Path(arguments.output) if arguments.output else None
    format_ = _format_of(arguments, output)
    tally = Tally()
    view = View.asked_for(arguments)
    people = tally(assessed(arguments)) if format_ == "json" else map(view.of, tally(assessed(arguments)))
    if format_ == "html":
        _write_pages(people, output)
    else:
        _write(_text_of(people, format_, arguments, output), output)
    return 0 if tally.anything_called else NOTHING_CALLED


def check(arguments: argparse.Namespace) -> int:
    """Answers one question on the screen: may this patient have this drug?"""
    from starling.engine import bundled_knowledge
    from starling.report.check import check_view

    drug = bundled_knowledge().find_drug(arguments.drug)
    tally = Tally()
    for person in tally(assessed(arguments)):
        sys.stdout.write(check_view(person, drug.name, colour=uses_colour(sys.stdout), width=width()))
    return 0 if tally.anything_called else NOTHING_CALLED


class Tally:
    """Passes people on and remembers whether any gene of anyone was called."""

    def __init__(self) -> None:
        self.anything_called = False

    def __call__(self, people: Iterable[Assessment]) -> Iterator[Assessment]:
        """The same people."""
        for person in people:
            self.anything_called |= any(gene.status != "undetermined" for gene in person.genes)
            yield person


def assessed(arguments: argparse.Namespace) -> Iterator[Assessment]:
    """The assessment of everyone in the input, as the options ask."""
    from starling.engine import assess_all

    bar = ProgressBar("reading")
    try:
        yield from assess_all(
            arguments.input,
            samples=arguments.sample,
            outside=arguments.outside,
            medication=_medication(arguments.medication),
            subject=_subject(arguments.subject, arguments.sex),
            options=_options(arguments),
            progress=bar,
        )
    finally:
        bar.close()


def _options(arguments: argparse.Namespace) -> Options:
    return read_options(arguments, sex=_sex(arguments), sources=tuple(arguments.source))


def read_options(arguments: argparse.Namespace, *, sex: Sex, sources: tuple[str, ...]) -> Options:
    """How to read, as the command line says it.  Raises: InputError on a negative threshold."""
    for name in ("min_dp", "min_gq"):
        if getattr(arguments, name) < 0:
            raise InputError("BAD_OPTION", "must not be negative", source=f"--{name.replace('_', '-')}")
    return Options(
        build=arguments.build,
        sex=sex,
        absent_is_reference=arguments.absent_is_reference,
        callable_bed=arguments.callable,
        min_dp=arguments.min_dp,
        min_gq=arguments.min_gq,
        pass_only=arguments.pass_only,
        phase=arguments.phase,
        combinations=arguments.combinations,
        sources=sources,
        hash_input=arguments.hash_input,
    )


def _sex(arguments: argparse.Namespace) -> Sex:
    """`--sex`, else what the subject's data say: a fact about the patient is not asked for twice."""
    if arguments.sex == "unknown":
        for pair in arguments.subject:
            if pair in {"sex=male", "sex=female"}:
                return "male" if pair == "sex=male" else "female"
    sex: Sex = arguments.sex
    return sex


def _medication(text: str) -> tuple[str, ...]:
    """The medicines named.  Raises: InputError on a name nobody here knows, with the nearest ones."""
    from starling.engine import bundled_knowledge

    names = tuple(name.strip() for name in text.split(",") if name.strip())
    for name in names:
        if not bundled_knowledge().knows_medicine(name):
            near = ", ".join(bundled_knowledge().nearest_medicines(name))
            hint = f"; nearest: {near}" if near else ""
            raise InputError("UNKNOWN_MEDICINE", f"{name!r} is not known here{hint}", source="--medication")
    return names


def _subject(pairs: Iterable[str], sex: str) -> Mapping[str, str]:
    """The subject's data.  Raises: InputError on an unknown key, or on a sex that contradicts --sex."""
    subject: dict[str, str] = {}
    for pair in pairs:
        key, separator, value = pair.partition("=")
        if not separator or key not in SUBJECT_KEYS:
            known = ", ".join(SUBJECT_KEYS)
            raise InputError("BAD_OPTION", f"{pair!r} is not KEY=VALUE with a key of: {known}", source="--subject")
        subject[key] = value.strip()
    stated = subject.get("sex", sex).casefold()
    if sex != "unknown" and stated != sex:
        raise InputError("BAD_OPTION", f"sex={subject['sex']} contradicts --sex {sex}", source="--subject")
    return subject


@dataclass(frozen=True, slots=True)
class View:
    """Which genes and drugs to show; empty: all."""

    genes: frozenset[str]
    drugs: frozenset[str]

    @classmethod
    def asked_for(cls, arguments: argparse.Namespace) -> View:
        """The view that the options name.  Raises: InputError on an unknown gene or drug."""
        from starling.engine import bundled_knowledge

        if not arguments.gene and not arguments.drug:
            return cls(frozenset(), frozenset())
        knowledge = bundled_knowledge()
        unknown = [gene for gene in arguments.gene if gene not in knowledge.genes]
        if unknown:
            raise InputError("UNKNOWN_GENE", f"{unknown[0]!r} is not in this knowledge base", source="--gene")
        return cls(frozenset(arguments.gene), frozenset(knowledge.find_drug(name).name for name in arguments.drug))

    def of(self, person: Assessment) -> Assessment:
        """The assessment with only what was asked for."""
        return replace(
            person,
            genes=tuple(gene for gene in person.genes if not self.genes or gene.gene in self.genes),
            drugs=tuple(drug for drug in person.drugs if not self.drugs or drug.drug in self.drugs),
        )


def _format_of(arguments: argparse.Namespace, output: Path | None) -> str:
    if arguments.json_lines:
        return "json"
    if arguments.format:
        return str(arguments.format)
    if output is None:
        return "terminal"
    if output.is_dir() or arguments.output.endswith("/"):
        return "html"
    format_ = _BY_SUFFIX.get(output.suffix.lower())
    if format_ is None:
        known = " ".join(_BY_SUFFIX)
        raise InputError(
            "BAD_OPTION", f"no format known for this suffix (known: {known}); use --format", source=str(output)
        )
    return format_


def _text_of(
    people: Iterable[Assessment], format_: str, arguments: argparse.Namespace, output: Path | None
) -> Iterator[str]:
    if format_ == "json":
        from starling.report.document import document_parts, json_line

        lines = arguments.json_lines or (output is not None and output.suffix.lower() == ".jsonl")
        return map(json_line, people) if lines else document_parts(people)
    if format_ == "tsv":
        from starling.report.tsv import table_parts

        return table_parts(people)
    from starling.report.terminal import render

    colour = output is None and uses_colour(sys.stdout)
    columns = width() if output is None else 100
    return (render(person, colour=colour, width=columns) for person in people)


def _write(parts: Iterable[str], output: Path | None) -> None:
    if output is None:
        for part in parts:
            sys.stdout.write(part)
        return
    from starling.formats.write import write_atomically

    write_atomically(output, parts)


def _write_pages(people: Iterable[Assessment], output: Path | None) -> None:
    from starling.formats.write import file_name_for, write_atomically
    from starling.report.html import page

    if output is None:
        _write((page(person) for person in _only_one(people)), None)
    elif output.suffix.lower() in {".html", ".htm"} and not output.is_dir():
        write_atomically(output, (page(person) for person in _only_one(people)))
    else:
        if not output.is_dir():
            raise InputError("OUTPUT_UNWRITABLE", "no such directory", source=str(output))
        for person in people:
            write_atomically(output / file_name_for(person.sample, ".html"), [page(person)])


def _only_one(people: Iterable[Assessment]) -> Iterator[Assessment]:
    first_two = list(islice(people, 2))
    if len(first_two) > 1:
        raise InputError("SEVERAL_PATIENTS", "an HTML page shows one person, and the input holds several")
    yield from first_two
