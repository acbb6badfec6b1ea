"""The callers of a set of genes: each gives a partial call from one kind of evidence, for `combine` to join."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from starling.assessment import Options
from starling.calling.dispatch import call_gene
from starling.calling.partial import CopyCount, StatedCall
from starling.calling.table import MatchTable, match_table
from starling.definitions import GeneDefinition, PhenotypeRules
from starling.values import dataclass, field
from starling.vocabulary import GeneCall, OutsideCall, SampleGenotypes


@dataclass(frozen=True, slots=True, eq=False)
class Callers:
    """Made from one edition of the definitions, and freed with it; threads may share it.

    `genes`: what is called, in this order; one without a definition (HLA) is known from outside alone.
    `phenotypes`: the terms and scores in which another laboratory may state a result.
    """

    genes: tuple[str, ...]
    definitions: Mapping[str, GeneDefinition]
    phenotypes: Mapping[str, PhenotypeRules]
    _tables: dict[str, MatchTable] = field(default_factory=dict)

    def read(self, sample: SampleGenotypes, options: Options) -> dict[str, GeneCall]:
        """The call of every gene from the sample's own data."""
        return {gene: self.read_gene(gene, sample, options) for gene in self.genes}

    def read_gene(self, gene: str, sample: SampleGenotypes, options: Options) -> GeneCall:
        """The call of one gene from the sample's own data."""
        if gene in self.definitions:
            return call_gene(self.table(gene), sample, options)
        from starling.calling.genes.hla import not_tested

        return not_tested(gene)

    def stated(self, outside: Iterable[OutsideCall]) -> tuple[StatedCall, ...]:
        """What others concluded of these genes, in the same order; what is stated of other genes is passed over.

        Raises: InputError BAD_OUTSIDE_CALL, the sender's.
        """
        known = [each for each in outside if each.gene in self.genes]
        if not known:
            return ()
        from starling.calling.outside import outside_call

        return tuple(
            StatedCall(outside_call(each, self.definitions.get(each.gene), self.phenotypes.get(each.gene)))
            for each in known
        )

    def counted(self, gene: str, copies: int) -> CopyCount:
        """So many copies of the whole gene, hybrids excluded."""
        return CopyCount(self.definitions[gene], copies)

    def table(self, gene: str) -> MatchTable:
        """The masks of a gene, computed when first asked for: two threads at once compute the same twice."""
        found = self._tables.get(gene)
        return found if found is not None else self._tables.setdefault(gene, match_table(self.definitions[gene]))
