"""Source tables -> one SQLite file, the same bytes from the same facts.

Row order, comments in other files and the clock leave no trace: rows are sorted, cells normalised, the page layout is
fixed and the header field that names the SQLite library is blanked.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from starling.assessment import KnowledgeStamp
from starling.condition_keys import genes_in
from starling.definitions import DIPLOTYPE, AlleleMasks
from starling.errors import KnowledgeError
from starling.knowledge.inspect import check_tables
from starling.knowledge.intervals import last_position, parse_hgvs
from starling.knowledge.others import others_of
from starling.knowledge.seal import APPLICATION_ID, SCHEMA_VERSION, digests, normalised, stamp_of
from starling.knowledge.tables import OUTSIDE, TRAITS, TableRow, Tables, natural, read_tables
from starling.knowledge.values import allele_reader, parse_key, sites_of
from starling.masks import masks_of

_GUIDELINE: Final = ("guideline", "source", "clinpgx_id", "genes", "pmids", "text_as_of", "checked_on")
_SCHEMA: Final = Path(__file__).with_name("schema.sql")

Values = tuple[str | int, ...]


def compile_knowledge(source: Path, target: Path) -> KnowledgeStamp:
    """`target` holds the facts of `source`, or is untouched.

    Raises: KnowledgeError when a table is missing or breaks an invariant (the first ten are named), or when `target`
    cannot be written.
    """
    tables = read_tables(source)
    violations = check_tables(tables)
    if violations:
        shown = "; ".join(map(str, violations[:10]))
        more = f"; and {len(violations) - 10} more" if len(violations) > 10 else ""
        raise KnowledgeError("KNOWLEDGE_INVALID", shown + more)
    content = list(_content(tables))
    sealed = sorted(each for table, rows in content for each in digests(table, rows))
    content.append(("digest", list(sealed)))
    version, signed_by = tables["version"][0].values.values()
    names = version, _as_of(tables), max(_checks(tables)), signed_by
    stamp = KnowledgeStamp(version, stamp_of(names, sealed), *names[1:])
    _publish(content, stamp, target)
    return stamp


def _content(tables: Tables) -> Iterator[tuple[str, list[Values]]]:
    """Every table of schema.sql except `meta` and `digest`, by name, its rows in key order."""
    made: dict[str, Iterable[Values]] = {
        "gene": _genes(tables),
        "exception": _plain(tables["gene_exceptions"]),
        "alias": _plain(tables["aliases"]),
        "priority": _plain(tables["unphased_priorities"]),
        "trait": _traits(tables),
        "phenotype_rule": _rules(tables),
        "score_range": _plain(tables["score_ranges"]),
        "uninformative": _uninformative(tables),
        "dpwg_term": _plain(tables["dpwg_terms"]),
        "population": _plain(tables["populations"]),
        "guideline": _guidelines(tables),
        "drug": _drugs(tables),
        "drug_exception": _plain(tables["drug_exceptions"]),
        "medicine_name": (*_plain(tables["drug_names"]), *_plain(tables["inhibitor_names"])),
        "inhibitor": _plain(tables["inhibitors"]),
        "stated_limit": (
            tuple(row[name] for name in ("drug", "key", "source", "action", "says"))
            for row in (*tables["interactions"], *tables["label_conditions"])
        ),
        "condition_gene": _condition_genes(tables),
        "indication": _plain(tables["indications"]),
        "contig": _plain(tables["contigs"]),
        "contig_length": ((r["build"], r["chromosome"], int(r["length"])) for r in tables["contig_lengths"]),
        "known_gap": _plain(tables["known_gaps"]),
        "required_test": _plain(tables["required_tests"]),
        "harm": _plain(tables["harm"]),
        "term": _plain(tables["terminology"]),
        "upstream": _plain(tables["upstream"]),
        "upstream_difference": _plain(tables["upstream_differences"]),
    }
    for name in sorted(made):
        yield name, sorted(made[name])


def _plain(rows: Sequence[TableRow]) -> list[Values]:
    return [tuple(row.values.values()) for row in rows]


def _genes(tables: Tables) -> Iterator[Values]:
    variants, alleles = tables.by_gene("variants"), tables.by_gene("alleles")
    ignored = {(row["gene"], row["value"]) for row in tables["gene_exceptions"] if row["kind"] == "ignored_allele"}
    read = allele_reader()
    cells: dict[tuple[str, str], dict[int, str]] = {}
    for row in tables["allele_definitions"]:
        cells.setdefault((row["gene"], row["allele"]), {})[int(row["pos_grch38"])] = row["bases"]
    for row in tables["genes"]:
        if row["called_from"] == OUTSIDE:
            continue
        gene = row["gene"]
        sites = sorted(_site(variant) for variant in variants[gene] if variant["role"] != "extra")
        extra = sorted(_site(variant) for variant in variants[gene] if variant["role"] == "extra")
        index = {site[0]: number for number, site in enumerate(sites)}
        named = [
            _allele(one, cells.get((gene, one["allele"]), {}), index)
            for one in sorted(alleles[gene], key=_reading_order)
        ]
        span = int(row["start_grch38"]), int(row["end_grch38"])
        stated = gene, row["chrom"], *span, row["reference_allele"], row["data_version"]
        made = sites_of(gene, row["chrom"], _json(sites)), read(_json(named))
        masks = masks_of(*made, frozenset(allele for of, allele in ignored if of == gene))
        fields = [getattr(masks, name) for name in AlleleMasks.__slots__]
        yield *stated, _json(sites), _json(extra), _json(named), _json(fields)


def _traits(tables: Tables) -> Iterator[Values]:
    for row in tables["genes"]:
        yield from ((row["gene"], trait, row[trait]) for trait in ("chrom", *TRAITS) if row[trait])


def _site(row: TableRow) -> list[Any]:
    position, ref, alts = int(row["pos_grch38"]), row["ref"], row["alts"].split(",")
    last = last_position(position, ref, alts, parse_hgvs(row["hgvs_g"]))
    return [position, ref, alts, row["rsid"] or None, last, int(row["pos_grch37"]), row["ref_grch37"] or None]


def _allele(row: TableRow, cells: Mapping[int, str], index: Mapping[int, int]) -> list[Any]:
    places = sorted(cells)
    named = row["reported_as"] or row["allele"]
    flags = row["is_reference"] == "yes", row["is_structural"] == "yes"
    found = [index[place] for place in places], [cells[place] for place in places]
    return [row["allele"], *found, row["function"], row["activity_value"], named, *flags]


def _reading_order(row: TableRow) -> tuple[bool, bool, tuple[tuple[int, int, str], ...]]:
    return row["is_reference"] != "yes", row["is_structural"] == "yes", natural(row["allele"])


def _rules(tables: Tables) -> Iterator[Values]:
    for row in tables["phenotype_rules"]:
        first, second = row["function_1_or_score"], row["function_2"]
        if second:
            first, second = sorted((first, second))
        yield row["gene"], row["method"], first, second, row["phenotype"]


def _uninformative(tables: Tables) -> Iterator[Values]:
    """Uninformative results with the alleles that make them: those of the reference allele's function."""
    alleles = tables.by_gene("alleles")
    for row in tables["uninformative_results"]:
        own = alleles[row["gene"]]
        function = next(each["function"] for each in own if each["is_reference"])
        usual = sorted({each["reported_as"] or each["allele"] for each in own if each["function"] == function})
        yield row["gene"], row["phenotype"], row["says"], row["unless"], "\t".join(usual)


