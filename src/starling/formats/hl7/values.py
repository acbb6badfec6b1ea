"""A message of HL7 v2 as it is held: four levels below a segment, the empty ends of each left off."""

from __future__ import annotations

from typing import Final, TypeAlias, TypeVar

from starling.values import dataclass

Component: TypeAlias = tuple[str, ...]
Repetition: TypeAlias = tuple[Component, ...]
Field: TypeAlias = tuple[Repetition, ...]
#: A field as it is written down: a text, the components of its only repetition, or several repetitions.
Stated: TypeAlias = "str | tuple[str | Component, ...] | list[str | tuple[str | Component, ...]]"


@dataclass(frozen=True, slots=True)
class Delimiters:
    """What separates, in the order of MSH-1 and MSH-2.  Source: HL7 v2.5.1, 2.5.4."""

    field: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    subcomponent: str = "&"

    @property
    def encoding(self) -> str:
        """MSH-2."""
        return self.component + self.repetition + self.escape + self.subcomponent


USUAL: Final = Delimiters()
#: segments whose first two fields are the delimiters themselves
HEADS: Final = ("MSH", "FHS", "BHS")
_Part = TypeVar("_Part")


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment.  `fields`: from field 1 on.  `line`: where it stands in what was read, 1-based; 0: nowhere."""

    name: str
    fields: tuple[Field, ...] = ()
    line: int = 0

    def field(self, number: int) -> Field:
        """A field by its number; empty where the segment ends before it."""
        return self.fields[number - 1] if 0 < number <= len(self.fields) else ()

    def text(self, number: int, component: int = 1, subcomponent: int = 1, *, repetition: int = 1) -> str:
        """One text; empty where nothing is stated.

        >>> segment("PID", "1", "", ("123", "", "", "HOSPITAL", "MR")).text(3, 5)
        'MR'
        """
        repetitions = self.field(number)
        components = repetitions[repetition - 1] if repetition <= len(repetitions) else ()
        parts = components[component - 1] if component <= len(components) else ()
        return parts[subcomponent - 1] if subcomponent <= len(parts) else ""


@dataclass(frozen=True, slots=True)
class Message:
    """The segments of one message, MSH first."""

    segments: tuple[Segment, ...]

    @property
    def head(self) -> Segment:
        """MSH."""
        return self.segments[0]

    @property
    def kind(self) -> str:
        """Message code and trigger event, as `ORU^R01`."""
        return f"{self.head.text(9)}^{self.head.text(9, 2)}"

    @property
    def control(self) -> str:
        """The message control id (MSH-10), by which it is acknowledged."""
        return self.head.text(10)

    def first(self, name: str) -> Segment:
        """The first segment of a name; one without fields where there is none."""
        return next((each for each in self.segments if each.name == name), Segment(name))

    def all(self, name: str) -> tuple[Segment, ...]:
        """Every segment of a name, in order."""
        return tuple(each for each in self.segments if each.name == name)


def segment(name: str, *stated: Stated) -> Segment:
    """A segment of fields as they are written down; empty ends are left off.

    >>> segment("OBX", "1", "ST", ("84413-4", "Genotype display name", "LN"), "", "*1/*2").field(5)
    ((('*1/*2',),),)
    """
    return Segment(name, ended(tuple(_field(each) for each in stated)))


def _field(stated: Stated) -> Field:
    repetitions = stated if isinstance(stated, list) else [stated]
    return ended(tuple(_repetition(each) for each in repetitions))


def _repetition(stated: str | tuple[str | Component, ...]) -> Repetition:
    components = (stated,) if isinstance(stated, str) else stated
    return ended(tuple(ended((each,) if isinstance(each, str) else each) for each in components))


def ended(parts: tuple[_Part, ...]) -> tuple[_Part, ...]:
    """The parts up to the last that is not empty."""
    size = len(parts)
    while size and not parts[size - 1]:
        size -= 1
    return parts[:size]
