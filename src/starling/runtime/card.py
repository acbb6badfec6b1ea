"""model.toml as values: what a model takes and gives, what it was trained on, what it is for, and how good it is."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from typing import Any, Final, cast

from starling.errors import ModelError
from starling.runtime.inputs import Input, Missing
from starling.runtime.interval import Bin, Scale, Table
from starling.values import dataclass

SCHEMA: Final = "starling.model/1"


@dataclass(frozen=True, slots=True)
class Output:
    """What the number means, and the range of outputs over the training patients."""

    quantity: str
    unit: str
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Group:
    """Training patients that share values of some factors; `median` of their stable doses, None for few patients."""

    values: tuple[str, ...]
    patients: int
    median: float | None


@dataclass(frozen=True, slots=True)
class Card:
    """The whole of model.toml.  `facts`: sections that are shown and never computed with, in file order."""

    name: str
    version: str
    drug: str
    output: Output
    inputs: tuple[Input, ...]
    interval: Table
    similar_by: tuple[str, ...]
    similar_least: int
    similar: tuple[Group, ...]
    facts: Mapping[str, Mapping[str, object]]


def read_card(text: str, *, source: str) -> Card:
    """The card that `text` states.  Raises: ModelError (MODEL_INVALID), the model owner's."""
    try:
        data = tomllib.loads(text)
        return _card(data)
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise ModelError("MODEL_INVALID", f"{source}: model.toml: {type(error).__name__} {error}") from error


def _card(data: Mapping[str, Any]) -> Card:
    if data["schema"] != SCHEMA:
        raise ValueError(f"schema {data['schema']!r} is not {SCHEMA}")
    output, similar = data["output"], data.get("similar", {})
    return Card(
        name=str(data["name"]),
        version=str(data["version"]),
        drug=str(data["drug"]),
        output=Output(str(output["quantity"]), str(output["unit"]), float(output["low"]), float(output["high"])),
        inputs=tuple(map(_input, data["input"])),
        interval=_interval(data["interval"]),
        similar_by=tuple(map(str, similar.get("by", ()))),
        similar_least=int(similar.get("least", 1)),
        similar=tuple(
            Group(tuple(map(str, row["values"])), int(row["patients"]), row.get("median"))
            for row in similar.get("group", ())
        ),
        facts={name: data[name] for name in ("use", "training", "metrics") if name in data},
    )


def _input(row: Mapping[str, Any]) -> Input:
    if row["missing"] not in {"refuse", "formula", "assume"}:
        raise ValueError(f"input {row['name']}: missing = {row['missing']!r}")
    levels = tuple(map(str, row.get("levels", ())))
    return Input(
        name=str(row["name"]),
        label=str(row["label"]),
        unit=str(row.get("unit", "")),
        missing=cast(Missing, row["missing"]),
        reference=str(row["reference"]) if levels else float(row["reference"]),
        low=float(row.get("low", 0.0)),
        high=float(row.get("high", 0.0)),
        levels=levels,
        assumed=row.get("assumed"),
    )


def _interval(section: Mapping[str, Any]) -> Table:
    scale, levels = section["scale"], tuple(map(float, section["levels"]))
    bins = tuple(Bin(float(row["upto"]), tuple(map(float, row["quantiles"]))) for row in section["bin"])
    if scale not in {"identity", "root"} or not bins or any(len(each.quantiles) != len(levels) for each in bins):
        raise ValueError("interval: scale, levels and quantiles do not fit together")
    return Table(cast(Scale, scale), float(section["coverage"]), levels, bins, str(section["statement"]))
