"""What must hold whatever the file: order of records and alleles, splitting and joining, anchoring."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from starling.errors import InputError
from starling.genotyping.evidence import canonical_lines
from starling.vocabulary import SampleGenotypes, State
from tests.genotyping.reading import read

G38 = "##reference=GRCh38"
#: Site -> (REF, ALTs) at which alleles are drawn: several ALTs, neighbours, an indel and a base inside it.
SITES = {
    ("chr6", 18130687): ("T", ("C", "G")),
    ("chr10", 94781858): ("C", ("T",)),
    ("chr10", 94781859): ("G", ("A",)),
    ("chr2", 233760233): ("CAT", ("C", "CATAT", "CATATAT")),
    ("chr22", 42128324): ("CAGG", ("C",)),
    ("chr22", 42128325): ("A", ("G",)),
    ("chr22", 42128329): ("G", ("A",)),
    ("chr19", 38572266): ("TC", ("CT",)),
    ("chr13", 48037782): ("AGGAGTC", ("A", "AGGAGTCGGAGTC")),
}

Place = tuple[str, int, str]
Call = tuple[str, int, str, tuple[str, ...], tuple[int | None, int | None], str]


@st.composite
def calls(draw: st.DrawFn) -> list[Call]:
    """A call at some of the sites: chromosome, position, REF, ALTs, alleles, separator."""
    found: list[Call] = []
    for (chromosome, position), (ref, alts) in SITES.items():
        if not draw(st.booleans()):
            continue
        index = st.one_of(st.integers(0, len(alts)), st.integers(0, len(alts)), st.none())
        found.append((chromosome, position, ref, alts, (draw(index), draw(index)), draw(st.sampled_from("/|"))))
    return found


def gt(pair: tuple[int | None, int | None], bar: str) -> str:
    return bar.join("." if index is None else str(index) for index in pair)


def joined(call: Call) -> list[str]:
    chromosome, position, ref, alts, pair, bar = call
    return [f"{chromosome} {position} {ref} {','.join(alts)} {gt(pair, bar)}"]


def split(call: Call) -> list[str]:
    """One record per ALT; a haplotype with another ALT is written as reference."""
    chromosome, position, ref, alts, (first, second), bar = call
    records = []
    for number, alt in enumerate(alts, 1):
        one = None if first is None else int(first == number)
        other = None if second is None else int(second == number)
        records.append(f"{chromosome} {position} {ref} {alt} {gt((one, other), bar)}")
    return records


def canonical(records: Sequence[str]) -> list[str]:
    sample: SampleGenotypes = read("chr1 97078987 G T 0/0", *records, header=G38)
    return [*canonical_lines(sample), *(str(sorted({n.code for g in sample.genotypes.values() for n in g.notices})))]


@given(calls(), st.randoms(use_true_random=False))
def test_order_of_records_never_matters(drawn: list[Call], random: object) -> None:
    records = [record for call in drawn for record in split(call)]
    shuffled = list(records)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert canonical(records) == canonical(shuffled)


@given(calls())
def test_splitting_never_matters(drawn: list[Call]) -> None:
    assert canonical([r for call in drawn for r in joined(call)]) == canonical([r for c in drawn for r in split(c)])


@given(calls())
def test_order_of_unphased_alleles_never_matters(drawn: list[Call]) -> None:
    unphased = [(*call[:5], "/") for call in drawn]
    turned = [(*call[:4], call[4][::-1], "/") for call in drawn]
    assert canonical([r for c in unphased for r in joined(c)]) == canonical([r for c in turned for r in joined(c)])


@given(calls())
def test_turning_every_phased_genotype_never_matters(drawn: list[Call]) -> None:
    turned = [(*call[:4], call[4][::-1], call[5]) for call in drawn]
    assert canonical([r for c in drawn for r in joined(c)]) == canonical([r for c in turned for r in joined(c)])


@given(calls())
def test_a_record_stated_twice_counts_once(drawn: list[Call]) -> None:
    records = [record for call in drawn for record in split(call)]
    assert canonical(records) == canonical([record for record in records for _ in range(2)])


@given(st.integers(0, 15), st.sampled_from(["AT", "ATAT"]), st.sampled_from(["0/1", "1/1", "0|1"]))
def test_anchor_of_an_indel_never_matters(steps: int, unit: str, genotype: str) -> None:
    """UGT1A1: an insertion of one or two TA anywhere in the repeat."""
    reference = "C" + "AT" * 7 + "A"
    turned = unit[steps % 2 :] + unit[: steps % 2]
    base = reference[steps]
    record = f"chr2 {233760233 + steps} {base} {base}{turned} {genotype}"
    assert canonical([record]) == canonical([f"chr2 233760233 CAT CAT{unit} {genotype}"])


PLACES = [("chr10", 94781859, "G"), ("chr10", 94781858, "CG"), ("chr2", 233760233, "CAT"), ("chr22", 42128324, "CAGG")]
ALT = st.one_of(
    st.text("ACGTN", min_size=1, max_size=6), st.sampled_from(["*", "<NON_REF>", "<DEL>", "<DUP>", "C[chr2:5["])
)
FIELD = st.text("0123456789|/.,:-e", max_size=6)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(PLACES),
            st.lists(ALT, max_size=3),
            st.text("0123./|", min_size=1, max_size=5),
            st.sampled_from(["GT", "GT:DP", "GT:AD:GQ", "GT:PS", "GT:PGT:PID", "GT:AF", "GT:LEN", "GT:RNC:FT"]),
            FIELD,
        ),
        min_size=1,
        max_size=4,
    )
)
def test_whatever_records_say_the_answer_is_genotypes_or_an_error_of_the_sender(
    drawn: list[tuple[Place, list[str], str, str, str]],
) -> None:
    records = [
        f"{chromosome} {position} {ref} {','.join(alts) or '.'} {keys} {genotype}:{rest}"
        for (chromosome, position, ref), alts, genotype, keys, rest in drawn
    ]
    try:
        sample = read(*records, header=G38)
    except InputError as error:
        assert error.code in {"BAD_ALLELE_INDEX", "BAD_RECORD"}
        return
    for genotype in sample.genotypes.values():
        assert (genotype.state is State.CALLED) == bool(genotype.alleles)
        assert genotype.phase_set is None or len(set(genotype.alleles)) == 2
        assert not {"*", "?", "~"} & {*genotype.alleles, *genotype.seen}
