"""What cannot be compared with the base is refused in one line that names the file, and nothing else happens."""

from __future__ import annotations

import copy
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from starling.errors import InputError
from starling.knowledge.base import KnowledgeBase
from starling.knowledge.upstream import STATUSES, compare_with
from tests.commands import run
from tests.knowledge.sources import (
    Said,
    definitions,
    file_of,
    function_table,
    guidelines,
    named_alleles,
    phenotypes,
    write_table,
)

QUICK = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
CARRIER = Said("cpic-abacavir-and-hla-b", "abacavir", "HLA-B=*57:01 positive", {"HLA-B": "*57:01 positive"})
PAIR = Said("dpwg-siponimod-and-cyp2c9", "siponimod", "CYP2C9:*2/*9", {"CYP2C9": {"*9": 1, "*2": 1}})


def refused(base: KnowledgeBase, path: Path) -> str:
    """The code with which a file is refused, and the name of the file in the message."""
    with pytest.raises(InputError) as raised:
        compare_with(base, path)
    assert raised.value.message.startswith(f"{path.name}: ")
    return raised.value.code


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.json", b""),
        ("a.json", b"not JSON"),
        ("a.json", b'{"guidelines": ['),
        ("a.json", b'{"guidelines": "\xff"}'),
        ("a.json", b"[1, 2]"),
        ("a.json", b"{}"),
        ("a.json", b'{"guidelines": {}}'),
        ("a.json", b'{"variants": []}'),
        ("a.json", b'{"guidelines": [1]}'),
        ("a.json", b'{"gene": "SONG1", "haplotypes": {}}'),
        ("a.json", b'{"gene": "HLA-B", "haplotypes": {}}'),
        ("a.json", b'{"gene": "TPMT", "haplotypes": []}'),
        ("a.json", b'{"gene": "TPMT", "haplotypes": {}, "diplotypes": null}'),
        ("a.json", b'{"gene": "TPMT", "haplotypes": {}, "diplotypes": [{"phenotype": "x"}]}'),
        ("a.json", b'{"gene": "SONG1", "variants": [], "namedAlleles": []}'),
        ("a.json", b'{"gene": "TPMT", "variants": [{"position": "here"}], "namedAlleles": []}'),
        ("a.json", b'{"gene": "TPMT", "variants": [{"position": Infinity}], "namedAlleles": []}'),
        ("a.json", b'{"gene": "TPMT", "variants": [{"position": 1}], "namedAlleles": [{"name": "*1", "alleles": []}]}'),
        ("a.csv", b""),
        ("a.csv", b"\xff\xfe"),
        ("a.csv", b"Gene: TPMT\nno,columns,here\n"),
        ("a.csv", b"Allele/cDNA,Allele Clinical Functional Status\n*1,Normal function\n"),
        ("a.csv", b"Gene: SONG1\nAllele/cDNA,Allele Clinical Functional Status\n*1,Normal function\n"),
        ("a.tsv", b"x" * 200_000),
        ("a.xlsx", b"Gene: TPMT"),
        ("a.xlsx", b"PK\x05\x06" + bytes(18)),
    ],
)
def test_what_has_none_of_the_forms_is_refused_in_one_line(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    done = run("knowledge", "upstream", name, cwd=tmp_path)
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert done.err.startswith(f"starling: {name}: ") and done.err.endswith("[BAD_UPSTREAM]\n")


@pytest.mark.parametrize("name", ["none.json", "none.csv", "none.xlsx"])
def test_a_file_that_is_not_there_is_named(tmp_path: Path, name: str) -> None:
    done = run("knowledge", "upstream", name, cwd=tmp_path)
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert name in done.err and done.err.endswith("[FILE_NOT_FOUND]\n")


@pytest.mark.parametrize("part", list(CARRIER.record()))
def test_a_record_without_a_part_is_refused(base: KnowledgeBase, tmp_path: Path, part: str) -> None:
    record = CARRIER.record()
    del record[part]
    assert refused(base, file_of(tmp_path, guidelines([(CARRIER.guideline, record)]))) == "BAD_UPSTREAM"


@pytest.mark.parametrize("copies", [0, -1, 10**9, 10**30, 1.5, None, "2"])
@pytest.mark.parametrize("form", ["guidance", "phenotypes"])
def test_alleles_are_counted_by_small_numbers(base: KnowledgeBase, tmp_path: Path, form: str, copies: object) -> None:
    if form == "guidance":
        data = guidelines([(PAIR.guideline, PAIR.record() | {"lookupKey": [{"CYP2C9": {"*2": copies}}]})])
    else:
        pair = {"diplotypekey": {"*1": copies}, "phenotype": "Singer"}
        data = {"gene": "TPMT", "haplotypes": {"*1": "No function"}, "diplotypes": [pair]}
    assert refused(base, file_of(tmp_path, data)) == "BAD_UPSTREAM"


@pytest.mark.parametrize("part", ["guidelines", "id", "lookupKey", "population"])
def test_no_nesting_is_too_deep_to_be_refused(base: KnowledgeBase, tmp_path: Path, part: str) -> None:
    """Shallow enough to be read, about as deep as Python reads, and deeper."""
    for depth in (100, *range(900, 1000, 5), 100_000):
        nested = "[" * depth + "]" * depth
        text = json.dumps(guidelines([(CARRIER.guideline, CARRIER.record() | {part: "HERE"})]))
        path = tmp_path / "deep.json"
        path.write_text(f'{{"guidelines": {nested}}}' if part == "guidelines" else text.replace('"HERE"', nested))
        try:
            found = compare_with(base, path)
        except InputError as error:
            assert error.code == "BAD_UPSTREAM"
        else:
            assert found and depth < 1000


@pytest.fixture(scope="module")
def workbook(base: KnowledgeBase, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return write_table(tmp_path_factory.mktemp("book") / "book.xlsx", function_table(base, "F5")).read_bytes()


@pytest.mark.parametrize(
    ("part", "content"),
    [
        ("xl/workbook.xml", None),
        ("xl/workbook.xml", b"<workbook"),
        ("xl/worksheets/sheet1.xml", b"<worksheet><sheetData><row>"),
        ("xl/worksheets/sheet1.xml", None),
        ("[Content_Types].xml", b"<Types/>"),
    ],
)
def test_a_spreadsheet_with_a_part_missing_or_broken_is_refused(
    base: KnowledgeBase, tmp_path: Path, workbook: bytes, part: str, content: bytes | None
) -> None:
    path = tmp_path / "broken.xlsx"
    with zipfile.ZipFile(io.BytesIO(workbook)) as whole, zipfile.ZipFile(path, "w") as broken:
        for name in whole.namelist():
            data = content if name == part else whole.read(name)
            if data is not None:
                broken.writestr(name, data)
    assert refused(base, path) == "BAD_UPSTREAM"


@QUICK
@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(1, 255)), min_size=1, max_size=4))
def test_a_damaged_spreadsheet_is_read_or_refused(
    base: KnowledgeBase, tmp_path: Path, workbook: bytes, damage: list[tuple[int, int]]
) -> None:
    data = bytearray(workbook)
    for place, change in damage:
        data[place % len(data)] ^= change
    path = tmp_path / "damaged.xlsx"
    path.write_bytes(data)
    read_or_refused(base, path)


