"""Rows of the compiled file -> the values of `starling.definitions`.

Read on the way to every answer, so equal texts become one shared value: thousands of recommendations hold a few hundred
distinct advices and keys.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from itertools import repeat, starmap
from typing import Any

from starling.assessment import Advice, Condition, Dose, Implication
from starling.condition_keys import gene_key, indication_name
from starling.definitions import (
    CALLING_RULES,
    DIPLOTYPE,
    AlleleMasks,
    CompiledMasks,
    Drug,
    GeneDefinition,
    GuidanceRules,
    Guideline,
    Inhibitor,
    Key,
    KnownHarm,
    NamedAllele,
    PhenotypeRules,
    RequiredTest,
    Row,
    RowTable,
    ScoreRange,
    Site,
    StatedLimit,
    Uninformative,
)
from starling.errors import KnowledgeError
from starling.gene_places import GenePlaces, GroundStretch
from starling.values import many
from starling.vocabulary import ActivityScore, BuildName

#: the rows of one table, in key order
Select = Callable[[str], Sequence[tuple[Any, ...]]]


def definitions_of(select: Select) -> dict[str, GeneDefinition]:
    """Every gene's definition, by gene, alphabetical.

    Raises: KnowledgeError when a gene is called by a rule that this program does not have.
    """
    traits = _traits(select)
    exceptions = _grouped(select("exception"))
    aliases = _grouped(select("alias"))
    priorities = _grouped(select("priority"))
    alleles = allele_reader()

    def definition(gene: str, chromosome: str, *rest: Any) -> GeneDefinition:
        start, end, reference, data_version, sites, extra, named, masks = rest
        particular = _exceptions(exceptions.get(gene, ()))
        read = sites_of(gene, chromosome, sites), alleles(named)
        return GeneDefinition(
            gene=gene,
            chromosome=chromosome,
            start=start,
            end=end,
            reference=reference,
            sites=read[0],
            alleles=read[1],
            extra_sites=sites_of(gene, chromosome, extra),
            aliases=dict(aliases.get(gene, ())),
            priorities=tuple((pick, frozenset(among.split(" | "))) for pick, among in priorities.get(gene, ())),
            data_version=data_version,
            compiled=CompiledMasks(_masks(masks), *read, particular["ignored_alleles"]),
            **_particulars(gene, traits.get(gene, {})),
            **particular,
        )

    return {row[0]: definition(*row) for row in select("gene")}


def places_of(select: Select) -> dict[str, GenePlaces]:
    """The sites of every gene without its alleles, of which there are ten times as many to read."""
    exceptions = _grouped(select("exception"))

    def places(row: tuple[Any, ...]) -> GenePlaces:
        gene, chromosome, start, end, _, _, sites, extra, *_ = row
        ignored = _exceptions(exceptions.get(gene, ()))["ignored_variants"]
        own, beside = sites_of(gene, chromosome, sites), sites_of(gene, chromosome, extra)
        return GenePlaces(gene, chromosome, start, end, own, beside, ignored)

    return {row[0]: places(row) for row in select("gene")}


def ground_in(select: Select, build: BuildName) -> dict[str, GroundStretch]:
    """What files of the build are held against, as it was compiled."""
    found = {}
    for chromosome, of, positions, bases, spans in select("ground"):
        if of == build:
            places = json.loads(positions)
            found[chromosome] = GroundStretch(
                places, dict(zip(places, bases, strict=True)), tuple(map(tuple, json.loads(spans)))
            )
    return found


def _masks(text: str) -> AlleleMasks:
    return AlleleMasks(*map(tuple, json.loads(text)))


def guidance_of(
    select: Select, known: Sequence[Drug], inhibitors: tuple[Inhibitor, ...], drugs: Collection[str] | None = None
) -> GuidanceRules:
    """Everything guidance needs, in key order, with the drugs and inhibitors that are `known` already.

    `drugs`: those for which rows are read; None: all.
    """
    populations = select("population")
    return GuidanceRules(
        phenotypes=_phenotypes(select),
        guidelines=_guidelines(select, drugs),
        drugs=tuple(drug for drug in known if not drug.unadvised),
        inhibitors=inhibitors,
        populations={code: shown for code, shown, _ in populations},
        population_keys={code: key for code, _, key in populations if key},
        dpwg_terms={gene: dict(pairs) for gene, pairs in _grouped(select("dpwg_term")).items()},
        unadvised=tuple(drug for drug in known if drug.unadvised),
        required_tests=tuple(starmap(RequiredTest, select("required_test"))),
        harms=tuple(starmap(KnownHarm, select("harm"))),
        limits=tuple(
            StatedLimit(drug, key, action, says, source) for drug, key, source, action, says in select("stated_limit")
        ),
        condition_genes=tuple(select("condition_gene")),
        indications=_Indications(select("indication")),
    )


def drugs_of(select: Select, names: Mapping[str, tuple[str, ...]]) -> tuple[Drug, ...]:
    """Every drug with its codes and other `names`."""
    kinds: dict[tuple[str, str], list[str]] = {}
    looked_at: dict[str, list[tuple[str, str]]] = {}
    for drug, kind, value, source in select("drug_exception"):
        kinds.setdefault((drug, kind), []).append(value)
        if kind == "without_recommendation":
            looked_at.setdefault(drug, []).append((value, source))
    return tuple(
        Drug(
            drug,
            rxnorm,
            tuple(atc.split()),
            names.get(drug, ()),
            other_enzymes=tuple(kinds.get((drug, "other_enzyme"), ())),
            branches_on=tuple(kinds.get((drug, "branches_on_inhibitors"), ())),
            looked_at=tuple(looked_at.get(drug, ())),
            unadvised=unadvised,
            others=_listed(others),
            mentioned=_listed(mentioned),
        )
        for drug, rxnorm, atc, _guidelines, unadvised, others, mentioned, _genes in select("drug")
    )


def _listed(text: str) -> tuple[str, ...]:
    return tuple(text.split("|")) if text else ()


def inhibitors_of(select: Select, names: Mapping[str, tuple[str, ...]]) -> tuple[Inhibitor, ...]:
    """Every statement on what a medicine does to an enzyme, with the medicine's other `names`."""
    return tuple(
        Inhibitor(enzyme, ingredient, strength, factor, route, source, date, dose, names.get(ingredient, ()))
        for enzyme, ingredient, strength, factor, route, source, date, dose in select("inhibitor")
    )


