"""The files of a cohort run as plain values."""

from __future__ import annotations

import json
from typing import Any

import pyarrow.parquet as pq

from starling.assessment import GeneResult
from starling.cohort.outputs import Outputs
from starling.serial.decoding import gene_from
from starling.serial.fields import Fields


class Tables:
    """`people`: sample -> gene -> pattern.  `patterns`: (gene, pattern) -> row."""

    def __init__(self, outputs: Outputs) -> None:
        self.outputs = outputs
        rows = pq.read_table(outputs.people).to_pylist()
        self.medication = {row["sample"]: row.pop("medication") for row in rows}
        self.facts = {row["sample"]: row.pop("facts") for row in rows}
        self.people: dict[str, dict[str, str]] = {row.pop("sample"): row for row in rows}
        self.patterns = {(row["gene"], row["pattern"]): row for row in pq.read_table(outputs.patterns).to_pylist()}
        self.calls = pq.read_table(outputs.calls).to_pylist()

    def results(self) -> dict[str, dict[str, Any]]:
        """sample -> gene -> the entry of `genes`."""
        return {
            sample: {gene: json.loads(self.patterns[gene, name]["result"]) for gene, name in own.items()}
            for sample, own in self.people.items()
        }

    def parsed_patterns(self) -> dict[tuple[str, str], GeneResult]:
        """(gene, pattern) -> result."""
        return {key: gene_from(Fields(json.loads(row["result"]), key[0])) for key, row in self.patterns.items()}

    def advice_for(self, patterns: dict[str, str], medication: str = "", facts: str = "") -> dict[str, Any]:
        """drug -> the entry of `drugs` for somebody with these patterns."""
        if not hasattr(self, "_advice"):
            self._answers = {row["answer"]: row["result"] for row in pq.read_table(self.outputs.answers).to_pylist()}
            rows = pq.read_table(self.outputs.advice).to_pylist()
            self._advice = {(row["drug"], tuple(row["patterns"])): row["answer"] for row in rows}
            self._genes = {row["drug"]: row["genes"] for row in rows}
        whole = {**patterns, "medication": medication, "facts": facts}
        return {
            drug: json.loads(self._answers[self._advice[drug, tuple(whole[gene] for gene in genes)]])
            for drug, genes in self._genes.items()
        }

    def differences(self) -> list[dict[str, Any]]:
        """The rows of the list of differences."""
        rows: list[dict[str, Any]] = pq.read_table(self.outputs.beside("differences")).to_pylist()
        return rows
