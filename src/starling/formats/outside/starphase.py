"""pb-StarPhase: JSON with every diplotype that fits, or the table of two columns that it writes for PharmCAT.

`simple_diplotypes` are the same under the names of core alleles, where there are any.  `NO_MATCH` is no call, and
`Multiple/Multiple` in the table stands for several; tandems have brackets there.  HLA alleles have no gene before them.
Source: github.com/PacificBiosciences/pb-StarPhase docs/user_guide.md (output files), src/data_types/starphase_json.rs,
src/data_types/pgx_diplotypes.rs.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from starling.formats.outside.content import Text, Tool, cells, either, fields_of, items_of, text_of
from starling.vocabulary import OutsideCall


def _is_json(text: Text) -> bool:
    return fields_of(text.document).keys() >= {"pbstarphase_version", "gene_details"}


def _read_json(text: Text) -> Iterator[OutsideCall]:
    for gene, details in fields_of(fields_of(text.document)["gene_details"]).items():
        exact, simple = (items_of(fields_of(details).get(name)) for name in ("diplotypes", "simple_diplotypes"))
        pairs = [fields_of(each) for each in simple or exact]
        stated = either(text_of(pair.get("diplotype")) or _joined(pair) for pair in pairs)
        yield OutsideCall(gene, stated or "NO_MATCH")


def _joined(pair: dict[str, object]) -> str:
    return "/".join(filter(None, (text_of(pair.get("hap1")), text_of(pair.get("hap2")))))


def _is_table(text: Text) -> bool:
    return text.head == ("#gene", "diplotype")


def _read_table(text: Text) -> Iterator[OutsideCall]:
    for number, line in text.filled[1:]:
        fields = cells(line)
        if len(fields) != 2:
            raise text.wrong("a row of pb-StarPhase has gene and diplotype", number)
        yield OutsideCall(fields[0], fields[1] or "NO_MATCH", line=number)


TOOLS: Final = (
    Tool("pb-StarPhase", _is_json, _read_json, marks=('"pbstarphase_version"',)),
    Tool("pb-StarPhase", _is_table, _read_table),
)
