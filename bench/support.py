"""What the rules of support cost: `python bench/support.py [--people 20] [--cases 300]`.

Every data set is read twice: with the limits of support switched off, and with the defaults.  A line each: how many
phenotypes are certain either way, how many became uncertain and why, and how many certain terms are another (none may
be).  Data sets: real people (1000 Genomes, GT alone), recorded cases of the reference tool, simulated people as five
callers write them, and a synthetic joint-called panel with reads as a genome at 30x has them, in which some calls have
none.  Sets whose data are not at hand (STARLING_DATA, see concordance.py) are left out and named.
Exit status 1 when a certain term became another certain one.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "bench"), str(ROOT / "src"), str(ROOT / "workshop" / "src")]

from bench.cohort import synthetic_frequencies
from bench.concordance import DATA, PEOPLE
from bench.joint_called import write_panel
from bench.reference_cases import CASES, assess_case, cases
from starling import Assessment, Options, assess
from starling.assessment import GeneResult
from starling.errors import StarlingError
from starling.knowledge.base import KnowledgeBase
from starling.library import assess_all
from tests.simulators.equivalents import STYLES, render
from tests.simulators.people import person

DEFAULT = Options()
OFF = replace(DEFAULT, min_dp=0, min_gq=0, min_gp=0.0, max_other_reads=1.0, min_het_reads=0.0)
CALLERS = {
    "GATK": "gvcf_gatk",
    "DeepVariant": "gvcf_deepvariant",
    "DRAGEN": "gvcf_dragen",
    "bcftools": "gvcf_dots",
    "VCF 4.5 blocks": "gvcf_vcf45",
}
#: All people of a data set, read in a given way.
Reading = Callable[[Options], Iterator[Assessment]]


@dataclass
class Row:
    """One data set."""

    name: str
    people: int = 0
    before: int = 0
    after: int = 0
    other: int = 0

    def __post_init__(self) -> None:
        """No reason was seen yet."""
        self.lost: Counter[str] = Counter()

    def add(self, without: GeneResult, with_support: GeneResult) -> None:
        """One gene of one person, read either way."""
        self.before += without.phenotype_certain
        self.after += with_support.phenotype_certain
        if without.phenotype_certain and not with_support.phenotype_certain:
            self.lost[f"{_why(with_support)}"] += 1
        both = without.phenotype_certain and with_support.phenotype_certain
        self.other += both and without.phenotype != with_support.phenotype

    def __str__(self) -> str:
        """The line of the table."""
        why = ", ".join(f"{count} {reason}" for reason, count in self.lost.most_common()) or "-"
        numbers = f"{self.people:7} {self.before:8} {self.after:8} {self.lost.total():6} {self.other:6}"
        return f"{self.name:34} {numbers}  {why}"


def _why(result: GeneResult) -> str:
    if result.reason is not None:
        return result.reason
    return "+".join(sorted({each.why.value for each in result.phenotype_alternatives})) or "no alternative listed"


def measured(name: str, reading: Reading) -> Row:
    """The data set, read twice."""
    row = Row(name)
    for without, with_support in zip(reading(OFF), reading(DEFAULT), strict=True):
        row.people += 1
        for one, other in zip(without.genes, with_support.genes, strict=True):
            row.add(one, other)
    return row


def _files(paths: Sequence[Path], number: int) -> Reading:
    return lambda options: islice(assess_all(list(paths), options=options), number)


def _recorded(number: int) -> Reading:
    def reading(options: Options) -> Iterator[Assessment]:
        for case in cases()[:number]:
            try:
                yield assess_case(case, replace(options, combinations=bool(case["options"].get("find_combinations"))))
            except StarlingError:
                continue  # of these cases some are refused on purpose

    return reading


def _simulated(style: str, number: int) -> Reading:
    def reading(options: Options) -> Iterator[Assessment]:
        for seed in range(number):
            with TemporaryDirectory() as folder:
                who = person(seed)
                paths = render(who, STYLES[style], Path(folder))
                yield assess(paths, sample=who.name, options=replace(options, sex=who.sex))

    return reading


def rows(people: int, number: int, folder: Path) -> Iterator[Row]:
    """Every data set that is at hand."""
    if (DATA / PEOPLE).exists():
        yield measured("1000 Genomes (GeT-RM people)", _files([DATA / PEOPLE], people))
    if (DATA / CASES).exists():
        yield measured("recorded cases", _recorded(number))
    for caller, style in CALLERS.items():
        yield measured(f"simulated, as {caller}", _simulated(style, max(2, people // 4)))
    knowledge = KnowledgeBase.open()
    panel = write_panel(folder / "panel.vcf.gz", knowledge, synthetic_frequencies(knowledge))
    yield measured("synthetic joint-called panel", _files([panel], people))


def main() -> int:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=60)
    parser.add_argument("--cases", type=int, default=300)
    asked = parser.parse_args()
    for path in (DATA / PEOPLE, DATA / CASES):
        if not path.exists():
            print(f"not at hand: {path}", file=sys.stderr)
    print(f"{'data set':34} {'people':>7} {'before':>8} {'after':>8} {'lost':>6} {'other':>6}  why")
    wrong = 0
    with TemporaryDirectory() as folder:
        for row in rows(asked.people, asked.cases, Path(folder)):
            print(row, flush=True)
            wrong += row.other
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
