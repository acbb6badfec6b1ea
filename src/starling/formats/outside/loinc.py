"""Answers of LOINC by which other laboratories state a phenotype, in whatever format they send it.

What is written goes by `knowledge-base/terminology.tsv`; a test holds the two against each other.
Source: hl7.fhir.uv.genomics-reporting 3.0.0, ValueSet/genetic-therapeutic-implications-vs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

PHENOTYPES: Final[Mapping[str, str]] = {
    "LA10315-2": "Ultrarapid Metabolizer",
    "LA25390-8": "Rapid Metabolizer",
    "LA25391-6": "Normal Metabolizer",
    "LA10317-8": "Intermediate Metabolizer",
    "LA9657-3": "Poor Metabolizer",
    "LA25392-4": "Increased Function",
    "LA25393-2": "Normal Function",
    "LA25395-7": "Decreased Function",
    "LA25394-0": "Poor Function",
}
