"""A property made on first use and kept: threads that ask at the same time get the same object."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Final, Generic, Protocol, Self, TypeVar, overload

Made = TypeVar("Made")
_NOT_MADE: Final = object()


class Locked(Protocol):
    """What such a property can belong to; the lock may be taken again by who holds it (`threading.RLock`)."""

    @property
    def lock(self) -> AbstractContextManager[Any]:
        """Held while a property is made."""


class once(Generic[Made]):  # noqa: N801 -- used as a decorator, like property
    """As `functools.cached_property`, which since Python 3.12 lets two threads make two objects."""

    def __init__(self, make: Callable[[Any], Made]) -> None:
        self._make = make
        self._name = make.__name__
        self.__doc__ = make.__doc__

    @overload
    def __get__(self, holder: None, owner: type) -> Self: ...
    @overload
    def __get__(self, holder: Locked, owner: type) -> Made: ...
    def __get__(self, holder: Locked | None, owner: type) -> Self | Made:
        """The object; found in the holder's own dictionary from then on."""
        if holder is None:
            return self
        held = holder.__dict__
        made: Any = held.get(self._name, _NOT_MADE)
        if made is _NOT_MADE:
            with holder.lock:
                made = held.get(self._name, _NOT_MADE)
                if made is _NOT_MADE:
                    made = held[self._name] = self._make(holder)
        found: Made = made
        return found
