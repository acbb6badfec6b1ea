"""A BCF is the VCF it was made from: the same records, the same results."""

from __future__ import annotations

from pathlib import Path

import pysam
import pytest

from starling.errors import InputError
from starling.formats.htslib import BcfFile
from starling.formats.regions import Region
from starling.formats.vcf import open_vcf
from starling.library import assess
from tests.simulators.equivalents import STYLES, render
from tests.simulators.people import person


def as_bcf(source: Path, target: Path, *, index: bool = False) -> Path:
    with pysam.VariantFile(str(source)) as text, pysam.VariantFile(str(target), "wb", header=text.header) as binary:
        for record in text:
            binary.write(record)
    if index:
        pysam.tabix_index(str(target), preset="bcf")  # type: ignore[arg-type]  # its types forget BCF
    return target


@pytest.mark.parametrize("index", [False, True], ids=["whole", "indexed"])
@pytest.mark.parametrize("style", ["plain", "plain_37", "gvcf_gatk", "gvcf_deepvariant", "split", "many_samples"])
def test_same_results_as_the_vcf(style: str, index: bool, tmp_path: Path) -> None:
    (source,) = render(person(3), STYLES[style], tmp_path)
    target = as_bcf(source, tmp_path / "same.bcf", index=index)
    one, other = (assess(str(path), sample="P003") for path in (source, target))
    assert one.genes == other.genes
    assert one.drugs == other.drugs
    assert one.provenance.input.evidence_sha256 == other.provenance.input.evidence_sha256
    assert other.provenance.input.reader == ("index" if index else "scan")


@pytest.mark.parametrize("index", [False, True], ids=["whole", "indexed"])
def test_same_records_each_once(index: bool, tmp_path: Path) -> None:
    """Regions that one long record touches both give it once."""
    (source,) = render(person(4), STYLES["gvcf_gatk"], tmp_path)
    target = as_bcf(source, tmp_path / "same.bcf", index=index)
    regions = [Region("chr10", start, start + 500) for start in range(94_761_000, 94_860_000, 1_000)]
    with open_vcf(source) as text, BcfFile(target) as binary:
        ours = [(each.position, each.ref, each.alts, each.end) for each in binary.fetch(regions)]
        assert ours == [(each.position, each.ref, each.alts, each.end) for each in text.fetch(regions)]
        assert ours
        assert binary.is_gvcf


def test_an_index_vouches_for_nothing_where_silence_counts(tmp_path: Path) -> None:
    """It may be of another file and younger than this one: copied later."""
    (source,) = render(person(4), STYLES["plain"], tmp_path)
    target = as_bcf(source, tmp_path / "same.bcf", index=True)
    everything = [Region("chr10", 1, 2**31 - 1)]
    with BcfFile(target) as by_index, BcfFile(target, silence_counts=True) as whole:
        assert len(list(by_index.fetch(everything))) == len(list(whole.fetch(everything)))
        assert (by_index.reader, whole.reader, whole.order) == ("index", "scan", "whole")


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    (source,) = render(person(3), STYLES["plain"], tmp_path)
    target = as_bcf(source, tmp_path / "same.bcf")
    data = target.read_bytes()
    target.write_bytes(data[: len(data) // 2])
    with pytest.raises(InputError) as raised:
        assess(str(target))
    assert raised.value.code == "FILE_DAMAGED"
    assert "same.bcf" in raised.value.message


def test_without_the_extra_one_line_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (source,) = render(person(3), STYLES["plain"], tmp_path)
    target = as_bcf(source, tmp_path / "same.bcf")
    monkeypatch.setitem(__import__("sys").modules, "pysam", None)
    with pytest.raises(InputError, match=r"pysam is not installed: pip install '\.\[htslib\]'"):
        assess(str(target))