def _guidelines(tables: Tables) -> Iterator[Values]:
    """Guidelines with their drugs and rows, and the advice and implications that the rows name."""
    advice = {record.id: record.values for record in tables.records["advice.jsonl"]}
    implications = {record.id: record.values for record in tables.records["implications.jsonl"]}
    drugs = _drugs_of_guidelines(tables)
    rows = tables.by_guideline("recommendations")
    for row in tables["guidelines"]:
        own = sorted((_recommendation(each) for each in rows.get(row["guideline"], ())), key=_row_order)
        named = sorted({fields[4] for fields in own}), sorted({each for fields in own for each in fields[5].split()})
        implied = [
            [each, *(str(implications[each].get(key, "")) for key in ("gene", "effect", "summary", "magnitude"))]
            for each in named[1]
        ]
        stated = [row[key] for key in _GUIDELINE]
        texts = _json(drugs[row["guideline"]]), _json(_row_tables(own))
        yield *stated, *texts, _json([advice[each] for each in named[0]]), _json(implied)


def _recommendation(row: TableRow) -> list[str]:
    return [row[key] for key in ("drug", "population", "strength", "when", "advice", "implications")]


def _row_tables(rows: Iterable[Sequence[str]]) -> list[list[Any]]:
    """Rows of one drug and population that ask about the same genes as one table, its cells column by column.

    So a reader looks a row up without making the others: drug, population, genes; then for each gene what the rows ask
    of it, and of each row the strength, the advice and the implications.
    """
    tables: dict[tuple[str, str, tuple[str, ...]], list[tuple[str, ...]]] = {}
    for drug, population, strength, when, advice, implications in rows:
        keys = [parse_key(part) for part in when.split(" & ")]
        asked = [DIPLOTYPE + key.key if key.is_diplotype else key.key for key in keys]
        place = drug, population, tuple(key.gene for key in keys)
        tables.setdefault(place, []).append((*asked, strength, advice, implications))
    return [[*place, *map(list, zip(*cells, strict=True))] for place, cells in tables.items()]


