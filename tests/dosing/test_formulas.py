"""The published formulas, against values worked out by hand from the coefficients of the appendix (PMID 19228618)."""

from __future__ import annotations

import pytest

from starling.dosing.formulas import LINKED, Person, clinical, pharmacogenetic, vkorc1_from_linked


@pytest.mark.parametrize(
    ("person", "cyp2c9", "vkorc1", "root"),
    [
        # 5.6044 - 0.2614*6 + 0.0087*175 + 0.0128*80
        (Person(6, 175, 80, "white"), "*1/*1", "G/G", 6.5825),
        # 5.6044 - 0.2614*7 + 0.0087*160 + 0.0128*60 - 1.6974 - 0.9357 - 0.1092 - 0.5503
        (Person(7, 160, 60, "asian", amiodarone=True), "*1/*3", "A/A", 2.642),
        # 5.6044 - 0.2614*5 + 0.0087*180 + 0.0128*100 - 0.8677 - 0.5211 - 0.2760 + 1.1816
        (Person(5, 180, 100, "black", enzyme_inducer=True), "*1/*2", "A/G", 6.6602),
        # 5.6044 - 0.2614*4 + 0.0087*170 + 0.0128*70 - 0.4854 - 0.2188 - 0.1032
        (Person(4, 170, 70), None, None, 6.1264),
    ],
)
def test_pharmacogenetic_formula(person: Person, cyp2c9: str | None, vkorc1: str | None, root: float) -> None:
    assert pharmacogenetic(person, cyp2c9, vkorc1) == pytest.approx(root**2, abs=1e-9)


@pytest.mark.parametrize(
    ("person", "root"),
    [
        # 4.0376 - 0.2546*6 + 0.0118*175 + 0.0134*80
        (Person(6, 175, 80, "white"), 5.647),
        # 4.0376 - 0.2546*5 + 0.0118*180 + 0.0134*90 + 0.4060 + 1.2799
        (Person(5, 180, 90, "black", enzyme_inducer=True), 7.7805),
        # 4.0376 - 0.2546*7 + 0.0118*160 + 0.0134*60 - 0.6752 - 0.5695
        (Person(7, 160, 60, "asian", amiodarone=True), 3.7027),
        # 4.0376 - 0.2546*8 + 0.0118*165 + 0.0134*65 + 0.0443
        (Person(8, 165, 65), 4.8631),
    ],
)
def test_clinical_formula(person: Person, root: float) -> None:
    assert clinical(person) == pytest.approx(root**2, abs=1e-9)


@pytest.mark.parametrize("other", ["*1/*2", "*1/*3", "*2/*2", "*2/*3", "*3/*3"])
def test_every_variant_of_cyp2c9_lowers_the_dose(other: str) -> None:
    adult = Person(6, 175, 80, "white")
    assert pharmacogenetic(adult, other, "G/G") < pharmacogenetic(adult, "*1/*1", "G/G")


def test_an_unknown_genotype_name_is_refused_not_taken_as_wild_type() -> None:
    with pytest.raises(KeyError):
        pharmacogenetic(Person(6, 175, 80), "*1/*5", "G/G")


@pytest.mark.parametrize("ancestry", ["white", "asian", "black", "unknown"])
@pytest.mark.parametrize("site", sorted(LINKED))
def test_two_of_the_linked_sites_count_only_where_ancestry_is_known_and_not_african(site: str, ancestry: str) -> None:
    conditional = site != "rs9934438" and ancestry in {"black", "unknown"}
    for genotype, meaning in LINKED[site].items():
        expected = None if conditional else (meaning, site)
        assert vkorc1_from_linked({site: genotype}, ancestry) == expected


def test_a_linked_site_that_was_not_called_derives_nothing() -> None:
    assert vkorc1_from_linked({}, "white") is None
    assert vkorc1_from_linked({"rs9934438": "./."}, "white") is None
