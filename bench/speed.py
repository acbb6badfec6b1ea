"""CPU seconds as multiples of a yardstick: `python bench/speed.py [--runs 7] [--records 5000000]`.

Every row is measured in turns with its yardstick, in the same run on the same machine, so that the ratio means
something elsewhere too.  Makes its inputs once (build/bench): a whole-genome VCF, its gVCF, and a file of the sites
alone; the indexes are those of tabix (pysam).  A benchmark, never a test: tests count operations.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import pysam

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from bench.genomes import genome
from starling.engine import Engine
from starling.formats.regions import Region
from starling.formats.vcf import open_vcf
from starling.knowledge.base import KnowledgeBase
from starling.report.document import document
from starling.source.sites import site_map
from tests.simulators.equivalents import STYLES, render
from tests.simulators.people import person

FOLDER = ROOT / "build" / "bench"
BARE = (sys.executable, "-c", "import sqlite3, json, zlib")
#: Python would compile every module again in every process; a user's does not.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


@dataclass(frozen=True, slots=True)
class Work:
    """Something to measure; `children`: in a process of its own.  `aim`: the ratio wanted, where there is one."""

    name: str
    run: Callable[[], object]
    children: bool = False
    aim: str = ""

    def seconds(self) -> float:
        """CPU seconds of one run."""
        who = resource.RUSAGE_CHILDREN if self.children else resource.RUSAGE_SELF
        before = resource.getrusage(who)
        self.run()
        after = resource.getrusage(who)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def compared(rows: list[Work], yardstick: Work, runs: int) -> None:
    """Prints a line a row: medians of several turns, after one that warms up; another work begins each turn."""
    works = [*rows, yardstick]
    spent: list[list[float]] = [[] for _ in works]
    for turn in range(runs + 1):
        for number in range(len(works)):
            at = (turn + number) % len(works)
            spent[at].append(works[at].seconds())
    *medians, unit = (statistics.median(each[1:]) for each in spent)
    for work, seconds in zip(rows, medians, strict=True):
        ratio = seconds / unit
        print(
            f"{work.name:44} {seconds:8.4f} {ratio:7.2f} x  {yardstick.name:44} {unit:8.4f}  {work.aim}",
            flush=True,
        )


def child(*command: str) -> Callable[[], object]:
    """A process with this checkout's sources."""
    environment = ENVIRONMENT | {"PYTHONPATH": str(ROOT / "src")}
    return lambda: subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)


def records(path: Path, wanted: list[Region]) -> int:
    """How many records of the regions a file has."""
    with open_vcf(path) as file:
        return sum(1 for _ in file.fetch(wanted))


def by_tabix(path: Path, wanted: list[Region]) -> int:
    """As `tabix -R`, in this process: the index read, every region asked for; a line in two regions counts twice."""
    with pysam.TabixFile(str(path), index=f"{path}.tbi") as file:
        return sum(1 for one in wanted for _ in file.fetch(one.chromosome, one.start - 1, one.end))


def by_htslib(path: Path) -> int:
    """The genotypes of all records, as pysam gives them."""
    with pysam.VariantFile(str(path)) as file:
        return sum(1 for record in file if record.samples[0]["GT"])


def reading(folder: Path, count: int, engine: Engine) -> Iterator[tuple[list[Work], Work]]:
    """Genomes, with an index and without."""
    sites = site_map(tuple(engine.knowledge.definitions.values()), "GRCh38")
    wanted = [Region(name, start, end) for name, spans in sites.spans.items() for start, end in spans]
    wgs, gvcf = genome(folder, "plain", count), genome(folder, "gvcf_gatk", count)

    def fetch(name: str, path: Path, aim: str = "") -> Work:
        with open_vcf(path) as file:
            list(file.fetch(wanted))
            reader = file.reader
        return Work(f"{name} ({reader})", lambda: records(path, wanted), aim=aim)

    tabix = Work("tabix -R (pysam), WGS .tbi", lambda: by_tabix(wgs["tbi"], wanted))
    rows = [fetch("WGS, .tbi: records", wgs["tbi"], "<= 1.0"), fetch("WGS, .csi: records", wgs["csi"], "<= 1.0")]
    yield [*rows, fetch("WGS, no index: records", wgs[""], "<= 0.9")], tabix
    yield [Work("WGS, no index: genotypes", lambda: engine.read(wgs[""]))], tabix
    bare = Work("gVCF, no index: records", lambda: records(gvcf[""], wanted))
    yield [fetch(f"gVCF, .{index}: records", gvcf[index], "<= 0.9") for index in ("tbi", "csi")], bare
    yield [bare], Work("tabix -R (pysam), gVCF .tbi", lambda: by_tabix(gvcf["tbi"], wanted))


def stages(sites: Path, engine: Engine) -> Iterator[tuple[list[Work], Work]]:
    """A file of the sites alone, and what comes after reading."""
    htslib = Work("all genotypes of it (pysam)", lambda: by_htslib(sites))
    whole = [Region(name, 1, 2**31 - 1) for name in pysam.VariantFile(str(sites)).header.contigs]
    yield (
        [
            Work("sites file: records", lambda: records(sites, whole)),
            Work("sites file: genotypes", lambda: engine.read(sites)),
        ],
        htslib,
    )
    collected = engine.read(sites)
    person_ = collected.samples[0]
    assessment = engine.conclude(person_, collected)
    others = cycle([engine.read(render(person(number), STYLES["plain"], sites.parent)[0]) for number in range(3, 35)])

    def somebody_new() -> None:
        """What was concluded before is kept: each turn asks about another person."""
        read = next(others)
        engine.conclude(read.samples[0], read)

    bare = Work('python3 -c "import sqlite3, json, zlib"', child(*BARE), children=True)
    yield (
        [
            Work("knowledge: open", KnowledgeBase.open),
            Work(
                "genotypes -> assessment, the same person", lambda: engine.conclude(person_, collected), aim="<= 5 ms"
            ),
            Work("genotypes -> assessment, somebody new", somebody_new),
            Work("assessment -> JSON", lambda: document([assessment])),
            Work("cold: starling check", cold("check", "clopidogrel", str(sites)), children=True, aim="<= 3.5"),
            Work(
                "cold: starling report",
                cold("report", str(sites), "-o", str(FOLDER / "out.json")),
                children=True,
                aim="<= 6",
            ),
        ],
        bare,
    )


def cold(*arguments: str) -> Callable[[], object]:
    """A command of ours as a process of its own."""
    return child(sys.executable, "-m", "starling", *arguments)


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--records", type=int, default=5_000_000)
    arguments = parser.parse_args()
    sites = FOLDER / "sites"
    sites.mkdir(parents=True, exist_ok=True)
    path = render(person(2), STYLES["plain"], sites)[0]
    if "PYTHONDONTWRITEBYTECODE" in os.environ:
        print("PYTHONDONTWRITEBYTECODE is set here; it is unset for the processes measured")
    print(f"CPU seconds, medians of {arguments.runs} runs in turns; genomes of {arguments.records:,} records")
    print(f"{'what':44} {'s':>8} {'ratio':>9}  {'yardstick':44} {'s':>8}  aim")
    engine = Engine.bundled()
    for rows, yardstick in reading(FOLDER / "genomes", arguments.records, engine):
        compared(rows, yardstick, arguments.runs)
    for rows, yardstick in stages(path, engine):
        compared(rows, yardstick, arguments.runs)
    return 0


if __name__ == "__main__":
    sys.exit(main())
