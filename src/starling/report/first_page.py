"""The first page of the HTML report: it alone must suffice, on one sheet of A4, and be one that a clinician can sign.

Order: who and what was asked; what must be known first; the life-threatening; what the patient takes; what else to act
on; genes; what was not looked at; how old the knowledge is; who answers for it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final

from starling.assessment import Assessment, DrugResult, GeneResult, Harm
from starling.definitions import HARMS, seriousness
from starling.notices import NO_PHENOTYPE_TERMS
from starling.report.glance import Glance, Line, at_a_glance, caveats, harm_rank, is_doubtful
from starling.report.markup import Markup, join, tag
from starling.report.parts import badge, bullets, icon, table
from starling.report.taken import Medicine, effects, medicines, taken, texts
from starling.report.words import (
    NOT_A_DEVICE_SHORT,
    NOT_STATED,
    SIGNATURE,
    ActionWords,
    action_words,
    call_words,
    dated,
    joined,
    moment_words,
    phenotype_words,
    plural,
    reason_of,
    reason_words,
    signature_lines,
    stated_subject,
    subject_lines,
)
from starling.values import replace

#: So much of each fits on one sheet; what is left is counted there and stands in the rest of the report.
_CAVEATS: Final = 8
_SERIOUS: Final = 3
_OTHERS, _FEW = 16, 6
_CALL: Final = 24
_INSTEAD: Final = 4
_MISSED: Final = 9
#: From so many rows of the two tables on, or letters of the page, it is set in small print, and in smaller, to stay on
#: one sheet.  The letters are those that fill one, measured on the pages of forty invented people.
_DENSE, _DENSEST = (11, 5_100), (20, 6_600)

_TAG: Final = re.compile(r"<[^>]*>")
_TEST: Final = action_words("test_further")
#: The level of harm that leads the page.
DEADLY: Final = HARMS[0]
#: How certain a result is, as a sign that is not a colour, in words that a screen reader speaks.
_MARKS: Final = {"certain": "●", "not certain": "◐", "no result": "○"}


def first_page(assessment: Assessment, glance: Glance | None = None) -> Markup:
    """The page; its headings begin at the first level."""
    shown = glance or at_a_glance(assessment)
    rows = _rows(assessment, shown)
    parts = _parts(assessment, shown, _OTHERS)
    print_ = ""
    if _exceeds(_DENSE, rows, parts):
        parts, print_ = _parts(assessment, shown, _FEW), "dense"
        if _exceeds(_DENSEST, rows, parts):
            print_ = "dense densest"
    return tag("section", parts, id="page-one", class_=f"sheet {print_}".rstrip(), aria_label="First page")


def _parts(assessment: Assessment, shown: Glance, others: int) -> Markup:
    """What stands on the page; of the other drugs at most `others` a line."""
    genes = {gene.gene: gene for gene in assessment.genes}
    return join(
        _who(assessment),
        _first(assessment),
        findings(shown, genes),
        _own(assessment, shown),
        _others(shown, taken(assessment), others),
        _strip(assessment.genes),
        _missed(assessment),
        _signed(assessment),
    )


def _rows(assessment: Assessment, glance: Glance) -> int:
    """How many rows the two tables have."""
    harms = {replace(line.drug.harm, source="") for line in glance.harmful if line.drug.harm is not None}
    return len(harms) + len(medicines(assessment))


def _exceeds(most: tuple[int, int], rows: int, parts: Markup) -> bool:
    """Whether the page has as many rows, or letters that are read, as `most` says."""
    return rows >= most[0] or len(_TAG.sub("", parts)) >= most[1]


def _who(assessment: Assessment) -> Markup:
    source = assessment.provenance.input
    stated = [(label, value) for label, value in subject_lines(stated_subject(assessment)) if label != "Name"]
    name = assessment.subject.get("name", "").strip()
    facts = [
        *((label, dated(value)) for label, value in stated),
        ("File", f"{source.name}, {source.build or f'build {NOT_STATED}'}"),
        ("Asked about", _asked(assessment)),
    ]
    status = assessment.subject.get("status", "").strip()
    sign = tag("span", status.upper(), class_="status") if status else tag("span", "not signed", class_="quiet")
    whose = " · ".join(part for part in (name, assessment.sample) if part)
    return tag(
        "header",
        tag("div", tag("h1", "Pharmacogenomic report"), sign, class_="head"),
        tag("p", whose or NOT_STATED, class_="whose"),
        tag("dl", *(_fact(label, value) for label, value in facts), class_="facts"),
    )


def _fact(label: str, value: str) -> Markup:
    return tag("div", tag("dt", label), tag("dd", value, class_="blank" if value == NOT_STATED else ""))


def _asked(assessment: Assessment) -> str:
    """What the report answers: by name where little was asked."""
    drugs, genes = (texts(assessment.provenance.options.get(key)) for key in ("drugs", "genes"))
    about = joined(drugs) if drugs and len(drugs) <= 6 else plural(len(assessment.drugs), "drug")
    of = joined(genes) if genes and len(genes) <= 6 else plural(len(assessment.genes), "gene")
    return of if genes and not drugs else f"{about}, {of}"


def _first(assessment: Assessment) -> Markup | None:
    """What must be known before the rest is read; assumptions and notices come before what was not read."""
    said = caveats(assessment)
    if not said:
        return None
    return tag("div", tag("strong", "Read this first"), bullets(_cut(said, _CAVEATS)), class_="caveats")


def _cut(said: Sequence[str], most: int) -> Sequence[str]:
    """The texts, or as many as there is room for and how many more stand elsewhere."""
    rest = len(said) - most
    return said if rest <= 0 else [*said[:most], f"and {rest} more: see the whole report."]


def findings(glance: Glance, genes: Mapping[str, GeneResult]) -> Markup:
    """Results that can kill or maim, and the drugs with which they do: one row a result and harm."""
    found: dict[Harm, list[Line]] = {}
    for line in glance.harmful:
        if line.drug.harm is not None:
            found.setdefault(replace(line.drug.harm, source=""), []).append(line)
    deadly = [harm for harm in found if harm.level == DEADLY]
    serious = [harm for harm in found if harm.level != DEADLY]
    rows = [_finding(genes.get(harm.gene), harm, found[harm]) for harm in (*deadly, *serious[:_SERIOUS])]
    title = f" Life-threatening: {_drugs_of(found, deadly)}" if deadly else "No life-threatening finding"
    title += f"; serious: {_drugs_of(found, serious)}" if serious else ""
    heading = tag("h2", icon("contraindicated") if deadly else None, title, class_="danger" if deadly else "")
    if not rows:
        return join(heading, tag("p", "None among the results below; what was not looked at stands further down."))
    rest = len(serious) - _SERIOUS
    more = tag("p", f"And {plural(rest, 'more serious result')}: see the whole report.") if rest > 0 else None
    columns = ("Result", "Drugs", "What is at stake")
    caption = "Results that can kill or do lasting harm, with the drugs concerned"
    return join(heading, table(columns, rows, caption=caption, class_="findings"), more)


def _drugs_of(found: Mapping[Harm, Sequence[Line]], harms: Iterable[Harm]) -> str:
    return plural(sum(len(found[harm]) for harm in harms), "drug")


def _finding(gene: GeneResult | None, harm: Harm, lines: Sequence[Line]) -> tuple[str, str, str]:
    adjusted = _adjusted_by(gene, harm) if gene is not None else ""
    result = join(f"{harm.gene} ", tag("span", harm.result + adjusted, class_="plain"))
    if gene is not None and is_doubtful(gene):
        result = join(result, tag("span", " not certain", class_="unsure"))
    drugs = join(*(_drugs(words, names) for words, names in _by_action(lines)))
    return result, drugs, harm.what if harm.level == DEADLY else join(tag("strong", harm.level), f": {harm.what}")


def _adjusted_by(gene: GeneResult, harm: Harm) -> str:
    """The medicine that makes the result what it is, as words behind it."""
    if gene.adjusted is None or gene.phenotype == harm.result:
        return ""
    return f" with {gene.adjusted.by.partition(' (')[0]}"


def _by_action(lines: Iterable[Line]) -> Sequence[tuple[ActionWords, list[str]]]:
    """The names of drugs under their actions, most serious first."""
    found: dict[ActionWords, list[str]] = {}
    for line in lines:
        found.setdefault(line.words, []).append(line.drug.drug)
    return sorted(found.items(), key=lambda item: seriousness(item[0].action))


def _drugs(words: ActionWords, names: Sequence[str]) -> Markup:
    return tag("span", badge(words, brief=True), " ", tag("strong", ", ".join(names)), " ", class_="drugs")


def result_words(gene: GeneResult) -> str:
    """What a gene says, in as few words as can be: the phenotype that counts, or the alleles found."""
    if gene.adjusted is not None:
        return f"{phenotype_words(gene.adjusted.phenotype)} with {gene.adjusted.by.partition(' (')[0]}"
    if gene.phenotype:
        return gene.phenotype
    positive = [f"{allele} positive" for allele, state in gene.presence.items() if state == "positive"]
    return joined(positive) if positive else reason_of(gene)


def _own(assessment: Assessment, glance: Glance) -> Markup:
    """The patient's own medicines, each with its verdict and what it does to others."""
    heading = tag("h2", "The patient's own medicines")
    found = medicines(assessment)
    if not found:
        return join(heading, tag("p", f"{NOT_STATED.capitalize()}: no medicine was named, and none was considered."))
    lines = {line.drug.drug: line for line in glance.all()}
    shown = [(each, [lines[answer.drug] for answer in each.answers if answer.drug in lines]) for each in found]
    rows = [_medicine(each, own, assessment) for each, own in sorted(shown, key=_danger)]
    caption = "This is not an interaction checker: only effects on the enzymes and genes of this report are considered"
    columns = ("Medicine and verdict", "What to do", "What it does to others")
    return join(heading, table(columns, rows, caption=caption, class_="own"))


