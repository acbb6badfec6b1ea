"""model.toml as values: what a model takes and gives, within which limits, what it is for, and how good it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import isfinite
from typing import Any, Final, cast

from starling.errors import ModelError
from starling.runtime.inputs import Input, Missing
from starling.runtime.interval import Bin, Scale, Table
from starling.runtime.tensors import KINDS, Tensor
from starling.values import dataclass

SCHEMA: Final = "starling.model/1"
#: Whatever a card states: a larger file is not read, more threads are not started (ours: a device of 2 GiB, 8 cores).
MOST_BYTES: Final = 512 << 20
MOST_THREADS: Final = 8
#: A dose is waited for by a person (ours).
MOST_DEADLINE_MS: Final = 60_000
#: What an interval may promise: less says nothing, more cannot be calibrated on the patients there are (ours).
COVERAGE: Final = (0.5, 0.99)

#: What a card allows that does not say.
LARGEST_BYTES: Final = 8 << 20

_FACTS: Final = ("use", "training", "metrics")
_READ: Final = frozenset({"schema", "name", "version", "limits", "takes", "gives", "input", "output", "interval"})


@dataclass(frozen=True, slots=True)
class Limits:
    """What a model may cost.  `largest_bytes`: of each of its files.  `deadline_ms`: for one run; None: none."""

    largest_bytes: int = LARGEST_BYTES
    threads: int = 1
    deadline_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Output:
    """What the number means, and the range of outputs over the training patients."""

    quantity: str
    unit: str
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Tabular:
    """A model from named factors to one number: one float32 tensor with a row for each patient, and one output."""

    inputs: tuple[Input, ...]
    output: Output
    interval: Table

    @property
    def width(self) -> int:
        """How many numbers a patient becomes."""
        return sum(each.width for each in self.inputs)


@dataclass(frozen=True, slots=True)
class Card:
    """The whole of model.toml.

    `takes`, `gives`: the tensors, when the card states them; `tabular`: the factors, when it states those instead.
    `facts`: sections that are shown and never computed with, in file order.  `more`: what a workload adds.
    """

    name: str
    version: str
    limits: Limits
    takes: tuple[Tensor, ...]
    gives: tuple[Tensor, ...]
    tabular: Tabular | None
    facts: Mapping[str, Mapping[str, object]]
    more: Mapping[str, Any]


def read_card(text: str, *, source: str) -> Card:
    """The card that `text` states.  Raises: ModelError (MODEL_INVALID), the model owner's."""
    import tomllib

    try:
        return _card(tomllib.loads(text))
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError) as error:
        raise ModelError("MODEL_INVALID", f"{source}: model.toml: {type(error).__name__} {error}") from error


def _card(data: Mapping[str, Any]) -> Card:
    _printable(data)
    if data["schema"] != SCHEMA:
        raise ValueError(f"schema {data['schema']!r} is not {SCHEMA}")
    takes, gives = tuple(_tensors(data.get("takes", ()))), tuple(_tensors(data.get("gives", ())))
    if ("input" in data) == bool(takes) or bool(takes) != bool(gives):
        raise ValueError("states either factors ([[input]]) or tensors ([[takes]] and [[gives]])")
    return Card(
        name=str(data["name"]),
        version=str(data["version"]),
        limits=_limits(Limits(**data.get("limits", {}))),
        takes=takes,
        gives=gives,
        tabular=_tabular(data) if "input" in data else None,
        facts={name: _table(name, data[name]) for name in _FACTS if name in data},
        more={name: section for name, section in data.items() if name not in _READ and name not in _FACTS},
    )


def _table(name: str, section: Any) -> Mapping[str, object]:
    if not isinstance(section, dict):
        raise TypeError(f"{name} is not a section")
    return section


def _printable(data: object) -> None:
    """Every text of the card can be shown as it stands.  Raises: ValueError."""
    if isinstance(data, str) and not all(one.isprintable() or one == "\n" for one in data):
        raise ValueError(f"{data!a} holds a character that cannot be shown")
    for each in (*data, *data.values()) if isinstance(data, dict) else data if isinstance(data, list) else ():
        _printable(each)


