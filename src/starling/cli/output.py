"""Where a result goes: the screen, a file that is there whole or not at all, or a folder with a page per person."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path

from starling.assessment import Assessment
from starling.errors import InputError


def format_of(stated: str | None, output: Path | None, by_suffix: Mapping[str, str], *, folder: bool = False) -> str:
    """The format that was asked for, else that of the output's suffix; `terminal` without an output.

    `folder`: the output was written as one.  Raises: InputError BAD_OPTION on a suffix that says nothing.
    """
    if stated:
        return stated
    if output is None:
        return "terminal"
    if output.is_dir() or folder:
        return "html"
    whole = "".join(output.suffixes[-2:]).lower()
    format_ = by_suffix.get(whole) or by_suffix.get(output.suffix.lower())
    if format_ is None:
        known = " ".join(by_suffix)
        raise InputError(
            "BAD_OPTION", f"no format known for this suffix (known: {known}); use --format", source=str(output)
        )
    return format_


def write(parts: Iterable[str], output: Path | None) -> None:
    """The parts one after another, on the screen or in a file."""
    if output is None:
        for part in parts:
            sys.stdout.write(part)
        return
    from starling.formats.write import write_atomically

    write_atomically(output, parts)


def write_bytes(output: Path, data: bytes) -> None:
    """A file that is there whole, or not at all.  Raises: InputError OUTPUT_UNWRITABLE, the sender's."""
    from starling.formats.write import replacing

    try:
        with replacing(output.resolve()) as temporary, temporary.open("xb") as stream:
            stream.write(data)
    except OSError as error:
        raise InputError(
            "OUTPUT_UNWRITABLE", f"cannot be written: {error.strerror or error}", source=str(output)
        ) from error


def write_documents(people: Iterable[Assessment], output: Path | None, made: Callable[[Assessment], bytes]) -> None:
    """One PDF of the only person there is; in a folder, one for everybody.

    Raises: InputError SEVERAL_PATIENTS, OUTPUT_UNWRITABLE, BAD_ARGUMENTS, the sender's.
    """
    from starling.formats.write import file_name_for

    if output is None:
        raise InputError("BAD_ARGUMENTS", "a PDF is no text for the screen: name a file or a folder with -o")
    if not output.is_dir():
        (person,) = only_one(people, "a PDF shows one person")
        write_bytes(output, made(person))
        return
    taken: set[str] = set()
    for person in people:
        write_bytes(output / _free_name(file_name_for(person.sample, ".pdf"), taken), made(person))


def write_pages(people: Iterable[Assessment], output: Path | None, page: Callable[[Assessment], str]) -> None:
    """One page: of the only person there is, in a file or on the screen; in a folder, one for everybody.

    Raises: InputError SEVERAL_PATIENTS, OUTPUT_UNWRITABLE, the sender's.
    """
    from starling.formats.write import file_name_for, write_atomically

    if output is None or (output.suffix.lower() in {".html", ".htm"} and not output.is_dir()):
        write(map(page, only_one(people)), output)
        return
    if not output.is_dir():
        raise InputError("OUTPUT_UNWRITABLE", "no such directory", source=str(output))
    taken: set[str] = set()
    for person in people:
        write_atomically(output / _free_name(file_name_for(person.sample, ".html"), taken), [page(person)])


def _free_name(name: str, taken: set[str]) -> str:
    """The name, or where `Pat1` meets `PAT1` the name with a number: on some disks both are one file."""
    stem, dot, suffix = name.rpartition(".")
    number, free = 1, name
    while free.casefold() in taken:
        number += 1
        free = f"{stem}~{number}{dot}{suffix}"
    taken.add(free.casefold())
    return free


def only_one(people: Iterable[Assessment], what: str = "an HTML page shows one person") -> Iterator[Assessment]:
    """The only person.  Raises: InputError SEVERAL_PATIENTS, the sender's."""
    first_two = list(islice(people, 2))
    if len(first_two) > 1:
        raise InputError("SEVERAL_PATIENTS", f"{what}, and the input holds several")
    yield from first_two
