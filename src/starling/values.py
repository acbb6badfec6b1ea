"""`dataclasses` as far as the house uses them, made without compiling code: every command starts with these values.

The standard library writes and compiles the source of up to nine methods for every class at import, which costs more
than all else that a command does before it reads (docs/decisions/0007-one-engine.md).  Here methods are closures over
the names of the fields.  Who asks for the `dataclasses` face of a value (`dataclasses.fields`, pprint, hypothesis) gets
the real one, made then.  Type checkers see the standard library's own functions, and refuse what they refuse: nothing
is checked again when a class is made.  There are no keyword-only fields, and a class has at most one base with fields.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from itertools import repeat
from operator import attrgetter, call
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar

from starling.initialisers import initialiser

if TYPE_CHECKING:
    from dataclasses import FrozenInstanceError, asdict, dataclass, field, replace

__all__ = ["FrozenInstanceError", "asdict", "dataclass", "field", "many", "replace"]

Value = TypeVar("Value")

_MISSING: Final = object()
_FIELDS: Final = "__match_args__"
_DEFAULTS: Final = "_defaults_"


class _Factory:
    """What makes a field's default, for each value anew."""

    __slots__ = ("make",)

    def __init__(self, make: Callable[[], Any]) -> None:
        self.make = make


class _FrozenInstanceError(AttributeError):
    """A frozen value was to be changed."""


def _field(*, default: Any = _MISSING, default_factory: Any = None) -> Any:
    """A default that is the same for all values, or made for each."""
    return _Factory(default_factory) if default is _MISSING else default


def _dataclass(cls: Any = None, /, **asked: bool) -> Any:
    """The class with its methods: `frozen`, `slots`, `eq` (unless False) and `order` mean what they mean elsewhere."""
    return _made(cls, **asked) if cls is not None else lambda cls: _made(cls, **asked)


def _replace(value: Any, /, **changes: Any) -> Any:
    """The value with some fields changed.  Raises: TypeError, the caller's, on a name that is no field."""
    kind = type(value)
    fields = [changes.pop(name) if name in changes else getattr(value, name) for name in getattr(kind, _FIELDS)]
    if changes:
        raise TypeError(f"{kind.__name__} has no field {', '.join(changes)}")
    return kind(*fields)


def _asdict(value: Any) -> dict[str, Any]:
    """Name -> field, the values in fields and in their tuples, lists and dictionaries too."""
    return {name: _plain(getattr(value, name)) for name in getattr(type(value), _FIELDS)}


def _plain(value: Any) -> Any:
    if type(value) is str or value is None:  # as most fields are
        return value
    match value:
        case list() | tuple() if not hasattr(value, "_fields"):
            return type(value)(map(_plain, value))
        case dict():
            return {key: _plain(each) for key, each in value.items()}
        case _:
            return _asdict(value) if hasattr(type(value), _DEFAULTS) else value


def many(kind: type[Value], *columns: Iterable[Any]) -> list[Value]:
    """Values of one class from the columns of their fields, all fields given; a third of the time of one by one.

    The columns are as long as each other.  The class has slots; nothing is done after its fields are set.
    """
    puts = _puts_of(kind)
    values: list[Value] = []
    for put, column in zip(puts, columns, strict=True):
        if not values:
            column = tuple(column)
            values = [kind.__new__(kind) for _ in column]
        deque(map(put, values, column), 0)
    return values


# --- making a class ---------------------------------------------------------------------------------------------------


