"""`doctor`: is this installation sound?"""

from __future__ import annotations

import argparse
import platform
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from starling._version import __version__
from starling.cli.arguments import add_knowledge, knowledge_path
from starling.engine import Engine
from starling.errors import InternalError, KnowledgeError, StarlingError
from starling.extras import EXTRAS, versions
from starling.installation import ProgramFiles, program_files
from starling.knowledge.age import age_notices, today
from starling.knowledge.base import KnowledgeBase
from starling.values import asdict, dataclass

SCHEMA: Final = "starling.doctor/1"
#: so many files are named on the screen; the rest is counted, and stands in the JSON
_NAMED: Final = 5
_EXAMPLES: Final = """
examples:
  starling doctor           ends with `sound`
  starling doctor --json    the same for a program that watches devices

exit codes: 0 sound, 3 the knowledge base or a program file is not what it
            was, 4 the bundled example fails
"""


@dataclass(frozen=True, slots=True)
class Knowledge:
    """The knowledge base; `said` is what to say of it beside its dates."""

    sound: bool
    version: str = ""
    as_of: str = ""
    checked_on: str = ""
    sha256: str = ""
    signed_by: str = ""
    said: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Example:
    """The bundled example: genes called, of how many, and in what time; `said` is the reason when it failed."""

    sound: bool
    called: int = 0
    genes: int = 0
    ms: float = 0.0
    said: str = ""


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything that was looked at; `example` is None when the knowledge base is not sound."""

    knowledge: Knowledge
    files: ProgramFiles
    extras: Mapping[str, Mapping[str, str | None]]
    example: Example | None

    @property
    def exit_code(self) -> int:
        """0, or who must act: the administrator before us."""
        if not (self.knowledge.sound and self.files.sound):
            return KnowledgeError.exit_code
        return 0 if self.example is not None and self.example.sound else InternalError.exit_code


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What it takes."""
    parser.epilog = _EXAMPLES
    parser.add_argument("--json", action="store_true", help=f"for programs ({SCHEMA})")
    add_knowledge(parser)


def run(arguments: argparse.Namespace) -> int:
    """Says whether this installation is sound; 3 when knowledge or program files are not, 4 when the example fails."""
    found = examined(knowledge_path(arguments.knowledge))
    sys.stdout.write(_json(found) if arguments.json else "".join(f"{line}\n" for line in _lines(found)))
    return found.exit_code


def examined(path: Path | None) -> Findings:
    """This installation, examined with the knowledge base of `path`; None: with its own."""
    knowledge = _knowledge(path)
    extras = {extra: versions(extra) for extra in EXTRAS}
    return Findings(knowledge, program_files(), extras, _example(path) if knowledge.sound else None)


def _knowledge(path: Path | None) -> Knowledge:
    try:
        with KnowledgeBase.open(path) as base:
            stamp = base.stamp
            good = base.verify_content()
            said = () if good else ("DIGEST WRONG, reinstall or compile again",)
            notices = age_notices(stamp.checked_on, today())
            warned = tuple(f"WARNING: {notice.message} Ask for a newer edition." for notice in notices)
            dates = (stamp.version, stamp.as_of, stamp.checked_on, stamp.sha256, stamp.signed_by)
            return Knowledge(good, *dates, (*said, *warned))
    except StarlingError as error:
        return Knowledge(sound=False, said=(f"{error.message}. {error.advice}",))


def _example(path: Path | None) -> Example:
    example = Path(__file__).parents[1] / "examples" / "example.vcf"
    try:
        assessment = Engine.open(path).assess(example)
    except StarlingError as error:
        return Example(sound=False, said=f"{error.message}. {error.advice}")
    called = sum(gene.status != "undetermined" for gene in assessment.genes)
    return Example(called > 0, called, len(assessment.genes), round(sum(assessment.run.timings_ms.values())))


def _lines(found: Findings) -> Iterator[str]:
    yield f"starling {__version__}, Python {platform.python_version()}, {platform.system()}"
    knowledge = found.knowledge
    if knowledge.version:
        first = "digest verified" if knowledge.sound else knowledge.said[0]
        yield f"knowledge base {knowledge.version}, as of {knowledge.as_of}: {first}"
        yield from knowledge.said if knowledge.sound else knowledge.said[1:]
    else:
        yield f"knowledge base: {knowledge.said[0]}"
    yield from _file_lines(found.files)
    for extra, packages in found.extras.items():
        yield f"extra {extra}: " + ", ".join(f"{name} {each or 'not installed'}" for name, each in packages.items())
    if found.example is not None:
        example = found.example
        said = example.said or f"{example.called} of {example.genes} genes called in {example.ms:.0f} ms"
        yield f"example patient: {said}"
    yield "sound" if found.exit_code == 0 else "NOT sound: see above"


def _file_lines(files: ProgramFiles) -> Iterator[str]:
    if files.kind != "installed":
        what = "an editable installation" if files.kind == "editable" else "a source tree, not installed"
        yield f"program files: {what}, so there is no record to compare them with ({files.home})"
        return
    if files.sound:
        yield f"program files: {files.compared} as they were installed"
    for names, what in ((files.changed, "CHANGED"), (files.missing, "MISSING"), (files.unknown, "NOT OURS")):
        if names:
            more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
            yield f"program files {what}, reinstall: {', '.join(names[:_NAMED])}{more}"
    if files.own_knowledge:
        yield "knowledge base: another edition stands in the place of the one that was installed"


def _json(found: Findings) -> str:
    import json

    document = {
        "schema": SCHEMA,
        "program": f"starling {__version__}",
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "sound": found.exit_code == 0,
        "exit_code": found.exit_code,
        "knowledge": asdict(found.knowledge),
        "files": {"sound": found.files.sound, **asdict(found.files)},
        "extras": found.extras,
        "example": None if found.example is None else asdict(found.example),
    }
    return json.dumps(document, indent=2) + "\n"
