"""Simulated patients: what is written is what was asked for, in every layout, and reading it gives the truth back."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from starling import Options, assess
from starling.errors import InputError
from starling.knowledge.base import KnowledgeBase
from starling_workshop.simulation import Layout, Request, genotypes, simulate, truth, write_truth, write_vcf

KNOWLEDGE = KnowledgeBase.open()
LAYOUTS = {
    "plain": Layout(),
    "gvcf": Layout(gvcf=True),
    "GRCh37": Layout(build="GRCh37"),
    "GRCh37 gvcf": Layout(build="GRCh37", gvcf=True),
}


@pytest.mark.parametrize("suffix", [".vcf", ".vcf.gz"])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("sex", ["female", "male"])
def test_the_truth_comes_back(layout: str, suffix: str, sex: str, tmp_path: Path) -> None:
    """Phased, every gene reports the diplotype it was made from."""
    request = Request(seed=11, sex=sex)  # type: ignore[arg-type]
    patient = simulate(KNOWLEDGE.definitions, request)
    path = tmp_path / f"patient{suffix}"
    write_vcf(patient, path, LAYOUTS[layout], KNOWLEDGE.contig_lengths)
    found = {gene.gene: gene for gene in assess(path, options=Options(sex=request.sex)).genes}
    for gene in patient.genes:
        assert tuple(sorted(gene.reported)) in {tuple(sorted(pair)) for pair in found[gene.gene].diplotypes}, gene.gene


def test_the_same_request_gives_the_same_patient() -> None:
    """A seed is a patient; naming one gene leaves the others as they are."""
    first = simulate(KNOWLEDGE.definitions, Request(seed=5))
    assert first == simulate(KNOWLEDGE.definitions, Request(seed=5))
    named = simulate(KNOWLEDGE.definitions, Request(seed=5, diplotypes={"TPMT": ("*3A", "*1")}))
    assert [gene.gene for gene, other in zip(first.genes, named.genes, strict=True) if gene != other] in (["TPMT"], [])


def test_every_gene_is_off_reference() -> None:
    """By default no gene has the reference on both haplotypes."""
    for gene in simulate(KNOWLEDGE.definitions, Request(seed=3)).genes:
        assert any(name != gene.definition.reference for name in gene.alleles)


def test_males_have_one_x_and_everyone_one_mitochondrial_genome() -> None:
    """chrX of a male and chrM are haploid."""
    for sex, copies in (("male", 1), ("female", 2)):
        patient = simulate(KNOWLEDGE.definitions, Request(sex=sex))  # type: ignore[arg-type]
        ploidy = {gene.gene: len(gene.haplotypes) for gene in patient.genes}
        assert (ploidy["G6PD"], ploidy["MT-RNR1"], ploidy["TPMT"]) == (copies, 1, 2)


@pytest.mark.parametrize(
    ("diplotypes", "code"),
    [
        ({"CYP9Z9": ("*1", "*1")}, "UNKNOWN_GENE"),
        ({"CYP2D6": ("*5", "*1")}, "UNKNOWN_NAME"),
        ({"TPMT": ("*1",)}, "BAD_OPTION"),
    ],
)
def test_what_bases_cannot_express_is_refused(diplotypes: dict[str, tuple[str, ...]], code: str) -> None:
    """A gene deletion is no base: asking for it is an error, not a reference allele."""
    with pytest.raises(InputError) as caught:
        simulate(KNOWLEDGE.definitions, Request(diplotypes=diplotypes))
    assert caught.value.code == code


def test_missing_sites_and_truth_files(tmp_path: Path) -> None:
    """A missing site is absent or `./.`, never reference; the truth is written beside."""
    patient = simulate(KNOWLEDGE.definitions, Request(seed=1, diplotypes={"CYP3A5": ("*3", "*3")}))
    locus = next(site.locus for site in KNOWLEDGE.definitions["CYP3A5"].sites if site.rsid == "rs776746")
    assert locus not in genotypes(patient, missing=frozenset({locus})).genotypes
    layout = Layout(missing=frozenset({locus}))
    texts = []
    for name, each in (("absent", layout), ("nocall", replace(layout, missing_as="nocall"))):
        write_vcf(patient, tmp_path / f"{name}.vcf", each, KNOWLEDGE.contig_lengths)
        texts.append((tmp_path / f"{name}.vcf").read_text())
    assert f"\t{locus.position}\t" not in texts[0]
    assert texts[1].split(f"\t{locus.position}\t")[1].split("\n")[0].endswith("./.")
    write_truth(patient, tmp_path / "truth.json")
    assert json.loads((tmp_path / "truth.json").read_text()) == truth(patient)
    with pytest.raises(InputError):
        write_truth(patient, tmp_path / "none" / "truth.tsv")