def _made(cls: Any, *, frozen: bool = False, slots: bool = False, eq: bool = True, order: bool = False) -> Any:
    own = [name for name, kind in cls.__annotations__.items() if not str(kind).startswith("ClassVar")]
    before = getattr(cls, _FIELDS, ()) if hasattr(cls, _DEFAULTS) else ()
    defaults = {**getattr(cls, _DEFAULTS, {}), **{name: cls.__dict__[name] for name in own if name in cls.__dict__}}
    new = tuple([name for name in own if name not in before])
    names = (*before, *new)
    made: dict[str, Any] = {"__repr__": _shown, **(_compared(names, frozen=frozen, order=order) if eq else {})}
    made |= _FROZEN if frozen else {}
    made = {name: method for name, method in made.items() if name not in cls.__dict__ or name == "__hash__"}
    made |= {_FIELDS: names, _DEFAULTS: defaults, "__dataclass_fields__": _FACE}

    def first(self: Any, /, *given: Any, **named: Any) -> None:
        cls.__init__ = _initialiser(cls, names, defaults)
        cls.__init__(self, *given, **named)

    if "__init__" not in cls.__dict__:  # which is made with the first value: of most classes a command makes none
        made["__init__"] = first
    cls = _with_slots(cls, own, {**made, "__slots__": new}) if slots else _with_members(cls, made)
    return cls


def _with_slots(cls: Any, own: Iterable[str], made: Mapping[str, Any]) -> Any:
    """The class again, for slots cannot be added to one that exists; what is `made` for it, too, which saves time."""
    left_out = {*own, "__dict__", "__weakref__"}
    members = {name: each for name, each in cls.__dict__.items() if name not in left_out}
    again = type(cls)(cls.__name__, cls.__bases__, {**members, **made})
    again.__qualname__ = cls.__qualname__
    return again


def _with_members(cls: Any, made: Mapping[str, Any]) -> Any:
    for name, each in made.items():
        setattr(cls, name, each)
    return cls


def _puts_of(cls: Any) -> tuple[Any, ...]:
    """What sets each field through its slot; None for a field that has none."""
    return tuple([getattr(getattr(cls, name, None), "__set__", None) for name in getattr(cls, _FIELDS)])


def _initialiser(cls: Any, names: tuple[str, ...], defaults: Mapping[str, Any]) -> Callable[..., None]:
    """Fields are set through their slots, or in the instance's dictionary: frozen values refuse any other way."""
    count = len(names)
    complete: Callable[[tuple[Any, ...], dict[str, Any]], Iterable[Any]] | None = None  # made when first needed
    slots = _puts_of(cls)
    after = getattr(cls, "__post_init__", None)

    def fields(given: tuple[Any, ...], named: dict[str, Any]) -> Iterable[Any]:
        nonlocal complete
        if complete is None:
            complete = _completer(cls, names, defaults)
        return complete(given, named)

    def with_slots(self: Any, *given: Any, **named: Any) -> None:
        values = given if len(given) == count and not named else (complete or fields)(given, named)
        # the loop runs within `deque`: a statement for each field would cost three times as much
        deque(map(call, slots, repeat(self), values), 0)
        if after is not None:
            after(self)

    def with_dictionary(self: Any, *given: Any, **named: Any) -> None:
        self.__dict__.update(zip(names, fields(given, named), strict=True))
        if after is not None:
            after(self)

    if None in slots:
        return with_dictionary
    plain = after is None and not any(type(each) is _Factory for each in defaults.values())
    return (initialiser(cls, slots, names, defaults) if plain else None) or with_slots


def _completer(
    cls: Any, names: tuple[str, ...], defaults: Mapping[str, Any]
) -> Callable[[tuple[Any, ...], dict[str, Any]], Iterable[Any]]:
    """What puts fields in order: given, named, or by default."""
    count = len(names)
    empty = {name: defaults.get(name, _MISSING) for name in names}
    factories = [(name, each) for name, each in defaults.items() if type(each) is _Factory]
    needed = [frozenset(name for name in names[place:] if name not in defaults) for place in range(count + 1)]
    plain = [
        not needed[place] and not any(name in names[place:] for name, _ in factories) for place in range(count + 1)
    ]
    rest = [tuple(map(empty.get, names[place:])) if plain[place] else None for place in range(count + 1)]

    def complete(given: tuple[Any, ...], named: dict[str, Any]) -> Iterable[Any]:
        place = len(given)
        defaulted = rest[place] if place <= count and not named else None
        if defaulted is not None:
            return given + defaulted
        fields = {**empty, **named}
        if len(fields) > count or place > count or not needed[place] <= named.keys():
            _refuse_arguments(cls, names, defaults, given, named)
        if given:
            if named and not named.keys().isdisjoint(names[:place]):
                _refuse_arguments(cls, names, defaults, given, named)
            fields.update(zip(names, given, strict=False))
        for name, factory in factories:
            if fields[name] is factory:
                fields[name] = factory.make()
        return fields.values()

    return complete


