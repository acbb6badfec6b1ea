"""`model`: inspect, verify and run dose models, and keep a hospital's own correction."""

from __future__ import annotations

import argparse
import datetime
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starling.cli.commands import add_verb
from starling.errors import InputError, ModelError
from starling.report.text import visible

if TYPE_CHECKING:
    from starling.dosing.calibration import Calibration
    from starling.runtime.bundle import Bundle
    from starling.runtime.card import Tabular


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What it takes."""
    parser.epilog = "\nexamples:\n  starling model info      the model that came along\n  starling model verify\n"
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
    info_ = add_verb(verbs, "info", "what a model takes, gives, was trained on, and how good it is", info)
    verify_ = add_verb(verbs, "verify", "check digest, card, graph and golden vectors", verify)
    raw_ = add_verb(verbs, "run", "raw outputs for factors as JSON Lines", raw)
    for verb in (info_, verify_, raw_):
        verb.add_argument("model", metavar="BUNDLE", nargs="?" if verb is not raw_ else None, help="path, or warfarin")
    raw_.add_argument("input", metavar="FILE", help="JSON Lines; - for stdin")
    learn = add_verb(verbs, "calibrate", "a hospital's own correction: propose, activate, revert", calibrate)
    learn.add_argument("file", metavar="FILE", help="where this hospital's outcomes are kept")
    learn.add_argument("--model", metavar="BUNDLE", help="default: warfarin")
    learn.add_argument(
        "--outcome", nargs=2, type=float, action="append", default=[], metavar=("PREDICTED", "STABLE"),
        help="uncalibrated dose and stable dose of one patient; may be repeated",
    )  # fmt: skip
    who = learn.add_mutually_exclusive_group()
    who.add_argument("--activate", metavar="NAME", help="put the proposal in force, in the name of this person")
    who.add_argument("--revert", metavar="NAME", help="take back what is in force, in the name of this person")


def _bundle(text: str | None) -> Bundle:
    """The bundle at a path, or the one of that name that came with the program."""
    from starling.dosing.model import bundled
    from starling.runtime.bundle import Bundle

    path = Path(text or "warfarin")
    return Bundle.read(path if path.exists() else bundled(path.name) if text in {None, path.name} else path)


def info(arguments: argparse.Namespace) -> int:
    """Says what a model is, takes, gives, was trained on, and how good it is; runs nothing."""
    bundle = _bundle(arguments.model)
    card = bundle.card
    lines = [f"{card.name} {card.version}  sha256 {bundle.sha256}"]
    lines += [f"  gives {each}" for each in card.gives] + [f"  takes {each}" for each in card.takes]
    lines += _tabular(card.tabular) if card.tabular else ()
    for name, facts in card.facts.items():
        lines.append(f"  {name}")
        lines += [f"    {line}" for line in _facts(facts)]
    sys.stdout.write("".join(f"{visible(line)}\n" for line in lines))
    return 0


def _tabular(model: Tabular) -> Iterator[str]:
    output = model.output
    yield f"  gives {output.quantity}, {output.unit}, {output.low:.1f} to {output.high:.1f}"
    for each in model.inputs:
        taken = ", ".join(each.levels) if each.levels else f"{each.low:g} to {each.high:g} {each.unit}"
        missing = f"assumed {each.assumed}" if each.missing == "assume" else each.missing
        yield f"  takes {each.name}: {taken}; not stated: {missing}"
    yield f"  interval: {model.interval.coverage:.0%}. {model.interval.statement}"


def _facts(facts: Any) -> Iterator[str]:
    for key, value in facts.items():
        if isinstance(value, dict):
            yield f"{key}:"
            yield from (f"  {line}" for line in _facts(value))
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            yield f"{key}:"
            yield from ("  " + ", ".join(f"{name} {each}" for name, each in row.items()) for row in value)
        else:
            yield f"{key}: {'; '.join(map(str, value)) if isinstance(value, list) else value}"


def verify(arguments: argparse.Namespace) -> int:
    """Says check by check whether a bundle can be believed; 6 when it cannot."""
    from starling.dosing.model import verify as checks

    holds = True
    for check in checks(_bundle(arguments.model)):
        holds = holds and check.holds
        sys.stdout.write(visible(f"{'ok' if check.holds else 'WRONG':<6} {check.name}: {check.detail}") + "\n")
    return 0 if holds else ModelError.exit_code


def raw(arguments: argparse.Namespace) -> int:
    """Prints the raw output for every line of a JSON Lines file of factors (as golden.jsonl has them)."""
    from starling.runtime.inputs import outside

    bundle = _bundle(arguments.model).load()
    inputs = bundle.tabular.inputs
    for number, factors in enumerate(_rows(arguments.input), 1):
        absent = [each.name for each in inputs if each.name not in factors]
        if absent:
            raise InputError("BAD_JSON", f"lacks {', '.join(absent)}", source=arguments.input, line=number)
        strange = [each.name for each in outside(inputs, factors)]
        if strange:
            said = f"outside training: {', '.join(strange)}"
            raise InputError("BAD_OPTION", said, source=arguments.input, line=number)
        sys.stdout.write(f"{bundle.predict([factors])[0]:.4f}\n")
    return 0


def _rows(path: str) -> Iterator[dict[str, Any]]:
    try:
        text = sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InputError("BAD_JSON", "is not UTF-8 text", source=path) from error
    except OSError as error:
        raise InputError("FILE_NOT_FOUND", "cannot be read", source=path) from error
    for number, line in enumerate(text.splitlines(), 1):
        try:
            row = json.loads(line)
            yield dict(row.get("inputs", row))
        except (ValueError, AttributeError, TypeError, RecursionError) as error:
            raise InputError("BAD_JSON", "is not a JSON object", source=path, line=number) from error


def calibrate(arguments: argparse.Namespace) -> int:
    """Keeps a hospital's outcomes; shows the proposal; activates or takes back in the name of a person."""
    from starling.dosing.calibration import Calibration, dump, read
    from starling.formats.write import write_atomically

    path = Path(arguments.file)
    bundle = _bundle(arguments.model)
    found = read(path) if path.exists() else Calibration(bundle.sha256)
    if found.model_sha256 != bundle.sha256:
        raise InputError("CALIBRATION_REFUSED", "was learned with another model", source=path.name)
    changed = _changed(found, arguments)
    if changed is not found:
        write_atomically(path, dump(changed))
    sys.stdout.write("".join(f"{visible(line)}\n" for line in _standing(changed)))
    return 0


def _changed(found: Calibration, arguments: argparse.Namespace) -> Calibration:
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    for predicted, actual in arguments.outcome:
        found = found.with_outcome(predicted, actual)
    if arguments.activate:
        found = found.activate(by=arguments.activate, when=now)
    if arguments.revert:
        found = found.revert(by=arguments.revert, when=now)
    return found


def _standing(found: Calibration) -> Iterator[str]:
    from starling.dosing.calibration import LEAST_PATIENTS, shifted

    yield f"{len(found.outcomes)} stable patients of this hospital"
    proposal = found.propose()
    if proposal is None:
        yield f"no proposal below {LEAST_PATIENTS} patients"
    else:
        yield f"proposed: 35.0 mg/week becomes {shifted(35.0, proposal.shift)[0]:.1f} mg/week"
        better = "better" if proposal.helps else "NOT better: cannot be activated"
        yield f"back-test: mean error {proposal.before:.2f} without, {proposal.after:.2f} mg/week with it ({better})"
    active = found.active
    yield (
        f"in force: since {active.when}, by {active.by}, from {active.patients} patients" if active else "not in force"
    )
