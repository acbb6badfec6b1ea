"""`report`: a patient's file -> what is known of every gene and advised for every drug."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from starling.assessment import Assessment, DrugResult
from starling.cli.arguments import Tally, add_knowledge, add_patient, add_reading, assessed, knowledge_path
from starling.cli.output import format_of, write, write_documents, write_pages
from starling.cli.screen import uses_colour, width
from starling.engine import Engine
from starling.extras import need
from starling.guidance.summary import unadvised
from starling.knowledge.medicines import read_as
from starling.values import dataclass, replace
from starling.vocabulary import Notice

if TYPE_CHECKING:
    from starling.report.html import Extent

FORMATS: Final = ("terminal", "json", "tsv", "html", "alert", "patient", "calls", "hl7", "fhir", "pdf")
#: formats for programs, which are never narrowed
_WHOLE: Final = frozenset({"json", "fhir"})

_BY_SUFFIX: Final = {
    ".fhir.json": "fhir",
    ".json": "json",
    ".jsonl": "json",
    ".tsv": "tsv",
    ".html": "html",
    ".htm": "html",
    ".txt": "terminal",
    ".hl7": "hl7",
    ".pdf": "pdf",
}
_EXAMPLES: Final = """
examples:
  starling report patient.vcf.gz
  starling report patient.vcf.gz -o patient.json
      format by suffix: .json .jsonl .tsv .html .txt .hl7 .fhir.json .pdf
  starling report chr1.vcf.gz chr2.vcf.gz chr10.vcf.gz  parts of one person
  starling report cohort.vcf.gz -o pages/               one page per person
  starling report patient.vcf.gz --format alert         two sentences a drug
  starling report patient.vcf.gz --format patient -o me.html
      a page for the patient, with a card for the wallet
  starling report patient.vcf.gz --format calls -o calls.tsv
      genes alone, with function and activity value of each allele
  starling report patient.vcf.gz -o patient.fhir.json
      one FHIR R4 Bundle (Genomics Reporting) for another system
  starling report patient.vcf.gz -o patient.pdf
      the first page on one sheet of A4; needs the extra [print]
  zcat patient.vcf.gz | starling report -               from standard input
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What it takes."""
    parser.epilog = _EXAMPLES
    parser.add_argument("input", nargs="*", metavar="INPUT", help="VCF, gVCF, BCF, array or test results; - for stdin")
    parser.add_argument("-o", "--output", metavar="FILE|DIR", help="where to write (default: the screen)")
    listed = ", ".join(FORMATS)
    parser.add_argument(
        "--format", choices=FORMATS, metavar="FORMAT", help=f"one of {listed}; default: by the suffix of the output"
    )
    parser.add_argument("--json-lines", action="store_true", help="JSON with one assessment per line")
    extent = parser.add_mutually_exclusive_group()
    extent.add_argument("--short", action="store_true", help="HTML: the first page alone")
    extent.add_argument("--full", action="store_true", help="HTML: print everything, with the evidence open")
    parser.add_argument("--font", metavar="FILE", help="PDF: a TrueType file for letters that the built-in font lacks")
    add_knowledge(parser)
    add_reading(parser)
    add_patient(parser)
    view = parser.add_argument_group("what to show (JSON and FHIR are always complete)")
    view.add_argument("--gene", action="append", default=[], metavar="GENE", help="only this gene; may be repeated")
    view.add_argument("--drug", action="append", default=[], metavar="DRUG", help="only this drug; may be repeated")


def run(arguments: argparse.Namespace) -> int:
    """Writes the report of everyone in the input; 5 when nothing could be called."""
    engine = Engine.open(knowledge_path(arguments.knowledge))
    output = Path(arguments.output) if arguments.output else None
    format_ = _format_of(arguments, output)
    tally = Tally()
    view = View.asked_for(engine, arguments)
    people = tally(assessed(engine, arguments))
    shown = people if format_ in _WHOLE else map(view.of, people)
    if format_ in {"html", "patient"}:
        write_pages(shown, output, _page(format_, arguments))
    elif format_ == "pdf":
        write_documents(shown, output, _document(arguments))
    else:
        write(_text_of(engine, shown, format_, arguments, output), output)
    return tally.exit_code


@dataclass(frozen=True, slots=True)
class View:
    """Which genes and drugs to show; empty: all.

    `silent`: the answers for drugs that were asked for and of which no guideline says anything.  `notices`: as what
    the names of drugs were read.
    """

    genes: frozenset[str]
    drugs: frozenset[str]
    silent: tuple[DrugResult, ...] = ()
    notices: tuple[Notice, ...] = ()

    @classmethod
    def asked_for(cls, engine: Engine, arguments: argparse.Namespace) -> View:
        """The view that the options name, in whatever case.  Raises: InputError on an unknown gene or drug."""
        knowledge = engine.knowledge
        genes = frozenset(map(knowledge.find_gene, arguments.gene))
        drugs = {drug.name: drug for drug in map(knowledge.find_drug, arguments.drug)}
        silent = tuple(unadvised(drug) for drug in drugs.values() if drug.unadvised)
        notices = tuple(notice for name in arguments.drug for notice in read_as(knowledge, name))
        return cls(genes, frozenset(drugs), silent, notices)

    def of(self, person: Assessment) -> Assessment:
        """The assessment with only what was asked for."""
        stamp = person.provenance
        return replace(
            person,
            provenance=replace(stamp, notices=(*stamp.notices, *self.notices)),
            genes=tuple(gene for gene in person.genes if not self.genes or gene.gene in self.genes),
            drugs=(*(drug for drug in person.drugs if not self.drugs or drug.drug in self.drugs), *self.silent),
        )


def _format_of(arguments: argparse.Namespace, output: Path | None) -> str:
    if arguments.json_lines:
        return "json"
    folder = bool(arguments.output) and arguments.output.endswith("/")
    return format_of(arguments.format, output, _BY_SUFFIX, folder=folder)


def _page(format_: str, arguments: argparse.Namespace) -> Callable[[Assessment], str]:
    if format_ == "html":
        from starling.report.html import page

        extent: Extent = "short" if arguments.short else "full" if arguments.full else "whole"
        return lambda person: page(person, extent=extent)
    from starling.report.patient import patient_page
    from starling.report.taken import taken

    return lambda person: patient_page(person, taken=taken(person))


def _document(arguments: argparse.Namespace) -> Callable[[Assessment], bytes]:
    """Raises: InputError EXTRA_MISSING."""
    need("fpdf", "print")
    from starling.printing.sheet import sheet

    font = Path(arguments.font) if arguments.font else None
    return lambda person: sheet(person, font=font)


def _text_of(
    engine: Engine, people: Iterable[Assessment], format_: str, arguments: argparse.Namespace, output: Path | None
) -> Iterator[str]:
    if format_ == "json":
        from starling.report.document import document_parts, json_line

        lines = arguments.json_lines or (output is not None and output.suffix.lower() == ".jsonl")
        return map(json_line, people) if lines else document_parts(people)
    if format_ == "fhir":
        from starling.exchange.codes import Codes
        from starling.exchange.fhir.bundle import document_parts as bundle_parts

        return bundle_parts(people, Codes.of(engine.knowledge))
    if format_ == "tsv":
        from starling.report.tsv import table_parts

        return table_parts(people)
    if format_ == "calls":
        from starling.report.calls import calls_parts

        return calls_parts(people, engine.knowledge.definitions)
    if format_ == "hl7":
        from starling.exchange.codes import Codes
        from starling.exchange.hl7.report import report_parts

        return report_parts(people, Codes.of(engine.knowledge))
    if format_ == "alert":
        from starling.report.alert import alerts
        from starling.report.taken import taken

        texts = (alerts(person, taken=taken(person)) for person in people)
        return (f"\n{text}" if number else text for number, text in enumerate(texts))
    from starling.report.terminal import render

    colour = output is None and uses_colour(sys.stdout)
    columns = width() if output is None else 100
    return (render(person, colour=colour, width=columns) for person in people)
