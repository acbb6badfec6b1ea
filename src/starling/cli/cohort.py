"""`cohort call`, `reanalyse`, `summary` and `answers`: many people, with progress on the terminal."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Final

from starling.assessment import Options
from starling.cli.arguments import add_knowledge, add_reading, read_options
from starling.cli.commands import add_verb
from starling.cli.output import write
from starling.cli.screen import ProgressBar
from starling.errors import InputError
from starling.report.text import visible

#: exit code: done, but something had to be left out (it is named on stderr and in the output)
INCOMPLETE = 2

_SUMMARY_BY_SUFFIX: Final = {".html": "html", ".htm": "html", ".json": "json"}

#: what answers are written as
_ANSWERS: Final = (".tsv", ".parquet")
_CALL: Final = """
examples:
  starling cohort call panel.vcf.gz -o calls.parquet
  starling cohort call genomes/ --people people.tsv -o calls.parquet
      one file per person, in a directory
"""
_AGAIN: Final = """
  starling cohort reanalyse calls.evidence.parquet --knowledge new.kb \\
      -o new.parquet
"""
_NUMBERS: Final = """
  starling cohort summary calls.parquet --people people.tsv --by population \\
      -o summary.html
  starling cohort summary calls.parquet --format multiqc -o starling_mqc.json
"""
_TOLD: Final = """
  starling cohort answers calls.parquet --drug clopidogrel -o clopidogrel.tsv
"""
_NEEDS: Final = "\nNeeds the [cohort] extra; --engine ray needs [ray].\n"
_EXAMPLES: Final = "".join(each.removesuffix("\n") for each in (_CALL, _AGAIN, _NUMBERS, _TOLD)) + "\n" + _NEEDS


def _example(lines: str) -> str:
    return f"\nexamples:{lines}{_NEEDS}"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What it takes."""
    parser.epilog = _EXAMPLES
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
    first = add_verb(verbs, "call", "everybody in many files, each distinct pattern once", call, _CALL + _NEEDS)
    first.add_argument("input", nargs="+", metavar="INPUT", help="file, directory, or @LIST of paths")
    first.add_argument("--people", metavar="TSV", help="columns sample, sex, medication (;-separated), and groups")
    first.add_argument("--outside", metavar="TSV", help="outside calls with a column sample")
    first.add_argument("--source", action="append", default=[], choices=("CPIC", "DPWG", "FDA"), help="only this one")
    add_knowledge(first)
    add_reading(first, one_person=False)
    again = add_verb(verbs, "reanalyse", "who is affected by new knowledge", reanalyse, _example(_AGAIN))
    again.add_argument("evidence", metavar="EVIDENCE", help="calls.evidence.parquet, as `cohort call` left it")
    again.add_argument("--knowledge", metavar="FILE", required=True, help="the new knowledge base, compiled")
    again.add_argument("--calls", metavar="FILE", help="the earlier calls; default: beside the evidence")
    for verb in (first, again):
        verb.add_argument("-o", "--output", metavar="FILE", required=True, help="calls, as .parquet")
        verb.add_argument("--engine", choices=("local", "ray"), default="local", help="default: this machine's cores")
        verb.add_argument("--workers", type=int, metavar="N", help="shards at a time; default: one per core")
    numbers = add_verb(
        verbs, "summary", "frequencies, actionable results, missing positions", summary, _example(_NUMBERS)
    )
    numbers.add_argument("calls", metavar="CALLS", help="calls.parquet, as `cohort call` left it")
    numbers.add_argument("--people", metavar="TSV", help="a table with a column sample")
    numbers.add_argument("--by", metavar="COLUMN", help="a column of --people: one group for each of its values")
    numbers.add_argument(
        "--min-cell",
        type=int,
        default=10,
        metavar="N",
        help="suppress counts below N (default 10; 0: for this site only)",
    )
    numbers.add_argument(
        "-o", "--output", metavar="FILE", help=".tsv, .html or .json (default: the table on the screen)"
    )
    numbers.add_argument(
        "--format",
        choices=("tsv", "html", "json", "multiqc"),
        help="default: by the suffix; multiqc: name the file ..._mqc.json",
    )
    told = add_verb(verbs, "answers", "what each is told of a drug, and what could be given", answers, _example(_TOLD))
    told.add_argument("calls", metavar="CALLS", help="calls.parquet, as `cohort call` left it")
    told.add_argument("--drug", action="append", required=True, metavar="DRUG[,DRUG]", help="may be repeated")
    told.add_argument("-o", "--output", metavar="FILE", required=True, help=".tsv or .parquet")
    add_knowledge(told)


