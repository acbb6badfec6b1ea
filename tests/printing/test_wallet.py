"""The card as it is printed: its size, its text, and its codes, read by a decoder of another house."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from starling.printing.card import Payload, card_of, payloads
from starling.printing.wallet import wallet
from starling.trust.signature import new_key
from tests.printing.support import card, codes_of, person, sizes_of, text_of


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("key") / "key.pem"
    path.write_bytes(new_key()[0])
    return path


def test_the_card_has_the_size_of_a_card_and_its_code_can_be_read(key: Path) -> None:
    made = card_of(person(("HLA-B", "*57:01/*08:01")))
    codes = payloads(made, key)
    pdf = wallet(made, codes)
    assert sizes_of(pdf) == [(85.6, 54.0)] * 2
    assert codes_of(pdf) == [code.text for code in codes]
    front, back = text_of(pdf)
    assert "Ann Example" in front and "Born 1 February 1980" in front and "side 1 of 2" in front
    assert "I must not be given abacavir (HLA-B*57:01 positive)." in front
    assert codes[0].key in back and "Code 1 of 1" in back


def test_no_danger_is_missing_on_paper_or_in_the_codes(key: Path) -> None:
    made = card_of(person(("CYP2C19", "*2/*2"), ("CYP2D6", "*4/*4"), ("DPYD", "c.1905+1G>A (*2A)/c.1905+1G>A (*2A)")))
    codes = payloads(made, key)
    pdf = wallet(made, codes)
    paper, read = " ".join(text_of(pdf)), "\n".join(codes_of(pdf))
    assert len(made.dangers) > 3
    assert [danger for danger in made.dangers if f"\n! {danger}\n" not in read] == []
    plain = paper.replace(" ", "").replace("-", "")
    assert [danger for danger in made.dangers if danger.replace(" ", "").replace("-", "") not in plain] == []


def test_the_fullest_code_can_be_read(key: Path) -> None:
    made = card(tuple(f"Avoid giving me {'examplol, ' * 2}(GENE{n} Poor Metabolizer)." for n in range(20)))
    codes = payloads(made, key)
    assert len(codes) > 1 and max(len(code.text.encode()) for code in codes) > 1000
    assert codes_of(wallet(made, codes)) == [code.text for code in codes]


@settings(max_examples=4)
@given(name=st.text(st.characters(min_codepoint=0xC0, max_codepoint=0x17F), min_size=1, max_size=60))
def test_a_name_with_other_letters_is_read_again(name: str, key: Path) -> None:
    made = card(("I must not be given abacavir.",), name=name)
    (code,) = payloads(made, key)
    assert codes_of(wallet(made, [code])) == [code.text]


def test_what_the_code_leaves_out_is_said_beside_it(key: Path) -> None:
    made = card(("x" * 600,), tuple(f"GENE{number} *1/*1: Poor Metabolizer" for number in range(9)))
    codes: tuple[Payload, ...] = payloads(made, key)
    said = " ".join(text_of(wallet(made, codes)))
    assert "Left out of the code:" in said and codes[-1].field("left") in said
    assert all(f"GENE{number}" in said for number in range(9))


def test_a_card_without_dangers_does_not_say_that_all_is_safe(key: Path) -> None:
    made = card()
    front = text_of(wallet(made, payloads(made, key)))[0]
    assert "No medicine that I must not be given was found." in front
    assert "or was not looked at" in front and "No result: CYP2D6" in front
