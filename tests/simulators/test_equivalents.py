"""The generator itself: every rendering describes the haplotypes that the person has, whatever its spelling."""

from __future__ import annotations

import gzip
import zlib
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import pytest

from tests.simulators import calls as spell
from tests.simulators.blocks import bgzip
from tests.simulators.equivalents import DAMAGES, STYLES, Damage, _Writer, render
from tests.simulators.genome import Edit, changes, edits_of, interval, reference_genome, table_sites
from tests.simulators.people import haplotype_text, person

PEOPLE = (2, 3, 8)


def _written_text(calls: list[spell.Call], build: str, low: int, high: int, haplotype: int) -> str:
    edits = [
        Edit(call.position, call.end, call.word(haplotype))
        for call in calls
        if haplotype < len(call.indices) and call.indices[haplotype] and call.word(haplotype) != "*"
    ]
    inside = sorted(edit for edit in edits if low <= edit.start and edit.end <= high)
    return spell.genome_of(build).apply(calls[0].chromosome, low, high, tuple(inside))


@pytest.mark.parametrize("seed", PEOPLE)
@pytest.mark.parametrize("name", sorted(STYLES))
def test_every_style_describes_the_same_haplotypes(name: str, seed: int) -> None:
    """Applied to the genome of its build, a rendering gives the haplotypes of the person, base for base."""
    who, style = person(seed), STYLES[name]
    calls: dict[str, list[spell.Call]] = defaultdict(list)
    for call in _Writer(who, style, Damage()).calls():
        calls[call.chromosome].append(call)
    for site in table_sites():
        if any(edit is not None for edit in who.edits[site.chromosome, site.position]):
            low, high = interval(site)
            low, high = low - 12, high + 12
            for haplotype in range(who.ploidy(site.chromosome)):
                written = _written_text(calls[site.chromosome], style.build, low, high, haplotype)
                assert written == haplotype_text(who, site.chromosome, low, high, haplotype), site


def test_the_seven_sites_with_another_grch37_reference() -> None:
    """Where the builds differ, homozygous GRCh37 reference means two copies of a GRCh38 variant (CYP3A5 *3)."""
    differ = [site for site in table_sites() if site.ref_grch37 not in {"", site.ref}]
    assert {(site.gene, site.position) for site in differ} == {
        ("CYP2C19", 94842866),
        ("CYP2D6", 42126611),
        ("CYP2D6", 42127941),
        ("CYP2D6", 42129130),
        ("CYP3A5", 99672916),
        ("DPYD", 97883329),
        ("F5", 169549811),
    }
    for site in differ:
        assert spell.genome_of("GRCh37").base(site.chromosome, site.position) == site.ref_grch37


def test_repeats_have_the_bases_of_the_real_genome() -> None:
    """UGT1A1 has seven TA, NUDT15 three GAGTCG; *28 is one TA more, *36 one less."""
    genome = reference_genome()
    assert genome.text("chr2", 233760233, 233760248) == "CA" + "TA" * 7
    assert genome.text("chr13", 48037784, 48037801) == "GAGTCG" * 3
    words = changes()["chr2", 233760233]
    assert words["CAT"] is None
    assert {alt: edit.growth for alt, edit in words.items() if edit} == {"C": -2, "CATAT": 2, "CATATAT": 4}


def test_unknown_hgvs_is_refused() -> None:
    """A description that the parser does not know is never skipped."""
    site = table_sites()[0]
    with pytest.raises(ValueError, match="not understood"):
        edits_of(replace(site, hgvs=("g.1_2inv",)))


@pytest.mark.parametrize("kind", DAMAGES)
def test_damage_changes_only_the_named_sites(kind: str, tmp_path: Path) -> None:
    """A damaged file differs from the whole one in the lines of the damaged sites and nowhere else."""
    who = person(2)
    (tmp_path / "whole").mkdir()
    (tmp_path / "harmed").mkdir()
    site = next(
        site for site in table_sites() if site.gene == "TPMT" and any(who.edits[site.chromosome, site.position])
    )
    harm = Damage(kind, frozenset({(site.chromosome, site.position)}))
    whole = render(who, STYLES["plain"], tmp_path / "whole")[0].read_text().splitlines()
    harmed = render(who, STYLES["plain"], tmp_path / "harmed", harm)[0].read_text().splitlines()
    lost = [line for line in whole if line not in set(harmed)]
    assert len(lost) == 1
    assert lost[0].split("\t")[1] == str(site.position)


def test_bgzf_is_gzip_and_blocks_can_be_read_alone(tmp_path: Path) -> None:
    """Any gzip reader sees the text; any block can be inflated by itself."""
    path = render(person(2), STYLES["bgzf_indexed"], tmp_path)[0]
    plain = render(person(2), STYLES["plain"], tmp_path)[0]
    assert gzip.decompress(path.read_bytes()) == plain.read_bytes()
    assert gzip.decompress(path.with_name(path.name + ".tbi").read_bytes())[:4] == b"TBI\x01"
    packed, offsets = bgzip(plain.read_bytes())
    start, at = offsets[3]
    assert zlib.decompress(packed[at:], wbits=31) == plain.read_bytes()[start : offsets[4][0]]
