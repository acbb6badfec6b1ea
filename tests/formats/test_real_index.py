"""The file of real people, with the index that htslib wrote beside it."""

from __future__ import annotations

import gzip
import os
import random
from pathlib import Path

import pytest

from starling.formats.vcf import Region, open_vcf

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("STARLING_DATA") or ROOT.parent / "shared" / "data")
PANEL = "1kgp_pgx_dev.vcf.gz"


@pytest.mark.needs_data(PANEL, PANEL + ".tbi")
def test_index_bisecting_and_scanning_agree(tmp_path: Path) -> None:
    text = gzip.decompress((DATA / PANEL).read_bytes())
    (tmp_path / "plain.vcf").write_bytes(text)
    (tmp_path / PANEL).write_bytes((DATA / PANEL).read_bytes())
    sites = [line.split(b"\t", 2)[:2] for line in text.splitlines() if not line.startswith(b"#")]
    chosen = random.Random(1).sample(sites, 300)
    regions = [Region(name.decode(), int(position) - 2, int(position) + 2) for name, position in chosen]
    found = {}
    for path in (DATA / PANEL, tmp_path / PANEL, tmp_path / "plain.vcf"):
        with open_vcf(path) as vcf:
            records = [(record.chromosome, record.position, record.ref, record.alts) for record in vcf.fetch(regions)]
            found[str(path)] = records
            assert vcf.record_count == len(sites)
            assert vcf.notes == ()
    with_index, bisected, scanned = found.values()
    assert with_index == bisected == scanned
    assert len(scanned) >= 300
