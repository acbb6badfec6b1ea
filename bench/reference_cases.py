"""The reference tool's recorded cases: `python bench/reference_cases.py`.  We agree, or a committed rule says why not.

Each case is written as a VCF (and outside calls), assessed, and compared gene by gene with what the tool concluded:
diplotypes where both report them, terms where both give one.  A difference must match a row of
tests/conformance/known_differences.tsv (case pattern, gene, rule).  Exit status 1 when one does not.
"""

from __future__ import annotations

import csv
import fnmatch
import gzip
import json
import os
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from starling import Assessment, Options, assess
from starling.assessment import GeneResult
from starling.errors import StarlingError
from starling.formats.outside import parse_outside_calls
from tests.simulators.naming import LENGTHS

DATA = Path(os.environ.get("STARLING_DATA") or ROOT.parent / "shared" / "data")
CASES = "reference_cases_dev.jsonl.gz"
KNOWN = ROOT / "tests" / "conformance" / "known_differences.tsv"
NAMES = {"Reference": {"CFTR": "ivacaftor non-responsive CFTR sequence"}}


@dataclass(frozen=True, slots=True)
class Difference:
    """One gene of one case where we conclude something else; `rule` is empty when no committed row explains it."""

    case: str
    gene: str
    ours: str
    theirs: str
    rule: str = ""


def cases(data: Path = DATA) -> list[dict[str, Any]]:
    """Every recorded case."""
    with gzip.open(data / CASES, "rt", encoding="utf-8") as stream:
        return [json.loads(line) for line in stream]


def known() -> list[tuple[str, str, str]]:
    """(case pattern, gene pattern, rule) of the committed list."""
    with KNOWN.open(encoding="utf-8", newline="") as stream:
        return [(row["case"], row["gene"], row["rule"]) for row in csv.DictReader(stream, delimiter="\t")]


def differences(case: Mapping[str, Any], rules: list[tuple[str, str, str]]) -> Iterator[Difference]:
    """Where our conclusion is not the recorded one."""
    try:
        options = Options(combinations=bool(case["options"].get("find_combinations")))
        found = {gene.gene: gene for gene in assess_case(case, options).genes}
    except StarlingError as error:
        if not case.get("error"):
            yield _explained(Difference(case["id"], "*", f"refused: {error.code}", "accepted"), rules)
        return
    for gene, theirs in _conclusions(case).items():
        ours = found[gene]
        if not _agrees(ours, gene, *theirs):
            labels, terms = theirs
            text = f"{' or '.join(labels)} {'/'.join(str(term) for term in terms)}"
            yield _explained(Difference(case["id"], gene, f"{ours.label} {ours.phenotype}", text), rules)


def _explained(found: Difference, rules: list[tuple[str, str, str]]) -> Difference:
    for case, gene, rule in rules:
        if fnmatch.fnmatchcase(found.case, case) and fnmatch.fnmatchcase(found.gene, gene):
            return Difference(found.case, found.gene, found.ours, found.theirs, rule)
    return found


def assess_case(case: Mapping[str, Any], options: Options) -> Assessment:
    """The case, written as a VCF and read.  Raises: StarlingError."""
    outside = [
        call for text in case["outside_calls"] or () for call in parse_outside_calls(text, source=f"{case['id']}.tsv")
    ]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "case.vcf"
        path.write_text(_vcf(case), encoding="utf-8")
        return assess(path, outside=outside, options=options)


def _vcf(case: Mapping[str, Any]) -> str:
    lengths = LENGTHS["GRCh38"]
    rank = {name: index for index, name in enumerate(lengths)}
    lines = ["##fileformat=VCFv4.2", *(f"##contig=<ID={name},length={length}>" for name, length in lengths.items())]
    lines.append("#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tPATIENT")
    for chromosome, position, ref, alts, verdict, keys, sample in sorted(
        case["records"], key=lambda record: (rank.get(record[0], 99), record[1])
    ):
        lines.append(f"{chromosome}\t{position}\t.\t{ref}\t{alts}\t.\t{verdict}\t.\t{keys}\t{sample}")
    return "\n".join(lines) + "\n"


def _conclusions(case: Mapping[str, Any]) -> dict[str, tuple[list[str], list[str | None]]]:
    """gene -> (labels, terms) that the tool reached; its authors' expectation where only that was recorded."""
    found: dict[str, tuple[list[str], list[str | None]]] = {}
    for gene, seen in case["observed"].items():
        if seen.get("called"):
            found[gene] = (seen["source"], [term for terms in seen["phenotypes"] for term in terms])
    for gene, expected in case["expected"]["genes"].items():
        if gene not in found and expected.get("diplotypes"):
            found[gene] = (expected["diplotypes"], [])
    return found


def _agrees(ours: GeneResult, gene: str, labels: list[str], terms: list[str | None]) -> bool:
    wanted = {_normal(label, gene) for label in labels}
    mine = {_normal("/".join(pair), gene) for pair in ours.diplotypes}
    stated = set(terms) - {None, "No Result", "n/a"}
    possible = {ours.phenotype, *(each.phenotype for each in ours.phenotype_alternatives)}
    same_terms = not stated or ours.phenotype is None or stated <= possible
    if mine:
        return same_terms and (mine == wanted or _listed(ours) == {name for pair in wanted for name in pair})
    listed = {name for label in labels for part in label.split("/") for name in part.strip("[]").split(" + ")}
    return (
        same_terms and bool(stated or ours.variants) and (not ours.variants or listed - {"Reference"} == _listed(ours))
    )


def _listed(ours: GeneResult) -> set[str]:
    return {each.name for each in ours.variants if each.copies != 0}


def _normal(label: str, gene: str) -> tuple[str, ...]:
    """`X (heterozygous)` is reference/X, `X (homozygous)` is X/X, as the tool prints single-variant genes."""
    reference, label = NAMES["Reference"].get(gene, "Reference"), label.replace(" + ", "+")
    if label.endswith(" (heterozygous)"):
        return tuple(sorted((reference, label.removesuffix(" (heterozygous)"))))
    if label.endswith(" (homozygous)"):
        return (label.removesuffix(" (homozygous)"),) * 2
    parts = label.split("/")
    return tuple(sorted(reference if part == "Reference" else part for part in parts))


def main() -> int:
    """Every case, and a table of the rules that explain the differences."""
    if not (DATA / CASES).exists():
        print(f"skipped: {CASES} is not in {DATA}")
        return 0
    rules, every = known(), cases()
    found = [difference for case in every for difference in differences(case, rules)]
    compared = sum(len(_conclusions(case)) for case in every)
    for each in found:
        if not each.rule:
            print(f"DIFFERS {each.case} {each.gene}: ours {each.ours} | theirs {each.theirs}")
    for rule, count in Counter(each.rule for each in found if each.rule).most_common():
        print(f"{count:4}  {rule}")
    unexplained = sum(not each.rule for each in found)
    print(f"{len(every)} cases, {compared} conclusions: {compared - len(found)} agree, "
          f"{len(found) - unexplained} differ by rule, {unexplained} differ without one")  # fmt: skip
    return int(unexplained > 0)


if __name__ == "__main__":
    sys.exit(main())
