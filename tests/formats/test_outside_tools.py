"""Results of other tools in the forms in which these tools write them; every value is made up."""

from __future__ import annotations

import gzip
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from starling.errors import InputError
from starling.formats.outside import MODULES, is_result, parse_outside_calls, read_outside_calls, tools
from starling.formats.registry import states_results
from starling.formats.stream import RAW_BYTES

_PAIR: Final = {"allele1": {"name": "*1"}, "allele2": {"name": "*2"}}
_REPORT: Final = {"sourceDiplotypes": [{**_PAIR, "phenotypes": ["Intermediate Metabolizer"], "activityScore": None}]}

_LOINC: Final = "http://loinc.org"
_FHIR: Final = {
    "resourceType": "Observation",
    "status": "final",
    "code": {"coding": [{"system": _LOINC, "code": "84413-4"}]},
    "valueCodeableConcept": {"text": "CYP2C19*1/*2"},
}

#: Tool, file, and what it states: gene, diplotype, phenotype, score.
FORMS: Final = [
    (
        "Aldy",
        "#Sample\tGene\tSolutionID\tMajor\tMinor\tCopy\n#Solution 1: *1, *4\nS1\tCYP2D6\t1\t*1/*4.021\t1;4\t0\n"
        "S1\tCYP2D6\t1\t*1/*4.021\t1;4\t1\nS1\tCYP2D6\t2\t*4/*10\t4;10\t0\n",
        [("CYP2D6", "*1/*4.021 or *4/*10", "", "")],
    ),
    ("Cyrius", "Sample\tGenotype\tFilter\nS1\t*1/*4\tPASS\n", [("CYP2D6", "*1/*4", "", "")]),
    ("Cyrius", json.dumps({"S1": {"Genotype": "*1/*4;*2/*3", "Filter": "x"}}), [("CYP2D6", "*1/*4 or *2/*3", "", "")]),
    ("Cyrius", "Sample\tGenotype\tFilter\nS1\tNone\tNone\n", [("CYP2D6", "None", "", "")]),
    (
        "Cyrius",
        json.dumps({"S1": {"Coverage_MAD": 0.05, "Genotype": None, "Filter": None}}),
        [("CYP2D6", "None", "", "")],
    ),
    (
        "Cyrius",  # alleles that lie on no chromosome yet: every way in which they can
        "Sample\tGenotype\tFilter\nS1\t*1x4\tNot_assigned_to_haplotypes\n",
        [("CYP2D6", "*1/*1x3 or *1x2/*1x2", "", "")],
    ),
    (
        "Cyrius",
        "Sample\tGenotype\tFilter\nS1\t*1_*4_*68\tNot_assigned_to_haplotypes\n",
        [("CYP2D6", "*1/*4+*68 or *4/*1+*68 or *68/*1+*4", "", "")],
    ),
    (
        "Aldy",  # its short form
        "S1\tCYP2D6\t*1/*4\t*1A/*4EW\t*1/*4-like\t*1/*4\t\nS1\tDPYD\t\n",
        [("CYP2D6", "*1/*4 or *1/*4-like", "", ""), ("DPYD", "No call", "", "")],
    ),
    (
        "PyPGx",
        "\tGenotype\tPhenotype\tHaplotype1\tHaplotype2\tVariantData\nS1\t*4/*4\tPoor Metabolizer\t*4;\t*4;"
        "\t*4:22-42524947-C-T:1.0;\n",
        [("22:42524947", "*4/*4", "Poor Metabolizer", "")],
    ),
    (
        "PyPGx",
        "Gene\tSampleName\tGenotype\tPhenotype\tHaplotype1\tHaplotype2\nTPMT\tS1\tIndeterminate\tIndeterminate\t\t\n",
        [("TPMT", "Indeterminate", "", "")],
    ),
    (
        "StellarPGx",
        "-----\n\nCYP2D6 Star Allele Calling with StellarPGx\n\nInitially computed CN = 2\n\nResult:\n*4/*10\n\n"
        "Activity score:\n0.25\n\nMetaboliser status:\nIntermediate metaboliser (IM)\n",
        [("CYP2D6", "*4/*10", "IM", "0.25")],
    ),
    (
        "StellarPGx",
        "CYP2D6 Star Allele Calling with StellarPGx\n\nResult:\n*1/*2 or *34/*39\tDuplication present\n\n"
        "Activity score:\nIndeterminate\n\nMetaboliser status:\nIndeterminate\n",
        [("CYP2D6", "*1/*2 or *34/*39", "", "")],
    ),
    (
        "StellarPGx",
        "CYP2D6 Star Allele Calling with StellarPGx\n\nResult:\nPossible novel allele or suballele present: beware\n\n"
        "Likely background alleles:\n[*1/*4]\n\nActivity score:\nIndeterminate\n",
        [("CYP2D6", "No call", "", "")],
    ),
    (
        "pb-StarPhase",
        json.dumps(
            {
                "pbstarphase_version": "2.1.0-0000000",
                "database_metadata": {},
                "gene_details": {
                    "CYP2D6": {
                        "diplotypes": [{"hap1": "*4.001", "hap2": "*1", "diplotype": "*4.001/*1"}] * 2,
                        "simple_diplotypes": [{"hap1": "*4", "hap2": "*1", "diplotype": "*4/*1"}] * 2,
                        "inexact_diplotypes": None,
                    },
                    "HLA-B": {"diplotypes": [{"hap1": "57:01:01:01", "hap2": "08:01:01:01"}]},
                    "TPMT": {"diplotypes": [{"hap1": "NO_MATCH", "hap2": "NO_MATCH"}]},
                },
            }
        ),
        [
            ("CYP2D6", "*4/*1", "", ""),
            ("HLA-B", "57:01:01:01/08:01:01:01", "", ""),
            ("TPMT", "NO_MATCH/NO_MATCH", "", ""),
        ],
    ),
    (
        "pb-StarPhase",
        json.dumps(
            {
                "pbstarphase_version": "2",
                "gene_details": {
                    "CYP2C19": {"diplotypes": [{"hap1": "*1", "hap2": "*2", "diplotype": "*1/*2"}]},
                    "DPYD": {"diplotypes": []},
                },
            }
        ),
        [("CYP2C19", "*1/*2", "", ""), ("DPYD", "NO_MATCH", "", "")],
    ),
    (
        "pb-StarPhase",
        "#gene\tdiplotype\nCYP2B6\tMultiple/Multiple\nMT-RNR1\tReference\n",
        [("CYP2B6", "Multiple/Multiple", "", ""), ("MT-RNR1", "Reference", "", "")],
    ),
    (
        "PharmCAT",
        "PharmCAT 3.1\nGene\tSource Diplotype\tPhenotype\tActivity Score\tRecommendation Lookup Phenotype\n"
        "CYP2C9\t*1/*3\tIntermediate Metabolizer\t1.0\t\nTPMT\t*1/*3A OR *3B/*3C\tA / B\t\t\n"
        "DPYD\tc.557A>G AND c.2846A>T\t\t\tIntermediate Metabolizer\nCFTR\tno call\t\t\t\n",
        [
            ("CYP2C9", "*1/*3", "Intermediate Metabolizer", "1.0"),
            ("TPMT", "*1/*3A or *3B/*3C", "", ""),
            ("DPYD", "", "Intermediate Metabolizer", ""),
            ("CFTR", "no call", "", ""),
        ],
    ),
    (
        "PharmCAT",
        json.dumps({"geneReports": {"CYP2C19": _REPORT}}),
        [("CYP2C19", "*1/*2", "Intermediate Metabolizer", "")],
    ),
    (
        "PharmCAT",
        json.dumps({"geneReports": {"CPIC": {"CYP2C19": _REPORT}, "DPWG": {"CYP2C19": _REPORT}}}),
        [("CYP2C19", "*1/*2", "Intermediate Metabolizer", "")],
    ),
    (
        "DRAGEN",
        json.dumps(
            {
                "softwareVersion": "dragen 4.3",
                "sampleId": "S1",
                "cyp2d6": {"genotype": "*4/*4", "genotypeFilter": "PASS", "phenotype": "Poor Metabolizer"},
                "starAlleles": [{"gene": "TPMT", "genotypes": [{"genotype": "*1/*3A"}, {"genotype": "*3B/*3C"}]}],
            }
        ),
        [("CYP2D6", "*4/*4", "Poor Metabolizer", ""), ("TPMT", "*1/*3A or *3B/*3C", "", "")],
    ),
    (
        "DRAGEN",
        json.dumps(
            {
                "softwareVersion": "dragen 07.031.732.4.3.6",
                "sampleId": "S1",
                "locusAnnotations": [
                    {"gene": "G6PD", "genotype": "B(reference)/B(reference)", "phenotypeDatabaseAnnotation": "None"},
                    {"gene": "CYP2C19", "genotype": "*1/*2;*1/*35", "phenotypeDatabaseAnnotation": "None"},
                ],
                "cyp2b6": {"genotype": "None", "genotypeFilter": "None", "phenotypeDatabaseAnnotation": "None"},
                "smn": {"smn1CopyNumber": 2},
            }
        ),
        [
            ("G6PD", "B(reference)/B(reference)", "", ""),
            ("CYP2C19", "*1/*2 or *1/*35", "", ""),
            ("CYP2B6", "None", "", ""),
        ],
    ),
    (
        "arcasHLA",  # merged; nobody's reads were found for the second
        json.dumps({"S1": {"A": ["A*01:01:01", "A*31:01:02"], "B": ["B*15:02:01"]}, "S2": {}}),
        [("HLA-A", "A*01:01:01/A*31:01:02", "", ""), ("HLA-B", "B*15:02:01", "", "")],
    ),
    (
        "an HLA typer with two columns a gene",
        "A1\tA2\tB1\tB2\nA*01:01\tA*02:01\tB*07:02\t\n",
        [("HLA-A", "A*01:01/A*02:01", "", ""), ("HLA-B", "B*07:02", "", "")],
    ),
    ("arcasHLA", json.dumps({"B": ["B*08:01:01", "B*57:01:01"]}), [("HLA-B", "B*08:01:01/B*57:01:01", "", "")]),
    (
        "arcasHLA",
        "subject\tA1\tA2\tB1\tB2\nS1\tA*01:01\tA*02:01\tB*07:02\tB*08:01\n",
        [("HLA-A", "A*01:01/A*02:01", "", ""), ("HLA-B", "B*07:02/B*08:01", "", "")],
    ),
    (
        "OptiType",
        "\tA1\tA2\tB1\tB2\tReads\tObjective\n0\tA*01:01\tA*26:01\tB*08:01\tB*57:01\t9\t8\n"
        "1\tA*01:01\tA*26:01\tB*08:01\tB*57:03\t9\t7\n",
        [("HLA-A", "A*01:01/A*26:01", "", ""), ("HLA-B", "B*08:01/B*57:01", "", "")],
    ),
    (
        "HLA-HD",
        "A\tHLA-A*01:01:01\t-\nCouldn't read result file.\nB\tHLA-B*08:01:01\tHLA-B*57:01:01\n"
        "C\tNot typed\tNot typed\n",
        [
            ("HLA-A", "HLA-A*01:01:01/HLA-A*01:01:01", "", ""),
            ("HLA-B", "HLA-B*08:01:01/HLA-B*57:01:01", "", ""),
            ("HLA-C", "Not typed/Not typed", "", ""),
        ],
    ),
    (
        "T1K",
        "HLA-A\t1\tHLA-A*31:01:02\t52.3\t60\t.\t0\t-1\n"
        "HLA-B\t2\tHLA-B*57:01:01,HLA-B*57:03:01\t51\t60\tHLA-B*08:01:01\t48.1\t0\n",
        [("HLA-A", "HLA-A*31:01:02/HLA-A*31:01:02", "", ""), ("HLA-B", "HLA-B*57", "", "")],
    ),
    (
        "T1K",  # early: the columns of called alleles only; late: lesser alleles in a column of their own
        "HLA-A\t0\nHLA-B\t1\tHLA-B*07:02:01\t640.1\t60\n"
        "HLA-DRB3\t1\tHLA-DRB3*01:01:02\t300.5\t60\t.\t0\t-1\t\n"
        "CYP2D6\t2\tCYP2D6*4\t31.5\t40\tCYP2D6*10\t29\t38\tCYP2D6*1;4.5;12\n",
        [
            ("HLA-A", "No call", "", ""),
            ("HLA-B", "HLA-B*07:02:01/HLA-B*07:02:01", "", ""),
            ("HLA-DRB3", "HLA-DRB3*01:01:02", "", ""),
            ("CYP2D6", "CYP2D6*4/CYP2D6*10", "", ""),
        ],
    ),
    (
        "FHIR Bundle",
        json.dumps({"resourceType": "Bundle", "type": "collection", "entry": [{"resource": _FHIR}]}),
        [("CYP2C19", "*1/*2", "", "")],
    ),
    (
        "a panel with one column a gene",
        '"Program","x"\n"Sample","Genotype CYP2C19","Genotype CYP2D6"\n"S1","*1/*2","*1/*4"\n',
        [("CYP2C19", "*1/*2", "", ""), ("CYP2D6", "*1/*4", "", "")],
    ),
]


