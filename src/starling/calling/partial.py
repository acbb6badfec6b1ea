"""Partial calls: what one kind of evidence says of one gene, for `combine` to join."""

from __future__ import annotations

from starling.definitions import GeneDefinition
from starling.values import dataclass
from starling.vocabulary import GeneCall


@dataclass(frozen=True, slots=True)
class SampleCall:
    """Alleles read from the sample's own data."""

    call: GeneCall

    @property
    def gene(self) -> str:
        """The gene."""
        return self.call.gene


@dataclass(frozen=True, slots=True)
class StatedCall:
    """What another laboratory, device or tool concluded, under the names of the definition table."""

    call: GeneCall

    @property
    def gene(self) -> str:
        """The gene."""
        return self.call.gene


@dataclass(frozen=True, slots=True)
class CopyCount:
    """Copies of the whole gene on both chromosomes, counted by a method that looked for hybrids and found none."""

    definition: GeneDefinition
    copies: int

    @property
    def gene(self) -> str:
        """The gene."""
        return self.definition.gene


PartialCall = SampleCall | CopyCount | StatedCall
