"""Beside PyPGx 0.27: the same people and genes in one run, CPU per person and gene, and how far both agree.

    python bench/pypgx_side.py [--people 100]

PyPGx gets an environment of its own (build/bench/pypgx-env), phased input (so that it needs no panel), no copy number,
no plots; its start and imports are counted apart, in its favour.  Starling reads and calls the same file once.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import venv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pysam

from starling.assessment import Options
from starling.cohort.call.calling import call_evidence
from starling.cohort.collect.evidence import Evidence
from starling.cohort.collect.reading import read_shard
from starling.definitions import GeneDefinition
from starling.engine import Engine
from starling.knowledge.base import KnowledgeBase

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("STARLING_DATA") or ROOT.parent / "shared" / "data")
PANEL = DATA / "1kgp_pgx_cohort_3202.vcf.gz"
ENVIRONMENT = ROOT / "build" / "bench" / "pypgx-env"
PINNED = ("pypgx==0.27.0", "pandas<3", "setuptools<81")
GENES = ("CYP2C19", "CYP2C9", "CYP3A5", "NUDT15", "SLCO1B1", "TPMT")

#: Runs in the peer's environment: one line of JSON with CPU seconds and results.
PEER = """
import json, sys, time, warnings
warnings.simplefilter("ignore")
started = time.process_time()
from pypgx.api import pipeline, utils
from pypgx import sdk
imported = time.process_time() - started
path, folder, genes = sys.argv[1], sys.argv[2], sys.argv[3].split(",")
found = {"import": imported, "genes": {}}
for gene in genes:
    started = time.process_time()
    pipeline.run_ngs_pipeline(gene, f"{folder}/{gene}", variants=path, assembly="GRCh38",
                              do_not_plot_allele_fraction=True, do_not_plot_copy_number=True)
    cpu = time.process_time() - started
    data = sdk.Archive.from_file(f"{folder}/{gene}/results.zip").data
    found["genes"][gene] = {"cpu": cpu, "results": {s: [r["Genotype"], r["Phenotype"]] for s, r in data.iterrows()}}
print(json.dumps(found))
"""


def peer_python() -> Path:
    """The peer's interpreter; made once."""
    python = ENVIRONMENT / "bin" / "python"
    if not python.exists():
        venv.create(ENVIRONMENT, with_pip=True)
    probe = subprocess.run([python, "-c", "import pypgx"], capture_output=True)
    if probe.returncode:
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PINNED], check=True)
    return python


def subset(people: int, target: Path) -> Path:
    """The first people of the panel, BGZF with an index."""
    with pysam.VariantFile(str(PANEL)) as source:
        names = list(source.header.samples)[:people]
    with pysam.VariantFile(str(PANEL)) as source:
        source.subset_samples(names)
        with pysam.VariantFile(str(target), "wz", header=source.header) as written:
            for record in source:
                written.write(record)
    pysam.tabix_index(str(target), preset="vcf", force=True)
    return target


@dataclass(frozen=True)
class Chosen:
    """The knowledge base with some of its genes alone."""

    base: KnowledgeBase
    definitions: dict[str, GeneDefinition]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.base, name)


def ours(path: Path, folder: Path, genes: Sequence[str]) -> tuple[dict[str, dict[str, tuple[str, str | None]]], float]:
    """gene -> sample -> (label, phenotype), and the CPU seconds of reading and calling these genes."""
    base = KnowledgeBase.open()
    knowledge: Any = Chosen(base, {gene: base.definitions[gene] for gene in genes})
    engine = Engine(knowledge)
    _ = base.guidance
    import numpy  # noqa: F401 - imports are counted apart on both sides
    import pyarrow.parquet  # noqa: F401

    started = time.process_time()
    read_shard([str(path)], {}, folder / "evidence.parquet", engine, Options(build="GRCh38"))
    called = call_evidence(Evidence(folder / "evidence.parquet"), engine, genes)
    spent = time.process_time() - started
    results: dict[str, dict[str, tuple[str, str | None]]] = {}
    for gene in genes:
        own = [each.result for each in called.patterns[gene]]
        codes = called.codes[gene].tolist()
        results[gene] = {
            name: (own[code].label, own[code].phenotype) for name, code in zip(called.people, codes, strict=True)
        }
    return results, spent


def pair(text: str) -> tuple[str, ...]:
    return tuple(sorted(text.split("/")))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=100)
    people = parser.parse_args().people
    if not PANEL.exists():
        print(f"not measured: {PANEL.name} is not in the data folder (STARLING_DATA)")
        return
    python = peer_python()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        path = subset(people, folder / "subset.vcf.gz")
        (folder / "peer").mkdir()
        command = [str(python), "-c", PEER, str(path), str(folder / "peer"), ",".join(GENES)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"PyPGx failed: {done.stderr[-2000:]}")
        peer = json.loads(done.stdout.splitlines()[-1])
        results, spent = ours(path, folder, GENES)
        every = tuple(KnowledgeBase.open().definitions)
        whole, whole_spent = ours(PANEL, folder, every)
    each = spent / people / len(GENES) * 1e3
    print(
        f"{people} people, {len(GENES)} genes; CPU ms per person and gene; the peer's imports: {peer['import']:.1f} s"
    )
    print(f"{'gene':10} {'PyPGx':>8} {'Starling':>9} {'ratio':>8}   diplotypes   phenotypes")
    apart: Counter[str] = Counter()
    for gene in GENES:
        theirs = peer["genes"][gene]
        cpu = theirs["cpu"] / people * 1e3
        rows = [(results[gene][name], tuple(row)) for name, row in theirs["results"].items()]
        diplotypes = sum(pair(mine[0]) == pair(other[0]) for mine, other in rows)
        phenotypes = sum((mine[1] or "Indeterminate") == other[1] for mine, other in rows)
        agree = f"{diplotypes:5}/{len(rows):<5} {phenotypes:7}/{len(rows)}"
        print(f"{gene:10} {cpu:8.2f} {each:9.4f} {cpu / each:7.0f}x  {agree}")
        apart.update(
            f"{gene}: ours {m[0]} ({m[1]}), PyPGx {o[0]} ({o[1]})" for m, o in rows if pair(m[0]) != pair(o[0])
        )
    total = sum(theirs["cpu"] for theirs in peer["genes"].values()) / people / len(GENES) * 1e3
    print(f"{'all':10} {total:8.2f} {each:9.4f} {total / each:7.0f}x")
    number = len(whole[GENES[0]])
    at_scale = whole_spent / number / len(every) * 1e3
    print(
        f"Starling, {number} people and {len(every)} genes: {at_scale:.4f} ms, {total / at_scale:.0f}x less than PyPGx"
    )
    print("\nwhere the diplotypes differ:")
    for text, count in apart.most_common(25):
        print(f"{count:5}  {text}")


if __name__ == "__main__":
    main()
