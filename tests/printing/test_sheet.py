"""The report on paper: the words of the first page, on one sheet where they fit, and never cut."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen

from starling.assessment import Assessment
from starling.errors import InputError
from starling.printing.reading import Element, elements_of
from starling.printing.sheet import sheet
from starling.report.first_page import first_page
from starling.values import replace
from tests.printing.support import is_grey, person, sizes_of, text_of
from tests.report.sample_assessment import sample_assessment

MUCH = (
    ("CYP2B6", "*6/*6"), ("CYP2C19", "*2/*2"), ("CYP2C9", "*2/*3"), ("CYP2D6", "*1/*2x2"), ("CYP3A5", "*1/*1"),
    ("DPYD", "Reference/c.1905+1G>A (*2A)"), ("HLA-A", "*31:01/*02:01"), ("HLA-B", "*15:02/*57:01"), ("NAT2", "*5/*6"),
    ("NUDT15", "*1/*3"), ("SLCO1B1", "*5/*5"), ("TPMT", "*3A/*3A"), ("UGT1A1", "*28/*28"),
)  # fmt: skip
TAKEN = ("Plavix", "paroxetine", "simvastatin", "metoprolol", "codeine", "warfarin", "omeprazole")


def words_of(element: Element) -> list[str]:
    """The words of an element that are seen: not those for a screen reader alone, nor the caption of a table."""
    if "spoken" in element.classes or element.name == "caption":
        return []
    return [
        word for child in element.children for word in (child.split() if isinstance(child, str) else words_of(child))
    ]


def letters(text: str) -> str:
    """What is left to compare where lines break elsewhere."""
    return re.sub(r"[^\w]", "", unicodedata.normalize("NFKC", text))


@pytest.mark.parametrize("who", [person(("CYP2C19", "*2/*2")), person(*MUCH, taken=TAKEN)], ids=["little", "much"])
def test_every_word_of_the_first_page_is_on_one_sheet(who: Assessment) -> None:
    made = sheet(who)
    (said,) = text_of(made)
    assert sizes_of(made) == [(210.0, 297.0)]
    assert "page 1 of 1" in said
    on_paper = letters(said)
    assert [word for word in words_of(elements_of(first_page(who))) if letters(word) not in on_paper] == []


def test_what_is_not_for_one_sheet_goes_on_over_a_second_and_is_not_cut() -> None:
    long = "An outcome in very many words. " * 90
    sample = sample_assessment()
    drugs = tuple(
        replace(drug, harm=replace(drug.harm, what=long, result=f"{drug.harm.result} {number}")) if drug.harm else drug
        for number, drug in enumerate(sample.drugs)
    )
    pages = text_of(sheet(replace(sample, subject={"name": "Ann"}, sample="ann", drugs=drugs)))
    assert len(pages) > 1
    assert f"page 1 of {len(pages)}" in pages[0] and f"page {len(pages)} of {len(pages)}" in pages[-1]
    harms = sum(1 for drug in drugs if drug.harm)
    assert harms and letters("".join(pages)).count(letters("An outcome in very many words.")) >= 90


def test_what_is_dangerous_has_a_sign_and_a_word_and_no_colour() -> None:
    made = sheet(person(("HLA-B", "*57:01/*08:01")))
    assert "✖ Do not use abacavir" in text_of(made)[0]
    assert is_grey(made)


def test_fonts_are_embedded_and_the_document_says_what_it_is() -> None:
    made = sheet(person(("CYP2C19", "*2/*2")))
    assert made.count(b"/FontFile2") == 2
    assert b"/Lang (en" in made and b"pdfaid" in made and b"/DisplayDocTitle true" in made


def test_a_letter_that_no_font_has_is_never_left_out(tmp_path: Path) -> None:
    who = person(("CYP2C19", "*2/*2"), name="李明")
    with pytest.raises(InputError, match="has no 明 李") as refused:
        sheet(who)
    assert refused.value.code == "FONT_LACKS"
    not_a_font = tmp_path / "font.ttf"
    not_a_font.write_bytes(b"no font")
    with pytest.raises(InputError, match="no TrueType font"):
        sheet(who, font=not_a_font)


def test_a_hostile_name_stays_a_name() -> None:
    who = person(("CYP2C19", "*2/*2"), name="{nb} **<b>Ann</b>\x1b[2J\u202e")
    (said,) = text_of(sheet(who))
    assert r"{nb} **<b>Ann</b>\x1b[2J\u202e" in said


def test_letters_that_ours_lacks_come_from_the_font_that_is_named(tmp_path: Path) -> None:
    font = font_with("李明", tmp_path / "font.ttf")
    (said,) = text_of(sheet(person(("CYP2C19", "*2/*2"), name="李明 Ann"), font=font))
    assert "李明 Ann" in said and "page 1 of 1" in said


def font_with(letters: str, path: Path) -> Path:
    """A font of squares for these letters alone."""
    names = {ord(letter): f"u{ord(letter):04x}" for letter in letters}
    order = [".notdef", *names.values()]
    pen = TTGlyphPen(None)
    for at, point in enumerate([(0, 0), (0, 700), (700, 700), (700, 0)]):
        (pen.lineTo if at else pen.moveTo)(point)
    pen.closePath()
    square = pen.glyph()
    made = FontBuilder(1000, isTTF=True)
    made.setupGlyphOrder(order)
    made.setupCharacterMap(names)
    made.setupGlyf(dict.fromkeys(order, square))
    made.setupHorizontalMetrics(dict.fromkeys(order, (800, 0)))
    made.setupHorizontalHeader(ascent=800, descent=-200)
    made.setupNameTable({"familyName": "Squares", "styleName": "Regular"})
    made.setupOS2()
    made.setupPost()
    made.save(path)
    return path
