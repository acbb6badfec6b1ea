"""`card`, `verify-card` and `report -o FILE.pdf`: exit codes, files and what is said."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from tests.commands import run
from tests.printing.support import codes_of, text_of

WHO = ("--subject", "name=Ann Example", "--subject", "birth_date=1980-02-01")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key, a card made with it, and the text of its code."""
    place = tmp_path_factory.mktemp("cards")
    (place / "hla.tsv").write_text("gene\tdiplotype\nHLA-B\t*57:01/*08:01\n")
    assert run("card", "key", "ward-3", cwd=place).code == 0
    done = run("card", "--outside", "hla.tsv", *WHO, "--key", "ward-3.pem", "-o", "card.pdf", cwd=place)
    assert done.code == 0, done.err
    (text,) = codes_of((place / "card.pdf").read_bytes())
    (place / "code.txt").write_text(text, encoding="utf-8")
    return place


def trusting(folder: Path) -> dict[str, str]:
    return {"STARLING_CARD_TRUST": str(folder / "keys"), "STARLING_TRUST": str(folder / "models")}


def test_the_key_is_its_owners_alone(folder: Path) -> None:
    assert stat.S_IMODE((folder / "ward-3.pem").stat().st_mode) == 0o600
    assert "PRIVATE" not in (folder / "ward-3.pub.pem").read_text()


def test_a_card_is_believed_once_its_key_is_trusted_and_no_longer(folder: Path) -> None:
    unknown = run("verify-card", "code.txt", cwd=folder, env=trusting(folder))
    assert unknown.code == 7 and "CARD_KEY_UNKNOWN" in unknown.err and unknown.out == ""
    assert run("card", "trust", "ward-3.pub.pem", cwd=folder, env=trusting(folder)).code == 0
    assert "cards are believed" in (folder / "keys").read_text()
    assert not (folder / "models").exists()  # whoever signs cards signs no models
    known = run("verify-card", "code.txt", cwd=folder, env=trusting(folder))
    assert known.code == 0
    assert "GENUINE: signed by ward-3" in known.out and "! I must not be given abacavir" in known.out
    assert "OTHER EDITION" not in known.out
    assert run("card", "trust", "--remove", "ward-3", cwd=folder, env=trusting(folder)).code == 0
    assert run("verify-card", "code.txt", cwd=folder, env=trusting(folder)).code == 7


def test_an_altered_card_shows_nothing_of_what_it_says(folder: Path) -> None:
    text = (folder / "code.txt").read_text(encoding="utf-8").replace("abacavir", "aspirin")
    done = run("verify-card", "-", "--key", "ward-3.pub.pem", cwd=folder, stdin=text)
    assert (done.code, done.out) == (7, "") and "CARD_REFUSED" in done.err


@pytest.mark.parametrize("text", [b"", b"https://example.org", b"\xff\xfe\x00", b"starling.card/1 part 1 of 1\n"])
def test_what_is_no_card_is_said_to_be_none(text: bytes, folder: Path) -> None:
    done = run("verify-card", "-", "--key", "ward-3.pub.pem", cwd=folder, stdin=text)
    assert done.code == 2 and "BAD_CARD" in done.err


def test_a_card_of_another_edition_says_so(folder: Path) -> None:
    from starling.printing.card import payloads
    from tests.printing.support import card

    (old,) = payloads(card(), folder / "ward-3.pem")
    done = run("verify-card", "-", "--key", "ward-3.pub.pem", cwd=folder, stdin=old.text)
    assert done.code == 0 and "OTHER EDITION: made with knowledge 2026.07, and this program has" in done.out


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--key", "ward-3.pem", "-o", "x.pdf"), "needs name=... and birth_date=..."),
        ((*WHO, "-o", "x.pdf"), "the key that signs it"),
        ((*WHO, "--key", "ward-3.pem"), "name the card with -o"),
        ((*WHO, "--key", "ward-3.pub.pem", "-o", "x.pdf"), "others may read it"),
        ((*WHO, "--key", "none.pem", "-o", "x.pdf"), "cannot be read"),
        ((*WHO, "--key", "ward-3.pem", "-o", "none/x.pdf"), "cannot be written"),
        ((*WHO, "--key", "ward-3.pem", "-o", "x.pdf", "--list"), "are for: card trust"),
        (("--subject", "name=李", "--subject", "birth_date=1980-01-01", "--key", "ward-3.pem", "-o", "x.pdf"), "no 李"),
    ],
)
def test_what_is_missing_is_one_line_and_no_card(options: tuple[str, ...], said: str, folder: Path) -> None:
    done = run("card", "--outside", "hla.tsv", *options, cwd=folder)
    assert done.code == 2 and said in done.err and done.err.count("\n") == 1
    assert not (folder / "x.pdf").exists()


def test_a_key_that_others_may_read_is_refused(folder: Path, tmp_path: Path) -> None:
    shared = tmp_path / "shared.pem"
    shared.write_bytes((folder / "ward-3.pem").read_bytes())
    shared.chmod(0o640)
    done = run("card", "--outside", "hla.tsv", *WHO, "--key", shared, "-o", "x.pdf", cwd=folder)
    assert done.code == 2 and "BAD_KEY" in done.err and "chmod 600" in done.err


def test_where_nothing_was_called_there_is_no_card(folder: Path) -> None:
    (folder / "nothing.tsv").write_text("gene\tdiplotype\nNAT2\t*5/*6\n")  # whose names of alleles are not known
    done = run("card", "--outside", "nothing.tsv", *WHO, "--key", "ward-3.pem", "-o", "x.pdf", cwd=folder)
    assert done.code == 5 and "no card was written" in done.err
    assert not (folder / "x.pdf").exists()


@pytest.mark.parametrize("words", [("key",), ("key", "a", "b"), ("trust",), ("trust", "a", "b")])
def test_a_verb_says_what_it_takes(words: tuple[str, ...], folder: Path) -> None:
    done = run("card", *words, cwd=folder, env=trusting(folder))
    assert done.code == 2 and "BAD_ARGUMENTS" in done.err


def test_a_report_is_printed_by_its_suffix_and_into_a_folder(folder: Path) -> None:
    assert run("report", "--outside", "hla.tsv", *WHO, "-o", "report.pdf", cwd=folder).code == 0
    (said,) = text_of((folder / "report.pdf").read_bytes())
    assert "Pharmacogenomic report" in said and "Ann Example" in said
    (folder / "pages").mkdir()
    assert run("report", "--outside", "hla.tsv", "--format", "pdf", "-o", "pages/", cwd=folder).code == 0
    assert [path.suffix for path in (folder / "pages").iterdir()] == [".pdf"]
    screen = run("report", "--outside", "hla.tsv", "--format", "pdf", cwd=folder)
    assert screen.code == 2 and "no text for the screen" in screen.err
