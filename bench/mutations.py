"""Damaged files: `python bench/mutations.py [--files N] [--seed S] [--jobs J]`.  Is anything certain and wrong?

A file is a person, a writer's dialect and damage of one kind, drawn at random (tests/simulators/mutations.py).  Printed
are, for each kind: files, those that were refused; of the genes of the others those that are certain of the person
without a file, are still certain, became uncertain, are certain and wrong; and crashes.  The aim is nothing certain and
wrong, and no crash.  100,000 files take some hours; stopped by Ctrl-C (SIGINT) the table is of what was
read.  Every file that is wrong is printed with the way to make it again:
`python bench/mutations.py --seed S --only NUMBER --keep FOLDER`.
Exit status 1 when anything was certain and wrong or crashed.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from multiprocessing import get_context
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from tests.simulators.mutations import KINDS, Judged, Mutation, judged, table

#: Files that one process is handed at a time.
_HANDED = 20
#: Signs of the bar that shows how far the run is.
_BAR = 50


def outcomes(seed: int, numbers: range, processes: int) -> Iterator[Judged]:
    """Every file of the series, in order."""
    files = (Mutation(seed, number) for number in numbers)
    if processes == 1:
        yield from map(judged, files)
        return
    with get_context("spawn").Pool(processes) as pool:
        yield from pool.imap(judged, files, chunksize=_HANDED)


def progress(done: int, files: int) -> None:
    """A bar on standard error, once for every hundredth."""
    if done * 100 // files > (done - 1) * 100 // files:
        full = done * _BAR // files
        end = "\n" if done == files else ""
        print(f"\r[{'#' * full}{'.' * (_BAR - full)}] {done:,} of {files:,}", end=end, file=sys.stderr, flush=True)


def told(each: Judged) -> Iterator[str]:
    """What is wrong with what came of a file, and how to make it again."""
    if each.wrong or each.end == "crash":
        file = each.mutation
        yield f"{file} | python bench/mutations.py --seed {file.seed} --only {file.number} --keep FOLDER"
        yield from (f"    {line}" for line in (*each.wrong, *([each.message] if each.end == "crash" else [])))


def one(file: Mutation, folder: Path | None) -> int:
    """A single file is made and judged, and kept where it is wanted."""
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        print(*file.write(folder))
    found = judged(file)
    print(f"{file}: {found.end} {found.message}".rstrip())
    print(f"right {found.right}, uncertain {found.uncertain}, wrong {len(found.wrong)}")
    print(*told(found), sep="\n")
    return bool(found.wrong) or found.end == "crash"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=100_000, metavar="N")
    parser.add_argument("--seed", type=int, default=1, metavar="S")
    parser.add_argument("--first", type=int, default=0, metavar="NUMBER", help="where in the series to begin")
    parser.add_argument("--jobs", type=int, default=1, metavar="J", help="processes")
    parser.add_argument("--only", type=int, metavar="NUMBER", help="this file of the series alone")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="with --only: where the file is left")
    arguments = parser.parse_args()
    if arguments.only is not None:
        return one(Mutation(arguments.seed, arguments.only), arguments.keep)
    numbers = range(arguments.first, arguments.first + arguments.files)
    print(f"seed {arguments.seed}, files {numbers.start:,} to {numbers.stop - 1:,}, {len(KINDS)} kinds", flush=True)
    found: list[Judged] = []
    try:
        for each in outcomes(arguments.seed, numbers, arguments.jobs):
            found.append(each)
            progress(len(found), len(numbers))
            for line in told(each):
                print(line, flush=True)
    except KeyboardInterrupt:
        print(f"\nstopped: go on with --first {numbers.start + len(found)}")
    print(*table(found), sep="\n")
    return any(each.wrong or each.end == "crash" for each in found)


if __name__ == "__main__":
    sys.exit(main())
