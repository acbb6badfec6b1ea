"""A slow matcher written from the rules alone: every haplotype assignment, every allele, cell by cell.

Nothing here is shared with `starling.calling`, so that an agreement of the two means something.  The rules are those
of docs/explanation/calling: fill undefined cells with the reference, count defined cells before filling, best sum
wins, everything else that fits is kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product

from starling.definitions import GeneDefinition, NamedAllele
from starling.vocabulary import Genotype, SampleGenotypes, State

READ_AS_REFERENCE = {"CACNA1S", "DPYD", "G6PD", "NUDT15", "RYR1", "TPMT"}

Haplotype = dict[int, str]
FunctionPair = tuple[tuple[str, str], ...]


@dataclass
class Expected:
    """What the rules say: top-scoring names, and per pair of functions whether phase alone can give it.

    `hidden`: alleles that fit only because a position that decides them was not called.
    """

    best: set[str] = field(default_factory=set)
    best_functions: set[FunctionPair] = field(default_factory=set)
    everything: dict[str, FunctionPair] = field(default_factory=dict)
    by_functions: dict[FunctionPair, str] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)

    def others(self) -> dict[FunctionPair, str]:
        return {pair: why for pair, why in self.by_functions.items() if pair not in self.best_functions}


class Oracle:
    """The rules applied to one definition; built once, asked often."""

    def __init__(self, definition: GeneDefinition) -> None:
        self.definition = definition
        self.sites = definition.sites
        self.alleles = [
            allele
            for allele in definition.alleles
            if allele.cells and not allele.is_structural and allele.name not in definition.ignored_alleles
        ]
        self.reference = next(allele for allele in self.alleles if allele.is_reference)
        filling = dict(self.reference.cells)
        self.own = {allele.name: dict(allele.cells) for allele in self.alleles}
        self.accepts = {
            allele.name: [
                self.own[allele.name].get(number, filling.get(number, (site.ref,)))
                for number, site in enumerate(self.sites)
            ]
            for allele in self.alleles
        }
        self.known = [
            {base for row in self.accepts.values() for base in row[number]} for number in range(len(self.sites))
        ]

    def ask(self, sample: SampleGenotypes, *, keep_all: bool = False) -> Expected:
        """Everything the rules say about a sample."""
        told = Expected()
        called, missing, half = self._read(sample)
        for other_bases in product(*(sorted(self.known[site]) for site, _ in half)):
            extra = [(site, (read, other)) for (site, read), other in zip(half, other_bases, strict=True)]
            self._one_completion(told, called, missing, extra, keep_all=keep_all)
        return told

    def _read(self, sample: SampleGenotypes) -> tuple[dict[int, Genotype], set[int], list[tuple[int, str]]]:
        called: dict[int, Genotype] = {}
        half: list[tuple[int, str]] = []
        haploid = self._haploid(sample)
        for number, site in enumerate(self.sites):
            found = sample.genotypes.get(site.locus)
            if found is not None and found.state is State.CALLED and (len(found.alleles) == 1) == haploid:
                called[number] = found
            elif found is not None and found.seen:
                half.append((number, self._bases(number, found.seen)[0]))
        return called, set(range(len(self.sites))) - called.keys(), half

    def _haploid(self, sample: SampleGenotypes) -> bool:
        if self.definition.chromosome != "chrX":
            return False
        if sample.hemizygous_x is not None:
            return sample.hemizygous_x
        ploidies = {len(found.alleles) for found in sample.genotypes.values() if found.state is State.CALLED}
        return ploidies == {1}

    def _bases(self, number: int, bases: tuple[str, ...]) -> tuple[str, ...]:
        if self.definition.gene not in READ_AS_REFERENCE:
            return bases
        return tuple(base if base in self.known[number] else self.sites[number].ref for base in bases)

    def _haplotypes(
        self, called: dict[int, Genotype], extra: list[tuple[int, tuple[str, str]]]
    ) -> Iterator[tuple[Haplotype, Haplotype | None]]:
        fixed: list[tuple[int, str]] = []
        groups: dict[object, list[tuple[int, str, str]]] = {}
        for number, genotype in called.items():
            bases = self._bases(number, genotype.alleles)
            if len(set(bases)) == 1:
                fixed.append((number, bases[0]))
            else:
                key = ("set", genotype.phase_set) if genotype.phase_set is not None else ("site", number)
                groups.setdefault(key, []).append((number, *bases))  # type: ignore[arg-type]
        for number, (read, other) in extra:
            groups["half", number] = [(number, read, other)]
        haploid = any(len(genotype.alleles) == 1 for genotype in called.values())
        for flips in product((False, True), repeat=len(groups)):
            one, two = dict(fixed), dict(fixed)
            for flip, members in zip(flips, groups.values(), strict=True):
                for number, first, second in members:
                    one[number], two[number] = (second, first) if flip else (first, second)
            yield one, None if haploid else two

    def _fitting(self, haplotype: Haplotype) -> list[NamedAllele]:
        return [
            allele
            for allele in self.alleles
            if all(base in self.accepts[allele.name][number] for number, base in haplotype.items())
        ]

    def _score(self, allele: NamedAllele, present: set[int], both_reference: set[int]) -> int:
        reference: tuple[str, ...] = ("",)
        cells = dict.fromkeys(range(len(self.sites)), reference) if allele.is_reference else {}
        cells = {number: bases for number, bases in {**cells, **self.own[allele.name]}.items() if number in present}
        return sum(not (len(bases) > 1 and number in both_reference) for number, bases in cells.items())

    def _one_completion(
        self,
        told: Expected,
        called: dict[int, Genotype],
        missing: set[int],
        extra: list[tuple[int, tuple[str, str]]],
        *,
        keep_all: bool,
    ) -> None:
        present = set(called) | {number for number, _ in extra}
        both_reference = {
            number
            for number, genotype in called.items()
            if set(self._bases(number, genotype.alleles)) == {self.sites[number].ref}
        }
        scores = {
            allele.name: self._score(allele, present, both_reference)
            for allele in self.alleles
            if self._callable(allele, present)
        }
        hidden = {allele.name for allele in self.alleles if self._hidden(allele, missing)}
        top = -1
        winners: dict[str, FunctionPair] = {}
        for pair in self._pairs(called, extra):
            functions = _functions(pair)
            told.everything[_name(pair)] = functions
            told.hidden |= {allele.reported_as for allele in pair if allele.name in hidden}
            why = "not_assayed" if any(allele.name in hidden for allele in pair) else "phase"
            if told.by_functions.get(functions) != "phase":
                told.by_functions[functions] = why
            if not all(allele.name in scores for allele in pair):
                continue
            score = sum(scores[allele.name] for allele in pair)
            if not keep_all and score > top:
                top, winners = score, {}
            if keep_all or score == top:
                winners[_name(pair)] = functions
        told.best |= winners.keys()
        told.best_functions |= set(winners.values())

    def _pairs(
        self, called: dict[int, Genotype], extra: list[tuple[int, tuple[str, str]]]
    ) -> Iterator[tuple[NamedAllele, ...]]:
        for one, two in self._haplotypes(called, extra):
            first = self._fitting(one)
            if two is None:
                yield from ((allele,) for allele in first)
            elif first:
                yield from product(first, self._fitting(two))

    def _callable(self, allele: NamedAllele, present: set[int]) -> bool:
        return bool(present) if allele.is_reference else any(number in present for number in self.own[allele.name])

    def _hidden(self, allele: NamedAllele, missing: set[int]) -> bool:
        own = self.own[allele.name]
        return any(self.sites[number].ref not in own[number] for number in own.keys() & missing)


def _functions(pair: tuple[NamedAllele, ...]) -> FunctionPair:
    return tuple(sorted((allele.function, str(allele.activity)) for allele in pair))


def _name(pair: tuple[NamedAllele, ...]) -> str:
    return "/".join(sorted(allele.reported_as for allele in pair))
