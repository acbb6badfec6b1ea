"""Many people: CPU seconds, memory and cost per stage, beside what only decoding the same file costs.

    python bench/cohort.py                         the 3,202-person panel of the data folder (GT alone), and the next
    python bench/cohort.py --joint-called          320 synthetic people with GT:AD:DP:GQ:PL, as joint callers write them
    python bench/cohort.py --people 1000000        a synthetic population: called, then again after one allele's change
    python bench/cohort.py --price 0.05            US dollars per core and hour, for the cost (default below)

Every figure is measured in this run; each stage runs in a process of its own, so that its memory is its own.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from joint_called import write_panel

from starling.assessment import Options
from starling.cohort.call.calling import call_evidence
from starling.cohort.call.patterns import result_of
from starling.cohort.collect.evidence import Evidence
from starling.cohort.collect.reading import read_shard
from starling.cohort.outputs import Outputs
from starling.cohort.reanalyse import Again, reanalyse
from starling.cohort.run import Order, call
from starling.engine import Engine
from starling.knowledge.base import KnowledgeBase
from starling.knowledge.compile import compile_knowledge
from starling_workshop.simulation.patient import callable_alleles
from starling_workshop.simulation.population import Population, write_population

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("STARLING_DATA") or ROOT.parent / "shared" / "data")
PANEL = DATA / "1kgp_pgx_cohort_3202.vcf.gz"
#: US dollars per core and hour, on demand, a general-purpose cloud machine: an assumption, to be replaced by --price.
PRICE = 0.05
MB = 1024  # ru_maxrss is in kB


def measured(stage: str, *arguments: str) -> dict[str, float]:
    """One stage in its own process: CPU and wall seconds, peak memory in MB, and what it printed."""
    started = time.perf_counter()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, __file__, "--stage", stage, *arguments]
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT / "src")}
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    found = json.loads(done.stdout.splitlines()[-1])
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"cpu": cpu, "wall": time.perf_counter() - started, **found}


def timed(work: Callable[[], object]) -> tuple[object, float]:
    started = time.process_time()
    result = work()
    return result, time.process_time() - started


def floor(path: str) -> dict[str, float]:
    """htslib alone: every record decoded, nothing done with it."""
    import pysam

    with pysam.VariantFile(path) as file:
        records, seconds = timed(lambda: sum(1 for _ in file))
    return {"work": seconds, "records": float(str(records))}


def read(path: str, evidence: str) -> dict[str, float]:
    engine = Engine.bundled()
    _ = engine.knowledge.definitions
    import numpy  # noqa: F401 - imports are not the stage
    import pyarrow.parquet  # noqa: F401

    _, seconds = timed(lambda: read_shard([path], {}, Path(evidence), engine, Options(build="GRCh38")))
    return {"work": seconds}


def patterns(evidence: str) -> dict[str, float]:
    engine = Engine.bundled()
    knowledge = engine.knowledge
    _ = knowledge.definitions, knowledge.guidance
    opened = Evidence(Path(evidence))
    options = opened.holdings.options
    called, whole = timed(lambda: call_evidence(opened, engine))
    kept = [(gene, each.genotypes) for gene, own in called.patterns.items() for each in own]  # type: ignore[attr-defined]
    fresh = Engine.bundled()
    _ = fresh.knowledge.definitions, fresh.knowledge.guidance
    for gene, genotypes in kept[:1]:
        result_of(gene, genotypes, fresh, options)
    _, calling = timed(lambda: [result_of(gene, genotypes, fresh, options) for gene, genotypes in kept])
    people = len(called.people)  # type: ignore[attr-defined]
    sites = sum(len(one.sites) + len(one.extra_sites) for one in knowledge.definitions.values())
    return {
        "work": whole,
        "calling": calling,
        "people": people,
        "patterns": len(kept),
        "sites": sites,
        "genes": len(knowledge.definitions),
    }


def whole(path: str, output: str) -> dict[str, float]:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    (done, seconds) = timed(lambda: call(Order((path,), Path(output), Options(build="GRCh38"))))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds += after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime  # the workers' part
    return {"work": seconds, "people": done.people}  # type: ignore[attr-defined]


FLOOR = "htslib decodes every record (floor)"
STAGES = {"floor": floor, "read": read, "patterns": patterns, "whole": whole}


def panel(path: Path, price: float) -> None:
    if not path.exists():
        print(f"not measured: {path.name} is not in the data folder (STARLING_DATA)")
        return
    with tempfile.TemporaryDirectory() as folder:
        evidence = str(Path(folder, "evidence.parquet"))
        rows = {
            "read: file -> evidence": measured("read", str(path), evidence),
            "call: evidence -> patterns, results": measured("patterns", evidence),
            "whole: cohort call, all tables": measured("whole", str(path), str(Path(folder, "calls.parquet"))),
        }
        if importlib.util.find_spec("pysam") is not None:
            rows = {FLOOR: measured("floor", str(path)), **rows}
    print(f"{path.name}: {path.stat().st_size / 1e6:.1f} MB")
    print(f"{'stage':40} {'work s':>8} {'CPU s':>8} {'wall s':>8} {'MB':>6}   (CPU and wall with start and imports)")
    for name, row in rows.items():
        print(f"{name:40} {row['work']:8.2f} {row['cpu']:8.2f} {row['wall']:8.2f} {row['mb']:6.0f}")
    rest = rows["whole: cohort call, all tables"]["work"] - sum(
        rows[name]["work"] for name in ("read: file -> evidence", "call: evidence -> patterns, results")
    )
    print(f"{'write: advice and tables (the rest)':40} {rest:8.2f}")
    called, all_of_it = rows["call: evidence -> patterns, results"], rows["whole: cohort call, all tables"]
    people = called["people"]
    alone = people / called["calling"]
    print(f"\n{people:,.0f} people, {called['patterns']:,.0f} distinct patterns of {called['genes']:.0f} genes")
    print(f"calling of the distinct patterns alone: {called['calling']:.3f} s = {alone:,.0f} people/s/core")
    print(f"evidence to results: {people / called['work']:,.0f} people/s/core")
    print("\nms CPU a person, and in decode floors (what htslib alone takes):")
    decode = rows[FLOOR]["work"] if FLOOR in rows else float("nan")
    for name, row in rows.items():
        print(f"{name:40} {row['work'] / people * 1000:8.3f} {row['work'] / decode:8.1f}")
    for unit, number in (("person x gene", people * called["genes"]), ("person x site", people * called["sites"])):
        dollars = all_of_it["cpu"] / 3600 * price / number * 1e6
        print(f"cost per million genotypes ({unit}): {dollars:.4f} US dollars at {price} per core and hour")


def joint_called(price: float) -> None:
    knowledge = KnowledgeBase.open()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "joint-called.vcf.gz")
        panel(write_panel(path, knowledge, synthetic_frequencies(knowledge)), price)


def synthetic_frequencies(knowledge: KnowledgeBase) -> dict[str, dict[str, float]]:
    """Synthetic shares, no fact about any people: few common alleles and many rare ones in each gene."""
    found = {}
    for gene, definition in knowledge.definitions.items():
        names = [each.name for each in callable_alleles(definition) if not each.is_reference]
        names = [name for name in names if name not in definition.ignored_alleles]
        random.Random(gene).shuffle(names)
        names.sort(key=lambda name: name != "*2")  # the allele that changes later is common
        weights = [(place + 1) ** -2.5 for place in range(len(names))]
        found[gene] = {name: 0.45 * weight / sum(weights) for name, weight in zip(names, weights, strict=True)}
    return found


def million(people: int, shards: int) -> None:
    knowledge = KnowledgeBase.open()
    folder = ROOT / "build" / "bench" / f"population-{people}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    steps: dict[str, Callable[[], object]] = {}
    population = Population(people, shards, 7, synthetic_frequencies(knowledge))
    output = folder / "calls.parquet"
    changed = folder / "changed.kb"
    steps["simulate"] = lambda: write_population(
        population, knowledge.definitions, knowledge.contig_lengths["GRCh38"], folder / "people.vcf.gz"
    )
    steps["cohort call"] = lambda: call(Order((str(folder),), output))
    steps["reanalyse (one allele's function)"] = lambda: reanalyse(
        Again(Outputs(output).evidence, output, str(changed), folder / "new.parquet")
    )
    with_other_function(changed)
    print(f"{people:,} synthetic people in {shards} shards, {os.cpu_count()} cores")
    for name, work in steps.items():
        started = time.perf_counter()
        before = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        result = work()
        after = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        cpu = sum(b.ru_utime + b.ru_stime - a.ru_utime - a.ru_stime for a, b in zip(before, after, strict=True))
        peak = max(each.ru_maxrss for each in after) / MB
        wall = time.perf_counter() - started
        print(f"{name:36} {wall / 60:6.2f} min wall {cpu:8.1f} s CPU, largest process so far {peak:.0f} MB", flush=True)
        if hasattr(result, "differences"):
            print(f"  genes {result.rules_changed}, {result.differences:,} differences")
        elif hasattr(result, "patterns"):
            print(f"  {result.people:,} people, {result.patterns:,} patterns")
    sizes = {
        path.name: sum(f.stat().st_size for f in path.rglob("*")) if path.is_dir() else path.stat().st_size
        for path in folder.iterdir()
    }
    print("MB on disk: " + ", ".join(f"{name} {size / 1e6:.0f}" for name, size in sorted(sizes.items()) if size > 1e6))


def with_other_function(target: Path) -> None:
    """A knowledge base in which CYP2C9*2 has no function instead of a decreased one: an invented change."""
    with tempfile.TemporaryDirectory() as folder:
        source = shutil.copytree(ROOT / "knowledge-base", Path(folder, "facts"))
        table = source / "alleles.tsv"
        text = table.read_text(encoding="utf-8")
        other = text.replace("CYP2C9\t*2\t\t\tDecreased function\t0.5", "CYP2C9\t*2\t\t\tNo function\t0.0")
        assert other != text
        table.write_text(other, encoding="utf-8")
        compile_knowledge(source, target)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, help="a synthetic population of this size instead of the panel")
    parser.add_argument("--joint-called", action="store_true", help="the synthetic joint-called panel alone")
    parser.add_argument("--shards", type=int, default=10)
    parser.add_argument("--price", type=float, default=PRICE)
    parser.add_argument("--stage", choices=STAGES, help=argparse.SUPPRESS)
    parser.add_argument("arguments", nargs="*", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.stage:
        found = STAGES[asked.stage](*asked.arguments)
        peaks = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        print(json.dumps({**found, "mb": max(peaks) / MB}))
    elif asked.people:
        million(asked.people, asked.shards)
    else:
        if not asked.joint_called:
            panel(PANEL, asked.price)
            print()
        joint_called(asked.price)


if __name__ == "__main__":
    main()
