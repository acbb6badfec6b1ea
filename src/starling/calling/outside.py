"""What another laboratory or device stated, as a gene call: names translated, nothing guessed.

An unknown name is `Undetermined`, with the text kept in a notice, never reference.  Which statement decides the
phenotype (score, then phenotype, then diplotype) is guidance's rule; everything stated is kept in the evidence.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from starling.calling.genes import mt_rnr1
from starling.calling.genes.haplotype_names import lowest_of, parts_of
from starling.calling.genes.hla import RISK_ALLELES
from starling.calling.typing import hla_call
from starling.calling.wording import alleles_in, choices, noted, states_nothing, unknown_allele, variants_in
from starling.definitions import GeneDefinition, PhenotypeRules
from starling.errors import InputError
from starling.star_order import diplotype_of
from starling.values import dataclass, replace
from starling.vocabulary import (
    ActivityScore,
    Ambiguous,
    CallResult,
    Diplotype,
    Evidence,
    GeneCall,
    Notice,
    OutsideCall,
    Undetermined,
    Why,
)

_COPIES: Final = re.compile(r"(?P<core>[^+]+)x(?:>=|≥)?(?P<copies>\d+|N)")
#: `B(reference)`, as some tools write it.
_UNSPACED: Final = re.compile(r"(?<=[\w*>])\(")
_SUBALLELE: Final = re.compile(r"(\*\d+)\.\d{3}")
#: A mitochondrial variant as laboratories write it (`1555A>G`, `A1555G`), alone or said to be there.
_MITOCHONDRIAL: Final = re.compile(
    r"(?:m\.)?(?:(?P<ref>[ACGT])(?P<at>\d+)(?P<alt>[ACGT])|(?P<hgvs>\d+[ACGT]>[ACGT]))"
    r"(?: +(?i:detected|positive|pos|present|found|carrier|homoplasmic))?"
)
_ABBREVIATIONS: Final = {
    "PM": "Poor Metabolizer",
    "IM": "Intermediate Metabolizer",
    "NM": "Normal Metabolizer",
    "EM": "Normal Metabolizer",
    "RM": "Rapid Metabolizer",
    "UM": "Ultrarapid Metabolizer",
}
_NEGATIVE: Final = re.compile(r"\b(?:not (?:detected|present|found)|negative|absent)\b", re.IGNORECASE)
#: What a term was called, or is called elsewhere.  Source: PMID 27441996 (normal was extensive).
_FORMER: Final = {
    "extensive metabolizer": "normal metabolizer",
    "ultra-rapid metabolizer": "ultrarapid metabolizer",
    "ultra rapid metabolizer": "ultrarapid metabolizer",
}
_NORMAL: Final = "normal metabolizer"
#: The same of a gene that no term calls normal.  Source: CPIC on N-acetyltransferase 2 and hydralazine, PMID 40974042.
_ACETYLATORS: Final = {
    "slow acetylator": "poor metabolizer",
    "intermediate acetylator": "intermediate metabolizer",
    "rapid acetylator": "rapid metabolizer",
    "fast acetylator": "rapid metabolizer",
}


@dataclass(frozen=True, slots=True)
class _Stated:
    """The parts of an outside call after translation.  `pairs`: diplotypes between which it does not decide."""

    names: tuple[str, ...]
    unknown: tuple[str, ...]
    phenotype: str | None
    score: ActivityScore | None
    notices: tuple[Notice, ...]
    deciding: Diplotype | None = None
    pairs: tuple[Diplotype, ...] = ()


def outside_call(call: OutsideCall, definition: GeneDefinition | None, rules: PhenotypeRules | None) -> GeneCall:
    """The gene call that `call` states, under the names of the definition table.

    `definition` is None for HLA-A and HLA-B; `rules` for genes without phenotype terms.
    Raises: InputError when the activity score is not a number.
    """
    if states_nothing(call.diplotype) and states_nothing(call.phenotype) and _score(call) is None:
        return GeneCall(call.gene, Undetermined("NOTHING_STATED"), Evidence(notices=_no_result(call), source="outside"))
    if call.gene in RISK_ALLELES:
        return hla_call(call)
    if call.gene == mt_rnr1.GENE and definition is not None:
        call, absent = _one_by_one(call, definition)
        if absent:
            found = mt_rnr1.stated_absent(absent, definition)
            return replace(found, evidence=replace(found.evidence, notices=(*found.evidence.notices, *noted(call))))
    if not call.phenotype and _phenotype(call.diplotype, rules) is not None:
        call = replace(call, diplotype="", phenotype=call.diplotype)  # a term in the first column behind the gene
    stated = _translate(call, definition, rules)
    result = _result(call, stated, rules)
    notices = stated.notices + tuple(_unread(call.gene, name) for name in stated.unknown)
    copies_count = definition is not None and definition.copy_number
    if (
        copies_count
        and not isinstance(result, Undetermined)
        and not any(_names_copies(name, definition) for name in stated.names)
    ):
        notices += (_as_stated(call.gene),)
    evidence = Evidence(
        deciding=stated.deciding if isinstance(result, Diplotype) else None,
        doubts=(Why.STATED,) if call.note else (),
        copy_number="assessed" if copies_count else "not_applicable",
        notices=notices + noted(call),
        source="outside",
        stated_phenotype=stated.phenotype,
        stated_score=stated.score,
    )
    return GeneCall(call.gene, result, evidence)


def _unread(gene: str, name: str) -> Notice:
    """What to say of a name that no table lists, and where a negative test of one variant belongs."""
    said = unknown_allele(gene, name)
    if _NEGATIVE.search(name) is None:
        return said
    where = "a test of one variant that found nothing is a table of analyte and result, passed as the input"
    return replace(said, message=f"{said.message.rstrip('.')}: {where}.")


def _one_by_one(call: OutsideCall, definition: GeneDefinition) -> tuple[OutsideCall, tuple[str, ...]]:
    """(the call, under the name of the one variant that is there; else those that were looked for, and not found)."""
    said = list(variants_in(f"{call.diplotype}; {call.phenotype}"))
    known = [(translate_name(name, definition), there) for name, there in said]
    there = [name for name, is_there in known if is_there]
    if not said or len(there) > 1 or any(name is None for name, _ in known):
        return call, ()
    if there:
        return replace(call, diplotype=there[0] or "", phenotype=""), ()
    return call, tuple(name for name, _ in known if name is not None)


def translate_name(name: str, definition: GeneDefinition) -> str | None:
    """The name under which the definition table lists `name`; None when it lists no such allele.

    Spaces around the `+` of a tandem do not matter.  Aliases of other times and laboratories are resolved, a suballele
    counts as its core allele, and `*1x3` is `*1x>=3` where the table has that row.  A number of copies that the table
    does not list keeps its name: values multiply.
    """
    listed = {allele.name for allele in definition.alleles} | {allele.reported_as for allele in definition.alleles}
    text = name.strip().removeprefix(definition.gene).strip(" :").replace("≥", ">=").replace("×", "x")
    text = f"*{text}" if text[:1].isdigit() and listed.isdisjoint((text, _mitochondrial(text))) else text
    for form in _forms(text, definition):
        if form in listed:
            return form
    copies = _COPIES.fullmatch(text)
    if copies is None:
        return None
    core = translate_name(copies["core"], definition)
    count = copies["copies"]
    if core is None or core not in listed or count in {"0", "1"}:
        return None
    several = f"{core}x>=3"
    return several if count.isdigit() and int(count) >= 3 and several in listed else text.replace(copies["core"], core)


def _forms(text: str, definition: GeneDefinition) -> tuple[str, ...]:
    """The spellings under which a table may list a name, as written first."""
    tandem = re.sub(r"\s*\+\s*", "+", text[1:-1] if text.startswith("[") and text.endswith("]") else text).strip()
    core = _SUBALLELE.sub(r"\1", tandem)
    turned = "+".join(reversed(core.split("+")))
    # one allele may be called by what it is beside its letter: `B (wildtype)` is `B (reference)`
    known = re.sub("wild[ -]?type", "reference", text, flags=re.IGNORECASE) if "(" in text else text
    known = _UNSPACED.sub(" (", known)
    return text, tandem, definition.aliases.get(text, text), core, turned, known, _mitochondrial(text)


def _mitochondrial(text: str) -> str:
    match = _MITOCHONDRIAL.fullmatch(text)
    if match is None:
        return ""
    return f"m.{match['hgvs'] or match['at'] + match['ref'] + '>' + match['alt']}"


def _names_copies(name: str, definition: GeneDefinition | None) -> bool:
    deleted = definition.deleted_allele if definition is not None else ""
    return name == (deleted or None) or "x" in name or "+" in name


def _translate(call: OutsideCall, definition: GeneDefinition | None, rules: PhenotypeRules | None) -> _Stated:
    several = () if states_nothing(call.diplotype) else choices(call.diplotype)
    texts = (
        alleles_in(several[0]) if len(several) == 1 else tuple(name for pair in several for name in alleles_in(pair))
    )
    notices: list[Notice] = []
    readable = definition.nomenclatures if definition is not None else ()
    if readable and texts and call.nomenclature.strip().casefold() not in readable:
        changed = f"{call.gene} names changed in {readable[0]}"
        text = f"{changed}: {call.diplotype} does not state its nomenclature and is not read."
        notices.append(Notice("NOMENCLATURE_UNKNOWN", text))
        texts = ()
    found = [(text, _haplotype(text, definition) if definition else None) for text in texts]
    phenotype = _phenotype(call.phenotype, rules)
    if phenotype is None and not states_nothing(call.phenotype):
        text = f"{call.phenotype.strip()} is no phenotype term of {call.gene}; it is not used."
        notices.append(Notice("UNKNOWN_PHENOTYPE", text))
    score = _score(call)
    if score is not None and (rules is None or not rules.uses_score):
        notices.append(Notice("SCORE_NOT_USED", f"{call.gene} has no activity score; {score} is not used."))
        score = None
    return _Stated(
        names=tuple(name for _, name in found if name is not None),
        unknown=tuple(text for text, name in found if name is None),
        phenotype=phenotype,
        score=score,
        notices=tuple(notices),
        deciding=_deciding([name for _, name in found if name is not None], definition),
        pairs=_pairs(several, definition) if texts and len(several) > 1 else (),
    )


def _pairs(several: Sequence[str], definition: GeneDefinition | None) -> tuple[Diplotype, ...]:
    """Every diplotype that may be meant, each once; none when one of them cannot be read as two alleles."""
    read = [[_haplotype(name, definition) if definition else None for name in alleles_in(pair)] for pair in several]
    pairs = [tuple(name for name in names if name is not None) for names in read]
    if any(len(names) != 2 or len(pair) != 2 for names, pair in zip(read, pairs, strict=True)):
        return ()
    return tuple(dict.fromkeys(diplotype_of(*pair) for pair in pairs))


def _haplotype(text: str, definition: GeneDefinition) -> str | None:
    """A haplotype as the program itself writes it: a name, or several in brackets in a gene read variant by variant."""
    parts = parts_of(text, definition)
    names = [translate_name(part, definition) for part in parts]
    known = [name for name in names if name is not None]
    if not known or len(known) < len(names):
        return None
    if len(parts) == 1:
        return known[0]
    order = {allele.name: place for place, allele in enumerate(definition.alleles)}
    return f"[{' + '.join(sorted(dict.fromkeys(known), key=lambda name: order.get(name, len(order))))}]"


def _deciding(names: Sequence[str], definition: GeneDefinition | None) -> Diplotype | None:
    """The allele of lowest function of each haplotype, where a haplotype holds several; None where each is one name."""
    if definition is None or len(names) != 2 or not any(name.startswith("[") for name in names):
        return None
    first, second = (lowest_of(parts_of(name, definition), definition) for name in names)
    return diplotype_of(first, second)


def _score(call: OutsideCall) -> ActivityScore | None:
    try:
        return ActivityScore.parse(call.activity_score)
    except (ValueError, ZeroDivisionError) as error:
        message = f"{call.gene}: {call.activity_score!r} is not an activity score"
        raise InputError("BAD_OUTSIDE_CALL", message, source=call.file or "outside calls", line=call.line) from error


def _phenotype(text: str, rules: PhenotypeRules | None) -> str | None:
    """The rules' own spelling of a term; abbreviations and British spelling are read, anything else is not."""
    if rules is None or states_nothing(text):
        return None
    plain = _ABBREVIATIONS.get(text.strip().upper(), text).strip().casefold().replace("metaboliser", "metabolizer")
    terms = {term.casefold(): term for term in (*rules.by_score.values(), *rules.by_functions.values())}
    former = _FORMER if _NORMAL in terms else _ACETYLATORS
    return terms.get(former.get(plain, plain))


