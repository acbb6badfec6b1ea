"""Results of other tools in the forms in which these tools write them; every value is made up."""

from __future__ import annotations

import json
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from starling.errors import InputError
from starling.formats.outside import MODULES, is_result, parse_outside_calls, tools

_PAIR: Final = {"allele1": {"name": "*1"}, "allele2": {"name": "*2"}}
_REPORT: Final = {"sourceDiplotypes": [{**_PAIR, "phenotypes": ["Intermediate Metabolizer"], "activityScore": None}]}

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
        "A\tHLA-A*01:01:01\t-\nB\tHLA-B*08:01:01\tHLA-B*57:01:01\nC\tNot typed\tNot typed\n",
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
        [("HLA-A", "HLA-A*31:01:02/HLA-A*31:01:02", "", ""), ("HLA-B", "HLA-B*57/HLA-B*57", "", "")],
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


def test_every_module_has_a_form_here() -> None:
    assert {tool.name for tool in tools()} == {name for name, _, _ in FORMS}
    assert len(MODULES) <= len(tools())


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
