"""The page of one patient: first whether an order is safe, then the drugs by action, genes, evidence and limits."""

from __future__ import annotations

from typing import Final

from msgspec import structs
from starlette.responses import RedirectResponse, Response

from starling.assessment import Assessment
from starling.errors import InputError
from starling.node.pages import forms
from starling.node.pages.door import Visit
from starling.node.pages.forms import FormError, Wrong
from starling.node.values import Patient
from starling.report.answer import Answer, shared_limits
from starling.report.check_page import answer_section
from starling.report.evidence import evidence
from starling.report.first_page import findings
from starling.report.glance import at_a_glance, caveats
from starling.report.html import drugs_section, genes_section, limits_section
from starling.report.markup import Markup
from starling.report.parts import badge
from starling.report.provenance import provenance
from starling.report.words import action_words, dated
from starling.values import dataclass, replace

#: an answer against which nobody need decide
_QUIET: Final = frozenset({"standard"})
#: field -> what it is called where an answer stands
_LABELS: Final = {
    "drugs": "Asked about", "medication": "Takes", "age": "Age in years", "weight": "Weight in kg",
    "indication": "What it is for", "ancestry": "Ancestry", "pregnant": "Pregnant", "breastfeeding": "Breastfeeding",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shown:
    """One answer on the page.  `number`: of its form.  `is_open`: one could go on against it."""

    drug: str
    section: Markup
    number: int
    is_open: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """The form for an order: what was filled in, what is wrong with it, and the answers.

    `opened`: the drug that somebody wants to go on with, for `reason`.  `shown`: the digest of the answers.
    """

    form: forms.Fields
    wrong: tuple[Wrong, ...] = ()
    answers: tuple[Shown, ...] = ()
    limits: tuple[str, ...] = ()
    opened: str = ""
    reason: str = ""
    shown: str = ""

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """What was answered: it stands with the answer, on paper too, whatever is typed meanwhile."""
        return tuple((label, self.form[name]) for name, label in _LABELS.items() if self.form[name])

    def wrong_at(self, field: str) -> str:
        """What is wrong with a field; empty: nothing."""
        return next((each.text for each in self.wrong if each.field == field), "")


def shown(visit: Visit) -> Response:
    """The page, before anything is asked."""
    return _page(visit, Asked(forms.asked({})))


def checked(visit: Visit) -> Response:
    """The answer to an order."""
    asked = _answered(visit, visit.form)
    status = 422 if asked.wrong else 200
    return _part(visit, asked, status) if visit.is_partial else _page(visit, asked, status)


def overridden(visit: Visit) -> Response:
    """Somebody goes on against an answer, and says why."""
    id_, drug = visit.named("patient"), visit.form.get("drug", "")
    try:
        order, reason = forms.order(visit.form, id_), forms.reason(visit.form)
        visit.node.questions.override(visit.who, drug, reason, order, visit.form.get("shown", ""))
    except FormError as error:
        answered = _answered(visit, visit.form)
        said = visit.form.get("reason", "")
        return _page(visit, replace(answered, wrong=error.wrong, opened=drug, reason=said), 422)
    except InputError as error:
        if error.code != "ANSWER_CHANGED":
            raise
        wrong = (Wrong("order", "The answer is not the one that you saw. Read it, and decide again"),)
        answered = _answered(visit, visit.form)
        return _page(visit, replace(answered, wrong=wrong, opened=drug, reason=visit.form.get("reason", "")), 409)
    return RedirectResponse(f"/patients/{id_}?done=override#decisions", 303)


def opened_in_emergency(visit: Visit) -> Response:
    """Somebody of another site opens the record, and says why; that is recorded with everything done there."""
    id_ = visit.named("patient")
    try:
        reason = forms.reason(visit.form)
    except FormError as error:
        return visit.shown(
            "problem.html", status=422, title="A reason is needed", detail="The record was not opened.",
            patient=id_, wrong=error.wrong,
        )  # fmt: skip
    visit.node.questions.patient(structs.replace(visit.session.principal, emergency=reason), id_)
    visit.door.break_glass(visit.session, id_, reason)
    return RedirectResponse(f"/patients/{id_}?done=emergency", 303)


def _answered(visit: Visit, form: forms.Fields) -> Asked:
    """The answers to what was filled in, or what is wrong with it."""
    said = forms.asked(form)
    try:
        order = forms.order(form, visit.named("patient"))
        person, names = visit.node.questions.answer(visit.who, order)
    except FormError as error:
        return Asked(said, error.wrong)
    except InputError as error:
        if error.code in {"NOT_FOUND", "NO_RESULT"}:
            raise
        return Asked(said, forms.wrong_in(error))
    answers = tuple(_shown(person, name, place) for place, name in enumerate(names, 1))
    return Asked(said, (), answers, shared_limits(person), shown=person.result_sha256)


def _shown(person: Assessment, name: str, number: int) -> Shown:
    answer = Answer.about(person, name)
    quiet = (answer.line.drug.headline_action or "") in _QUIET
    return Shown(name, answer_section(answer), number, not quiet)


def _part(visit: Visit, asked: Asked, status: int) -> Response:
    """The form and its answers alone."""
    found = visit.named("patient")
    return visit.shown("order.html", status=status, patient_id=found, **_choices(visit, asked))


def _choices(visit: Visit, asked: Asked) -> dict[str, object]:
    drugs = sorted({each.name for each in visit.node.held.engine.knowledge.guidance.drugs}, key=str.casefold)
    return {
        "asked": asked, "drugs": drugs, "hidden": tuple(forms.hidden(asked.form)),
        "may_override": visit.may("override.write"),
    }  # fmt: skip


def _page(visit: Visit, asked: Asked, status: int = 200) -> Response:
    id_ = visit.named("patient")
    found = visit.node.questions.patient(visit.who, id_)
    try:
        assessment = visit.node.questions.assessment(visit.who, id_)
    except InputError as error:
        if error.code != "NO_RESULT":
            raise
        assessment = None
    made = visit.node.questions.overrides(visit.who, id_) if visit.may("override.list", found.site) else ()
    decisions = [(each, badge(action_words(each.action), brief=True)) for each in made]
    return visit.shown(
        "patient.html", status=status, patient=found, patient_id=id_, facts=_facts(found), decisions=decisions,
        result=assessment, sees_files=visit.may("job.read", found.site),
        **_result(assessment), **_choices(visit, asked),
    )  # fmt: skip


def _facts(patient: Patient) -> tuple[tuple[str, str], ...]:
    said = (
        ("Born", dated(patient.birth_date)),
        ("Sex", patient.sex),
        ("Identifier", patient.identifier),
        ("Second identifier", patient.second_identifier),
        ("Site", patient.site),
    )
    return tuple((label, text) for label, text in said if text)


def _result(assessment: Assessment | None) -> dict[str, object]:
    return {"read_first": caveats(assessment), **parts(assessment)} if assessment else {"read_first": ()}


def parts(assessment: Assessment) -> dict[str, object]:
    """What the report says of a whole result: the worst first, then all of it."""
    glance = at_a_glance(assessment)
    genes = {gene.gene: gene for gene in assessment.genes}
    return {
        "worst": findings(glance, genes),
        "drugs_by_action": drugs_section(glance),
        "genes": genes_section(assessment),
        "evidence": evidence(glance, genes, shown=False),
        "limits": limits_section(assessment),
        "provenance": provenance(assessment),
    }
