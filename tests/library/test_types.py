"""What a type checker sees of the library; `make types` reads this file, and the calls are made here, too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import assert_type

import starling

EXAMPLE = Path(starling.__file__).parent / "examples" / "example.vcf"


def test_the_public_names_have_their_types() -> None:
    engine = starling.Engine.bundled()
    assert_type(engine, starling.Engine)
    options = starling.Options(build="GRCh38")
    person = starling.assess(EXAMPLE, drugs="codeine", medication=["paroxetine"], options=options, knowledge=engine)
    assert_type(person, starling.Assessment)
    assert_type(person.drug("codeine"), starling.DrugResult)
    assert_type(person.gene("CYP2D6"), starling.GeneResult)
    assert_type(person.gene("CYP2D6").phenotype, str | None)
    assert_type(person.drug("codeine").recommendations, tuple[starling.Recommendation, ...])
    assert_type(starling.assess_all(EXAMPLE, samples="EXAMPLE", knowledge=engine), Iterator[starling.Assessment])
    assert_type(starling.from_json(starling.to_json(person)), starling.Assessment)
    texts = (person.to_json(), person.to_tsv(), person.to_html(), starling.to_html(person, short=True))
    assert_type(texts, tuple[str, str, str, str])
    assert_type(starling.genes(knowledge=engine), tuple[str, ...])
    assert_type(starling.explain("codeine", knowledge=engine), str)
    assert_type(starling.find_drug("Plavix", knowledge=engine), str)
    assert all(texts)


def test_the_package_says_that_it_is_typed() -> None:
    assert (Path(starling.__file__).parent / "py.typed").is_file()