def _result(call: OutsideCall, stated: _Stated, rules: PhenotypeRules | None) -> CallResult:
    if len(stated.pairs) > 1:
        return Ambiguous(stated.pairs)
    alleles = stated.pairs[0] if stated.pairs and not _is_haploid(rules) else _diplotype(stated, rules)
    if alleles is not None:
        return alleles
    if stated.score is not None or stated.phenotype is not None:
        return Ambiguous(())
    if stated.unknown:
        return Undetermined("UNKNOWN_ALLELE")
    if stated.names:
        return Undetermined("SINGLE_ALLELE" if len(stated.names) == 1 else "TOO_MANY_ALLELES")
    if any(notice.code == "NOMENCLATURE_UNKNOWN" for notice in stated.notices):
        return Undetermined("NOMENCLATURE_UNKNOWN")
    return Undetermined("NOTHING_STATED" if states_nothing(call.phenotype) else "UNKNOWN_PHENOTYPE")


def _diplotype(stated: _Stated, rules: PhenotypeRules | None) -> Diplotype | None:
    """The stated alleles when all are known and as many as the gene can have."""
    if stated.unknown:
        return None
    match stated.names:
        case (only,):
            haploid = rules is not None and any(len(functions) == 1 for functions in rules.by_functions)
            return Diplotype((only,)) if haploid else None
        case (first, second):
            return Diplotype((first,)) if first == second and _is_haploid(rules) else diplotype_of(first, second)
        case _:
            return None


def _is_haploid(rules: PhenotypeRules | None) -> bool:
    """Whether nobody has two alleles of the gene: tools that write every result as a pair name its one allele twice."""
    return rules is not None and bool(rules.by_functions) and all(len(each) == 1 for each in rules.by_functions)


def _as_stated(gene: str) -> Notice:
    text = (
        f"{gene} deletions and duplications count as the other laboratory states them; ask whether it looked for them."
    )
    return Notice("COPY_NUMBER_AS_STATED", text)


def _no_result(call: OutsideCall) -> tuple[Notice, ...]:
    words = call.diplotype or call.phenotype
    if not words:
        return noted(call)
    text = f"{call.gene}: {words} is no result; what the sample itself shows stands."
    return (Notice("OUTSIDE_NO_CALL", text), *noted(call))