def _danger(shown: tuple[Medicine, Sequence[Line]]) -> tuple[int, int]:
    return min(((harm_rank(line.drug), seriousness(line.words.action)) for line in shown[1]), default=(3, 0))


def _medicine(medicine: Medicine, lines: Sequence[Line], assessment: Assessment) -> tuple[str, str, str]:
    others = "; ".join(effects(medicine, assessment))
    begun = others[:1].upper() + others[1:]
    if not lines:
        said = "Not a drug of this knowledge base; that is not a statement of safety."
        nothing = tag("span", icon("missing"), "No answer", class_="badge tone-none")
        return join(medicine.shown, " ", nothing), said, begun
    verdicts = join(*(join(" ", badge(line.words, brief=True)) for line in lines))
    return join(medicine.shown, verdicts), join(*map(_to_do, lines)), begun


def _to_do(line: Line) -> Markup:
    reason = tag("span", f" ({line.because})", class_="quiet") if line.because else None
    asked = [tag("span", f"Ask: {each.ask}", class_="differ") for each in line.drug.conditions_open]
    instead = _instead(line)
    offered = tag("span", f"Instead, checked on this patient: {instead}", class_="why") if instead else None
    said = line.first if len(line.first) > 1 else (("", line.summary or _why_not(line.drug)),)
    shown = (join(tag("b", f"{label}: ") if label else None, text, " ") for label, text in said)
    return join(tag("span", *shown, reason, class_="block"), *asked, offered)


