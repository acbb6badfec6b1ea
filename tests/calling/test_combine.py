"""The rule of precedence: every pair of kinds of partial call, and what never depends on their order."""

from __future__ import annotations

import re
from itertools import permutations
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from starling.calling.callers import Callers
from starling.calling.combine import combine
from starling.calling.partial import CopyCount, PartialCall, SampleCall, StatedCall
from starling.guidance.phenotype import interpret, with_conflict
from starling.knowledge.base import KnowledgeBase
from starling.vocabulary import (
    Ambiguous,
    CopyNumber,
    Diplotype,
    Evidence,
    GeneCall,
    OutsideCall,
    Undetermined,
    VariantCopies,
    Why,
)
from tests.calling.support import called, names

GENE: Final = "CYP2D6"
KNOWLEDGE: Final = KnowledgeBase.open()
CALLERS: Final = Callers(KNOWLEDGE.genes, KNOWLEDGE.definitions, KNOWLEDGE.guidance.phenotypes)


def read(diplotype: str, copy_number: CopyNumber = "not_assessed") -> SampleCall:
    first, second = diplotype.split("/")
    return SampleCall(GeneCall(GENE, Diplotype((first, second)), Evidence(copy_number=copy_number)))


def stated(diplotype: str = "", **more: str) -> StatedCall:
    (call,) = CALLERS.stated([OutsideCall(GENE, diplotype, **more)])  # type: ignore[arg-type]
    return call


def counted(copies: int) -> CopyCount:
    return CALLERS.counted(GENE, copies)


#: One of each kind of evidence.
KINDS: Final[dict[str, PartialCall]] = {
    "nothing": SampleCall(GeneCall(GENE, Undetermined("NOT_COVERED"), Evidence(copy_number="not_assessed"))),
    "no match": SampleCall(GeneCall(GENE, Undetermined("NO_MATCH"), Evidence(copy_number="not_assessed"))),
    "variants": read("*1/*4"),
    "reads": read("*4/*68+*4", "assessed"),
    "count": counted(2),
    "other count": counted(3),
    "alleles": stated("*1/*1x2"),
    "phenotype": stated(phenotype="Poor Metabolizer"),
    "score": stated(activity_score="2"),
    "unreadable": stated("*1/*999"),
}

#: First, second, call, copy number, source, in either order.  A conflict, which is never certain, is marked `!`.
EITHER_ORDER: Final = """
    nothing     nothing      NOT_COVERED         not_assessed    sample
    nothing     no match     NO_MATCH            not_assessed    sample
    nothing     variants     *1/*4               not_assessed    sample
    nothing     reads        *4/*68+*4           assessed        sample
    nothing     count        NOT_COVERED         assessed        sample
    nothing     alleles      *1/*1x2             assessed        outside
    nothing     phenotype    stated              assessed        outside
    nothing     score        stated              assessed        outside
    nothing     unreadable   UNKNOWN_ALLELE      assessed        outside
    no match    variants     *1/*4               not_assessed    sample
    no match    no match     NO_MATCH            not_assessed    sample
    no match    reads        *4/*68+*4           assessed        sample
    no match    count        NO_MATCH            assessed        sample
    no match    alleles      *1/*1x2             assessed        outside
    no match    phenotype    stated              assessed        outside
    no match    score        stated              assessed        outside
    no match    unreadable   UNKNOWN_ALLELE      assessed        outside
    variants    variants     *1/*4               not_assessed    sample
    variants    reads        *4/*68+*4           assessed        sample
    variants    count        *1/*4               assessed        sample
    variants    other count  *1/*4x2 or *1x2/*4  assessed        sample
    variants    alleles      *1/*1x2             assessed        outside
    variants    phenotype    stated              assessed        outside
    variants    score        stated              assessed        outside
    variants    unreadable   *1/*4               not_assessed    sample   !
    reads       reads        *4/*68+*4           assessed        sample
    reads       count        *4/*68+*4           assessed        sample
    reads       alleles      *1/*1x2             assessed        outside
    reads       phenotype    stated              assessed        outside
    reads       score        stated              assessed        outside
    reads       unreadable   *4/*68+*4           assessed        sample   !
    count       count        NOT_COVERED         assessed        sample
    count       other count  NOT_COVERED         not_applicable  sample   !
    count       alleles      *1/*1x2             assessed        outside
    count       phenotype    stated              assessed        outside
    count       score        stated              assessed        outside
    count       unreadable   UNKNOWN_ALLELE      assessed        outside
    alleles     alleles      *1/*1x2             assessed        outside
    alleles     phenotype    *1/*1x2             assessed        outside
    alleles     score        *1/*1x2             assessed        outside
    alleles     unreadable   *1/*1x2             assessed        outside  !
    phenotype   phenotype    stated              assessed        outside
    phenotype   score        stated              assessed        outside
    phenotype   unreadable   stated              assessed        outside  !
    score       score        stated              assessed        outside
    score       unreadable   stated              assessed        outside  !
    unreadable  unreadable   UNKNOWN_ALLELE      assessed        outside
"""


def shown(call: GeneCall) -> str:
    match call.result:
        case Undetermined(reason):
            return reason
        case Diplotype() as only:
            return str(only)
        case Ambiguous(diplotypes):
            return " or ".join(map(str, diplotypes)) or "stated"


def rows() -> list[tuple[str, str, str, str, str, bool]]:
    found = []
    for line in EITHER_ORDER.strip().splitlines():
        first, second, told, copies, source, *mark = re.split(r" {2,}", line.strip())
        found.append((first, second, told, copies, source, mark == ["!"]))
    return found


