"""The codes of one edition of the knowledge, as an exchange format asks for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from starling.definitions import GeneDefinition
from starling.knowledge.base import KnowledgeBase
from starling.terms import Term, Terms
from starling.values import dataclass


@dataclass(frozen=True, slots=True, eq=False)
class Codes:
    """Confirmed codes, and what of the knowledge a message needs beside the assessment.

    `terms`: (kind, name) -> code.  `drugs`: drug -> RxNorm, of those that have one.  `definitions`: where the sites of
    a gene lie.  `sequences`: chromosome -> accession of its GRCh38 sequence.
    """

    terms: Terms
    drugs: Mapping[str, str]
    definitions: Mapping[str, GeneDefinition]
    sequences: Mapping[str, str]

    @classmethod
    def of(cls, knowledge: KnowledgeBase) -> Self:
        """The codes that an edition states."""
        rules = knowledge.guidance
        drugs = {drug.name: drug.rxnorm for drug in (*rules.drugs, *rules.unadvised) if drug.rxnorm}
        sequences = {
            chromosome: name
            for name, (chromosome, build) in knowledge.contigs.items()
            if name.startswith("NC_") and build in {None, "GRCh38"}
        }
        return cls(knowledge.terms, drugs, knowledge.definitions, sequences)

    def term(self, kind: str, name: str) -> Term | None:
        """The confirmed code of a thing; None when there is none, and text must do."""
        return self.terms.get((kind, name))

    def system(self, name: str) -> str:
        """The address of a system of codes.  Raises: KeyError when the edition does not name it."""
        return self.terms["system", name].system

    def rxnorm(self, drug: str) -> Term | None:
        """The RxNorm code of a drug."""
        code = self.drugs.get(drug)
        return Term(self.system("RxNorm"), code, drug) if code else None
