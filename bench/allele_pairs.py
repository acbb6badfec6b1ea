"""Every allele pair of every gene: `python bench/allele_pairs.py [--gene G] [--gaps N] [--seed N] [--write]`.

Prints per gene how many pairs are exact with phase, reported without phase, covered by an alternative without phase,
and how many certain terms were wrong (must be 0).  `--write` renews tests/conformance/not_exactly_callable.tsv.
Exit status 1 when a certain term was wrong, a pair was not covered, or a gene has too many exceptions.
"""

from __future__ import annotations

import argparse
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from starling.knowledge.base import KnowledgeBase
from tests.simulators.pairs import Verdict, pairs_of, verdicts

LIST = ROOT / "tests" / "conformance" / "not_exactly_callable.tsv"
CHUNK = 500
#: genes that give no diplotype when phase is unknown: variants are listed and the two lowest values count
NO_UNPHASED_DIPLOTYPE = frozenset({"DPYD", "RYR1"})
SHARE = 0.005


def judge(job: tuple[str, int, int, int]) -> list[Verdict]:
    """The verdicts on one slice of the pairs of a gene (in a process of its own)."""
    gene, start, seed, gaps = job
    knowledge = KnowledgeBase.open()
    definition = knowledge.definitions[gene]
    chosen = pairs_of(definition)[start : start + CHUNK]
    return list(verdicts(definition, knowledge.guidance.phenotypes.get(gene), chosen, seed=seed, gaps=gaps))


def exceptions(gene: str, found: list[Verdict]) -> list[tuple[str, str, str, str]]:
    """The rows of the committed list for one gene: pairs that are not exactly callable, and why."""
    rows = []
    for each in found:
        first, second = each.pair[0], each.pair[-1]
        if not each.phased:
            rows.append((gene, first, second, "identical_definition"))
        elif not each.unphased and gene not in NO_UNPHASED_DIPLOTYPE:
            rows.append((gene, first, second, "phase"))
    return rows


def structural(knowledge: KnowledgeBase) -> list[tuple[str, str, str, str]]:
    """Alleles that no VCF of small variants can show, whatever the other allele is."""
    return [
        (gene, allele.name, "any", "structural")
        for gene, definition in knowledge.definitions.items()
        for allele in definition.alleles
        if allele.is_structural or not (allele.cells or allele.is_reference)
    ]


def main() -> int:
    """Judge all pairs and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gene", action="append")
    parser.add_argument("--gaps", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    knowledge = KnowledgeBase.open()
    rows, failed, simulated = structural(knowledge), False, 0
    print(f"seed {arguments.seed}, {arguments.gaps} simulated gap patterns per pair")
    print(f"{'gene':8} {'pairs':>6} {'exact':>6} {'unphased':>8} {'covered':>7} {'listed':>6} {'wrong':>5} {'s':>6}")
    with ProcessPoolExecutor(arguments.jobs) as pool:
        for gene in arguments.gene or knowledge.definitions:
            started = time.perf_counter()
            count = len(pairs_of(knowledge.definitions[gene]))
            jobs = [(gene, start, arguments.seed, arguments.gaps) for start in range(0, count, CHUNK)]
            found = [verdict for part in pool.map(judge, jobs) for verdict in part]
            listed = exceptions(gene, found)
            wrong = [each for each in found if each.wrong]
            hidden = [each for each in found if not each.covered]
            seconds = time.perf_counter() - started
            print(
                f"{gene:8} {count:6} {sum(v.phased for v in found):6} {sum(v.unphased for v in found):8} "
                f"{sum(v.covered for v in found):7} {len(listed):6} {len(wrong):5} {seconds:6.0f}",
                flush=True,
            )
            for each in wrong[:20]:
                print("  WRONG", "/".join(each.pair), "|", "; ".join(each.wrong))
            for each in hidden[:20]:
                print("  HIDDEN", "/".join(each.pair))
            rows += listed
            simulated += count * (2 + arguments.gaps)
            identical = sum(row[3] == "identical_definition" for row in listed)
            failed |= bool(wrong or hidden) or identical > SHARE * count
    print(f"{simulated} samples simulated")
    if arguments.write:
        text = "".join("\t".join(row) + "\n" for row in [("gene", "allele1", "allele2", "reason"), *sorted(rows)])
        LIST.write_text(text, encoding="utf-8", newline="\n")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
