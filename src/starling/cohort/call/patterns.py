"""One gene of one shard: its rows and the people who stand for its patterns -> a result for each pattern.

The pattern's own name is a digest of the genotypes themselves, so that it is the same in every shard and after every
change of the knowledge that leaves the gene's sites alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b

from starling.assessment import GeneResult, Options
from starling.cohort.call.keys import GeneSites, Patterns, texts_of
from starling.cohort.collect.evidence import Holdings, Row
from starling.cohort.collect.people import NOTHING, Stated
from starling.engine import Engine
from starling.errors import InputError
from starling.genotyping.evidence import canonical_lines
from starling.genotyping.person import Part, Resolver, person
from starling.genotyping.read import CellReader
from starling.values import dataclass, field
from starling.vocabulary import BuildName, Genotype, Locus, Notice, SampleGenotypes, Sex, State, Why


@dataclass
class GenotypeReader:
    """The genotypes of the people who stand for the patterns of one gene, row after row."""

    sites: GeneSites
    patterns: Patterns
    holdings: Holdings
    options: Options
    _readers: dict[tuple[int, BuildName], CellReader] = field(default_factory=dict)

    @property
    def regions(self) -> Mapping[tuple[str, str], Sequence[tuple[int, int]]]:
        """(build, chromosome) -> where a row may speak of the gene."""
        return self.sites.regions

    def add(self, row: Row) -> None:
        """What the row states of these people is kept."""
        texts = list(texts_of(row, self.patterns.first))
        present = [number for number, text in enumerate(texts) if text is not None]
        if not present:
            return
        reader = self._reader(row.layer, row.build)
        everyone = len(present) == len(texts)
        record = row.record([text or "" for text in texts])
        sites = self.sites.of(row.build).chromosomes[row.chromosome]
        reader.add(record, sites, people=None if everyone else present)

    def _reader(self, layer: int, build: BuildName) -> CellReader:
        key = (layer, build)
        if key not in self._readers:
            people = range(len(self.patterns.first))
            self._readers[key] = CellReader(self.sites.of(build), people, self.options, qualities=False)
        return self._readers[key]

    def genotypes(self) -> Iterator[SampleGenotypes | InputError]:
        """The genotypes of every pattern, in order; an error where two files contradict each other."""
        resolver = Resolver(self.options)
        filled = [self.sites.filled(profile) for profile in self.holdings.files]
        sexes = {one: sex for sex, people in self.holdings.sex.items() for one in people}
        for number, one in enumerate(self.patterns.first.tolist()):
            parts = [self._part(number, one, layer, filled) for layer in self._layers(one)]
            sex: Sex = sexes.get(one, "unknown")  # type: ignore[assignment]  # written by us: male or female
            try:
                yield person("", parts, resolver, sex)
            except InputError as error:
                yield error

    def _layers(self, one: int) -> list[int]:
        return [number for number, files in enumerate(self.holdings.layers) if files[one] >= 0]

    def _part(self, number: int, one: int, layer: int, filled: Sequence[frozenset[int]]) -> Part:
        file = self.holdings.layers[layer][one]
        profile = self.holdings.files[file]
        named = (layer, one) in self.patterns.explicit
        return Part(
            source=profile.name,
            sites=self.sites.of(profile.build),
            cells=self._reader(layer, profile.build).cells[number],
            absent_is_reference=filled[file],
            gvcf=profile.is_gvcf,
            phase_sets=frozenset({self.sites.definition.chromosome}) if named else frozenset(),
            mitochondrial_reference_known=profile.mitochondrial_reference_known,
            supported=profile.supported,
            testimony=profile.testimony,
        )


def name_of(sample: SampleGenotypes) -> str:
    """The pattern's name: 32 hex digits, equal when and only when the gene sees the same.

    States, bases, haplotypes (not their order), phase sets (not their names), half-calls, undocumented ALTs, deleted
    haplotypes, shares of reads, and what was noted of each site.
    """
    digest = blake2b(digest_size=16)
    for line in canonical_lines(sample):
        digest.update(line.encode() + b"\n")
    for locus in sorted(sample.genotypes):
        notices = sample.genotypes[locus].notices
        if notices:
            digest.update(repr((locus, sorted((each.code, each.message) for each in notices))).encode())
    return digest.hexdigest()


def result_of(
    gene: str, sample: SampleGenotypes, engine: Engine, options: Options, stated: Stated = NOTHING
) -> GeneResult:
    """What the gene's call and phenotype are: the very functions of a single patient's report."""
    own = {gene: engine.call(gene, sample, options)}
    (result,) = engine.interpreted(engine.combined(own, stated.outside), own, stated.medication)
    return result


# --- a pattern's genotypes as text ------------------------------------------------------------------------------------


def genotypes_text(sample: SampleGenotypes) -> str:
    """The genotypes as JSON, to call the pattern again without its source."""
    return json.dumps(
        {
            "mitochondrial_reference_known": sample.mitochondrial_reference_known,
            "hemizygous_x": sample.hemizygous_x,
            "genotypes": [_listed(sample.genotypes[locus]) for locus in sorted(sample.genotypes)],
        },
        separators=(",", ":"),
    )


def genotypes_from(text: str) -> SampleGenotypes:
    """The way back of `genotypes_text`."""
    stated = json.loads(text)
    found = (_genotype(each) for each in stated["genotypes"])
    return SampleGenotypes(
        sample="",
        genotypes={genotype.locus: genotype for genotype in found},
        mitochondrial_reference_known=stated["mitochondrial_reference_known"],
        hemizygous_x=stated["hemizygous_x"],
    )


def _listed(genotype: Genotype) -> list[object]:
    """A genotype without its quality: people of one pattern differ in it, and no result depends on it."""
    row: list[object] = [
        *genotype.locus,
        genotype.state.value,
        genotype.alleles,
        genotype.phase_set,
        genotype.seen,
        genotype.filled,
        genotype.filtered,
        genotype.fractions,
        [[notice.code, notice.message] for notice in genotype.notices],
        genotype.doubts,
    ]
    while len(row) > 4 and not row[-1]:
        row.pop()
    return row


def _genotype(row: list[object]) -> Genotype:
    whole: list[object] = [*row, *_EMPTY[len(row) - 4 :]]
    chromosome, position, state, alleles, phase_set, seen, filled, filtered, fractions, notices, doubts = whole
    return Genotype(
        locus=Locus(str(chromosome), int(str(position))),
        alleles=_texts(alleles),
        phase_set=None if phase_set is None else str(phase_set),
        state=State(str(state)),
        seen=_texts(seen),
        filled=bool(filled),
        filtered=bool(filtered),
        fractions=tuple((str(bases), float(str(share))) for bases, share in _pairs(fractions)),
        notices=tuple(Notice(str(code), str(message)) for code, message in _pairs(notices)),
        doubts=tuple(map(Why, _texts(doubts))),
    )


_EMPTY: tuple[object, ...] = (None, (), False, False, (), (), ())


def _texts(value: object) -> tuple[str, ...]:
    assert isinstance(value, Iterable)
    return tuple(map(str, value))


def _pairs(value: object) -> list[tuple[object, object]]:
    assert isinstance(value, Iterable)
    return [tuple(pair) for pair in value]