@pytest.mark.parametrize(("tool", "text", "states"), FORMS)
def test_each_tool_is_known_by_its_content(tool: str, text: str, states: list[tuple[str, str, str, str]]) -> None:
    calls = parse_outside_calls(text, source="results.txt")
    assert [(each.gene, each.diplotype, each.phenotype, each.activity_score) for each in calls] == states
    assert {each.tool for each in calls} == {tool}
    assert {each.file for each in calls} == {"results.txt"}
    assert is_result(text.encode())


@pytest.mark.parametrize("end", ["\r\n", "\r"])
@pytest.mark.parametrize(("tool", "text", "states"), FORMS)
def test_the_ends_of_lines_change_nothing(
    tool: str, text: str, states: list[tuple[str, str, str, str]], end: str
) -> None:
    rewritten = text.replace("\n", end)
    read, same = (parse_outside_calls(each, source="x.tsv") for each in (rewritten, text))
    assert read == same
    assert is_result(rewritten.encode()) == is_result(text.encode())


def test_every_module_has_a_form_here() -> None:
    assert {tool.name for tool in tools()} == {name for name, _, _ in FORMS}
    assert len(MODULES) <= len(tools())


def test_samples_of_a_file_are_told_apart() -> None:
    text = json.dumps({"S1": {"A": ["A*01:01"]}, "S2": {"A": ["A*31:01"]}})
    assert [each.sample for each in parse_outside_calls(text, source="x")] == ["S1", "S2"]
    table = "subject\tA1\tA2\tB1\tB2\nS1\tA*01:01\t\t\t\nS2\tA*02:01\t\t\t\n"
    assert [each.sample for each in parse_outside_calls(table, source="x")] == ["S1", "S2"]