def _instead(line: Line) -> str:
    """The names of what may be given instead; the reasons stand in the evidence."""
    offered = [each for each in line.drug.alternatives if each.offered]
    marked = {each.drug: each.action is not None and action_words(each.action).urgent for each in offered}
    names = [f"{name} (also restricted)" if urgent else name for name, urgent in marked.items()]
    rest = len(names) - _INSTEAD
    return joined([*names[:_INSTEAD], f"{rest} more: see the whole report"] if rest > 0 else names, "or")


def _why_not(answer: DrugResult) -> str:
    if answer.genes_missing:
        return f"No result for {joined(answer.genes_missing)}; that is not a statement of safety."
    return "No source advises for this result; that is not a statement of safety."


def _others(glance: Glance, own: Collection[str], most: int) -> Markup:
    """The other drugs to act on, by action or by the test they wait for, as names; the rest is counted."""
    others = [line for line in glance.leading if line.drug.harm is None and line.drug.drug not in own]
    rows = [
        tag("li", badge(words, brief=True), " ", ", ".join(_cut(names, most))) for words, names in _by_action(others)
    ]
    waiting = [(tests, [line.drug.drug for line in lines]) for tests, lines in glance.tests()]
    rows += [
        tag("li", badge(_TEST), " ", tag("b", joined(tests)), ": " if tests else "", ", ".join(_cut(names, most)))
        for tests, names in waiting
    ]
    nothing = tag("p", "No other drug of the knowledge base calls for anything but usual use.")
    return join(
        tag("h2", f"Also to act on: {plural(len(others), 'drug')}", _waiting(glance)),
        tag("ul", *rows, class_="others") if rows else nothing,
        _counted(glance),
    )


