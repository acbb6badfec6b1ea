"""The resources of a FHIR Bundle as strangers write them: every step is checked, and an error names the entry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from starling.errors import InputError
from starling.formats.outside.content import Text, fields_of, text_of
from starling.values import dataclass

#: A bundle of one person has hundreds of resources; a longer list is no report of a laboratory (ours).
_MOST_ENTRIES: Final = 100_000


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """One resource of a bundle.  `number`: its place, from 1."""

    file: Text
    number: int
    resource: Mapping[str, object]

    @property
    def kind(self) -> str:
        """What it is: `Observation`, ..."""
        return text_of(self.resource.get("resourceType"))

    @property
    def status(self) -> str:
        """Its state, as it is written."""
        return text_of(self.resource.get("status"))

    def wrong(self, message: str) -> InputError:
        """The error to raise."""
        name = "/".join(filter(None, (self.kind[:40], text_of(self.resource.get("id"))[:64])))
        return self.file.wrong(f"entry {self.number} ({name}): {message}")

    def items(self, name: str) -> Iterator[Mapping[str, object]]:
        """The objects of a list; none where there is no list.  Raises: InputError BAD_OUTSIDE_CALL on what is none."""
        listed = self.resource.get(name)
        if listed is None:
            return
        if not isinstance(listed, list):
            raise self.wrong(f"{name} is no list")
        for number, each in enumerate(listed, 1):
            if not isinstance(each, dict):
                raise self.wrong(f"{name} {number} is no object")
            yield each

    def coded(self, name: str, holder: Mapping[str, object] | None = None) -> list[tuple[str, str]]:
        """(system, code) of each coding of a concept, in order; of the resource itself without `holder`."""
        return [(text_of(each.get("system")), text_of(each.get("code"))) for each in self._codings(name, holder)]

    def codes(self, name: str, holder: Mapping[str, object] | None = None) -> set[tuple[str, str]]:
        """(system, code) of each coding of a concept."""
        return set(self.coded(name, holder))

    def words(self, holder: Mapping[str, object], name: str, *, display_first: bool = False) -> str:
        """What a concept says: its text, else what its first coding shows; the other way round with `display_first`."""
        text = text_of(self._concept(name, holder).get("text"))
        display = next((shown for each in self._codings(name, holder) if (shown := text_of(each.get("display")))), "")
        return (display or text) if display_first else (text or display)

    def string(self, holder: Mapping[str, object], name: str) -> str:
        """A text; empty where there is none.  Raises: InputError BAD_OUTSIDE_CALL on what is none."""
        value = holder.get(name)
        if value is not None and not isinstance(value, str):
            raise self.wrong(f"{name} is no text")
        return (value or "").strip()

    def references(self, name: str) -> list[str]:
        """Where a reference, or each of a list of them, leads."""
        found = self.resource.get(name)
        listed = [found] if isinstance(found, dict) else list(self.items(name))
        return [text_of(each.get("reference")) for each in listed if text_of(each.get("reference"))]

    def _concept(self, name: str, holder: Mapping[str, object] | None) -> Mapping[str, object]:
        value = (self.resource if holder is None else holder).get(name)
        if value is not None and not isinstance(value, dict):
            raise self.wrong(f"{name} is no object")
        return fields_of(value)

    def _codings(self, name: str, holder: Mapping[str, object] | None) -> Iterator[Mapping[str, object]]:
        listed = self._concept(name, holder).get("coding")
        if listed is None:
            return
        if not isinstance(listed, list):
            raise self.wrong(f"the coding of {name} is no list")
        for each in listed:
            if not isinstance(each, dict):
                raise self.wrong(f"a coding of {name} is no object")
            yield each


def entries_of(text: Text) -> Mapping[str, Entry]:
    """The resources of a bundle by each address under which another may refer to them, in their order.

    An entry without a resource (the reply to a transaction) says nothing.
    Raises: InputError BAD_OUTSIDE_CALL when it is no bundle, or an entry is none.
    """
    document = fields_of(text.document)
    kind = text_of(document.get("resourceType"))
    if kind != "Bundle":
        raise text.wrong(f"a FHIR {kind[:40]} alone; a Bundle with the genotypes is read")
    listed = document.get("entry", [])
    if not isinstance(listed, list):
        raise text.wrong("the entry of a Bundle is a list")
    if len(listed) > _MOST_ENTRIES:
        raise text.wrong(f"{len(listed):,} entries; at most {_MOST_ENTRIES:,} are read")
    found = list(_resources(text, listed))
    return _by_address(found)


def _resources(text: Text, listed: list[object]) -> Iterator[tuple[str, Entry]]:
    for number, each in enumerate(listed, 1):
        if not isinstance(each, dict):
            raise text.wrong(f"entry {number} is no object")
        resource = each.get("resource")
        if resource is None:
            continue
        if not isinstance(resource, dict) or not isinstance(resource.get("resourceType"), str):
            raise text.wrong(f"entry {number}: its resource is no FHIR resource")
        yield text_of(each.get("fullUrl")), Entry(text, number, resource)


def _by_address(found: list[tuple[str, Entry]]) -> Mapping[str, Entry]:
    """Each entry once under its first address, then again under the others: `urn:uuid:...`, `Observation/1`, its URL.

    Raises: InputError BAD_OUTSIDE_CALL when two resources share an address: a reference would lead to either.
    """
    addressed: dict[str, Entry] = {}
    for address, entry in found:
        name = text_of(entry.resource.get("id"))
        names = dict.fromkeys(filter(None, (address, f"{entry.kind}/{name}" if name else "")))
        for each in names or (f"entry {entry.number}",):
            if addressed.setdefault(each, entry) is not entry:
                raise entry.wrong(f"entry {addressed[each].number} has the same address {each[:80]}")
    return addressed
