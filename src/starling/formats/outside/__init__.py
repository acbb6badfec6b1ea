"""Outside calls: what another laboratory, device or tool stated, in the form in which it states it.

A file is recognised by its content, never by its name.  Each tool is one module that declares `TOOLS`, and one line in
`MODULES`; what no tool claims is a laboratory's table (`laboratory`).  Nothing is interpreted here: a diplotype is kept
as it was written, and a gene that nobody here knows is passed on to be named.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Final

from starling.errors import InputError
from starling.formats.outside import laboratory
from starling.formats.outside.content import Text, Tool, read_text
from starling.values import replace
from starling.vocabulary import OutsideCall

#: Asked in this order; each file is of one tool at most.
MODULES: Final = (
    "starling.formats.outside.aldy",
    "starling.formats.outside.cyrius",
    "starling.formats.outside.pypgx",
    "starling.formats.outside.stellarpgx",
    "starling.formats.outside.starphase",
    "starling.formats.outside.pharmcat",
    "starling.formats.outside.dragen",
    "starling.formats.outside.arcashla",
    "starling.formats.outside.optitype",
    "starling.formats.outside.hlahd",
    "starling.formats.outside.t1k",
    "starling.formats.outside.xtag",
    "starling.formats.outside.fhir",
)


def tools() -> tuple[Tool, ...]:
    """Every registered tool, in the order in which they are asked."""
    return tuple(tool for module in MODULES for tool in import_module(module).TOOLS)


def read_outside_calls(path: str | Path) -> tuple[OutsideCall, ...]:
    """What the file states, in its order.

    Raises: InputError FILE_NOT_FOUND, FILE_UNREADABLE, FILE_EMPTY, NOT_TEXT, BAD_OUTSIDE_CALL.
    """
    return _calls(read_text(Path(path)))


def parse_outside_calls(text: str, *, source: str) -> tuple[OutsideCall, ...]:
    """What `text` states, in its order; `source` is named in errors.

    >>> parse_outside_calls("CYP2D6\\t*1/*2xN", source="lab.tsv")[0].diplotype  # copies unknown, kept as written
    '*1/*2xN'

    Raises: InputError BAD_OUTSIDE_CALL, with the line.
    """
    return _calls(Text.of(text, source))


def tool_of(text: Text) -> Tool | None:
    """The tool whose result the text is; None for a laboratory's table, and for whatever else it may be."""
    return next((tool for tool in tools() if tool.matches(text)), None)


def is_result(head: bytes) -> bool:
    """Whether content that begins so states results by gene: a tool's, or a table whose header names the gene."""
    text = head.decode("utf-8", errors="replace").removeprefix("\ufeff")
    if text.lstrip()[:1] in {"{", "["}:
        try:
            return tool_of(Text.of(text, "")) is not None
        except InputError:  # cut off
            return any(mark in text for tool in tools() for mark in tool.marks)
    text = text.replace("\r", "\n")
    whole = Text.of(text.rpartition("\n")[0] or text, "")
    return tool_of(whole) is not None or laboratory.has_header(whole)


def _calls(text: Text) -> tuple[OutsideCall, ...]:
    tool = tool_of(text)
    if tool is None:
        return tuple(replace(call, file=text.name) for call in laboratory.read(text))
    calls = tuple(replace(call, tool=call.tool or tool.name, file=text.name) for call in tool.read(text))
    if not calls:
        raise text.wrong(f"{tool.name} states no result in it")
    return calls
