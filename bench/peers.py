"""PyPGx and Aldy beside Starling: one person, one run, whole processes: CPU seconds and peak memory.

    python bench/peers.py --environment build/bench/peers [--install] [--runs 3]

`--install` makes the environment with pip (PyPI); without it, what is missing is named and nothing is measured.  Every
program gets the same VCF of one person and six genes that all three call, without copy numbers; Starling calls all its
genes and gives its whole report.  `bcftools query`, where it is installed, is the floor: reading alone.  Aldy's licence
allows academic use only.  `bench/pypgx_side.py` compares results and the cost of many people.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import venv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("STARLING_DATA") or ROOT.parent / "shared" / "data")
PANEL = DATA / "1kgp_pgx_dev.vcf.gz"
PINNED = ("pypgx==0.27.0", "pandas<3", "setuptools<81", "aldy==4.8.3")
GENES = ("CYP2C19", "CYP2C9", "CYP3A5", "NUDT15", "SLCO1B1", "TPMT")
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}

PYPGX = """
import sys, warnings
warnings.simplefilter("ignore")
from pypgx.api import pipeline
path, folder, *genes = sys.argv[1:]
for gene in genes:
    pipeline.run_ngs_pipeline(gene, f"{folder}/{gene}", variants=path, assembly="GRCh38", force=True,
                              do_not_plot_allele_fraction=True, do_not_plot_copy_number=True)
"""


@dataclass(frozen=True, slots=True)
class Program:
    """One program; `commands` one after another are its run."""

    name: str
    commands: Sequence[Sequence[str | Path]]

    def run(self, folder: Path) -> tuple[float, float]:
        """(CPU seconds, largest resident set in MB) of all its processes.  Exits with a line when one fails."""
        cpu = memory = 0.0
        for command in self.commands:
            with (folder / "said").open("w+") as said:
                process = subprocess.Popen(command, stdout=said, stderr=said, env=ENVIRONMENT, cwd=folder)
                _, status, usage = os.wait4(process.pid, 0)
                process.returncode = os.waitstatus_to_exitcode(status)
                if process.returncode:
                    said.seek(0)
                    sys.exit(f"not measured: {self.name} failed: {said.read().strip()[-400:]}")
            cpu += usage.ru_utime + usage.ru_stime
            memory = max(memory, usage.ru_maxrss / 1024)
        return cpu, memory


def install(environment: Path) -> None:
    """The peers are in an environment of their own."""
    if not (environment / "bin" / "python").exists():
        venv.create(environment, with_pip=True)
    subprocess.run([environment / "bin" / "python", "-m", "pip", "install", "--quiet", *PINNED], check=True)


def missing(environment: Path) -> list[str]:
    """What is needed and not there."""
    lacks = [] if PANEL.exists() else [f"{PANEL.name} in the data folder (STARLING_DATA)"]
    try:
        import pysam  # noqa: F401 - makes the VCF of one person
    except ImportError:
        lacks.append("pysam beside Starling")
    python = environment / "bin" / "python"
    for name in ("pypgx", "aldy"):
        probe = [python, "-c", f"import importlib.util, sys; sys.exit(importlib.util.find_spec({name!r}) is None)"]
        if not python.exists() or subprocess.run(probe, capture_output=True).returncode:
            lacks.append(f"{name} in {environment} (--install)")
    return lacks


def one_person(target: Path) -> str:
    """The name of the first person of the panel, whose VCF is written, with an index."""
    import pysam

    with pysam.VariantFile(str(PANEL)) as source:
        name = str(source.header.samples[0])
        source.subset_samples([name])
        with pysam.VariantFile(str(target), "wz", header=source.header) as written:
            for record in source:
                written.write(record)
    pysam.tabix_index(str(target), preset="vcf", force=True)
    return name


def programs(path: Path, folder: Path, environment: Path) -> list[Program]:
    """Ours first."""
    binaries = environment / "bin"
    aldy = [
        [binaries / "aldy", "genotype", "-g", gene, "--genome", "hg38", "-o", folder / f"{gene}.aldy", path]
        for gene in GENES
    ]
    ours = [sys.executable, "-m", "starling", "report", path, "-o", folder / "report.json"]
    found = [
        Program("Starling, all genes and advice", [ours]),
        Program(f"PyPGx, {len(GENES)} genes", [[binaries / "python", "-c", PYPGX, path, folder, *GENES]]),
        Program(f"Aldy, {len(GENES)} genes", aldy),
    ]
    if bcftools := shutil.which("bcftools"):
        query = [bcftools, "query", "-f", "%CHROM\t%POS[\t%GT]\n", path]
        found.append(Program("bcftools query, the whole file", [query]))
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--environment", type=Path, default=ROOT / "build" / "bench" / "peers")
    parser.add_argument("--install", action="store_true")
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    environment = arguments.environment.absolute()
    if arguments.install:
        install(environment)
    if lacks := missing(environment):
        sys.exit(f"not measured: missing {', '.join(lacks)}")
    ENVIRONMENT["PYTHONPATH"] = str(ROOT / "src")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        name = one_person(folder / "one.vcf.gz")
        rivals = programs(folder / "one.vcf.gz", folder, environment)
        spent = [[each.run(folder) for each in rivals] for _ in range(arguments.runs + 1)][1:]
    print(f"{name}; medians of {arguments.runs} runs in turns, after one that warms up; whole processes")
    print(f"{'program':34} {'CPU s':>8} {'ratio':>8} {'peak MB':>8}")
    rows = [[statistics.median(value) for value in zip(*turns, strict=True)] for turns in zip(*spent, strict=True)]
    for each, (cpu, memory) in zip(rivals, rows, strict=True):
        print(f"{each.name:34} {cpu:8.2f} {cpu / rows[0][0]:7.1f}x {memory:8.0f}")
    if len(rivals) == 3:
        print("bcftools is not installed: no floor")


if __name__ == "__main__":
    main()
