"""PharmCAT: the table `report.tsv`, and the JSON of its phenotyper and reporter.

Its own outside-call table (gene, diplotype, phenotype, activity score) is a laboratory's table to us.  Where PharmCAT
lists variants that it could not put on two strands (`A AND B`) the phenotype that it looked up by counts.
Source: pharmcat.clinpgx.org, using/Calls-Only-TSV; PharmCAT reporter/format/CallsOnlyFormat.java.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from starling.formats.outside.content import Text, Tool, cells, either, fields_of, items_of, text_of
from starling.vocabulary import OutsideCall

_NEEDED: Final = frozenset({"gene", "source diplotype", "phenotype"})
_NOTHING: Final = frozenset({"", "n/a", "no result"})


def _header(text: Text) -> tuple[int, tuple[str, ...]]:
    """The line of the columns, below one that names the version, and their names; (0, ()) when there is none."""
    for number, line in text.filled[:5]:
        names = tuple(cell.casefold() for cell in cells(line))
        if set(names) >= _NEEDED:
            return number, names
    return 0, ()


def _is_table(text: Text) -> bool:
    return bool(_header(text)[1])


def _read_table(text: Text) -> Iterator[OutsideCall]:
    at, header = _header(text)
    for number, line in text.filled:
        if number <= at:
            continue
        fields = cells(line)
        row = dict(zip(header, (*fields, *[""] * len(header)), strict=False))
        diplotype = row["source diplotype"]
        listed = " AND " in diplotype
        phenotype = _one(row["phenotype"]) or _one(row.get("recommendation lookup phenotype", ""))
        score = _one(row.get("activity score", "")) or _one(row.get("recommendation lookup activity score", ""))
        yield OutsideCall(
            row["gene"],
            "" if listed else diplotype.replace(" OR ", " or "),
            "" if " OR " in diplotype else phenotype,
            "" if " OR " in diplotype else score,
            sample=row.get("sample id", ""),
            note=f"it lists {diplotype} without saying which lie on one chromosome" if listed else "",
            line=number,
        )


def _one(text: str) -> str:
    """A term or score that stands alone; empty for several and for none."""
    return "" if " / " in text or text.casefold() in _NOTHING else text


def _reports(text: Text) -> Mapping[str, object]:
    """Gene -> its report, whether by gene or (until 2.x) by source and gene; CPIC's where two sources report."""
    document = fields_of(text.document)
    found: dict[str, object] = {}
    for key, value in (fields_of(document.get("geneReports")) or fields_of(document.get("genes"))).items():
        if "sourceDiplotypes" in fields_of(value):
            found.setdefault(key, value)
            continue
        for gene, report in fields_of(value).items():
            if "sourceDiplotypes" in fields_of(report):
                found.setdefault(gene, report)
    return found


def _is_json(text: Text) -> bool:
    return bool(_reports(text))


def _read_json(text: Text) -> Iterator[OutsideCall]:
    metadata = fields_of(fields_of(text.document).get("matcherMetadata"))
    sample = text_of(metadata.get("sampleId"))
    for gene, report in _reports(text).items():
        own = [fields_of(each) for each in items_of(fields_of(report)["sourceDiplotypes"])]
        looked_up = [fields_of(each) for each in items_of(fields_of(report).get("recommendationDiplotypes"))]
        named = [_label(each) for each in own]
        listed = len(named) > 1 and not any("/" in each for each in named)
        lead = own if len(own) == 1 else looked_up if listed and len(looked_up) == 1 else []
        yield OutsideCall(
            gene,
            "" if listed else either(named),
            _one(text_of((items_of(lead[0].get("phenotypes")) or [None])[0])) if lead else "",
            _one(text_of(lead[0].get("activityScore"))) if lead else "",
            sample=sample,
            note=f"it lists {' and '.join(named)} without saying which lie on one chromosome" if listed else "",
        )


def _label(diplotype: Mapping[str, object]) -> str:
    alleles = (fields_of(diplotype.get(each)) for each in ("allele1", "allele2"))
    names = [text_of(allele.get("name")) for allele in alleles]
    return "/".join(filter(None, names)) or text_of(diplotype.get("label"))


TOOLS: Final = (
    Tool("PharmCAT", _is_table, _read_table),
    Tool("PharmCAT", _is_json, _read_json, marks=('"geneReports"', '"pharmcatVersion"', '"matcherMetadata"')),
)
