"""The prescriber's questions about a patient, and what is decided against an answer."""

from __future__ import annotations

from starling.assessment import Assessment
from starling.errors import InputError
from starling.node import answers
from starling.node.desk import Desk, now
from starling.node.values import Order, Override, Patient, Principal


class Questions:
    """What is asked about the patients of a node."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def check(self, who: Principal, order: Order) -> answers.Rendered:
        """May this patient have these drugs?  As `starling check` says it.

        Raises: ForbiddenError; InputError NO_RESULT, UNKNOWN_DRUG and others, the asker's.
        """
        patient = self._desk.patient_of(who, "check", order.patient)
        answer = self._answered(patient, order)
        self._checked(who, patient, answer.actions, answer.result_sha256)
        return answer

    def check_again(self, who: Principal, order: Order) -> answers.Rendered | None:
        """As `check`, when the answer is kept; None: it is not, and takes a while.  Raises: as `check`."""
        patient = self._desk.patient_of(who, "check", order.patient)
        answer = self._desk.kept.get(self._key(patient, order))
        if answer is not None:
            self._checked(who, patient, answer.actions, answer.result_sha256)
        return answer

    def answer(self, who: Principal, order: Order) -> tuple[Assessment, tuple[str, ...]]:
        """As `check`, for a page that shows the answer itself: the assessment, and the names of its drugs.

        Raises: as `check`.
        """
        patient = self._desk.patient_of(who, "check", order.patient)
        person, names = self._desk.asking.do(self._desk.held.engine, answers.asked, self._desk.tested(patient), order)
        self._checked(who, patient, answers.actions_of(person, names), person.result_sha256)
        return person, names

    def _checked(self, who: Principal, patient: Patient, actions: answers.Actions, result_sha256: str) -> None:
        said = {"answer": dict(actions), "result_sha256": result_sha256}
        with self._desk.records.transaction():
            self._desk.still_there(patient)
            self._desk.append(who, "check", "success", patient.id, said)
            self._desk.predicted(patient.id, actions, result_sha256)

    def assessment(self, who: Principal, patient: str) -> Assessment:
        """The whole assessment of the patient's released result.  Raises: ForbiddenError; InputError NO_RESULT."""
        found = self._desk.patient_of(who, "assessment.read", patient)
        assessment = self._desk.asking.do(self._desk.held.engine, answers.assessed, self._desk.tested(found))
        with self._desk.records.transaction():
            self._desk.still_there(found)
            said = {"result_sha256": assessment.result_sha256}
            self._desk.append(who, "assessment.read", "success", found.id, said)
        return assessment

    def override(self, who: Principal, drug: str, reason: str, order: Order, shown: str = "") -> Override:
        """Somebody who prescribes goes on with one drug of an order against the answer to it.

        `shown`: the digest of the answer that they saw; empty: whatever it is.
        Raises: ForbiddenError; InputError UNKNOWN_DRUG, BAD_REQUEST, ANSWER_CHANGED.
        """
        patient = order.patient
        found = self._desk.patient_of(who, "override.write", patient)
        name = self._desk.held.engine.knowledge.find_drug(drug).name
        answer = self._answered(found, order)
        if name not in dict(answer.actions):
            raise InputError("BAD_REQUEST", f"{name} is none of the drugs of the order")
        if shown and shown != answer.result_sha256:
            raise InputError("ANSWER_CHANGED", "the answer is not the one that was shown")
        with self._desk.records.transaction(durable=True):
            self._desk.still_there(found)
            made = Override(
                id=self._desk.records.next_override(), patient=patient, drug=name, action=dict(answer.actions)[name],
                reason=reason, by=who.name, at=now(), result_sha256=answer.result_sha256, order=order,
            )  # fmt: skip
            self._desk.records.add_override(made)
            detail = {"drug": name, "action": made.action, "override": str(made.id)}
            detail["result_sha256"] = answer.result_sha256
            self._desk.append(who, "override.write", "success", patient, detail, durable=True)
        return made

    def overrides(self, who: Principal, patient: str) -> tuple[Override, ...]:
        """What was decided against an answer, the newest first.  Raises: ForbiddenError."""
        found = self._desk.patient_of(who, "override.list", patient)
        self._desk.record(who, "override.list", "success", found.id, {})
        return tuple(self._desk.records.overrides(found.id))

    def patients(self, who: Principal) -> tuple[Patient, ...]:
        """Everybody, by name.  Raises: ForbiddenError."""
        self._desk.may(who, "patient.list")
        self._desk.record(who, "patient.list", "success", "", {})
        return tuple(self._desk.records.patients(self._desk.settings.site))

    def patient(self, who: Principal, patient: str) -> Patient:
        """Who stands behind a pseudonym.  Raises: ForbiddenError; InputError NOT_FOUND."""
        found = self._desk.patient_of(who, "patient.read", patient)
        self._desk.record(who, "patient.read", "success", found.id, {})
        return found

    def _answered(self, patient: Patient, order: Order) -> answers.Rendered:
        """The answer, kept for who asks again.  Raises: InputError NO_RESULT, UNKNOWN_DRUG and others, the asker's."""
        key = self._key(patient, order)
        answer = self._desk.kept.get(key)
        if answer is None:
            engine = self._desk.held.engine
            answer = self._desk.asking.do(engine, answers.answered, self._desk.tested(patient), order)
            with self._desk.records.lock:  # or an erasure empties what is kept before this is put there
                self._desk.still_there(patient)
                if key == self._key(patient, order):  # else new knowledge came meanwhile
                    self._desk.kept.keep(key, answer)
        return answer

    def _key(self, patient: Patient, order: Order) -> tuple[object, ...]:
        return (patient.released, self._desk.held.engine.knowledge.stamp.sha256, now()[:10], order)
