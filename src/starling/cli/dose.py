"""`dose`: what a learned model says, apart from guideline advice."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from starling.cli.arguments import (
    NOTHING_CALLED,
    add_knowledge,
    add_patient,
    add_reading,
    anything_called,
    assessed,
    knowledge_path,
    named_drug,
)
from starling.cli.screen import width
from starling.dosing.program import INDICATIONS
from starling.engine import Engine
from starling.errors import InputError
from starling.session import names_of

if TYPE_CHECKING:
    from starling.assessment import Assessment
    from starling.dosing.calibration import Calibration
    from starling.dosing.program import Patient
    from starling.prediction import Prediction

_EXAMPLES: Final = (
    "\nexamples:\n"
    "  starling dose warfarin patient.vcf.gz --age 67 --weight 80 --height 175 \\\n      --ancestry white\n"
    "  starling dose warfarin patient.vcf.gz --age 67 --weight 80 --height 175 \\\n"
    "      --linked rs8050894=G/G+    + as in a VCF, - on the gene's own strand\n"
    "\nA calculation beside published formulas, never guideline advice; needs the [models] extra for the model.\n"
    "Without a model that may be believed the published formula answers, and says why.\n"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What it takes."""
    parser.epilog = _EXAMPLES
    parser.add_argument("drug", metavar="DRUG", help="a drug with a dose model: warfarin")
    parser.add_argument("input", nargs="*", metavar="INPUT", help="VCF, gVCF, BCF, array or test results; - for stdin")
    parser.add_argument("-o", "--output", metavar="FILE", help=".html (the report with the dose), .json or .txt")
    parser.add_argument("--json", action="store_true", help="JSON on the screen")
    add_patient(parser, facts=False)
    facts = parser.add_argument_group("what the model takes (age, height and weight are never assumed)")
    facts.add_argument("--age", metavar="YEARS", help="in whole years")
    facts.add_argument("--weight", metavar="KG", help="in kilograms")
    facts.add_argument("--ancestry", metavar="GROUP", help="white, asian, black, mixed, ...; may be left out")
    facts.add_argument("--indication", metavar="WHY", help=", ".join(INDICATIONS))
    facts.add_argument("--height", metavar="CM", help="in centimetres")
    facts.add_argument(
        "--units-checked", action="store_true", help="an unusual build is in cm and kg; the formula answers"
    )
    facts.add_argument("--smoker", choices=("yes", "no"), help="default: taken as no, and said")
    facts.add_argument("--no-medication", action="store_true", help="the patient takes nothing else")
    facts.add_argument(
        "--linked", action="append", default=[], metavar="RSID=B/B[+-]",
        help="a called site linked with VKORC1 rs9923231; + or - names the strand where the letters do not tell it",
    )  # fmt: skip
    parser.add_argument("--site", metavar="FILE", help="local calibration of this hospital (starling model calibrate)")
    parser.add_argument("--model", metavar="BUNDLE", help="directory or zip; default: the one of this installation")
    parser.add_argument(
        "--unsigned", action="store_true", help="run a --model that no trusted key has signed; every page says so"
    )
    add_knowledge(parser)
    add_reading(parser)


def run(arguments: argparse.Namespace) -> int:
    """Shows the dose for one person: on the screen, as JSON, or as a section of the HTML report."""
    from starling.dosing import dose as dose_of

    calibration = _calibration(arguments.site)
    model = Path(arguments.model) if arguments.model else None
    engine = Engine.open(knowledge_path(arguments.knowledge))
    drug = named_drug(engine, arguments, "dose")
    patient, knowledge = _patient(arguments), engine.knowledge
    _tell_the_report(arguments)
    person = _one(list(assessed(engine, arguments)))
    prediction = dose_of(
        drug, person, patient, knowledge=knowledge, model=model, unsigned=arguments.unsigned, calibration=calibration
    )
    _show(prediction, person, arguments)
    return 0 if anything_called(person) else NOTHING_CALLED


def _one(found: list[Assessment]) -> Assessment:
    if len(found) != 1:
        raise InputError("SEVERAL_PATIENTS", f"a dose is for one person, and the input holds {len(found)}")
    return found[0]


def _patient(arguments: argparse.Namespace) -> Patient:
    from starling.dosing.program import Patient

    names = names_of(arguments.medication, "medication")
    return Patient(
        age_years=_number(arguments.age, "--age", "years"),
        height_cm=_number(arguments.height, "--height", "cm"),
        weight_kg=_number(arguments.weight, "--weight", "kg"),
        ancestry=arguments.ancestry,
        medication=names or (() if arguments.no_medication else None),
        smoker=None if arguments.smoker is None else arguments.smoker == "yes",
        indication=arguments.indication,
        linked=_linked(arguments.linked),
        units_checked=arguments.units_checked,
    )


def _number(stated: str | None, option: str, unit: str) -> float | None:
    if stated is None or not stated.strip():
        return None
    try:
        return float(stated)
    except ValueError:
        raise InputError("BAD_OPTION", f"{stated!r} is not a number of {unit}", source=option) from None


def _tell_the_report(arguments: argparse.Namespace) -> None:
    """What is stated for the dose holds for the report that it stands in: nobody says it twice."""
    if arguments.ancestry and not any(pair.startswith("ancestry=") for pair in arguments.subject):
        arguments.subject = [*arguments.subject, f"ancestry={arguments.ancestry}"]


def _linked(texts: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in texts:
        site, separator, genotype = text.partition("=")
        if not separator:
            raise InputError("BAD_OPTION", f"{text!r} is not RSID=BASE/BASE", source="--linked")
        if found.setdefault(site, genotype) != genotype:
            raise InputError("BAD_OPTION", f"{site} is stated as {found[site]} and as {genotype}", source="--linked")
    return found


def _show(prediction: Prediction, person: Assessment, arguments: argparse.Namespace) -> None:
    from starling.formats.write import write_atomically
    from starling.prediction import to_jsonable

    suffix = Path(arguments.output).suffix.lower() if arguments.output else ""
    if suffix in {".html", ".htm"}:
        from starling.report.dose import marks
        from starling.report.dose_picture import section
        from starling.report.html import page

        text = page(person, appendix=section(prediction, sample=person.sample), marks=marks(prediction))
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
