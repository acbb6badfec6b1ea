"""The ground that was compiled is that of the definitions, and says what the maps of sites say."""

from __future__ import annotations

import pytest

from starling.gene_places import ground_of
from starling.source.sites import BaseSlot, site_map
from starling.vocabulary import BuildName
from tests.bundled import bundled_knowledge


@pytest.mark.parametrize("build", ["GRCh38", "GRCh37"])
def test_what_files_are_held_against_is_made_of_the_definitions(build: BuildName) -> None:
    knowledge = bundled_knowledge()
    assert knowledge.ground(build) == ground_of(knowledge.definitions.values(), build)
    assert knowledge.about(["codeine"]).ground(build) is knowledge.ground(build)


@pytest.mark.parametrize("build", ["GRCh38", "GRCh37"])
def test_the_ground_says_what_the_map_of_all_sites_says(build: BuildName) -> None:
    knowledge = bundled_knowledge()
    ground, sites = knowledge.ground(build), site_map(knowledge.definitions.values(), build)
    assert {name: own.spans for name, own in ground.items()} == sites.spans
    for name, own in sites.chromosomes.items():
        assert ground[name].positions == own.positions
        assert ground[name].bases == {at: slot.reference or slot.words[0] for at, slot in own.bases.items()}
        assert all(isinstance(slot, BaseSlot) for slot in own.bases_between(own.positions[0], own.positions[-1]))
        assert list(ground[name].between(own.positions[0] + 1, own.positions[-1])) == own.positions[1:]
