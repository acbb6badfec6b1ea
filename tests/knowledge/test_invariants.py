"""Every invariant has a case that breaks it, and the report names the file and the line."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from starling.knowledge.coverage import check_coverage
from starling.knowledge.inspect import check, check_tables
from starling.knowledge.tables import read_tables
from tests.knowledge.small import SOURCE, read, write

ABACAVIR = "cpic-abacavir-and-hla-b|abacavir|general|Strong|HLA-B=*57:01 negative"
START = {"basis": "starting"}
TPMT = next(row for row in read("genes.tsv") if row["gene"] == "TPMT")


@dataclass(frozen=True)
class Defect:
    """The first row of `table` that begins with `row` (fields joined by `|`) is changed, and `message` is reported.

    `change`: columns or JSON fields to set; None removes the row; a column written `+name` adds a changed copy below.
    `report`: `table:row` of the report where it is not the changed row; `table` alone for a file as a whole.
    """

    table: str
    row: str
    change: dict[str, Any] | None
    message: str
    report: str = ""


def line_of(folder: Path, table: str, row: str) -> int:
    """The line of the first row that begins so (of the record with that id, in a JSON table)."""
    path = next(path for path in folder.iterdir() if path.stem == table)
    lines = path.read_text(encoding="utf-8").splitlines()
    if path.suffix == ".jsonl":
        return next(number for number, line in enumerate(lines, 1) if json.loads(line)["id"] == row)
    rows = enumerate(lines[1:], 2)
    return next(number for number, line in rows if line.replace("\t", "|").startswith(row))


def damage(folder: Path, defect: Defect) -> tuple[str, int]:
    """The folder with the defect; where the report must stand."""
    name = next(path.name for path in folder.iterdir() if path.stem == defect.table)
    line = line_of(folder, defect.table, defect.row)
    if name.endswith(".jsonl"):
        lines = (folder / name).read_text(encoding="utf-8").splitlines()
        lines[line - 1] = json.dumps({**json.loads(lines[line - 1]), **(defect.change or {})})
        (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    else:
        rows = read(name, folder)
        change = {column.lstrip("+"): text for column, text in (defect.change or {}).items()}
        changed = {**rows[line - 2], **change}
        added = any(column.startswith("+") for column in defect.change or {})
        rows[line - 2 : line - 1] = [] if defect.change is None else [rows[line - 2], changed] if added else [changed]
        write(folder, name, rows)
        line += added
    if not defect.report:
        return name, line
    table, _, row = defect.report.partition(":")
    report = next(path.name for path in folder.iterdir() if path.stem == table)
    return report, line_of(folder, table, row) if row else 0


def is_reported(small: Path, defect: Defect) -> None:
    """The check names the file, the line and what is wrong."""
    file, line = damage(small, defect)
    found = check(small)
    matching = [each for each in found if defect.message in each.message]
    assert (file, line) in {(each.file, each.line) for each in matching}, [str(each) for each in found]


DEFECTS = [
    # versions and keys
    Defect("version", "20", {"version": "v2"}, "'v2' is not YEAR.MONTH+NUMBER"),
    Defect("version", "20", {"+version": "2025.11+2"}, "exactly one row states the version", "version"),
    Defect("aliases", "UGT1A1|*60", {"+name": "*6"}, "'UGT1A1 *60' already stands in line"),
    Defect("advice", "A0002", {"id": "A0001"}, "'A0001' already stands in line 1"),
    # genes
    Defect("aliases", "UGT1A1|*60", {"gene": "UGT1A2"}, "gene 'UGT1A2' is not in genes.tsv"),
    Defect("variants", "NUDT15|chr13|48045719", {"chrom": "chr14"}, "NUDT15 lies on chr13, not chr14"),
    Defect("genes", "NUDT15", {"end_grch38": "48037747"}, "start and end are not positions in order"),
    Defect("genes", "NUDT15", {"start_grch38": "early"}, "start and end are not positions in order"),
    Defect("genes", "TPMT", {"n_variants": "1"}, f"n_variants is 1, the tables hold {TPMT['n_variants']}"),
    Defect("genes", "TPMT", {"n_alleles": "1"}, f"n_alleles is 1, the tables hold {TPMT['n_alleles']}"),
    Defect("genes", "TPMT", {"reference_allele": "*2"}, "'*2' is not the one allele marked as reference"),
    # sites
    Defect("variants", "NUDT15|chr13|48045719", {"pos_grch38": "48,045,719"}, "a position is not a number"),
    Defect("variants", "NUDT15|chr13|48045719", {"alts": "C"}, "REF and ALTS are not distinct bases"),
    Defect("variants", "NUDT15|chr13|48045719", {"alts": "T,N"}, "REF and ALTS are not distinct bases"),
    Defect("variants", "NUDT15|chr13|48045719", {"ref_grch37": "A"}, "REF on GRCh37 is A, which is neither"),
    Defect("variants", "NUDT15|chr13|48045719", {"hgvs_g": "c.415C>T"}, "'c.415C>T' is not an HGVS form"),
    Defect("variants", "NUDT15|chr13|48045719", {"hgvs_g": "g.48045719C>G"}, "substitutions differ from REF, ALTS"),
    Defect("variants", "NUDT15|chr13|48040977", {"hgvs_g": "g.48040982_48040983del"}, "changes the length by -2"),
    Defect("variants", "NUDT15|chr13|48040977", {"hgvs_g": "g.48040970del"}, "begins before the VCF anchor"),
    Defect(
        "variants", "NUDT15|chr13|48037782", {"hgvs_g": "g.48037784GAGTCG[2]; g.48037784GAGTCG[5]"}, "repeat counts"
    ),
    Defect("variants", "NUDT15|chr13|48037782", {"hgvs_g": "g.48037784GAGT[2]"}, "not a whole number of repeat units"),
    Defect("variants", "NUDT15|chr13|48045719", {"rsid": "RS116855232"}, "'RS116855232' is not an rsid"),
    Defect("variants", "NUDT15|chr13|48045719", {"role": "decor"}, "role 'decor' is neither allele-defining nor extra"),
    Defect("variants", "NUDT15|chr13|48045719", {"pos_grch37_from": "guess"}, "pos_grch37_from 'guess' is not one of"),
    Defect("genes", "NUDT15", {"end_grch38": "48045770"}, "lies outside its gene", "variants:NUDT15|chr13|48045771"),
    # alleles and definitions
    Defect("alleles", "TPMT|*1|", {"is_reference": "YES"}, "are `yes` or empty"),
    Defect("alleles", "CYP2C9|*2|", {"activity_value": "half"}, "activity value 'half' is neither"),
    Defect("alleles", "CYP2C9|*2|", {"activity_value": "-0.5"}, "activity value '-0.5' is neither"),
    Defect("alleles", "CYP2C9|*2|", {"activity_value": "1/0"}, "activity value '1/0' is neither"),
    Defect("alleles", "TPMT|*2|", {"is_structural": "yes"}, "TPMT *2 is structural but has a definition"),
    Defect("allele_definitions", "TPMT|*2|", None, "TPMT *2 has no definition", "alleles:TPMT|*2|"),
    Defect("allele_definitions", "TPMT|*2|", {"allele": "*200"}, "TPMT *200 is not in alleles.tsv"),
    Defect("allele_definitions", "TPMT|*2|", {"pos_grch38": "1"}, "TPMT 1 is not an allele-defining site"),
    Defect("allele_definitions", "TPMT|*2|", {"ref": "A"}, "REF is A, in variants.tsv C"),
    Defect("allele_definitions", "TPMT|*2|", {"bases": "G/T"}, "T is neither REF nor one of ALTS"),
    Defect(
        "allele_definitions",
        "TPMT|*1|chr6|18143724",
        {"bases": "G"},
        "*1 does not accept REF here",
        "variants:TPMT|chr6|18143724",
    ),
    Defect(
        "allele_definitions",
        "TPMT|*2|",
        {"pos_grch38": "18130687", "ref": "T", "bases": "C"},
        "TPMT *3C has the definition of *2",
        "alleles:TPMT|*3C|",
    ),
    Defect("allele_definitions", "TPMT|*2|", {"bases": "C"}, "TPMT *2 differs nowhere", "alleles:TPMT|*2|"),
    # phenotype rules
    Defect("phenotype_rules", "TPMT|functions|No function|No function", {"method": "sum"}, "method 'sum' is neither"),
    Defect("phenotype_rules", "DPYD|activity_score|0.5", {"function_1_or_score": "low"}, "is not one activity score"),
    Defect("phenotype_rules", "TPMT|functions|No function|No", {"function_2": "Null"}, "has the function Null"),
    Defect("phenotype_rules", "DPYD|activity_score|0.5", {"phenotype": ""}, "the rule gives no term"),
    Defect(
        "phenotype_rules",
        "TPMT|functions|No function|No function",
        None,
        "no phenotype rule of TPMT for No function and No function",
        "alleles:TPMT|*2|",
    ),
    Defect(
        "phenotype_rules",
        "DPYD|activity_score|1.5",
        None,
        "no phenotype rule of DPYD for an activity score of 0.5 + 1.0",
        "alleles:DPYD|Reference|",
    ),
    Defect(
        "phenotype_rules",
        "TPMT|functions|No function|No function",
        {"method": "activity_score", "function_1_or_score": "0.0", "function_2": ""},
        "TPMT has both activity scores and functions",
        "phenotype_rules:TPMT|",
    ),
    # exceptions and other names of alleles
    Defect("gene_exceptions", "TPMT|tier1_allele|*2", {"kind": "tier2_allele"}, "kind 'tier2_allele' is not one of"),
    Defect("gene_exceptions", "TPMT|tier1_allele|*2", {"value": "*200"}, "TPMT *200 is not in alleles.tsv"),
    Defect("gene_exceptions", "TPMT|tier1_position|18143724", {"value": "1"}, "TPMT 1 is not a site of that kind"),
    Defect("gene_exceptions", "CYP2C9|extra_position", {"value": "94942290"}, "is not a site of that kind"),
    Defect("gene_exceptions", "TPMT|tier1_allele|*2", {"kind": "ignored_variant"}, "'*2' is not POSITION REF>ALT"),
    Defect("aliases", "UGT1A1|*60", {"name": "*99"}, "UGT1A1 *99 is not in alleles.tsv"),
    Defect("aliases", "UGT1A1|*60", {"alias": "*6"}, "UGT1A1 *6 is an allele of its own"),
    Defect("alleles", "TPMT|*3C|", {"reported_as": "*2"}, "*3C is not a suballele of *2"),
    Defect("unphased_priorities", "NAT2|*1/*6|", {"pick": "*1/*5"}, "one of at least two diplotypes of NAT2 alleles"),
    Defect("unphased_priorities", "NAT2|*1/*6|", {"among": "*1/*6 | *4/*340"}, "one of at least two diplotypes"),
    Defect("unphased_priorities", "NAT2|*1/*6|", {"gene": "NAT3"}, "gene 'NAT3' is not in genes.tsv"),
    # what is particular of a gene
    Defect("genes", "TPMT", {"inheritance": "Y-linked"}, "inheritance 'Y-linked' is not one of X-linked"),
    Defect("genes", "TPMT", {"inheritance": "X-linked"}, "X-linked inheritance does not fit chr6"),
    Defect("genes", "TPMT", {"called_from": "elsewhere"}, "called_from 'elsewhere' is not one of outside, sample"),
    Defect("genes", "TPMT", {"rule": "hapb4"}, "rule 'hapb4' is not one of extra_variants"),
    Defect("genes", "TPMT", {"method": "activity_score"}, "method 'activity_score' is not that of the rules"),
    Defect("genes", "TPMT", {"copy_number": "no"}, "copy_number 'no' is not one of yes"),
    Defect("genes", "TPMT", {"copy_number": "yes"}, "copy_number states no source"),
    Defect("genes", "TPMT", {"sources": ""}, "undocumented_as_reference states no source"),
    Defect("genes", "TPMT", {"sources": "undocumented_as_reference: x; rule: y"}, "a source of 'rule', which"),
    Defect("genes", "NAT2", {"nomenclatures": "PharmVar"}, "nomenclatures are the year of the newest"),
    Defect("genes", "DPYD", {"measure_activity": "Slow"}, "measure_activity 'Slow' is neither a term"),
    Defect("genes", "DPYD", {"measure_activity": "Poor Metabolizer"}, "means one silenced X of two"),
    Defect("genes", "TPMT", {"measure_activity": "both alleles reduced"}, "judged by activity values"),
    Defect("genes", "TPMT", {"adjusted_by_inhibitors": "yes"}, "adjusted_by_inhibitors needs an activity score"),
    Defect("genes", "TPMT", {"inhibited_as": "TPMT"}, "inhibited_as 'TPMT' is not another gene"),
    Defect("genes", "HLA-A", {"data_version": "2025-11"}, "a gene called from outside results has no"),
    Defect("genes", "HLA-A", {"called_from": "sample"}, "start and end are not positions in order"),
    # guidelines
    Defect("guidelines", "cpic-abacavir", {"source": "CIPC"}, "source 'CIPC' is not one of"),
    Defect("guidelines", "cpic-abacavir", {"clinpgx_id": "166104997"}, "'166104997' is not a ClinPGx identifier"),
    Defect("guidelines", "cpic-abacavir", {"text_as_of": "14"}, "text_as_of '14' is not YYYY, YYYY-MM or YYYY-MM-DD"),
    Defect("guidelines", "cpic-abacavir", {"checked_on": "2026-07"}, "checked_on '2026-07' is not YYYY-MM-DD"),
    Defect("guidelines", "cpic-abacavir", {"pmids": "24561393,22378157"}, "PMIDs are numbers"),
    Defect("guidelines", "cpic-abacavir", {"genes": "HLA-B HLA-C"}, "gene HLA-C is not in this knowledge base"),
    Defect("guidelines", "cpic-abacavir", {"guideline": "cpic-x"}, "exactly when it is not a flow"),
    Defect("guidelines", "cpic-abacavir", {"clinpgx_id": "PA166104949"}, "exactly when it is not a flow"),
    # recommendations
    Defect("recommendations", ABACAVIR, {"drug": "abacavire"}, "drug 'abacavire' is not in drugs.tsv"),
    Defect("recommendations", ABACAVIR, {"population": "all"}, "population 'all' is not in populations.tsv"),
    Defect("recommendations", ABACAVIR, {"guideline": "cpic-x"}, "guideline 'cpic-x' is not in guidelines.tsv"),
    Defect("recommendations", ABACAVIR, {"strength": "Category 1"}, "strength 'Category 1' is none of CPIC"),
    Defect("recommendations", ABACAVIR, {"advice": "A9999"}, "advice 'A9999' is not in advice.jsonl"),
    Defect("recommendations", ABACAVIR, {"implications": "I9999"}, "implication 'I9999' is not in implications.jsonl"),
    Defect("recommendations", ABACAVIR, {"advice": "A0001"}, "A0002 is never used", "advice:A0002"),
    Defect("recommendations", ABACAVIR, {"implications": "I0003"}, "I0002 is never used", "implications:I0002"),
    Defect("recommendations", ABACAVIR, {"when": "HLA-B *57:01 negative"}, "is neither GENE=key nor GENE:diplotype"),
    Defect("recommendations", ABACAVIR, {"when": "HLA-A=*57:01 negative"}, "HLA-A is not a gene of cpic-abacavir"),
    Defect("recommendations", ABACAVIR, {"when": "HLA-C=*57:01 negative"}, "gene 'HLA-C' is not in genes.tsv"),
    Defect("recommendations", ABACAVIR, {"when": "HLA-B=*57 negative"}, "HLA-B=*57 negative is neither a phenotype"),
    Defect("recommendations", ABACAVIR, {"when": "HLA-B=*57:01 negative & HLA-B=*58:01 negative"}, "stands twice"),
    Defect("recommendations", "dpwg-thioguanine-and-tpmt", {"when": "TPMT=Middling"}, "TPMT=Middling is neither"),
    Defect("recommendations", "dpwg-thioguanine-and-tpmt", {"when": "TPMT=1.0"}, "TPMT=1.0 is neither a phenotype nor"),
    Defect("recommendations", "dpwg-siponimod", {"when": "CYP2C9:*1/*200"}, "is not a diplotype of known alleles"),
    Defect("recommendations", "dpwg-tegafur-and-dpyd", {"when": "DPYD=0.0 (Guess)"}, "DPYD=0.0 (Guess) is neither"),
    # advice and implications
    Defect("advice", "A0001", {"action": "shun"}, "A0001: action 'shun' is not one of"),
    Defect("advice", "A0001", {"summary": ""}, "A0001: id, action, summary and detail are texts"),
    Defect("advice", "A0001", {"remark": "?"}, "A0001: unknown field remark"),
    Defect("advice", "A0001", {"dose": {**START, "factor": 0.5, "unit": "mg"}}, "is not one of the forms"),
    Defect("advice", "A0001", {"dose": {**START, "factor": -0.5}}, "a dose is a positive number"),
    Defect("advice", "A0001", {"dose": {**START, "factor": True}}, "a dose is a positive number"),
    Defect("advice", "A0001", {"dose": {"factor": 0.5}}, "a dose has a basis"),
    Defect("advice", "A0001", {"dose": [{**START, "factor_min": 0.5, "factor_max": 0.2}]}, "factor_min is larger"),
    Defect("advice", "A0001", {"conditions": [{"action": "avoid"}]}, "a condition has when"),
    Defect("advice", "A0001", {"fallback": {"when": "x", "action": "shun"}}, "action 'shun' is not one of"),
    Defect(
        "advice",
        "A0001",
        {"conditions": [{"when": "x", "action": "avoid", "alternatives": [1]}]},
        "the alternatives of a condition are a list of texts",
    ),
    Defect("advice", "A0001", {"monitor": "INR"}, "are lists of texts"),
    Defect("advice", "A0001", {"genes_missing": ["HLA-C"]}, "genes_missing names a gene that is not"),
    Defect("advice", "A0001", {"titrate": "yes"}, "titrate is true or false"),
    Defect("implications", "I0002", {"effect": "Risk!"}, "I0002: an effect and a summary are needed"),
    Defect("implications", "I0002", {"gene": "HLA-C"}, "I0002: gene 'HLA-C' is not in genes.tsv"),
    Defect("implications", "I0002", {"p": 0.5}, "I0002: unknown field, or a value that is not a text"),
    # drugs and their names
    Defect("drugs", "allopurinol", {"atc": "M04AA1"}, "ATC codes have seven places"),
    Defect("drugs", "allopurinol", {"rxnorm": "RX519"}, "RxNorm is a number"),
    Defect("drugs", "allopurinol", {"atc": "J05AF06"}, "code J05AF06 is already that of abacavir"),
    Defect("drugs", "allopurinol", {"+drug": "aspirin", "rxnorm": "1", "atc": ""}, "no guideline speaks of aspirin"),
    Defect("dpwg_terms", "TPMT", {"our_term": "Perhaps"}, "'Perhaps' is neither a term of TPMT nor a score range"),
    Defect("dpwg_terms", "TPMT", {"dpwg_term": "Middling"}, "'Middling' is not a term that DPWG uses"),
    Defect("drug_names", "allopurinol|Zyloric", {"name": "Ziagen"}, "'Ziagen' already names abacavir"),
    Defect("drug_names", "abacavir|Ziagen", {"name": "Allo-Purinol"}, "'Allo-Purinol' already names allopurinol"),
    Defect("drug_names", "abacavir|Ziagen", {"name": "M04AA01"}, "'M04AA01' already names allopurinol"),
    Defect("drug_names", "abacavir|Ziagen", {"name": "ABACAVIR"}, "'ABACAVIR' says nothing that 'abacavir' does not"),
    Defect("drug_names", "abacavir|Ziagen", {"drug": "abacavire"}, "'abacavire' is not in drugs.tsv"),
    Defect("drug_names", "abacavir|Ziagen", {"name": "Zia|gen"}, "a name holds no |"),
    Defect("drug_names", "abacavir|Ziagen", {"kind": "nickname"}, "a name is a synonym or a brand"),
    Defect("drug_names", "abacavir|Ziagen", {"source": ""}, "states its source"),
    Defect("inhibitor_names", "rifampicin|rifampin", {"ingredient": "rifampicine"}, "is not an ingredient of inhib"),
    # inhibitors
    Defect("inhibitors", "CYP2C9|amiodarone", {"enzyme": "CYP2C90"}, "enzyme 'CYP2C90' is not in genes.tsv"),
    Defect("inhibitors", "CYP2C9|amiodarone", {"class": "mild"}, "class 'mild' is not one of"),
    Defect("inhibitors", "CYP2C9|amiodarone", {"factor": "0.5"}, "factor '0.5' is not that of a moderate inhibitor"),
    Defect("inhibitors", "CYP2C9|amiodarone", {"source_date": "lately"}, "the date of the source"),
    Defect("inhibitors", "CYP2C9|carbamazepine", {"ingredient": "Carba-Mazepine"}, "is spelled 'carbamazepine'"),
    # chromosomes
    Defect("contigs", "NC_000001.10", {"chromosome": "1"}, "a name leads to chr1..chr22"),
    Defect("contigs", "NC_000001.10", {"build": "hg19"}, "a name leads to chr1..chr22"),
    Defect("contigs", "chr13|", None, "chr13 does not lead to itself in contigs.tsv", "genes:NUDT15"),
    Defect("contig_lengths", "GRCh38|chr1|", {"length": "248,956,422"}, "is not a length in bases"),
    Defect("contig_lengths", "GRCh38|chr1|", None, "no length of chr1 on GRCh38", "contig_lengths"),
    Defect("contig_lengths", "GRCh38|chr1|", {"build": "GRCh39"}, "GRCh39 chr1 is not a chromosome of a known build"),
    # codes for other systems
    Defect("terminology", "gene|DPYD|", {"name": "DPYS"}, "gene 'DPYS' is not in genes.tsv"),
    Defect("terminology", "gene|DPYD|", {"display": "DPYS"}, "the code of DPYD is shown as 'DPYS'"),
    Defect(
        "terminology",
        "gene|DPYD|",
        {"code": "HGNC:12014"},
        "HGNC:12014 is already the code of",
        "terminology:gene|TPMT",
    ),
    Defect("terminology", "gene|DPYD|", {"code": ""}, "a system itself has no code"),
    Defect("terminology", "gene|DPYD|", {"system": "HGNC"}, "a system that has an address"),
    Defect("terminology", "gene|DPYD|", {"confirmed": "perhaps"}, "and is confirmed (yes or no)"),
    Defect("terminology", "gene|DPYD|", {"source": ""}, "states its source"),
    # where rows come from
    Defect("upstream", "cpic-abacavir", {"digest": "DEB320"}, "a digest sixteen hexadecimal digits"),
    Defect(
        "upstream",
        "cpic-abacavir",
        {"when": "HLA-B=*57:02 negative"},
        "this row comes from no record in upstream.tsv",
        "recommendations:cpic-abacavir-and-hla-b|abacavir|general|Strong|HLA-B=*57:01 negative",
    ),
    Defect("upstream", "cpic-abacavir", {"when": "HLA-B=*57:02 negative"}, "no row was made of this record"),
    Defect(
        "upstream_differences", "dpwg-capecitabine", {"kind": "theirs alone"}, "this difference is none of the kind"
    ),
    Defect("upstream_differences", "dpwg-capecitabine", {"reason": ""}, "and has a reason"),
    Defect("required_tests", "siponimod|CYP2C9|FDA", {"gene": "TPMT"}, "no guideline of 'siponimod' names TPMT"),
    Defect("required_tests", "siponimod|CYP2C9|FDA", {"wording": "asked"}, "wording 'asked' is not one of"),
    Defect("required_tests", "siponimod|CYP2C9|FDA", {"source": ""}, "has an authority and a source"),
    Defect("harm", "siponimod|CYP2C9", {"gene": "TPMT"}, "no guideline of 'siponimod' names TPMT"),
    Defect("harm", "siponimod|CYP2C9", {"when": "Slow Metabolizer"}, "'Slow Metabolizer' is no result of CYP2C9"),
    Defect("harm", "siponimod|CYP2C9", {"harm": "bad"}, "a harm is life-threatening or serious"),
    Defect("harm", "siponimod|CYP2C9", {"source": ""}, "says what happens and states its source"),
    Defect(
        "interactions",
        "febuxostat|",
        None,
        "febuxostat does not say that it is forbidden with azathioprine",
        "interactions:azathioprine|taking: febuxostat",
    ),
    Defect("drugs_without_advice", "oxycodone", {"drug": "abacavir"}, "is that of a drug with advice: abacavir"),
    Defect("drugs_without_advice", "oxycodone", {"reason": "None."}, "a reason without a full stop"),
    # coverage
    Defect("known_gaps", "dpwg-tegafur-and-dpyd", {"when": "DPYD=2.0"}, "this gap is none"),
    Defect(
        "known_gaps",
        "dpwg-tegafur-and-dpyd",
        None,
        "no row for DPYD=n/a, and no known gap names it",
        "recommendations:dpwg-tegafur-and-dpyd",
    ),
    Defect(
        "phenotype_rules",
        "TPMT|functions|No function|Unknown function",
        {"phenotype": "Murky Metabolizer"},
        "no row for TPMT=Murky Metabolizer, and no known gap names it",
        "recommendations:dpwg-thioguanine-and-tpmt",
    ),
    Defect(
        "recommendations",
        "dpwg-capecitabine-and-dpyd|capecitabine||N/A|DPYD=1.0 (Intermediate Metabolizer)",
        {"+when": "DPYD=1.0"},
        "DPYD=1.0 is also answered by line",
    ),
]


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda each: f"{each.table}: {each.message}")
def test_a_broken_invariant_is_reported_with_file_and_line(small: Path, defect: Defect) -> None:
    is_reported(small, defect)


def test_the_small_knowledge_base_keeps_every_invariant(small: Path) -> None:
    assert check(small) == ()


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("aliases.tsv", "gene\tname\talias\n", "aliases.tsv:1: the columns must be gene, alias, name"),
        ("aliases.tsv", "gene\talias\tname\nTPMT\t*9\n", "aliases.tsv:2: 2 fields where the table has 3"),
        ("aliases.tsv", "gene\talias\tname\nTPMT\t*9 \t*1\n", "aliases.tsv:2: alias begins or ends with a blank"),
        ("advice.jsonl", "{}\n{]\n", "advice.jsonl:2: not a JSON object"),
        ("advice.jsonl", "[]\n", "advice.jsonl:1: not a JSON object"),
    ],
)
def test_a_line_that_is_no_row_is_reported(small: Path, file: str, text: str, message: str) -> None:
    (small / file).write_text(text, encoding="utf-8")
    assert message in [str(each) for each in check(small)]


@pytest.mark.parametrize(("score", "reported"), [("0.5", True), ("2.5", False)])
def test_scores_of_one_dpwg_term_agree(score: str, reported: bool) -> None:
    """A term chooses the row, so the rows of a term must not differ; 2.5 carries the advice of its former term."""
    tables = read_tables(SOURCE)
    changed = {"guideline": "dpwg-tramadol-and-cyp2d6", "when": f"CYP2D6={score}"}
    rows = [
        replace(row, values={**row.values, "advice": "A0001"}) if changed.items() <= row.values.items() else row
        for row in tables["recommendations"]
    ]
    assert sum(row["advice"] == "A0001" and row["drug"] == "tramadol" for row in rows) == 1
    found = check_coverage(replace(tables, rows={**tables.rows, "recommendations.tsv": tuple(rows)}))
    assert any(f"CYP2D6={score} advises another action than line" in str(each) for each in found) == reported


def test_violations_stand_in_file_and_line_order(small: Path) -> None:
    damage(small, Defect("variants", "NUDT15|chr13|48045719", {"rsid": "x"}, ""))
    damage(small, Defect("aliases", "UGT1A1|*60", {"name": "*99"}, ""))
    assert [each.file for each in check(small)] == ["aliases.tsv", "variants.tsv"]


def test_an_ignored_allele_needs_no_definition(small: Path) -> None:
    damage(small, Defect("allele_definitions", "TPMT|*2|", None, ""))
    assert [each.message for each in check(small)] == ["TPMT *2 has no definition and is not structural"]
    damage(small, Defect("gene_exceptions", "TPMT|tier1_allele|*2", {"+kind": "ignored_allele"}, ""))
    assert check(small) == ()


@pytest.mark.parametrize(
    ("table", "row", "change", "message"),
    [
        ("score_ranges", ">=1.25", {"score": "=1.25"}, "a range is `>=` or `>` and a score"),
        ("score_ranges", ">=1.25", {"source": ""}, "with its phenotype and its source"),
        ("uninformative_results", "RYR1", {"phenotype": "Normal"}, "is not what the reference allele of RYR1 gives"),
        ("uninformative_results", "RYR1", {"phenotype": "Normal"}, "the reference alone meets this row"),
        ("uninformative_results", "RYR1", {"says": "Ask."}, "it says a sentence with {drug} in it"),
        ("score_ranges", ">=0", {"score": ">=0.1"}, "the ranges of CYP2D6 do not begin at 0"),
        ("score_ranges", ">=1.25", {"gene": "TPMT"}, "TPMT has no activity score"),
        ("score_ranges", ">=1.25", {"score": ">=1.5"}, "score 1.25 lies in the range of line"),
        ("drug_exceptions", "CYP3A4", {"drug": "eliglustate"}, "drug 'eliglustate' is not in drugs.tsv"),
        ("drug_exceptions", "CYP3A4", {"kind": "rumour"}, "an exception is branches_on_inhibitors or other_enzyme"),
        ("drug_exceptions", "CYP3A4", {"source": ""}, "states its source"),
        ("drug_exceptions", "CYP3A4", {"value": "CYP3A6"}, "gene 'CYP3A6' is not in genes.tsv"),
        ("drug_exceptions", "CYP3A4", {"kind": "branches_on_inhibitors"}, "CYP3A4 is not adjusted by inhibitors"),
    ],
)
def test_score_ranges_and_exceptions_of_drugs(table: str, row: str, change: dict[str, str], message: str) -> None:
    """The small knowledge base has neither: checked on the real tables."""
    tables = read_tables(SOURCE)
    rows = [
        replace(each, values={**each.values, **change}) if row in each.values.values() else each
        for each in tables[table]
    ]
    found = check_tables(replace(tables, rows={**tables.rows, f"{table}.tsv": tuple(rows)}))
    assert any(message in each.message and each.line for each in found), [str(each) for each in found]
