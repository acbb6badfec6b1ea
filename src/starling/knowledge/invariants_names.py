"""Invariants of medicine names, inhibitors, chromosome names and codes for other systems."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from starling.knowledge.invariants_genes import at
from starling.knowledge.names import plain_name
from starling.knowledge.tables import TableRow, Tables, Violation

BUILDS: Final = frozenset({"GRCh37", "GRCh38"})
CHROMOSOMES: Final = frozenset({*(f"chr{number}" for number in range(1, 23)), "chrX", "chrY", "chrM"})
_KINDS: Final = frozenset({"synonym", "brand"})
_CLASSES: Final = frozenset({"strong", "moderate", "weak", "strong inducer", "moderate inducer", "weak inducer"})
#: what an inhibitor class does to the activity score of a gene that is adjusted; empty: listed only, another source
#: decides.  Source: PMID 31647186, PMID 27997040
_FACTORS: Final = {"strong": "0", "moderate": "0.5"}


def medicine_names(tables: Tables) -> Iterator[Violation]:
    """A name answers to one medicine, whatever its case and hyphens; it is no drug's name and no code."""
    ingredients = {row["ingredient"] for row in tables["inhibitors"]}
    advised = {row["drug"] for row in tables["drugs"]}
    drugs = advised | ({row["drug"] for row in tables["drugs_without_advice"]} - ingredients)
    owner = {plain_name(name): name for name in sorted(ingredients) + sorted(drugs)}
    for row in (*tables["drugs"], *tables["drugs_without_advice"]):
        owner |= {plain_name(code): row["drug"] for code in (row["rxnorm"], *row["atc"].split()) if code}
    for row in (*tables["drug_names"], *tables["inhibitor_names"]):
        medicine = row.values.get("drug") or row["ingredient"]
        if row["kind"] not in _KINDS or not row["source"]:
            yield at(row, "a name is a synonym or a brand and states its source")
        if row.file == "drug_names.tsv" and medicine not in drugs:
            yield at(row, f"{medicine!r} is not in drugs.tsv or drugs_without_advice.tsv")
        if row.file == "inhibitor_names.tsv" and (medicine not in ingredients or medicine in drugs):
            yield at(row, f"{medicine!r} is not an ingredient of inhibitors.tsv, or a drug (then see drug_names.tsv)")
        plain = plain_name(row["name"])
        if "|" in row["name"]:
            yield at(row, "a name holds no |, which stands between names")
        if not plain or plain == plain_name(medicine):
            yield at(row, f"{row['name']!r} says nothing that {medicine!r} does not")
        elif owner.setdefault(plain, medicine) != medicine:
            yield at(row, f"{row['name']!r} already names {owner[plain]}")


def terms(tables: Tables) -> Iterator[Violation]:
    """A code belongs to a system, has a source and is confirmed or not; a gene has no other's."""
    genes = {row["gene"] for row in tables["genes"]}
    owner: dict[str, str] = {}
    for row in tables["terminology"]:
        if not row["system"].startswith("http") or bool(row["code"]) == (row["kind"] == "system"):
            yield at(row, "a term is a code of a system that has an address; a system itself has no code")
        if row["confirmed"] not in {"yes", "no"} or not row["source"] or not row["display"]:
            yield at(row, "a term says how it is shown, states its source, and is confirmed (yes or no)")
        if row["kind"] == "gene" and row["name"] != row["display"]:
            yield at(row, f"the code of {row['name']} is shown as {row['display']!r}")
        if row["kind"] in {"gene", "gene interpretation"} and row["name"] not in genes:
            yield at(row, f"gene {row['name']!r} is not in genes.tsv")
        if row["kind"] == "gene" and owner.setdefault(row["code"], row["name"]) != row["name"]:
            yield at(row, f"{row['code']} is already the code of {owner[row['code']]}")


def plain_drugs(tables: Tables) -> Iterator[Violation]:
    """No two drugs, and no drug and ingredient of another spelling, look alike."""
    owner: dict[str, str] = {}
    named = [(row, row["drug"]) for row in tables["drugs"]]
    for row, name in [*named, *((row, row["ingredient"]) for row in tables["inhibitors"])]:
        if owner.setdefault(plain_name(name), name) != name:
            yield at(row, f"{name!r} is spelled {owner[plain_name(name)]!r} elsewhere")


def inhibitors(tables: Tables) -> Iterator[Violation]:
    """A statement names a gene of this knowledge base, a class, the factor of that class, a source and its date."""
    genes = {row["gene"] for row in tables["genes"]}
    adjusted = {row["gene"] for row in tables["genes"] if row["adjusted_by_inhibitors"]}
    for row in tables["inhibitors"]:
        if row["enzyme"] not in genes:
            yield at(row, f"enzyme {row['enzyme']!r} is not in genes.tsv")
        if row["class"] not in _CLASSES:
            yield at(row, f"class {row['class']!r} is not one of {', '.join(sorted(_CLASSES))}")
        if row["factor"] not in {"", _FACTORS.get(row["class"], "") if row["enzyme"] in adjusted else ""}:
            yield at(row, f"factor {row['factor']!r} is not that of a {row['class']} inhibitor of {row['enzyme']}")
        if not row["ingredient"] or not row["source"] or not re.fullmatch(r"\d{4}(-\d\d){0,2}", row["source_date"]):
            yield at(row, "a statement has an ingredient, a source and the date of the source")


def contigs(tables: Tables) -> Iterator[Violation]:
    """Names lead to a chromosome, lengths cover both builds, and every gene's chromosome is named."""
    for row in tables["contigs"]:
        if row["chromosome"] not in CHROMOSOMES or row["build"] not in {"", *BUILDS}:
            yield at(row, "a name leads to chr1..chr22, chrX, chrY or chrM of GRCh37, GRCh38 or (empty) either")
    stated: dict[tuple[str, str], TableRow] = {}
    for row in tables["contig_lengths"]:
        stated[row["build"], row["chromosome"]] = row
        if not re.fullmatch(r"[1-9]\d+", row["length"]):
            yield at(row, f"{row['length']!r} is not a length in bases")
    expected = {(build, chromosome) for build in BUILDS for chromosome in CHROMOSOMES}
    for build, chromosome in sorted(expected - set(stated)):
        yield Violation("contig_lengths.tsv", 0, f"no length of {chromosome} on {build}")
    for key in sorted(set(stated) - expected):
        yield at(stated[key], f"{' '.join(key)} is not a chromosome of a known build")
    named = {row["name"] for row in tables["contigs"] if row["name"] == row["chromosome"]}
    for row in tables["genes"]:
        if row["chrom"] not in named:
            yield at(row, f"{row['chrom']} does not lead to itself in contigs.tsv")


CHECKS: Final[tuple[Callable[[Tables], Iterable[Violation]], ...]] = (
    medicine_names,
    plain_drugs,
    inhibitors,
    contigs,
    terms,
)
