"""The list for when a node is down: everybody of a site, with the drugs that their results speak against.

It is made of the results as they were released, not of a new calling, and it can be printed or kept on another machine.
What stands in it is in plain text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from starling._version import __version__
from starling.definitions import seriousness
from starling.node import answers
from starling.node.private_file import private
from starling.node.records import Records
from starling.node.values import Patient
from starling.report.frame import framed, running_foot, template
from starling.report.glance import Glance, Line, at_a_glance
from starling.report.markup import Markup, join, tag
from starling.report.parts import badge, bullets
from starling.report.text import visible, wrap
from starling.report.words import NOT_A_DEVICE_SHORT, ActionWords, dated, moment, plural
from starling.values import dataclass

#: what nobody may take the list for; on top of it
READ_FIRST: Final = (
    "A drug that is not named for a patient is not safe by that: it is as usual, or nothing is known of it.",
    "Other medicines, age, weight and pregnancy are not considered here; the node itself asks for them.",
    "What was released after this moment is not in it.",
)
_NONE: Final = "No released result: nothing is known."
_WIDTH: Final = 100
_OWN: Final = ".whose-drugs { break-inside: avoid; } .whose-drugs li { margin-block: 0.25rem; }\n"
_STYLES: Final = ("report.css",)


@dataclass(frozen=True, slots=True)
class Entry:
    """One patient on the list.

    `rows`: action -> names of drugs; what is not certain, and what can kill or do lasting harm, is marked.
    `missing`: drugs without any result.
    `released`: when; empty: nothing is.  `knowledge`: the edition.
    """

    patient: Patient
    rows: tuple[tuple[ActionWords, tuple[str, ...]], ...] = ()
    missing: int = 0
    released: str = ""
    knowledge: str = ""


def entries(records: Records, site: str) -> Iterator[Entry]:
    """Everybody of the site, by name."""
    for patient in records.patients(site):
        job = records.job(patient.released) if patient.released else None
        packed = records.result(patient.released) if job is not None else None
        if job is None or packed is None:
            yield Entry(patient)
            continue
        glance = at_a_glance(answers.unpacked(packed))
        rows = tuple(_by_action((*glance.acting, *glance.testing, *_harmful(glance))))
        yield Entry(patient, rows, len(glance.missing), job.updated, job.knowledge)


def _harmful(glance: Glance) -> Iterator[Line]:
    """What can harm whatever the action, and is not named above."""
    named = {line.drug.drug for line in (*glance.acting, *glance.testing)}
    return (line for line in glance.harmful if line.drug.drug not in named)


def _by_action(lines: Iterable[Line]) -> Iterator[tuple[ActionWords, tuple[str, ...]]]:
    """The most serious action first; under each the most harmful drugs."""
    found: dict[ActionWords, list[str]] = {}
    for line in lines:
        found.setdefault(line.words, []).append(_marked(line))
    for words, names in sorted(found.items(), key=lambda item: seriousness(item[0].action)):
        yield words, tuple(names)


def _marked(line: Line) -> str:
    harm = line.drug.harm
    marks = [*(["not certain"] if line.doubts else []), *([harm.level] if harm else [])]
    return line.drug.drug + (f" ({', '.join(marks)})" if marks else "")


def _said(entry: Entry) -> tuple[str, ...]:
    """What stands below the drugs of a patient."""
    if not entry.released:
        return (_NONE,)
    nothing = () if entry.rows else ("No drug is named by what is known.",)
    missing = (f"No result for {plural(entry.missing, 'drug')}: nothing is known of them.",) if entry.missing else ()
    return (*nothing, *missing)


def _facts(patient: Patient) -> tuple[str, ...]:
    born = f"born {dated(patient.birth_date)}" if patient.birth_date else ""
    return tuple(each for each in (born, patient.identifier, patient.second_identifier) if each)


def heading(site: str, made: str, source: str = "") -> str:
    """One line: whose list, of which moment, from where."""
    return f"Site {site}, {moment(made)}" + (f"; {source}" if source else "")


def as_text(people: Sequence[Entry], head: str) -> str:
    """The list in plain text."""
    lines = ["WHEN THE NODE IS DOWN: drugs to avoid or to act on, by patient", head, ""]
    lines += [*(line for said in READ_FIRST for line in wrap(said, _WIDTH)), f"{plural(len(people), 'patient')}.", ""]
    for entry in people:
        lines += ["-" * _WIDTH, visible(f"{entry.patient.name or '(no name)'}; {'; '.join(_facts(entry.patient))}")]
        for words, names in entry.rows:
            first, *more = wrap(f"{words.sign} {words.word}: {', '.join(names)}", _WIDTH - 4)
            lines += [f"  {first}", *(f"    {each}" for each in more)]
        lines += [f"  {said}" for said in _said(entry)]
        if entry.released:
            lines.append(f"  Released {moment(entry.released)}; knowledge {entry.knowledge}")
    return "\n".join([*lines, "-" * _WIDTH, NOT_A_DEVICE_SHORT, ""])


def as_html(people: Sequence[Entry], head: str) -> str:
    """The list as a page that holds all it needs, to be printed."""
    body = tag(
        "body",
        Markup(template("icons.html")),
        tag(
            "main",
            tag("h1", "When the node is down"),
            tag("p", f"Drugs to avoid or to act on, by patient. {head}. {plural(len(people), 'patient')}."),
            tag("div", tag("strong", "Read this first"), bullets(READ_FIRST), class_="caveats"),
            *map(_section, people),
            tag("p", NOT_A_DEVICE_SHORT, class_="quiet small"),
        ),
    )
    style = "".join(map(template, _STYLES)) + _OWN + running_foot(head, "in plain text: destroy it after use")
    return framed("When the node is down", body, style=style, program=f"starling {__version__}")


def _section(entry: Entry) -> Markup:
    rows = [tag("li", badge(words, brief=True), f" {', '.join(names)}") for words, names in entry.rows]
    released = (
        f"Released {moment(entry.released)}; knowledge {entry.knowledge}" if entry.released else None
    )  # fmt: skip
    return tag(
        "section",
        tag("h2", entry.patient.name or "(no name)"),
        tag("p", " · ".join(_facts(entry.patient))),
        tag("ul", *rows) if rows else None,
        join(*(tag("p", said) for said in _said(entry))),
        tag("p", released, class_="quiet small") if released else None,
        class_="whose-drugs",
    )


def write_list(folder: Path, people: Sequence[Entry], site: str, made: str) -> None:
    """`SITE.html` and `SITE.txt` in the folder, each whole.  Raises: InputError OUTPUT_UNWRITABLE."""
    name = "".join(each if each.isalnum() or each in "-_" else "_" for each in site)
    head = heading(site, made)
    private(folder / f"{name}.html", as_html(people, head).encode(), keeps_mode=True)
    private(folder / f"{name}.txt", as_text(people, head).encode(), keeps_mode=True)
