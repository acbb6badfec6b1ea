"""The two steps of a file that take long, as a lane does them: they compute, and change nothing."""

from __future__ import annotations

from pathlib import Path

from starling.engine import Engine
from starling.node import answers, evidence
from starling.node.spool import in_memory, unsealed
from starling.node.values import Origin, Specimen
from starling.values import dataclass
from starling.vocabulary import SampleGenotypes


@dataclass(frozen=True, slots=True)
class Draft:
    """What a file says: the packed assessment and its digest, and what may speak against the patient.

    `wrong_sex`: chrX speaks against the sex stated.  `told`, `differing`: as `evidence.compared`
    has it of this and the earlier test; 0 without one.
    """

    packed: bytes
    result_sha256: str
    wrong_sex: bool
    told: int
    differing: int


def read(engine: Engine, spooled: Path, key: bytes, name: str, specimen: Specimen) -> tuple[bytes, Origin]:
    """What is kept of a sealed file, and what it was.  Raises: InputError, the sender's."""
    with in_memory(name, unsealed(spooled, key)) as path:
        origin = evidence.origin_of(path, engine, specimen)
        return evidence.kept(path, engine, specimen), origin


def call(engine: Engine, tested: answers.Tested, earlier: answers.Tested | None) -> Draft:
    """The assessment of what is kept.  `earlier`: the patient's released test.  Raises: InputError, the sender's."""
    assessment, found = answers.with_genotypes(engine, tested)
    told, differing = evidence.compared(found, _genotypes(engine, earlier)) if earlier else (0, 0)
    return Draft(
        packed=answers.packed(assessment),
        result_sha256=assessment.result_sha256,
        wrong_sex=evidence.sex_contradicts(found, tested.specimen.sex),
        told=told,
        differing=differing,
    )


def _genotypes(engine: Engine, earlier: answers.Tested) -> SampleGenotypes:
    with earlier.opened() as path:
        return evidence.one_person(engine, path, earlier.specimen)
