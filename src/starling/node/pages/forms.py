"""What was filled in -> values of the node, or what is wrong with it, field by field in words for the person."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import parse_qs

import msgspec

from starling.errors import InputError, StarlingError
from starling.node.values import AccountChange, Name, Order, Reason, Role, Specimen, Words
from starling.values import dataclass

#: a form of ours has fewer fields
_MOST_FIELDS: Final = 60
_BETWEEN: Final = re.compile(r"[,;\n\r]+")
_PLACE: Final = re.compile(r"\$\.(\w+)")
_FLAGS: Final = ("pregnant", "breastfeeding")
_LISTS: Final = ("drugs", "medication", "indication")
_SINGLE: Final = ("age", "weight", "ancestry")
#: field -> what to do about it
_SAID: Final = {
    "drugs": "Name the drug to be ordered, at most 20 at a time",
    "medication": "Name at most 100 other medicines",
    "indication": "Name at most 20 indications",
    "age": "Give the age as a number of years from 0 to 150",
    "weight": "Give the weight as a number of kilograms up to 700",
    "ancestry": "Say the ancestry in at most 100 letters",
    "reason": "Give a reason of at least 4 letters",
    "note": "Write a note of at most 2,000 letters",
    "name": "Give a name of at most 200 letters",
    "role": "Choose a role",
    "site": "Give the site of the person",
    "decision": "Choose what is to be done with the file",
    "file.identifier": "Give the identifier of the patient",
    "file.second_identifier": "Give a second identifier of the patient",
    "file.specimen": "Name the specimen",
    "file.laboratory": "Name the laboratory",
    "file.birth_date": "Give the date of birth as 1961-04-30",
    "file.sex": "Choose the sex",
    "file.build": "The genome build is GRCh38 or GRCh37",
}
_SAID_OF_FILE: Final = "Use at most 200 letters"
_SPECIMEN: Final = tuple(Specimen.__struct_fields__)
#: error of the engine -> the field that it is about
_FIELD_OF: Final = {"UNKNOWN_DRUG": "drugs"}

Fields = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong with one field of a form."""

    field: str
    text: str


class FormError(Exception):
    """The form cannot be accepted as it was filled in: the person's to put right."""

    def __init__(self, *wrong: Wrong) -> None:
        super().__init__("; ".join(each.text for each in wrong))
        self.wrong = wrong


def fields(body: bytes) -> Fields:
    """The fields of a form as a browser sends them.  Raises: InputError BAD_REQUEST."""
    try:
        read = parse_qs(body.decode("utf-8"), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError as error:
        raise InputError("BAD_REQUEST", "the form cannot be read") from error
    return {name: values[-1].strip() for name, values in read.items()}


def order(form: Fields, patient: str) -> Order:
    """The prescriber's question.  Raises: FormError."""
    said: dict[str, Any] = {name: names(form.get(name, "")) for name in _LISTS}
    said |= {name: form[name] for name in _SINGLE if form.get(name)}
    said |= {name: bool(form.get(name)) for name in _FLAGS}
    return _converted({"patient": patient, **said}, Order)


def asked(form: Fields) -> dict[str, str]:
    """What was filled in of a question, to be shown again."""
    return {name: form.get(name, "") for name in (*_LISTS, *_SINGLE, *_FLAGS)}


def reason(form: Fields, field: str = "reason") -> str:
    """Why something is decided.  Raises: FormError."""
    return _text(form.get(field, ""), Reason, "reason", field)


def note(form: Fields) -> str:
    """A note, which may be empty.  Raises: FormError."""
    return _text(form.get("note", ""), Words, "note", "note")


def person(form: Fields) -> tuple[str, Role, str, str]:
    """Name, role and site of a new account, and another name of its owner, which may be empty.  Raises: FormError."""
    name = _text(form.get("name", ""), Name, "name", "name")
    role: Role = _converted_to(Role, form.get("role", ""), Wrong("role", _SAID["role"]))
    site = _text(form.get("site", ""), Name, "site", "site")
    return name, role, site, _text(form["person"], Name, "name", "person") if form.get("person") else ""


def specimen(form: Fields) -> Specimen:
    """Whose a file is.  Raises: FormError, with every field that is wrong."""
    said = {name: form.get(name, "") for name in _SPECIMEN}
    said["sex"] = said["sex"] or "unknown"
    wrong = tuple(Wrong(name, _SAID.get(f"file.{name}", _SAID_OF_FILE)) for name in said if not _fits(name, said[name]))
    if wrong:
        raise FormError(*wrong)
    return msgspec.convert(said, Specimen)


def _fits(name: str, text: str) -> bool:
    """Whether one field of a specimen is as it should be, whatever the others are."""
    good = {"identifier": "x", "second_identifier": "y", "specimen": "z", "laboratory": "l"}
    try:
        msgspec.convert(good | {name: text}, Specimen)
    except msgspec.ValidationError:
        return False
    return True


def change(form: Fields) -> tuple[str, AccountChange]:
    """Whose account is changed, and how.  Raises: FormError."""
    wanted: AccountChange = _converted_to(AccountChange, form.get("change", ""), Wrong("main", "Choose what to change"))
    return form.get("name", ""), wanted


def decision(form: Fields) -> bool:
    """Whether a file in quarantine is accepted.  Raises: FormError."""
    said = form.get("decision", "")
    if said not in {"accept", "refuse"}:
        raise FormError(Wrong("decision", _SAID["decision"]))
    return said == "accept"


def names(text: str) -> tuple[str, ...]:
    """Names that are set apart by commas, semicolons or lines, each once.

    >>> names("paroxetine, omeprazole;paroxetine")
    ('paroxetine', 'omeprazole')
    """
    return tuple(dict.fromkeys(part.strip() for part in _BETWEEN.split(text) if part.strip()))


def wrong_in(error: StarlingError) -> tuple[Wrong, ...]:
    """What the engine says of a question that it cannot answer, at the field that it is about."""
    return (Wrong(_FIELD_OF.get(error.code, "drugs"), error.message[:1].upper() + error.message[1:]),)


def _text(said: str, kind: Any, about: str, field: str) -> str:
    return str(_converted_to(kind, said, Wrong(field, _SAID[about])))


def _converted_to(kind: Any, said: str, wrong: Wrong) -> Any:
    try:
        return msgspec.convert(said, kind)
    except msgspec.ValidationError as error:
        raise FormError(wrong) from error


def _converted(said: Mapping[str, Any], kind: type[Order]) -> Order:
    try:
        return msgspec.convert(said, kind, strict=False)
    except msgspec.ValidationError as error:
        place = _PLACE.search(str(error))
        field = place[1] if place else "drugs"
        raise FormError(Wrong(field, _SAID.get(field, str(error)))) from error


def hidden(form: Fields) -> Iterable[tuple[str, str]]:
    """The fields of a question, for a form that goes on from its answer."""
    return ((name, text) for name, text in asked(form).items() if text)
