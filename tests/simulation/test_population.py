"""Synthetic populations have the frequencies that were asked for, and are read as what they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from starling.errors import InputError
from starling.library import assess_all
from starling_workshop.simulation.population import Population, read_frequencies, write_population
from tests.bundled import bundled_knowledge

SHARES = {"CYP2C19": {"*2": 0.3, "*17": 0.2}, "TPMT": {"*3A": 0.5}, "MT-RNR1": {"m.1555A>G": 0.3}}


def written(folder: Path, people: int, shards: int = 1, seed: int = 5) -> tuple[Path, ...]:
    knowledge = bundled_knowledge()
    population = Population(people, shards, seed, SHARES)
    return write_population(population, knowledge.definitions, knowledge.contig_lengths["GRCh38"], folder / "p.vcf.gz")


def truth(folder: Path) -> list[dict[str, str]]:
    header, *rows = (line.split("\t") for line in (folder / "p.people.tsv").read_text().splitlines())
    return [dict(zip(header, row, strict=True)) for row in rows]


def test_a_report_finds_the_truth(tmp_path: Path) -> None:
    (path,) = written(tmp_path, 20)
    for person, row in zip(assess_all(str(path)), truth(tmp_path), strict=True):
        assert person.sample == row["sample"]
        calls = {each.gene: each for each in person.genes}
        for gene in ("CYP2C19", "TPMT"):
            assert sorted(calls[gene].diplotypes[0]) == sorted(row[gene].split("/"))
        assert calls["MT-RNR1"].label == row["MT-RNR1"]


def test_frequencies_are_those_asked_for(tmp_path: Path) -> None:
    written(tmp_path, 4000)
    haplotypes = [allele for row in truth(tmp_path) for allele in row["CYP2C19"].split("/")]
    for allele, share in SHARES["CYP2C19"].items():
        # five standard errors of 8,000 draws
        assert (
            abs(haplotypes.count(allele) / len(haplotypes) - share) < 5 * (share * (1 - share) / len(haplotypes)) ** 0.5
        )
    males = sum(row["sex"] == "male" for row in truth(tmp_path))
    assert abs(males / 4000 - 0.5) < 5 * 0.5 / 4000**0.5


def test_equal_requests_give_equal_bytes(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("a", "b")]
    for folder in folders:
        folder.mkdir()
        written(folder, 50, shards=3)
    for name in ("p-1.vcf.gz", "p-2.vcf.gz", "p-3.vcf.gz", "p.people.tsv"):
        assert (folders[0] / name).read_bytes() == (folders[1] / name).read_bytes()


def test_shards_hold_everybody_once(tmp_path: Path) -> None:
    paths = written(tmp_path, 11, shards=3)
    names = [person.sample for path in paths for person in assess_all(str(path))]
    assert names == [row["sample"] for row in truth(tmp_path)] == [f"P{number:02}" for number in range(1, 12)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("gene\tallele\n", "f.tsv:1: the first line must be"),
        ("gene\tallele\tfrequency\nCYP2C19\t*2\n", "f.tsv:2: 2 columns"),
        ("gene\tallele\tfrequency\nCYP2C19\t*2\tmany\n", "f.tsv:2: frequency is 'many'"),
        ("gene\tallele\tfrequency\nCYP2C19\t*2\t0.7\nCYP2C19\t*3\t0.4\n", "f.tsv:3: the frequencies of CYP2C19"),
        ("gene\tallele\tfrequency\nCYP2C19\t*2\tnan\n", "f.tsv:2: the frequencies of CYP2C19"),
        ("gene\tallele\tfrequency\nCYP2C19\t*999\t0.1\n", "f.tsv:2: CYP2C19 '.999' is no allele"),
        ("gene\tallele\tfrequency\nBRCA1\t*2\t0.1\n", "f.tsv:2: 'BRCA1' is no gene"),
        ("gene\tallele\tfrequency\nTPMT\t*2\t0.1\nTPMT\t*2\t0.1\n", "f.tsv:3: TPMT .2 stands here twice"),
    ],
)
def test_a_wrong_table_is_refused_with_its_line(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "f.tsv"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_frequencies(path, bundled_knowledge().definitions)


def test_nothing_is_left_when_it_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(InputError) as raised:
        written(tmp_path / "missing", 3)
    assert raised.value.code == "OUTPUT_UNWRITABLE"