def test_what_stellarpgx_suspects_beside_a_result_is_said() -> None:
    page = "CYP2D6 Star Allele Calling with StellarPGx\nResult:\n*1/*4\tPossible CYP2D6 gene deletion (*5) present\n"
    (call,) = parse_outside_calls(page, source="x")
    assert "gene deletion" in call.note


def test_genes_that_stellarpgx_only_lists_variants_of_have_no_result() -> None:
    page = "DPYD Variant Analysis with StellarPGx\n\nSample core variants:\n97450058~C>T~0/1\n"
    with pytest.raises(InputError, match="StellarPGx gives no result"):
        parse_outside_calls(page, source="x")


_PYPGX: Final = "\tGenotype\tPhenotype\tHaplotype1\tHaplotype2\nS1\t*1/*1\tNormal Metabolizer\t*1;\t*1;\n"


def _archive(path: Path, files: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


def test_an_archive_of_pypgx_says_its_gene(tmp_path: Path) -> None:
    note = "Gene=CYP2C19\nAssembly=GRCh38\nSemanticType=SampleTable[Results]\n"
    path = _archive(tmp_path / "results.zip", {"tmpx1/metadata.txt": note, "tmpx1/data.tsv": _PYPGX})
    (call,) = read_outside_calls(path)
    assert (call.gene, call.diplotype, call.tool, call.sample) == ("CYP2C19", "*1/*1", "PyPGx", "S1")
    assert states_results(path)


@pytest.mark.parametrize("pack", [gzip.compress, lambda data: data.decode().encode("utf-16")])
def test_a_result_may_be_packed_or_wide(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "S1.tsv"
    path.write_bytes(pack(b"Sample\tGenotype\tFilter\nS1\t*1/*4\tPASS\n"))
    assert read_outside_calls(path)[0].diplotype == "*1/*4"
    assert states_results(path)


def test_a_result_may_be_packed_in_thousands_of_members(tmp_path: Path) -> None:
    empty = gzip.compress(b"", mtime=0) * 8_000
    assert len(empty) > RAW_BYTES and RAW_BYTES % 20 and len(empty) % 20 == 0  # a member lies across two pieces
    path = tmp_path / "S1.tsv.gz"
    halves = [gzip.compress(half, mtime=0) for half in (b"Sample\tGenotype\tFilter\nS1\t*1", b"/*4\tPASS\n")]
    path.write_bytes(empty.join([b"", *halves, bytes(RAW_BYTES)]))
    assert read_outside_calls(path)[0].diplotype == "*1/*4"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (gzip.compress(b"CYP2D6\t*1/*4\n", mtime=0)[:-9], "FILE_DAMAGED"),
        (b"\x1f\x8b\x08\x00 no gzip at all", "FILE_DAMAGED"),
        (gzip.compress(b"CYP2D6\t\xff\n", mtime=0), "NOT_TEXT"),
        (b"PK\x03\x04 no archive", "FILE_DAMAGED"),
    ],
)
def test_a_packed_result_that_cannot_be_unpacked(tmp_path: Path, data: bytes, code: str) -> None:
    path = tmp_path / "S1.tsv.gz"
    path.write_bytes(data)
    with pytest.raises(InputError) as caught:
        read_outside_calls(path)
    assert caught.value.code == code


