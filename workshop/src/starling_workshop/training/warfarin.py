"""From the consortium's table to the bundle, bit for bit: `python -m starling_workshop.training.warfarin DATA BUNDLE`.

Run through `make train-warfarin`, which pins the processor features that change the last bits of sums.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from starling.runtime.card import SCHEMA
from starling.runtime.interval import conformal_quantiles
from starling_workshop.training.arrays import Array
from starling_workshop.training.compare import FORMULA, LOCAL, STUDENT, TEACHER, methods
from starling_workshop.training.data import Case, cohort, digest_of, read_cases
from starling_workshop.training.evaluate import Score, cross_validated, folds, groups, pooled, sites
from starling_workshop.training.export import golden_of, graph_of, toml_of, write_bundle
from starling_workshop.training.student import Student, distil
from starling_workshop.training.table import WARFARIN_INPUTS, Table, table_of
from starling_workshop.training.teacher import fit_teacher

COVERAGE: Final = 0.9
BINS: Final = 4
LEVELS: Final = (0.005, 0.01, 0.02, 0.03, 0.04, 0.05, 0.075, 0.1, 0.15, 0.2)
#: groups of fewer training patients are not counted out, and medians of fewer are not stated
LEAST_GROUP, LEAST_MEDIAN = 5, 10

USE: Final = {
    "intended": "Decision support beside guideline advice: a starting estimate of the weekly maintenance dose of "
    "warfarin for adults with a target INR of 2 to 3, before INR-guided titration.",
    "limits": [
        "Not a medical device; not validated in a prospective trial.",
        "Adults only; nothing outside the ranges of the inputs.",
        "CYP2C9 alleles other than *1, *2 and *3: 16 training patients; no interval is given.",
        "African ancestry: 420 training patients, errors are larger than elsewhere.",
        "CYP4F2 and rs12777823 were not recorded and are not part of the model.",
        "The INR target of the patient is not an input; hospitals differ in it.",
    ],
}


def main(arguments: Sequence[str]) -> int:
    """Writes the bundle; 0 also when the data are not there, which is said."""
    data, folder = Path(arguments[0]), Path(arguments[1])
    if not data.is_file():
        sys.stdout.write(f"SKIPPED: {data} is not there; the model cannot be trained without the consortium's table\n")
        return 0
    cases = cohort(read_cases(data))
    table = table_of(cases)
    sys.stdout.write(f"{len(cases)} patients of {len(set(table.site))} hospitals; cross-validating (minutes)\n")
    left_out = cross_validated(table, lambda a, b: methods(a, b, {}), sites(table))
    folded = cross_validated(table, lambda a, b: methods(a, b, {}), folds(len(cases)))
    student = distil(table, fit_teacher(table))
    card = {
        **_head(student, table),
        "use": USE,
        "training": _training(data, cases),
        "metrics": _metrics(table, folded, left_out),
        "input": [_input_row(each) for each in WARFARIN_INPUTS],
        "interval": _interval(table, left_out[STUDENT][0]),
        "similar": _similar(cases),
    }
    files = {
        "model.onnx": graph_of(student),
        "model.toml": toml_of(card).encode("utf-8"),
        "golden.jsonl": golden_of(student, WARFARIN_INPUTS),
    }
    write_bundle(folder, files)
    sys.stdout.write("".join(f"{name}: {len(content)} bytes\n" for name, content in files.items()))
    return 0


def _head(student: Student, table: Table) -> dict[str, Any]:
    doses = student.dose(table.x)
    return {
        "schema": SCHEMA,
        "name": "warfarin",
        "version": "1",
        "drug": "warfarin",
        "output": {
            "quantity": "weekly maintenance dose",
            "unit": "mg/week",
            "low": float(doses.min()),
            "high": float(doses.max()),
            "range": "outputs over the training patients; an output outside is set to the end, and the answer says so",
        },
    }


def _training(data: Path, cases: Sequence[Case]) -> dict[str, Any]:
    return {
        "data": "International Warfarin Pharmacogenetics Consortium, via ClinPGx (PharmGKB); CC BY-SA 4.0",
        "sha256": digest_of(data),
        "period": "published 2009; treatment periods were not recorded",
        "patients": len(cases),
        "hospitals": len({case.site for case in cases}),
        "outside_123": sum(case.rare_cyp2c9 for case in cases),
        "source": "N Engl J Med 2009;360:753 (PMID 19228618)",
    }


def _metrics(table: Table, folded: dict[str, Array], left_out: dict[str, Array]) -> dict[str, Any]:
    """Out-of-sample scores: MAE in mg per week, per cent within 20 %."""
    names = {"formula": FORMULA, "teacher": TEACHER, "student": STUDENT, "student_with_local_calibration": LOCAL}
    overall = {key: _pair(pooled(folded[name], table)) for key, name in names.items()}
    hospitals = {key: _pair(pooled(left_out[name], table)) for key, name in names.items() if name != LOCAL}
    by_group = [
        {
            "group": group,
            "patients": int(rows.sum()),
            "formula": _pair(pooled(left_out[FORMULA], table, rows)),
            "student": _pair(pooled(left_out[STUDENT], table, rows)),
        }
        for group, rows in groups(table).items()
    ]
    return {
        "meaning": "[mean absolute error in mg/week, per cent within 20 % of the stable dose], out of sample",
        "five_fold_three_times": overall,
        "hospital_left_out": hospitals,
        "hospital_left_out_by_group": by_group,
    }


def _pair(score: Score) -> list[float]:
    return [round(score.mae, 3), round(score.within_20, 1)]


def _input_row(each: Any) -> dict[str, Any]:
    row: dict[str, Any] = {"name": each.name, "label": each.label, "unit": each.unit, "missing": each.missing}
    row["reference"] = each.reference
    row |= {"levels": list(each.levels)} if each.levels else {"low": each.low, "high": each.high}
    return row | ({"assumed": each.assumed} if each.assumed is not None else {})


def levels() -> tuple[float, ...]:
    """The levels at which residual quantiles are kept, ascending."""
    return (*LEVELS, *(round(1 - level, 6) for level in reversed(LEVELS)))


def bins_of(predicted: Array, dose: Array, edges: Sequence[float]) -> list[dict[str, Any]]:
    """Residual quantiles of the root for each range of predicted doses."""
    import numpy as np

    residual = np.sqrt(dose) - np.sqrt(predicted)
    place = np.searchsorted(np.array(edges[:-1]), predicted)
    return [
        {
            "upto": float(upto),
            "quantiles": [round(value, 4) for value in conformal_quantiles(residual[place == at].tolist(), levels())],
        }
        for at, upto in enumerate(edges)
    ]


def edges_of(predicted: Array) -> list[float]:
    """The upper ends of equally frequent ranges of predicted doses; the last is beyond every dose."""
    import numpy as np

    inner = np.quantile(predicted, [part / BINS for part in range(1, BINS)]).round(1)
    return [*map(float, inner), 1000.0]


def coverage_by_site(table: Table, predicted: Array) -> dict[int, float]:
    """Hospital -> share of its stable doses inside intervals calibrated on all other hospitals."""
    import numpy as np

    from starling.runtime.interval import Bin
    from starling.runtime.interval import Table as IntervalTable

    found = {}
    for site in np.unique(table.site):
        others, own = table.site != site, table.site == site
        rows = bins_of(predicted[others], table.dose[others], edges_of(predicted[others]))
        bins = tuple(Bin(row["upto"], tuple(row["quantiles"])) for row in rows)
        calibrated = IntervalTable("root", COVERAGE, levels(), bins, "")
        spans = [calibrated.interval(float(dose)) for dose in predicted[own]]
        inside = [low <= dose <= high for (low, high), dose in zip(spans, table.dose[own], strict=True)]
        found[int(site)] = float(np.mean(inside))
    return found


def _interval(table: Table, predicted: Array) -> dict[str, Any]:
    covered = list(coverage_by_site(table, predicted).values())
    mean, least = sum(covered) / len(covered), min(covered)
    return {
        "scale": "root",
        "coverage": COVERAGE,
        "statement": f"Holds for about {COVERAGE:.0%} of patients on average, not for each hospital: at hospitals the "
        f"model had not seen, {mean:.0%} on average and {least:.0%} at the worst.",
        "unseen_hospital_mean": round(mean, 3),
        "unseen_hospital_least": round(least, 3),
        "levels": list(levels()),
        "bin": bins_of(predicted, table.dose, edges_of(predicted)),
    }


def _similar(cases: Sequence[Case]) -> dict[str, Any]:
    from statistics import median

    by = ("vkorc1", "cyp2c9", "ancestry")
    doses: dict[tuple[str, ...], list[float]] = {}
    for case in cases:
        doses.setdefault(tuple(str(case.factors[name]) for name in by), []).append(case.dose or 0.0)
    rows = [
        {"values": list(values), "patients": len(each)}
        | ({"median": round(median(each), 1)} if len(each) >= LEAST_MEDIAN else {})
        for values, each in sorted(doses.items())
        if len(each) >= LEAST_GROUP
    ]
    return {"by": list(by), "least": LEAST_GROUP, "group": rows}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
