"""Guidance of the sources beside the base: same, changed, new, gone.  Every sentence of a guideline is invented."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from starling.knowledge.base import KnowledgeBase
from starling.knowledge.compile import compile_knowledge
from starling.knowledge.upstream import (
    CHANGED,
    DELIBERATE,
    GONE,
    NEW,
    SAME,
    Finding,
    compare_with,
    source_when,
    text_digest,
)
from tests.commands import run
from tests.facts import rows
from tests.knowledge.small import SOURCE, read, write
from tests.knowledge.sources import CLINPGX, INVENTED, Said, file_of, guidance, guidelines

CARRIER = Said(
    "cpic-abacavir-and-hla-b",
    "abacavir",
    "HLA-B=*57:01 positive",
    {"HLA-B": "*57:01 positive"},
    code="general",
    population="general",
    strength="Strong",
)
NO_CARRIER = replace(CARRIER, when="HLA-B=*57:01 negative", keys={"HLA-B": "*57:01 negative"})
PAIR = Said("dpwg-siponimod-and-cyp2c9", "siponimod", "CYP2C9:*2/*9", {"CYP2C9": {"*9": 1, "*2": 1}})
TWICE = replace(PAIR, when="CYP2C9:*2/*2", keys={"CYP2C9": {"*2": 2}})
AT_LEAST = Said("dpwg-codeine-and-cyp2d6", "codeine", "CYP2D6=>=3.75", {"CYP2D6": "≥3.75"})
TWO_GENES = Said(
    "cpic-azathioprine-and-nudt15-tpmt",
    "azathioprine",
    "NUDT15=Poor Metabolizer & TPMT=Normal Metabolizer",
    {"TPMT": "Normal Metabolizer", "NUDT15": "Poor Metabolizer"},
    code="general",
    population="general",
    strength="Moderate",
)
UNSTATED = replace(
    TWO_GENES,
    when="NUDT15=Indeterminate & TPMT=Poor Metabolizer",
    keys={"TPMT": "Poor Metabolizer", "NUDT15": "Indeterminate"},
    population=None,
)
CHILDREN = Said(
    "fda-label-pimozide-cyp2d6",
    "pimozide",
    "CYP2D6=0.0",
    {"CYP2D6": "0.0"},
    code="pediatrics",
    population="Pediatric patients of the invented kind",
)
ADULTS = replace(CHILDREN, code="adults", population="adults")
OTHER_KEY = Said(
    "fda-label-eltrombopag-f5-serpinc1",
    "eltrombopag",
    "F5=Factor V Leiden homozygous",
    {"F5": {"rs6025 Factor V Leiden (T)": 2}},
)
THEIRS_ALONE = Said("dpwg-carbamazepine-and-hla-b", "carbamazepine", "HLA-B=1511 and 1502", {"HLA-B": "1511 and 1502"})
SAID_OTHERWISE = replace(PAIR, when="CYP2C9:*1/*3", keys={"CYP2C9": {"*1": 1, "*3": 1}})
SAME_AS_OURS = (
    *(CARRIER, NO_CARRIER, PAIR, TWICE, AT_LEAST),
    *(TWO_GENES, UNSTATED, CHILDREN, ADULTS, OTHER_KEY),
)


def by_name(said: Said) -> str:
    return said.named


@pytest.fixture(scope="module")
def kb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KnowledgeBase]:
    """The knowledge base, made from sources that had said what is invented here."""
    folder = tmp_path_factory.mktemp("upstream")
    source = Path(shutil.copytree(SOURCE, folder / "source"))
    ours = {(each.guideline, each.drug, each.code, each.when): each for each in (*SAME_AS_OURS, THEIRS_ALONE)}
    ours[SAID_OTHERWISE.guideline, SAID_OTHERWISE.drug, "", SAID_OTHERWISE.when] = SAID_OTHERWISE
    read_from = read("upstream.tsv", source)
    for row in read_from:
        said = ours.pop((row["guideline"], row["drug"], row["population"], row["when"]), None)
        row["digest"] = said.digest if said else row["digest"]
    assert not ours, "every statement stands for a row"
    write(source, "upstream.tsv", read_from)
    differing = {"kind": "said otherwise", "reason": "we sing louder", "population": ""}
    row = {"guideline": SAID_OTHERWISE.guideline, "drug": "siponimod", "when": SAID_OTHERWISE.when, **differing}
    write(source, "upstream_differences.tsv", [*read("upstream_differences.tsv", source), row])
    compile_knowledge(source, folder / "upstream.kb")
    with KnowledgeBase.open(folder / "upstream.kb") as opened:
        yield opened


def status_of(kb: KnowledgeBase, path: Path, said: Said) -> str:
    """What is found of the row for which the statement stands."""
    (found,) = [each for each in compare_with(kb, path) if each.what == said.named]
    return found.status


# --- guidance ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("said", SAME_AS_OURS, ids=by_name)
def test_a_row_of_which_the_source_says_the_same(kb: KnowledgeBase, tmp_path: Path, said: Said) -> None:
    """Counted alleles, ≥, two genes in any order, no population, no strength, children, and another name of a key."""
    assert status_of(kb, guidance(tmp_path, said), said) == SAME


@pytest.mark.parametrize(
    ("said", "change"),
    [
        (CARRIER, {"html": INVENTED.replace("songs", "arias")}),
        (CARRIER, {"html": INVENTED.replace("0.5", "0.6")}),
        (CARRIER, {"html": INVENTED.replace("0.5", "5")}),
        (CARRIER, {"html": INVENTED.replace("50%", "50")}),
        (CARRIER, {"html": INVENTED + "<p>Never whistle.</p>"}),
        (CARRIER, {"strength": "Moderate"}),
        (CARRIER, {"strength": None}),
        (PAIR, {"strength": "Strong"}),
        (CHILDREN, {"population": "Pediatric patients of another kind"}),
        (OTHER_KEY, {"population": "Whoever sings"}),
    ],
    ids=["word", "number", "point", "sign", "more", "strength", "no strength", "a strength", "children", "subgroup"],
)
def test_a_row_of_which_the_source_says_something_else(
    kb: KnowledgeBase, tmp_path: Path, said: Said, change: dict[str, Any]
) -> None:
    assert status_of(kb, guidance(tmp_path, replace(said, **change)), said) == CHANGED


@pytest.mark.parametrize("population", ["adults", "pediatrics", None])
def test_another_population_of_the_base_is_another_row(
    kb: KnowledgeBase, tmp_path: Path, population: str | None
) -> None:
    path = guidance(tmp_path, replace(CARRIER, population=population))
    assert status_of(kb, path, CARRIER) == GONE
    assert [each.what for each in compare_with(kb, path) if each.status == NEW] == [
        f"Invented {CARRIER.guideline}: abacavir, {CARRIER.when}"
    ]


def test_a_changed_row_names_record_and_digest(kb: KnowledgeBase, tmp_path: Path) -> None:
    """What a maintainer looks up, and what upstream.tsv is to hold afterwards."""
    changed = replace(CARRIER, html="<p>Dance.</p>")
    (found,) = [each for each in compare_with(kb, guidance(tmp_path, changed)) if each.status == CHANGED]
    assert "PA1" in found.detail and changed.digest in found.detail


@pytest.mark.parametrize(
    ("drug", "keys"),
    [
        ("abacavir", {"HLA-B": "*57:01 sung"}),
        ("examplol", {"HLA-B": "*57:01 positive"}),
        ("ketoconazole", {"HLA-B": "*57:01 positive"}),
        ("J05AF", {"HLA-B": "*57:01 positive"}),
    ],
    ids=["a key", "a drug", "a medicine known for what it inhibits", "a group of drugs"],
)
def test_a_row_that_the_base_has_not(kb: KnowledgeBase, tmp_path: Path, drug: str, keys: dict[str, Any]) -> None:
    stranger = replace(CARRIER, drug=drug, keys=keys)
    found = compare_with(kb, guidance(tmp_path, CARRIER, NO_CARRIER, stranger))
    (new,) = [each for each in found if each.status == NEW]
    assert new.what == f"Invented {CARRIER.guideline}: {drug}, {source_when(keys)}"
    assert stranger.digest in new.detail
    assert {each.status for each in found if each.what.startswith(CARRIER.guideline + ":")} == {SAME}


def test_a_drug_is_known_by_any_of_its_names(kb: KnowledgeBase, tmp_path: Path) -> None:
    assert status_of(kb, guidance(tmp_path, replace(CARRIER, drug="Ziagen")), CARRIER) == SAME


def test_a_record_that_is_missing_is_gone(kb: KnowledgeBase, tmp_path: Path) -> None:
    path = guidance(tmp_path, CARRIER)
    assert (status_of(kb, path, CARRIER), status_of(kb, path, NO_CARRIER)) == (SAME, GONE)


def test_a_guideline_that_is_missing_is_gone_in_one_line(kb: KnowledgeBase, tmp_path: Path) -> None:
    found = compare_with(kb, guidance(tmp_path, CARRIER, NO_CARRIER))
    (gone,) = [each for each in found if PAIR.guideline in each.what]
    assert gone == Finding(GONE, PAIR.guideline, f"the file has no guideline {CLINPGX[PAIR.guideline]}")
    others = {row.guideline for row in kb.source_rows} - {CARRIER.guideline}
    assert {each.what for each in found if each.status == GONE} == others


@pytest.mark.parametrize(
    ("said", "reason"),
    [(THEIRS_ALONE, "theirs alone: a carrier of both alleles"), (SAID_OTHERWISE, "said otherwise: we sing louder")],
    ids=["a record without a row", "a row that says something else"],
)
def test_a_difference_that_a_person_meant(kb: KnowledgeBase, tmp_path: Path, said: Said, reason: str) -> None:
    path = guidance(tmp_path, said)
    (found,) = [each for each in compare_with(kb, path) if each.what == said.named]
    assert found.status == DELIBERATE and found.detail.startswith(reason)


@pytest.mark.parametrize("said", [THEIRS_ALONE, SAID_OTHERWISE], ids=by_name)
def test_a_meant_difference_is_read_again_when_the_source_moves(kb: KnowledgeBase, tmp_path: Path, said: Said) -> None:
    """The reason was given for what the source said then."""
    assert status_of(kb, guidance(tmp_path, replace(said, html="<p>Dance.</p>")), said) == CHANGED
    neighbour = replace(said, keys={"CYP2C9": "0.0", "HLA-B": "*15:02 positive"})
    assert status_of(kb, guidance(tmp_path, neighbour), said) == GONE


def test_rows_on_entering_a_copy_number_are_passed_over(kb: KnowledgeBase, tmp_path: Path) -> None:
    entering = replace(AT_LEAST, keys={"CYP2D6": "xN"})
    assert compare_with(kb, guidance(tmp_path, AT_LEAST, entering)) == compare_with(kb, guidance(tmp_path, AT_LEAST))


def test_one_record_may_speak_of_several_results_and_drugs(kb: KnowledgeBase, tmp_path: Path) -> None:
    record = PAIR.record() | {"lookupKey": [PAIR.keys, TWICE.keys, {"CYP2C9": "sung"}]}
    record["relatedChemicals"].append({"name": "examplol"})
    found = compare_with(kb, file_of(tmp_path, guidelines([(PAIR.guideline, record)])))
    assert {each.what: each.status for each in found if each.status in {SAME, NEW}} == {
        PAIR.named: SAME,
        TWICE.named: SAME,
        f"Invented {PAIR.guideline}: siponimod, CYP2C9=sung": NEW,
        f"Invented {PAIR.guideline}: examplol, CYP2C9:*2/*9": NEW,
        f"Invented {PAIR.guideline}: examplol, CYP2C9:*2/*2": NEW,
        f"Invented {PAIR.guideline}: examplol, CYP2C9=sung": NEW,
    }


def test_the_order_of_a_file_is_kept(kb: KnowledgeBase, tmp_path: Path) -> None:
    there, back = (
        [each.what for each in compare_with(kb, guidance(tmp_path, *order)) if each.status == SAME]
        for order in ((CARRIER, PAIR), (PAIR, CARRIER))
    )
    assert there == [CARRIER.named, PAIR.named] == back[::-1]


def test_every_row_of_the_base_is_found_under_its_own_key(base: KnowledgeBase, tmp_path: Path) -> None:
    """With other words each is changed: no key of the base is spelled as its source would never spell it."""
    records = []
    for row in base.source_rows:
        said = Said(row.guideline, row.drug, row.when, keys_of(row.source_when), population=row.source_population)
        records.append((row.guideline, said.record()))
    found = compare_with(base, file_of(tmp_path, guidelines(records)))
    assert [each for each in found if each.status in {NEW, GONE}] == []
    assert len(found) == len(base.source_rows) > 3000


def test_records_and_differences_are_those_of_the_tables(base: KnowledgeBase) -> None:
    records = [(row["record"], row["drug"], row["when"], row["digest"]) for row in rows("upstream")]
    assert sorted((each.record, each.drug, each.when, each.digest) for each in base.source_rows) == sorted(records)
    stated = rows("upstream_differences")
    reasons = [
        (*map(row.get, ("guideline", "drug", "population", "when")), row["kind"], row["reason"]) for row in stated
    ]
    assert {each[:4]: f"{each[4]}: {each[5]}" for each in reasons} == base.source_differences


def keys_of(when: str) -> dict[str, Any]:
    """The look-up key of a source for a condition of the base."""
    keys: dict[str, Any] = {}
    for part in when.split(" & "):
        gene, equals, key = part.partition("=")
        if equals and ":" not in gene:
            keys[gene] = key.replace(">=", "≥")
        else:
            gene, _, pair = part.partition(":")
            keys[gene] = {allele: pair.split("/").count(allele) for allele in pair.split("/")}
    return keys


# --- the digest of a statement ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "Sing 2 songs before each 0.5 mg when the final score is below 1; hum at 50%.",
        INVENTED.upper(),
        INVENTED.replace(" ", "\n\t "),
        INVENTED.replace(" ", "&nbsp;"),
        INVENTED.replace(" ", "\u202f"),
        INVENTED.replace("hum", "<strong class='loud'>h</strong>um").replace("</p>", "</p><br/><!-- aside -->"),
        INVENTED.replace("hum", "“hum”").replace("songs", "&ldquo;songs&rdquo;"),
        INVENTED.replace("each", "– each —").replace("score", "s-core").replace("below", "be\u2011low"),
        INVENTED.replace("songs", "song&#115;").replace("50%", "50 &#37;"),
        INVENTED.replace("fi", "\ufb01").replace("2", "\uff12"),
    ],
    ids=["plain", "capitals", "lines", "entities", "narrow", "tags", "quotes", "dashes", "numeric", "ligatures"],
)
def test_layout_is_not_what_a_source_says(text: str) -> None:
    assert text_digest(text, "strong") == text_digest(INVENTED, "Strong")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("0.5 mg", "5 mg"),
        ("0.5 mg", "0.05 mg"),
        ("1.25 mg", "12.5 mg"),
        ("score &lt; 1", "score &gt; 1"),
        ("score &lt; 1", "score 1"),
        ("score ≤ 1", "score < 1"),
        ("score ≥ 3", "score > 3"),
        ("50%", "50"),
        ("1-2 mg", "12 mg"),
        ("30-80%", "3080%"),
        ("at 0.5, 1 mg", "at 0.51 mg"),
        ("<p>score <0.5: sing</p>", "<p>score <0.5: dance</p>"),
        ("score <1 and dose >2 mg", "score <1 and weight >2 mg"),
        ("Avoid.", "Do not avoid."),
    ],
)
def test_a_point_a_sign_or_a_word_is_what_a_source_says(one: str, other: str) -> None:
    """A comparison sign that was not escaped begins no tag: what follows it is read."""
    assert text_digest(one, None) != text_digest(other, None)


@pytest.mark.parametrize("text", ["30–80%", "30 - 80 %", "30&ndash;80%", "30 <b>80%</b>", "30−80%"])
def test_however_a_range_is_written_it_is_the_same(text: str) -> None:
    assert text_digest(text, None) == text_digest("30-80%", None)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("a", "b", ""), ("ab", "", "")),
        (("a", "b", ""), ("a", "", "b")),
        (("a", None, ""), ("a", "None", "")),
    ],
)
def test_words_strength_and_population_do_not_run_into_each_other(
    one: tuple[str, str | None, str], other: tuple[str, str | None, str]
) -> None:
    assert text_digest(*one) != text_digest(*other)


word = st.from_regex(r"[a-zäß]{1,6}|[1-9][0-9]{0,3}(\.[0-9]{1,2})?", fullmatch=True)
layout = st.sampled_from(
    [" ", "\n", "&nbsp;", "\u00a0", "<br>", "</p><p class='x'>", ", ", ". ", "; ", " (", ") ", " – ", " “", "” ", " * "]
)


@given(st.lists(st.tuples(word, layout, layout), min_size=1, max_size=12))
def test_whatever_the_layout_the_digest_is_the_same(parts: list[tuple[str, str, str]]) -> None:
    plain = " ".join(each for each, _, _ in parts)
    laid_out = "".join(before + each + after for each, before, after in parts)
    assert text_digest(laid_out, "Strong", "adults") == text_digest(plain, "strong", "Adults")


@given(st.lists(word, max_size=8), st.integers(0, 9999), st.lists(word, max_size=8), st.data())
def test_whichever_digit_changes_the_digest_changes(
    before: list[str], number: int, after: list[str], data: st.DataObject
) -> None:
    text = " ".join([*before, str(number), *after])
    place = data.draw(st.sampled_from([at for at, sign in enumerate(text) if sign.isdecimal()]))
    digit = data.draw(st.sampled_from([each for each in "0123456789" if each != text[place]]))
    assert text_digest(text, None) != text_digest(text[:place] + digit + text[place + 1 :], None)


# --- the command ------------------------------------------------------------------------------------------------------


def test_the_command_counts_and_lists_what_asks_for_a_reading_first(kb: KnowledgeBase, tmp_path: Path) -> None:
    stranger = replace(CARRIER, keys={"HLA-B": "*57:01 sung"})
    path = guidance(tmp_path, PAIR, replace(CARRIER, html="<p>Dance.</p>"), stranger, THEIRS_ALONE)
    done = run("knowledge", "upstream", path, "--knowledge", kb.path)
    assert (done.code, done.err) == (0, "")
    first, *lines = done.out.splitlines()
    assert first.startswith("guidance.json: 1 changed upstream, 1 new, ") and first.endswith(" 1 deliberate, 1 same")
    assert lines[0].startswith(f"  changed upstream {CARRIER.named}  (record PA1")
    assert lines[1].startswith(f"  new              Invented {CARRIER.guideline}: abacavir, HLA-B=*57:01 sung")
    assert lines[-1].startswith(f"  deliberate       {THEIRS_ALONE.named}  (theirs alone: ")
    assert PAIR.named not in done.out
    more = run("knowledge", "upstream", path, "--all", "--knowledge", kb.path)
    assert more.out == done.out + f"  same             {PAIR.named}\n"
