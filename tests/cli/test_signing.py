"""What signs a report is read strictly: a status, a day or a digest that is none is refused in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

import starling
from starling.cli.signing import SIGNING_KEYS, check_signing
from starling.errors import InputError
from starling.report.words import SIGNATURE
from tests.commands import run

EXAMPLE = Path(starling.__file__).parent / "examples" / "example.vcf"


def test_the_keys_of_the_command_are_those_of_the_report() -> None:
    assert [key for key, _ in SIGNATURE] == list(SIGNING_KEYS)


@pytest.mark.parametrize("status", ["preliminary", "final", "amended", ""])
def test_a_known_status_passes(status: str) -> None:
    check_signing({"status": status, "reported": "2026-11-20"})


def test_an_amended_report_names_what_it_replaces() -> None:
    check_signing({"status": "amended", "replaces": "0123456789ab"})
    check_signing({"status": "amended", "replaces": "ab" * 32})


@pytest.mark.parametrize(
    ("subject", "said"),
    [
        ({"status": "draft"}, "status='draft' is none of: preliminary, final, amended"),
        ({"status": "Final"}, "status='Final' is none of"),
        ({"reported": "20.11.2026"}, "is not a day as YYYY-MM-DD"),
        ({"reported": "2026-13-01"}, "is not a day as YYYY-MM-DD"),
        ({"status": "amended", "replaces": "the last one"}, "is not a result digest"),
        ({"status": "final", "replaces": "0123456789ab"}, "the status must be amended"),
    ],
)
def test_what_cannot_be_read_is_refused(subject: dict[str, str], said: str) -> None:
    with pytest.raises(InputError, match=said):
        check_signing(subject)


def test_the_command_refuses_an_unknown_status_in_one_line_and_writes_nothing(tmp_path: Path) -> None:
    ended = run("report", EXAMPLE, "--subject", "status=draft", "-o", tmp_path / "page.html")
    assert ended.code == 2
    (line,) = [each for each in ended.err.splitlines() if "status" in each]
    assert line.startswith("starling: --subject: status='draft' is none of")
    assert list(tmp_path.iterdir()) == []


def test_short_full_and_neither_write_three_pages(tmp_path: Path) -> None:
    sizes = {}
    for extent in ("--short", "", "--full"):
        target = tmp_path / f"page{extent}.html"
        assert run("report", EXAMPLE, "-o", target, "-m", "Plavix", *filter(None, [extent])).code == 0
        text = target.read_text(encoding="utf-8")
        assert "Plavix (clopidogrel)" in text
        sizes[extent] = len(text)
    assert sizes["--short"] * 4 < sizes[""] < sizes["--full"]
    assert run("report", EXAMPLE, "--short", "--full", "-o", tmp_path / "page.html").code == 2


def test_what_signs_a_report_is_never_said_to_have_no_effect() -> None:
    stated = [f"{key}=x" for key in SIGNING_KEYS if key not in {"status", "reported", "replaces"}]
    ended = run("report", EXAMPLE, *(word for pair in stated for word in ("--subject", pair)))
    assert "had no effect" not in ended.out