class _Indications(Mapping[str, frozenset[str]]):
    """A name (`indication_name`) -> the indications that it means: leukaemia is a cancer, too.

    Put together when somebody states an indication: most who ask state none.
    """

    def __init__(self, rows: Iterable[tuple[Any, ...]]) -> None:
        self._rows = rows

    @cached_property
    def _named(self) -> dict[str, frozenset[str]]:
        named: dict[str, set[str]] = {}
        for indication, name in self._rows:
            named.setdefault(indication_name(name), set()).add(indication)
        return {name: frozenset(meant) for name, meant in named.items()}

    def __getitem__(self, name: str) -> frozenset[str]:
        return self._named[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._named)

    def __len__(self) -> int:
        return len(self._named)


def parse_key(text: str) -> Key:
    """The condition that `GENE=key` or `GENE:*1/*2` states.

    Raises: ValueError when `text` is neither.

    >>> parse_key("UGT1A1:*28/*28").is_diplotype  # beats the row for poor metabolisers
    True
    """
    match = gene_key().fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is neither GENE=key nor GENE:diplotype")
    return Key(match[1], match[3], match[2] == ":")


def advice_of(data: Mapping[str, Any]) -> Advice:
    """The advice that one record states.  Raises: TypeError when it has a field that advice does not."""
    fields: dict[str, Any] = {name: tuple(value) if type(value) is list else value for name, value in data.items()}
    if "dose" in fields:
        fields["dose"] = _doses(data["dose"])
    if "conditions" in fields:
        fields["conditions"] = tuple(map(_condition, data["conditions"]))
    if "fallback" in fields:
        fields["fallback"] = _condition(data["fallback"])
    return Advice(**fields)


