"""Allele frequencies -> many synthetic people, in shards of one VCF each.

Haplotypes are drawn independently of each other and of other genes (Hardy-Weinberg, no linkage between genes), so that
a population has the right frequencies and the right kinds of people, but not the right relatives.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from starling.definitions import GeneDefinition, NamedAllele
from starling.errors import InputError
from starling.extras import need
from starling.formats.bgzf import BgzfWriter
from starling.formats.write import replacing
from starling_workshop.simulation.patient import callable_alleles

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Written quickly rather than small.
_LEVEL: Final = 1
_COLUMNS: Final = ("gene", "allele", "frequency")
_TOLERANCE: Final = 1e-6

Frequencies = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class Population:
    """How many people, in how many files, from which frequencies (gene -> allele -> share of the haplotypes).

    What the shares of a gene leave over is its reference allele; a gene without a row is reference throughout.
    """

    people: int
    shards: int
    seed: int
    frequencies: Frequencies


def read_frequencies(path: Path, definitions: Mapping[str, GeneDefinition]) -> dict[str, dict[str, float]]:
    """The table gene, allele, frequency (tab-separated, with a header; `#` begins a comment).

    Raises: InputError BAD_FREQUENCIES with the line, FILE_NOT_FOUND, FILE_UNREADABLE.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        raise InputError("FILE_NOT_FOUND", "no such file", source=str(path)) from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("FILE_UNREADABLE", "not a readable table", source=str(path)) from error
    found: dict[str, dict[str, float]] = {}
    headed = False
    for number, line in enumerate(lines, 1):
        fields = [field.strip() for field in line.split("\t")]
        if not line.strip() or line.startswith("#"):
            continue
        if not headed:
            if tuple(fields) != _COLUMNS:
                raise _wrong("the first line must be gene, allele, frequency", path, number)
            headed = True
            continue
        _add(found, fields, definitions, path, number)
    return found


def _add(
    found: dict[str, dict[str, float]],
    fields: Sequence[str],
    definitions: Mapping[str, GeneDefinition],
    path: Path,
    line: int,
) -> None:
    if len(fields) != len(_COLUMNS):
        raise _wrong(f"{len(fields)} columns, not {len(_COLUMNS)}", path, line)
    gene, allele, text = fields
    if gene not in definitions:
        raise _wrong(f"{gene!r} is no gene that can be simulated", path, line)
    if allele not in {each.name for each in callable_alleles(definitions[gene])}:
        raise _wrong(f"{gene} {allele!r} is no allele that bases can express", path, line)
    own = found.setdefault(gene, {})
    if allele in own:
        raise _wrong(f"{gene} {allele} stands here twice", path, line)
    try:
        own[allele] = float(text)
    except ValueError:
        raise _wrong(f"frequency is {text!r}", path, line) from None
    if not 0 <= own[allele] <= 1 or sum(own.values()) > 1 + _TOLERANCE:
        raise _wrong(f"the frequencies of {gene} must be shares that add up to 1 at most", path, line)


def _wrong(message: str, path: Path, line: int) -> InputError:
    return InputError("BAD_FREQUENCIES", message, source=path.name, line=line)