def test_a_result_that_unpacks_to_more_than_memory_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "S1.tsv.gz"
    path.write_bytes(gzip.compress(bytes(65 * 2**20), 1))
    with pytest.raises(InputError, match="longer than"):
        read_outside_calls(path)


@pytest.mark.parametrize(
    "text", ['{"S1": {"Coverage_MAD": 0.1, ', '{"a": {"A": ["A*01:01", ', '{"locusAnnotations": [{']
)
def test_the_beginning_of_a_long_result_tells_what_it_is(text: str) -> None:
    assert is_result(text.encode())


def test_a_result_that_failed_its_filter_says_so() -> None:
    (call,) = parse_outside_calls("Sample\tGenotype\tFilter\nS1\t*1/*4\tLowQ\n", source="x")
    assert "LowQ" in call.note


def test_dragen_without_headings_needs_the_gene_in_the_name_of_the_file() -> None:
    (call,) = parse_outside_calls("S1\t*4/*68+*4\tPASS\n", source="S1.cyp2d6.tsv")
    assert (call.gene, call.diplotype, call.sample) == ("CYP2D6", "*4/*68+*4", "S1")
    with pytest.raises(InputError, match=r"S1\.tsv:1: DRAGEN"):
        parse_outside_calls("S1\t*4/*68+*4\tPASS\n", source="S1.tsv")


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("Gene,Diplotype,Phenotype\nCYP2D6,*4/*4,PM\n", ("CYP2D6", "*4/*4", "PM")),
        ('Gene;Result;Interpretation\n"CYP2D6";"*4/*4";"PM"\n', ("CYP2D6", "*4/*4", "PM")),
        ("CYP2D6 *4/*4\n", ("CYP2D6", "*4/*4", "")),
        ("Test,Result,Phenotype\nCYP2C19,*2/*17,IM\n", ("CYP2C19", "*2/*17", "IM")),
        ("Gene\tAllele 1\tAllele 2\nCYP2C19\t*2\t*17\n", ("CYP2C19", "*2/*17", "")),
        ("Gene\tGenotype\tResult\nCYP2C19\t*2/*2\tPM\n", ("CYP2C19", "*2/*2", "PM")),
        ("gene,result\nHLA-B*57:01,Positive\n", ("HLA-B", "", "*57:01 Positive")),
        ("#Gene\tPhenotype\tDiplotype\nCYP2C19\tPM\t*2/*2\n", ("CYP2C19", "*2/*2", "PM")),
    ],
)
def test_tables_as_laboratories_write_them(text: str, fields: tuple[str, str, str]) -> None:
    (call,) = parse_outside_calls(text, source="lab")
    assert (call.gene, call.diplotype, call.phenotype) == fields


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("##fileformat=VCFv4.2\n#CHROM\n", "lab:1: this is a VCF"),
        ('{"a": 1}', "JSON of a tool that is not known"),
        ('{"a": ', "lab:1: not JSON"),
        ("[" * 100_000, "JSON nested too deeply"),
        ("\tGenotype\tPhenotype\tHaplotype1\tHaplotype2\nS1\t*1/*1\tx\t\t\n", "lab:2: PyPGx does not name the gene"),
    ],
)
def test_what_is_refused_says_what_it_is(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_outside_calls(text, source="lab")


@given(
    form=st.sampled_from([text for _, text, _ in FORMS]),
    cut=st.integers(0, 400),
    put=st.text(max_size=12),
    at=st.data(),
)
def test_a_damaged_result_is_read_or_refused(form: str, cut: int, put: str, at: st.DataObject) -> None:
    place = at.draw(st.integers(0, len(form)))
    damaged = form[:place] + put + form[place + cut :]
    is_result(damaged.encode("utf-8", "replace"))
    try:
        parse_outside_calls(damaged, source="x")
    except InputError as error:
        assert error.code == "BAD_OUTSIDE_CALL"


_KEYS: Final = (
    "geneReports genes sourceDiplotypes gene_details diplotypes Genotype Filter genotype pbstarphase_version B "
    "softwareVersion sampleId cyp2d6 gene phenotypes allele1"
)
_JSON: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(sorted(_KEYS.split(" "))), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(_JSON)
def test_any_json_is_read_or_refused(value: object) -> None:
    try:
        parse_outside_calls(json.dumps(value), source="x")
    except InputError as error:
        assert error.code == "BAD_OUTSIDE_CALL"
