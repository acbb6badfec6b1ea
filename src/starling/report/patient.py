"""A page for the patient, in plain words: which medicines need care, a card for the wallet, and what not to do.

Short words and short sentences.  What doctors need (terms, doses, sources) stands in the report; the card alone names
the result as a laboratory does, because it is shown to professionals.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Final

from starling.assessment import Assessment, GeneResult
from starling.report.frame import framed, running_foot, template
from starling.report.glance import Line, at_a_glance
from starling.report.markup import Markup, join, tag
from starling.report.parts import icon
from starling.report.words import NOT_STATED, dated, joined, moment_words, plural
from starling.values import dataclass


@dataclass(frozen=True, slots=True)
class _Part:
    """One list of the page: which actions stand in it, under which title, and what it tells the patient."""

    actions: tuple[str, ...]
    icon: str
    tone: str
    title: str
    text: str


_PARTS: Final = (
    _Part(
        ("contraindicated",),
        "contraindicated",
        "stop",
        "You must not be given",
        "These medicines could do you serious harm. Tell every doctor, nurse and pharmacist.",
    ),
    _Part(
        ("avoid",),
        "avoid",
        "stop",
        "Often not right for you",
        "These may do harm, or may not work. Your doctor will most often choose something else.",
    ),
    _Part(
        ("consider_alternative",),
        "consider_alternative",
        "change",
        "Ask if something else is better",
        "There may be a medicine that suits you better.",
    ),
    _Part(
        ("reduce_dose", "increase_dose", "adjust_dose"),
        "adjust_dose",
        "dose",
        "You may need another dose",
        "These can suit you, but the usual dose may be too much or too little for you.",
    ),
    _Part(
        ("test_further",),
        "test_further",
        "test",
        "A test is needed first",
        "Before you take these, ask if a test should be done.",
    ),
)
_LISTED: Final = frozenset(action for part in _PARTS for action in part.actions)
#: how a phenotype term begins -> what the gene does, in plain words; the first that fits
_PLAIN: Final[tuple[tuple[str, str], ...]] = (
    ("poor metabolizer", "works very little or not at all"),
    ("likely poor metabolizer", "may work very little or not at all"),
    ("intermediate metabolizer", "works slower than usual"),
    ("likely intermediate metabolizer", "may work slower than usual"),
    ("possible intermediate metabolizer", "may work slower than usual"),
    ("normal metabolizer", "works as usual"),
    ("rapid metabolizer", "works faster than usual"),
    ("ultrarapid metabolizer", "works much faster than usual"),
    ("poor function", "works very little"),
    ("decreased function", "works less than usual"),
    ("possible decreased function", "may work less than usual"),
    ("deficient", "does not make enough of a substance that protects your blood"),
    ("malignant hyperthermia susceptibility", "can cause a dangerous fever with some drugs used to put you to sleep"),
    ("increased risk of aminoglycoside", "makes some antibiotics a danger to your hearing"),
)
#: what the card says of a medicine, by action
_ON_THE_CARD: Final = {"contraindicated": "I must not be given", "avoid": "Avoid giving me"}
NO_DANGER: Final = "No medicine that I must not be given was found."
#: an allele that is absent is no reason
_NEGATIVE: Final = " negative"
_DO_NOT_STOP: Final = (
    "This page is no reason to stop a medicine, to start one, or to change how much you take.",
    "Do not do any of this without asking your doctor or pharmacist. Stopping a medicine at once can be dangerous.",
    "Show this page, and the card below, to everyone who gives you medicines.",
)
_KNOW: Final = (
    "Your genes do not change. You can use these results all your life, but what doctors know about them can change.",
    "This page is about your genes alone. Your age, your other illnesses and your other medicines also count.",
    "A medicine that is not on this page may still do you harm. It may not have been looked at.",
    "Not every change in your genes was looked for. Tell your doctor about any bad effect that you notice.",
)


def patient_page(assessment: Assessment, *, taken: Collection[str] = ()) -> str:
    """The page as text, to be written as UTF-8.  `taken`: what the patient takes, by the names of the assessment."""
    lines = at_a_glance(assessment).all()
    genes = {gene.gene: gene for gene in assessment.genes}
    own = sorted((line for line in lines if line.drug.drug in taken), key=_place)
    body = tag(
        "body",
        Markup(template("icons.html")),
        _head(assessment),
        tag(
            "main",
            _warning(),
            _own(own, genes),
            *(_part(part, lines, genes) for part in _PARTS[:2]),
            _card(assessment, lines, genes),
            *(_part(part, lines, genes) for part in _PARTS[2:]),
            _rest(lines),
            tag("section", tag("h2", "Good to know"), tag("ul", *(tag("li", text) for text in _KNOW))),
        ),
        _foot(assessment),
    )
    title = f"Your genes and your medicines: {assessment.subject.get('name', '') or assessment.sample or NOT_STATED}"
    style = template("report.css") + template("patient.css") + running_foot(_whose(assessment))
    return framed(title, body, style=style, program=assessment.provenance.program)


def card_lines(assessment: Assessment) -> tuple[str, ...]:
    """What the card for the wallet says: a sentence for each result, on what must not be given or is to be avoided."""
    genes = {gene.gene: gene for gene in assessment.genes}
    return tuple(_card_lines(at_a_glance(assessment).acting, genes))


def card_dangers(assessment: Assessment) -> tuple[str, ...]:
    """As `card_lines`, and a sentence for each other answer behind which death or lasting harm stands."""
    genes = {gene.gene: gene for gene in assessment.genes}
    alike: dict[tuple[str, str], list[str]] = {}
    for line in at_a_glance(assessment).harmful:
        if (_action(line) or "") in _ON_THE_CARD or line.drug.harm is None:
            continue
        doubt = "not certain" if line.uncertain else ""
        reason = "; ".join(filter(None, (_result(line, genes), doubt, line.drug.harm.level)))
        alike.setdefault((line.words.word, reason), []).append(line.drug.drug)
    others = (f"{word}: {joined(names)} ({reason})." for (word, reason), names in alike.items())
    return (*card_lines(assessment), *others)


def _head(assessment: Assessment) -> Markup:
    return tag("header", tag("h1", "Your genes and your medicines"), tag("p", _whose(assessment), class_="whose"))


def _whose(assessment: Assessment) -> str:
    name, born = assessment.subject.get("name", "").strip(), assessment.subject.get("birth_date", "").strip()
    return ", born ".join(part for part in (name or assessment.sample, dated(born)) if part) or NOT_STATED


def _warning() -> Markup:
    first, *others = _DO_NOT_STOP
    return tag("div", tag("p", tag("strong", first)), *(tag("p", text) for text in others), class_="caveats")


def _own(own: Iterable[Line], genes: Mapping[str, GeneResult]) -> Markup | None:
    rows = [tag("li", tag("strong", line.drug.drug), f"{_why(line, genes)}: {_verdict(line)}.") for line in own]
    if not rows:
        return None
    return tag("section", tag("h2", "Medicines that you take now"), tag("ul", *rows))


def _action(line: Line) -> str | None:
    """What is to be done; questions that a prescriber must ask are no test for the patient to wait for."""
    return "standard" if line.drug.is_asking else line.drug.headline_action


def _place(line: Line) -> int:
    """Where the list of a medicine stands on the page; most serious first."""
    return next((place for place, part in enumerate(_PARTS) if _action(line) in part.actions), len(_PARTS))


def _verdict(line: Line) -> str:
    """What to ask about one medicine that the patient takes."""
    for part in _PARTS:
        if _action(line) in part.actions:
            said = f"{part.title.lower()}{' this' if part is _PARTS[0] else ''}"
            return f"{said}. Ask your doctor soon, and do not stop it by yourself"
    if _action(line) == "monitor":
        return "your doctor may want to watch more closely how it works"
    if _action(line) == "standard" and not (line.uncertain or line.unknown or line.drug.conditions_open):
        return "your genes give no reason to change it"
    return "your genes do not give a clear answer"


def _part(part: _Part, lines: Iterable[Line], genes: Mapping[str, GeneResult]) -> Markup | None:
    found = [line for line in lines if _action(line) in part.actions]
    if not found:
        return None
    alike: dict[str, list[str]] = {}
    for line in found:
        alike.setdefault(_why(line, genes), []).append(line.drug.drug)
    rows = [tag("li", tag("strong", ", ".join(names)), why) for why, names in alike.items()]
    heading = tag("h2", tag("span", icon(part.icon), part.title, class_=f"badge tone-{part.tone}"))
    return tag("section", heading, tag("p", part.text), tag("ul", *rows, class_="drugs"))


def _why(line: Line, genes: Mapping[str, GeneResult]) -> str:
    """The genes behind an answer, in brackets, in plain words; that one is not certain."""
    rows = line.lead.genes if line.lead else {}
    named = [gene for gene, key in rows.items() if not key.endswith(_NEGATIVE)]
    said = [_gene_words(gene, genes.get(gene), adjusted=line.lead) for gene in named]
    if not said and (others := _with(line)):
        said.append(f"because you take {joined(others)}")
    if line.uncertain:
        said.append("this result is not certain")
    return f" ({'; '.join(said)})" if said else ""


def _with(line: Line) -> tuple[str, ...]:
    """The medicines that alone decide an answer: its leading row names no gene."""
    decided = line.lead is not None and not line.lead.genes
    return tuple(each.name for each in line.drug.medicines if decided and each.effect == "condition")


def _gene_words(name: str, gene: GeneResult | None, *, adjusted: object) -> str:
    used = getattr(adjusted, "phenotype_used", "")
    changed = gene.adjusted if gene is not None and used == "adjusted" else None
    term = changed.phenotype if changed else gene.phenotype if gene is not None else None
    plain = next((words for begin, words in _PLAIN if term and term.casefold().startswith(begin)), "")
    because = " because of another medicine that you take" if changed else ""
    return f"your gene {name} {plain}{because}" if plain else f"your result for {name}"


def _rest(lines: Iterable[Line]) -> Markup:
    """How many medicines stand on no list, and why; a test that an authority requires is named."""
    groups = {"usual": 0, "none": 0}
    missing = []
    for line in lines:
        if _action(line) in _LISTED:
            continue
        if line.required_tests:
            missing.append(line.drug.drug)
        sure = _action(line) in {"standard", "monitor"} and not (line.uncertain or line.unknown)
        groups["usual" if sure else "none"] += 1
    said = [
        f"For {plural(groups['usual'], 'medicine')} your genes give no reason to change the usual use."
        if groups["usual"]
        else "",
        f"For {plural(groups['none'], 'medicine')} there is no clear answer. That does not mean that they are safe."
        if groups["none"]
        else "",
        f"A test should be done before you take: {joined(missing)}." if missing else "",
    ]
    return tag("section", tag("h2", "All others that were looked at"), *(tag("p", text) for text in said if text))


def _card(assessment: Assessment, lines: Iterable[Line], genes: Mapping[str, GeneResult]) -> Markup:
    said = list(_card_lines(lines, genes)) or [NO_DANGER]
    stamp = assessment.provenance
    made = moment_words(assessment.run.created).split(",")[0]
    small = f"{stamp.program}, knowledge {stamp.knowledge.version}, result {assessment.result_sha256[:12]}, {made}"
    card = tag(
        "div",
        tag("p", tag("strong", _whose(assessment))),
        *(tag("p", text) for text in said),
        tag("p", small, class_="quiet"),
        class_="card",
    )
    hint = tag("p", "Cut it out and keep it with you.", class_="quiet")
    return tag("section", tag("h2", "Card for your wallet"), hint, card)


def _card_lines(lines: Iterable[Line], genes: Mapping[str, GeneResult]) -> Iterable[str]:
    """A line for each result: what must not be given because of it; then what is to be avoided."""
    alike: dict[str, dict[str, list[str]]] = {words: {} for words in _ON_THE_CARD.values()}
    for line in lines:
        words = _ON_THE_CARD.get(_action(line) or "")
        if words is not None:
            doubt = "not certain" if line.uncertain else ""
            reason = ", ".join(filter(None, (_result(line, genes), doubt)))
            alike[words].setdefault(f" ({reason})" if reason else "", []).append(line.drug.drug)
    for words, drugs in alike.items():
        yield from (f"{words} {joined(names, 'or')}{shown}." for shown, names in drugs.items())


def _result(line: Line, genes: Mapping[str, GeneResult]) -> str:
    """The result as a laboratory writes it: `HLA-B*57:01 positive`, `CYP2D6 Poor Metabolizer`."""
    if line.lead is None:
        return ""
    said = line.because if line.lead.phenotype_used == "adjusted" else ""
    if others := _with(line):
        return f"with {joined(others)}"
    named = [
        f"{gene}{'' if key.startswith('*') and gene.startswith('HLA') else ' '}{_term(key, genes.get(gene))}"
        for gene, key in line.lead.genes.items()
        if not key.endswith(_NEGATIVE)
    ]
    return said or "; ".join(named)


def _term(key: str, gene: GeneResult | None) -> str:
    """The term that a key means, where it is the score of the result or stands beside the term."""
    if gene is None or not gene.phenotype:
        return key
    return gene.phenotype if key == gene.activity_score or gene.phenotype in key else key


def _foot(assessment: Assessment) -> Markup:
    made = moment_words(assessment.run.created)
    return tag(
        "footer",
        tag("p", "Made by a computer program that is not a medical device. Your doctor decides.", class_="quiet"),
        tag("p", join("Made: ", made, f". Result {assessment.result_sha256[:12]}."), class_="quiet small"),
    )
