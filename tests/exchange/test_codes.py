"""Codes for other systems: confirmed ones alone, and the traps that public code falls into."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from starling.engine import Engine
from starling.exchange.codes import Codes

TABLE = Path(__file__).resolve().parents[2] / "knowledge-base" / "terminology.tsv"


@pytest.fixture(scope="module")
def codes() -> Codes:
    return Codes.of(Engine.bundled().knowledge)


def rows() -> list[dict[str, str]]:
    with TABLE.open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


def test_what_is_not_confirmed_cannot_be_asked_for(codes: Codes) -> None:
    unconfirmed = [(row["kind"], row["name"]) for row in rows() if row["confirmed"] == "no"]
    assert unconfirmed
    assert [codes.term(*each) for each in unconfirmed] == [None] * len(unconfirmed)


def test_every_confirmed_row_is_there_as_it_stands_in_the_table(codes: Codes) -> None:
    confirmed = {(row["kind"], row["name"]): row for row in rows() if row["confirmed"] == "yes"}
    assert {key: (term.system, term.code, term.display) for key, term in codes.terms.items()} == {
        key: (row["system"], row["code"], row["display"]) for key, row in confirmed.items()
    }


def test_every_gene_has_a_code(codes: Codes) -> None:
    genes = Engine.bundled().knowledge.genes
    assert [gene for gene in genes if codes.term("gene", gene) is None] == []


def test_a_code_of_hgnc_is_never_the_number_of_the_same_gene_at_ncbi(codes: Codes) -> None:
    """1806 is the NCBI number of DPYD, and of another gene at HGNC; a public table confuses them."""
    dpyd = codes.term("gene", "DPYD")
    assert dpyd is not None and dpyd.code == "HGNC:3012"


def test_every_chromosome_of_a_gene_has_one_sequence_of_grch38(codes: Codes) -> None:
    places = {definition.chromosome for definition in codes.definitions.values()}
    assert places <= codes.sequences.keys()
    assert codes.sequences["chr10"] == "NC_000010.11"
    assert codes.sequences["chrM"] == "NC_012920.1"


def test_drugs_without_a_code_of_rxnorm_have_none(codes: Codes) -> None:
    clopidogrel = codes.rxnorm("clopidogrel")
    assert clopidogrel is not None and clopidogrel.code == "32968"
    assert codes.rxnorm("flucloxacillin") is None
