"""Synthetic patients with known truth: chosen named alleles become bases, bases become a VCF.

    request --simulate--> SimulatedPatient --write_vcf--> file
                                           --genotypes--> SampleGenotypes (no file)
                                           --truth------> what a correct program must report

Nothing here resembles a real person: bases are drawn from definition tables, never from data.
"""

from __future__ import annotations

from starling_workshop.simulation.patient import (
    Request,
    SimulatedGene,
    SimulatedPatient,
    callable_alleles,
    genotypes,
    haplotype_of,
    simulate,
    truth,
)
from starling_workshop.simulation.write import Layout, write_truth, write_vcf

__all__ = [
    "Layout",
    "Request",
    "SimulatedGene",
    "SimulatedPatient",
    "callable_alleles",
    "genotypes",
    "haplotype_of",
    "simulate",
    "truth",
    "write_truth",
    "write_vcf",
]
