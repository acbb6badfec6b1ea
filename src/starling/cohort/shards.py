"""What is one piece of work: files of the same people stay together, files of one person each are gathered."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final

from starling.assessment import Options
from starling.cohort.people import Stated
from starling.errors import InputError
from starling.genotyping.samples import chosen_samples
from starling.genotyping.source import open_source
from starling.knowledge.base import KnowledgeBase
from starling.values import asdict, dataclass

#: Files of one person that make one shard: small enough to lose, large enough to share patterns.
FILES_PER_SHARD: Final = 200
_SUFFIXES: Final = (".vcf", ".vcf.gz", ".vcf.bgz", ".gvcf", ".gvcf.gz", ".bcf")


@dataclass(frozen=True, slots=True)
class Shard:
    """Some files and what must be known to read them.  `name` says what it is made from: equal names, equal work.

    `stated`: what is stated of its people beside their data.  `people`: how many the headers name.
    """

    name: str
    files: tuple[str, ...]
    stated: tuple[tuple[str, Stated], ...]
    options: Options
    knowledge: str
    people: int


def input_files(inputs: Sequence[str]) -> tuple[str, ...]:
    """The files named: a directory stands for the VCF and BCF files in it, `@list` for the paths in a text file.

    Raises: InputError FILE_NOT_FOUND, FILE_EMPTY or FILE_UNREADABLE.
    """
    found = tuple(dict.fromkeys(path for each in inputs for path in _files(each)))
    if not found:
        raise InputError("FILE_EMPTY", "names no file", source=", ".join(inputs))
    return found


def _files(text: str) -> Iterator[str]:
    if text.startswith("@"):
        yield from _listed(Path(text[1:]))
        return
    path = Path(text)
    if not path.is_dir():
        yield text
        return
    inside = sorted(str(each) for each in path.iterdir() if each.name.lower().endswith(_SUFFIXES))
    if not inside:
        raise InputError("FILE_EMPTY", "no VCF or BCF file in this directory", source=text)
    yield from inside


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
    files: Sequence[str], stated: Mapping[str, Stated], options: Options, knowledge_sha256: str, knowledge: str
) -> tuple[Shard, ...]:
    """Every file in one shard, and every person's files in the same one.  Only headers are read.

    A file whose header cannot be read gets a shard of its own, which will name it when it is worked on.
    """
    base = knowledge_at(knowledge)
    names = {path: _people(path, base, options) for path in files}
    groups = _together(names)
    batches: list[tuple[str, ...]] = [group for group in groups if len(group) > 1 or len(names[group[0]]) != 1]
    single = [group[0] for group in groups if len(group) == 1 and len(names[group[0]]) == 1]
    batches += [tuple(single[at : at + FILES_PER_SHARD]) for at in range(0, len(single), FILES_PER_SHARD)]
    shards = []
    for batch in batches:
        people = {name for path in batch for name in names[path]}
        own = tuple((name, stated[name]) for name in sorted(people) if name in stated)
        name = _name(batch, own, options, knowledge_sha256)
        shards.append(Shard(name, batch, own, options, knowledge, len(people)))
    return tuple(shards)


@lru_cache(maxsize=2)
def knowledge_at(path: str) -> KnowledgeBase:
    """The knowledge base of a file (empty: the bundled one), opened once in each process."""
    return KnowledgeBase.open(Path(path) if path else None)


def _people(path: str, knowledge: KnowledgeBase, options: Options) -> tuple[str, ...]:
    try:
        with open_source(path, knowledge, options) as file:
            return tuple(name for name, _ in chosen_samples(file.header, None, source=file.name))
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