FIELDS = """
    guidelines guideline id name recommendations lookupKey relatedChemicals population classification term text html
    gene haplotypes activityValues diplotypes diplotypekey activityScore phenotype variants position namedAlleles
    alleles functionValue activityValue CYP2C9 TPMT *1 *2
"""
NAMES = st.sampled_from(FIELDS.split())
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4) | NAMES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES | st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


def read_or_refused(base: KnowledgeBase, path: Path) -> None:
    """The file is compared, or refused as the sender's: nothing else."""
    try:
        found = compare_with(base, path)
    except InputError as error:
        assert error.code == "BAD_UPSTREAM"
    else:
        assert {each.status for each in found} <= set(STATUSES)


@QUICK
@given(st.dictionaries(NAMES, ANYTHING, max_size=5))
def test_no_json_object_does_more_than_be_refused(base: KnowledgeBase, tmp_path: Path, data: dict[str, Any]) -> None:
    read_or_refused(base, file_of(tmp_path, data))


@QUICK
@given(st.sampled_from(["guidance", "phenotypes", "named", "definitions"]), ANYTHING, st.randoms(use_true_random=False))
def test_no_part_of_a_file_of_the_right_form_does_more_than_have_it_refused(
    base: KnowledgeBase, tmp_path: Path, form: str, anything: object, chosen: Any
) -> None:
    """Anything stands in place of one part of a file, whichever that is."""
    forms: dict[str, Any] = {
        "guidance": guidelines([(PAIR.guideline, PAIR.record())]),
        "phenotypes": phenotypes(base, "F5"),
        "named": named_alleles(phenotypes(base, "F5")),
        "definitions": definitions(base, "F5"),
    }
    data = copy.deepcopy(forms[form])
    holder, key = chosen.choice(list(places_of(data)))
    holder[key] = anything
    read_or_refused(base, file_of(tmp_path, data))


def places_of(data: Any) -> Iterator[tuple[Any, Any]]:
    """Every part of a document: what holds it, and under which key or number."""
    for key, inner in list(data.items()) if isinstance(data, dict) else list(enumerate(data)):
        yield data, key
        if isinstance(inner, dict | list):
            yield from places_of(inner)