def _refuse_arguments(
    cls: Any, names: tuple[str, ...], defaults: Mapping[str, Any], given: tuple[Any, ...], named: dict[str, Any]
) -> NoReturn:
    """Raises: TypeError as a function with these fields would."""
    later = names[len(given) :]
    missing = [name for name in later if name not in named and name not in defaults]
    if missing:
        raise TypeError(f"{cls.__name__}() was not given {missing[0]}")
    strange = ", ".join(name for name in named if name not in later) or f"{len(given)} fields by position"
    raise TypeError(f"{cls.__name__}() was given {strange}; its fields are {', '.join(names)}")


def _compared(names: tuple[str, ...], *, frozen: bool, order: bool) -> dict[str, Any]:
    """Values of one class are equal when all fields are; unlike classes never are."""
    fields: Callable[[Any], Any] = attrgetter(*names) if names else type

    def equal(self: Any, other: Any) -> Any:
        return fields(self) == fields(other) if type(other) is type(self) else NotImplemented

    def less(self: Any, other: Any) -> Any:
        return fields(self) < fields(other) if type(other) is type(self) else NotImplemented

    def at_most(self: Any, other: Any) -> Any:
        return fields(self) <= fields(other) if type(other) is type(self) else NotImplemented

    def digest(self: Any) -> int:
        return hash(fields(self))

    methods: dict[str, Any] = {"__eq__": equal, "__hash__": digest if frozen else None}
    if order:  # Python tries the reflected method of the other value: `>` and `>=` follow
        methods |= {"__lt__": less, "__le__": at_most}
    return methods


def _shown(self: Any) -> str:
    fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in getattr(type(self), _FIELDS))
    return f"{type(self).__qualname__}({fields})"


def _refuse(self: Any, name: str, value: Any = None) -> None:
    raise _FrozenInstanceError(f"{type(self).__name__}.{name} cannot be changed: values are frozen")


def _reduced(self: Any) -> tuple[Any, tuple[Any, ...]]:
    """For pickle and copy: a value is made again from its fields."""
    return type(self), tuple(getattr(self, name) for name in getattr(type(self), _FIELDS))


#: what keeps a value as it was made
_FROZEN: Final = {"__setattr__": _refuse, "__delattr__": _refuse, "__reduce__": _reduced}


class _Face:
    """`__dataclass_fields__`, made when somebody asks for it, by the standard library itself."""

    def __get__(self, instance: Any, owner: Any) -> dict[str, Any]:
        import dataclasses
        import inspect

        kinds: dict[str, Any] = {}
        for base in reversed(owner.__mro__):
            kinds |= inspect.get_annotations(base)
        fields = []
        for name in getattr(owner, _FIELDS):
            default = getattr(owner, _DEFAULTS).get(name, dataclasses.MISSING)
            made: Any = {"default_factory": default.make} if type(default) is _Factory else {"default": default}
            fields.append((name, kinds[name], dataclasses.field(**made)))
        found: dict[str, Any] = dataclasses.make_dataclass(owner.__name__, fields).__dataclass_fields__  # type: ignore[attr-defined]
        return found


_FACE: Final = _Face()

if not TYPE_CHECKING:
    FrozenInstanceError, asdict, dataclass, field, replace = _FrozenInstanceError, _asdict, _dataclass, _field, _replace
