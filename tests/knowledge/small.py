"""A small knowledge base cut from the real one: eight genes and every guideline that needs no other."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

from starling.knowledge.tables import COLUMNS, JSON_TABLES

SOURCE = Path(__file__).resolve().parents[2] / "knowledge-base"
GENES = {"CYP2C9", "CYP3A4", "DPYD", "MT-RNR1", "NAT2", "NUDT15", "TPMT", "UGT1A1"}
#: keys of interactions that name medicines of the small knowledge base
KEYS = {"taking: febuxostat", "taking: allopurinol", "taking: azathioprine | mercaptopurine"}
TESTED_OUTSIDE = {"HLA-A", "HLA-B"}

Row = dict[str, str]


def read(name: str, source: Path = SOURCE) -> list[Row]:
    """The rows of one text table."""
    lines = (source / name).read_text(encoding="utf-8").splitlines()
    return [dict(zip(COLUMNS[name], line.split("\t"), strict=True)) for line in lines[1:]]


def write(folder: Path, name: str, rows: list[Row]) -> None:
    """The table as its columns are."""
    lines = ["\t".join(COLUMNS[name]), *("\t".join(row[column] for column in COLUMNS[name]) for row in rows)]
    (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_small(folder: Path) -> Path:
    """`folder` holds the source tables of a small knowledge base that keeps every invariant."""
    folder.mkdir(parents=True, exist_ok=True)
    guidelines = {
        row["guideline"] for row in read("guidelines.tsv") if set(row["genes"].split()) <= GENES | TESTED_OUTSIDE
    }
    rows = [row for row in read("recommendations.tsv") if row["guideline"] in guidelines]
    drugs = {row["drug"] for row in rows}
    used = {part for row in rows for part in (row["advice"], *row["implications"].split())}
    enzymes = [row for row in read("inhibitors.tsv") if row["enzyme"] in GENES]
    ingredients = {row["ingredient"] for row in enzymes}
    keep: dict[str, Callable[[Row], bool]] = {
        "guidelines.tsv": lambda row: row["guideline"] in guidelines,
        "recommendations.tsv": lambda row: row["guideline"] in guidelines,
        "known_gaps.tsv": lambda row: row["guideline"] in guidelines,
        "upstream.tsv": lambda row: row["guideline"] in guidelines,
        "upstream_differences.tsv": lambda row: row["guideline"] in guidelines,
        "required_tests.tsv": lambda row: row["drug"] in drugs and row["gene"] in GENES,
        "harm.tsv": lambda row: row["drug"] in drugs and row["gene"] in GENES | TESTED_OUTSIDE,
        "drugs.tsv": lambda row: row["drug"] in drugs,
        "drug_names.tsv": lambda row: row["drug"] in drugs,
        "drug_exceptions.tsv": lambda row: row["drug"] in drugs and row["value"] in GENES,
        "inhibitors.tsv": lambda row: row["enzyme"] in GENES,
        "interactions.tsv": lambda row: (
            row["drug"] in drugs | {"febuxostat"}
            and ("CYP" in row["key"] or row["key"] in KEYS)
            and all(enzyme in GENES for enzyme in re.findall(r"CYP\w+", row["key"]))
        ),
        "label_conditions.tsv": lambda row: row["drug"] in drugs,
        "terminology.tsv": lambda row: not row["kind"].startswith("gene") or row["name"] in GENES | TESTED_OUTSIDE,
        "inhibitor_names.tsv": lambda row: row["ingredient"] in ingredients - drugs,
    }
    for name, columns in COLUMNS.items():
        by_gene = (lambda row: row["gene"] in GENES | TESTED_OUTSIDE) if "gene" in columns else (lambda row: True)
        write(folder, name, list(filter(keep.get(name, by_gene), read(name))))
    for name in JSON_TABLES:
        lines = (SOURCE / name).read_text(encoding="utf-8").splitlines()
        kept = [line for line in lines if json.loads(line)["id"] in used]
        (folder / name).write_text("\n".join(kept) + "\n", encoding="utf-8")
    return folder
