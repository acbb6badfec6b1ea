"""The answers of LOINC that are read are those that are written."""

from __future__ import annotations

from starling.engine import Engine
from starling.formats.outside.loinc import PHENOTYPES


def test_what_is_read_is_what_the_table_of_codes_says() -> None:
    terms = Engine.bundled().knowledge.terms
    assert {term.code: name for (kind, name), term in terms.items() if kind == "phenotype"} == PHENOTYPES
