"""How many genes and drugs the pages say there are is how many the tables hold."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.facts import CALLED, DRUGS, GENES, KNOWLEDGE

#: page -> what it counts, as it is written there
SAID = {
    "README.md": (rf"which alleles of {len(CALLED)}\s+pharmacogenes", rf"advise for\s+{len(DRUGS)} drugs"),
    "CHANGELOG.md": (rf"Calls {len(CALLED)} genes", rf"for {len(DRUGS)} drugs"),
    "docs/tutorial.md": (rf"of {len(GENES)} genes called", rf"genes +{len(GENES)}\n", rf"drugs +{len(DRUGS)}\n"),
}
#: a number before "genes", "pharmacogenes" or "drugs"; the tutorial shows other counts too, and is compared as it runs
COUNTED = re.compile(r"(?<![\d.,])(\d[\d,]*)\s+(?:pharmaco)?(genes|drugs)\b")


@pytest.mark.parametrize("page", SAID)
def test_what_a_page_counts_is_what_the_tables_hold(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    assert [said for said in SAID[page] if not re.search(said, text)] == []


@pytest.mark.parametrize(
    "page",
    sorted({*(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md"), *KNOWLEDGE.glob("*.md")} - {ROOT / "docs/tutorial.md"}),
    ids=lambda page: page.name,
)
def test_no_page_counts_otherwise(page: Path) -> None:
    right = {"genes": {len(CALLED), len(GENES)}, "drugs": {len(DRUGS)}}
    text = page.read_text(encoding="utf-8")
    found = [(int(match[1].replace(",", "")), match[2]) for match in COUNTED.finditer(text)]
    assert [f"{count} {what}" for count, what in found if count > 9 and count not in right[what]] == []


def test_what_is_to_be_signed_is_counted_as_the_tables_hold_it() -> None:
    """A pharmacist signs numbers of rows: they are those of this edition."""
    text = (KNOWLEDGE / "review.md").read_text(encoding="utf-8")

    def column(table: str, place: int) -> list[str]:
        lines = (KNOWLEDGE / table).read_text(encoding="utf-8").splitlines()[1:]
        return [line.split("\t")[place] for line in lines]

    harms, actions = column("harm.tsv", 3), column("interactions.tsv", 2)
    names = [*column("drug_names.tsv", 3), *column("inhibitor_names.tsv", 3)]
    common = sum(reason.startswith("in common use") for reason in column("drugs_without_advice.tsv", 3))
    said = (
        f"harm.tsv: {harms.count('life-threatening')} `life-threatening`, {harms.count('serious')} `serious`",
        f"{actions.count('contraindicated')} `contraindicated`, {actions.count('avoid')} `avoid`, of {len(actions)} ",
        f"label_conditions.tsv: {len(column('label_conditions.tsv', 0))} rows",
        f"required_tests.tsv: {len(column('required_tests.tsv', 0))} rows",
        f"drugs_without_advice.tsv: {len(column('drugs_without_advice.tsv', 0))} rows. {common} ",
        f"{len(names)} names. {sum('German' in source for source in names)} German",
        f"inhibitors.tsv: {len(column('inhibitors.tsv', 0))} statements",
        f"dpwg_terms.tsv ({len(column('dpwg_terms.tsv', 0))})",
    )
    assert [each for each in said if each not in text] == []
