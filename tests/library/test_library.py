"""The library as it is met in a session: one name is never a list of letters, and a value shows itself shortly."""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import starling
from starling.assessment import Assessment
from starling.errors import NoSuchResultError
from starling.knowledge.base import KnowledgeBase
from starling.session import names_of
from starling.vocabulary import OutsideCall
from tests.bundled import bundled_engine as engine
from tests.effort import examples
from tests.report.sample_assessment import HOSTILE, hostile_assessment, sample_assessment
from tests.report.strategies import assessments

#: as somebody without a type checker calls them
QUESTION: Final[Any] = starling.Question
OPTIONS: Final[Any] = starling.Options
ASSESS: Final[Any] = starling.assess

EXAMPLE = Path(starling.__file__).parent / "examples" / "example.vcf"


@pytest.fixture(scope="module")
def person() -> Assessment:
    return starling.assess(EXAMPLE, knowledge=engine())


# --- what is handed in ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "taken", ["paroxetine", " paroxetine ", ("paroxetine",), ["paroxetine"], {"paroxetine"}, iter(["paroxetine"])]
)
def test_one_medicine_is_one_medicine_however_it_is_handed_in(taken: object) -> None:
    asked = ASSESS(EXAMPLE, drugs="codeine", medication=taken, knowledge=engine())
    assert asked.provenance.options["medication"] == ("paroxetine",)
    assert asked.provenance.options["drugs"] == ("codeine",)
    adjusted = asked.gene("CYP2D6").adjusted
    assert adjusted is not None and "paroxetine" in adjusted.by


@pytest.mark.parametrize("field", ["drugs", "genes", "medication"])
def test_a_text_is_names_with_commas_between_them(field: str) -> None:
    asked = QUESTION(**{field: "codeine, tramadol,"})
    assert getattr(asked, field) == ("codeine", "tramadol")
    assert getattr(QUESTION(**{field: ""}), field) == ()
    assert getattr(QUESTION(**{field: None}), field) == ()


@pytest.mark.parametrize("strange", [[7], b"codeine", [None], [["codeine"]], [Path("codeine")]])
def test_what_is_no_name_is_refused(strange: object) -> None:
    for field in ("drugs", "genes", "medication"):
        with pytest.raises(TypeError, match="is not a name"):
            QUESTION(**{field: strange})
    with pytest.raises(TypeError, match="is not a name"):
        OPTIONS(sources=strange)


def test_names_without_an_order_give_the_same_question_every_time() -> None:
    assert names_of({"c", "a", "b"}, "drugs") == ("a", "b", "c") == names_of(frozenset("cab"), "drugs")
    assert names_of(["c", "a"], "drugs") == ("c", "a")


def test_one_sample_is_one_sample() -> None:
    (found,) = starling.assess_all(EXAMPLE, samples="EXAMPLE", genes="CYP2C19", knowledge=engine())
    assert found.sample == "EXAMPLE"
    (again,) = engine().assess_all(EXAMPLE, QUESTION(genes="CYP2C19"), samples="EXAMPLE")
    assert again.result_sha256 == found.result_sha256


def test_one_source_is_one_source_in_any_case() -> None:
    options = [OPTIONS(sources=each) for each in ("cpic", ["CPIC"], {"Cpic"})]
    assert [each.sources for each in options] == [("CPIC",)] * 3
    asked = starling.assess(EXAMPLE, drugs="clopidogrel", options=options[0], knowledge=engine())
    assert {row.source for row in asked.drug("clopidogrel").recommendations} == {"CPIC"}


def test_outside_results_are_a_path_several_paths_or_the_calls(tmp_path: Path) -> None:
    first, second = tmp_path / "hla.tsv", tmp_path / "cyp.tsv"
    first.write_text("gene\tdiplotype\tphenotype\nHLA-B\t*57:01/*08:01\t\n")
    second.write_text("gene\tdiplotype\tphenotype\nCYP2C19\t\tPoor Metabolizer\n")
    call = OutsideCall("HLA-B", diplotype="*57:01/*08:01")
    for outside in (str(first), first, [first], [str(first), second], [call], [call, second]):
        asked = ASSESS(outside=outside, genes="HLA-B", knowledge=engine())
        assert asked.gene("HLA-B").presence["*57:01"] == "positive"
    with pytest.raises(TypeError, match=r"starling\.assess\(outside="):
        QUESTION(outside=str(first))