def call(arguments: argparse.Namespace) -> int:
    """Everybody in the inputs is called."""
    from starling.cohort.call.work import KnowledgeFile
    from starling.cohort.collect.people import read_outside, read_people, with_outside_calls
    from starling.cohort.run import Order
    from starling.cohort.run import call as run

    knowledge = KnowledgeFile(arguments.knowledge).base
    stated = read_people(Path(arguments.people), knowledge) if arguments.people else {}
    outside = read_outside(Path(arguments.outside), knowledge) if arguments.outside else {}
    order = Order(
        inputs=tuple(arguments.input),
        output=_output(arguments.output),
        options=_options(arguments),
        stated=with_outside_calls(stated, outside),
        knowledge=arguments.knowledge,
        engine=arguments.engine,
        workers=_workers(arguments),
        tables=tuple(Path(each) for each in (arguments.people, arguments.outside) if each),
    )
    bar = ProgressBar("calling", unit="people")
    try:
        done = run(order, bar)
    finally:
        bar.close()
    print(visible(f"{done.people:,} people, {done.patterns:,} distinct patterns -> {done.outputs.calls}"))
    for person, remarks in done.remarks.items():
        for remark in remarks:
            print(visible(f"{person}: {remark}"), file=sys.stderr)
    for each in done.skipped:
        missing = f" ({len(each.people)} people)" if each.people else ""
        print(visible(f"left out: {each.source}{missing}: {each.message}"), file=sys.stderr)
    return INCOMPLETE if done.skipped else 0


def reanalyse(arguments: argparse.Namespace) -> int:
    """Everybody is called again as far as the new knowledge differs."""
    from starling.cohort.reanalyse import Again
    from starling.cohort.reanalyse import reanalyse as run

    evidence = Path(arguments.evidence)
    order = Again(
        evidence=evidence,
        calls=Path(arguments.calls) if arguments.calls else _calls_beside(evidence),
        knowledge=arguments.knowledge,
        output=_output(arguments.output),
        engine=arguments.engine,
        workers=_workers(arguments),
    )
    if order.calls.resolve() == order.output.resolve():
        raise InputError("BAD_OPTION", "would replace the calls it is compared with", source="--output")
    bar = ProgressBar("reading again", unit="shards")
    try:
        done = run(order, bar)
    finally:
        bar.close()
    changed = ", ".join((*done.rules_changed, *done.sites_changed)) or "none"
    print(f"genes with other rules or sites: {changed}; guidance: {'other' if done.guidance_changed else 'the same'}")
    for gene, people in done.uncovered.items():
        if people:
            print(f"{gene}: {people:,} people need their source file for sites that the evidence does not cover")
    print(
        visible(
            f"{done.people:,} people, {done.differences:,} differences -> {done.outputs.beside('differences', '.tsv')}"
        )
    )
    for each in done.skipped:
        print(visible(f"left out: {each.source}: {each.message}"), file=sys.stderr)
    return INCOMPLETE if done.skipped else 0


def summary(arguments: argparse.Namespace) -> int:
    """Frequencies of the cohort, as a table and a page."""
    from starling.cohort.tell.summary import summarise
    from starling.report.summary_json import document
    from starling.report.summary_multiqc import multiqc
    from starling.report.summary_page import page
    from starling.report.summary_table import table

    if arguments.min_cell < 0:
        raise InputError("BAD_OPTION", "must not be negative", source="--min-cell")
    people = Path(arguments.people) if arguments.people else None
    if arguments.by and people is None:
        raise InputError("BAD_OPTION", "needs --people, the table with that column", source="--by")
    found = summarise(Path(arguments.calls), people=people, by=arguments.by, min_cell=arguments.min_cell)
    output = Path(arguments.output) if arguments.output else None
    faces = {"html": page, "json": document, "multiqc": multiqc, "tsv": table}
    suffix = output.suffix.lower() if output is not None else ""
    text = faces[arguments.format or _SUMMARY_BY_SUFFIX.get(suffix, "tsv")](found)
    write([text], output)
    return 0


def answers(arguments: argparse.Namespace) -> int:
    """What everybody is told of some drugs is in a table."""
    from starling.cohort.call.work import KnowledgeFile
    from starling.cohort.tell.everyone import tell_everyone

    output = Path(arguments.output)
    if output.suffix not in _ANSWERS:
        raise InputError("BAD_OPTION", f"must end in {' or '.join(_ANSWERS)}", source="--output")
    if not output.parent.is_dir():
        raise InputError("OUTPUT_UNWRITABLE", "no such directory", source=str(output.parent))
    drugs = [name for each in arguments.drug for name in each.split(",") if name.strip()]
    rows = tell_everyone(Path(arguments.calls), drugs, output, KnowledgeFile(arguments.knowledge).base)
    print(visible(f"{rows:,} answers -> {output}"))
    return 0


def _options(arguments: argparse.Namespace) -> Options:
    return read_options(arguments, sex="unknown", sources=tuple(arguments.source))


def _workers(arguments: argparse.Namespace) -> int | None:
    workers: int | None = arguments.workers
    if workers is not None and workers < 1:
        raise InputError("BAD_OPTION", "must be at least 1", source="--workers")
    return workers


def _output(text: str) -> Path:
    path = Path(text)
    if path.suffix != ".parquet":
        raise InputError("BAD_OPTION", "must end in .parquet", source="--output")
    if not path.parent.is_dir():
        raise InputError("OUTPUT_UNWRITABLE", "no such directory", source=str(path.parent))
    return path


def _calls_beside(evidence: Path) -> Path:
    """`calls.evidence.parquet` -> `calls.parquet`."""
    name = evidence.name.removesuffix(".parquet")
    if not name.endswith(".evidence"):
        raise InputError("BAD_OPTION", "name the table of calls that belongs to this evidence", source="--calls")
    return evidence.with_name(name.removesuffix(".evidence") + ".parquet")
