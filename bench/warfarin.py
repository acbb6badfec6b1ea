"""Every way of dosing warfarin on the same patients: 3 x 5 folds, every hospital left out once, groups, size, latency.

    make bench-warfarin            (needs the consortium's table, see docs/model-cards/warfarin.md)

Each line: mean absolute error in mg per week / per cent of doses within 20 % of the stable dose, out of sample.
"""

from __future__ import annotations

import logging
import pickle
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from starling_workshop.training.compare import (
    CLINICALLY,
    FIXED,
    FORMULA,
    INT8,
    LOCAL,
    REFIT,
    STUDENT,
    TEACHER,
    local_patients,
    methods,
)
from starling_workshop.training.data import cohort, read_cases
from starling_workshop.training.evaluate import cross_validated, folds, groups, pooled, score, sites
from starling_workshop.training.export import graph_of
from starling_workshop.training.student import Student, distil
from starling_workshop.training.table import Table, table_of
from starling_workshop.training.teacher import fit_teacher
from starling_workshop.training.warfarin import coverage_by_site

CALLS = 20_000


def main(arguments: Sequence[str]) -> int:
    data = Path(arguments[0]) if arguments else Path("../shared/data/iwpc_warfarin.tsv.gz")
    if not data.is_file():
        print(f"SKIPPED: {data} is not there")
        return 0
    logging.getLogger().setLevel(logging.ERROR)  # the quantiser recommends steps that this graph does not need
    table = table_of(cohort(read_cases(data)))
    print(f"{len(table.dose)} patients, {len(set(table.site))} hospitals\n")
    extra = {INT8: int8_doses}
    folded = cross_validated(table, lambda a, b: methods(a, b, extra), folds(len(table.dose)))
    left_out = cross_validated(table, lambda a, b: methods(a, b, extra), sites(table))
    for line in report(table, folded, left_out):
        print(line)
    for line in latencies(table):
        print(line, flush=True)
    return 0


def report(table: Table, folded: dict[str, Any], left_out: dict[str, Any]) -> Iterator[str]:
    names = (FIXED, CLINICALLY, FORMULA, REFIT, TEACHER, STUDENT, INT8)
    yield f"{'':28} {'3 x 5-fold':>18} {'hospital left out':>18}"
    for name in names:
        yield f"{name:28} {pooled(folded[name], table)!s:>18} {pooled(left_out[name], table)!s:>18}"
    yield f"{LOCAL:28} {pooled(folded[LOCAL], table)!s:>18}   (the hospital's own training patients)"
    yield "\nstudent at an unseen hospital, with n patients of its own (10 draws; the others are judged)"
    for count in (10, 20, 50):
        before, after, stable = local_patients(table, left_out[STUDENT][0], count)
        yield f"  n = {count:3}   without {score(before, stable)}   with {score(after, stable)}"
    for title, predictions in (("3 x 5-fold", folded), ("hospital left out", left_out)):
        yield f"\nby group, {title:20} {FORMULA:>20} {TEACHER:>18} {STUDENT:>18}"
        for group, rows in groups(table).items():
            scores = [pooled(predictions[name], table, rows) for name in (FORMULA, TEACHER, STUDENT)]
            yield f"  {group:20} n={int(rows.sum()):5} " + " ".join(f"{each!s:>18}" for each in scores)
    covered = coverage_by_site(table, left_out[STUDENT][0])
    mean, least = np.mean(list(covered.values())), min(covered.items(), key=lambda item: item[1])
    yield f"\n90% intervals at hospitals left out: mean {mean:.3f}, least {least[1]:.3f} (hospital {least[0]})"


def int8_doses(student: Student) -> Callable[[Any], Any]:
    """The student with int8 weights, by ONNX Runtime's own dynamic quantisation."""
    session = session_of(int8_graph(graph_of(student)))
    return lambda x: session.run(None, {"factors": x.astype(np.float32)})[0].reshape(-1)


def int8_graph(graph: bytes) -> bytes:
    from onnxruntime.quantization import quantize_dynamic

    with tempfile.TemporaryDirectory() as folder:
        plain, quantised = Path(folder, "fp32.onnx"), Path(folder, "int8.onnx")
        plain.write_bytes(graph)
        quantize_dynamic(plain, quantised)
        return quantised.read_bytes()


def session_of(graph: bytes) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


def latencies(table: Table) -> Iterator[str]:
    teacher = fit_teacher(table)
    fp32 = graph_of(distil(table, teacher))
    int8 = int8_graph(fp32)
    row, row32 = table.x[:1], table.x[:1].astype(np.float32)
    yield f"\n{'one patient':14} {'bytes':>10} {'p50 us':>10} {'p99 us':>10}"
    yield timed("teacher", len(pickle.dumps(teacher)), lambda: teacher.correction(row), 200)
    for name, graph in (("student fp32", fp32), ("student int8", int8)):
        session = session_of(graph)
        yield timed(name, len(graph), lambda session=session: session.run(None, {"factors": row32}), CALLS)


def timed(name: str, size: int, call: Callable[[], Any], calls: int) -> str:
    for _ in range(calls // 10):
        call()
    taken = []
    for _ in range(calls):
        started = time.perf_counter_ns()
        call()
        taken.append((time.perf_counter_ns() - started) / 1e3)
    p50, p99 = np.percentile(taken, [50, 99])
    return f"{name:14} {size:10,} {p50:10.1f} {p99:10.1f}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
