"""Drugs that people ask about and of which no guideline says anything: the answer says so, never that it is safe."""

from __future__ import annotations

import html
import json
from pathlib import Path
from typing import Any

import pytest

from starling.assessment import Question
from starling.knowledge.base import KnowledgeBase
from starling.report.document import from_json, to_json
from tests.bundled import bundled_engine, bundled_knowledge
from tests.commands import run
from tests.facts import DRUGS, rows

EXAMPLE = Path(__file__).parents[2] / "src" / "starling" / "examples" / "example.vcf"
ASKED = ("oxycodone", "methadone", "prasugrel", "ticagrelor", "morphine")
UNADVISED = {row["drug"]: row["reason"] for row in rows("drugs_without_advice")}
NOT_SAFE = "that is not a statement of safety"


def on_one_line(text: str) -> str:
    return " ".join(html.unescape(text).replace("│", " ").split())


def report_of(*more: str) -> dict[str, Any]:
    (person,) = json.loads(run("report", EXAMPLE, "--format", "json", *more).out)["assessments"]
    return dict(person)


# --- the question -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*ASKED, "OXYCODONE", "N02AA05", "7804"])
def test_check_answers_that_there_is_no_guideline(name: str) -> None:
    drug = bundled_knowledge().find_drug(name).name
    done = run("check", name, EXAMPLE)
    said = on_one_line(done.out)
    assert (done.code, done.err) == (0, "")
    assert f"NO GUIDELINE: {drug} for EXAMPLE" in said
    assert said.count(NOT_SAFE) == 1
    assert "nearest" not in said and "Use as usual" not in said


def test_check_needs_nothing_of_the_file_to_say_so(tmp_path: Path) -> None:
    """No result is missing: there is nothing that one could be asked for."""
    empty = tmp_path / "empty.vcf"
    empty.write_text("".join(line for line in EXAMPLE.read_text().splitlines(True) if line.startswith("#")))
    assert run("check", "oxycodone", empty).code == 0
    assert run("check", "codeine", empty).code == 5


def test_a_name_that_nobody_has_is_still_unknown() -> None:
    done = run("check", "oxycodoneX", EXAMPLE)
    assert done.code == 2 and "oxycodone" in done.err and done.out == ""


@pytest.mark.parametrize("drug", UNADVISED)
def test_every_drug_without_advice_is_answered_with_the_reason(drug: str) -> None:
    found = bundled_engine().assess(EXAMPLE, Question(drugs=(drug,)))
    (answer,) = found.drugs
    assert (answer.drug, answer.status, answer.headline_action) == (drug, "no_guideline", None)
    ((code, message),) = [(note.code, note.message) for note in answer.notes]
    assert (code, message) == ("NO_GUIDELINE", f"{UNADVISED[drug]}; {NOT_SAFE}.")
    assert from_json(to_json(found)) == found


@pytest.mark.parametrize("asked_first", ["guidance", "a name"])
def test_every_drug_without_advice_answers_to_its_codes(asked_first: str) -> None:
    """Whether guidance was read before, or a name is all that is asked."""
    with KnowledgeBase.open() as knowledge:
        if asked_first == "a name":
            assert knowledge.find_drug("Oxycodone").unadvised
        assert [drug.name for drug in knowledge.guidance.unadvised] == sorted(UNADVISED)
        for drug in knowledge.guidance.unadvised:
            for name in (drug.name.upper(), drug.rxnorm, *drug.atc):
                assert not name or knowledge.find_drug(name) == drug
            assert knowledge.knows_medicine(drug.name)


def test_it_stands_beside_the_answers_for_other_drugs_and_genes() -> None:
    engine = bundled_engine()
    whole = engine.assess(EXAMPLE)
    found = engine.assess(EXAMPLE, Question(drugs=("morphine", "codeine"), genes=("TPMT",)))
    assert found.drug("codeine") == whole.drug("codeine")
    assert found.drug("morphine").status == "no_guideline"
    assert found.gene("TPMT") == whole.gene("TPMT")
    alone = engine.assess(EXAMPLE, Question(drugs=("morphine",), genes=("TPMT",)))
    assert ([each.drug for each in alone.drugs], [each.gene for each in alone.genes]) == (["morphine"], ["TPMT"])


