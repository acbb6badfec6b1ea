"""Values of every number of fields are made as the standard library makes them."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from starling import values

NUMBERS = range(20)


def pair(count: int, defaults: int) -> tuple[Any, Any]:
    """A class of so many fields, the last of them with defaults, made here and by the standard library."""
    names = [f"field{number}" for number in range(count)]
    given: dict[str, Any] = {name: -number for number, name in enumerate(names) if number >= count - defaults}
    body = {"__annotations__": dict.fromkeys(names, int), **given}
    made: Any = (
        make(frozen=True, slots=True)(type("Made", (), dict(body)))
        for make in (values.dataclass, dataclasses.dataclass)
    )
    return next(made), next(made)


@pytest.mark.parametrize("count", NUMBERS)
def test_every_field_is_the_one_given(count: int) -> None:
    ours, theirs = pair(count, count // 2)
    names = ours.__match_args__
    assert names == theirs.__match_args__
    for places in range(count - count // 2, count + 1):
        given, named = range(places), {name: number + 100 for number, name in enumerate(names) if number >= places}
        for value in (ours(*given), ours(*given, **named), ours(**dict(zip(names, given, strict=False)))):
            assert [getattr(value, name) for name in names[:places]] == list(given)
        assert values.asdict(ours(*given, **named)) == dataclasses.asdict(theirs(*given, **named))
        assert values.asdict(ours(*given)) == dataclasses.asdict(theirs(*given))


@pytest.mark.parametrize("count", NUMBERS)
def test_what_the_standard_library_refuses_is_refused(count: int) -> None:
    for made in pair(count, count // 2):
        for given, named in (
            (range(count + 1), {}),
            (range(count), {"strange": 1}),
            *(((range(count - count // 2 - 1)), {}) for _ in range(count > 1)),
            *(((0,), {"field0": 1}) for _ in range(count > 0)),
        ):
            with pytest.raises(TypeError, match="Made"):
                made(*given, **named)
