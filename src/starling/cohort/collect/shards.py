"""What is one piece of work: files of the same people stay together, files of one person each are gathered."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from starling.assessment import Options
from starling.cohort.collect.people import Stated
from starling.cohort.collect.reading import Skipped
from starling.engine import Engine
from starling.errors import InputError
from starling.formats.registry import OUTSIDE_RESULT, head_of, is_result, sniff
from starling.formats.vcf import open_vcf
from starling.source.door import Wanted, open_source
from starling.values import asdict, dataclass

#: Files of one person that make one shard: small enough to lose, large enough to share patterns.
FILES_PER_SHARD: Final = 200
_INDEXES: Final = (".tbi", ".csi")
#: What belongs to a file beside it that is read -> the ending of that file.
_COMPANIONS: Final = {".bim": ".bed", ".fam": ".bed", ".map": ".ped"}
#: What an earlier run left stands beside its evidence, under one name.
_EVIDENCE: Final = ".evidence.parquet"
_TABLES: Final = (".parquet", ".tsv", ".json")


@dataclass(frozen=True, slots=True)
class Shard:
    """Some files and what must be known to read them.  `name` says what it is made from: equal names, equal work.

    `stated`: what is stated of its people beside their data.  `people`: how many the headers name.
    """

    name: str
    files: tuple[str, ...]
    stated: tuple[tuple[str, Stated], ...]
    options: Options
    people: int


@dataclass(frozen=True, slots=True)
class Inputs:
    """The files to read, and what lies in a directory beside them and is nobody's genotypes."""

    files: tuple[str, ...]
    left_out: tuple[Skipped, ...] = ()


def input_files(inputs: Sequence[str], known: Collection[Path] = ()) -> Inputs:
    """The files named: a directory stands for everything in it, `@list` for the paths in a text file.

    In a directory the content decides, not the name: what no reader knows is left out, with the reason.  Hidden files,
    the index beside a file, what an earlier run left, and `known`, what is no input, are not looked at.
    Raises: InputError FILE_NOT_FOUND, FILE_EMPTY, FILE_UNREADABLE, or NOBODY_CALLED when nothing can be read.
    """
    found: dict[str, Skipped | None] = {}
    passed = {path.resolve() for path in known}
    for text in inputs:
        if text.startswith("@"):
            found.update(dict.fromkeys(_listed(Path(text[1:]))))
        elif Path(text).is_dir():
            found.update((str(path), _reason(path)) for path in _inside(Path(text), passed))
        else:
            found[text] = None
    files = tuple(path for path, reason in found.items() if reason is None)
    left_out = tuple(reason for reason in found.values() if reason is not None)
    if left_out and not files:
        reasons = "; ".join(
            [*(each.message for each in left_out[:3]), *([f"{len(left_out) - 3} more"] if left_out[3:] else [])]
        )
        raise InputError("NOBODY_CALLED", f"no file could be read ({reasons})", source=", ".join(inputs[:3]))
    if not files:
        raise InputError("FILE_EMPTY", "names no file", source=", ".join(inputs))
    return Inputs(files, left_out)


def _inside(directory: Path, passed: Collection[Path]) -> Iterator[Path]:
    """What lies in a directory and could be somebody's genotypes."""
    inside = sorted(directory.iterdir())
    runs = tuple(path.name.removesuffix(_EVIDENCE) + "." for path in inside if path.name.endswith(_EVIDENCE))
    for path in inside:
        indexes = path.suffix in _INDEXES and path.with_suffix("").exists()
        belongs = path.suffix in _COMPANIONS and path.with_suffix(_COMPANIONS[path.suffix]).exists()
        result = path.suffix in _TABLES and path.name.startswith(runs)
        if not (path.name.startswith(".") or indexes or belongs or result or path.resolve() in passed):
            yield path


def _reason(path: Path) -> Skipped | None:
    """Why something in a directory is not read; None for what a reader knows, or will name when it fails."""
    if path.is_dir():
        return Skipped(path.name, f"{path.name}: a directory in a directory is not looked into; name it, too")
    if not path.is_file():
        return Skipped(path.name, f"{path.name}: is no file, or leads to none")
    try:
        head = head_of(path)
        if sniff(head) is None:
            if is_result(head):
                refused = InputError(OUTSIDE_RESULT, "states results by gene, not genotypes", source=path.name)
                return Skipped(path.name, f"{refused.message}; {refused.advice}")
            open_vcf(path).close()  # refuses it, with what it is instead
    except InputError as error:
        return Skipped(path.name, error.message)
    return None


def _listed(path: Path) -> Iterator[str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        raise InputError("FILE_NOT_FOUND", "no such list of files", source=str(path)) from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("FILE_UNREADABLE", "not a readable list of files", source=str(path)) from error
    for line in lines:
        name = line.strip()
        if name and not name.startswith("#"):
            # relative to the list, so that a list can travel with its files
            yield str(path.parent / name)


def plan_shards(
    files: Sequence[str], stated: Mapping[str, Stated], options: Options, engine: Engine
) -> tuple[Shard, ...]:
    """Every file in one shard, and every person's files in the same one.  Only headers are read.

    A file whose header cannot be read gets a shard of its own, which will name it when it is worked on.
    """
    wanted = Wanted(engine.maps, engine.knowledge, options)
    names = {path: _people(path, wanted) for path in files}
    groups = _together(names)
    batches: list[tuple[str, ...]] = [group for group in groups if len(group) > 1 or len(names[group[0]]) != 1]
    single = [group[0] for group in groups if len(group) == 1 and len(names[group[0]]) == 1]
    batches += [tuple(single[at : at + FILES_PER_SHARD]) for at in range(0, len(single), FILES_PER_SHARD)]
    shards = []
    for batch in batches:
        people = {name for path in batch for name in names[path]}
        own = tuple((name, stated[name]) for name in sorted(people) if name in stated)
        name = _name(batch, own, options, engine.knowledge.stamp.sha256)
        shards.append(Shard(name, batch, own, options, len(people)))
    return tuple(shards)


def _people(path: str, wanted: Wanted) -> tuple[str, ...]:
    try:
        with open_source(path, wanted) as source:
            return tuple(name for name, _ in source.people)
    except InputError:
        return ()


def _together(names: Mapping[str, Sequence[str]]) -> list[tuple[str, ...]]:
    """Files joined by people whom they share, in the order in which they were named."""
    leader: dict[str, str] = {path: path for path in names}

    def find(path: str) -> str:
        while leader[path] != path:
            leader[path] = leader[leader[path]]
            path = leader[path]
        return path

    first: dict[str, str] = {}
    for path, people in names.items():
        for person in people:
            known = first.setdefault(person, path)
            leader[find(path)] = find(known)
    groups: dict[str, list[str]] = {}
    for path in names:
        groups.setdefault(find(path), []).append(path)
    return [tuple(group) for group in groups.values()]


def _name(files: Iterable[str], own: Sequence[tuple[str, Stated]], options: Options, knowledge_sha256: str) -> str:
    stated: list[object] = [[[name, asdict(each)] for name, each in own], asdict(options), knowledge_sha256]
    for path in files:
        target = Path(path)
        facts = target.stat() if target.exists() else None
        stated.append([str(target.resolve()), facts and facts.st_size, facts and facts.st_mtime_ns])
    return hashlib.sha256(json.dumps(stated, sort_keys=True).encode()).hexdigest()[:16]
