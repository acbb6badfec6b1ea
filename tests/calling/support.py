"""People and definitions for the tests of calling: toy tables as text, real tables as they are compiled.

A person is written as the sites that differ from the base state: `{101: "A/T"}`.  A genotype is written as in a VCF
but in bases: `A/T` unphased, `A|T` phased (set `1`), `A|T:2` phased in set 2, `T` haploid, `./T` half-called (the base
that was read), `.` not called; `-` as if the file had no record.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from pathlib import Path

from starling.assessment import Options
from starling.calling.dispatch import call_gene
from starling.calling.outside import outside_call
from starling.calling.phasing import Observation, observe
from starling.calling.table import MatchTable, match_table
from starling.definitions import GeneDefinition, NamedAllele, Site
from starling.knowledge.base import KnowledgeBase
from starling.knowledge.compile import compile_knowledge
from starling.vocabulary import (
    ActivityScore,
    Ambiguous,
    Diplotype,
    GeneCall,
    Genotype,
    Locus,
    Notice,
    OutsideCall,
    SampleGenotypes,
    State,
)

KNOWLEDGE = Path(__file__).resolve().parents[2] / "knowledge-base"


@cache
def definitions() -> Mapping[str, GeneDefinition]:
    """Every definition, compiled from the fact tables beside these tests (never from an older bundled file)."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "test.kb"
        compile_knowledge(KNOWLEDGE, path)
        with KnowledgeBase.open(path) as knowledge:
            return knowledge.definitions


@lru_cache(maxsize=256)
def table_of(definition: GeneDefinition) -> MatchTable:
    """The masks of a definition, made once."""
    return match_table(definition)


def toy(text: str, *, gene: str = "TOY", chromosome: str = "chr1", required: Iterable[int] = ()) -> GeneDefinition:
    """A definition from a table: a line of positions, then `name function | bases`; the first row is the reference.

    `.`: an undefined cell; `A/G`: a wobble.  An underscore in a function is a blank; a number is an activity value.
    """
    head, *rows = [line for line in text.strip().splitlines() if line.strip()]
    positions = [int(word) for word in head.replace("|", " ").split()]
    table = []
    for row in rows:
        names, _, bases = row.partition("|")
        name, function = [*names.split(), "f"][:2]
        table.append((name, function, [() if cell == "." else tuple(cell.split("/")) for cell in bases.split()]))
    reference = [cells[0] for cells in table[0][2]]
    sites = []
    for number, position in enumerate(positions):
        seen = {base for _, _, cells in table for base in cells[number]} - {reference[number]}
        sites.append(_site(gene, chromosome, position, reference[number], tuple(sorted(seen))))
    alleles = tuple(
        NamedAllele(
            name=name,
            cells=tuple((number, bases) for number, bases in enumerate(cells) if bases),
            function=function.replace("_", " "),
            activity=ActivityScore.parse(function) if function[0].isdigit() else None,
            reported_as=name.partition(".")[0] if "." in name else name,
            is_reference=number == 0,
        )
        for number, (name, function, cells) in enumerate(table)
    )
    return GeneDefinition(
        gene=gene,
        chromosome=chromosome,
        start=positions[0],
        end=positions[-1],
        reference=table[0][0],
        sites=tuple(sites),
        alleles=alleles,
        required_positions=frozenset(required),
        inheritance={"chrX": "X-linked", "chrM": "mitochondrial"}.get(chromosome, "autosomal"),  # type: ignore[arg-type]
    )


def _site(gene: str, chromosome: str, position: int, ref: str, alts: tuple[str, ...]) -> Site:
    return Site(gene, chromosome, position, ref, alts, None, position + len(ref) - 1, position, ref)


def genotype(locus: Locus, text: str) -> Genotype | None:
    """The genotype that `text` writes (see the head of this module)."""
    if text == "-":
        return None
    if text == ".":
        return Genotype(locus, state=State.NOCALL)
    if "." in text:
        read = text.replace("|", "/").replace(".", "").strip("/")
        return Genotype(locus, state=State.NOCALL, seen=(read,), notices=(Notice("HALF_CALL", str(locus)),))
    bases, _, phase_set = text.partition(":")
    phased = "|" in bases
    alleles = tuple(bases.replace("|", "/").split("/"))
    return Genotype(locus, alleles, (phase_set or "1") if phased else None, State.CALLED)


def person(
    definition: GeneDefinition,
    changes: Mapping[int, str] | None = None,
    *,
    otherwise: str = "reference",
    haploid: bool = False,
    hemizygous_x: bool | None = None,
) -> SampleGenotypes:
    """A person homozygous for the reference, or (`otherwise="-"`) not assayed, but for `changes`."""
    changes = changes or {}
    unknown = changes.keys() - {site.position for site in (*definition.sites, *definition.extra_sites)}
    assert not unknown, f"{definition.gene} has no site at {sorted(unknown)}"
    genotypes = {}
    for site in (*definition.sites, *definition.extra_sites):
        plain = site.ref if haploid else f"{site.ref}/{site.ref}"
        found = genotype(site.locus, changes.get(site.position, plain if otherwise == "reference" else otherwise))
        if found is not None:
            genotypes[site.locus] = found
    return SampleGenotypes("person", genotypes, hemizygous_x=hemizygous_x)


def called(
    gene: str | GeneDefinition, changes: Mapping[int, str] | None = None, *, combinations: bool = False, **how: object
) -> GeneCall:
    """The call for a person who differs from the reference by `changes`."""
    definition = definitions()[gene] if isinstance(gene, str) else gene
    sample = person(definition, changes, **how)  # type: ignore[arg-type]
    return call_gene(table_of(definition), sample, Options(combinations=combinations))


def seen_in(definition: GeneDefinition, changes: Mapping[int, str] | None = None, **how: object) -> Observation:
    """What the matcher is given for such a person."""
    return observe(table_of(definition), person(definition, changes, **how))  # type: ignore[arg-type]


def names(call: GeneCall) -> list[str]:
    """The reported diplotypes as text, in the order reported."""
    if isinstance(call.result, Diplotype):
        return [str(call.result)]
    return [str(each) for each in call.result.diplotypes] if isinstance(call.result, Ambiguous) else []


def others(call: GeneCall) -> dict[str, str]:
    """The consistent diplotypes as text, with why each remains possible."""
    return {str(each.diplotype): each.why.value for each in call.evidence.consistent}


def codes(call: GeneCall) -> list[str]:
    """The codes of the call's notices."""
    return [notice.code for notice in call.evidence.notices]


def stated(knowledge: KnowledgeBase, gene: str, diplotype: str = "", **more: str) -> GeneCall:
    """The call that another laboratory's statement makes."""
    call = OutsideCall(gene, diplotype, **more)  # type: ignore[arg-type]
    return outside_call(call, knowledge.definitions.get(gene), knowledge.guidance.phenotypes.get(gene))