def _waiting(glance: Glance) -> str:
    return f"; {plural(len(glance.testing), 'drug')} after a test" if glance.testing else ""


def _counted(glance: Glance) -> Markup | None:
    """How many drugs stand in the rest of the report alone."""
    counts = [
        f"{count} {words}"
        for count, words in (
            (len(glance.minor), "to be monitored, or with an effect on concentrations only"),
            (len(glance.asking), "to be used as usual once a question is answered"),
            (len(glance.usual) + len(glance.usual_uncertain), "to be used as usual"),
            (len(glance.helps_not), "for which the result does not help"),
            (len(glance.silent) + len(glance.missing), "without advice for this result (not a statement of safety)"),
        )
        if count
    ]
    return tag("p", f"And {joined(counts)}.", class_="quiet small") if counts else None


def _strip(genes: Iterable[GeneResult]) -> Markup:
    """Every gene with its result and how certain it is."""
    shown = [_chip(gene) for gene in sorted(genes, key=lambda gene: gene.gene)]
    legend = ", ".join(f"{sign} {words}" for words, sign in _MARKS.items())
    return join(
        tag("h2", "Genes ", tag("span", legend, class_="quiet small")),
        tag("ul", *shown, class_="strip"),
    )


def _chip(gene: GeneResult) -> Markup:
    certainty = certainty_mark(gene)
    tone = {"certain": "sure", "not certain": "unsure"}.get(certainty, "quiet")
    mark = tag("span", _MARKS[certainty], class_=f"mark {tone}", aria_hidden="true")
    found = gene_words(gene).removeprefix(gene.gene)
    return tag("li", mark, tag("b", gene.gene), found, tag("span", f" ({certainty})", class_="spoken"))


def gene_words(gene: GeneResult) -> str:
    """A gene with its call, what it means, and that another laboratory says so.

    >>> gene_words(GeneResult("CYP2C19", "called", None, (("*2", "*2"),), "*2/*2", "Poor Metabolizer", True))
    'CYP2C19 *2/*2: Poor Metabolizer'
    """
    call = "" if gene.status == "undetermined" else call_words(gene)
    called = f" {call}" if call and (len(call) <= _CALL or gene.phenotype is None) else ""
    said = reason_words(gene.reason) if gene.status == "undetermined" else result_words(gene)
    outside = " (other laboratory)" if gene.source == "outside" else ""
    found = f"{called}{outside}" if _is_without_terms(gene) else f"{called}: {said}{outside}"
    return f"{gene.gene}{found}"


def _is_without_terms(gene: GeneResult) -> bool:
    """Whether its alleles are the result: no terms of phenotype are defined for the gene."""
    return gene.status == "called" and any(note.code == NO_PHENOTYPE_TERMS for note in gene.warnings)


