"""The HTML page: complete, well formed, nothing fetched, nothing run, readable in every colour."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

import starling.report
from starling.assessment import Assessment, DrugResult, Provenance
from starling.report.html import page
from starling.report.markup import Markup, join, tag
from starling.report.text import visible
from starling.report.words import ACTIONS, NOT_A_DEVICE, action_words
from tests.report.reader import Reader
from tests.report.sample_assessment import HOSTILE, hostile_assessment, sample_assessment

TEMPLATES = Path(starling.report.__file__).parent / "templates"


@pytest.fixture(scope="module", params=["plain", "hostile"])
def person(request: pytest.FixtureRequest) -> Assessment:
    return sample_assessment() if request.param == "plain" else hostile_assessment()


def test_every_element_is_closed_in_order(person: Assessment) -> None:
    assert Reader(page(person)).open == []


def test_every_gene_drug_summary_and_notice_stands_on_the_page(person: Assessment) -> None:
    said = "".join(Reader(page(person)).texts)
    for gene in person.genes:
        assert gene.gene in said
        for name in (*gene.missing_positions, *gene.cannot_exclude, *(notice.message for notice in gene.warnings)):
            assert visible(name) in said
    for drug in person.drugs:
        assert visible(drug.drug) in said
        for row in drug.recommendations:
            assert visible(row.advice.summary) in said
            for note in row.notes:
                assert visible(note.message) in said
    assert NOT_A_DEVICE in said
    assert person.result_sha256 in said


def test_nothing_is_fetched_and_nothing_runs(person: Assessment) -> None:
    text = page(person)
    reader = Reader(text)
    names = {name for name, _ in reader.elements}
    assert not names & {"script", "link", "img", "iframe", "object", "embed", "form", "base", "audio", "video"}
    for _, attributes in reader.elements:
        assert not [name for name in attributes if name.startswith("on") or name in {"src", "srcset", "action"}]
        assert attributes.get("href", "#").startswith("#")
    assert "http:" not in text
    assert "https:" not in text
    assert "url(" not in text
    assert "@import" not in text


def test_the_browser_is_told_to_load_nothing() -> None:
    policies = [meta["content"] for meta in Reader(page(sample_assessment())).named("meta") if "http-equiv" in meta]
    assert policies == ["default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"]


def test_no_hostile_text_leaves_its_place() -> None:
    text = page(hostile_assessment())
    assert "<script" not in text
    assert text.count("</style>") == 1
    assert "\x1b" not in text
    assert "\u202e" not in text
    style = text[text.index("<style>") : text.index("</style>")]
    assert "alert" in style, "the sample's name stands in the running foot, escaped"
    assert "\\00003cscript\\00003e" in style
    assert style.count('"') % 2 == 0


def test_every_link_inside_the_page_leads_somewhere(person: Assessment) -> None:
    reader = Reader(page(person))
    places = [attributes["id"] for _, attributes in reader.elements if "id" in attributes]
    assert len(places) == len(set(places))
    for _, attributes in reader.elements:
        if "href" in attributes:
            assert attributes["href"][1:] in places


def test_headings_descend_one_step_at_a_time_and_tables_name_their_columns() -> None:
    reader = Reader(page(sample_assessment()))
    levels = [int(name[1]) for name, _ in reader.elements if re.fullmatch("h[1-6]", name)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))
    assert all(cell["scope"] in {"row", "col"} for cell in reader.named("th"))
    assert reader.named("html") == [{"lang": "en"}]


def test_an_icon_always_has_its_word_beside_it() -> None:
    text = page(sample_assessment())
    for words in ACTIONS:
        assert f'id="icon-{words.action}"' in text
    badges = re.findall(r'<span class="badge[^>]*>(.*?)</span>', text)
    assert badges
    assert all(re.sub("<[^>]*>", "", badge).strip() for badge in badges)


def test_the_most_serious_drugs_come_first() -> None:
    text = page(sample_assessment())
    glance = text[text.index('<table class="glance">') :].partition("</table>")[0]
    shown = re.findall(r'<th scope="row"><a href="[^"]*">([^<]*)</a>', glance)
    harmful, own, others = ["abacavir", "fluorouracil"], ["clopidogrel"], ["codeine", "simvastatin"]
    assert shown == [*harmful, *own, *others, "azathioprine", "lansoprazole"]


def test_what_asks_for_attention_only_is_folded_and_still_on_the_page() -> None:
    text = page(sample_assessment())
    folded = text[text.index("To be monitored, or an effect on concentrations only: 1 drug") :]
    assert "pravastatin" in folded[: folded.index("</details>")]
    assert '<details open="open">' not in text


def test_blanks_say_that_they_were_not_stated() -> None:
    text = page(sample_assessment(subject={}))
    assert text.count('<dd class="blank">not stated</dd>') == 8


def test_assumed_positions_stand_at_the_head_and_on_every_printed_page() -> None:
    text = page(sample_assessment())
    assert "37 positions not in the file were ASSUMED to be reference" in text
    assert "@bottom-center" in text
    assert "ASSUMED" in text[text.index("@bottom-center") : text.index("@bottom-right")].replace("\\000020", " ")


def test_nothing_to_act_on_is_said() -> None:
    as_usual = tuple(drug for drug in sample_assessment().drugs if drug.drug == "metoprolol")
    assert "No drug was asked about." in page(sample_assessment(drugs=()))
    assert "calls for a change by what is known; see below" in page(sample_assessment(drugs=as_usual))
    sure = tuple(replace(gene, phenotype_certain=True) for gene in sample_assessment().genes)
    assert "No drug shown here calls for anything but usual use." in page(sample_assessment(drugs=as_usual, genes=sure))


def test_an_action_from_a_later_version_heads_the_report_instead_of_vanishing() -> None:
    strange = action_words("desensitise_first")
    assert strange.urgent
    assert strange.word == "Desensitise first"


def test_a_page_needs_no_file_build_or_digest() -> None:
    base = sample_assessment().provenance
    bare = Provenance(base.program, base.knowledge, base.input.__class__("", None, "", None, None, None, None), {}, {})
    assert "not stated" in page(sample_assessment(provenance=bare, sample=""))


def test_markup_escapes_text_and_leaves_markup_alone() -> None:
    assert tag("p", "a<b", None, tag("b", "&")) == "<p>a&lt;b<b>&amp;</b></p>"
    assert tag("p", title='"x"', class_="") == '<p title="&quot;x&quot;"></p>'
    assert join(HOSTILE).count("<") == 0
    assert isinstance(join("x"), Markup)


def _palettes() -> Iterator[tuple[str, dict[str, str]]]:
    css = (TEMPLATES / "report.css").read_text(encoding="utf-8")
    for number, block in enumerate(re.findall(r":root \{([^}]*--paper[^}]*)\}", css)):
        colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", block))
        for tone in ("stop", "change", "dose", "test", "watch", "usual", "none"):
            yield f"{number}-{tone}", {"ink": colours[tone], "paper": colours[f"{tone}-soft"]}
            yield f"{number}-{tone}-plain", {"ink": colours[tone], "paper": colours["paper"]}
        for ink in ("ink", "quiet", "accent"):
            yield f"{number}-{ink}", {"ink": colours[ink], "paper": colours["paper"]}


def _luminance(colour: str) -> float:
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize(("name", "pair"), list(_palettes()))
def test_every_text_stands_out_from_its_ground(name: str, pair: dict[str, str]) -> None:
    """WCAG 2.2, success criterion 1.4.3 (AA): at least 4.5 to 1."""
    lighter, darker = sorted((_luminance(pair["ink"]), _luminance(pair["paper"])), reverse=True)
    assert (lighter + 0.05) / (darker + 0.05) >= 4.5, name


def test_all_three_palettes_were_checked() -> None:
    assert len({name.split("-")[0] for name, _ in _palettes()}) == 3


def test_a_recommendation_that_no_group_heads_is_still_on_the_page() -> None:
    partial = DrugResult("odd", "no_result", None, ("TPMT",), None, sample_assessment().drugs[0].recommendations)
    assert "Never give abacavir" in page(sample_assessment(drugs=(partial,)))