def _condition(data: Mapping[str, Any]) -> Condition:
    alternatives = tuple(data.get("alternatives", ()))
    return Condition(data["when"], data["action"], _doses(data.get("dose")), alternatives, data.get("key", ""))


def _doses(data: Any) -> tuple[Dose, ...]:
    if not data:
        return ()
    return tuple(Dose(**one) for one in (data if isinstance(data, list) else [data]))


def _grouped(rows: Iterable[tuple[Any, ...]]) -> dict[str, list[tuple[Any, ...]]]:
    groups: dict[str, list[tuple[Any, ...]]] = {}
    for gene, *rest in rows:
        groups.setdefault(gene, []).append(tuple(rest))
    return groups


def names_of(select: Select) -> dict[str, tuple[str, ...]]:
    """A medicine -> every other name that it has."""
    return {medicine: _listed(names) for medicine, names in select("medicine_name")}


def sites_of(gene: str, chromosome: str, text: str) -> tuple[Site, ...]:
    """The sites that one field of the table `gene` states."""
    rows = json.loads(text)
    if not rows:
        return ()
    position, ref, alts, *rest = zip(*rows, strict=True)
    place = repeat(gene, len(rows)), repeat(chromosome)
    return tuple(many(Site, *place, position, ref, map(tuple, alts), *rest, repeat(False)))  # noqa: FBT003 -- `extra`


def allele_reader() -> Callable[[str], tuple[NamedAllele, ...]]:
    """A reader that shares equal cells and values between alleles."""
    bases = _Known(lambda text: tuple(text.split("/"))).__getitem__
    score = _Known(ActivityScore.parse).__getitem__

    def read(text: str) -> tuple[NamedAllele, ...]:
        name, indices, accepted, function, activity, *rest = zip(*json.loads(text), strict=True)
        cells = [
            tuple(zip(*each, strict=True)) for each in zip(indices, (map(bases, one) for one in accepted), strict=True)
        ]
        return tuple(many(NamedAllele, name, cells, function, map(score, activity), *rest))

    return read


def _traits(select: Select) -> dict[str, dict[str, str]]:
    return {gene: dict(pairs) for gene, pairs in _grouped(select("trait")).items()}


def _particulars(gene: str, traits: Mapping[str, str]) -> dict[str, Any]:
    rule = traits.get("rule", "")
    if rule not in {"", *CALLING_RULES}:
        raise KnowledgeError("KNOWLEDGE_DAMAGED", f"{gene} is called by the rule {rule!r}, which this program has not")
    return {
        "inheritance": traits.get("inheritance", "autosomal"),
        "rule": rule,
        "copy_number": "copy_number" in traits,
        "deleted_allele": traits.get("deleted_allele", ""),
        "undocumented_as_reference": "undocumented_as_reference" in traits,
        "nomenclatures": tuple(traits.get("nomenclatures", "").split()),
    }


def _exceptions(rows: Sequence[tuple[Any, ...]]) -> dict[str, Any]:
    kinds: dict[str, list[str]] = {}
    for kind, value in rows:
        kinds.setdefault(kind, []).append(value)
    return {
        "required_positions": frozenset(map(int, kinds.get("required_position", ()))),
        "tier1_positions": frozenset(map(int, kinds.get("tier1_position", ()))),
        "tier1_alleles": tuple(kinds.get("tier1_allele", ())),
        "ignored_variants": frozenset(map(_variant, kinds.get("ignored_variant", ()))),
        "ignored_alleles": frozenset(kinds.get("ignored_allele", ())),
    }


def _variant(text: str) -> tuple[int, str, str]:
    position, _, change = text.partition(" ")
    ref, _, alt = change.partition(">")
    return int(position), ref, alt


