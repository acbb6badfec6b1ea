"""CDS Hooks as a node answers it: whose data a call is about, the cards, what was shown, and what became of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from msgspec import json

from starling.dosing import bundles
from starling.errors import InputError
from starling.exchange.cds import words
from starling.exchange.cds.cards import Card, Policy, message
from starling.exchange.cds.reading import (
    HookRequest,
    id_of,
    listed,
    mapping_of,
    resources_in,
    text_of,
)
from starling.exchange.cds.services import PATIENT, Service
from starling.extras import versions
from starling.node import answers, hook_answers
from starling.node.desk import Desk, now
from starling.node.hook_clients import Believed, Client
from starling.node.values import Override, Patient, Principal, Value
from starling.values import replace

#: Cards are remembered for this long, so that what becomes of them can be told (days, ours).
_KEPT_DAYS: Final = 180
_MOST_FEEDBACK: Final = 100
_LONGEST: Final = 2_000
_encode = json.Encoder().encode
#: the same data give the same bytes, whatever their order
_key_of = json.Encoder(order="deterministic").encode


class Shown(Value, frozen=True):
    """A card that was shown.  `suggestions`: id -> what the button said."""

    id: str
    service: str
    client: str
    user: str
    drug: str
    action: str
    rule: str
    indicator: str
    result_sha256: str
    suggestions: Mapping[str, str]


class Outcome(Value, frozen=True):
    """What became of a card.  `code`: of the reason; `comment`: in the words of whoever decided."""

    card: str
    outcome: str
    at: str
    code: str
    comment: str
    accepted: tuple[str, ...]
    user: str


class RuleCount(Value, frozen=True):
    """How often cards of one rule were shown, and what became of them.  `reasons`: code -> overrides."""

    rule: str
    shown: int
    accepted: int
    overridden: int
    reasons: Mapping[str, int]


class _Epoch:
    """Counts how often everything that is kept was let go of: those who compute do so as well."""

    def __init__(self) -> None:
        self.number = 0

    def clear(self) -> None:
        """Another one begins."""
        self.number += 1


class Hooks:
    """What systems that prescribe ask of a node, and tell it."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._kept = answers.Kept[hook_answers.Judged](desk.settings.answers_kept)
        self._epoch = _Epoch()
        desk.kept.beside += [self._kept, self._epoch]  # whoever is erased, or new knowledge, clears all of them
        self._cleared = ""

    def principal(self, client: Client) -> Principal:
        """A client, as policies and the audit know it."""
        return Principal(name=client.name, role="system", site=self._desk.settings.site, way="token")

    def used(self, believed: Believed, at: int) -> bool:
        """Whether a token was used before; it is from now on.  `at`: s since 1970."""
        with self._desk.records.transaction():
            connection = self._desk.records.connection
            connection.execute("DELETE FROM cds_token WHERE until < ?", (at,))
            connection.execute("INSERT OR IGNORE INTO cds_token VALUES (?, ?)", (believed.token, believed.until))
            return bool(connection.changes() == 0)

    def refused(self, why: str) -> None:
        """A call that nobody is believed to have made is in the log."""
        stranger = Principal(name="stranger", role="system", site=self._desk.settings.site, way="token")
        self._desk.record(stranger, "cds.read", "refused", "", {"reason": why})

    def failed(self, client: Client, service: Service, action: str, code: str) -> None:
        """A call that could not be answered is in the log."""
        said = {"service": service.id, "code": code}
        self._desk.record(self.principal(client), action, "failed", "", said)

    # --- a call -------------------------------------------------------------------------------------------------------

    def answer(self, client: Client, service: Service, request: HookRequest, link: str) -> bytes:
        """The cards, as JSON.  `link`: the address of a patient's page, before the pseudonym.

        Raises: ForbiddenError; InputError BAD_REQUEST and others, the EHR's.
        """
        patient, tested, key = self._asked(client, request)
        judged = self._kept.get(key)
        if judged is None:
            given = (tested, self._epoch.number, _plain(request), self._policy())
            said = self._desk.asking.do(self._desk.held.engine, hook_answers.judged, *given)
            judged = json.decode(said, type=hook_answers.Judged)
            with self._desk.records.lock:  # or an erasure empties what is kept before this is put there
                if patient is not None:
                    self._desk.still_there(patient)
                if key == self._key(patient, request):  # else new knowledge came meanwhile
                    self._kept.keep(key, judged)
        return self._told(client, service, request, patient, judged, link)

    def answer_again(self, client: Client, service: Service, request: HookRequest, link: str) -> bytes | None:
        """As `answer`, when it is kept; None: it is not, and takes a while."""
        patient, _, key = self._asked(client, request)
        judged = self._kept.get(key)
        return None if judged is None else self._told(client, service, request, patient, judged, link)

    def _asked(
        self, client: Client, request: HookRequest
    ) -> tuple[Patient | None, answers.Tested | None, tuple[object, ...]]:
        who, found = self.principal(client), self._found(client, request)
        if found is None:
            self._desk.may(who, "cds.read")
            return None, None, self._key(None, request)
        patient = self._desk.patient_of(who, "cds.read", found.id)
        tested = self._desk.tested(patient) if patient.released else None
        return patient, tested, self._key(patient, request)

    def _key(self, patient: Patient | None, request: HookRequest) -> tuple[object, ...]:
        plain = _plain(request)
        data = {name: getattr(plain, name) for name in plain.__match_args__}
        digest = hashlib.sha256(_key_of(data)).digest()
        released = patient.released if patient is not None else ""
        return (released, self._desk.held.engine.knowledge.stamp.sha256, now()[:10], digest)

    def _policy(self) -> Policy:
        settings = self._desk.settings
        return Policy(settings.exchange_first_source, settings.exchange_least_indicator, _dose_models())

    def _found(self, client: Client, request: HookRequest) -> Patient | None:
        """The patient of this node whom the call is about; None: nobody here.

        Raises: InputError BAD_REQUEST, when its identifiers are those of several, or a birth date is another's.
        """
        person = next(resources_in(request.prefetch.get(PATIENT)), {})
        named = set(_identifiers(person, client)) | ({request.patient} if client.fhir_ids else set())
        site, records = self._desk.settings.site, self._desk.records
        ids: set[str] = set()
        for each in sorted(named):
            rows = records.rows(
                "SELECT id FROM patient WHERE site = ? AND (identifier = ? OR second_identifier = ?)", site, each, each
            )
            ids |= {row[0] for row in rows}
        if client.is_demonstration and not ids and records.patient(request.patient) is not None:
            ids = {request.patient}
        if len(ids) > 1:
            raise InputError("BAD_REQUEST", "the identifiers of the patient are those of several patients here")
        found = records.patient(next(iter(ids))) if ids else None
        stated = text_of(person.get("birthDate"))
        is_other = found is not None and found.birth_date and stated and not found.birth_date.startswith(stated)
        if is_other and not client.is_demonstration:  # whose patients stand in for others
            raise InputError("BAD_REQUEST", "the birth date is not that of the patient of these identifiers here")
        return found

    def _told(
        self, client: Client, service: Service, request: HookRequest, patient: Patient | None,
        judged: hook_answers.Judged, link: str,
    ) -> bytes:  # fmt: skip
        """What is shown is remembered, and in the log, or nothing is said."""
        id_ = patient.id if patient is not None else ""
        with self._desk.records.transaction():
            if patient is not None:
                self._desk.still_there(patient)
            quiet = self._quiet(id_)
            cards = [each.card() for each in judged.cards if each.rule not in quiet]
            shown = [(_shown(card, client, service, request), card) for card in cards]
            for each, _ in shown:
                row = (each.id, id_, now(), each.rule, _encode(each))
                self._desk.records.connection.execute("INSERT INTO cds_card VALUES (?, ?, ?, ?, ?)", row)
            self._clear()
            self._record(client, service, request, id_, judged, cards)
        where = f"{link}{id_}" if link and id_ else ""
        told = [message(card, each.id, iter(each.suggestions), link=where) for each, card in shown]
        return _encode({"cards": told})

    def _record(
        self, client: Client, service: Service, request: HookRequest, patient: str, judged: hook_answers.Judged,
        cards: Iterable[Card],
    ) -> None:  # fmt: skip
        said: dict[str, object] = {"service": service.id, "user": request.user, "answer": dict(judged.actions)}
        said |= {"cards": ", ".join(f"{card.drug} {card.indicator}" for card in cards)}
        said |= {"result_sha256": " ".join(judged.digests)}
        said |= {"unknown": ", ".join(judged.unknown)} if judged.unknown else {}
        said |= {"instance": request.instance} if request.instance else {}
        self._desk.append(self.principal(client), "cds.read", "success", patient, said)
        if patient and judged.actions:
            self._desk.predicted(patient, judged.actions, " ".join(judged.digests))

    def _quiet(self, patient: str) -> frozenset[str]:
        """The rules of cards that were overridden for this patient, with a reason, not long ago."""
        days = self._desk.settings.exchange_quiet_days
        if not patient or not days:
            return frozenset()
        rows = self._desk.records.rows(
            "SELECT rule FROM cds_feedback WHERE patient = ? AND outcome = 'overridden' AND code <> '' AND at >= ?",
            patient, _days_ago(days),
        )  # fmt: skip
        return frozenset(row[0] for row in rows)

    def _clear(self) -> None:
        """Once a day, cards of which nothing will be told any more are forgotten."""
        today = now()[:10]
        if today != self._cleared:
            self._cleared = today
            self._desk.records.connection.execute("DELETE FROM cds_card WHERE at < ?", (_days_ago(_KEPT_DAYS),))

    # --- what became of cards -----------------------------------------------------------------------------------------

    def feedback(self, client: Client, service: Service, body: object) -> int:
        """What became of cards is remembered; gives how many of them were of this client.

        Raises: ForbiddenError; InputError BAD_REQUEST, NOT_FOUND, the EHR's.
        """
        who = self.principal(client)
        self._desk.may(who, "cds.write")
        said = [mapping_of(each) for each in listed(mapping_of(body).get("feedback"))]
        if not 0 < len(said) <= _MOST_FEEDBACK:
            raise InputError("BAD_REQUEST", f"feedback is a list of 1 to {_MOST_FEEDBACK}")
        found = [(each, card) for each in said if (card := self._card(text_of(each.get("card")), client, service))]
        if not found:
            raise InputError("NOT_FOUND", "none of these cards was shown to this client by this service")
        with self._desk.records.transaction(durable=True):
            for each, (shown, patient) in found:
                self._keep(who, _outcome(each, shown), shown, patient)
        return len(found)

    def _card(self, id_: str, client: Client, service: Service) -> tuple[Shown, str] | None:
        row = self._desk.records.row("SELECT body, patient FROM cds_card WHERE id = ?", id_.removeprefix("urn:uuid:"))
        if row is None:
            return None
        shown = json.decode(row[0], type=Shown)
        return (shown, row[1]) if (shown.client, shown.service) == (client.name, service.id) else None

    def _keep(self, who: Principal, outcome: Outcome, shown: Shown, patient: str) -> None:
        records = self._desk.records
        row = (shown.id, outcome.outcome, outcome.at, patient, shown.rule, outcome.code, _encode(outcome))
        records.connection.execute("INSERT OR IGNORE INTO cds_feedback VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        if records.connection.changes() == 0:
            return  # it was told before
        if outcome.outcome == "overridden" and patient:
            records.add_override(self._override(outcome, shown, patient))
        said = {"card": shown.id, "outcome": outcome.outcome, "drug": shown.drug, "rule": shown.rule}
        said |= {"code": outcome.code} if outcome.code else {}
        self._desk.append(who, "cds.write", "success", patient, said, durable=True)

    def _override(self, outcome: Outcome, shown: Shown, patient: str) -> Override:
        """As a decision against an answer, wherever those are shown."""
        reason = ": ".join(filter(None, (words.REASONS.get(outcome.code, outcome.code), outcome.comment)))
        return Override(
            id=self._desk.records.next_override(), patient=patient, drug=shown.drug, action=shown.action,
            reason=reason or "no reason was stated", by=f"{outcome.user or 'somebody'} ({shown.client})", at=now(),
            result_sha256=shown.result_sha256,
        )  # fmt: skip

    def counts(self, who: Principal) -> tuple[RuleCount, ...]:
        """What became of the cards of each rule, those overridden most often first.  Raises: ForbiddenError."""
        self._desk.may(who, "cds.list")
        self._desk.record(who, "cds.list", "success", "", {})
        return counted(self._desk.records.rows)


def counted(rows: Any) -> tuple[RuleCount, ...]:
    """What became of the cards of each rule.  `rows`: asks the store."""
    shown = dict(rows("SELECT rule, count(*) FROM cds_card GROUP BY rule"))
    told: dict[str, dict[str, dict[str, int]]] = {}
    said = rows("SELECT rule, outcome, code, count(DISTINCT card) FROM cds_feedback GROUP BY rule, outcome, code")
    for rule, outcome, code, count in said:
        told.setdefault(rule, {}).setdefault(outcome, {})[code or "none stated"] = count
    found = []
    for rule in {*shown, *told}:
        outcomes = told.get(rule, {})
        accepted, against = sum(outcomes.get("accepted", {}).values()), outcomes.get("overridden", {})
        found.append(
            RuleCount(rule=rule, shown=shown.get(rule, 0), accepted=accepted, overridden=sum(against.values()),
                      reasons=dict(sorted(against.items())))
        )  # fmt: skip
    return tuple(sorted(found, key=lambda each: (-each.overridden, -each.shown, each.rule)))


@cache
def _dose_models() -> tuple[str, ...]:
    """The drugs for which a learned dose model came with the program and can run here."""
    if None in versions("models").values():
        return ()
    root = Path(next(iter(bundles.__path__)))
    return tuple(sorted(each.name for each in root.iterdir() if (each / "digest").is_file()))


def shown_to(rows: Any, patient: str) -> dict[str, Any]:
    """The cards that were shown for a patient, and what became of them, as an export names them."""
    cards = rows("SELECT body FROM cds_card WHERE patient = ? ORDER BY at, id", patient)
    told = rows("SELECT body FROM cds_feedback WHERE patient = ? ORDER BY at, card", patient)
    return {
        "cards": tuple(json.decode(body, type=Shown) for (body,) in cards),
        "feedback": tuple(json.decode(body, type=Outcome) for (body,) in told),
    }


def _plain(request: HookRequest) -> HookRequest:
    """What an answer depends on, and nothing that gives access: an order is signed as it was chosen."""
    hook = request.hook if request.hook == "patient-view" else "order"
    return replace(request, hook=hook, instance="", user="", server="", token="")


def _identifiers(person: Mapping[str, Any], client: Client) -> list[str]:
    """The values of identifiers whose systems are this node's; of a demonstration all of them."""
    stated = [mapping_of(each) for each in listed(person.get("identifier"))]
    known = [each for each in stated if client.is_demonstration or text_of(each.get("system")) in client.identifiers]
    return [value for each in known if (value := text_of(each.get("value")))][:20]


def _shown(card: Card, client: Client, service: Service, request: HookRequest) -> Shown:
    return Shown(
        id=str(uuid4()), service=service.id, client=client.name, user=request.user, drug=card.drug, action=card.action,
        rule=card.rule, indicator=card.indicator, result_sha256=card.result_sha256,
        suggestions={str(uuid4()): each.label for each in card.suggestions},
    )  # fmt: skip


def _outcome(said: Mapping[str, Any], shown: Shown) -> Outcome:
    """Raises: InputError BAD_REQUEST, the EHR's."""
    outcome = text_of(said.get("outcome"))
    if outcome not in {"accepted", "overridden"}:
        raise InputError("BAD_REQUEST", "outcome is accepted or overridden")
    reason = mapping_of(said.get("overrideReason"))
    coding = mapping_of(next(iter(listed(reason.get("reason"))), None))
    accepted = (text_of(mapping_of(each).get("id")) for each in listed(said.get("acceptedSuggestions"))[:20])
    return Outcome(
        card=shown.id,
        outcome=outcome,
        at=_moment(text_of(said.get("outcomeTimestamp"))),
        code=id_of(coding.get("code")) or ("other" if text_of(coding.get("code")) else ""),
        comment=text_of(reason.get("userComment"))[:_LONGEST],
        accepted=tuple(shown.suggestions.get(id_, id_[:64]) for id_ in accepted if id_),
        user=shown.user,
    )


def _moment(stated: str) -> str:
    """When it was decided, in UTC; now, where that is not said or lies in the future."""
    present = now()
    try:
        at = datetime.fromisoformat(stated.replace("Z", "+00:00"))
    except ValueError:
        return present
    utc = (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    return min(utc.strftime("%Y-%m-%dT%H:%M:%S.%fZ"), present)


def _days_ago(days: int) -> str:
    return (datetime.now(UTC) - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
