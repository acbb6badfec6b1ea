"""Real people and the reference tool's recorded cases, where the optional data folder is there."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
#: Rows whose consensus no reading of the panel can give, and what the panel shows instead.
CONTRADICTED = {
    ("CYP2D6", "NA12156"): "homozygous at every *4 position, against *1/*4",
    ("NAT2", "NA07357"): "341C on one strand and 590A on the other, so *5/*6, against *4/*5",
    ("NAT2", "NA20509"): "341C on one strand and 590A on the other, so *5/*6, against *4/*5",
}


def _bench(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"bench_{name}", ROOT / "bench" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.needs_data("1kgp_pgx_dev.vcf.gz", "getrm_truth_dev.tsv")
def test_no_certain_phenotype_is_wrong_as_the_file_stands(data_file: Callable[[str], Path]) -> None:
    """Absent sites are not assayed: nobody gets a certain but wrong phenotype, but for `CONTRADICTED`."""
    bench = _bench("concordance")
    judged = bench.judge(bench.people("no", data_file("getrm_truth_dev.tsv").parent), bench.truths())
    wrong = {(row.truth.gene, row.truth.sample) for row in judged if row.certain_and_wrong}
    assert wrong == set(CONTRADICTED)


@pytest.mark.needs_data("1kgp_pgx_dev.vcf.gz", "getrm_truth_dev.tsv")
def test_clean_attainable_rows_are_all_hit_when_absence_means_reference(data_file: Callable[[str], Path]) -> None:
    """Every clean row of the exact genes is hit, and every function of SLCO1B1, CYP4F2 and CYP2B6."""
    bench = _bench("concordance")
    judged = list(bench.judge(bench.people("force", data_file("getrm_truth_dev.tsv").parent), bench.truths()))
    complete = {*bench.EXACT, "SLCO1B1", "CYP4F2", "CYP2B6"}
    assert [row for row in judged if row.verdict == "miss" and row.truth.gene in complete] == []
    cyp2d6 = [row.verdict for row in judged if row.truth.gene == "CYP2D6" and row.verdict != "excluded"]
    assert cyp2d6.count("miss") <= 1


@pytest.mark.needs_data("reference_cases_dev.jsonl.gz")
def test_recorded_cases_agree_or_are_explained() -> None:
    """Each conclusion of the reference tool is ours, or a committed rule says why not."""
    assert [each for each in _differences() if not each.rule] == []


@pytest.mark.needs_data("reference_cases_dev.jsonl.gz")
def test_every_known_difference_still_differs() -> None:
    """The list of differences only shrinks."""
    assert {rule for _, _, rule in _bench("reference_cases").known()} <= {each.rule for each in _differences()}


@cache
def _differences() -> tuple[Any, ...]:
    """Every conclusion of the reference tool that is not ours."""
    bench = _bench("reference_cases")
    rules = bench.known()
    return tuple(each for case in bench.cases() for each in bench.differences(case, rules))
