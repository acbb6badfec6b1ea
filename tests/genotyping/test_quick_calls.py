"""Reference calls read the quick way are those of the long way, whatever a file writes."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from starling.assessment import Options
from starling.errors import InputError
from starling.formats.record import Record
from starling.genotyping.call import Call, RecordView, check_genotypes, read_call, view
from starling.values import replace
from tests.effort import examples
from tests.genotyping.reading import collected, read, text_of

GENOTYPES = ["0/0"] * 8 + ["0|0"] * 8 + ["0", "0/1", "1|0", "./.", ".", "0/.", "0/0/0", "/0/0", "|0|0", "1", "0/9"]
GENOTYPES += ["", "x", "0/", "٠/٠", "00/0", "12345678/0", "-1"]
NUMBERS = ["30", "9", "10", "20", "19", "99", "0", "-1", ".", "", "١", "1e1", "nan", "inf", "0.5", "1_0", " 30", "0x10"]
VALUES = {
    "GT": GENOTYPES,
    "AD": ["30,0", "0,0", "15,15", ".", ".,.", ".,.,.", "", "0", "-1,1", "5,x", "9,0", "0,30", "30,0,0"],
    "AF": ["0.5", ".", "0.1,0.2", ""],
    "PS": ["94781859", "1", ".", "", " ", "PASS", "PASS"],
    "PGT": ["0|1", "1|0", "0|0", "."],
    "PID": ["94781859_G_A", ".", ""],
    "FT": ["PASS", ".", "", "LowQ", "RefCall", "PASS;q10", "a,b"],
    "LEN": ["10", ".", "x"],
    "RNC": ["..", ".", "", "II", "M."],
    "PL": ["0,99,999", ".", "30,0,300", "0,3,30", "0,0,0", "0,99", "0", "0,9,90,9,99,900", "x"],
    "GP": ["1,0,0", "0.64,0.32,0.04", "0,49,500", ".", "0.2,0.8"],
    "DS": ["0", "0.4", "1.9", ".", "0,0"],
    "HDS": ["0,0", "0.2,0.2", "0.9,1", "."],
    "PSL": [".", ".,.", "a,a", "a,b"],
    "CN": ["2", "1", "."],
    "RD": ["30", "0", "15", ".", "15,15"],
    "NV": ["0", "15", ".", "0,0", "x"],
    "NR": ["30", "30,30", ".", "0"],
    "DP4": ["15,15,0,0", "8,8,7,7", ".", "1,2"],
    "VAF": ["0", "0.5", ".", "0,0.5"],
    "FREQ": ["0%", "37.5%", "."],
    "ADF": ["15,0", "8,7", ".", "15"],
    "ADR": ["15,0", "8,7", ".", "15"],
}
KEYS = ["DP", "MIN_DP", "GQ", "RGQ", "GQX", "AD", "AF", "PS", "PGT", "PID", "FT", "LEN", "RNC", "PL", "DP", "GT"]
KEYS += ["GP", "DS", "HDS", "PSL", "CN", "RD", "NR", "NV", "DP4", "VAF", "FREQ", "ADF", "ADR", "AD", "RO", "AO"]
#: FORMAT of GATK, GLnexus, DRAGEN, Strelka, DeepVariant, VarScan, Platypus and of a plain caller.
USUAL = [
    "GT:AD:DP:GQ:PL",
    "GT:AD:DP:GQ:PGT:PID:PL:PS",
    "GT:DP:AD:GQ:PL:RNC",
    "GT:FT:AD:DP:GQ:MIN_DP",
    "GT:AD:DP:RGQ",
    "GT:GQ:DP:AD:ADF:ADR:PL",
    "GT:GQ:DP:AD:VAF:PL",
    "GT:GQ:DP:RD:AD:FREQ",
    "GT:GQ:NR:NV",
    "GT:PL",
    "GT:DS:HDS:GP",
]

Drawn = tuple[RecordView, str, Options]


@st.composite
def columns(draw: st.DrawFn) -> Drawn:
    """A record's view, one of its columns, and options."""
    anything = st.lists(st.sampled_from(KEYS), max_size=6).map(lambda keys: ["GT", *keys])
    mixed = st.lists(st.sampled_from(KEYS), max_size=5).flatmap(lambda keys: st.permutations(["GT", *keys]))
    keys = draw(st.one_of(st.sampled_from(USUAL).map(lambda text: text.split(":")), anything, mixed))
    values = [draw(st.sampled_from(VALUES.get(key, NUMBERS))) for key in keys]
    values = values[: draw(st.one_of(st.just(len(values)), st.integers(1, len(values))))]
    values += draw(st.sampled_from([[], [], ["30"], [",".join(["0"] * 300)]]))
    record = Record(
        chromosome="10",
        position=94781859,
        ref="G",
        alts=draw(st.sampled_from([("A",), ("A", "T"), ()])),
        filter=draw(st.sampled_from(["PASS", ".", "q10", "RefCall", "PASS;q10", "a;b"])),
        info="",
        format=tuple(keys),
        columns=(),
        end=94781859,
    )
    chromosome = draw(st.sampled_from(["chr10", "chr10", "chrX", "chrM"]))
    options = Options(
        phase=draw(st.sampled_from(["trust", "sets", "ignore"])),
        min_dp=draw(st.sampled_from([10, 0, 1, 30])),
        min_gq=draw(st.sampled_from([20, 0, 99])),
    )
    return view(record, chromosome), ":".join(values), options


def outcome(record: RecordView, column: str, options: Options) -> Call | tuple[str, str]:
    try:
        return read_call(record, column, options)
    except InputError as error:
        return error.code, error.message


