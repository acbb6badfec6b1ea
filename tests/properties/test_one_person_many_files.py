"""One person, many files: every spelling of the same data gives the same genes and the same drugs.

The files come from tests/simulators, which reads `hgvs_g` and a synthetic genome, not the columns the reader uses.
Files that know less may change what is known and how certain it is, never turn one certain term into another.
"""

from __future__ import annotations

import random
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from starling import Assessment, Options
from tests.bundled import bundled_engine
from tests.simulators.equivalents import DAMAGES, NO_DAMAGE, STYLES, Damage, Style, render
from tests.simulators.genome import table_sites
from tests.simulators.people import Person, person

PEOPLE = 50
SAMPLED = (2, 3)
UNPHASED = tuple(name for name in sorted(STYLES) if "mnp" not in name and "atomised" not in name)


def _assess(who: Person, style: Style, damage: Damage = NO_DAMAGE) -> Assessment:
    with TemporaryDirectory() as folder:
        paths = render(who, style, Path(folder), damage)
        options = Options(sex=who.sex)  # type: ignore[arg-type]  # one of two words
        return bundled_engine().assess(paths, sample=who.name, options=options)


@cache
def _baseline(seed: int, *, phased: bool) -> Assessment:
    return _assess(person(seed), Style(phased=phased))


def _differences(seed: int, style: Style) -> list[str]:
    found, expected = _assess(person(seed), style), _baseline(seed, phased=style.phased)
    genes = [
        f"{ours.gene}: {ours} instead of {theirs}"
        for ours, theirs in zip(found.genes, expected.genes, strict=True)
        if ours != theirs
    ]
    drugs = [
        f"{ours.drug}: {ours.headline_action} instead of {theirs.headline_action}"
        for ours, theirs in zip(found.drugs, expected.drugs, strict=True)
        if ours != theirs
    ]
    return genes + drugs


def _without_phase(style: Style) -> Style:
    return replace(style, phased=False)


@pytest.mark.parametrize(("number", "name"), list(enumerate(sorted(STYLES))))
def test_phased(number: int, name: str) -> None:
    """Every rendering of phased data reads like the plain VCF, of one person or another."""
    assert _differences(SAMPLED[number % len(SAMPLED)], STYLES[name]) == []


@pytest.mark.parametrize("name", UNPHASED)
def test_unphased(name: str) -> None:
    """Every rendering of unphased data reads like the plain unphased VCF."""
    assert _differences(4, _without_phase(STYLES[name])) == []


@pytest.mark.exhaustive
@pytest.mark.parametrize("seed", range(PEOPLE))
def test_everyone(seed: int) -> None:
    """All renderings of fifty people, with phase and without."""
    failures = {name: found for name, style in STYLES.items() if (found := _differences(seed, style))}
    failures |= {
        f"{name} unphased": found for name in UNPHASED if (found := _differences(seed, _without_phase(STYLES[name])))
    }
    assert failures == {}


def _false_certainties(seed: int, damage: Damage, *, phased: bool) -> list[str]:
    found = _assess(person(seed), Style(phased=phased), damage)
    whole = {each.gene: each for each in _baseline(seed, phased=phased).genes}
    return [
        f"{each.gene}: certain {each.phenotype} ({each.label}) after {damage.kind}, was {before.phenotype}"
        for each in found.genes
        for before in (whole[each.gene],)
        if each.phenotype_certain and before.phenotype_certain and each.phenotype != before.phenotype
    ]


def _damage(kind: str, who: Person, share: float) -> Damage:
    """Damage at a share of the sites that carry a variant, the ones that matter."""
    rng = random.Random(f"{kind} {who.seed} {share}")
    keys = [(site.chromosome, site.position) for site in table_sites()]
    variant = [key for key in keys if any(edit is not None for edit in who.edits[key])]
    return Damage(kind, frozenset(key for key in variant if rng.random() < share))


@pytest.mark.parametrize("phased", [True, False])
@pytest.mark.parametrize("kind", DAMAGES)
@pytest.mark.parametrize("seed", SAMPLED)
def test_degraded(seed: int, kind: str, phased: bool) -> None:
    """A file that knows less never says something else with certainty."""
    for share in (0.5, 1.0):
        assert _false_certainties(seed, _damage(kind, person(seed), share), phased=phased) == []


@pytest.mark.exhaustive
@pytest.mark.parametrize("seed", range(PEOPLE))
def test_degraded_everyone(seed: int) -> None:
    """All damages of fifty people at several shares."""
    failures = [
        text
        for kind in DAMAGES
        for share in (0.2, 0.5, 1.0)
        for phased in (True, False)
        for text in _false_certainties(seed, _damage(kind, person(seed), share), phased=phased)
    ]
    assert failures == []


@pytest.mark.parametrize("kind", ["dropped", "nocall", "no_depth"])
def test_a_site_without_data_is_never_reference(kind: str) -> None:
    """The trap of CYP3A5: *3 not assayed must not read as *1, whatever the file says instead of data."""
    who = next(who for who in map(person, range(1000)) if sorted(who.alleles["CYP3A5"]) in (["*1", "*3"], ["*3", "*3"]))
    site = next(site for site in table_sites() if (site.gene, site.position) == ("CYP3A5", 99672916))
    result = next(
        gene
        for gene in _assess(who, Style(), Damage(kind, frozenset({(site.chromosome, site.position)}))).genes
        if gene.gene == "CYP3A5"
    )
    assert not result.phenotype_certain
    assert "chr7:99672916" in result.missing_positions
