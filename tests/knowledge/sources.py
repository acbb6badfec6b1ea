"""Files as the sources of the knowledge base distribute them, made here: every sentence of a guideline is invented."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starling.extras import need
from starling.knowledge.base import KnowledgeBase
from starling.knowledge.upstream import text_digest
from tests.facts import rows

#: guideline of the base -> the identifier under which ClinPGx has it
CLINPGX = {row["guideline"]: row["clinpgx_id"] for row in rows("guidelines")}
INVENTED = "<p>Sing 2 songs before each 0.5 mg when the final score is below 1; <em>hum</em> at 50%.</p>"
HEAD = ["Allele/cDNA/rsID", "Sung by", "Activity Value (Optional)", "Allele Clinical Functional Status (Required)"]

Json = dict[str, Any]


@dataclass(frozen=True)
class Said:
    """An invented statement of a source under the key of a real row: `when` and `code` as the base writes the key."""

    guideline: str
    drug: str
    when: str
    keys: Json
    code: str = ""
    population: str | None = None
    strength: str | None = None
    html: str = INVENTED

    @property
    def named(self) -> str:
        """How findings name its row."""
        return f"{self.guideline}: {self.drug}, {self.when}{', ' + self.code if self.code else ''}"

    @property
    def digest(self) -> str:
        """What upstream.tsv holds of it."""
        return text_digest(self.html, self.strength, self.population or "")

    def record(self, number: int = 1) -> Json:
        """As the file of the source has it."""
        return {
            "id": f"PA{number}",
            "lookupKey": [self.keys],
            "relatedChemicals": [{"id": "PA0", "name": self.drug}],
            "population": self.population,
            "classification": {"term": self.strength} if self.strength else None,
            "text": {"html": self.html},
        }


def file_of(folder: Path, data: object, name: str = "guidance.json") -> Path:
    """The document as a file."""
    path = folder / name
    path.write_text(json.dumps(data), encoding="utf-8")
    return path


def guidance(folder: Path, *said: Said) -> Path:
    """A file in which guidelines say this and nothing else."""
    return file_of(folder, guidelines((each.guideline, each.record()) for each in said))


def guidelines(records: Iterable[tuple[str, Json]]) -> Json:
    """Records under their guidelines."""
    grouped: dict[str, list[Json]] = {}
    for guideline, record in records:
        grouped.setdefault(guideline, []).append(record)
    named = [({"id": CLINPGX[each], "name": f"Invented {each}"}, own) for each, own in grouped.items()]
    return {"guidelines": [{"guideline": each, "recommendations": own} for each, own in named]}


def function_rows(base: KnowledgeBase, gene: str) -> list[tuple[str, str, str]]:
    """Allele, function and activity value of every allele, spelled as sources do."""
    return [
        (each.name.replace(">=", "≥"), each.function, str(each.activity or "n/a").replace(">=", "≥"))
        for each in base.definitions[gene].alleles
    ]


def phenotypes(base: KnowledgeBase, gene: str) -> Json:
    """The file of a source that says of a gene what the base says."""
    alleles = function_rows(base, gene)
    return {
        "gene": gene,
        "haplotypes": {name: function for name, function, _ in alleles},
        "activityValues": {name: value for name, _, value in alleles if value != "n/a"},
        "diplotypes": [*by_score(base, gene, alleles[0][0]), *by_functions(base, gene)],
    }


def by_score(base: KnowledgeBase, gene: str, allele: str) -> list[Json]:
    """Diplotypes with every score of the gene."""
    rules = base.guidance.phenotypes[gene].by_score
    return [
        {"diplotypekey": {allele: 2}, "activityScore": score.replace(">=", "≥"), "phenotype": term}
        for score, term in rules.items()
    ]


def by_functions(base: KnowledgeBase, gene: str) -> list[Json]:
    """A diplotype with each pair of functions, or single function, that alleles of the gene have."""
    named = {function: name for name, function, _ in function_rows(base, gene)}
    pairs = []
    for functions, term in base.guidance.phenotypes[gene].by_functions.items():
        if named.keys() >= set(functions):
            counts = {named[each]: functions.count(each) for each in functions}
            pairs.append({"diplotypekey": counts, "activityScore": None, "phenotype": term})
    return pairs


def named_alleles(data: Json) -> Json:
    """The same in the form of 2026: one object for each allele; `haplotypes` holds values where there are any."""
    values = data["activityValues"]
    named = [
        {"name": name, "functionValue": function or None, "activityValue": values.get(name)}
        for name, function in data["haplotypes"].items()
    ]
    return {**data, "namedAlleles": named, "haplotypes": values or data["haplotypes"]}


def definitions(base: KnowledgeBase, gene: str) -> Json:
    """The file of a source that defines the alleles of a gene as the base does, with the last position first."""
    definition = base.definitions[gene]
    places = range(len(definition.sites))[::-1]
    named = []
    for allele in definition.alleles:
        cells = {index: "/".join(bases) for index, bases in allele.cells}
        if not allele.is_structural:
            named.append({"name": allele.name, "alleles": [cells.get(index) for index in places]})
    positions = [{"position": definition.sites[index].position} for index in places]
    return {"gene": gene, "variants": positions, "namedAlleles": named}


def function_table(base: KnowledgeBase, gene: str) -> list[list[str]]:
    """CPIC's table of the alleles to which a function is assigned, as cells."""
    body = [[name, "a choir", value, function] for name, function, value in function_rows(base, gene) if function]
    return [[f"Gene: {gene}"], ["Invented on a Monday"], HEAD, *body]


def write_table(path: Path, cells: list[list[str]]) -> Path:
    """The table in the form that the suffix names; in a spreadsheet numbers are numbers, as people type them."""
    if path.suffix == ".xlsx":
        book = need("openpyxl", "upstream").Workbook()
        for row in cells:
            book.active.append([number_of(cell) for cell in row])
        book.save(path)
        return path
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        csv.writer(stream, delimiter="," if path.suffix == ".csv" else "\t").writerows(cells)
    return path


def number_of(cell: str) -> str | float | int:
    """The number that a cell says, or its text."""
    try:
        number = float(cell)
    except ValueError:
        return cell
    return int(number) if number.is_integer() else number
