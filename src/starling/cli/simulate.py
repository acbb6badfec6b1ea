"""`simulate`: synthetic patients with known truth; the work is done by the distribution starling-pgx-workshop."""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from starling.cli.arguments import add_knowledge, build_name, knowledge_path
from starling.cli.screen import ProgressBar
from starling.errors import InputError
from starling.extras import need
from starling.knowledge.base import KnowledgeBase
from starling.vocabulary import Locus

_EXAMPLES: Final = (
    "\nexamples:\n  starling simulate -o patient.vcf --seed 7\n"
    "  starling simulate -o patient.vcf.gz --diplotype 'CYP2C19=*2/*17' \\\n      --others reference --build GRCh37\n"
    "  starling simulate -o people.vcf.gz --people 10000 --shards 4 \\\n      --frequencies frequencies.tsv\n"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What it takes."""
    parser.epilog = _EXAMPLES
    parser.add_argument("-o", "--output", required=True, metavar="FILE", help=".vcf or .vcf.gz (bgzip)")
    parser.add_argument("--truth", metavar="FILE", help="what a correct program must report (.json or .tsv)")
    parser.add_argument("--diplotype", action="append", default=[], metavar="GENE=A/B", help="may be repeated")
    parser.add_argument("--others", choices=("reference", "random"), default="random", help="genes not named")
    parser.add_argument("--sample", default="SIMULATED", metavar="NAME", help="name of the sample column")
    parser.add_argument("--seed", type=int, default=0, help="the same seed gives the same patient")
    parser.add_argument("--sex", choices=("male", "female"), default="female", help="one X or two")
    parser.add_argument(
        "--build", type=build_name, choices=("GRCh38", "GRCh37"), default="GRCh38", help="coordinates and bases"
    )
    parser.add_argument("--unphased", action="store_true", help="do not say which bases share a chromosome")
    parser.add_argument("--missing", type=float, default=0.0, metavar="SHARE", help="share of sites left out (0 to 1)")
    parser.add_argument("--gvcf", action="store_true", help="reference blocks, as gVCF")
    many = parser.add_argument_group("a population instead of one patient (phased, GRCh38)")
    many.add_argument("--people", type=int, metavar="N", help="how many")
    many.add_argument("--frequencies", metavar="TSV", help="gene, allele, frequency; the rest is reference")
    many.add_argument("--shards", type=int, default=1, metavar="N", help="files to write (default 1)")
    add_knowledge(parser)


def run(arguments: argparse.Namespace) -> int:
    """Writes a synthetic patient and, when asked, the truth."""
    workshop = need("starling_workshop.simulation", "simulate")
    knowledge = KnowledgeBase.open(knowledge_path(arguments.knowledge))
    if arguments.people is not None or arguments.frequencies is not None:
        return _population(arguments, knowledge)
    if not 0 <= arguments.missing <= 1:
        raise InputError("BAD_OPTION", "is a share between 0 and 1", source="--missing")
    request = workshop.Request(
        sample=arguments.sample,
        seed=arguments.seed,
        sex=arguments.sex,
        diplotypes=dict(_diplotypes(arguments.diplotype)),
        others=arguments.others,
    )
    patient = workshop.simulate(knowledge.definitions, request)
    loci = [site.locus for definition in knowledge.definitions.values() for site in definition.sites]
    layout = workshop.Layout(
        build=arguments.build,
        phased=not arguments.unphased,
        missing=_left_out(loci, arguments.missing, arguments.seed),
        gvcf=arguments.gvcf,
    )
    workshop.write_vcf(patient, Path(arguments.output), layout, knowledge.contig_lengths)
    if arguments.truth:
        workshop.write_truth(patient, Path(arguments.truth))
    return 0


def _population(arguments: argparse.Namespace, knowledge: KnowledgeBase) -> int:
    """Many people instead of one."""
    workshop = need("starling_workshop.simulation.population", "simulate")
    if arguments.people is None or arguments.frequencies is None:
        raise InputError("BAD_OPTION", "--people and --frequencies belong together", source="simulate")
    if not arguments.output.endswith(".vcf.gz"):
        raise InputError("BAD_OPTION", "must end in .vcf.gz for a population", source="--output")
    shares = workshop.read_frequencies(Path(arguments.frequencies), knowledge.definitions)
    population = workshop.Population(arguments.people, arguments.shards, arguments.seed, shares)
    bar = ProgressBar("simulating", unit="people")
    try:
        paths = workshop.write_population(
            population, knowledge.definitions, knowledge.contig_lengths["GRCh38"], Path(arguments.output), bar
        )
    finally:
        bar.close()
    print(f"{arguments.people:,} people in {len(paths)} file(s)")
    return 0


def _diplotypes(texts: Iterable[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for text in texts:
        gene, separator, alleles = text.partition("=")
        if not separator:
            raise InputError("BAD_OPTION", f"{text!r} is not GENE=ALLELE/ALLELE", source="--diplotype")
        yield gene, tuple(alleles.split("/"))


def _left_out(loci: list[Locus], share: float, seed: int) -> frozenset[Locus]:
    chosen = random.Random(f"missing {seed}")  # noqa: S311 -- a reproducible simulation, nothing secret
    return frozenset(locus for locus in loci if chosen.random() < share)
