"""Values behave as the standard library's dataclasses do, and cost no compiling."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from starling import values


@values.dataclass(frozen=True, slots=True, order=True)
class Point:
    """Frozen, with slots, ordered."""

    KIND: ClassVar[str] = "point"
    x: int
    y: int = 0
    tags: tuple[str, ...] = ()


@values.dataclass(frozen=True, slots=True, order=True)
class Other:
    """The fields of a Point, and another class."""

    x: int
    y: int = 0
    tags: tuple[str, ...] = ()


@values.dataclass(frozen=True, slots=True)
class Named(Point):
    """Inherits fields."""

    name: str = "n"


@values.dataclass(slots=True)
class Draft:
    """To be filled."""

    found: list[int] = values.field(default_factory=list)
    size: int = values.field(default=3)


@values.dataclass(frozen=True)
class Loose:
    """Frozen, with a dictionary of its own."""

    x: int

    def __post_init__(self) -> None:
        if self.x < 0:
            raise ValueError("below 0")


twin = dataclasses.make_dataclass("Point", [("x", int), ("y", int, 0), ("tags", tuple, ())], frozen=True, order=True)
points = st.tuples(st.integers(0, 3), st.integers(0, 3), st.sampled_from([(), ("a",)]))


@given(points, points)
def test_equality_order_and_text_are_those_of_a_dataclass(one: Any, other: Any) -> None:
    ours, theirs = (Point(*one), Point(*other)), (twin(*one), twin(*other))
    assert (ours[0] == ours[1], ours[0] < ours[1], ours[0] >= ours[1], max(ours) == ours[0]) == (
        theirs[0] == theirs[1],
        theirs[0] < theirs[1],
        theirs[0] >= theirs[1],
        max(theirs) == theirs[0],
    )
    assert repr(ours[0]) == repr(theirs[0])
    assert (hash(ours[0]) == hash(ours[1])) >= (ours[0] == ours[1])


def test_unlike_classes_are_never_equal() -> None:
    unlike: object = Other(1)
    assert Point(1) != unlike
    fields: object = (1, 0, ())
    assert Point(1) != fields
    with pytest.raises(TypeError):
        sorted([Point(1), Other(0)])  # type: ignore[type-var]


def test_arguments_are_refused_as_a_function_would() -> None:
    for wrong in ({}, {"x": 1, "z": 2}):
        with pytest.raises(TypeError, match="Point"):
            Point(**wrong)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="Point"):
        Point(1, 2, (), 4)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="x"):
        Point(1, x=2)  # type: ignore[misc]


def test_frozen_values_cannot_be_changed() -> None:
    point = Point(1)
    with pytest.raises(values.FrozenInstanceError, match="frozen"):
        setattr(point, "x", 2)  # noqa: B010 -- what a type checker would refuse
    with pytest.raises(values.FrozenInstanceError, match="frozen"):
        delattr(point, "x")
    with pytest.raises(values.FrozenInstanceError, match="frozen"):
        setattr(Loose(1), "x", 2)  # noqa: B010 -- as above
    assert not hasattr(point, "__dict__")
    assert point.x == 1


def test_a_default_that_is_made_is_made_for_each() -> None:
    one, other = Draft(), Draft()
    one.found.append(1)
    assert (other.found, other.size, Draft(size=4).size) == ([], 3, 4)
    with pytest.raises(TypeError, match="unhashable"):
        hash(one)


def test_values_are_made_again_by_replace_pickle_and_copy() -> None:
    named = Named(1, 2, ("a",), "b")
    assert values.replace(named, y=5) == Named(1, 5, ("a",), "b")
    assert pickle.loads(pickle.dumps(named)) == copy.deepcopy(named) == named
    with pytest.raises(TypeError, match="z"):
        values.replace(named, z=1)  # type: ignore[call-arg]
    with pytest.raises(ValueError, match="below 0"):
        values.replace(Loose(1), x=-1)


def test_asdict_reaches_into_tuples_lists_and_dictionaries() -> None:
    draft = Draft([Point(1)], {"a": (Point(2),)})  # type: ignore[list-item, arg-type]
    assert values.asdict(draft) == {
        "found": [{"x": 1, "y": 0, "tags": ()}],
        "size": {"a": ({"x": 2, "y": 0, "tags": ()},)},
    }


def test_the_standard_library_sees_dataclasses() -> None:
    named = Named(1, name="b")
    assert [each.name for each in dataclasses.fields(named)] == ["x", "y", "tags", "name"]
    assert dataclasses.is_dataclass(Draft)
    assert dataclasses.replace(named, x=2) == Named(2, name="b")
    assert dataclasses.asdict(named) == {"x": 1, "y": 0, "tags": (), "name": "b"}
    match named:
        case Named(x, y):
            assert (x, y) == (1, 0)
        case _:
            pytest.fail("values have no positional patterns")


@given(st.lists(points, max_size=5))
def test_many_at_once_are_those_made_one_by_one(fields: list[Any]) -> None:
    columns = zip(*fields, strict=True) if fields else ((), (), ())
    assert values.many(Point, *columns) == [Point(*each) for each in fields]


def test_many_need_every_field() -> None:
    with pytest.raises(ValueError, match="shorter"):
        values.many(Point, [1], [2])
