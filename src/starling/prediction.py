"""The answer of a dose model as a value: its own type, never a `Recommendation`, and never inside an `Assessment`."""

from __future__ import annotations

from collections.abc import Mapping
from types import UnionType
from typing import Any, Final, Literal, Union, cast, get_args, get_origin, get_type_hints

from starling.errors import InputError
from starling.values import asdict, dataclass
from starling.vocabulary import Notice

SCHEMA: Final = "starling.prediction/1"

#: Fields with a default that documents of earlier versions of the program do not have.
_ADDED: Final = frozenset({"caution"})

#: Which calculation gave the value: the learned model, or a published formula because the model could not.
Method = Literal["model", "formula"]


@dataclass(frozen=True, slots=True)
class Interval:
    """Where the stable dose lies for about `coverage` of such patients; `statement` says what that does not promise."""

    low: float
    high: float
    coverage: float
    statement: str


@dataclass(frozen=True, slots=True)
class Beside:
    """A published formula's answer, shown beside the value; `difference` is the value less this answer."""

    name: str
    value: float
    difference: float
    source: str


@dataclass(frozen=True, slots=True)
class Step:
    """An adjustment a guideline asks for after the calculation, as a range of its own."""

    text: str
    before: float
    low: float
    high: float
    source: str


@dataclass(frozen=True, slots=True)
class Contribution:
    """How much one factor moves the dose from the typical patient's, exact Shapley value in the unit of the dose."""

    factor: str
    value: str
    amount: float


@dataclass(frozen=True, slots=True)
class WhatIf:
    """The model's dose had one thing been different."""

    change: str
    value: float
    difference: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """From the typical patient's dose to this one's: `start` plus all amounts is `end`, the model's own output."""

    typical: str
    start: float
    end: float
    contributions: tuple[Contribution, ...]
    what_if: tuple[WhatIf, ...]


@dataclass(frozen=True, slots=True)
class Similar:
    """How many training patients share the named group with this one; None: fewer than can be stated."""

    group: str
    patients: int | None
    median: float | None


@dataclass(frozen=True, slots=True)
class Local:
    """The correction for this hospital that was applied: by whom it was activated, and on how many patients."""

    uncalibrated: float
    calibrated: float
    patients: int
    activated_by: str
    limited: bool


@dataclass(frozen=True, slots=True)
class ModelStamp:
    """Which model answered."""

    name: str
    version: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Prediction:
    """A dose, how it came about, how sure it is, and what it must be compared with.

    `calculated`: before guideline steps; `value`: after them (the middle of a step's range).  `clamped`: the model's
    output lay outside the range seen in training and was set to its end.  `evidence`: results shown and not used.
    `assessment`: the digest of the assessment from which the genotype was taken.  `caution`: what the drug's own
    program says beside every number.
    """

    drug: str
    quantity: str
    unit: str
    value: float
    calculated: float
    method: Method
    label: str
    interval: Interval | None
    beside: tuple[Beside, ...]
    inputs: Mapping[str, str]
    steps: tuple[Step, ...] = ()
    clamped: bool = False
    explanation: Explanation | None = None
    similar: Similar | None = None
    local: Local | None = None
    model: ModelStamp | None = None
    evidence: tuple[str, ...] = ()
    notices: tuple[Notice, ...] = ()
    assessment: str = ""
    caution: str = ""
    schema: str = SCHEMA


def to_jsonable(prediction: Prediction) -> dict[str, object]:
    """The prediction as plain dictionaries, lists, texts and numbers."""
    return {"schema": prediction.schema, **{k: v for k, v in asdict(prediction).items() if k != "schema"}}


def from_jsonable(data: object) -> Prediction:
    """The prediction that `to_jsonable` wrote, equal to the one it was made from.

    Raises: InputError (BAD_JSON), the sender's, with the path of the field that is wrong.
    """
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        raise InputError("BAD_JSON", f"is not a document of {SCHEMA}", source="prediction")
    return cast(Prediction, _read(Prediction, data, "prediction"))


def _read(kind: Any, data: Any, path: str) -> Any:
    """`data` as a value of the annotated type `kind`."""
    from dataclasses import is_dataclass

    origin, arguments = get_origin(kind), get_args(kind)
    if is_dataclass(kind):
        return _dataclass(kind, data, path)
    if origin in {Union, UnionType}:
        return None if data is None else _read(next(a for a in arguments if a is not type(None)), data, path)
    if origin is tuple and isinstance(data, list | tuple):
        return tuple(_read(arguments[0], item, f"{path}[{index}]") for index, item in enumerate(data))
    if origin is Literal and data in arguments:
        return data
    if kind == Mapping[str, str] and isinstance(data, dict):
        return {key: _read(str, value, f"{path}.{key}") for key, value in data.items()}
    if kind is float and isinstance(data, int | float) and not isinstance(data, bool):
        return float(data)
    if isinstance(kind, type) and type(data) is kind:
        return data
    raise InputError("BAD_JSON", f"{path} has a value of the wrong kind", source="prediction")


def _dataclass(kind: Any, data: Any, path: str) -> Any:
    from dataclasses import fields

    if not isinstance(data, dict):
        raise InputError("BAD_JSON", f"{path} must be an object", source="prediction")
    hints = get_type_hints(kind)
    names = [each.name for each in fields(kind)]
    wrong = set(names) ^ set(data)
    if wrong - (_ADDED - set(data)):
        raise InputError("BAD_JSON", f"{path} lacks or does not know: {', '.join(sorted(wrong))}", source="prediction")
    return kind(**{name: _read(hints[name], data[name], f"{path}.{name}") for name in names if name in data})
