"""What the process of a lane answers, as data: nothing in it is run when it is read.

That process reads files which anybody may have made.  Should one of them get the better of it, the process that serves
believes its words no further than their form: fields of the kinds that were asked for, or an error of a known class.
What is asked goes the other way as it is, for whoever asks is believed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from msgspec import DecodeError, Struct, convert, json, msgpack

from starling import errors
from starling.assessment import Assessment
from starling.errors import ADVICE, InputError, StarlingError
from starling.node import answers, drafts
from starling.node.scheduling import Grant
from starling.node.values import Origin
from starling.report.document import to_json
from starling.serial.document import from_jsonable
from starling.values import dataclass

#: an answer is no longer than a file that is taken in, with room around it (bytes; ours)
LARGEST: Final = 1 << 31
#: what answers are made of, where nothing else is stated
_PLAIN: Final[Any] = int | str | bool | None


class WireError(Exception):
    """The other end says what nobody asked, or what cannot be read."""


class Failure(Struct, frozen=True, forbid_unknown_fields=True):
    """What went wrong there.  `kind`: the name of its class; `number`: of the system, for an OSError."""

    kind: str
    text: str
    code: str = ""
    source: str | None = None
    line: int | None = None
    number: int | None = None


class Told(Struct, frozen=True, forbid_unknown_fields=True):
    """What became of a thing that was asked.

    `value`: what it gave, spread.  `other`: another edition lies where the one asked about was.
    """

    value: Any = None
    failure: Failure | None = None
    other: bool = False


@dataclass(frozen=True, slots=True)
class _Form:
    """How the answer of one function travels: as what, how it becomes that, and how it is made of that."""

    shape: Any
    spread: Callable[[Any], Any]
    made: Callable[[Any], Any]


def _fields(value: Any) -> tuple[Any, ...]:
    return tuple(getattr(value, name) for name in type(value).__match_args__)


def _written(assessment: Assessment) -> bytes:
    return to_json(assessment).encode()


def _read(content: bytes) -> Assessment:
    """Raises: DecodeError; InputError BAD_JSON."""
    return from_jsonable(json.decode(content))


def _as_it_is(value: Any) -> Any:
    return value


_FORMS: Final[Mapping[Callable[..., Any], _Form]] = {
    answers.answered: _Form(
        tuple[bytes, str, tuple[tuple[str, str], ...], str], _fields, lambda told: answers.Rendered(*told)
    ),
    answers.asked: _Form(
        tuple[bytes, tuple[str, ...]],
        lambda given: (_written(given[0]), given[1]),
        lambda told: (_read(told[0]), told[1]),
    ),
    answers.assessed: _Form(bytes, _written, _read),
    drafts.read: _Form(tuple[bytes, Origin], _as_it_is, _as_it_is),
    drafts.call: _Form(tuple[bytes, str, bool, int, int], _fields, lambda told: drafts.Draft(*told)),
}
_OTHER: Final = _Form(_PLAIN, _as_it_is, _as_it_is)
_REPLY: Final = msgpack.Decoder(Told)
_GREETING: Final = msgpack.Decoder(tuple[tuple[str, bool, str], ...])
#: errors that are raised here as they were there; any other is one of `_DEFECT`
_OURS: Final[Mapping[str, type[StarlingError]]] = {
    name: kind for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, StarlingError)
}
_THEIRS: Final[Mapping[str, type[Exception]]] = {
    kind.__name__: kind
    for kind in (
        ArithmeticError, AssertionError, AttributeError, IndexError, KeyError, LookupError, MemoryError,
        NotImplementedError, RecursionError, RuntimeError, TypeError, ValueError, ZeroDivisionError,
    )
}  # fmt: skip
_DEFECT: Final = RuntimeError


def greeting(grants: Iterable[Grant]) -> bytes:
    """The first words of a process: what the system gave it."""
    return msgpack.encode([_fields(each) for each in grants])


def greeted(words: bytes) -> tuple[Grant, ...]:
    """What a process was given.  Raises: WireError."""
    try:
        return tuple(Grant(*each) for each in _GREETING.decode(words))
    except DecodeError as error:
        raise WireError("a greeting that cannot be read") from error


def answer(work: Callable[..., Any], value: Any) -> bytes:
    """What `work` gave, as it travels."""
    return msgpack.encode(Told(value=_FORMS.get(work, _OTHER).spread(value)))


def failed(error: Exception) -> bytes:
    """What `work` raised, as it travels."""
    if isinstance(error, StarlingError):
        source, line = getattr(error, "source", None), getattr(error, "line", None)
        told = Failure(type(error).__name__, error.message, error.code, source, line)
    elif isinstance(error, OSError):
        told = Failure("OSError", error.strerror or "", number=error.errno)
    else:
        told = Failure(type(error).__name__, str(error.args[0]) if error.args else "")
    return msgpack.encode(Told(failure=told))


def elsewhere() -> bytes:
    """Another edition lies where the one asked about was."""
    return msgpack.encode(Told(other=True))


def told(words: bytes) -> Told:
    """What a process says.  Raises: WireError."""
    try:
        return _REPLY.decode(words)
    except DecodeError as error:
        raise WireError("an answer that cannot be read") from error


def given(work: Callable[..., Any], said: Told) -> Any:
    """What `work` gave.  Raises: what it raised; WireError, when the answer is none of its kind."""
    if said.failure is not None:
        raise _raised(said.failure)
    form = _FORMS.get(work, _OTHER)
    try:
        return form.made(convert(said.value, form.shape))
    except (DecodeError, UnicodeDecodeError, RecursionError, InputError) as error:
        raise WireError("an answer of another kind than was asked for") from error


def _raised(failure: Failure) -> Exception:
    """The error as it was there, as far as it is one that is known here."""
    kind = _OURS.get(failure.kind)
    if kind is not None and failure.code in ADVICE:
        found = kind.__new__(kind, failure.text)
        found.__dict__.update(code=failure.code, message=failure.text)
        if issubclass(kind, InputError):
            found.__dict__.update(source=failure.source, line=failure.line)
        return found
    if failure.kind == "OSError":
        return OSError(failure.number, failure.text)
    plain = _THEIRS.get(failure.kind)
    return plain(failure.text) if plain is not None else _DEFECT(f"{failure.kind}: {failure.text}")
