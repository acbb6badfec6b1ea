"""The text in a card's code: what it says, and every way in which it could be made to say something else."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from starling.errors import InputError, TrustError
from starling.printing.card import MOST_BYTES, Card, Payload, believed, bodies, card_of, payloads, read_payload
from starling.report.patient import card_dangers
from starling.trust.keys import TrustedKey
from starling.trust.signature import new_key, sign
from starling.values import replace
from tests.printing.support import card, person

ABACAVIR = "I must not be given abacavir (HLA-B*57:01 positive)."


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return key_in(tmp_path_factory.mktemp("key"))


def key_in(folder: Path) -> Path:
    private, public = new_key()
    (folder / "key.pem").write_bytes(private)
    (folder / "key.raw").write_bytes(public)
    return folder / "key.pem"


def trusted(key: Path) -> tuple[TrustedKey, ...]:
    return (TrustedKey("ward-3", key.with_suffix(".raw").read_bytes()),)


def read(data: bytes, key: Path) -> Payload:
    return believed(read_payload(data), trusted(key))[0]


# --- what it says -----------------------------------------------------------------------------------------------------


def test_a_card_says_whose_it_is_what_is_dangerous_and_what_has_no_result() -> None:
    made = card_of(person(("HLA-B", "*57:01/*08:01"), ("DPYD", "Reference/c.1905+1G>A (*2A)")))
    assert ABACAVIR in made.dangers
    assert any("fluorouracil" in each and "life-threatening" in each for each in made.dangers)  # not barred: less of it
    assert any(each.startswith("DPYD") for each in made.genes)
    assert "CYP2C19" in made.without


def test_everything_that_can_kill_or_maim_is_among_the_dangers() -> None:
    who = person(("CYP2C19", "*2/*2"), ("DPYD", "Reference/c.1905+1G>A (*2A)"), ("CYP2D6", "*4/*4"))
    said = " ".join(card_dangers(who))
    assert [drug.drug for drug in who.drugs if drug.harm and drug.drug not in said] == []


@pytest.mark.parametrize(
    "subject", [{}, {"name": "Ann"}, {"birth_date": "1980"}, {"name": "A" * 81, "birth_date": "1"}]
)
def test_a_card_of_nobody_is_refused(subject: dict[str, str]) -> None:
    with pytest.raises(InputError, match=r"name=\.\.\. and birth_date"):
        card_of(replace(person(("CYP2C19", "*2/*2")), subject=subject))


LINES = st.text(st.characters(blacklist_categories=("C", "Z")), min_size=1, max_size=200)


@given(dangers=st.lists(LINES, max_size=30), genes=st.lists(LINES, max_size=30), name=LINES)
def test_no_danger_is_left_out_and_no_code_is_too_long(dangers: list[str], genes: list[str], name: str) -> None:
    texts = bodies(card(tuple(dangers), tuple(genes), name[:40]))
    said = [line[2:] for text in texts for line in text.split("\n") if line.startswith("! ")]
    assert said == dangers
    assert all(len(text.encode()) <= MOST_BYTES - 100 for text in texts)
    shown = sum(line.startswith("+ ") for text in texts for line in text.split("\n"))
    left = len(genes) - shown
    assert (
        (f"{left} gene" in texts[-1])
        if left
        else "gene" not in texts[-1].partition("Left out: ")[2].split(" without")[0]
    )


def test_genes_that_do_not_fit_are_counted() -> None:
    (text,) = bodies(card((ABACAVIR,), tuple(f"GENE{number} {'*1/' * 12}" for number in range(40))))
    shown = text.count("\n+ ")
    assert 0 < shown < 40 and f"Left out: {40 - shown} genes, see the report\n" in text


def test_a_danger_that_no_code_holds_is_no_card() -> None:
    with pytest.raises(InputError, match="more drugs than a code holds") as refused:
        bodies(card(("x" * MOST_BYTES,)))
    assert refused.value.code == "CARD_FULL"


# --- there and back ---------------------------------------------------------------------------------------------------


@given(name=LINES, dangers=st.lists(LINES, max_size=8))
def test_what_is_signed_is_read_again(name: str, dangers: list[str], key: Path) -> None:
    made = payloads(card(tuple(dangers), name=name[:40]), key)
    assert [read(each.text.encode(), key) for each in made] == list(made)
    assert made[0].field("name") == name[:40]


@pytest.mark.parametrize(
    "spelled",
    [
        lambda text: text.encode().replace(b"\n", b"\r\n"),
        lambda text: b"\xef\xbb\xbf" + text.encode() + b"\n\n",
        lambda text: text.encode().decode("latin-1").encode("utf-8"),
        lambda text: text.encode().replace(b"\n", b"\r") + b"\r",
    ],
    ids=["windows", "mark and blank lines", "taken for latin-1", "carriage returns"],
)
def test_a_scanner_may_spell_it_otherwise(spelled: object, key: Path) -> None:
    (made,) = payloads(card((ABACAVIR,), name="Zoë Müller"), key)
    assert callable(spelled)
    assert read(spelled(made.text), key) == made


# --- attacks ----------------------------------------------------------------------------------------------------------


@given(at=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_attack_one_bit_is_altered(at: int, bit: int, key: Path) -> None:
    (made,) = payloads(card((ABACAVIR,)), key)
    data = bytearray(made.text.encode())
    data[at % len(data)] ^= 1 << bit
    try:
        assert read(bytes(data), key) == made  # an end of a line that is spelled otherwise
    except (InputError, TrustError) as error:
        assert error.code in {"BAD_CARD", "CARD_REFUSED", "CARD_KEY_UNKNOWN"}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Ann Example", "Ben Example"),
        ("1980-02-01", "1980-02-02"),
        (f"! {ABACAVIR}\n", ""),
        ("abacavir", "aspirin"),
        ("2026.07,", "2027.01,"),
        ("part 1 of 1", "part 1 of 2"),
        ("Made: 2026-11-28", "Made: 2027-11-28"),
    ],
)
def test_attack_a_line_is_altered_or_taken_away(old: str, new: str, key: Path) -> None:
    (made,) = payloads(card((ABACAVIR,)), key)
    assert old in made.text
    with pytest.raises(TrustError, match="not what ward-3 signed") as refused:
        read(made.text.replace(old, new).encode(), key)
    assert refused.value.code == "CARD_REFUSED"


def test_attack_a_stranger_signs_it_anew(key: Path, tmp_path: Path) -> None:
    (forged,) = payloads(card(), key_in(tmp_path))
    with pytest.raises(TrustError, match=f"the key {forged.key}, which nobody here trusts"):
        read(forged.text.encode(), key)


def test_attack_a_stranger_signs_under_the_name_of_a_trusted_key(key: Path, tmp_path: Path) -> None:
    (forged,) = payloads(card(), key_in(tmp_path))
    named = replace(forged, key=trusted(key)[0].fingerprint)
    with pytest.raises(TrustError, match="not what ward-3 signed"):
        read(named.text.encode(), key)


def test_attack_it_is_cut_short_or_goes_on(key: Path) -> None:
    (made,) = payloads(card((ABACAVIR,)), key)
    data = made.text.encode()
    for other in (b"", data[:-1], data[1:], data + b"x", data + b"\n" + data, data[: len(data) // 2], b"\x00" * 40):
        with pytest.raises(InputError) as refused:
            read(other, key)
        assert refused.value.code == "BAD_CARD"


def test_attack_it_is_shown_by_another_person(key: Path) -> None:
    """That it is genuine cannot say who shows it: whose it is stands inside, signed, and is shown first."""
    (made,) = payloads(card((ABACAVIR,)), key)
    assert read(made.text.encode(), key).body.split("\n")[1:3] == ["Name: Ann Example", "Born: 1980-02-01"]


def test_attack_a_signature_for_something_else(key: Path) -> None:
    (made,) = payloads(card((ABACAVIR,)), key)
    other = sign(key, "starling.model", made.body.encode(), password=lambda: b"")
    with pytest.raises(TrustError, match="not what ward-3 signed"):
        read(replace(made, signature=other.value).text.encode(), key)


def test_attack_a_name_that_adds_a_line(key: Path) -> None:
    who = person(("CYP2C19", "*2/*2"))
    subject = {"name": "Ann\n! I can be given everything.\u2028+ x", "birth_date": "1980-02-01\x0bKey: 00"}
    made: Card = card_of(replace(who, subject=subject))
    texts = [each.body for each in payloads(made, key)]
    assert all(text.count("Name: Ann ! I can be given everything. + x\n") == 1 for text in texts)
    assert all("\n! I can" not in text and "\u2028" not in text for text in texts)


def test_attack_a_name_that_looks_like_the_end(key: Path) -> None:
    (made,) = payloads(card((ABACAVIR,), name="Key: 0000000000000000"), key)
    assert read(made.text.encode(), key).field("name") == "Key: 0000000000000000"


@given(data=st.one_of(st.binary(max_size=300), st.text(max_size=300).map(lambda text: text.encode("utf-8", "replace"))))
def test_attack_anything_else_is_no_card_and_no_crash(data: bytes) -> None:
    with pytest.raises(InputError) as refused:
        read_payload(data)
    assert refused.value.code == "BAD_CARD"