def _limits(stated: Limits) -> Limits:
    for name, value, most in (
        ("largest_bytes", stated.largest_bytes, MOST_BYTES),
        ("threads", stated.threads, MOST_THREADS),
        ("deadline_ms", stated.deadline_ms, MOST_DEADLINE_MS),
    ):
        if value is not None and (type(value) is not int or not 0 < value <= most):
            raise ValueError(f"limits: {name} = {value} is not 1 to {most}")
    return stated


def _tensors(rows: Iterable[Mapping[str, Any]]) -> Iterable[Tensor]:
    """A length is a number; a word stands for any length."""
    for row in rows:
        shape = tuple(size if isinstance(size, int) else None for size in row["shape"])
        yield Tensor(str(row["name"]), KINDS[row["kind"]], shape)


def _tabular(data: Mapping[str, Any]) -> Tabular:
    output, inputs = data["output"], tuple(map(_input, data["input"]))
    low, high = _range("output", output)
    if len({each.name for each in inputs}) != len(inputs):
        raise ValueError("two inputs have one name")
    if low < 0:
        raise ValueError(f"output: {low} is below nothing")
    return Tabular(
        inputs=inputs,
        output=Output(str(output["quantity"]), str(output["unit"]), low, high),
        interval=_interval(data["interval"]),
    )


def _input(row: Mapping[str, Any]) -> Input:
    if row["missing"] not in {"refuse", "formula", "assume"}:
        raise ValueError(f"input {row['name']}: missing = {row['missing']!r}")
    levels = _levels(row)
    low, high = (0.0, 0.0) if levels else _range(f"input {row['name']}", row)
    return Input(
        name=str(row["name"]),
        label=str(row["label"]),
        unit=str(row.get("unit", "")),
        missing=cast(Missing, row["missing"]),
        reference=str(row["reference"]) if levels else float(row["reference"]),
        low=low,
        high=high,
        levels=levels,
        assumed=row.get("assumed"),
    )


def _levels(row: Mapping[str, Any]) -> tuple[str, ...]:
    levels = row.get("levels", [])
    if not isinstance(levels, list) or len(set(map(str, levels))) != len(levels) or len(levels) == 1:
        raise ValueError(f"input {row['name']}: levels are not two or more different words")
    return tuple(map(str, levels))


def _range(what: str, row: Mapping[str, Any]) -> tuple[float, float]:
    """What was seen in training: two numbers, the smaller one first."""
    low, high = float(row.get("low", 0.0)), float(row.get("high", 0.0))
    if not (isfinite(low) and isfinite(high) and low < high):
        raise ValueError(f"{what}: {low} to {high} is not a range of training")
    return low, high


def _interval(section: Mapping[str, Any]) -> Table:
    scale, levels = section["scale"], tuple(map(float, section["levels"]))
    bins = tuple(Bin(float(row["upto"]), tuple(map(float, row["quantiles"]))) for row in section["bin"])
    if scale not in {"identity", "root"} or not bins or any(len(each.quantiles) != len(levels) for each in bins):
        raise ValueError("interval: scale, levels and quantiles do not fit together")
    coverage, ends = float(section["coverage"]), [each.upto for each in bins]
    rising = (levels, ends, *(each.quantiles for each in bins))
    if not all(0 < level < 1 for level in levels) or not all(map(_rises, rising)):
        raise ValueError("interval: levels, bins or quantiles are not what they can be")
    _check_promise(coverage, levels, bins)
    return Table(cast(Scale, scale), coverage, levels, bins, str(section["statement"]))


def _check_promise(coverage: float, levels: Sequence[float], bins: Sequence[Bin]) -> None:
    """The interval promises what can be, has quantiles for it, and holds the prediction.  Raises: ValueError."""
    if not COVERAGE[0] <= coverage <= COVERAGE[1]:
        raise ValueError(f"interval: coverage {coverage} is not {COVERAGE[0]} to {COVERAGE[1]}")
    outside = (1 - coverage) / 2 + 1e-9
    below = [at for at, level in enumerate(levels) if level <= outside]
    above = [at for at, level in enumerate(levels) if level >= 1 - outside]
    if not below or not above:
        raise ValueError(f"interval: the levels do not reach a coverage of {coverage}")
    if any(not each.quantiles[below[-1]] <= 0 <= each.quantiles[above[0]] for each in bins):
        raise ValueError("interval: a prediction would lie outside its own interval")


def _rises(numbers: Sequence[float]) -> bool:
    return all(map(isfinite, numbers)) and list(numbers) == sorted(numbers)
