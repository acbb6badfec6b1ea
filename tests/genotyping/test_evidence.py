"""The digest of the evidence is the same whoever was written before, and however little is kept of it."""

from __future__ import annotations

import random

import pytest

from starling.genotyping import evidence
from starling.genotyping.evidence import Lines, canonical_lines, evidence_sha256
from starling.values import replace
from starling.vocabulary import Genotype, Locus, SampleGenotypes, State, Why

PLACES = [Locus(f"chr{number % 3 + 1}", 100 + number) for number in range(40)]


def people(count: int) -> list[SampleGenotypes]:
    """People of whom most genotypes are one shared value, and some differ in all that a line says."""
    drawn = random.Random("evidence")
    shared = {place: Genotype(place, ("A", "A"), None, State.CALLED) for place in PLACES}
    changes = [
        lambda genotype: replace(genotype, alleles=("A", "C"), phase_set="chr1"),
        lambda genotype: replace(genotype, alleles=("C", "A"), phase_set=f"set {genotype.locus.position}"),
        lambda genotype: replace(genotype, alleles=("C", "A")),
        lambda genotype: replace(genotype, alleles=(), state=State.NOCALL, seen=("C", ".")),
        lambda genotype: replace(genotype, filled=True),
        lambda genotype: replace(genotype, doubts=(Why.REFERENCE,)),
        lambda genotype: replace(genotype, fractions=(("C", 0.25),)),
    ]
    found = []
    for number in range(count):
        own = {place: drawn.choice(changes)(each) if drawn.random() < 0.2 else each for place, each in shared.items()}
        found.append(SampleGenotypes(f"person {number}", own))
    return found


@pytest.mark.parametrize("kept", [1, 7, 20_000])
def test_lines_that_were_kept_change_no_digest(monkeypatch: pytest.MonkeyPatch, kept: int) -> None:
    monkeypatch.setattr(evidence, "_KEPT_LINES", kept)
    lines = Lines()
    for sample in people(30) * 2:
        assert canonical_lines(sample, lines) == canonical_lines(sample)
        assert evidence_sha256(sample, lines) == evidence_sha256(sample)


def test_a_genotype_made_where_another_was_freed_has_a_line_of_its_own() -> None:
    lines = Lines()
    for base in "ACGT" * 50:
        sample = SampleGenotypes("x", {PLACES[0]: Genotype(PLACES[0], (base, base), None, State.CALLED)})
        assert canonical_lines(sample, lines)[1] == f"chr1\t100\tcalled\t{base}/{base}\t\t\t\t"
