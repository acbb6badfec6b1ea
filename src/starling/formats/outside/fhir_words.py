"""What a genotype in FHIR is known by, and the words that stand where Genomics Reporting has no code.

The room that writes bundles and the reader of bundles share them, so that what is written here is read here.
Source: hl7.fhir.uv.genomics-reporting 3.0.0, profiles genotype, haplotype and therapeutic-implication; LOINC answers of
its value set genetic-therapeutic-implications-vs; 53040-2 as github.com/HL7/genomics-reporting uses it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

LOINC: Final = "http://loinc.org"
TBD: Final = "http://hl7.org/fhir/uv/genomics-reporting/CodeSystem/tbd-codes-cs"
#: both addresses under which HGNC is known: of this edition of the guide and of the next
HGNC: Final = frozenset({"http://www.genenames.org", "http://www.genenames.org/geneId"})
GL_STRING: Final = "http://glstring.org"

GENOTYPE: Final = (LOINC, "84413-4")
HAPLOTYPE: Final = (LOINC, "84414-2")
IMPLICATION: Final = (TBD, "therapeutic-implication")
GENE: Final = (LOINC, "48018-6")
METABOLISM: Final = (LOINC, "53040-2")

#: answer of LOINC LL1971-2 -> whether an allele is there; no call is neither
PRESENCES: Final[Mapping[str, str]] = {"LA9633-4": "positive", "LA9634-2": "negative"}

# What a component without a code of the guide is called.
PHENOTYPE: Final = "Phenotype"
CERTAINTY: Final = "Certainty of the phenotype"
SCORE: Final = "Activity score"
POSSIBLE: Final = "Also possible"
NOMENCLATURE: Final = "Allele nomenclature"
#: what `CERTAINTY` says where more is possible than the diplotypes that are listed
UNASSIGNED: Final = "a phenotype that cannot be assigned"
#: the value of `CERTAINTY` for a phenotype that nothing speaks against
CERTAIN: Final = "certain"
#: stands behind a phenotype that is not certain
DOUBTED: Final = " (not certain)"