def _phenotypes(select: Select) -> dict[str, PhenotypeRules]:
    traits, ranges = _traits(select), _grouped(select("score_range"))
    usual = {
        gene: Uninformative(phenotype, says, unless, frozenset(alleles.split("\t")))
        for gene, phenotype, says, unless, alleles in select("uninformative")
    }
    by_score: dict[str, dict[str, str]] = {}
    by_functions: dict[str, dict[tuple[str, ...], str]] = {}
    for gene, method, first, second, phenotype in select("phenotype_rule"):
        if method == "activity_score":
            by_score.setdefault(gene, {})[first] = phenotype
        else:
            by_functions.setdefault(gene, {})[(first, second) if second else (first,)] = phenotype
    return {
        gene: PhenotypeRules(
            gene,
            by_score.get(gene, {}),
            by_functions.get(gene, {}),
            ranges=_ranges(ranges.get(gene, ())),
            adjusted_by_inhibitors="adjusted_by_inhibitors" in traits.get(gene, {}),
            measure_activity=traits.get(gene, {}).get("measure_activity", ""),
            inhibited_as=traits.get(gene, {}).get("inhibited_as", ""),
            deleted_allele=traits.get(gene, {}).get("deleted_allele", ""),
            uninformative=usual.get(gene),
        )
        for gene in sorted({*by_score, *by_functions})
    }


def _ranges(rows: Iterable[tuple[Any, ...]]) -> tuple[ScoreRange, ...]:
    found = [
        ScoreRange(Fraction(score.lstrip(">=")), score.startswith(">="), phenotype)
        for score, phenotype, _source in rows
    ]
    return tuple(sorted(found, key=lambda each: (each.start, not each.inclusive)))


def _guidelines(select: Select, drugs: Collection[str] | None) -> tuple[Guideline, ...]:
    """Every guideline; equal conditions, advices and implications of all of them are one value."""
    stored = select("guideline")
    if not stored:
        return ()
    id_, source, clinpgx_id, genes, pmids, as_of, checked, named, texts, advice, implications = zip(
        *stored, strict=True
    )
    make = _row_maker(_parsed(advice), _parsed(implications))
    plain = (tuple(each.split()) for each in genes), (tuple(each.split()) for each in pmids)
    tables = (tuple([make(each) for each in own if drugs is None or each[0] in drugs]) for own in _parsed(texts))
    about = map(tuple, _parsed(named))
    return tuple(many(Guideline, id_, source, clinpgx_id, *plain, as_of, checked, about, tables))


def _parsed(texts: Iterable[str]) -> list[list[Any]]:
    """What each of many JSON texts says, by one parse: three times as fast as one each."""
    values: list[list[Any]] = json.loads(f"[{','.join(texts)}]")
    return values


def _row_maker(advice: Iterable[Any], implications: Iterable[Any]) -> Callable[[list[Any]], RowTable]:
    """A reader of tables whose rows share equal advices and implications."""
    records = {data["id"]: data for own in advice for data in own}
    stated = {each[0]: each for own in implications for each in own}
    given = _Known(lambda id_: advice_of(records[id_]))
    single = _Known(lambda id_: Implication(*stated[id_]))
    implied = _Known(lambda text: tuple([single[each] for each in text.split()]))

    def table(cells: list[Any]) -> RowTable:
        drug, population, genes, *asked, strength, named, ids = cells

        def row(of: RowTable, number: int) -> Row:
            when = tuple([_key(gene, key) for gene, key in zip(of.genes, of.keys[number], strict=True)])
            return Row(drug, population, strength[number], when, given[named[number]], implied[ids[number]])

        actions = [records[id_]["action"] for id_ in named]
        return RowTable(drug, population, tuple(genes), list(zip(*asked, strict=True)), row, actions)

    return table


def _key(gene: str, text: str) -> Key:
    return Key(gene, text.removeprefix(DIPLOTYPE), text.startswith(DIPLOTYPE))


class _Known(dict[str, Any]):
    """Text -> what it means, worked out once."""

    def __init__(self, read: Callable[[str], Any]) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, text: str) -> Any:
        found = self[text] = self._read(text)
        return found
