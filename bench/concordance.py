"""Real people: `python bench/concordance.py [--verbose]`.  Our calls against the published consensus of laboratories.

Per gene: numerator, denominator, and every row left out or missed with its reason.  Two runs: the file as it stands
(an absent site is not assayed), and with `--absent-is-reference=force` (absence there means: monomorphic in the panel).
Data are not part of this repository: STARLING_DATA names the folder (default: ../shared/data beside the repository).
Exit status 1 when a certain phenotype is wrong as the file stands, or a clean attainable tier-1 row is missed.
"""

from __future__ import annotations

import argparse
import csv
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from starling import Assessment, Options
from starling.definitions import GeneDefinition, NamedAllele
from starling.guidance.meaning import term_of
from starling.knowledge.base import KnowledgeBase
from starling.library import assess_all

DATA = Path(os.environ.get("STARLING_DATA") or ROOT.parent / "shared" / "data")
PEOPLE, TRUTH = "1kgp_pgx_dev.vcf.gz", "getrm_truth_dev.tsv"
NAMES = ROOT / "tests" / "conformance" / "truth_names.tsv"
EXACT = ("CYP2C19", "CYP2C9", "CYP3A4", "CYP3A5", "NUDT15", "TPMT", "UGT1A1", "VKORC1")
BY_FUNCTION = ("SLCO1B1", "CYP4F2", "CYP2B6", "NAT2", "DPYD")

Verdict = Literal["hit", "miss", "excluded"]


@dataclass(frozen=True, slots=True)
class Truth:
    """One row of the consensus."""

    sample: str
    gene: str
    accept: tuple[str, ...]
    status: str
    structural: bool
    tier: str
    attainable: bool


@dataclass(frozen=True, slots=True)
class Judged:
    """One row with our answer; `reason` says why it was left out or what differs."""

    truth: Truth
    verdict: Verdict
    reason: str
    found: str
    certain_and_wrong: bool = False


def truths(data: Path = DATA) -> list[Truth]:
    """The consensus rows of the genes that we call."""
    with (data / TRUTH).open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    return [
        Truth(
            row["sample"],
            row["gene"],
            tuple(text.strip() for text in (row["accept"] or row["diplotype"]).split("|") if text.strip()),
            row["status"],
            row["sv"] == "1",
            row["tier"],
            row["attainable"] == "1",
        )
        for row in rows
        if row["gene"] in {*EXACT, *BY_FUNCTION, "CYP2D6"}
    ]


def equivalents() -> Mapping[tuple[str, str], str]:
    """(gene, published name) -> our name, the committed equivalences."""
    with NAMES.open(encoding="utf-8", newline="") as stream:
        return {(row["gene"], row["published"]): row["name"] for row in csv.DictReader(stream, delimiter="\t")}


def people(absent: Literal["no", "force"], data: Path = DATA) -> dict[str, Assessment]:
    """Everyone in the panel, assessed."""
    options = Options(absent_is_reference=absent)
    return {each.sample: each for each in assess_all(str(data / PEOPLE), options=options)}


def judge(found: Mapping[str, Assessment], rows: list[Truth]) -> Iterator[Judged]:
    """Each row with our answer."""
    knowledge, names = KnowledgeBase.open(), equivalents()
    for row in rows:
        if row.sample not in found:
            yield Judged(row, "excluded", "not in the panel", "")
            continue
        yield _judge(found[row.sample], row, knowledge, names)


