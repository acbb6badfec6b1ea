"""Genes and drugs of an assessment -> OBX with their notes; the sub-id (OBX-4) says which call each belongs to.

    1.N      the Nth gene            1.N.M  one of its diplotypes, variants or looked-for alleles
    2.N      the Nth drug            2.N.M  one recommendation

A code of a phenotype stands where the phenotype is certain, and nowhere else: a program that reads codes alone is never
told "normal" of what may be something else.  What could not be called is an observation of its own, of status X.
Source: HL7 v2.5.1, 7.4.2 (OBX), table 0085 (F final, X results cannot be obtained for this observation).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Final, Literal

from starling.assessment import Assessment, DrugResult, GeneResult, Recommendation
from starling.exchange.codes import Codes
from starling.exchange.hl7.envelope import LOCAL, moment
from starling.formats.hl7 import Segment, segment
from starling.formats.hl7.writing import escaped
from starling.report.glance import drug_line, not_shown, source_words
from starling.report.wording import with_dose
from starling.report.words import (
    action_words,
    certainty_words,
    disagreement_words,
    reason_of,
    reason_words,
    sentence,
)
from starling.terms import Term
from starling.values import dataclass
from starling.vocabulary import VariantCopies

#: A coded value or an observation id: code, text, system; again of another system.
Coded = tuple[str, ...]
#: Name of a system as OBX and CWE write it.  Source: HL7 table 0396.
_SYSTEMS: Final = {
    "http://loinc.org": "LN",
    "http://www.genenames.org": "HGNC",
    "http://www.nlm.nih.gov/research/umls/rxnorm": "RXNORM",
}
#: our own observations, for which no code is confirmed
PHENOTYPE: Final[Coded] = ("PHENOTYPE", "Phenotype", LOCAL)
CERTAINTY: Final[Coded] = ("CERTAINTY", "Certainty of the phenotype", LOCAL)
SCORE: Final[Coded] = ("SCORE", "Activity score", LOCAL)
VARIANT: Final[Coded] = ("VARIANT", "Named variant and its copies", LOCAL)
PRESENCE: Final[Coded] = ("PRESENCE", "Presence of an allele", LOCAL)
ADJUSTED: Final[Coded] = ("ADJUSTED", "Phenotype with the other medicines", LOCAL)
ANSWER: Final[Coded] = ("ANSWER", "Answer for the drug", LOCAL)
SUMMARY: Final[Coded] = ("SUMMARY", "What to do", LOCAL)
HARM: Final[Coded] = ("HARM", "What is at stake", LOCAL)
ACTION: Final[Coded] = ("ACTION", "Action that a guideline advises", LOCAL)
ADVICE: Final[Coded] = ("ADVICE", "Advice of a guideline", LOCAL)
#: the longest ST; what is longer is a TX.  Source: HL7 v2.5.1, 2.A.74.
_LONGEST_ST: Final = 199
#: what ends in -metabolizer is an effect on drug metabolism, and has a code of its own
_METABOLIZER: Final = " Metabolizer"
#: how a presence is said; never as a bare name, which could be read as found
_PRESENCE: Final = {"positive": "positive", "negative": "negative", "nocall": "not determined"}


@dataclass(frozen=True, slots=True)
class _Value:
    """One observation before it is numbered."""

    what: Coded
    sub: str
    value: str | Coded
    status: Literal["F", "X"] = "F"
    notes: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """OBX-2: CWE, ST or TX."""
        if not isinstance(self.value, str):
            return "CWE"
        return "ST" if len(escaped(self.value)) <= _LONGEST_ST else "TX"


def observations(assessment: Assessment, codes: Codes) -> Iterator[Segment]:
    """Every OBX, each followed by its notes."""
    genes = {gene.gene: gene for gene in assessment.genes}
    of_genes = (_gene(gene, f"1.{number}", codes) for number, gene in enumerate(assessment.genes, 1))
    of_drugs = (_drug(drug, genes, f"2.{number}", codes) for number, drug in enumerate(assessment.drugs, 1))
    stamp = assessment.provenance
    method = ("", f"{stamp.program}, knowledge {stamp.knowledge.version}")
    made_by = (assessment.result_sha256, "STARLING")
    at = moment(assessment.run.created)
    for number, value in enumerate(chain(*of_genes, *of_drugs), 1):
        yield segment(
            "OBX", str(number), value.kind, value.what, value.sub, value.value, "", "", "", "", "", value.status, "",
            "", "", "", "", method, made_by, at,
        )  # fmt: skip
        yield from notes(value.notes)


def notes(said: Iterable[str]) -> Iterator[Segment]:
    """NTE, one for each sentence.  Source: HL7 v2.5.1, 2.15.10; table 0105 (L: the filler speaks)."""
    for number, text in enumerate(said, 1):
        yield segment("NTE", str(number), "L", text)


# --- genes ------------------------------------------------------------------------------------------------------------


def _gene(gene: GeneResult, sub: str, codes: Codes) -> Iterator[_Value]:
    studied = _what("gene studied", codes)
    yield _Value(studied, sub, _coded(codes.term("gene", gene.gene), gene.gene), notes=not_shown(gene))
    yield from _genotypes(gene, sub, codes)
    if gene.phenotype is not None:
        yield _Value(_phenotype_id(gene, codes), sub, _phenotype(gene, codes))
        yield _Value(CERTAINTY, sub, certainty_words(gene))
    elif gene.status != "undetermined" and not gene.presence:
        yield _Value(PHENOTYPE, sub, reason_of(gene), "X")
    if gene.activity_score is not None:
        others = tuple(f"A score of {each} remains possible." for each in gene.activity_score_alternatives)
        yield _Value(SCORE, sub, gene.activity_score, notes=others)
    if gene.adjusted is not None:
        yield _Value(ADJUSTED, sub, f"{gene.adjusted.phenotype or 'no phenotype'} (by {gene.adjusted.by})")


def _genotypes(gene: GeneResult, sub: str, codes: Codes) -> Iterator[_Value]:
    """Every diplotype that fits, or in words that there is none; then variants and the alleles looked for."""
    what, next_ = _what("genotype", codes, kind="resource"), 1
    for number, alleles in enumerate(gene.diplotypes, 1):
        several = f"Fits as well as the others: {number} of {len(gene.diplotypes)}."
        name = "/".join(_named(gene.gene, allele) for allele in alleles)
        yield _Value(what, f"{sub}.{next_}", name, notes=(several,) if len(gene.diplotypes) > 1 else ())
        next_ += 1
    if gene.status == "undetermined":
        yield _Value(what, f"{sub}.{next_}", f"no call: {reason_words(gene.reason)}", "X")
        next_ += 1
    for text in map(_variant, gene.variants):
        yield _Value(VARIANT, f"{sub}.{next_}", text)
        next_ += 1
    for allele, found in gene.presence.items():
        status: Literal["F", "X"] = "X" if found == "nocall" else "F"
        yield _Value(PRESENCE, f"{sub}.{next_}", f"{_named(gene.gene, allele)} {_PRESENCE[found]}", status)
        next_ += 1


def _named(gene: str, allele: str) -> str:
    """An allele of HLA as it is written everywhere, with its gene; others stand in a group that names theirs."""
    return f"{gene}{allele}" if gene.startswith("HLA-") and allele.startswith("*") else allele


def _variant(one: VariantCopies) -> str:
    copies = "copies not countable" if one.copies is None else f"x{one.copies}"
    return f"{one.name} {copies}" + ("" if one.fraction is None else f", {one.fraction:g} of the reads")


def _phenotype_id(gene: GeneResult, codes: Codes) -> Coded:
    metabolism = codes.term("component", "metabolism")
    if metabolism is None or not (gene.phenotype or "").endswith(_METABOLIZER):
        return PHENOTYPE
    return (*_coded(metabolism, metabolism.display), *PHENOTYPE)


def _phenotype(gene: GeneResult, codes: Codes) -> Coded:
    """The term; with its code where it is certain, else as text that says so."""
    term = gene.phenotype or ""
    if not gene.phenotype_certain or gene.conflict or gene.research_only:
        return _text(f"{term} (not certain)")
    return _coded(codes.term("phenotype", term), term)


# --- drugs ------------------------------------------------------------------------------------------------------------


def _drug(drug: DrugResult, genes: Mapping[str, GeneResult], sub: str, codes: Codes) -> Iterator[_Value]:
    line = drug_line(drug, genes)
    limits = (*(f"{doubt}." for doubt in line.doubts), *line.asks, *line.required_tests)
    more = (sentence(note.message) for note in drug.notes if note.message not in line.required_tests)
    said = (*limits, *more, *([sentence(disagreement_words(drug.disagreement))] if drug.disagreement else []))
    yield _Value(_what("medication", codes), sub, _coded(codes.rxnorm(drug.drug), drug.drug), notes=said)
    if drug.status != "advice":
        yield _Value(ANSWER, sub, _silent(drug), "X")
        return
    yield _Value(ANSWER, sub, line.words.word)
    if line.summary:
        yield _Value(SUMMARY, sub, line.summary)
    if drug.harm is not None:
        harm = drug.harm
        yield _Value(HARM, sub, f"{harm.level}: {harm.what} ({harm.gene} {harm.result}; {harm.source})")
    for number, row in enumerate(line.rows, 1):
        yield from _recommended(row, f"{sub}.{number}", codes)


def _recommended(row: Recommendation, sub: str, codes: Codes) -> Iterator[_Value]:
    term, words = codes.term("action", row.action), action_words(row.action).word
    coded = (*_coded(term, term.display), row.action, words, LOCAL) if term else (row.action, words, LOCAL)
    yield _Value(ACTION, sub, coded)
    by = ", ".join(f"{gene} {key}" for gene, key in row.genes.items())
    for_whom = f" [{row.population}]" if row.population else ""
    remarks = tuple(sentence(note.message) for note in row.notes)
    yield _Value(ADVICE, sub, f"{source_words(row)}{for_whom}: {with_dose(row)} ({by})", notes=remarks)


def _silent(drug: DrugResult) -> str:
    """Why nothing is advised: never a word that could be read as safe."""
    if drug.status == "no_result":
        return f"no answer: {', '.join(drug.genes_missing) or 'a gene'} not known"
    if drug.status == "no_row":
        return "no answer: no guideline lists this result"
    return "no answer: no guideline advises by genotype"


# --- codes ------------------------------------------------------------------------------------------------------------


def _what(name: str, codes: Codes, *, kind: str = "component") -> Coded:
    term = codes.term(kind, name)
    return _coded(term, term.display) if term is not None else ("", name)  # a CE, which has no original text


def _coded(term: Term | None, text: str) -> Coded:
    """Code, words, system; text alone where no code is confirmed."""
    system = _SYSTEMS.get(term.system) if term is not None else None
    return (term.code, text, system) if term is not None and system else _text(text)


def _text(text: str) -> Coded:
    """A coded value without a code.  Source: HL7 v2.5.1, 2.A.13 (CWE.9, original text)."""
    return ("", text, "", "", "", "", "", "", text)
