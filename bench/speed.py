"""CPU, wall time and memory per stage, against the budgets: `python bench/speed.py [--runs 5] [--records 5000000]`.

Makes its inputs once (build/bench): a whole-genome single-sample VCF, its gVCF, and a file of the sites alone.  The
budgets are those of docs/explanation and hold for one core of a quiet machine; this is a benchmark, never a test.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from starling.assessment import Options
from starling.engine import Question, advisor, call_genes, conclude, interpret_all
from starling.formats.vcf import open_vcf
from starling.genotyping.collect import Collected, collect
from starling.guidance.recommendation import Advisor
from starling.knowledge.base import KnowledgeBase
from starling.report.document import document
from starling.source.door import Wanted, open_source
from starling.source.sites import SiteMaps
from tests.simulators.blocks import EOF, bgzf_block, write_index
from tests.simulators.equivalents import STYLES, Style, render
from tests.simulators.naming import CHROMOSOMES, LENGTHS
from tests.simulators.people import person

FOLDER = ROOT / "build" / "bench"
BLOCK = 65_280


@dataclass(frozen=True, slots=True)
class Stage:
    """One row of the table; times in milliseconds, `budget` empty where there is none."""

    name: str
    cpu_ms: float
    wall_ms: float
    budget: str = ""


def inputs(records: int) -> dict[str, Path]:
    """The files to read, made when they are not there."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    who = person(2)
    found = {}
    for name, style, count in (("sites", STYLES["plain"], 0), ("wgs", STYLES["plain"], records),
                               ("gvcf", STYLES["gvcf_gatk"], records)):  # fmt: skip
        folder = FOLDER / f"{name}-{count}"
        folder.mkdir(exist_ok=True)
        if count == 0:
            found[name] = render(who, style, folder)[0]
            continue
        found[name] = folder / "patient.vcf.gz"
        if not found[name].exists():
            _write_genome(found[name], render(who, style, folder)[0], style, count)
    bare = FOLDER / f"wgs-{records}-bare" / "patient.vcf.gz"
    bare.parent.mkdir(exist_ok=True)
    if not bare.exists():
        bare.hardlink_to(found["wgs"])
    return found | {"wgs without index": bare}


def _write_genome(path: Path, sites: Path, style: Style, count: int) -> None:
    """A sorted BGZF of about `count` records with the records of `sites` in place, and its index."""
    print(f"making {path.parent.name} ...", file=sys.stderr, flush=True)
    unfinished = path.with_suffix(".part")
    offsets: list[tuple[int, int]] = []
    lines: list[bytes] = []
    with unfinished.open("wb") as stream:
        at, buffer = 0, b""
        for line in _genome_lines(sites, style, count):
            lines.append(line)
            if len(lines) < 400:
                continue
            buffer += b"".join(lines)
            lines.clear()
            while len(buffer) >= BLOCK:
                offsets.append((at, stream.tell()))
                stream.write(bgzf_block(buffer[:BLOCK], 5))
                at, buffer = at + BLOCK, buffer[BLOCK:]
        buffer += b"".join(lines)
        for start in range(0, len(buffer), BLOCK):
            offsets.append((at + start, stream.tell()))
            stream.write(bgzf_block(buffer[start : start + BLOCK], 5))
        offsets.append((at + len(buffer), stream.tell()))
        stream.write(EOF)
    unfinished.rename(path)
    write_index(path, _genome_lines(sites, style, count), offsets)


def _genome_lines(sites: Path, style: Style, count: int) -> Iterator[bytes]:
    header: list[bytes] = []
    known: dict[str, list[tuple[int, bytes]]] = {}
    for line in sites.read_bytes().splitlines(keepends=True):
        if line.startswith(b"#"):
            header.append(line)
        else:
            chromosome, position = line.split(b"\t", 2)[:2]
            known.setdefault(chromosome.decode(), []).append((int(position), line))
    yield from header
    lengths = LENGTHS["GRCh38"]
    total = sum(lengths.values())
    for chromosome in CHROMOSOMES:
        filler = _filler(
            chromosome, lengths[chromosome], count * lengths[chromosome] // total, gvcf=bool(style.dialect)
        )
        yield from _woven(filler, known.get(chromosome, []))


CHANGES = ("A\tG", "C\tT", "G\tA", "T\tC", "A\tC", "G\tT", "AT\tA", "C\tCA")
CALLS = (
    "0/1:14,17:31:99:480,0,390\n",
    "1/1:0,28:28:84:990,84,0\n",
    "0|1:19,12:31:99:320,0,560\n",
    "1|1:1,33:34:93:1210,93,0\n",
    "0/1:9,11:20:99:301,0,240\n",
)