def _judge(person: Assessment, row: Truth, knowledge: KnowledgeBase, names: Mapping[tuple[str, str], str]) -> Judged:
    result = next(gene for gene in person.genes if gene.gene == row.gene)
    reason = _left_out(row)
    definition = knowledge.definitions[row.gene]
    wanted = [pair for text in row.accept if (pair := _pair(text, definition, names)) is not None]
    if not wanted:
        return Judged(row, "excluded", reason or f"name not ours: {' '.join(row.accept)}", result.label)
    rules = knowledge.guidance.phenotypes.get(row.gene)
    terms = {term_of(rules, _rows(pair, definition))[0] for pair in wanted} if rules else set()
    reported = [_canonical(pair, row.gene, names) for pair in result.diplotypes]
    if reason:
        return Judged(row, "excluded", reason, result.label)
    stated = result.phenotype_certain and result.phenotype != "Indeterminate"
    false = stated and result.phenotype not in terms and not set(reported) <= set(wanted)
    if row.gene in BY_FUNCTION:
        hit = _functions(wanted, definition) >= _functions(reported, definition) != set()
    else:
        hit = len(reported) > 0 and set(reported) <= set(wanted)
    verdict: Verdict = "hit" if hit else "miss"
    why = "" if hit else f"published {' '.join(row.accept)}"
    return Judged(row, verdict, why, result.label, certain_and_wrong=false)


def _left_out(row: Truth) -> str:
    if row.status != "clean":
        return f"consensus {row.status}"
    if row.structural:
        return "structural variant"
    if row.tier != "1":
        return "one long-read study, older names"
    return "" if row.attainable else "the alleles' sites are not in the panel"


def _pair(text: str, definition: GeneDefinition, names: Mapping[tuple[str, str], str]) -> tuple[str, ...] | None:
    known = {allele.reported_as or allele.name for allele in definition.alleles}
    known |= {allele.name for allele in definition.alleles}
    pair = _canonical(tuple(part.strip() for part in text.split("/")), definition.gene, names)
    return pair if len(pair) == 2 and set(pair) <= known else None


def _canonical(pair: tuple[str, ...], gene: str, names: Mapping[tuple[str, str], str]) -> tuple[str, ...]:
    return tuple(sorted(names.get((gene, name), name) for name in pair))


def _rows(pair: tuple[str, ...], definition: GeneDefinition) -> tuple[NamedAllele, ...]:
    by_name = {allele.reported_as or allele.name: allele for allele in reversed(definition.alleles)}
    by_name |= {allele.name: allele for allele in definition.alleles}
    return tuple(by_name[name] for name in pair)


def _functions(pairs: list[tuple[str, ...]], definition: GeneDefinition) -> set[tuple[str, ...]]:
    return {tuple(sorted(allele.function for allele in _rows(pair, definition))) for pair in pairs}


def report(title: str, judged: list[Judged], *, verbose: bool) -> None:
    """Prints numerator, denominator and every row that is not a hit."""
    print(f"\n{title}")
    for gene in dict.fromkeys(row.truth.gene for row in judged):
        rows = [row for row in judged if row.truth.gene == gene]
        hits = sum(row.verdict == "hit" for row in rows)
        misses = [row for row in rows if row.verdict == "miss"]
        level = "function" if gene in BY_FUNCTION else "diplotype"
        print(f"{gene:8} {hits:3}/{hits + len(misses):<3} {level:9} {len(rows) - hits - len(misses):3} left out")
        for row in rows:
            if row.verdict == "miss" or row.certain_and_wrong or (verbose and row.verdict == "excluded"):
                mark = "CERTAIN AND WRONG " if row.certain_and_wrong else ""
                print(f"    {mark}{row.verdict} {row.truth.sample}: {row.found} ({row.reason})")


def main() -> int:
    """Both runs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--verbose", action="store_true", help="also list every row left out")
    verbose = parser.parse_args().verbose
    if not (DATA / PEOPLE).exists():
        print(f"skipped: {PEOPLE} is not in {DATA}")
        return 0
    rows = truths()
    as_it_stands = list(judge(people("no"), rows))
    filled = list(judge(people("force"), rows))
    report("as the file stands (absent = not assayed)", as_it_stands, verbose=verbose)
    report("--absent-is-reference=force", filled, verbose=verbose)
    false = sum(row.certain_and_wrong for row in as_it_stands)
    missed = sum(row.verdict == "miss" and row.truth.gene in EXACT for row in filled)
    print(f"\ncertain and wrong as the file stands: {false}; misses on clean attainable tier-1 rows: {missed}")
    return int(bool(false or missed))


if __name__ == "__main__":
    sys.exit(main())
