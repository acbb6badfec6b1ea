"""`model`: inspect, verify, sign, trust and run dose models, and keep a hospital's own correction."""

from __future__ import annotations

import argparse
import datetime
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from starling.cli.commands import add_verb
from starling.errors import InputError, ModelError
from starling.report.text import visible

if TYPE_CHECKING:
    from starling.dosing.calibration import Calibration
    from starling.runtime.bundle import Bundle
    from starling.runtime.card import Tabular


#: The bundle of which one speaks who names none.
_DEFAULT: Final = "warfarin"
_TRUST_EXAMPLES: Final = (
    "examples:\n"
    "  starling model trust pharmacy.pub.pem     models that it signed run here\n"
    '  starling model trust pharmacy.pub.pem --name "St Anna, pharmacy"\n'
    "  starling model trust --list               whom this site trusts\n"
    "  starling model trust --remove pharmacy\n"
    "\nThe keys stand in one file: STARLING_TRUST, else starling/trusted-keys in XDG_CONFIG_HOME or ~/.config. "
    "Compare the fingerprint with its owner by another way than the one the file came by.\n"
)
_SIGN_EXAMPLES: Final = (
    "examples:\n"
    "  starling model key pharmacy                 pharmacy.pem, pharmacy.pub.pem\n"
    "  starling model sign bundle --key pharmacy.pem        bundle/signature\n"
    "\nA key made by openssl does too: openssl genpkey -algorithm ed25519 -out pharmacy.pem. "
    "What is signed is the digest, so any change of the bundle ends the signature. Needs the [trust] extra.\n"
)
_RUN_EXAMPLES: Final = "example:\n  starling model run warfarin factors.jsonl     lines as in golden.jsonl\n"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What it takes."""
    parser.epilog = "\nexamples:\n  starling model info      the model that came along\n  starling model verify\n"
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
    info_ = add_verb(verbs, "info", "what a model takes, gives, was trained on, and how good it is", info)
    verify_ = add_verb(verbs, "verify", "check digest, signature, card, graph and golden vectors", verify)
    raw_ = add_verb(verbs, "run", "raw outputs for factors as JSON Lines", raw, _RUN_EXAMPLES)
    sign_ = add_verb(verbs, "sign", "sign a bundle, for sites that trust the key", sign, _SIGN_EXAMPLES)
    for verb in (info_, verify_, raw_, sign_):
        named = "?" if verb in (info_, verify_) else None
        verb.add_argument("model", metavar="BUNDLE", nargs=named, help=f"path, or one that came along: {_DEFAULT}")
    raw_.add_argument("input", metavar="FILE", help="JSON Lines; - for stdin")
    raw_.add_argument("--unsigned", action="store_true", help="run a bundle that no trusted key has signed")
    sign_.add_argument("--key", metavar="FILE", required=True, help="the private key, PEM, Ed25519")
    key_ = add_verb(verbs, "key", "make a key for signing: NAME.pem to keep, NAME.pub.pem to give away", make_key)
    key_.add_argument("name", metavar="NAME", help="path of the files, without ending")
    _add_trust(add_verb(verbs, "trust", "whose models may run at this site", trust, _TRUST_EXAMPLES))
    _add_calibrate(add_verb(verbs, "calibrate", "a hospital's own correction: propose, activate, revert", calibrate))


def _add_trust(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("keyfile", metavar="KEYFILE", nargs="?", help="a public key, PEM, Ed25519")
    verb.add_argument("--name", metavar="NAME", help="whose key it is (default: the name of the file)")
    verb.add_argument("--list", action="store_true", help="the keys that are trusted here")
    verb.add_argument("--remove", metavar="NAME", help="trust this key no more")


def _add_calibrate(learn: argparse.ArgumentParser) -> None:
    learn.add_argument("file", metavar="FILE", help="where this hospital's outcomes are kept")
    learn.add_argument("--model", metavar="BUNDLE", help=f"default: {_DEFAULT}")
    learn.add_argument(
        "--outcome", nargs=2, type=float, action="append", default=[], metavar=("PREDICTED", "STABLE"),
        help="uncalibrated dose and stable dose of one patient; may be repeated",
    )  # fmt: skip
    who = learn.add_mutually_exclusive_group()
    who.add_argument("--activate", metavar="NAME", help="put the proposal in force, in the name of this person")
    who.add_argument("--revert", metavar="NAME", help="take back what is in force, in the name of this person")


def _path(text: str | None) -> Path:
    """The path of a bundle, or of the one of that name that came with the program."""
    from starling.dosing.model import bundled

    path = Path(text or _DEFAULT)
    return path if path.exists() or text not in {None, path.name} else bundled(path.name)


def _bundle(text: str | None) -> Bundle:
    from starling.dosing.model import read_bundle

    return read_bundle(_path(text))


def info(arguments: argparse.Namespace) -> int:
    """Says what a model is, takes, gives, was trained on, and how good it is; runs nothing."""
    bundle = _bundle(arguments.model)
    card = bundle.card
    lines = [f"{card.name} {card.version}  sha256 {bundle.sha256}", f"  {_vouched(bundle)}"]
    lines += [f"  gives {each}" for each in card.gives] + [f"  takes {each}" for each in card.takes]
    lines += _tabular(card.tabular) if card.tabular else ()
    for name, facts in card.facts.items():
        lines.append(f"  {name}")
        lines += [f"    {line}" for line in _facts(facts)]
    sys.stdout.write("".join(f"{visible(line)}\n" for line in lines))
    return 0


def _vouched(bundle: Bundle) -> str:
    from starling.dosing.model import keys_of_site
    from starling.runtime.standing import standing_of

    try:
        return standing_of(bundle, keys_of_site()).words
    except ModelError as error:
        return f"NOT TO BE BELIEVED: {error.message}"


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
    """Says check by check whether a bundle can be believed; 6 when it cannot, or that cannot be found out here."""
    from starling.dosing.model import verify as checks

    holds = True
    for check in checks(_bundle(arguments.model)):
        holds = holds and check.holds
        word = ("ok" if check.holds else "WRONG") if check.looked else "--"
        sys.stdout.write(visible(f"{word:<6} {check.name}: {check.detail}") + "\n")
    return 0 if holds else ModelError.exit_code


def raw(arguments: argparse.Namespace) -> int:
    """Prints the raw output for every line of a JSON Lines file of factors (as golden.jsonl has them)."""
    from starling.dosing.model import DoseModel
    from starling.runtime.inputs import outside

    model = DoseModel.load(_path(arguments.model), unsigned=arguments.unsigned)
    inputs = model.tabular.inputs
    if model.standing.kind == "unsigned":
        sys.stderr.write(visible(f"starling: UNSIGNED MODEL {model.bundle.source}: {model.standing.words}") + "\n")
    for number, factors in enumerate(_rows(arguments.input), 1):
        absent = [each.name for each in inputs if each.name not in factors]
        if absent:
            raise InputError("BAD_JSON", f"lacks {', '.join(absent)}", source=arguments.input, line=number)
        odd = [each.name for each in inputs if not _is_value(factors[each.name])]
        if odd:
            said = f"neither a number nor a text: {', '.join(odd)}"
            raise InputError("BAD_JSON", said, source=arguments.input, line=number)
        strange = [each.name for each in outside(inputs, factors)]
        if strange:
            said = f"outside training: {', '.join(strange)}"
            raise InputError("BAD_OPTION", said, source=arguments.input, line=number)
        sys.stdout.write(f"{model.bundle.predict([factors])[0]:.4f}\n")
    return 0


def _is_value(value: object) -> bool:
    return isinstance(value, (int, float, str)) and not isinstance(value, bool)


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


def sign(arguments: argparse.Namespace) -> int:
    """Writes the signature of a bundle, every check of which passed, into its folder."""
    from starling.dosing.model import DoseModel
    from starling.formats.write import write_atomically
    from starling.runtime.bundle import DIGEST, SIGNATURE
    from starling.runtime.standing import PURPOSE
    from starling.trust.keys import fingerprint
    from starling.trust.signature import sign as signed

    folder = Path(arguments.model)
    if not folder.is_dir():
        raise InputError(
            "BAD_ARGUMENTS", "is not the folder of a bundle; a zip is made after it is signed", source=str(folder)
        )
    bundle = DoseModel.of(_bundle(str(folder)).load()).bundle
    signature = signed(Path(arguments.key), PURPOSE, bundle.files[DIGEST], password=_password)
    write_atomically(folder / SIGNATURE, signature.text().decode("ascii"))
    by = fingerprint(signature.public)
    sys.stdout.write(visible(f"{folder / SIGNATURE}: {bundle.card.name} {bundle.card.version}, by key {by}") + "\n")
    return 0


def _password() -> bytes:
    from getpass import getpass

    return getpass("password of the key: ").encode()


def make_key(arguments: argparse.Namespace) -> int:
    """A new key in two files, neither of which replaces one that is there."""
    from starling.trust.keys import fingerprint, public_pem
    from starling.trust.signature import new_key

    private, public = Path(f"{arguments.name}.pem"), Path(f"{arguments.name}.pub.pem")
    secret, shared = new_key()
    for path, content, mode in ((private, secret, 0o600), (public, public_pem(shared).encode("ascii"), 0o644)):
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as stream:
                stream.write(content)
        except OSError as error:
            raise InputError("OUTPUT_UNWRITABLE", f"cannot be written: {error.strerror}", source=str(path)) from error
    said = (f"{private}: yours alone", f"{public}: to give away; key {fingerprint(shared)}")
    sys.stdout.write("".join(f"{visible(line)}\n" for line in said))
    return 0


def trust(arguments: argparse.Namespace) -> int:
    """Adds a key to those this site trusts, takes one away, or names them."""
    from starling.trust.keys import trust_file

    return change_trust(arguments, trust_file(), "model trust", "models run")


def change_trust(arguments: argparse.Namespace, place: Path, command: str, what: str) -> int:
    """Adds a key to those in the file, takes one away, or names them; `what`: for what they are trusted."""
    from starling.formats.write import write_atomically
    from starling.trust.keys import TrustedKey, dump_trusted, read_public_key, read_trusted, with_key

    if sum(map(bool, (arguments.keyfile, arguments.remove, arguments.list))) != 1:
        raise InputError("BAD_ARGUMENTS", "says one of KEYFILE, --list, --remove NAME", source=command)
    keys = before = read_trusted(place)
    if arguments.keyfile:
        path = Path(arguments.keyfile)
        name = arguments.name or path.name.partition(".")[0]
        keys = with_key(keys, TrustedKey(name, read_public_key(path)))
    elif arguments.remove:
        keys = tuple(key for key in keys if key.name != arguments.remove)
        if keys == before:
            raise InputError("BAD_KEY", f"no key is trusted as {arguments.remove!r}", source=str(place))
    if keys != before:
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(
                "OUTPUT_UNWRITABLE", f"cannot be made: {error.strerror}", source=str(place.parent)
            ) from error
        write_atomically(place, dump_trusted(keys, what=what, command=command))
    lines = [f"{key.fingerprint}  {key.name}" for key in keys] or ["no key is trusted"]
    sys.stdout.write("".join(f"{visible(line)}\n" for line in (f"{place}:", *lines)))
    return 0


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
    unit = bundle.tabular.output.unit
    sys.stdout.write("".join(f"{visible(line)}\n" for line in _standing(changed, unit)))
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


def _standing(found: Calibration, unit: str) -> Iterator[str]:
    """Where a hospital's correction stands; the example is the median dose of its own patients."""
    from statistics import median

    from starling.dosing.calibration import LEAST_PATIENTS, shifted

    yield f"{len(found.outcomes)} stable patients of this hospital"
    proposal = found.propose()
    if proposal is None:
        yield f"no proposal below {LEAST_PATIENTS} patients"
    else:
        usual = median(each.predicted for each in found.outcomes)
        yield f"proposed: {usual:.1f} {unit} becomes {shifted(usual, proposal.shift)[0]:.1f} {unit}"
        better = "better" if proposal.helps else "NOT better: cannot be activated"
        yield f"back-test: mean error {proposal.before:.2f} without, {proposal.after:.2f} {unit} with it ({better})"
    active = found.active
    yield (
        f"in force: since {active.when}, by {active.by}, from {active.patients} patients" if active else "not in force"
    )
