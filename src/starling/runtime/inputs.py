"""What a model takes: each factor with its unit, its range in training, and what happens when it is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from starling.values import dataclass

Value = float | str
Factors = Mapping[str, Value]

#: refuse: ask for it; formula: the model is not used; assume: `assumed` stands in, and the answer says so
Missing = Literal["refuse", "formula", "assume"]


@dataclass(frozen=True, slots=True)
class Input:
    """One factor.  Numeric: `low` to `high` were seen in training.  Otherwise one of `levels`; the first is the base.

    `reference`: the value of the typical patient from whom an explanation starts.
    """

    name: str
    label: str
    unit: str
    missing: Missing
    reference: Value
    low: float = 0.0
    high: float = 0.0
    levels: tuple[str, ...] = ()
    assumed: Value | None = None

    @property
    def width(self) -> int:
        """How many numbers the factor becomes."""
        return max(1, len(self.levels) - 1)

    def encode(self, value: Value) -> list[float]:
        """The numbers of one value.  Raises: ValueError when it is not a level (or not a number)."""
        if not self.levels:
            return [float(value)]
        if value not in self.levels:
            raise ValueError(f"{self.name}: {value!r} is none of {', '.join(self.levels)}")
        return [float(value == level) for level in self.levels[1:]]

    def admits(self, value: Value) -> bool:
        """Whether such a value was seen in training."""
        if self.levels:
            return value in self.levels
        return not isinstance(value, str) and self.low <= value <= self.high

    def words(self, value: Value) -> str:
        """The value as read aloud, with its unit; whole decades of an age as the years that they span."""
        if self.unit == "decades" and not isinstance(value, str) and value == int(value):
            first = int(value) * 10
            return f"{first} to {first + 9} years" if value < self.high else f"{first} years or more"
        text = value if isinstance(value, str) else f"{value:g}"
        return f"{text} {self.unit}".strip()


def encode(inputs: Sequence[Input], factors: Factors) -> list[float]:
    """The model's numbers for one patient, in the order of `inputs`."""
    return [number for each in inputs for number in each.encode(factors[each.name])]


def outside(inputs: Sequence[Input], factors: Factors) -> tuple[Input, ...]:
    """The factors whose value was not seen in training."""
    return tuple(each for each in inputs if each.name in factors and not each.admits(factors[each.name]))


def reference(inputs: Sequence[Input]) -> dict[str, Value]:
    """The typical patient from whom explanations start."""
    return {each.name: each.reference for each in inputs}
