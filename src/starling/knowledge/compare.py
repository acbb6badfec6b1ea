"""What a prescriber would notice between two knowledge bases, in words, the most serious first.

A change of wording alone comes last; identical changes for several results of a gene are one line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from starling.assessment import Advice, Dose
from starling.definitions import ACTIONS, GeneDefinition, Guideline, NamedAllele, Row, seriousness
from starling.knowledge.base import KnowledgeBase
from starling.values import dataclass

_DOSE: Final = ACTIONS.index("adjust_dose") + 1
_PHENOTYPE, _FUNCTION, _ALLELE, _INHIBITOR, _COVERAGE, _WORDING = range(20, 80, 10)


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """One difference; `rank` orders by seriousness (smaller is graver), `about` is a drug, a gene or a medicine."""

    rank: int
    about: str
    text: str

    def __str__(self) -> str:
        return f"{self.about}: {self.text}"


@dataclass(frozen=True, slots=True)
class _Recommended:
    """A row as a prescriber sees it."""

    guideline: Guideline
    row: Row

    @property
    def severity(self) -> int:
        return seriousness(self.row.advice.action)


Entry = tuple[int, str, str]
Difference = Callable[[KnowledgeBase, KnowledgeBase], Iterable[Change]]


def compare(old: KnowledgeBase, new: KnowledgeBase) -> tuple[Change, ...]:
    """Every clinical difference from `old` to `new`, the most serious first; empty when a prescriber sees none."""
    differences: tuple[Difference, ...] = (
        _recommendations,
        _phenotypes,
        _alleles,
        _inhibitors,
        _drugs,
        _limits,
        _guidelines,
        _genes,
        _names,
    )
    return tuple(sorted({change for difference in differences for change in difference(old, new)}))


def _recommendations(old: KnowledgeBase, new: KnowledgeBase) -> Iterator[Change]:
    """Recommendations by guideline, drug, population and result; equal changes of several results are joined."""
    before, after = _recommended(old), _recommended(new)
    grouped: dict[tuple[Entry, str, str], list[str]] = {}
    for key in sorted(before.keys() | after.keys()):
        guideline, drug, population, when = key
        where = f"{guideline}" + (f", {_population(population, old, new)}" if population else "")
        for entry in _row_changes(before.get(key), after.get(key)):
            grouped.setdefault((entry, drug, where), []).append(when)
    for ((rank, kind, text), drug, where), results in grouped.items():
        yield Change(rank, drug, f"{kind} ({where}; {', '.join(results)}): {text}")


def _recommended(base: KnowledgeBase) -> dict[tuple[str, str, str, str], _Recommended]:
    found: dict[tuple[str, str, str, str], _Recommended] = {}
    for guideline in base.guidance.guidelines:
        for row in guideline.rows:
            when = " & ".join(f"{key.gene}{':' if key.is_diplotype else ' '}{key.key}" for key in row.when)
            found[guideline.id, row.drug, row.population, when] = _Recommended(guideline, row)
    return found


def _row_changes(old: _Recommended | None, new: _Recommended | None) -> Iterator[Entry]:
    if old is None or new is None:
        one = old or new
        if one is not None:
            kind = "recommendation added" if old is None else "recommendation removed"
            yield one.severity, kind, f"{_action(one.row.advice)}. {one.row.advice.summary}"
        return
    before, after = old.row.advice, new.row.advice
    if before.action != after.action:
        yield min(old.severity, new.severity), "action changed", f"{_action(before)} -> {_action(after)}"
    if before.dose != after.dose:
        yield _DOSE, "dose changed", f"{_doses(before.dose)} -> {_doses(after.dose)}"
    if (before.alternatives, before.not_alternatives) != (after.alternatives, after.not_alternatives):
        yield _DOSE, "alternatives changed", f"{_list(before.alternatives)} -> {_list(after.alternatives)}"
    if (before.conditions, before.fallback) != (after.conditions, after.fallback):
        yield _DOSE, "conditions changed", after.summary
    if before.monitor != after.monitor:
        yield ACTIONS.index("monitor"), "monitoring changed", f"{_list(before.monitor)} -> {_list(after.monitor)}"
    if old.row.strength != new.row.strength:
        yield _WORDING, "strength changed", f"{old.row.strength or 'not stated'} -> {new.row.strength or 'not stated'}"
    if _worded(old.row) != _worded(new.row):
        yield _WORDING, "wording changed", after.summary


def _worded(row: Row) -> tuple[str, str, tuple[tuple[str, str], ...]]:
    return row.advice.summary, row.advice.detail, tuple((each.effect, each.summary) for each in row.implications)


def _phenotypes(old: KnowledgeBase, new: KnowledgeBase) -> Iterator[Change]:
    before, after = _rules(old), _rules(new)
    for key in sorted(before.keys() | after.keys()):
        gene, what = key
        was, now = before.get(key, "no rule"), after.get(key, "no rule")
        if was != now:
            yield Change(_PHENOTYPE, gene, f"phenotype rule changed: {what}: {was} -> {now}")


def _rules(base: KnowledgeBase) -> dict[tuple[str, str], str]:
    found: dict[tuple[str, str], str] = {}
    for gene, rules in base.guidance.phenotypes.items():
        found |= {(gene, f"activity score {score}"): term for score, term in rules.by_score.items()}
        found |= {
            (gene, f"unlisted activity scores {'from' if each.inclusive else 'above'} {float(each.start):g}"): each.term
            for each in rules.ranges
        }
        found |= {
            (gene, trait): stated
            for trait, stated in (
                ("adjusted by inhibitors", "yes" if rules.adjusted_by_inhibitors else ""),
                ("activity to be measured", rules.measure_activity),
                ("inhibited as", rules.inhibited_as),
            )
            if stated
        }
        found |= {(gene, " + ".join(pair)): term for pair, term in rules.by_functions.items()}
    for gene, terms in base.guidance.dpwg_terms.items():
        found |= {(gene, f"DPWG reads {ours}"): theirs for ours, theirs in terms.items()}
    return found


def _alleles(old: KnowledgeBase, new: KnowledgeBase) -> Iterator[Change]:
    for gene in sorted(old.definitions.keys() & new.definitions.keys()):
        before, after = _named(old, gene), _named(new, gene)
        for name in sorted(before.keys() | after.keys()):
            yield from _allele_changes(gene, name, before.get(name), after.get(name))


def _named(base: KnowledgeBase, gene: str) -> dict[str, tuple[NamedAllele, frozenset[tuple[int, tuple[str, ...]]]]]:
    """Alleles by name, cells by position, since an inserted site renumbers the others."""
    definition = base.definitions[gene]
    places = [site.position for site in definition.sites]
    return {
        allele.name: (allele, frozenset((places[index], bases) for index, bases in allele.cells))
        for allele in definition.alleles
    }


def _allele_changes(gene: str, name: str, old: Any, new: Any) -> Iterator[Change]:
    if old is None or new is None:
        verb, allele = ("added", new[0]) if old is None else ("removed", old[0])
        yield Change(_ALLELE, gene, f"allele {verb}: {name} ({allele.function or 'no function assigned'})")
        return
    (before, was_defined), (after, is_defined) = old, new
    if before.function != after.function:
        was, now = before.function or "not assigned", after.function or "not assigned"
        yield Change(_FUNCTION, gene, f"function changed: {name}: {was} -> {now}")
    if before.activity != after.activity:
        was, now = (str(value) if value else "unknown" for value in (before.activity, after.activity))
        yield Change(_FUNCTION, gene, f"activity value changed: {name}: {was} -> {now}")
    if was_defined != is_defined and not after.is_reference:
        moved = sorted({str(position) for position, _ in was_defined ^ is_defined})
        yield Change(_ALLELE, gene, f"definition changed: {name} at {', '.join(moved)}")
    if before.reported_as != after.reported_as:
        yield Change(_ALLELE, gene, f"reported name changed: {name}: {before.reported_as} -> {after.reported_as}")


def _inhibitors(old: KnowledgeBase, new: KnowledgeBase) -> Iterator[Change]:
    before, after = _statements(old), _statements(new)
    for key in sorted(before.keys() | after.keys()):
        medicine, enzyme, source = key
        was, now = before.get(key, "not listed"), after.get(key, "not listed")
        if was != now:
            yield Change(_INHIBITOR, medicine, f"effect on {enzyme} changed ({source}): {was} -> {now}")


def _statements(base: KnowledgeBase) -> dict[tuple[str, str, str], str]:
    found: dict[tuple[str, str, str], str] = {}
    for each in base.guidance.inhibitors:
        parts = (each.strength, each.factor and f"score x{each.factor}", each.route, each.dose_condition)
        found[each.ingredient, each.enzyme, each.source] = ", ".join(filter(None, parts))
    return found


def _drugs(old: KnowledgeBase, new: KnowledgeBase) -> Iterator[Change]:
    yield from _presence("drug", {drug.name for drug in old.guidance.drugs}, {drug.name for drug in new.guidance.drugs})
    yield from _presence(
        "drug without advice", *({each.name for each in base.guidance.unadvised} for base in (old, new))
    )
    yield from _presence(
        "test asked for", *({each.said for each in base.guidance.required_tests} for base in (old, new))
    )
    yield from _presence("harm", *({each.said for each in base.guidance.harms} for base in (old, new)))


def _limits(old: KnowledgeBase, new: KnowledgeBase) -> Iterator[Change]:
    """What labels and guidelines say of other medicines, age and the like, whatever the genotype."""
    before, after = ({(each.drug, each.key, each.source): each for each in base.guidance.limits} for base in (old, new))
    for key in sorted(before.keys() | after.keys()):
        was, now = before.get(key), after.get(key)
        one = now or was
        if one is not None and was != now:
            verb = "added" if was is None else "removed" if now is None else "changed"
            action = one.action.replace("_", " ")
            yield Change(
                seriousness(one.action), one.drug, f"limit {verb} ({one.source}; {one.key}): {action}: {one.says}"
            )


def _guidelines(old: KnowledgeBase, new: KnowledgeBase) -> Iterator[Change]:
    before, after = ({each.id: each for each in base.guidance.guidelines} for base in (old, new))
    yield from _presence("guideline", set(before), set(after))
    for id_ in sorted(before.keys() & after.keys()):
        if (before[id_].text_as_of, before[id_].pmids) != (after[id_].text_as_of, after[id_].pmids):
            was, now = before[id_].text_as_of or "undated", after[id_].text_as_of or "undated"
            yield Change(_WORDING, id_, f"publication changed: {was} -> {now}")


def _genes(old: KnowledgeBase, new: KnowledgeBase) -> Iterator[Change]:
    yield from _presence("gene", set(old.genes), set(new.genes))
    for gene in sorted(old.definitions.keys() & new.definitions.keys()):
        before, after = (base.definitions[gene] for base in (old, new))
        moved = {site.locus for site in before.sites} ^ {site.locus for site in after.sites}
        if moved:
            places = ", ".join(str(locus.position) for locus in sorted(moved))
            yield Change(_ALLELE, gene, f"positions changed: {places}")
        if (before.tier1_alleles, before.tier1_positions) != (after.tier1_alleles, after.tier1_positions):
            yield Change(_FUNCTION, gene, "tier-1 alleles or positions changed: certainty is judged differently")
        for (trait, was), (_, now) in zip(_traits(before), _traits(after), strict=True):
            if was != now:
                yield Change(_FUNCTION, gene, f"{trait} changed: {was or 'none'} -> {now or 'none'}")


def _traits(definition: GeneDefinition) -> tuple[tuple[str, str], ...]:
    """What decides how the gene is called, in words."""
    return (
        ("inheritance", definition.inheritance),
        ("calling rule", definition.rule),
        ("copy number as part of the genotype", "yes" if definition.copy_number else ""),
        ("deleted allele", definition.deleted_allele),
        ("undocumented bases read as reference", "yes" if definition.undocumented_as_reference else ""),
        ("nomenclatures of outside results", " ".join(definition.nomenclatures)),
    )


def _names(old: KnowledgeBase, new: KnowledgeBase) -> Iterator[Change]:
    before, after = ({drug.name: set(drug.names) for drug in base.guidance.drugs} for base in (old, new))
    for drug in sorted(before.keys() & after.keys()):
        for verb, names in (("added", after[drug] - before[drug]), ("removed", before[drug] - after[drug])):
            if names:
                yield Change(_WORDING, drug, f"names {verb}: {', '.join(sorted(names))}")


def _presence(kind: str, old: set[str], new: set[str]) -> Iterator[Change]:
    for name in sorted(old ^ new):
        yield Change(_COVERAGE, name, f"{kind} {'added' if name in new else 'removed'}")


def _action(advice: Advice) -> str:
    return advice.action.replace("_", " ")


def _list(texts: tuple[str, ...]) -> str:
    return ", ".join(texts) or "none"


def _doses(doses: tuple[Dose, ...]) -> str:
    return "; ".join(map(_dose, doses)) or "usual dose"


def _dose(dose: Dose) -> str:
    limits = {
        "x": dose.factor,
        "at least x": dose.factor_min,
        "at most x": dose.factor_max,
        "": dose.value,
        "at most ": dose.max,
    }
    numbers = [f"{word}{value:g}" for word, value in limits.items() if value is not None]
    return " ".join(filter(None, (dose.basis, *numbers, dose.unit)))


def _population(code: str, old: KnowledgeBase, new: KnowledgeBase) -> str:
    shown: Mapping[str, str] = {**old.guidance.populations, **new.guidance.populations}
    return shown.get(code, code)
