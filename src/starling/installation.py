"""Are the files of this program those that were installed?  The installation's own record says what they were."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from starling.values import dataclass

if TYPE_CHECKING:
    from importlib.metadata import Distribution

HOME: Final = Path(__file__).resolve().parent
#: the name under which pip knows this program
DISTRIBUTION: Final = "starling-pgx"
#: replaced by `starling knowledge compile`, and sealed by digests of its own
KNOWLEDGE_FILE: Final = "starling/knowledge/starling.kb"


@dataclass(frozen=True, slots=True)
class ProgramFiles:
    """What comparing the files with the record gave.

    `kind`: `installed`: compared; `editable`: the files are those of a source tree on purpose; `tree`: run from a
    source tree, without an installation.  Nothing is compared in the last two.
    `changed`, `missing`, `unknown` (beside the recorded ones): names from the folder of the packages on.
    `own_knowledge`: whether another edition of the knowledge base was put in the place of the installed one.
    """

    kind: Literal["installed", "editable", "tree"]
    home: str
    compared: int = 0
    changed: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    own_knowledge: bool = False

    @property
    def sound(self) -> bool:
        """Whether nothing differs from the record, as far as there is one."""
        return not (self.changed or self.missing or self.unknown)


def program_files(home: Path = HOME) -> ProgramFiles:
    """The files under `home` beside what the record of the installation says of them (RECORD).

    Source: PyPA specifications, "Recording installed projects".  Compiled caches (`__pycache__`) are not recorded.
    """
    distribution = _distribution()
    if distribution is None or not _lies_in(distribution, home):
        editable = distribution is not None and _is_editable(distribution, home)
        return ProgramFiles("editable" if editable else "tree", str(home))
    recorded = _recorded(distribution, home.name)
    there = {name: home.parent / name for name in _present(home)}
    changed = [name for name, digest in recorded.items() if name in there and digest != _digest(there[name])]
    return ProgramFiles(
        kind="installed",
        home=str(home),
        compared=len(recorded),
        changed=tuple(sorted(name for name in changed if name != KNOWLEDGE_FILE)),
        missing=tuple(sorted(recorded.keys() - there.keys())),
        unknown=tuple(sorted(there.keys() - recorded.keys())),
        own_knowledge=KNOWLEDGE_FILE in changed,
    )


def _distribution() -> Distribution | None:
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        return distribution(DISTRIBUTION)
    except PackageNotFoundError:
        return None


def _lies_in(distribution: Distribution, home: Path) -> bool:
    """Whether the recorded files are those that run, and not those of another installation on the path."""
    names = {file.parts[0] for file in distribution.files or ()}
    return home.name in names and Path(str(distribution.locate_file(home.name))).resolve() == home.resolve()


def _is_editable(distribution: Distribution, home: Path) -> bool:
    import json

    text = distribution.read_text("direct_url.json")
    origin = json.loads(text) if text else {}
    return bool(origin.get("dir_info", {}).get("editable")) and _is_below(home, str(origin.get("url", "")))


def _is_below(home: Path, url: str) -> bool:
    from urllib.parse import unquote

    return home.resolve().is_relative_to(Path(unquote(url.removeprefix("file://"))).resolve())


def _recorded(distribution: Distribution, package: str) -> Mapping[str, str]:
    """Name -> SHA-256 as the record writes it, of the files of the package."""
    return {
        file.as_posix(): file.hash.value
        for file in distribution.files or ()
        if file.parts[0] == package and file.hash is not None and file.hash.mode == "sha256"
    }


def _present(home: Path) -> Iterator[str]:
    for path in home.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path.relative_to(home.parent).as_posix()


def _digest(path: Path) -> str:
    """SHA-256 in the alphabet of RECORD: base64, safe for URLs, without padding."""
    return urlsafe_b64encode(hashlib.sha256(path.read_bytes()).digest()).decode("ascii").rstrip("=")
