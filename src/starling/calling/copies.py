"""A count of gene copies beside alleles read from small variants: what both say together, and what they cannot tell.

A count does not say which chromosome holds a copy, nor which allele was copied:

    read     counted   call
    *4/*4    1         *4/*5              one chromosome has no copy
    *1/*4    2         *1/*4
    *4/*4    2         *4/*4              *4x2/*5 remains possible, with the same score
    *1/*1    3         *1/*1x2            *1x>=3/*5 remains possible, with the same score
    *1/*4    3         *1x2/*4 or *1/*4x2
    *1/*4    1         *1/*4, in conflict: two alleles need two copies

Two alleles that lie on one chromosome beside a deletion of the other have the score of the same two apart, and no name.
Source: CPIC/DPWG consensus (PMID 31647186): the activity score is the sum over copies; *5 is the deletion (PharmVar).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from starling.calling.genes.cyp2d6 import NOT_ASSESSED
from starling.calling.outside import translate_name
from starling.calling.partial import CopyCount
from starling.star_order import diplotype_of, in_star_order
from starling.values import replace
from starling.vocabulary import Ambiguous, Consistent, Diplotype, GeneCall, Notice, Undetermined, Why


def with_count(own: GeneCall, counts: Sequence[CopyCount]) -> GeneCall:
    """The sample's own call with its copies counted; as it was, in conflict, where that cannot be."""
    deletion = counts[0].definition.deleted_allele
    if not deletion:
        return _noting(own, Notice("COPY_COUNT_NOT_USED", f"a count of copies says nothing of {own.gene}"))
    numbers = sorted({each.copies for each in counts})
    if len(numbers) > 1:
        return _in_conflict(own, f"copies were counted as {' and as '.join(map(str, numbers))}")
    if numbers[0] < 0 or _says_copies(own, deletion):
        return _in_conflict(own, f"copies were counted as {numbers[0]} beside a call that states copies itself")
    match own.result:
        case Undetermined("NOT_COVERED") if numbers == [0]:
            return _none_left(own, deletion)
        case Diplotype() as only if not own.evidence.research_only:
            return _arranged(own, (only,), counts[0], deletion)
        case Ambiguous(diplotypes) if diplotypes and not own.evidence.research_only:
            return _arranged(own, diplotypes, counts[0], deletion)
        case _:
            return _assessed(own, counts[0].copies)


def _says_copies(own: GeneCall, deletion: str) -> bool:
    """Whether the call is of another kind than two alleles read from small variants, which a count can complete."""
    read = own.result.diplotypes if isinstance(own.result, Ambiguous) else (own.result,)
    pairs = [each.alleles for each in read if isinstance(each, Diplotype)]
    return any(len(pair) != 2 or any(a == deletion or "x" in a or "+" in a for a in pair) for pair in pairs)


def _arranged(own: GeneCall, read: Sequence[Diplotype], count: CopyCount, deletion: str) -> GeneCall:
    first = [each for diplotype in read for each in _arrangements(diplotype, count, deletion)]
    if not first:
        said = " or ".join(map(str, read))
        return _in_conflict(own, f"copies were counted as {count.copies}, but the sample's own data read {said}")
    likely = in_star_order([each for each in first if deletion not in each.alleles] or first)
    others = [Consistent(each, Why.COPY_NUMBER) for each in in_star_order(first) if each not in likely]
    others += [
        replace(other, diplotype=each)
        for other in own.evidence.consistent
        for each in _arrangements(other.diplotype, count, deletion)
    ]
    result = likely[0] if len(likely) == 1 else Ambiguous(likely)
    evidence = replace(own.evidence, consistent=tuple(dict.fromkeys(others)))
    return _assessed(replace(own, result=result, evidence=evidence), count.copies)


def _arrangements(diplotype: Diplotype, count: CopyCount, deletion: str) -> Iterator[Diplotype]:
    """Every way to have so many copies of these alleles on two chromosomes, one allele on each."""
    if not count.copies:
        return
    one, other = diplotype.alleles
    least = 0 if one == other else 1
    for copies in range(least, count.copies - least + 1):
        names = _copied(one, copies, count, deletion), _copied(other, count.copies - copies, count, deletion)
        if one != other or copies <= count.copies - copies:
            yield diplotype_of(*names)


def _copied(allele: str, copies: int, count: CopyCount, deletion: str) -> str:
    if copies < 2:
        return allele if copies else deletion
    name = f"{allele}x{copies}"
    return translate_name(name, count.definition) or name


def _none_left(own: GeneCall, deletion: str) -> GeneCall:
    """No copy on either chromosome: nothing was read because there is nothing to read."""
    evidence = replace(own.evidence, cannot_exclude=())
    return _assessed(replace(own, result=Diplotype((deletion, deletion)), evidence=evidence), 0)


def _assessed(own: GeneCall, copies: int) -> GeneCall:
    notices = tuple(each for each in own.evidence.notices if each != NOT_ASSESSED)
    said = Notice("COPIES_COUNTED", f"copies of {own.gene} counted: {copies}")
    return replace(own, evidence=replace(own.evidence, copy_number="assessed", notices=(*notices, said)))


def _in_conflict(own: GeneCall, conflict: str) -> GeneCall:
    evidence = own.evidence
    doubts = tuple(dict.fromkeys((*evidence.doubts, Why.COPY_NUMBER)))
    said = "; ".join(filter(None, (evidence.conflict, conflict)))
    return replace(own, evidence=replace(evidence, doubts=doubts, conflict=said))


def _noting(own: GeneCall, notice: Notice) -> GeneCall:
    return replace(own, evidence=replace(own.evidence, notices=(*own.evidence.notices, notice)))