def _filler(chromosome: str, length: int, count: int, *, gvcf: bool) -> Iterator[tuple[int, bytes]]:
    """Records spread evenly with jitter, their text drawn from templates."""
    rng = random.Random(chromosome)
    step = max(2, length // (count + 1))
    for number in range(1, count + 1):
        position = number * step - int(rng.random() * (step - 1))
        roll = int(rng.random() * 4096)
        if gvcf and roll % 8:
            text = (
                f"{chromosome}\t{position}\t.\t{'ACGT'[roll & 3]}\t<NON_REF>\t.\tPASS\tEND={number * step}\t"
                f"GT:DP:GQ:MIN_DP:PL\t0/0:{20 + roll % 23}:{60 + roll % 39}:{18 + roll % 11}:0,{roll % 97},900\n"
            )
        else:
            change = CHANGES[roll & 7] + (",<NON_REF>" if gvcf else "")
            text = (
                f"{chromosome}\t{position}\t.\t{change}\t{30 + roll % 900}.77\t"
                f"PASS\tAC=1;AF=0.500;AN=2;DP={20 + roll % 31};FS={rng.random() * 60:.3f};MQ=60.00;"
                f"MQRankSum={rng.random():.3f};QD={rng.random() * 35:.2f};VQSLOD={rng.random() * 20:.2f}\t"
                f"GT:AD:DP:GQ:PL\t{CALLS[roll % 5]}"
            )
        yield position, text.encode()


def _woven(filler: Iterator[tuple[int, bytes]], known: list[tuple[int, bytes]]) -> Iterator[bytes]:
    """Both in order of position; filler within 300 bp of a site gives way to it."""
    pending = sorted(known, reverse=True)
    last = -1000
    for position, line in filler:
        while pending and pending[-1][0] <= position + 6000:
            last, text = pending.pop()
            yield text
        if position > last + 300 and not (pending and position + 6000 > pending[-1][0]):
            yield line
    yield from (text for _, text in reversed(pending))


def measured(name: str, runs: int, work: Callable[[], object], budget: str = "") -> Stage:
    """The median of several runs, after one that warms up."""
    work()
    cpu, wall = [], []
    for _ in range(runs):
        before, started = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
        work()
        wall.append((time.perf_counter() - started) * 1e3)
        after = resource.getrusage(resource.RUSAGE_SELF)
        cpu.append((after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1e3)
    return Stage(name, statistics.median(cpu), statistics.median(wall), budget)


def genotypes(path: Path, knowledge: KnowledgeBase) -> Collected:
    """Everything that one file says about the sites."""
    wanted = Wanted(SiteMaps(knowledge.definitions), knowledge)
    with open_source(path, wanted) as source:
        return collect([source], wanted)


def stages(files: dict[str, Path], runs: int) -> Iterator[Stage]:
    """Every stage in this process, warm."""

    def opened() -> KnowledgeBase:
        knowledge = KnowledgeBase.open()
        return knowledge

    yield measured("knowledge: open", runs, opened, "1 ms wall")
    knowledge = KnowledgeBase.open()
    for name, budget in (("wgs", "50 ms CPU (index)"), ("wgs without index", "100 ms CPU (bisect)"),
                         ("gvcf", "50 ms CPU (index)"), ("sites", "")):  # fmt: skip
        with open_vcf(files[name]) as file:
            reader = file.reader
        yield measured(
            f"{name} -> genotypes ({reader})", runs, lambda name=name: genotypes(files[name], knowledge), budget
        )
    collected = genotypes(files["sites"], knowledge)
    sample, question, options = collected.samples[0], Question(), Options()
    calls = call_genes(sample, knowledge, options)
    results = interpret_all(calls, calls, (), knowledge)
    advice: Advisor = advisor(knowledge)
    assessment = conclude(sample, collected, knowledge, question)
    yield measured("calling", runs, lambda: call_genes(sample, knowledge, options))
    yield measured("phenotypes", runs, lambda: interpret_all(calls, calls, (), knowledge))
    yield measured("recommendations", runs, lambda: advice.recommend(results))
    yield measured("genotypes -> assessment", runs, lambda: conclude(sample, collected, knowledge, question), "3 ms")
    yield measured("JSON", runs, lambda: document([assessment]))


def cold(name: str, path: Path, runs: int, budget: str = "") -> tuple[Stage, float]:
    """`starling report` as a process of its own: median times, and the largest resident set in MB."""
    command = [sys.executable, "-m", "starling", "report", str(path), "-o", str(FOLDER / "out.json")]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    wall, cpu, memory = [], [], 0.0
    for _ in range(runs + 1):
        before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
        wall.append((time.perf_counter() - started) * 1e3)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu.append((after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1e3)
        memory = after.ru_maxrss / 1024
    return Stage(name, statistics.median(cpu[1:]), statistics.median(wall[1:]), budget), memory


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--records", type=int, default=5_000_000)
    arguments = parser.parse_args()
    files = inputs(arguments.records)
    for name, path in files.items():
        print(f"{name:18} {path.stat().st_size / 1e6:8.1f} MB  {path.relative_to(ROOT)}")
    print(f"\n{'stage':38} {'CPU ms':>9} {'wall ms':>9}  budget")
    cold_rows = [cold("cold: report, sites", files["sites"], arguments.runs, "250 ms wall, 60 MB")]
    cold_rows.append(cold("cold: report, wgs", files["wgs"], arguments.runs))
    for stage in stages(files, arguments.runs):
        print(f"{stage.name:38} {stage.cpu_ms:9.2f} {stage.wall_ms:9.2f}  {stage.budget}", flush=True)
    for stage, memory in cold_rows:
        print(f"{stage.name:38} {stage.cpu_ms:9.2f} {stage.wall_ms:9.2f}  {stage.budget} (peak so far {memory:.0f} MB)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
