"""Whoever is called among many has the results of a report of their own."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from starling.assessment import Options
from starling.cohort.call.calling import call_evidence
from starling.cohort.collect.evidence import Evidence
from starling.cohort.collect.reading import read_shard
from starling.cohort.run import Order, call
from starling.errors import InputError
from starling.serial.encoding import drug_fields, gene_fields
from tests.bundled import bundled_engine
from tests.cohort.tables import Tables
from tests.genotyping.reading import site_maps, text_of
from tests.simulators.equivalents import STYLES, render
from tests.simulators.people import person


def results_by_report(files: list[str], options: Options) -> dict[str, dict[str, object]]:
    people = bundled_engine().assess_all(files, options=options)
    return {each.sample: {one.gene: gene_fields(one) for one in each.genes} for each in people}


#: Every way of writing a person; each run tries every third.
WAYS = [
    pytest.param(number, style, id=f"{number}-{style}", marks=[pytest.mark.exhaustive] if number % 3 else [])
    for number, style in enumerate(sorted(STYLES))
]


@pytest.mark.parametrize(("number", "style"), WAYS)
def test_every_way_of_writing_a_person(number: int, style: str, tmp_path: Path) -> None:
    paths = [str(path) for path in render(person(3 + number % 2), STYLES[style], tmp_path)]
    options = Options(absent_is_reference="force") if style == "sites_only" else Options()
    skipped = read_shard(paths, {}, tmp_path / "evidence.parquet", bundled_engine(), options)
    assert skipped == ()
    called = call_evidence(Evidence(tmp_path / "evidence.parquet"), bundled_engine())
    found = {
        sample: {gene: gene_fields(own[called.codes[gene][place]].result) for gene, own in called.patterns.items()}
        for place, sample in enumerate(called.people)
    }
    assert found == results_by_report(paths, options)


#: What callers write at one site: (FORMAT, INFO, a column for each person).
EVIDENCE = [
    (
        "GT:AD:DP:GQ:PL",
        ".",
        ["0/0:30,0:30:90:0,90,900", "0/0:30,0:30:90:30,0,300", "1/1:15,15:30:99:900,99,0", "0/0:.:.:.:."],
    ),
    ("GT:DP:GQ", ".", ["0/0:30:99", "0/1:.:.", "0/0/1:30:99", "0/0:.:."]),
    ("GT:GP:DS", ".", ["0|0:1,0,0:0", "1|1:0,0.5,0.5:1.5", "0|1:0,0.99,0.01:1", "0|0:0.7,0.3,0:0.3"]),
    ("GT:PSL", ".", ["0|1:a,a", "0|1:a,b", "0|0:.,.", "1|1:."]),
    ("GT:PL", "DP=40", ["0/0:0,90,900", "0/0:0,3,30", "0/1:90,0,90", "1/1:30,3,0"]),
    ("GT:AD:DP:VAF:AF", ".", ["0/0:30,0:30:0.5:0.5", "0/0:.:30:0.5:.", "1/1:.,.:30:.:0.6", "0/1:28,2:30:0.5:0.5"]),
    ("GT:NR:NV", ".", ["0/0:30:0", "0/0:30:15", "1/1:30:18", "0/0:.:."]),
    ("GT:DP:RD:AD:FREQ", "DP4=9,9,9,9", ["0/0:30:30:0:0%", "0/0:30:15:15:50%", "0/1:30:28:2:6%", "1/1:30:0:30:100%"]),
]


@pytest.mark.parametrize("together", [True, False], ids=["one file", "a file each"])
def test_support_counts_alike(tmp_path: Path, together: bool) -> None:
    """Depths, likelihoods, probabilities, and what a column lacks: read once for many, or for each."""
    names = [f"S{number}" for number in range(4)]
    places = [
        "chr6 18143724 C G",
        "chr6 18130687 T C,G",
        "chr6 18138997 C T",
        "chr1 97450058 C T",
        "chr10 94781859 G A",
        "chr10 94780653 G A",
        "chr10 94842866 A G",
        "chr10 94761900 C T",
    ]
    rows = [(f"{place} {keys}", own, info) for place, (keys, info, own) in zip(places, EVIDENCE, strict=True)]
    segment = ("chr6 18000001 N . GT:CN", ["0/0:2"] * 4, "END=18200000")
    groups = [names] if together else [[name] for name in names]
    paths = []
    for group in groups:
        path = tmp_path / f"{group[0]}.vcf"
        lines = [
            f"{head} {';'.join(own[names.index(name)] for name in group)} PASS {info}"
            for head, own, info in (segment, *rows)
        ]
        path.write_text(text_of(lines, samples=group, header="##reference=GRCh38"), encoding="utf-8")
        paths.append(str(path))
    assert read_shard(paths, {}, tmp_path / "evidence.parquet", bundled_engine(), Options()) == ()
    called = call_evidence(Evidence(tmp_path / "evidence.parquet"), bundled_engine())
    found = {
        sample: {gene: gene_fields(own[called.codes[gene][place]].result) for gene, own in called.patterns.items()}
        for place, sample in enumerate(called.people)
    }
    assert found == results_by_report(paths, Options())


@pytest.mark.needs_data("1kgp_pgx_cohort_3202.vcf.gz")
@pytest.mark.parametrize("step", [40, pytest.param(1, marks=pytest.mark.exhaustive)])
def test_every_person_of_the_panel(data_file: Callable[[str], Path], tmp_path: Path, step: int) -> None:
    """All genes of every `step`-th of 3,202 people who are called together; of every 80th also the advice."""
    from starling.guidance.recommendation import Advisor

    panel = data_file("1kgp_pgx_cohort_3202.vcf.gz")
    options = Options(build="GRCh38")
    done = call(Order((str(panel),), tmp_path / "calls.parquet", options))
    tables, engine = Tables(done.outputs), bundled_engine()
    known = tables.parsed_patterns()
    advisor = Advisor(engine.knowledge.guidance)
    assert len(tables.people) == 3202
    chosen = tuple(tables.people)[::step]
    for number, genotypes in enumerate(engine.read(panel, options, samples=chosen).samples):
        own = {gene: engine.call(gene, genotypes, options) for gene in engine.knowledge.genes}
        results = engine.interpreted(own, own)
        patterns = tables.people[genotypes.sample]
        assert {each.gene: each for each in results} == {gene: known[gene, name] for gene, name in patterns.items()}
        if number * step % 80 == 0:
            said = {each.drug: drug_fields(each) for each in advisor.recommend(results)}
            assert tables.advice_for(patterns) == json.loads(json.dumps(said))


def test_a_directory_of_genomes_shares_patterns(tmp_path: Path) -> None:
    """gVCFs of different people begin and end their blocks anywhere; who has the same alleles has one pattern."""
    folder = tmp_path / "in"
    folder.mkdir()
    for seed in (5, 6):
        own = folder / str(seed)
        own.mkdir()
        for path in render(person(seed), STYLES["gvcf_gatk"], own):
            path.rename(folder / f"{seed}-{path.name}")
    done = call(Order((str(folder),), tmp_path / "calls.parquet", workers=1))
    assert done.people == 2
    tables = Tables(done.outputs)
    assert set(tables.people) == {"P005", "P006"}


def wrong(chromosome: str, count: int) -> list[str]:
    """Records that write another base than the genome's at known sites."""
    slots = sorted(site_maps().of("GRCh38").chromosomes[chromosome].bases.items())
    return [f"{chromosome} {position} A G 0/1" for position, slot in slots if slot.reference == "G"][:count]


