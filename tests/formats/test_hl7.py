"""The codec of HL7 v2: what is written is read again, what is cut off or damaged is refused with line and field."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from starling.errors import InputError
from starling.formats.hl7 import Message, Segment, begins, decoded, encoded, messages, reading, segment
from starling.formats.hl7.values import ended

HEAD = "MSH|^~\\&|LAB|HERE|||20261128||ORU^R01^ORU_R01|1|P|2.5.1"
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


def levels(inner: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[object, ...]]:
    return st.lists(inner, max_size=3).map(lambda parts: ended(tuple(parts)))


FIELDS = levels(levels(levels(levels(TEXTS))))
SEGMENTS = st.builds(Segment, st.sampled_from(["PID", "OBX", "NTE", "ZX1"]), FIELDS)


def plain(found: Message) -> list[tuple[str, object]]:
    return [(each.name, each.fields) for each in found.segments]


@given(st.lists(SEGMENTS, max_size=4))
def test_whatever_is_written_is_read_again(rest: list[Segment]) -> None:
    whole = [segment("MSH", "|", "^~\\&", "LAB"), *rest]
    (found,) = messages(encoded(whole), strict=True)
    assert plain(found) == [(each.name, each.fields) for each in whole]
    assert plain(messages(encoded(whole))[0]) == plain(found)


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_in_one_line(text: str) -> None:
    for strict in (False, True):
        try:
            messages(HEAD + "\r" + text, strict=strict)
        except InputError as error:
            assert error.code == "BAD_HL7"
            assert "\n" not in error.message


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    begins(data)
    try:
        messages(decoded(HEAD.encode() + data))
    except InputError as error:
        assert error.code == "BAD_HL7"


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
def test_lines_may_end_as_editors_end_them(end: str) -> None:
    (found,) = messages(end.join(["\ufeff\x0b" + HEAD, "", "PID|1||7^^^H^MR", "\x1c", ""]))
    assert (found.kind, found.control, found.first("PID").text(3, 5)) == ("ORU^R01", "1", "MR")
    assert found.first("PID").line == 3


def test_every_level_is_reached() -> None:
    (found,) = messages(f"{HEAD}\rOBX|1|CWE|a^b^c~d^e&f&g^h|||||||F")
    obx = found.first("OBX")
    assert [obx.text(3, 2, 2, repetition=2), obx.text(3, 9), obx.text(99), obx.text(3, repetition=5)] == [
        "f",
        "",
        "",
        "",
    ]
    assert obx.text(11) == "F" or obx.text(10) == "F"


def test_other_delimiters_are_those_of_the_message() -> None:
    (found,) = messages("MSH#*@!%#LAB\rNTE#1##a!F!b*c%d@e")
    note = found.first("NTE")
    assert [note.text(3), note.text(3, 2, 2), note.text(3, repetition=2)] == ["a#b", "d", "e"]
    assert encoded(found.segments) == "MSH|^~\\&|LAB\rNTE|1||a#b^c&d~e\r"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("a\\F\\b\\S\\c\\R\\d\\E\\e\\T\\f", "a|b^c~d\\e&f"),
        ("line\\.br\\next", "line\nnext"),
        ("\\H\\bold\\N\\", "bold"),
        ("\\XC3A9\\", "é"),
        ("\\X0D0A\\", "\r\n"),
        ("\\Zxx\\ \\XZZ\\ \\", "\\Zxx\\ \\XZZ\\ \\"),
    ],
)  # fmt: skip
def test_escapes(written: str, meant: str) -> None:
    assert messages(f"{HEAD}\rNTE|1||{written}")[0].first("NTE").text(3) == meant


@pytest.mark.parametrize("written", ["\\Zxx\\", "\\XZZ\\", "half\\"])
def test_a_program_of_ours_writes_no_unknown_escape(written: str) -> None:
    with pytest.raises(InputError, match=r"NTE-3.*escape"):
        messages(f"{HEAD}\rNTE|1||{written}", strict=True)


@pytest.mark.parametrize(
    ("charset", "codec"), [("8859/1", "latin-1"), ("UNICODE UTF-8", "utf-8"), ("8859/15", "iso8859-15"), ("", "utf-8")]
)
def test_the_character_set_is_the_one_that_is_stated(charset: str, codec: str) -> None:
    text = f"{HEAD}||||||{charset}\rPID|1||7||Müller^Zoé"
    assert messages(decoded(text.encode(codec)))[0].first("PID").text(5) == "Müller"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (f"{HEAD}\rPID|1||7||Müller".encode("latin-1"), "message:2: MSH-18 states no character set"),
        (f"{HEAD}||||||ASCII\rPID|1||7||Müller".encode(), "message:2: MSH-18 states ASCII"),
        (f"{HEAD}||||||JIS X0202\r".encode(), "'JIS X0202' is no character set"),
    ],
)
def test_a_name_is_never_guessed_from_bytes(data: bytes, said: str) -> None:
    with pytest.raises(InputError, match=said):
        decoded(data)


def test_batches_are_read_whole() -> None:
    batch = f"FHS|^~\\&\rBHS|^~\\&\r{HEAD}\rPID|1\r{HEAD}\rBTS|2\rBHS|^~\\&\rBTS|0\rFTS|2\r"
    assert [len(each.segments) for each in messages(batch)] == [2, 1]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"BHS|^~\\&\r{HEAD}\r", "BHS without its BTS"),
        (f"FHS|^~\\&\rBHS|^~\\&\r{HEAD}\rBTS|1", "FHS without its FTS"),
        (f"BHS|^~\\&\r{HEAD}\rBTS|2", "BTS-1 states 2 messages, and there are 1"),
        (f"FHS|^~\\&\r{HEAD}\rFTS|x", "FTS-1 states x"),
        (f"{HEAD}\rBTS|1", "BTS ends what never began"),
        ("BHS|^~\\&\rBHS|^~\\&\r", "in another BHS"),
        (f"BHS|^~\\&\r{HEAD}\rBTS|1\rPID|1", "PID stands before MSH"),
        ("PID|1\r", "PID stands before MSH"),
        ("BHS|^~\\&\rBTS|0", "holds no message"),
        ("", "holds no message"),
        (f"{HEAD}\rpid|1", "message:2: 'pid' begins no segment"),
        (f"{HEAD}\rPIDX|1", "PID is not followed by"),
        ("MSH|^^\\&|", "MSH-2: "),
        ("MSH|", "MSH-2: "),
        (f"{HEAD}\rOBX|{'~' * 2_001}", "OBX-1: more than 2,000 repetitions"),
        (f"{HEAD}\rOBX|{'^' * 2_001}", "OBX-1: more than 2,000 components"),
        (f"{HEAD}\rOBX|{'&' * 2_001}", "OBX-1: more than 2,000 sub-components"),
        (f"{HEAD}\rOBX{'|' * 2_002}", "OBX has more than 2,000 fields"),
    ],
)
def test_what_is_cut_off_or_too_deep_is_refused_and_said_where(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        messages(text)
    assert caught.value.code == "BAD_HL7"


def test_a_message_without_end_is_not_read_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "LARGEST", 100)
    monkeypatch.setattr(reading, "MOST_SEGMENTS", 3)
    with pytest.raises(InputError, match="longer than 100 characters"):
        messages(HEAD + "|" * 100)
    with pytest.raises(InputError, match="more than 3 segments"):
        messages("MSH|^~\\&\r" + "NTE|\r" * 5)


@pytest.mark.parametrize("head", [b"MSH|^~\\&|", b"\xef\xbb\xbf\r\nBHS|^~\\&", b"\x0bFHS|^~\\&"])
def test_a_message_is_known_by_its_content(head: bytes) -> None:
    assert begins(head)


@pytest.mark.parametrize(
    "head", [b"MSH2 gene", b"MSH gene", b"MSH\t*1", b"MSH|", b"##fileformat", b"", b"PID|1", b"MSH,x"]
)
def test_and_nothing_else_is_taken_for_one(head: bytes) -> None:
    assert not begins(head)
