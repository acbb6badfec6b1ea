"""A FHIR Bundle of Genomics Reporting, ours or another laboratory's: its genotypes, else its haplotypes.

A phenotype is read from the genotype itself, else from the therapeutic implications that rest on it alone.  Single
variants are no result of a gene and are not read.  What was cancelled or entered in error states nothing; what is
preliminary, and what its sender does not hold certain, is never certain here.
Source: hl7.fhir.uv.genomics-reporting 3.0.0; hl7.org/fhir/R4, Bundle, Observation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from starling.formats.outside import fhir_words as words
from starling.formats.outside.content import OR, Text, Tool, fields_of, text_of
from starling.formats.outside.fhir_entries import Entry, entries_of
from starling.formats.outside.loinc import PHENOTYPES
from starling.values import dataclass, replace
from starling.vocabulary import OutsideCall

TOOL: Final = "FHIR Bundle"
#: states of an observation that holds; what else there is, is said
_HOLDS: Final = frozenset({"final", "amended", "corrected"})
#: state -> what stands for a result that is none
_VOID: Final[Mapping[str, str]] = {"cancelled": "not_determined", "entered-in-error": "not_available"}
_GENE: Final = re.compile(r"(HLA-[A-Z]+\d?|[A-Z][A-Z0-9]+(?:-[A-Z0-9]+)?)(?=[ *:])")
_SYMBOL: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]{1,19}")
#: what in a genotype list says that it is not one pair.  Source: GL String 1.0 (glstring.org).
_LIST: Final = re.compile(r"[/^|~?]")
_BASE: Final = re.compile(r"(rs\d+ )[ACGT]")
_BASES: Final = frozenset("ACGT")
_HGNC: Final = re.compile(r"(?:HGNC:)?(\d{1,6})")
_SCORE: Final = re.compile(r"(?:>=)?[0-9]{1,2}(?:\.[0-9]{1,6})?")


def _is_fhir(text: Text) -> bool:
    return bool(text_of(fields_of(text.document).get("resourceType")))


def _read(text: Text) -> Iterator[OutsideCall]:
    entries = entries_of(text)
    observations = list(dict.fromkeys(each for each in entries.values() if each.kind == "Observation"))
    genotypes = [each for each in observations if words.GENOTYPE in each.codes("code")]
    calls = [_genotype(each, entries) for each in genotypes]
    calls = [_implied(call, each, observations, entries) for call, each in zip(calls, genotypes, strict=True)]
    told = {(call.gene, call.sample) for call in calls}
    calls += [call for call in _from_haplotypes(observations, entries) if (call.gene, call.sample) not in told]
    if not calls:
        wanted = "a genotype or haplotype of Genomics Reporting (LOINC 84413-4, 84414-2)"
        count = len(set(entries.values()))
        raise text.wrong(f"none of its {count} resources is {wanted}; single variants are no result of a gene")
    yield from calls


def _genotype(entry: Entry, entries: Mapping[str, Entry]) -> OutsideCall:
    """What one genotype states of its gene."""
    label = _label(entry)
    gene = _gene(entry, label)
    stated = _Components.of(entry, _symbol(gene))
    call = OutsideCall(gene, sample=_sample(entry, entries), tool=_sender(entry, entries))
    void = _VOID.get(entry.status)
    if void or label is None:
        return replace(call, diplotype=void or "not_determined")
    note = "" if entry.status in _HOLDS else f"its status is {entry.status[:20] or 'not stated'}"
    pair, doubt = _pair(label, _symbol(gene))
    if stated.presence:
        pair = pair if "/" in pair else ""
        return replace(call, diplotype=pair, phenotype=stated.presence, note=note or stated.doubt or doubt)
    if stated.possible and pair:
        return replace(
            call,
            diplotype=OR.join(dict.fromkeys((pair, *stated.possible))),
            nomenclature=stated.nomenclature,
            note=note or (stated.doubt if words.UNASSIGNED in stated.doubt else ""),
        )
    return replace(
        call,
        diplotype=pair,
        phenotype=stated.phenotype,
        activity_score=stated.score,
        nomenclature=stated.nomenclature,
        note=note or stated.doubt or doubt,
    )


@dataclass(frozen=True, slots=True)
class _Components:
    """What the components of a genotype say.  `doubt`: that the sender does not hold it certain, as a clause."""

    phenotype: str = ""
    score: str = ""
    nomenclature: str = ""
    presence: str = ""
    possible: tuple[str, ...] = ()
    doubt: str = ""

    @classmethod
    def of(cls, entry: Entry, symbol: str) -> _Components:
        """The components of one genotype."""
        found: dict[str, str] = {}
        presences, possible = list[str](), list[str]()
        for number, component in enumerate(entry.items("component"), 1):
            name = entry.words(component, "code")
            if name == words.PHENOTYPE or {words.METABOLISM, words.IMPLICATION} & entry.codes("code", component):
                found["phenotype"] = _phenotype(entry, component)
            elif name.startswith(f"{symbol}*"):
                presences += _presence(entry, component, name.removeprefix(symbol))
            elif name == words.SCORE:
                found["score"] = _score(entry, component, number)
            elif name == words.POSSIBLE:
                possible.append(entry.string(component, "valueString").rpartition(": ")[0])
            elif name in {words.CERTAINTY, words.NOMENCLATURE}:
                found[name] = entry.string(component, "valueString")
        term = found.get("phenotype", "")
        certainty = found.get(words.CERTAINTY, words.CERTAIN)
        is_doubted = certainty != words.CERTAIN or term.endswith(words.DOUBTED)
        return cls(
            phenotype=term.removesuffix(words.DOUBTED),
            score=found.get("score", ""),
            nomenclature=found.get(words.NOMENCLATURE, ""),
            presence="; ".join(presences),
            possible=tuple(filter(None, possible)),
            doubt=f"its sender says: {certainty[:200]}" if is_doubted else "",
        )


def _phenotype(entry: Entry, component: Mapping[str, object]) -> str:
    """The term that a component states: by its code, else in its words."""
    coded = [PHENOTYPES[code] for system, code in _sorted(entry, component) if code in PHENOTYPES]
    return coded[0] if coded else entry.words(component, "valueCodeableConcept")


def _sorted(entry: Entry, component: Mapping[str, object]) -> list[tuple[str, str]]:
    return sorted(each for each in entry.codes("valueCodeableConcept", component) if each[0] == words.LOINC)


def _presence(entry: Entry, component: Mapping[str, object], allele: str) -> list[str]:
    found = {code for _, code in entry.codes("valueCodeableConcept", component)} & words.PRESENCES.keys()
    return [f"{allele} {words.PRESENCES[code]}" for code in sorted(found)] if len(found) == 1 else []


def _score(entry: Entry, component: Mapping[str, object], number: int) -> str:
    """An activity score: a quantity, or a text."""
    quantity = fields_of(component.get("valueQuantity"))
    value = f"{text_of(quantity.get('comparator'))}{text_of(quantity.get('value'))}" if quantity else ""
    score = (value or entry.string(component, "valueString")).replace(" ", "").replace("≥", ">=")
    if not _SCORE.fullmatch(score):
        raise entry.wrong(f"component {number}: {score[:40]!r} is not an activity score")
    return score


def _label(entry: Entry) -> str | None:
    """What the genotype is called; None when it says that there is no value.

    Raises: InputError BAD_OUTSIDE_CALL when it has no value, or one of another type.
    """
    values = sorted(name for name in entry.resource if name.startswith("value"))
    if not values:
        if "dataAbsentReason" in entry.resource or entry.status in _VOID:
            return None
        raise entry.wrong("it states no value")
    if values != ["valueCodeableConcept"]:
        raise entry.wrong(f"its value is a {', '.join(values)[:60]}; a genotype is a valueCodeableConcept")
    listed = [code for system, code in entry.coded("valueCodeableConcept") if system == words.GL_STRING]
    if listed:
        return listed[0].rpartition("#")[2]
    label = entry.words(entry.resource, "valueCodeableConcept")
    codes = [code for _, code in entry.coded("valueCodeableConcept") if code]
    if not label and not codes:
        raise entry.wrong("its value has neither text, display nor code")
    return label or codes[0]


def _gene(entry: Entry, label: str | None) -> str:
    """The gene as it is written, with its code of HGNC in brackets; where none is named, which entry it is.

    Of several genes that were studied, the one with which the value begins.
    """
    named = [found for each in entry.items("component") if (found := _studied(entry, each))]
    begins = _GENE.match(label or "")
    if len(named) > 1:
        named = [each for each in named if begins and each.startswith(begins[0])]
    if len(named) == 1:
        return named[0]
    return begins[0] if begins and not named else f"entry {entry.number}"


def _studied(entry: Entry, component: Mapping[str, object]) -> str:
    """The gene that a component names; empty when it is about something else."""
    if words.GENE not in entry.codes("code", component):
        return ""
    coded = [code for system, code in entry.coded("valueCodeableConcept", component) if system in words.HGNC]
    number = _HGNC.fullmatch(coded[0]) if coded else None
    shown = entry.words(component, "valueCodeableConcept", display_first=True)
    symbol = shown if _SYMBOL.fullmatch(shown) else ""
    return f"{symbol} (HGNC:{number[1]})".strip() if number else symbol


def _symbol(gene: str) -> str:
    return gene.partition(" ")[0]


def _pair(label: str, symbol: str) -> tuple[str, str]:
    """The diplotype without the gene before its alleles, and a doubt; several that are possible stay apart."""
    if symbol.startswith("HLA-") and f"+{symbol}" in label:
        if _LIST.search(label):
            return "indeterminate", f"its genotype list leaves several alleles open: {label[:100]}"
        label = label.replace("+", "/")
    several = [_without(each, symbol) for each in re.split(r"\s+or\s+", label.strip())]
    return OR.join(several), ""


def _without(diplotype: str, symbol: str) -> str:
    """One diplotype without the gene, which may stand before it or before each allele."""
    short = symbol.removeprefix("HLA-")
    alleles = []
    for allele in diplotype.split("/"):
        plain = allele.strip()
        for prefix in (symbol, short if symbol != short else ""):
            if prefix and plain.startswith(prefix) and plain[len(prefix) : len(prefix) + 1] in {" ", "*", ":"}:
                plain = plain[len(prefix) :].strip(" :")
        alleles.append(plain)
    return "/".join(_with_rsid(alleles))


def _with_rsid(alleles: list[str]) -> list[str]:
    """`rs9923231 C/T`: what stands before the first base stands before the second."""
    named = _BASE.fullmatch(alleles[0])
    if named is None or not all(each in _BASES for each in alleles[1:]):
        return alleles
    return [alleles[0], *(f"{named[1]}{each}" for each in alleles[1:])]


def _implied(
    call: OutsideCall, entry: Entry, observations: Sequence[Entry], entries: Mapping[str, Entry]
) -> OutsideCall:
    """The call with the phenotype that implications resting on this genotype alone state, where it states none."""
    if call.phenotype or OR in call.diplotype or call.diplotype in {*_VOID.values(), "indeterminate"}:
        return call
    if any(entry.words(each, "code") in {words.PHENOTYPE, words.CERTAINTY} for each in entry.items("component")):
        return call
    terms = dict.fromkeys(
        term
        for each in observations
        if words.IMPLICATION in each.codes("code") and each.status in _HOLDS
        if [entries.get(target) for target in each.references("derivedFrom")] == [entry]
        for term in _terms(each)
    )
    if len(terms) > 1:
        return replace(call, note=call.note or f"its implications state {' and '.join(terms)}")
    return replace(call, phenotype=next(iter(terms), ""))


def _terms(implication: Entry) -> Iterator[str]:
    """The phenotypes that an implication states by code; a risk or a response is none."""
    for component in implication.items("component"):
        if {words.IMPLICATION, words.METABOLISM} & implication.codes("code", component):
            for _, code in _sorted(implication, component):
                if code in PHENOTYPES:
                    yield PHENOTYPES[code]


def _from_haplotypes(observations: Sequence[Entry], entries: Mapping[str, Entry]) -> Iterator[OutsideCall]:
    """Haplotypes of one gene of one person, as the diplotype that they make; one alone stays one allele."""
    found: dict[tuple[str, str], list[tuple[str, Entry]]] = {}
    for entry in observations:
        if words.HAPLOTYPE not in entry.codes("code") or entry.status in _VOID:
            continue
        label = _label(entry)
        if label is not None:
            gene = _gene(entry, label)
            found.setdefault((gene, _sample(entry, entries)), []).append((_pair(label, _symbol(gene))[0], entry))
    for (gene, sample), alleles in found.items():
        unsettled = [entry.status for _, entry in alleles if entry.status not in _HOLDS]
        yield OutsideCall(
            gene,
            "/".join(allele for allele, _ in alleles),
            sample=sample,
            tool=_sender(alleles[0][1], entries),
            note=f"its status is {unsettled[0][:20]}" if unsettled else "",
        )


def _sample(entry: Entry, entries: Mapping[str, Entry]) -> str:
    """Whose result it is: the first identifier of the patient, else what the reference says."""
    for target in entry.references("subject"):
        patient = entries.get(target)
        if patient is None:
            return target
        named = [entry.string(each, "value") for each in patient.items("identifier")]
        return next(filter(None, named), "") or text_of(patient.resource.get("id")) or target
    return ""


def _sender(entry: Entry, entries: Mapping[str, Entry]) -> str:
    """The laboratory, else the program, that a result names."""
    for name in ("performer", "device"):
        for target in entry.references(name):
            sender = entries.get(target)
            if sender is None:
                continue
            devices = [entry.string(each, "name") for each in sender.items("deviceName")]
            said = next(filter(None, (text_of(sender.resource.get("name")), *devices)), "")
            if said:
                return f"{said[:60]} ({TOOL})"
    return TOOL


TOOLS: Final = (Tool(TOOL, _is_fhir, _read, marks=('"resourceType"',)),)
