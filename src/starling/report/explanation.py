"""What the knowledge base says of a gene, an rsid, an allele or a drug, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from starling.definitions import Drug, GeneDefinition, Guideline, NamedAllele, Site
from starling.errors import InputError
from starling.knowledge.base import KnowledgeBase
from starling.library import Knowledge, engine_of
from starling.report.words import action_words, age_words

#: so many alleles are named per function of a gene; the rest is counted
_LISTED: Final = 12


def explain(name: str, *, knowledge: Knowledge = None) -> str:
    """What the knowledge base says of a gene, an rsid, an allele or a drug, in lines.

    Raises: InputError UNKNOWN_NAME, the sender's; KnowledgeError, the administrator's.
    """
    return "\n".join(explanation(engine_of(knowledge).knowledge, name))


def explanation(base: KnowledgeBase, name: str) -> Iterator[str]:
    """The lines of `explain`.  Raises: InputError UNKNOWN_NAME, the sender's."""
    name = name.strip()
    gene = next((known for known in base.genes if known.lower() == name.lower()), None)
    if gene is not None:
        return _gene(base, gene)
    site = [site for site in _sites(base) if name.lower() == (site.rsid or "").lower()]
    if site:
        return _site(base, site[0])
    allele = _find_allele(base, name)
    if allele is not None:
        return _allele(base, *allele)
    try:
        return _drug(base, base.find_drug(name))
    except InputError as error:
        message = f"{name!r} is no gene, rsid, allele (GENE*2) or drug of this knowledge base"
        raise InputError("UNKNOWN_NAME", f"{message}; as a drug: {error.message}") from error


def _sites(base: KnowledgeBase) -> Iterator[Site]:
    for definition in base.definitions.values():
        yield from definition.sites
        yield from definition.extra_sites


def _find_allele(base: KnowledgeBase, name: str) -> tuple[GeneDefinition, NamedAllele] | None:
    """`CYP2C19*2`, `CYP2C19 *2`, `DPYD c.2846A>T` or an alias after its gene's name."""
    for gene, definition in base.definitions.items():
        if not name.upper().startswith(gene):
            continue
        wanted = name[len(gene) :].strip(" :")
        wanted = definition.aliases.get(wanted, wanted)
        for allele in definition.alleles:
            if allele.name == wanted:
                return definition, allele
    return None


def _gene(base: KnowledgeBase, gene: str) -> Iterator[str]:
    definition = base.definitions.get(gene)
    guidelines = [guideline for guideline in base.guidance.guidelines if gene in guideline.genes]
    yield gene
    if definition is None:
        yield "  called from outside results only (two-field HLA typing)"
    else:
        place = f"{definition.chromosome}:{definition.start}-{definition.end} (GRCh38)"
        yield f"  {place}, data of {definition.data_version}"
        counts = f"{len(definition.sites)} positions, {len(definition.alleles)} alleles"
        yield f"  {counts}, reference {definition.reference}"
        yield from _functions(definition)
        if definition.tier1_alleles or definition.tier1_positions:
            tier1 = ", ".join(definition.tier1_alleles) or f"{len(definition.tier1_positions)} positions"
            yield f"  every test should cover: {tier1}"
    rules = base.guidance.phenotypes.get(gene)
    if rules is not None:
        terms = dict.fromkeys([*rules.by_score.values(), *rules.by_functions.values()])
        yield f"  phenotypes ({'activity score' if rules.uses_score else 'pair of functions'}): {', '.join(terms)}"
    yield f"  guidelines: {len(guidelines)}"
    for guideline in guidelines:
        yield f"    {guideline.source:<5} {', '.join(guideline.drugs)}"


def _functions(definition: GeneDefinition) -> Iterator[str]:
    counted = Counter(allele.function or "no function assigned" for allele in definition.alleles)
    for function, count in counted.most_common():
        names = [
            allele.name for allele in definition.alleles if (allele.function or "no function assigned") == function
        ]
        more = f" and {count - _LISTED} more" if count > _LISTED else ""
        yield f"    {function}: {', '.join(names[:_LISTED])}{more}"