@settings(max_examples=examples(300, 1_000))
@given(columns())
def test_quick_way_is_the_long_way(drawn: Drawn) -> None:
    record, column, options = drawn
    assert outcome(record, column, options) == outcome(replace(record, quick=None), column, options)


@given(columns())
def test_nothing_but_the_genotype_is_ever_refused(drawn: Drawn) -> None:
    record, column, options = drawn
    values = column.split(":")
    place = record.keys["GT"]
    found = outcome(record, column, options)
    try:
        check_genotypes(record, [values[place] if place < len(values) else "."])
    except InputError as error:
        assert found == (error.code, error.message)
    else:
        assert isinstance(found, Call)


@pytest.mark.parametrize(
    ("keys", "column"),
    [
        ("GT:AD:DP:GQ:PL", "0/0:30,0:30:90:0,90,999"),
        ("GT:AD:DP:GQ:PGT:PID:PL:PS", "0/0:30,0:30:90:.:.:0,90,999:."),
        ("GT:AD:DP:GQ:PGT:PID:PL:PS", "0|0:30,0:30:90:0|1:94781859_G_A:0,90,999:."),
        ("GT:DP:AD:GQ:PL:RNC", "0/0:30:30,0:90:0,90,999:.."),
        ("GT:FT:AD:DP:GQ:MIN_DP", "0/0:PASS:30,0:30:90:28"),
    ],
)
def test_what_joint_callers_write_is_judged_once(keys: str, column: str) -> None:
    """Equal texts of support give one and the same judgement, whatever stands beside them."""
    record = Record("10", 94781859, "G", ("A",), "PASS", "", tuple(keys.split(":")), (), 94781859)
    other = record._replace(position=94781860, alts=("T",), end=94781860)
    options = Options(phase="sets")
    found = read_call(view(record, "chr10"), column, options)
    assert found.quality == 90
    assert read_call(view(other, "chr10"), column, options) is found


@pytest.mark.parametrize("name", ["7", "PASS"])
def test_phase_set_of_a_reference_call_is_kept(name: str) -> None:
    record = Record("10", 94781859, "G", ("A",), "PASS", "", ("GT", "DP", "PS"), (), 94781859)
    call = read_call(view(record, "chr10"), f"0|0:30:{name}", Options())
    assert (call.phase, call.explicit) == (f"chr10:{name}", True)


def test_columns_too_long_to_be_real_are_read_all_the_same() -> None:
    record = Record("10", 94781859, "G", ("A",), "PASS", "", ("GT", "DP", "AD"), (), 94781859)
    column = "0/0:30:" + ",".join(["30", *["0"] * 399])
    assert read_call(view(record, "chr10"), column, Options()) == Call((0, 0))


PEOPLE = st.lists(
    st.tuples(
        st.sampled_from(["0/0", "0/0", "0/0", "0|0", "0/1", "1|1", "./.", "0/."]),
        st.sampled_from(["30", "31", "9", "0", "."]),
        st.sampled_from(["90", "91", "19", "."]),
    ).map(":".join),
    min_size=2,
    max_size=5,
)


def _file(rows: Sequence[str], names: Sequence[str]) -> dict[str, str]:
    header = "##reference=GRCh38"
    return {
        "test.vcf": text_of(
            ["chr1 97078987 G T GT:DP 0/0:30" + ";0/0:30" * (len(names) - 1), *rows], samples=names, header=header
        )
    }


@given(PEOPLE, PEOPLE)
def test_nobody_is_read_otherwise_for_the_company(base: list[str], indel: list[str]) -> None:
    """What is shared by people of one file is what each has in a file of their own, if that has depths, too."""
    number = min(len(base), len(indel))
    names = [f"S{place}" for place in range(number)]
    sites = [("chr10 94781859 G A GT:DP:GQ", base), ("chr2 233760233 CAT C GT:DP:GQ", indel)]
    together = collected(_file([f"{site} {';'.join(own[:number])}" for site, own in sites], names)).samples
    for place, name in enumerate(names):
        alone = collected(_file([f"{site} {own[place]}" for site, own in sites], [name])).samples[0]
        assert together[place] == alone


REFERENCE_COLUMNS = st.tuples(
    st.sampled_from(["0/0", "0/0", "0|0", "0", "0/0/0", "0/.", "./."]),
    st.sampled_from(["30", "9", "0", "."]),
    st.sampled_from(["90", "19", "."]),
    st.sampled_from(["0.5", "0", "."]),
).map(":".join)


@given(
    REFERENCE_COLUMNS,
    st.sampled_from(
        [
            *("chr10 94781859 G A", "chr2 233760233 CAT C", "chrX 154536002 C T", "chrM 1555 A G"),
            *("chr10 94781850 A <NON_REF>", "chr2 233760230 A <*>", "chrX 154536000 C .", "chrM 1550 A <NON_REF>"),
        ]
    ),
    st.sampled_from(["PASS", "q10", "RefCall"]),
    st.sampled_from([0, 9, 20, 100]),
)
def test_a_reference_call_alone_is_that_of_a_record_stated_twice(
    column: str, site: str, filters: str, length: int
) -> None:
    """One record is read the short way, two of a kind are merged; so are reference blocks."""
    _, position, _, alt = site.split()
    info = f"END={int(position) + length}" if alt in {"<NON_REF>", "<*>", "."} else "."
    record = f"{site} GT:DP:GQ:AF {column} {filters} {info}"
    other = "chr1 97078987 G T 0/0"
    once = read(other, record, header="##reference=GRCh38")
    assert once == read(other, record, record, header="##reference=GRCh38")
