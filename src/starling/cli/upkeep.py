"""`simulate`, `doctor`, `completion`: everything around the main job."""

from __future__ import annotations

import argparse
import platform
import random
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from starling._version import __version__
from starling.cli.screen import ProgressBar
from starling.errors import InputError, StarlingError
from starling.vocabulary import Locus

if TYPE_CHECKING:
    from starling.knowledge.base import KnowledgeBase


def simulate(arguments: argparse.Namespace) -> int:
    """Writes a synthetic patient and, when asked, the truth."""
    from starling.engine import bundled_knowledge
    from starling.formats.extras import need

    workshop = need("starling_workshop.simulation", "simulate")
    knowledge = bundled_knowledge()
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
    from starling.formats.extras import need

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


def doctor(_: argparse.Namespace) -> int:
    """Says whether this installation is sound; 3 when the knowledge base is not, 4 when the example fails."""
    sys.stdout.write(f"starling {__version__}, Python {platform.python_version()}, {platform.system()}\n")
    healthy, code = _knowledge_is_sound(), 3
    if healthy:
        healthy, code = _example_works(), 4
    sys.stdout.write("sound\n" if healthy else "NOT sound: see above\n")
    return 0 if healthy else code


def _knowledge_is_sound() -> bool:
    from starling.knowledge.base import KnowledgeBase

    try:
        with KnowledgeBase.open() as base:
            good = base.verify_content()
            sys.stdout.write(f"knowledge base {base.stamp.version}, as of {base.stamp.as_of}: ")
            sys.stdout.write("digest verified\n" if good else "DIGEST WRONG, reinstall or compile again\n")
            return good
    except StarlingError as error:
        sys.stdout.write(f"knowledge base: {error.message}. {error.advice}\n")
        return False


def _example_works() -> bool:
    from starling.engine import assess

    example = Path(__file__).parents[1] / "examples" / "example.vcf"
    assessment = assess(example)
    called = sum(gene.status != "undetermined" for gene in assessment.genes)
    total = sum(assessment.run.timings_ms.values())
    sys.stdout.write(f"example patient: {called} of {len(assessment.genes)} genes called in {total:.0f} ms\n")
    return called > 0


def completion(arguments: argparse.Namespace) -> int:
    """Prints a completion script for a shell."""
    from starling.cli.completion import script

    sys.stdout.write(script(arguments.shell))
    return 0