def test_facts_of_the_subject_become_text_and_read_back() -> None:
    asked = starling.assess(
        EXAMPLE, genes="CYP2C19", subject={"age": 67, "name": "A", "sex": None, "x": True}, knowledge=engine()
    )
    assert asked.subject == {"age": "67", "name": "A", "x": "yes"}
    assert starling.from_json(asked.to_json()) == asked


@pytest.mark.parametrize("strange", ["age=67", 67, [("age", 67)], {67: "age"}])
def test_a_subject_that_is_no_mapping_of_texts_is_refused(strange: object) -> None:
    with pytest.raises(TypeError):
        QUESTION(subject=strange)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("build", "hg38"),
        ("sex", "M"),
        ("absent_is_reference", True),
        ("phase", "none"),
        ("min_dp", -1),
        ("min_gq", float("nan")),
        ("min_gp", "0.9"),
        ("max_other_reads", float("inf")),
        ("min_het_reads", True),
    ],
)
def test_an_option_takes_its_values_only(field: str, value: object) -> None:
    with pytest.raises(starling.InputError) as refused:
        OPTIONS(**{field: value})
    assert refused.value.code == "BAD_OPTION"
    assert field in refused.value.message


def test_a_word_that_nothing_asks_for_is_refused() -> None:
    with pytest.raises(TypeError, match="medicine"):
        ASSESS(EXAMPLE, medicine="paroxetine")


# --- what is found ----------------------------------------------------------------------------------------------------


def test_a_gene_and_a_drug_answer_to_their_other_names(person: Assessment) -> None:
    assert person.gene("cyp2c19") is person.gene("CYP2C19") is person.gene(" Cyp2c19 ")
    clopidogrel = person.drug("clopidogrel")
    for name in ("Plavix", "CLOPIDOGREL", "B01AC04", "Plavix 75 mg tablets"):
        assert person.drug(name) is clopidogrel


@pytest.mark.parametrize(
    ("ask", "code", "says"),
    [
        (lambda person: person.gene("CYP2C91"), "UNKNOWN_GENE", "CYP2C9"),
        (lambda person: person.drug("Plavx"), "UNKNOWN_DRUG", "Plavix [clopidogrel]"),
        (lambda person: person.drug(""), "UNKNOWN_DRUG", "not in this knowledge base"),
    ],
)
def test_a_name_that_nobody_knows_is_a_key_error_that_suggests(
    ask: Callable[[Assessment], object], code: str, says: str, person: Assessment
) -> None:
    with pytest.raises(KeyError) as refused:
        ask(person)
    assert isinstance(refused.value, NoSuchResultError) and isinstance(refused.value, starling.InputError)
    assert refused.value.code == code
    assert says in str(refused.value)
    assert not str(refused.value).startswith('"'), "as a sentence, not as the repr of a key"


def test_what_was_not_asked_about_is_told_apart_from_what_nobody_knows() -> None:
    asked = starling.assess(EXAMPLE, drugs="codeine", knowledge=engine())
    with pytest.raises(
        KeyError, match="clopidogrel is known and has no result in this assessment, which holds codeine"
    ):
        asked.drug("Plavix")
    with pytest.raises(KeyError, match="DPYD is known"):
        asked.gene("dpyd")


def test_the_names_covered_are_those_that_an_assessment_holds(person: Assessment) -> None:
    assert starling.genes(knowledge=engine()) == tuple(sorted(gene.gene for gene in person.genes))
    names = starling.drugs(knowledge=engine())
    assert list(names) == sorted(set(names)) and {drug.drug for drug in person.drugs} < set(names)
    assert starling.find_drug("Plavix", knowledge=engine()) == "clopidogrel"
    assert starling.find_gene("cyp2c19", knowledge=engine()) == "CYP2C19"


@pytest.mark.parametrize(("name", "says"), [("cyp2c19", "positions"), ("Plavix", "CPIC"), ("rs9923231", "VKORC1")])
def test_explain_says_what_is_known(name: str, says: str) -> None:
    assert says in starling.explain(name, knowledge=engine())


def test_explain_refuses_what_is_no_name() -> None:
    with pytest.raises(starling.InputError, match="nearest names"):
        starling.explain("Plavx", knowledge=engine())


# --- how it is shown --------------------------------------------------------------------------------------------------


def test_dir_lists_the_public_names_and_no_others() -> None:
    assert dir(starling) == sorted(starling.__all__)
    assert set(starling._HOMES) | {"__version__"} == set(starling.__all__)
    with pytest.raises(AttributeError, match="no attribute 'no_such_name'"):
        getattr(starling, "no_such_name")  # noqa: B009


