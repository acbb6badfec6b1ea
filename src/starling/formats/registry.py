"""Which reader a file needs, as its own first bytes say.  A format is one module, and one line here.

A module of a format declares `FORMATS`: what each looks like and how it is opened.  The modules are asked in this
order and imported only then, so that reading a VCF costs nothing of the others, and what a format needs beside the
standard library is imported by its opener alone.  See docs/how-to/add-an-input-format.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Final

from starling.errors import InputError
from starling.formats.beginning import begin
from starling.formats.content import Content, Format, Opening
from starling.values import replace

MODULES: Final = (
    "starling.formats.variant_text",
    "starling.formats.astm",
    "starling.formats.htslib",
    "starling.formats.finalreport",
    "starling.formats.plink",
    "starling.formats.arrays",
    "starling.formats.myheritage",
    "starling.formats.familytree",
    "starling.formats.circledna",
    "starling.formats.generic",
    "starling.formats.assay",
)
#: What a file is refused for that holds no genotypes, but what others concluded from them.
OUTSIDE_RESULT: Final = "OUTSIDE_RESULT"


def formats() -> Iterator[Format]:
    """Every registered format, in the order in which they are asked."""
    for module in MODULES:
        yield from import_module(module).FORMATS


def sniff(head: bytes) -> Format | None:
    """The format of a text or binary that begins with `head`; None when nobody knows it."""
    return next((each for each in formats() if each.matches(head)), None)


def open_file(path: str | Path, opening: Opening) -> Content:
    """The file, open.  What nobody knows goes to the reader of VCF, which says what it is instead.

    Raises: InputError, what the format's own reader refuses; OUTSIDE_RESULT for what states results by gene; NOT_VCF
    for a pipe or an archive that holds a format which can be read from a file only.
    """
    beginning = begin(path)
    found = sniff(beginning.head)
    if found is None and is_result(beginning.head):
        if beginning.stream is not None:
            beginning.stream.close()
        raise InputError(OUTSIDE_RESULT, "it states results by gene, not genotypes", source=beginning.name)
    if found is None and beginning.head:
        from starling.formats.consumer import near_miss

        if not beginning.head.lstrip().startswith(b"##fileformat") and (missed := near_miss(beginning.head)):
            if beginning.stream is not None:
                beginning.stream.close()
            raise InputError("BAD_MARKERS", missed, source=beginning.name)
    found = found or next(formats())
    if beginning.stream is None:
        return found.open(path, opening)
    if not found.pipes:
        beginning.stream.close()
        message = f"{found.title} cannot be read from a pipe or an archive: save or unpack it, and name the file"
        raise InputError("NOT_VCF", message, source=beginning.name)
    return found.open(path, replace(opening, stream=beginning.stream))


def states_results(path: str | Path) -> bool:
    """Whether a file states results by gene, as outside calls do.  Raises: InputError FILE_*."""
    head = head_of(path)
    return sniff(head) is None and is_result(head)


def is_result(head: bytes) -> bool:
    """Whether content that begins so, and that no format claims, states results by gene."""
    if not head:
        return False
    from starling.formats import outside

    return outside.is_result(head)


def head_of(path: str | Path) -> bytes:
    """The beginning of the content, inflated; empty for standard input and pipes, which can be read only once.

    Raises: InputError FILE_NOT_FOUND, FILE_UNREADABLE or FILE_EMPTY; NOT_VCF for an archive of several files.
    """
    if str(path) == "-" or not (Path(path).is_file() or not Path(path).exists()):
        return b""
    beginning = begin(path)
    if beginning.stream is not None:
        beginning.stream.close()
    return beginning.head