def test_a_whole_report_does_not_list_what_nobody_asked_about() -> None:
    whole = bundled_engine().assess(EXAMPLE)
    assert [each.drug for each in whole.drugs] == sorted(DRUGS)
    assert {each.status for each in whole.drugs} <= {"advice", "no_result", "no_row"}


# --- what else names them ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("more", [(), ("--drug", "codeine")], ids=["alone", "with another"])
def test_a_report_about_one_shows_it(more: tuple[str, ...]) -> None:
    asked = ("--drug", "oxycodone", *more)
    done = run("report", EXAMPLE, *asked)
    lines = done.out.splitlines()
    at = lines.index("– NO GUIDELINE ADVISES BY GENOTYPE: 1")
    assert done.code == 0 and lines[at + 1].strip().startswith("• oxycodone: CPIC looked at CYP2D6 and gives no")
    assert "anything but usual use" not in done.out
    page = on_one_line(run("report", EXAMPLE, "--format", "html", *asked).out)
    assert f"{UNADVISED['oxycodone']}; {NOT_SAFE}." in page
    table = [line.split("\t") for line in run("report", EXAMPLE, "--format", "tsv", *asked).out.splitlines()]
    drug, status = table[0].index("drug"), table[0].index("status")
    assert {(row[drug], row[status]) for row in table[1:] if row[drug]} == {
        ("oxycodone", "no_guideline"),
        *((("codeine", "advice"),) if more else ()),
    }


def test_the_json_is_the_same_whatever_is_to_be_shown() -> None:
    whole, asked = report_of(), report_of("--drug", "oxycodone")
    assert asked["drugs"] == whole["drugs"] and asked["result_sha256"] == whole["result_sha256"]


def test_one_that_changes_nothing_may_be_taken() -> None:
    whole, taking = report_of(), report_of("--medication", "oxycodone")
    for told, asked in zip(taking["drugs"], whole["drugs"], strict=True):
        answered = any("taking: " in each["key"] for each in asked["conditions_open"])  # nothing else is taken
        assert told["headline_action"] == asked["headline_action"] or (
            answered and told["headline_action"] == "standard"
        )
    assert {each["medicines"][0]["effect"] for each in taking["drugs"]} == {"no_difference"}
    assert taking["provenance"]["options"]["medication"] == ["oxycodone"]
    more = [each for each in taking["provenance"]["notices"] if each not in whole["provenance"]["notices"]]
    assert [each["code"] for each in more] == ["NOT_AN_INTERACTION_CHECKER", "OPTION_WITHOUT_EFFECT"]
    assert "oxycodone" in more[1]["message"]


def test_one_that_inhibits_an_enzyme_still_does() -> None:
    """Quinidine is a strong inhibitor of CYP2D6, whoever asks about it."""
    assert "quinidine" in UNADVISED
    taking = report_of("--medication", "quinidine")
    (codeine,) = [drug for drug in taking["drugs"] if drug["drug"] == "codeine"]
    assert {row["phenotype_used"] for row in codeine["recommendations"]} >= {"adjusted"}
    assert run("check", "quinidine", EXAMPLE, "--medication", "quinidine").code == 0


def test_explain_says_why() -> None:
    done = run("explain", "oxycodone")
    assert done.code == 0
    assert f"no guideline: {UNADVISED['oxycodone']}" in on_one_line(done.out)
    assert "no guideline" not in run("explain", "codeine").out


def test_the_list_of_drugs_marks_them() -> None:
    lines = run("drugs", env={"COLUMNS": "200"}).out.splitlines()
    marked = {line.split("  ")[0] for line in lines if "no guideline" in line}
    assert marked == set(UNADVISED)
    names = run("drugs", "--names").out.splitlines()
    assert names == sorted([*DRUGS, *UNADVISED])
    assert [name for line, name in zip(lines, names, strict=True) if not line.startswith(name)] == []


def test_info_counts_drugs_with_advice_alone() -> None:
    assert f"drugs      {len(DRUGS)}\n" in run("knowledge", "info").out
