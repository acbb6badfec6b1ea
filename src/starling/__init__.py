"""Starling: from a patient's genotype data to prescribing advice, on the device, explained and reproducible.

>>> import starling
>>> assessment = starling.assess("patient.vcf.gz", medication="paroxetine")  # doctest: +SKIP
>>> assessment.drug("codeine").headline_action                               # doctest: +SKIP
'avoid'

Names are imported when first used, so that `import starling` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from starling._version import __version__

if TYPE_CHECKING:
    from starling.assessment import Assessment, DrugResult, GeneResult, Options, Question, Recommendation
    from starling.engine import Engine
    from starling.errors import InputError, KnowledgeError, StarlingError
    from starling.exchange.fhir.session import to_fhir
    from starling.exchange.hl7.session import to_hl7
    from starling.library import assess, assess_all, drugs, find_drug, find_gene, genes
    from starling.report.document import from_json, to_json
    from starling.report.explanation import explain
    from starling.report.faces import summary_html, to_html, to_tsv

__all__ = [
    "Assessment",
    "DrugResult",
    "Engine",
    "GeneResult",
    "InputError",
    "KnowledgeError",
    "Options",
    "Question",
    "Recommendation",
    "StarlingError",
    "__version__",
    "assess",
    "assess_all",
    "drugs",
    "explain",
    "find_drug",
    "find_gene",
    "from_json",
    "genes",
    "summary_html",
    "to_fhir",
    "to_hl7",
    "to_html",
    "to_json",
    "to_tsv",
]

_HOMES = {
    "Assessment": "starling.assessment",
    "DrugResult": "starling.assessment",
    "Engine": "starling.engine",
    "GeneResult": "starling.assessment",
    "InputError": "starling.errors",
    "KnowledgeError": "starling.errors",
    "Options": "starling.assessment",
    "Question": "starling.assessment",
    "Recommendation": "starling.assessment",
    "StarlingError": "starling.errors",
    "assess": "starling.library",
    "assess_all": "starling.library",
    "drugs": "starling.library",
    "explain": "starling.report.explanation",
    "find_drug": "starling.library",
    "find_gene": "starling.library",
    "from_json": "starling.report.document",
    "genes": "starling.library",
    "summary_html": "starling.report.faces",
    "to_fhir": "starling.exchange.fhir.session",
    "to_hl7": "starling.exchange.hl7.session",
    "to_html": "starling.report.faces",
    "to_json": "starling.report.document",
    "to_tsv": "starling.report.faces",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'starling' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