def _row_order(fields: Sequence[str]) -> tuple[str, str, tuple[tuple[int, int, str], ...]]:
    return fields[0], fields[1], natural(fields[3])


def _drugs_of_guidelines(tables: Tables) -> dict[str, list[str]]:
    """Guideline -> its drugs; a flow has no rows, so its drugs are those named in its identifier."""
    rows = tables.by_guideline("recommendations")
    names = [row["drug"] for row in tables["drugs"]]
    stated = [row["guideline"] for row in tables["guidelines"]]
    return {
        id_: sorted({row["drug"] for row in rows.get(id_, ())} or {n for n in names if n.replace(" ", "-") in id_})
        for id_ in stated
    }


def _drugs(tables: Tables) -> Iterator[Values]:
    """Drugs with the guidelines that speak of them, so that a question about one drug reads only those."""
    guidelines, others = _drugs_of_guidelines(tables), others_of(tables)
    genes = {row["guideline"]: row["genes"].split() for row in tables["guidelines"]}
    known = {row["gene"] for row in tables["genes"]}
    spoken = {
        row["drug"]: [id_ for id_, drugs in guidelines.items() if row["drug"] in drugs] for row in tables["drugs"]
    }
    for row in tables["drugs"]:
        beside = {gene for other in others[row["drug"]] for id_ in spoken.get(other, ()) for gene in genes[id_]} & known
        advised = [other for other in others[row["drug"]] if other in spoken]
        mentioned = [other for other in others[row["drug"]] if other not in spoken]
        named = " ".join(sorted(spoken[row["drug"]])), "", "|".join(advised), "|".join(mentioned)
        yield *row.values.values(), *named, " ".join(sorted(beside))
    for row in tables["drugs_without_advice"]:
        yield row["drug"], row["rxnorm"], row["atc"], "", row["reason"], "", "", ""


def _condition_genes(tables: Tables) -> set[Values]:
    """The genes on which conditions of a drug's advice depend: by them, too, one patient differs from another."""
    keys = {
        record.id: [each.get("key", "") for each in record.values.get("conditions", ())]
        for record in tables.records["advice.jsonl"]
    }
    asked = [(row["drug"], key) for row in tables["recommendations"] for key in keys[row["advice"]]]
    asked += [(row["drug"], row["key"]) for row in (*tables["interactions"], *tables["label_conditions"])]
    return {(drug, each.gene, "yes" if each.of_diplotypes else "") for drug, key in asked for each in genes_in(key)}


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _as_of(tables: Tables) -> str:
    """The date of the newest gene data, and of the oldest check of a guideline: they are not equally new."""
    genes = max(row["data_version"][:10] for row in tables["genes"])
    return f"{genes} (alleles), {min(_checks(tables))} (guidelines)"


def _checks(tables: Tables) -> list[str]:
    return [row["checked_on"] for row in tables["guidelines"]]


def _publish(content: Sequence[tuple[str, list[Values]]], stamp: KnowledgeStamp, target: Path) -> None:
    """`target` is complete or unchanged: written under a temporary name, synced, renamed."""
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        _write(content, stamp, temporary)
        data = normalised(temporary.read_bytes())
        with temporary.open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(target)
    except (OSError, sqlite3.Error) as error:
        raise KnowledgeError("OUTPUT_UNWRITABLE", f"{target.name}: cannot be written ({error})") from error
    finally:
        temporary.unlink(missing_ok=True)


def _write(content: Sequence[tuple[str, list[Values]]], stamp: KnowledgeStamp, path: Path) -> None:
    path.unlink(missing_ok=True)
    meta = [
        ("as_of", stamp.as_of),
        ("checked_on", stamp.checked_on),
        ("signed_by", stamp.signed_by),
        ("sha256", stamp.sha256),
        ("version", stamp.version),
    ]
    filled: list[tuple[str, Sequence[Values]]] = [*content, ("meta", meta)]
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        for pragma in (
            "page_size = 4096",
            "encoding = 'UTF-8'",
            "journal_mode = OFF",
            "auto_vacuum = NONE",
            f"application_id = {APPLICATION_ID}",
            f"user_version = {SCHEMA_VERSION}",
        ):
            database.execute(f"PRAGMA {pragma}")
        database.executescript(_SCHEMA.read_text(encoding="utf-8"))
        database.execute("BEGIN")
        for table, rows in filled:
            if rows:
                marks = ", ".join("?" * len(rows[0]))
                database.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)  # noqa: S608 -- own table names
        database.execute("COMMIT")
        database.execute("VACUUM")
