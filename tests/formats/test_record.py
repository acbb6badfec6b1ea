from __future__ import annotations

import pytest

from starling.errors import InputError
from starling.formats.header import parse_header
from starling.formats.record import Columns, parse_record
from starling.formats.regions import Intervals, merge


def record_of(**changed: str):  # type: ignore[no-untyped-def]  # a test reads better without
    fields = {"chrom": "chr1", "pos": "100", "id": ".", "ref": "A", "alt": "G", "qual": ".", "filter": "PASS"}
    fields |= {"info": ".", "format": "GT", "sample": "0/1"} | changed
    return parse_record("\t".join(fields.values()).encode(), samples=1, source="x.vcf")


@pytest.mark.parametrize(
    ("changed", "end"),
    [
        ({}, 100),
        ({"ref": "ACGT"}, 103),
        ({"info": "END=150"}, 150),
        ({"info": "AC=1;END=150;X"}, 150),
        ({"info": "CIEND=1,150"}, 100),
        ({"info": "END=50"}, 100),
        ({"info": "END=."}, 100),
        ({"info": "END=" + "9" * 50}, 100),
        ({"info": "END=9999999999"}, 2**31 - 1),
        ({"alt": "<DEL>", "info": "SVLEN=-30"}, 130),
        ({"alt": "<DUP:TANDEM>,<INS>", "info": "SVLEN=30,400"}, 130),
        ({"alt": "<INS>", "info": "SVLEN=30"}, 100),
        ({"alt": "G", "info": "SVLEN=30"}, 100),
        ({"alt": "<*>", "format": "GT:LEN", "sample": "0/0:25"}, 124),
        ({"alt": "<*>", "format": "GT:LEN", "sample": "0/0:."}, 100),
        ({"alt": "<*>", "format": "GT:LEN", "sample": "0/0"}, 100),
    ],
)
def test_the_last_position_that_a_record_speaks_for(changed: dict[str, str], end: int) -> None:
    assert record_of(**changed).end == end


def test_bases_are_upper_case_and_symbols_stay() -> None:
    record = record_of(ref="ac", alt="g,<NON_REF>,*")
    assert (record.ref, record.alts) == ("AC", ("G", "<NON_REF>", "*"))
    assert record_of(alt=".").alts == ()


def test_trailing_fields_of_a_sample_may_be_absent() -> None:
    assert record_of(format="GT:AD:DP", sample="0/1:3,4").sample(0) == {"GT": "0/1", "AD": "3,4"}


def test_columns_are_what_a_tuple_would_be() -> None:
    columns = Columns("a\tb\tc")
    assert len(columns) == 3
    assert columns == ("a", "b", "c")
    assert columns == Columns("a\tb\tc")
    assert columns != ("a",)
    assert columns[1:] == ["b", "c"]
    assert list(columns) == ["a", "b", "c"]
    assert hash(columns) == hash(("a", "b", "c"))
    assert repr(columns) == "('a', 'b', 'c')"


def test_regions_are_joined_where_they_touch() -> None:
    assert merge([(5, 9), (1, 3), (4, 4), (20, 19), (30, 40), (35, 36)]) == [(1, 9), (30, 40)]
    assert merge([(1, 2), (10, 12)], gap=7) == [(1, 12)]
    intervals = Intervals([(10, 20), (30, 40)])
    assert intervals.overlaps(1, 10)
    assert not intervals.overlaps(21, 29)
    assert intervals.next_start(41) is None


def test_what_a_header_states() -> None:
    lines = [
        "\ufeff##fileformat=VCFv4.3",
        '##contig=<ID=chr1,assembly="a,b",length=248956422>',
        "##contig=<ID=chrUn>",
        "##contig=<length=5>",
        "##reference=file:///GRCh38.fa",
        "##tumor_sample=T",
        "##tumor_sample=T2",
        '##ALT=<ID=DEL,Description="Deletion, x">',
        "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS 1\tS2",
    ]
    header = parse_header([line.encode() for line in lines], "x.vcf")
    assert header.samples == ("S 1", "S2")
    assert header.contigs == {"chr1": 248_956_422, "chrUn": None}
    assert header.reference == "file:///GRCh38.fa"
    assert header.meta["tumor_sample"] == ("T", "T2")
    assert header.declares_structural
    assert header.lines == 9


def test_a_header_needs_its_first_line() -> None:
    with pytest.raises(InputError):
        parse_header([], "x.vcf")
