"""Which position stands for an allele: always the same one."""

from __future__ import annotations

import pytest

from starling.definitions import NamedAllele
from starling.source.analytes import analytes, plain
from tests.bundled import bundled_knowledge

Place = tuple[int, str]


@pytest.mark.parametrize("gene", ["CYP2C9", "CYP2C19", "SLCO1B1", "TPMT"])
def test_of_positions_that_equally_few_alleles_share_the_first_is_looked_at(gene: str) -> None:
    """Not whichever a process happens to meet first, as words are hashed otherwise in each."""
    definition = bundled_knowledge().definitions[gene]
    found, equal = analytes({gene: definition}), 0

    def places(allele: NamedAllele) -> set[Place]:
        cells = ((site, tuple(words)) for site, words in allele.cells)
        return {(site, words[0]) for site, words in cells if definition.sites[site].ref not in words}

    for allele in definition.alleles:
        own, name = places(allele), allele.reported_as or allele.name
        if allele.is_reference or allele.is_structural or not own:
            continue
        others = [places(each) for each in definition.alleles if (each.reported_as or each.name) != name]
        shared = {place: sum(place in other for other in others) for place in own}
        fewest = [place for place in sorted(own) if shared[place] == min(shared.values())]
        equal += len(fewest) > 1
        analyte = found[plain(f"{gene}{allele.name}")]
        looked_at = sorted(own) if analyte.compound else fewest[:1]
        assert analyte.places == tuple((definition.sites[site], word) for site, word in looked_at), allele.name
        assert analyte.compound == any(fewest[0] in other and other < own for other in others)
    assert equal or gene != "CYP2C9"