def _site(base: KnowledgeBase, site: Site) -> Iterator[str]:
    definition = base.definitions[site.gene]
    yield f"{site.rsid}  {site.gene}"
    yield f"  GRCh38 {site.chromosome}:{site.position} {site.ref}>{','.join(site.alts)}"
    reference = site.ref_grch37 or "not known"
    other = "  (differs from GRCh38)" if site.ref_grch37 and site.ref_grch37 != site.ref else ""
    yield f"  GRCh37 {site.chromosome}:{site.position_grch37}, reference {reference}{other}"
    if site.extra:
        yield "  no allele is defined by it; reported beside the call"
        return
    index = definition.sites.index(site)
    for alt in site.alts:
        carriers = [a.name for a in definition.alleles if any(c == index and alt in bases for c, bases in a.cells)]
        yield f"  {alt}: {', '.join(carriers) or 'no allele'}"


def _allele(base: KnowledgeBase, definition: GeneDefinition, allele: NamedAllele) -> Iterator[str]:
    yield f"{definition.gene} {allele.name}"
    yield f"  function: {allele.function or 'none assigned, so no phenotype can be given'}"
    if allele.activity is not None:
        yield f"  activity value: {allele.activity}"
    if allele.is_structural:
        yield "  structural: cannot be called from SNVs and small indels"
    if allele.is_reference:
        yield "  the reference row: every position as on the reference"
        return
    for index, bases in allele.cells:
        site = definition.sites[index]
        yield f"    {site.chromosome}:{site.position} {site.ref}>{' or '.join(bases)}  {site.rsid or ''}".rstrip()


def _drug(base: KnowledgeBase, drug: Drug) -> Iterator[str]:
    yield drug.name
    if drug.names:
        yield f"  also: {', '.join(drug.names)}"
    codes = [f"RxNorm {drug.rxnorm}"] if drug.rxnorm else []
    codes += [f"ATC {code}" for code in drug.atc]
    if codes:
        yield f"  {', '.join(codes)}"
    if drug.unadvised:
        yield f"  no guideline: {drug.unadvised}"
    for test in base.guidance.required_tests:
        if test.drug == drug.name:
            yield f"  {test.said}"
    for guideline in base.guidance.guidelines:
        if drug.name in guideline.drugs:
            yield from _guideline(base, guideline, drug)


def _guideline(base: KnowledgeBase, guideline: Guideline, drug: Drug) -> Iterator[str]:
    pmids = f", PMID {' '.join(guideline.pmids)}" if guideline.pmids else ""
    dates = age_words(guideline.text_as_of, guideline.checked_on)
    yield f"\n  {guideline.source} {'/'.join(guideline.genes)}, {dates}{pmids}"
    rows = [row for row in guideline.rows if row.drug == drug.name]
    if not rows:
        yield "    a flow, not a table: see the guideline's own figure"
    grouped: dict[tuple[str, str, str], list[str]] = {}
    for row in rows:
        when = " & ".join(f"{key.gene} {_result_words(key.key)}" for key in row.when)
        group = (row.advice.action, row.advice.summary, base.guidance.populations.get(row.population, row.population))
        grouped.setdefault(group, []).append(when)
    for (action, summary, population), keys in grouped.items():
        more = f" and {len(keys) - 3} more" if len(keys) > 3 else ""
        yield f"    {'; '.join(keys[:3])}{more} [{population}]"
        yield f"      {action_words(action).word}: {summary}"


def _result_words(key: str) -> str:
    """A result as a guideline names it; a number is the activity score that it is.

    >>> _result_words("0.5"), _result_words("n/a"), _result_words("Poor Metabolizer")
    ('activity score 0.5', 'activity score n/a', 'Poor Metabolizer')
    """
    return f"activity score {key}" if key == "n/a" or key.lstrip("<>=≥≤")[:1].isdigit() else key
