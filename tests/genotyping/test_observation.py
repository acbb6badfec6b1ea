"""What a record says of sites that none of its alleles is about: that something else did not happen says nothing.

G6PD 154533012 is a deletion of 24 bases; 154533016 G>T, 154533025 A>G (A- 968C), 154533029 and 154533031 lie in
its REF.
"""

from __future__ import annotations

import pytest

from tests.genotyping.reading import read, shown

G38 = "##reference=GRCh38"
DELETION, LAST = "chrX:154533012", 154_533_036
DELETED = "CGTGGGGTCGTCCAGGTACCCTTTG"
INSIDE = ("chrX:154533016", "chrX:154533025", "chrX:154533029", "chrX:154533031")
#: Blocks up to the deletion, and on the far side of its REF.
AROUND = (
    "chrX 154532900 A <NON_REF> GT 0 PASS END=154533011",
    "chrX 154533037 C <NON_REF> GT 0 PASS END=154533100",
)


def block(start: int, end: int) -> str:
    return f"chrX {start} G <NON_REF> GT 0 PASS END={end}"


@pytest.mark.parametrize("gt", ["0", "0/0"])
@pytest.mark.parametrize("alts", ["C", "C,<NON_REF>", "C,<*>"])
def test_an_absent_deletion_of_a_gvcf_says_nothing_of_the_bases_in_its_ref(alts: str, gt: str) -> None:
    """It is the deletion that is not there; whether A- 968C is, nobody looked."""
    records = [*AROUND, f"chrX 154533012 {DELETED} {alts} {gt}"]
    for order in (records, records[::-1]):
        sample = read(*order, header=G38)
        assert {shown(sample, place) for place in INSIDE} == {"notassayed"}


def test_a_block_over_the_ref_of_an_absent_deletion_speaks_for_its_span() -> None:
    deletion = f"chrX 154533012 {DELETED} C,<NON_REF> 0"
    sample = read(*AROUND, deletion, block(154533013, 154533025), header=G38)
    assert [shown(sample, place) for place in INSIDE] == ["G", "A", "notassayed", "notassayed"]


@pytest.mark.parametrize(
    ("deletion", "expected"),
    [
        ("GT .", "nocall"),
        ("GT:DP 0:3", "nocall LOW_DEPTH"),
        ("GT:DP 0:30", "A"),
        ("GT 1", "nocall DELETED"),
    ],
)
def test_a_deletion_that_is_not_excluded_counts_against_a_block(deletion: str, expected: str) -> None:
    """With the deletion there would be no base under the block."""
    records = [block(154533013, LAST), f"chrX 154533012 {DELETED} C,<NON_REF> {deletion}"]
    for order in (records, records[::-1]):
        assert shown(read(*order, header=G38), "chrX:154533025") == expected


def test_an_absent_deletion_speaks_for_its_own_site() -> None:
    sample = read(f"chrX 154533012 {DELETED} C,<NON_REF> 0", header=G38)
    assert shown(sample, DELETION) == DELETED


@pytest.mark.parametrize(
    ("alts", "gt", "expected"),
    [
        ("G,<NON_REF>", "0/0", "G/G"),
        ("G,<NON_REF>", "0/1", "G/G UNDOCUMENTED_VARIANT"),
        ("G", "0/0", "notassayed"),
        ("GCC,<*>", "0/0", "G/G"),
    ],
)
def test_any_other_allele_is_one_at_the_anchor(alts: str, gt: str, expected: str) -> None:
    """`<NON_REF>` says that no allele but those listed begins at POS (CYP2C19 *2, 94781859 G>A), and nothing behind."""
    for gvcf in ([], ["chr10 94781000 A <NON_REF> GT 0/0 PASS END=94781100"]):
        ref = "G" if "GCC" in alts else "GCC"
        assert shown(read(*gvcf, f"chr10 94781859 {ref} {alts} {gt}"), "chr10:94781859") == expected


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ("chr10 94781857 ACG TCA 0/0", "notassayed"),
        ("chr10 94781857 ACG TCA ./.", "notassayed"),
        ("chr10 94781857 ACG TTG 0/0", "C/C"),
        ("chr10 94781857 ACG TTG,TCA 0/0", "C/C"),
        ("chr10 94781857 ACG TTG,TCA 0/2", "C/C"),
        ("chr10 94781857 ACG TTG,TCA 1/2", "C/T"),
    ],
)
def test_an_absent_substitution_speaks_for_the_bases_that_it_replaces(record: str, expected: str) -> None:
    """CYP2C19 94781858 C>T between two other bases: an ALT that is there writes it out, one that is not does not."""
    sample = read("chr10 94781000 A <NON_REF> GT 0/0 PASS END=94781100", record)
    assert shown(sample, "chr10:94781858").replace("|", "/") == expected


@pytest.mark.parametrize("record", ["chr2 233760200 {ref} A 0/0", "chr2 233760200 {ref} A,<NON_REF> 0/0"])
def test_an_absent_deletion_over_a_repeat_says_nothing_of_its_length(record: str) -> None:
    """UGT1A1 (TA)n, 233760233-233760248: a longer deletion was looked for, no insertion of TA."""
    ref = "A" * 33 + "CA" + "TA" * 7 + "A" * 12
    sample = read(record.format(ref=ref), header=G38)
    assert shown(sample, "chr2:233760233") == "notassayed"
