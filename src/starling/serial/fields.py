"""A JSON object read field by field: every value has the type it should have, or the reader says where it has not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeVar, get_args

from starling.errors import InputError

Value = TypeVar("Value")

#: So many lists and objects inside one another hold everything that an assessment records (ours; it needs five).
DEEPEST: Final = 32


class Fields:
    """One JSON object on its way to a value.

    Each method takes one field and remembers that it did; `done` refuses a field that nobody took, because a field
    of a later version that an older program drops could be the one that mattered.
    """

    __slots__ = ("_data", "_left", "_path", "_source")

    def __init__(self, data: object, path: str, source: str | None = None) -> None:
        if not isinstance(data, dict):
            raise InputError("BAD_JSON", f"{path} is not an object", source=source)
        self._data: dict[str, object] = data
        self._left = set(data)
        self._path = path
        self._source = source

    def wrong(self, name: str, expected: str) -> InputError:
        """The error to raise: which field, and what it should have been."""
        return InputError("BAD_JSON", f"{self._path}.{name} is not {expected}", source=self._source)

    def names(self) -> tuple[str, ...]:
        """The names of all fields, as they stand."""
        return tuple(self._data)

    def take(self, name: str) -> object:
        """The field as it stands.  Raises: InputError (BAD_JSON) when it is missing."""
        if name not in self._data:
            raise InputError("BAD_JSON", f"{self._path}.{name} is missing", source=self._source)
        self._left.discard(name)
        return self._data[name]

    def done(self) -> None:
        """Every field was taken.  Raises: InputError (BAD_JSON) naming those that were not."""
        if self._left:
            names = ", ".join(sorted(self._left))
            raise InputError("BAD_JSON", f"{self._path} has unknown fields: {names}", source=self._source)

    def text(self, name: str) -> str:
        """A text."""
        value = self.take(name)
        if not isinstance(value, str):
            raise self.wrong(name, "a text")
        return value

    def text_or_none(self, name: str) -> str | None:
        """A text, or None."""
        return None if self.take(name) is None else self.text(name)

    def flag(self, name: str) -> bool:
        """True or false."""
        value = self.take(name)
        if not isinstance(value, bool):
            raise self.wrong(name, "true or false")
        return value

    def integer_or_none(self, name: str) -> int | None:
        """A whole number, or None."""
        value = self.take(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.wrong(name, "a whole number or null")
        return value

    def number_or_none(self, name: str) -> float | None:
        """A number, or None."""
        value = self.take(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self.wrong(name, "a number or null")
        return value

    def choice(self, name: str, allowed: object) -> str:
        """One of the texts of a `Literal` type."""
        value = self.text(name)
        if value not in get_args(allowed):
            raise self.wrong(name, "one of " + ", ".join(get_args(allowed)))
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts."""
        return self._texts(name, self._items(name))

    def text_lists(self, name: str) -> tuple[tuple[str, ...], ...]:
        """A list of lists of texts."""
        rows = self._items(name)
        if not all(isinstance(row, list) for row in rows):
            raise self.wrong(name, "a list of lists")
        return tuple(self._texts(name, row) for row in rows if isinstance(row, list))

    def rows(self, name: str, build: Callable[[Fields], Value]) -> tuple[Value, ...]:
        """A list of objects, each built by `build`."""
        return tuple(
            self._build(item, f"{self._path}.{name}[{index}]", build) for index, item in enumerate(self._items(name))
        )

    def one(self, name: str, build: Callable[[Fields], Value]) -> Value:
        """An object built by `build`."""
        return self._build(self.take(name), f"{self._path}.{name}", build)

    def one_or_none(self, name: str, build: Callable[[Fields], Value]) -> Value | None:
        """An object built by `build`, or None."""
        return None if self.take(name) is None else self.one(name, build)

    def mapping(self, name: str, kind: type[Value]) -> dict[str, Value]:
        """An object whose values are all of one kind; a whole number is a float, true and false are no numbers."""
        kinds = (int, float) if kind is float else (kind,)
        data = self.take(name)
        if not isinstance(data, dict):
            raise self.wrong(name, "an object")
        if not all(isinstance(value, kinds) and not isinstance(value, bool) for value in data.values()):
            raise self.wrong(name, f"an object of {kind.__name__} values")
        return data

    def anything(self, name: str) -> Mapping[str, object]:
        """An object of any JSON values, lists as tuples."""
        data = self.take(name)
        if not isinstance(data, dict):
            raise self.wrong(name, "an object")
        try:
            return {key: frozen(value) for key, value in data.items()}
        except ValueError:
            raise self.wrong(name, f"nested at most {DEEPEST} deep") from None

    def _items(self, name: str) -> list[object]:
        value = self.take(name)
        if not isinstance(value, list):
            raise self.wrong(name, "a list")
        return value

    def _texts(self, name: str, items: list[object]) -> tuple[str, ...]:
        if not all(isinstance(item, str) for item in items):
            raise self.wrong(name, "a list of texts")
        return tuple(item for item in items if isinstance(item, str))

    def _build(self, item: object, path: str, build: Callable[[Fields], Value]) -> Value:
        inner = Fields(item, path, self._source)
        value = build(inner)
        inner.done()
        return value


def frozen(value: object, depth: int = 0) -> object:
    """The JSON value with tuples for lists, so that a frozen value can hold it.

    Raises: ValueError when it is nested deeper than `DEEPEST`: what reads it later would run out of stack.
    """
    if depth > DEEPEST:
        raise ValueError("nested too deeply")
    if isinstance(value, (list, tuple)):
        return tuple(frozen(item, depth + 1) for item in value)
    if isinstance(value, dict):
        return {key: frozen(item, depth + 1) for key, item in value.items()}
    return value
