"""`dose`: what a learned model says, apart from guideline advice."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from starling.cli.arguments import (
    NOTHING_CALLED,
    add_knowledge,
    add_patient,
    add_reading,
    assessed,
    knowledge_path,
    named_drug,
)
from starling.cli.screen import width
from starling.dosing.program import INDICATIONS
from starling.engine import Engine
from starling.errors import InputError

if TYPE_CHECKING:
    from starling.assessment import Assessment
    from starling.dosing.calibration import Calibration
    from starling.dosing.program import Patient
    from starling.prediction import Prediction

_EXAMPLES: Final = (
    "\nexample:\n  starling dose warfarin patient.vcf.gz --age 67 --weight 80 --height 175 \\\n      --ancestry white\n"
    "\nA calculation beside published formulas, never guideline advice; needs the [models] extra for the model.\n"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What it takes."""
    parser.epilog = _EXAMPLES
    parser.add_argument("drug", metavar="DRUG", help="a drug with a dose model: warfarin")
    parser.add_argument("input", nargs="+", metavar="INPUT", help="VCF, gVCF, BCF, array or test results; - for stdin")
    parser.add_argument("-o", "--output", metavar="FILE", help=".html (the report with the dose), .json or .txt")
    parser.add_argument("--json", action="store_true", help="JSON on the screen")
    facts = parser.add_argument_group("what the model takes (age, height and weight are never assumed)")
    facts.add_argument("--age", type=float, metavar="YEARS")
    facts.add_argument("--height", type=float, metavar="CM")
    facts.add_argument("--weight", type=float, metavar="KG")
    facts.add_argument("--ancestry", metavar="GROUP", help="white, asian or black; may be left out")
    facts.add_argument("--smoker", choices=("yes", "no"))
    facts.add_argument("--indication", choices=INDICATIONS)
    facts.add_argument("--no-medication", action="store_true", help="the patient takes nothing else")
    facts.add_argument(
        "--linked", action="append", default=[], metavar="RSID=B/B", help="a called site linked with VKORC1 rs9923231"
    )
    parser.add_argument("--site", metavar="FILE", help="local calibration of this hospital (starling model calibrate)")
    parser.add_argument("--model", metavar="BUNDLE", help="directory or zip; default: the one of this installation")
    add_knowledge(parser)
    add_reading(parser)
    add_patient(parser, facts=False)


def run(arguments: argparse.Namespace) -> int:
    """Shows the dose for one person: on the screen, as JSON, or as a section of the HTML report."""
    from starling.dosing import dose as dose_of

    calibration = _calibration(arguments.site)
    model = Path(arguments.model) if arguments.model else None
    engine = Engine.open(knowledge_path(arguments.knowledge))
    drug = named_drug(engine, arguments, "dose")
    person = _one(list(assessed(engine, arguments)))
    patient, knowledge = _patient(arguments), engine.knowledge
    prediction = dose_of(drug, person, patient, knowledge=knowledge, model=model, calibration=calibration)
    _show(prediction, person, arguments)
    return 0 if any(gene.status != "undetermined" for gene in person.genes) else NOTHING_CALLED


def _one(found: list[Assessment]) -> Assessment:
    if len(found) != 1:
        raise InputError("SEVERAL_PATIENTS", f"a dose is for one person, and the input holds {len(found)}")
    return found[0]


def _patient(arguments: argparse.Namespace) -> Patient:
    from starling.dosing.program import Patient

    names = tuple(name.strip() for name in arguments.medication.split(",") if name.strip())
    return Patient(
        age_years=arguments.age,
        height_cm=arguments.height,
        weight_kg=arguments.weight,
        ancestry=arguments.ancestry,
        medication=names or (() if arguments.no_medication else None),
        smoker=None if arguments.smoker is None else arguments.smoker == "yes",
        indication=arguments.indication,
        linked=dict(_linked(arguments.linked)),
    )


def _linked(texts: list[str]) -> Iterator[tuple[str, str]]:
    for text in texts:
        site, separator, genotype = text.partition("=")
        if not separator:
            raise InputError("BAD_OPTION", f"{text!r} is not RSID=BASE/BASE", source="--linked")
        yield site, genotype


def _show(prediction: Prediction, person: Assessment, arguments: argparse.Namespace) -> None:
    from starling.formats.write import write_atomically
    from starling.prediction import to_jsonable

    suffix = Path(arguments.output).suffix.lower() if arguments.output else ""
    if suffix in {".html", ".htm"}:
        from starling.report.dose_picture import section
        from starling.report.html import page

        text = page(person, appendix=section(prediction))
    elif arguments.json or suffix == ".json":
        text = json.dumps(to_jsonable(prediction), indent=2) + "\n"
    else:
        from starling.report.dose import render

        text = render(prediction, sample=person.sample, width=100 if arguments.output else width())
    if arguments.output:
        write_atomically(arguments.output, text)
    else:
        sys.stdout.write(text)


def _calibration(path: str | None) -> Calibration | None:
    if path is None:
        return None
    from starling.dosing.calibration import read

    return read(Path(path))