def test_every_public_value_shows_itself_on_one_short_line(person: Assessment) -> None:
    drug = person.drug("clopidogrel")
    with KnowledgeBase.open() as knowledge:
        shown = [repr(each) for each in (person, person.gene("CYP2D6"), drug, drug.recommendations[0], knowledge)]
        shown += [
            repr(starling.Engine(knowledge)),
            repr(starling.Options()),
            repr(starling.Question(drugs=("codeine",))),
        ]
    assert [each for each in shown if len(each) > 160 or "\n" in each] == []
    assert shown[1] == "<GeneResult CYP2D6 *1/*4: Intermediate Metabolizer, not certain>"
    assert shown[-2:] == ["Options()", "Question(drugs=('codeine',))"]


@settings(max_examples=examples(10, 30), deadline=None)
@given(assessments())
def test_no_content_makes_a_long_line_or_steers_a_terminal(assessment: Assessment) -> None:
    for each in (assessment, *assessment.genes, *assessment.drugs):
        assert len(repr(each)) < 200 and repr(each).isprintable()


def test_options_and_questions_are_shown_as_they_would_be_written() -> None:
    options = starling.Options(min_dp=3, sources=("CPIC",), callable_bed="a.bed")
    assert eval(repr(options), {"Options": starling.Options}) == options
    question = starling.Question(drugs=("codeine",), subject={"age": "3"})
    assert eval(repr(question), {"Question": starling.Question}) == question
    assert pickle.loads(pickle.dumps(question)) == question


class Elements(HTMLParser):
    """The elements and attributes of a page, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("made", [sample_assessment, hostile_assessment])
def test_a_notebook_shows_a_summary_that_runs_and_fetches_nothing(made: Callable[[], Assessment]) -> None:
    person = made()
    shown = person._repr_html_()
    page = Elements()
    page.feed(shown)
    assert page.tags == {"div", "p", "strong", "table", "caption", "thead", "tbody", "tr", "th", "td", "span"}
    assert page.attributes <= {"style", "scope"}
    assert not re.search(r"url\(|expression|@import|\x1b", shown)
    assert all(gene.gene in page.text or HOSTILE in gene.gene for gene in person.genes)
    assert all(notice.message in page.text for notice in person.provenance.notices if notice.message.isprintable())


def test_a_summary_says_what_is_not_certain(person: Assessment) -> None:
    page = Elements()
    page.feed(person._repr_html_())
    assert "not certain" in page.text and "not a medical device" in page.text.casefold()


def test_methods_and_functions_say_the_same(person: Assessment) -> None:
    assert person.to_json() == starling.to_json(person)
    assert person.to_tsv() == starling.to_tsv(person)
    assert person.to_html() == starling.to_html(person)
    assert person._repr_html_() == starling.summary_html(person)
    short = person.to_html(short=True)
    assert short.startswith("<!DOCTYPE html>") and len(short) < len(person.to_html())


# --- there and back ---------------------------------------------------------------------------------------------------

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
several = st.lists(words, max_size=2)
names = st.sampled_from(["paroxetine", "Plavix", "omeprazole, ketoconazole", "xyzzy", ""]) | several
facts = st.dictionaries(words, words | st.integers() | st.booleans() | st.none(), max_size=2)
calls = st.lists(
    st.builds(
        OutsideCall,
        st.sampled_from(["HLA-B", "CYP2D6", "CYP2C19"]),
        diplotype=st.sampled_from(["", "*1/*2", "*57:01/*08:01"]),
        phenotype=st.sampled_from(["", "Poor Metabolizer", "positive"]),
        note=words,
    ),
    max_size=2,
    unique_by=lambda call: call.gene,
)


@settings(max_examples=examples(8, 25), deadline=None)
@given(
    medication=names,
    subject=facts,
    outside=calls,
    sources=st.sampled_from(["CPIC", ["DPWG"], (), {"FDA"}]),
    limit=st.integers(0, 60) | st.floats(0, 60),
    sex=st.sampled_from(["male", "female", "unknown"]),
)
def test_what_was_written_reads_back_as_the_same_assessment(
    medication: str | list[str],
    subject: dict[str, object],
    outside: list[OutsideCall],
    sources: Any,
    limit: int,
    sex: Any,
) -> None:
    options = OPTIONS(sources=sources, min_gq=limit, sex=sex)
    person = starling.assess(
        EXAMPLE,
        drugs="codeine, clopidogrel, abacavir",
        medication=medication,
        subject=subject,
        outside=outside,
        options=options,
        knowledge=engine(),
    )
    read = starling.from_json(person.to_json())
    assert read == person
    assert read.to_json() == person.to_json()