def certainty_mark(gene: GeneResult) -> str:
    """How certain a gene's result is, one of three; of a presence, whether every allele was decided.

    Where no terms are defined the alleles are the result, and certain when nothing else was noted of them.
    """
    if gene.status == "undetermined":
        return "no result"
    if gene.phenotype is None and gene.presence:
        return "not certain" if "nocall" in gene.presence.values() or gene.conflict else "certain"
    if _is_without_terms(gene):
        noted = len(gene.warnings) > 1 or gene.missing_positions or gene.cannot_exclude or gene.conflict
        return "not certain" if noted or len(gene.diplotypes) != 1 else "certain"
    return "certain" if gene.phenotype and gene.phenotype_certain and not gene.conflict else "not certain"


def _missed(assessment: Assessment) -> Markup:
    """What was not looked at, so that nobody takes silence for a normal result."""
    said = list(missed(assessment))
    nothing = "Every position of the knowledge base was read; variants that it does not list were not looked for."
    return join(tag("h2", "Not looked at"), tag("div", bullets(_cut(said, _MISSED) or [nothing]), class_="missed"))


def missed(assessment: Assessment) -> Iterator[str]:
    """Each as a sentence: copy numbers, genes without a result by reason, positions not read, what was assumed."""
    genes = sorted(assessment.genes, key=lambda gene: gene.gene)
    copies = [gene.gene for gene in genes if gene.copy_number == "not_assessed"]
    if copies:
        yield f"Deletions, duplications and hybrids of {joined(copies)}."
    by_reason: dict[str, list[str]] = {}
    for gene in genes:
        if gene.status == "undetermined":
            by_reason.setdefault(reason_words(gene.reason), []).append(gene.gene)
    for reason, names in by_reason.items():
        yield f"{joined(names)}: {reason}."
    open_alleles = [
        f"{gene.gene}{allele}" for gene in genes for allele, state in gene.presence.items() if state == "nocall"
    ]
    if open_alleles:
        yield f"{joined(open_alleles)}: could not be determined."
    outside = [gene.gene for gene in genes if gene.source == "outside"]
    if outside:
        yield f"{joined(outside)}: stated by another laboratory; what was looked at there is not known."
    yield from _unread(assessment, genes)


def _unread(assessment: Assessment, genes: Sequence[GeneResult]) -> Iterator[str]:
    positions = assessment.provenance.positions
    unread = [f"{gene.gene} ({len(gene.missing_positions)})" for gene in genes if gene.missing_positions]
    if unread:
        total = sum(len(gene.missing_positions) for gene in genes)
        yield f"{plural(total, 'position')} not read, never counted as normal: {', '.join(unread)}."
    elif total := positions.get("nocall", 0) + positions.get("notassayed", 0):
        yield f"{plural(total, 'position')} not read, never counted as normal."
    filled = positions.get("filled_as_reference", 0)
    if filled:
        yield f"{plural(filled, 'position')} ASSUMED to be reference, not read."


def _signed(assessment: Assessment) -> Markup:
    """How old the knowledge is, and who answers for the report: what is not stated is a line to be filled in."""
    knowledge = assessment.provenance.knowledge
    ages = (
        f"Knowledge {knowledge.version}, as of {dated(knowledge.as_of)}; guidelines last compared with their "
        f"sources on {dated(knowledge.checked_on)}; made {moment_words(assessment.run.created) or NOT_STATED} by "
        f"{assessment.provenance.program}; result {assessment.result_sha256[:12]}."
    )
    skipped = {"Replaces result"} if assessment.subject.get("status", "").strip() != "amended" else set()
    lines = [(label, value) for label, value in signature_lines(assessment.subject) if label not in skipped]
    return tag(
        "div",
        tag("p", ages, class_="small"),
        tag("dl", *(_line(label, value) for label, value in lines), class_="signature"),
        tag(
            "p", NOT_A_DEVICE_SHORT, " Alleles and drugs that are not listed were not looked for.", class_="small quiet"
        ),
        class_="signed",
    )


def _line(label: str, value: str) -> Markup:
    hint = "preliminary / final / amended" if label == dict(SIGNATURE)["status"] and not value else ""
    said = tag("span", hint, class_="quiet") if hint else value
    return tag("div", tag("dt", label), tag("dd", said, class_="" if value else "open"))