@pytest.mark.parametrize(("first", "second", "told", "copies", "source", "conflict"), rows())
def test_every_pair_of_kinds_in_either_order(
    first: str, second: str, told: str, copies: str, source: str, *, conflict: bool
) -> None:
    for pair in permutations((KINDS[first], KINDS[second])):
        call = combine(pair)[GENE]
        assert (shown(call), call.evidence.copy_number, call.evidence.source) == (told, copies, source)
        assert (call.evidence.conflict is not None, bool(call.evidence.doubts)) == (conflict, conflict)


def test_the_table_names_every_pair() -> None:
    """What another number of copies makes of each call is shown in the tests of `copies`."""
    kinds = KINDS.keys() - {"other count"}
    assert {frozenset(row[:2]) for row in rows()} >= {frozenset((one, other)) for one in kinds for other in kinds}


def test_a_call_that_assessed_copies_needs_no_count() -> None:
    assert combine([KINDS["reads"], KINDS["other count"]]) == combine([KINDS["reads"]])


# --- only "the later one" depends on the order ------------------------------------------------------------------------

ORDERLESS: Final = ["nothing", "variants", "reads", "count", "other count"]
STATED: Final = ["alleles", "phenotype", "score", "unreadable"]
kinds = st.lists(st.sampled_from(ORDERLESS), unique=True).flatmap(
    lambda own: st.sampled_from([[*own, *more] for more in ([], *([one] for one in STATED)) if own or more])
)


@given(kinds, st.randoms(use_true_random=False))
def test_the_order_of_partial_calls_never_matters(chosen: list[str], random: object) -> None:
    turned = list(chosen)
    random.shuffle(turned)  # type: ignore[attr-defined]  # hypothesis's own Random
    assert combine(KINDS[each] for each in turned) == combine(KINDS[each] for each in chosen)


@given(st.permutations(["alleles", "phenotype", "score"]))
def test_statements_that_complete_each_other_are_one_in_any_order(chosen: list[str]) -> None:
    call = combine(KINDS[each] for each in chosen)[GENE]
    said = call.evidence
    assert (shown(call), said.stated_phenotype, str(said.stated_score)) == ("*1/*1x2", "Poor Metabolizer", "2.0")


@given(st.lists(st.sampled_from(sorted(KINDS)), min_size=1), st.integers(0, 9))
def test_who_says_nothing_changes_nothing(chosen: list[str], place: int) -> None:
    partials = [KINDS[each] for each in chosen]
    if not any(isinstance(each, SampleCall) for each in partials):
        partials.append(KINDS["nothing"])
    place = min(place, len(partials))
    assert combine([*partials[:place], KINDS["nothing"], *partials[place:]]) == combine(partials)


def test_of_two_that_differ_the_later_one_is_reported() -> None:
    one, other = stated("*1/*4"), stated("*1/*5")
    assert [shown(combine(pair)[GENE]) for pair in ((one, other), (other, one))] == ["*1/*5", "*1/*4"]
    call = combine([one, KINDS["variants"], other])[GENE]
    assert (call.evidence.conflict, call.evidence.doubts) == ("another outside result states *1/*4", (Why.STATED,))
    assert shown(combine([read("*1/*4"), read("*1/*2")])[GENE]) == "*1/*2"


def test_genes_stay_apart_in_the_order_in_which_they_appear() -> None:
    other = SampleCall(GeneCall("CYP2C19", Diplotype(("*1", "*2"))))
    assert list(combine([other, KINDS["variants"], KINDS["alleles"], other])) == ["CYP2C19", GENE]
    assert combine([other, KINDS["alleles"]])["CYP2C19"] == other.call
    assert combine([]) == {}


# --- beside the sample's own call -------------------------------------------------------------------------------------


def test_what_is_stated_overrides_the_samples_own() -> None:
    call = combine([read("*1/*2"), stated("*1/*17")])[GENE]
    assert (shown(call), call.evidence.source, call.evidence.conflict) == ("*1/*17", "outside", None)


def test_what_is_carried_along_stays_the_samples_own() -> None:
    variants = (VariantCopies("rs12777823", 1), VariantCopies("other", 1))
    own = SampleCall(GeneCall("CYP2C9", Undetermined("NO_MATCH"), Evidence(variants=variants)))
    said = CALLERS.stated([OutsideCall("CYP2C9", "*1/*2"), OutsideCall("CYP2C9", phenotype="IM")])
    assert combine([own, *said])["CYP2C9"].evidence.variants == (VariantCopies("rs12777823", 1),)


@pytest.mark.parametrize(
    ("gene", "changes", "said", "conflict"),
    [
        ("CYP2C19", {94842866: "G/G"}, "*2/*2", "stated as *2/*2, but the sample's own data read *1/*1"),
        ("CYP2C19", {94842866: "G/G"}, "*1/*1", None),
        ("DPYD", {97450058: "C/T"}, "Reference/Reference",
         "stated as Reference/Reference, but the sample's own data read Reference/c.1905+1G>A (*2A)"),
        ("CYP2D6", {}, "*1/*1x2", "stated as *1/*1x2, but the sample's own data read *1/*1"),
    ],
)  # fmt: skip
def test_a_conflict_with_the_samples_own_data_is_shown(
    gene: str, changes: dict[int, str], said: str, conflict: str | None
) -> None:
    own = called(gene, changes)
    assert names(own)
    call = combine([SampleCall(own), *CALLERS.stated([OutsideCall(gene, said)])])[gene]
    definition, rules = KNOWLEDGE.definitions[gene], KNOWLEDGE.guidance.phenotypes[gene]
    result = with_conflict(interpret(call, definition, rules), interpret(own, definition, rules))
    assert (result.conflict, result.source) == (conflict, "outside")