#: Of each person several files, of which the first is that of everybody: where nothing is wrong, CYP3A5 is *1/*1.
FILES: dict[str, list[list[str]]] = {
    "believed": [["chr10 94781859 G A 0/1"]],
    "lifted": [["chr10 94842866 G A 0/1"]],
    "contradicted": [wrong("chr10", 1), wrong("chr6", 1)],
    "of_another_genome": [wrong("chr10", 5), wrong("chr6", 5)],
}


def test_the_files_of_one_person_are_believed_together(tmp_path: Path) -> None:
    """The records of CYP3A5 are alike; what another file shows sets their people apart."""
    everybody = ["chr7 99640000 A <NON_REF> GT 0/0 PASS END=99690000"]
    paths: dict[str, list[str]] = {}
    for name, files in FILES.items():
        for number, records in enumerate([everybody, *files]):
            path = tmp_path / f"{name}.{number}.vcf"
            path.write_text(text_of(records, samples=[name], header="##reference=GRCh38"), encoding="utf-8")
            paths.setdefault(name, []).append(str(path))
    evidence = tmp_path / "evidence.parquet"
    skipped = read_shard([path for own in paths.values() for path in own], {}, evidence, bundled_engine(), Options())
    called = call_evidence(Evidence(evidence), bundled_engine())
    found = {
        sample: {gene: gene_fields(own[called.codes[gene][place]].result) for gene, own in called.patterns.items()}
        for place, sample in enumerate(called.people)
    }
    refused = paths.pop("of_another_genome")
    assert found == results_by_report([path for own in paths.values() for path in own], Options())
    certain = {sample: own["CYP3A5"]["phenotype_certain"] for sample, own in found.items()}
    assert certain == {"believed": True, "lifted": False, "contradicted": False}
    assert skipped == ()
    assert [each.source for each in called.skipped] == ["of_another_genome"]
    with pytest.raises(InputError) as caught:
        results_by_report(refused, Options())
    assert caught.value.code == "REFERENCE_DIFFERS"
