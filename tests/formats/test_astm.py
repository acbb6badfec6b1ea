"""Transmissions of instruments (ASTM E1381, E1394): verified, whole, and of patients alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from starling.errors import InputError
from starling.formats.astm import matches, read
from starling.formats.content import Opening
from starling.formats.markers import MarkerTable
from starling.library import assess
from tests.formats.battery.writers import framed

HEAD = "H|\\^&|||Genotyper^2.1|||||||P|LIS2-A2|20261128"
RESULT = "R|1|^^^CYP2C19*2|heterozygous||||N|F||||20261128103000"
RECORDS = (HEAD, "P|1|4711", "O|1|S1||^^^CYP2C19", RESULT, "R|2|^^^CYP2C19*3|not detected||||N|F",
           "R|3|^^^CYP2C19*17|not detected||||N|F", "L|1|N")  # fmt: skip


def taken(folder: Path, sent: bytes) -> MarkerTable:
    path = folder / "line.astm"
    path.write_bytes(sent)
    return read(path, Opening())


def found(table: MarkerTable) -> list[tuple[str, str, str]]:
    return [(each.sample, each.name, each.result) for each in table.markers]


EXPECTED = [
    ("S1", "CYP2C19*2", "heterozygous"),
    ("S1", "CYP2C19*3", "not detected"),
    ("S1", "CYP2C19*17", "not detected"),
]


def test_frames_and_bare_records_say_the_same(tmp_path: Path) -> None:
    for sent in (framed(RECORDS), "\r".join(RECORDS).encode(), "\r\n".join([*RECORDS, ""]).encode()):
        assert matches(sent)
        assert found(taken(tmp_path, sent)) == EXPECTED


def test_a_result_names_device_and_time(tmp_path: Path) -> None:
    assert (
        taken(tmp_path, framed(RECORDS)).markers[0].note
        == "CYP2C19*2: heterozygous (device Genotyper, time 20261128103000)"
    )


def test_a_bedside_result_is_called(tmp_path: Path) -> None:
    path = tmp_path / "line.astm"
    path.write_bytes(framed(RECORDS))
    gene = assess(path).gene("CYP2C19")
    assert gene.phenotype is None or "Intermediate Metabolizer" in gene.phenotype
    assert any("*2" in each for pair in gene.diplotypes for each in pair)


def test_a_record_may_go_on_in_the_next_frame_and_a_frame_may_come_twice(tmp_path: Path) -> None:
    text = "\r".join(RECORDS) + "\r"
    sent = b"\x05"
    for number, at in enumerate(range(0, len(text), 60), 1):
        frame = f"{number % 8}{text[at : at + 60]}".encode() + (b"\x03" if at + 60 >= len(text) else b"\x17")
        whole = b"\x02" + frame + f"{sum(frame) % 256:02X}\r\n".encode()
        sent += whole * (2 if number == 2 else 1)
    assert found(taken(tmp_path, sent + b"\x04")) == EXPECTED


def test_two_transmissions_may_follow_each_other(tmp_path: Path) -> None:
    other = [each.replace("S1", "S2") for each in RECORDS]
    assert len(taken(tmp_path, framed(RECORDS) + framed(other)).markers) == 6


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda sent: sent.replace(b"heterozygous", b"homozygous!!"), "the checksum of frame 4"),
        (
            lambda sent: sent[: sent.index(b"\x024R")] + sent[sent.index(b"\x025R") :],
            "frame 5 follows frame 3: one is missing",
        ),
        (lambda sent: sent[: sent.index(b"\x02", 40)][:-8], "no whole frame"),
        (lambda sent: sent[: sent.rindex(b"\x02")], "no terminator record"),
        (lambda sent: b"\x05" + sent[sent.index(b"\x022P") :], "frame 2 follows frame 0"),
    ],
)
def test_what_was_damaged_lost_or_cut_off_is_refused(tmp_path: Path, change: object, said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        taken(tmp_path, change(framed(RECORDS)))  # type: ignore[operator]
    assert (caught.value.code, caught.value.source) == ("BAD_MARKERS", "line.astm")


@pytest.mark.parametrize(
    ("records", "said"),
    [
        ((HEAD.replace("|P|", "|Q|"), *RECORDS[1:]), "H-12: 'Q' is no transmission about patients"),
        ((*RECORDS[:-1], "L|1|T"), "L-3: 'T': the instrument broke off"),
        ((*RECORDS[:3], "R|1||heterozygous||||N|F", "L|1|N"), "R-3 names no test"),
        ((HEAD, "L|1|N"), "has no results"),
    ],
)
def test_what_is_about_no_patient_or_broke_off_is_refused(tmp_path: Path, records: tuple[str, ...], said: str) -> None:
    with pytest.raises(InputError, match=said):
        taken(tmp_path, framed(records))


@pytest.mark.parametrize("status", ["P", "X", "I", "S"])
def test_what_is_not_final_is_no_call(tmp_path: Path, status: str) -> None:
    table = taken(tmp_path, framed([each.replace("|F||||2026", f"|{status}||||2026") for each in RECORDS]))
    assert found(table)[0] == ("S1", "CYP2C19*2", "invalid")


def test_a_control_specimen_is_no_patient(tmp_path: Path) -> None:
    control = ("O|2|QC7||^^^CYP2C19|||||||Q", "R|1|^^^CYP2C19*2|homozygous||||N|F")
    assert found(taken(tmp_path, framed([*RECORDS[:-1], *control, "L|1|N"]))) == EXPECTED


@given(st.binary(max_size=120))
def test_any_bytes_behind_a_header_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    try:
        taken(tmp_path_factory.getbasetemp(), framed([HEAD])[:-1] + data)
    except InputError as error:
        assert "\n" not in error.message
