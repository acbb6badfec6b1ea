"""HLA typing by another laboratory: alleles named, the presence of one allele stated, or both."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from starling.calling.genes.hla import RISK_ALLELES, is_of_other_gene, parse_hla, presence_of
from starling.calling.wording import alleles_in, clauses, noted, presence_in, states_nothing, unknown_allele
from starling.star_order import diplotype_of
from starling.vocabulary import (
    Ambiguous,
    CallResult,
    Diplotype,
    Evidence,
    GeneCall,
    Notice,
    OutsideCall,
    Presence,
    Undetermined,
    Why,
)


def hla_call(call: OutsideCall) -> GeneCall:
    """Presence from typing, completed by what was stated outright (`*57:01 positive`); no text is dropped unnamed."""
    names = _typed(call)
    presence: dict[str, Presence] = dict(presence_of(call.gene, names))
    stated = _stated_presence(call)
    notices = [
        Notice("STATEMENTS_DIFFER", f"{call.gene}: stated as {allele} {state}, but typed as {call.diplotype}.")
        for allele, state in stated.items()
        if {presence[allele], state} == {"positive", "negative"}
    ]
    for allele, state in stated.items():
        conflict = {presence[allele], state} == {"positive", "negative"}
        presence[allele] = "nocall" if conflict else state if presence[allele] == "nocall" else presence[allele]
    other = [name for name in names if is_of_other_gene(call.gene, name)]
    notices += [
        Notice("WRONG_GENE", f"{call.gene}: {name} is no {call.gene} allele; it was not read.") for name in other
    ]
    unread = [name for name in names if parse_hla(name) is None]
    notices += [unknown_allele(call.gene, name) for name in unread]
    unread += other
    notices += [*_unresolved(call.gene, names), *_unread_text(call, names)]
    evidence = Evidence(
        doubts=(Why.STATED,) if call.note else (),
        presence=tuple(presence.items()),
        notices=(*notices, *noted(call)),
        source="outside",
    )
    return GeneCall(call.gene, _result(names, unread, stated), evidence)


def _typed(call: OutsideCall) -> tuple[str, ...]:
    """The alleles named: those of the diplotype, and one that stands in the next column for the second allele."""
    names = () if _states_presence(call.diplotype) else alleles_in(call.diplotype)
    names = tuple(name for name in names if not states_nothing(name))
    more = alleles_in(call.phenotype)
    return (*names, *more) if more and all(parse_hla(name) is not None for name in more) else names


def _states_presence(text: str) -> bool:
    return next(presence_in(text), None) is not None


def _stated_presence(call: OutsideCall) -> dict[str, Presence]:
    """Risk allele -> whether it is there; one that is stated both ways is not known."""
    found: dict[str, Presence] = {}
    for gene, allele, there in presence_in(f"{call.diplotype}; {call.phenotype}"):
        if gene in {"", call.gene} and allele in RISK_ALLELES[call.gene]:
            state: Presence = "positive" if there else "negative"
            found[allele] = state if found.get(allele, state) == state else "nocall"
    return found


def _unresolved(gene: str, names: Sequence[str]) -> Iterator[Notice]:
    """Says which names are groups of alleles, and which are not typed far enough to tell."""
    for name in names:
        allele = parse_hla(name)
        if allele is None or is_of_other_gene(gene, name):
            continue
        risks = [risk for risk in RISK_ALLELES[gene] if risk.startswith(f"*{allele.first}:")]
        if allele.group and str(allele) in RISK_ALLELES[gene]:
            text = f"{gene}: {name} is a group of alleles, not all of them {allele}; ask the laboratory to resolve it."
            yield Notice("HLA_GROUP", text)
        elif not allele.second and risks:
            text = f"{gene}: {name} does not tell whether it is {' or '.join(risks)}; ask for typing at two fields."
            yield Notice("HLA_LOW_RESOLUTION", text)


def _unread_text(call: OutsideCall, names: Sequence[str]) -> Iterator[Notice]:
    """Names a text beside the alleles that is none of the statements that are read."""
    if set(alleles_in(call.phenotype)) & set(names):
        return
    for text in clauses(call.phenotype):
        if not states_nothing(text) and not _states_presence(text):
            yield Notice("UNREAD_TEXT", f"{call.gene}: the text {text[:80]!r} was not understood and is not used.")


def _result(names: Sequence[str], unread: Sequence[str], stated: dict[str, Presence]) -> CallResult:
    read = [str(allele) for allele in map(parse_hla, names) if allele is not None]
    if unread or not read:
        return Ambiguous(()) if stated else Undetermined("UNKNOWN_ALLELE" if unread else "NOTHING_STATED")
    if len(read) > 2:
        return Undetermined("TOO_MANY_ALLELES")
    return diplotype_of(read[0], read[1]) if len(read) == 2 else Diplotype((read[0],))
