"""The matcher and the oracle, which share nothing but the rules, agree on random people of real genes."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from starling.calling.matching import match
from starling.calling.phasing import observe
from starling.definitions import GeneDefinition
from starling.values import replace
from starling.vocabulary import SampleGenotypes
from tests.calling.oracle import FunctionPair, Oracle
from tests.calling.sampling import View, heterozygous, random_truth, seeded, shown
from tests.calling.support import definitions, person, table_of, toy

#: gene, how many people per view; the large tables are slow for an oracle that looks at every cell
PEOPLE = {
    "CACNA1S": 30,
    "CYP2B6": 12,
    "CYP2C19": 20,
    "CYP2C9": 6,
    "CYP2D6": 5,
    "CYP3A5": 30,
    "G6PD": 3,
    "NAT2": 15,
    "NUDT15": 20,
    "SLCO1B1": 20,
    "TPMT": 12,
    "UGT1A1": 40,
    "VKORC1": 20,
}
VIEWS = {
    "complete": View(),
    "phased": View(phase_sets=1),
    "two phase sets": View(phase_sets=2),
    "sites missing": View(missing=0.25),
    "most sites missing": View(missing=0.8),
    "phased, sites missing": View(missing=0.3, phase_sets=1),
    "half-called": View(half=0.5, missing=0.1),
    "mutated": View(mutated=0.03, missing=0.1),
}
#: groups that may branch, so that the oracle ends soon; a half-called site also branches over its other base
BRANCHES = {"half-called": 3}


@cache
def oracle(gene: str) -> Oracle:
    return Oracle(definitions()[gene])


def agrees(oracle: Oracle, sample: SampleGenotypes, *, keep_all: bool) -> None:
    table = table_of(oracle.definition)
    told = oracle.ask(sample, keep_all=keep_all)
    found = match(table, observe(table, sample), keep_all=keep_all)
    assert {"/".join(sorted(each.alleles)) for each in found.best} == told.best
    assert set(found.cannot_exclude) == told.hidden - {name for each in found.best for name in each.alleles}
    representatives: dict[FunctionPair, str] = {}
    for each in found.consistent:
        name = "/".join(sorted(each.diplotype.alleles))
        assert name in told.everything, "a representative that does not fit the data"
        functions = told.everything[name]
        assert functions not in representatives, "two representatives of one pair of functions"
        representatives[functions] = each.why.value
    assert representatives == (told.others() if told.best else {})


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("gene", PEOPLE)
def test_matcher_and_oracle_agree(gene: str, view: str) -> None:
    random = seeded(f"{gene} {view}")
    definition, checked = definitions()[gene], 0
    for _ in range(PEOPLE[gene] * 20):
        sample = shown(definition, random_truth(definition, random), VIEWS[view], random)
        if heterozygous(sample) <= BRANCHES.get(view, 6):
            agrees(oracle(gene), sample, keep_all=gene == "NAT2" and random.random() < 0.5)
            checked += 1
        if checked == PEOPLE[gene]:
            return
    pytest.fail(f"only {checked} people of {gene} were simple enough to check")


@pytest.mark.parametrize("view", ["complete", "sites missing", "mutated"])
def test_matcher_and_oracle_agree_on_one_x(view: str) -> None:
    random = seeded(view)
    definition, how = definitions()["G6PD"], VIEWS[view]
    how = View(missing=how.missing, mutated=how.mutated, haploid=True)
    for _ in range(12):
        sample = shown(definition, random_truth(definition, random, haploid=True), how, random)
        agrees(oracle("G6PD"), sample, keep_all=False)


CELLS = st.sampled_from([".", ".", "A", "T", "T", "G", "A/T", "T/G"])
GENOTYPES = st.sampled_from(
    ["A/A", "A/A", "A/T", "T/A", "T/T", "A|T", "T|A", "A|G:2", "T|A:2", "A/G", "A/C", ".", "-", "T/.", "G/."]
)


@st.composite
def toy_people(draw: st.DrawFn) -> tuple[GeneDefinition, SampleGenotypes]:
    """A table of up to six alleles and five sites, wobbles and identical rows included, and anybody's genotypes."""
    sites = draw(st.integers(1, 5))
    rows = [" ".join(str(101 + site) for site in range(sites)), "*1 N | " + " ".join("A" * sites)]
    for number in range(draw(st.integers(1, 5))):
        cells = draw(st.lists(CELLS, min_size=sites, max_size=sites).filter(lambda cells: set(cells) != {"."}))
        rows.append(f"*{number + 2} {draw(st.sampled_from('NDI'))} | {' '.join(cells)}")
    gene = draw(st.sampled_from(["TOY", "TPMT"]))  # TPMT reads undocumented bases as reference
    definition = replace(toy("\n".join(rows), gene=gene), undocumented_as_reference=gene == "TPMT")
    return definition, person(definition, {101 + site: draw(GENOTYPES) for site in range(sites)})


@given(toy_people(), st.booleans())
@settings(max_examples=400)
def test_matcher_and_oracle_agree_on_any_table(people: tuple[GeneDefinition, SampleGenotypes], keep_all: bool) -> None:
    definition, sample = people
    agrees(Oracle(definition), sample, keep_all=keep_all)
