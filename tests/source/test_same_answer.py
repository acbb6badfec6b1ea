"""The same bytes give the same answer by every reader, whatever the header says of contigs."""

from __future__ import annotations

import io
import random
import sys
from collections.abc import Callable
from pathlib import Path

import pysam
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from starling.assessment import Options
from starling.errors import InputError
from starling.source.door import Wanted, open_source
from tests.effort import examples
from tests.genotyping.reading import knowledge, site_maps
from tests.simulators.vcf_files import write

CHROMOSOMES = ("chr1", "chr2", "chr6", "chr10", "chr12", "chrX", "chrM")
STYLES: dict[str, Callable[[str], str]] = {
    "chr": str,
    "bare": lambda name: name.removeprefix("chr").replace("M", "MT"),
    "upper": str.upper,
    "capital": str.capitalize,
}
HEADERS = ("complete", "incomplete", "renamed", "wrong", "none", "shuffled")
FORMS = ("plain", "gzip", "bgzf", "tabix-tbi", "tabix-csi", "stdin", "bcf")
Found = list[tuple[str, int, str]] | str


def declared(kind: str, names: list[str], draw: random.Random) -> list[str]:
    """The contigs that the header names."""
    if kind == "incomplete":
        return draw.sample(names, 1)
    if kind == "renamed":
        return [name[3:] if name[:3].lower() == "chr" else "chr" + name.replace("MT", "M") for name in names]
    if kind == "wrong":
        return ["chr6", "scaffold_7"]
    return draw.sample(names, len(names)) if kind == "shuffled" else [] if kind == "none" else names


def text_of(style: str, kind: str, seed: int, padding: int, others_up_to: int = 9) -> str:
    """A sorted file with records at sites and beside them."""
    draw = random.Random(seed)
    sites = site_maps().of("GRCh38").chromosomes
    names = [name for name in CHROMOSOMES if name in sites]
    draw.shuffle(names)
    names = names[: draw.randrange(min(others_up_to // 9, len(names)), len(names) + 1)]
    records = []
    for name in names:
        known = draw.sample(sites[name].positions, min(len(sites[name].positions), draw.randrange(1, 9)))
        others = [
            draw.randrange(1, 16_000 if name == "chrM" else 30_000_000)
            for _ in range(draw.randrange(others_up_to // 2, others_up_to))
        ]
        for position in sorted({*known, *others}):
            info = "X=" + draw.randbytes(padding).hex()
            records.append(f"{STYLES[style](name)}\t{position}\t.\tA\tG\t9\tPASS\t{info}\tGT\t0/1\n")
    shown = declared(kind, [STYLES[style](name) for name in names], draw)
    lines = ["##fileformat=VCFv4.2", "##reference=GRCh38", '##INFO=<ID=X,Number=1,Type=String,Description="x">']
    lines += ['##FORMAT=<ID=GT,Number=1,Type=String,Description="x">', '##FILTER=<ID=PASS,Description="x">']
    lines += [f"##contig=<ID={name}>" for name in shown]
    columns = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS1"
    return "\n".join([*lines, columns, ""]) + "".join(records)


def found_by(path: str | Path, options: Options) -> Found:
    try:
        with open_source(path, Wanted(site_maps(), knowledge(), options)) as source:
            return [(chromosome, record.position, record.ref) for chromosome, record in source.fetch()]
    except InputError as error:
        return error.code


def by_form(folder: Path, form: str, text: str, block_size: int, options: Options) -> Found:
    if form == "stdin":
        plain = write(folder, "plain", text)
        before = sys.stdin
        with plain.open("rb") as stream, io.TextIOWrapper(stream) as standard:
            sys.stdin = standard
            try:
                return found_by("-", options)
            finally:
                sys.stdin = before
    if form == "bcf":
        plain, target = write(folder, "plain", text), folder / "x.bcf"
        with pysam.VariantFile(str(plain)) as one, pysam.VariantFile(str(target), "wb", header=one.header) as other:
            for record in one:
                other.write(record)
        return found_by(target, options)
    return found_by(write(folder, form, text, block_size=block_size), options)


@settings(max_examples=examples(15, 40), deadline=None)
@given(
    st.sampled_from(sorted(STYLES)),
    st.sampled_from(HEADERS),
    st.integers(0, 2**32),
    st.integers(60, 3_000),
    st.booleans(),
)
def test_every_reader_gives_the_same(
    tmp_path_factory: pytest.TempPathFactory, style: str, kind: str, seed: int, block_size: int, silence: bool
) -> None:
    folder = tmp_path_factory.mktemp("same")
    options = Options(absent_is_reference="yes") if silence else Options()
    text = text_of(style, kind, seed, padding=20)
    expected = found_by(write(folder, "plain", text), options)
    assert expected
    for form in FORMS:
        if form != "bcf" or kind in {"complete", "shuffled"}:
            assert by_form(folder, form, text, block_size, options) == expected, form


@pytest.mark.parametrize("kind", HEADERS)
def test_every_reader_gives_the_same_of_a_file_that_is_bisected(tmp_path: Path, kind: str) -> None:
    """More than 1 MiB compressed, blocks as everybody writes them."""
    text = text_of("chr", kind, seed=8, padding=200, others_up_to=1_200)
    expected = found_by(write(tmp_path, "plain", text), Options())
    path = write(tmp_path, "bgzf", text)
    assert path.stat().st_size > 2**20
    assert len(expected) > 1
    for form in ("bgzf", "tabix-tbi", "tabix-csi"):
        assert by_form(tmp_path, form, text, 65_280, Options()) == expected