def write_population(
    population: Population,
    definitions: Mapping[str, GeneDefinition],
    lengths: Mapping[str, int],
    target: Path,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Path, ...]:
    """The people's VCFs (GRCh38, phased, BGZF) and, beside them, `STEM.people.tsv` with their sex and true alleles.

    One shard: `target` itself; more: `STEM-01.vcf.gz` and so on.  Equal requests give equal bytes.
    Raises: InputError EXTRA_MISSING, OUTPUT_UNWRITABLE, BAD_OPTION.
    """
    need("numpy", "cohort")
    if population.people < 1 or not 1 <= population.shards <= population.people:
        raise InputError("BAD_OPTION", "at least one person in each shard is needed", source="--people")
    stem = target.name.removesuffix(".gz").removesuffix(".vcf")
    paths = [target]
    if population.shards > 1:
        width = len(str(population.shards))
        paths = [target.with_name(f"{stem}-{number:0{width}}.vcf.gz") for number in range(1, population.shards + 1)]
    done = 0
    try:
        with replacing(target.with_name(f"{stem}.people.tsv")) as listed, listed.open("wb") as people:
            for number, path in enumerate(paths):
                first, last = (population.people * each // population.shards for each in (number, number + 1))
                shard = _Shard(population, definitions, number, range(first, last))
                with replacing(path) as temporary, temporary.open("wb") as stream, _bgzf(stream) as writer:
                    for piece in shard.text(lengths):
                        writer.write(piece)
                people.writelines(shard.rows(header=number == 0))
                done = last
                if progress is not None:
                    progress(done, population.people)
    except OSError as error:
        raise InputError("OUTPUT_UNWRITABLE", error.strerror or str(error), source=str(target)) from error
    return tuple(paths)


def _bgzf(stream: object) -> BgzfWriter:
    return BgzfWriter(stream, level=_LEVEL)  # type: ignore[arg-type]  # a binary stream of pathlib


class _Shard:
    """Some of the people: their haplotypes as numbers of alleles."""

    def __init__(
        self, population: Population, definitions: Mapping[str, GeneDefinition], number: int, people: range
    ) -> None:
        import numpy as np

        self._definitions = definitions
        self._people = people
        self._width = len(str(population.people))
        chance = np.random.default_rng([population.seed, number])
        self.males = chance.random(len(people)) < 0.5
        self._alleles: dict[str, list[NamedAllele]] = {}
        self._haplotypes: dict[str, NDArray[np.uint16]] = {}
        for gene, definition in definitions.items():
            shares = population.frequencies.get(gene, {})
            rows = {each.name: each for each in callable_alleles(definition)}
            names = [name for name in shares if name != definition.reference]
            rest = max(0.0, 1.0 - sum(shares[name] for name in names))
            weights = np.array([rest, *(shares[name] for name in names)])
            self._alleles[gene] = [rows[definition.reference], *(rows[name] for name in names)]
            drawn = chance.choice(len(weights), size=(2, len(people)), p=weights / weights.sum())
            self._haplotypes[gene] = drawn.astype(np.uint16)

    def names(self) -> Iterator[str]:
        """P0000001 and so on."""
        return (f"P{person + 1:0{self._width}}" for person in self._people)

    def text(self, lengths: Mapping[str, int]) -> Iterator[bytes]:
        """The VCF, piece by piece."""
        yield b"##fileformat=VCFv4.3\n##source=starling simulate --people\n##reference=GRCh38\n"
        for name, length in lengths.items():
            yield f"##contig=<ID={name},length={length}>\n".encode()
        yield b'##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n'
        yield b"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t" + "\t".join(self.names()).encode() + b"\n"
        rank = {name: place for place, name in enumerate(lengths)}
        sites = [
            (site, index, gene)
            for gene, definition in self._definitions.items()
            for index, site in enumerate((*definition.sites, *definition.extra_sites))
        ]
        for site, index, gene in sorted(sites, key=lambda each: (rank[each[0].chromosome], each[0].position)):
            fixed = (site.chromosome, str(site.position), site.rsid or ".", site.ref, ",".join(site.alts) or ".")
            yield "\t".join((*fixed, ".", "PASS", ".", "GT", "")).encode()
            yield self._columns(gene, index, (site.ref, *site.alts)) + b"\n"

    def _columns(self, gene: str, index: int, words: Sequence[str]) -> bytes:
        """The genotype of everybody at one site."""
        import numpy as np

        digits = np.array(
            [ord("0") + words.index(_base(self._definitions[gene], allele, index)) for allele in self._alleles[gene]],
            np.uint8,
        )
        first, second = digits[self._haplotypes[gene]]
        text = np.empty((len(self._people), 4), np.uint8)
        text[:] = np.frombuffer(b"0|0\t", np.uint8)
        text[:, 0], text[:, 2] = first, second
        chromosome = self._definitions[gene].chromosome
        if chromosome in {"chrX", "chrM"}:
            whole = np.ones(text.shape, bool)
            whole[self.males if chromosome == "chrX" else slice(None), 1:3] = False
            return text[whole].tobytes()[:-1]
        return text.tobytes()[:-1]

    def rows(self, *, header: bool) -> Iterator[bytes]:
        """The table of people: sample, sex, and the alleles of every haplotype."""
        genes = list(self._definitions)
        if header:
            yield ("\t".join(("sample", "sex", *genes)) + "\n").encode()
        columns = [self._diplotypes(gene) for gene in genes]
        for name, male, *own in zip(self.names(), self.males.tolist(), *columns, strict=True):
            yield ("\t".join((name, "male" if male else "female", *own)) + "\n").encode()

    def _diplotypes(self, gene: str) -> list[str]:
        alleles = [each.name for each in self._alleles[gene]]
        chromosome = self._definitions[gene].chromosome
        first, second = self._haplotypes[gene].tolist()
        if chromosome == "chrM":
            return [alleles[one] for one in first]
        haploid = self.males.tolist() if chromosome == "chrX" else [False] * len(first)
        return [
            alleles[one] if single else f"{alleles[one]}/{alleles[other]}"
            for one, other, single in zip(first, second, haploid, strict=True)
        ]


def _base(definition: GeneDefinition, allele: NamedAllele, index: int) -> str:
    """What a haplotype with the allele has at a site (extra sites are reference; of a wobble, the first)."""
    if index >= len(definition.sites):
        return definition.extra_sites[index - len(definition.sites)].ref
    return dict(allele.cells).get(index, (definition.sites[index].ref,))[0]
