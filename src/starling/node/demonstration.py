"""Synthetic patients of known truth, taken in, reviewed and released as real ones would be."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path
from typing import Any, Final

from starling.engine import Engine
from starling.extras import need
from starling.node import opening
from starling.node.amendment import AMENDED
from starling.node.intake import Intake
from starling.node.layout import Layout
from starling.node.records import Records
from starling.node.service import Node
from starling.node.settings import Settings
from starling.node.values import Principal, Specimen

PEOPLE: Final = 20
_FIRST: Final = ("Ada", "Ben", "Clara", "David", "Emma", "Felix", "Greta", "Hugo", "Ida", "Jonas")
_LAST: Final = (
    "Amsel",
    "Buchfink",
    "Dompfaff",
    "Erlenzeisig",
    "Girlitz",
    "Habicht",
    "Kleiber",
    "Meise",
    "Star",
    "Zeisig",
)


def specimen_of(number: int) -> Specimen:
    """What is said of the material of one of them; the same number, the same person."""
    chance = random.Random(f"patient {number}")  # noqa: S311 -- a reproducible demonstration, nothing secret
    female = number % 2 == 0
    return Specimen(
        identifier=f"DEMO-{number:04}", second_identifier=f"INS-{chance.randrange(10**8):08}",
        specimen=f"EDTA-{number:04}", laboratory="Demonstration laboratory",
        name=f"{_FIRST[number % len(_FIRST)]} {chance.choice(_LAST)}",
        birth_date=f"{chance.randrange(1935, 2005)}-{chance.randrange(1, 13):02}-{chance.randrange(1, 29):02}",
        sex="female" if female else "male",
    )  # fmt: skip


def file_of(engine: Engine, number: int, folder: Path) -> Path:
    """The file of one of them; its truth is what `starling simulate --seed NUMBER` says it is."""
    workshop: Any = need("starling_workshop.simulation", "simulate")
    request = workshop.Request(sample=f"DEMO-{number:04}", seed=number, sex=specimen_of(number).sex)
    patient = workshop.simulate(engine.knowledge.definitions, request)
    path = folder / f"demo-{number:04}.vcf"
    workshop.write_vcf(patient, path, workshop.Layout(), engine.knowledge.contig_lengths)
    return path


def take_in_patients(layout: Layout, settings: Settings, records: Records, people: int = PEOPLE) -> None:
    """So many of them, released.  Raises: InputError EXTRA_MISSING without the workshop."""
    engine = Engine.open(settings.knowledge or None)
    node = Node(layout, settings, records, opening.open_log(layout, settings, records), engine)
    intake = Intake(node)
    first, second = (
        Principal(name=f"laboratory-{each}", role="laboratory", site=settings.site, way="process") for each in (1, 2)
    )
    records.keep_secret(AMENDED, engine.knowledge.stamp.sha256.encode())
    with tempfile.TemporaryDirectory() as folder:
        for number in range(1, people + 1):
            path = file_of(engine, number, Path(folder))
            job = node.files.submit(first, path.name, [path.read_bytes()], specimen_of(number)).job
            intake.take(job.id)
            node.files.review(first, job.id)
            node.files.release(second, job.id)
