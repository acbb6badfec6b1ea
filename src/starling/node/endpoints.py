"""The endpoints of a node in one table: what each takes, what it gives, and who may (by its action)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final

from msgspec import Meta
from starlette.responses import Response, StreamingResponse

from starling.errors import InputError
from starling.node import fhir
from starling.node.answers import Rendered
from starling.node.hooks import RuleCount
from starling.node.service import Node
from starling.node.values import (
    Account,
    AccountChange,
    AccountChanged,
    AuditPage,
    Circumstances,
    ClinicalChange,
    Enrolled,
    Erased,
    Health,
    Job,
    KnowledgeInfo,
    KnowledgeTaken,
    ModelInfo,
    Name,
    Order,
    Override,
    Patient,
    Principal,
    Reason,
    Role,
    Submitted,
    Value,
    Words,
)
from starling.report.document import document
from starling.values import dataclass

#: headers of an upload: JSON of a `Specimen`, percent-encoded; the name of the file, percent-encoded
SPECIMEN, FILE = "starling-specimen", "starling-file"
#: header of an edition: its signature in base64
SIGNATURE = "starling-signature"
JSON, TEXT, BYTES = "application/json", "text/plain", "application/octet-stream"
ZIP = "application/zip"


class Login(Value, frozen=True):
    """Who logs in: name, password, and the code of the second factor."""

    name: Name
    password: Name
    code: Annotated[str, Meta(pattern=r"^[0-9]{6}$")]


class LoggedIn(Value, frozen=True):
    """Who is logged in, until when, and the token that goes with every change; the session itself is a cookie."""

    csrf: str
    principal: Principal
    ends: str


class Decided(Circumstances, frozen=True, kw_only=True):
    """Going on against the answer for a drug, and why; the rest as it was asked.

    `drugs`: all that were asked about; empty: this one alone.  `result_sha256`: of the answer that was shown; where it
    is stated, and the answer is another one now, nothing is decided.
    """

    drug: Name
    reason: Reason
    drugs: Annotated[tuple[Name, ...], Meta(max_length=20)] = ()
    result_sha256: Annotated[str, Meta(pattern=r"^([0-9a-f]{64})?$")] = ""


class Noted(Value, frozen=True):
    """A note on a step."""

    note: Words = ""


class Resolution(Value, frozen=True):
    """What a person decides about a file in quarantine."""

    accept: bool
    reason: Reason


class Refused(Value, frozen=True):
    """Why a result is not to be released, ever."""

    reason: Reason


class Forgotten(Value, frozen=True):
    """Why a patient is erased."""

    reason: Reason


class Person(Value, frozen=True):
    """A new account; `person`: by what name its owner is known in another way, so that both are one."""

    name: Name
    role: Role
    site: Name
    person: Annotated[str, Meta(max_length=200)] = ""


class Changing(Value, frozen=True):
    """How an account is changed; `second_factor`: it has another one, which is told once."""

    change: AccountChange


@dataclass(frozen=True, slots=True)
class Call:
    """One request as an endpoint sees it."""

    who: Principal
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Any


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One row of the table.

    `action`: empty where nobody need be known.  `answer`: None where the API reads the request itself.  `slow`: not
    answered by the loop itself; `at_once`: asked by the loop before, None when it takes a while after all.  `also`:
    another status with the same content.  `query`, `headers`: name -> what it says.  `accepts`, `media`: kinds of
    content.  `by_token`: who asks is known by a token that they sign, and by nothing else.
    """

    method: str
    path: str
    action: str
    summary: str
    answer: Callable[[Node, Call], Any] | None = None
    takes: Any = None
    gives: Any = None
    slow: bool = False
    at_once: Callable[[Node, Call], Any] | None = None
    status: int = 200
    also: int = 0
    query: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    accepts: str = JSON
    media: str = JSON
    by_token: bool = False


def _assessment(node: Node, call: Call) -> Response:
    return plain_json(document([node.questions.assessment(call.who, call.path["patient"])]).encode())


def _check(node: Node, call: Call) -> Response:
    return _said(node.questions.check(call.who, call.body), call)


def _check_again(node: Node, call: Call) -> Response | None:
    answer = node.questions.check_again(call.who, call.body)
    return None if answer is None else _said(answer, call)


def _said(answer: Rendered, call: Call) -> Response:
    return Response(answer.text, media_type=TEXT) if call.query.get("as") == "text" else plain_json(answer.json)


def _decided(node: Node, call: Call) -> Override:
    said: Decided = call.body
    circumstances = {name: getattr(said, name) for name in Circumstances.__struct_fields__}
    order = Order(patient=call.path["patient"], drugs=said.drugs or (said.drug,), **circumstances)
    return node.questions.override(call.who, said.drug, said.reason, order, said.result_sha256)


def _exported(node: Node, call: Call) -> Response:
    return StreamingResponse(node.subjects.export(call.who, call.path["patient"]), media_type=ZIP)


def _erased(node: Node, call: Call) -> Erased:
    return node.subjects.erase(call.who, call.path["patient"], call.body.reason)


def _refused(node: Node, call: Call) -> Job:
    return node.files.refuse(call.who, call.path["job"], call.body.reason)


def _resolved(node: Node, call: Call) -> Job:
    return node.files.resolve(call.who, call.path["job"], accept=call.body.accept, reason=call.body.reason)


def _audit(node: Node, call: Call) -> AuditPage:
    return node.audit(call.who, before=_number(call.query, "before", None), limit=_number(call.query, "limit", 100))


def _number(query: Mapping[str, str], name: str, default: Any) -> Any:
    """Raises: InputError BAD_REQUEST."""
    text = query.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or not 0 < int(text[:10]) <= 1_000_000:
        raise InputError("BAD_REQUEST", f"{name} is a number from 1 to 1000000")
    return int(text)


def plain_json(body: bytes, status: int = 200) -> Response:
    """JSON that is encoded already."""
    return Response(body, status_code=status, media_type=JSON)


ENDPOINTS: Final = (
    Endpoint("POST", "/v1/check", "check", "May this patient have these drugs?", _check, Order, dict,
             slow=True, at_once=_check_again, query=(("as", "text: the words of the screen instead of JSON"),)),
    Endpoint("GET", "/v1/patients", "patient.list", "Everybody of the site",
             lambda node, call: node.questions.patients(call.who), gives=tuple[Patient, ...]),
    Endpoint("GET", "/v1/patients/{patient}", "patient.read", "Who stands behind a pseudonym",
             lambda node, call: node.questions.patient(call.who, call.path["patient"]), gives=Patient),
    Endpoint("GET", "/v1/patients/{patient}/assessment", "assessment.read", "The released assessment", _assessment,
             gives=dict, slow=True),
    Endpoint("GET", "/v1/patients/{patient}/overrides", "override.list", "What was decided against an answer",
             lambda node, call: node.questions.overrides(call.who, call.path["patient"]), gives=tuple[Override, ...]),
    Endpoint("POST", "/v1/patients/{patient}/overrides", "override.write", "Go on against the answer, and say why",
             _decided, Decided, Override, slow=True, status=201),
    Endpoint("GET", "/v1/patients/{patient}/export", "patient.export", "Everything of one patient: JSON and files",
             _exported, gives=bytes, slow=True, media=ZIP),
    Endpoint("POST", "/v1/patients/{patient}/erasure", "patient.erase", "One patient is forgotten", _erased, Forgotten,
             Erased, slow=True),
    Endpoint("GET", "/v1/jobs", "job.list", "The newest jobs",
             lambda node, call: node.files.jobs(call.who), gives=tuple[Job, ...]),
    Endpoint("POST", "/v1/jobs", "job.submit", "A file is taken in; 200 when these bytes were before", takes=bytes,
             gives=Submitted, status=202, also=200, accepts=BYTES,
             headers=((SPECIMEN, "whose it is: JSON of a Specimen, percent-encoded"),
                      (FILE, "its name, percent-encoded"))),
    Endpoint("GET", "/v1/jobs/{job}", "job.read", "One job",
             lambda node, call: node.files.job(call.who, call.path["job"]), gives=Job),
    Endpoint("POST", "/v1/jobs/{job}/review", "job.review", "The result was looked at",
             lambda node, call: node.files.review(call.who, call.path["job"], call.body.note), Noted, Job, slow=True),
    Endpoint("POST", "/v1/jobs/{job}/release", "job.release", "A second person releases the result",
             lambda node, call: node.files.release(call.who, call.path["job"], call.body.note), Noted, Job, slow=True),
    Endpoint("POST", "/v1/jobs/{job}/refuse", "job.refuse", "The result is not to be released, ever", _refused, Refused,
             Job, slow=True),
    Endpoint("POST", "/v1/jobs/{job}/resolve", "job.resolve", "Decide about a file in quarantine", _resolved,
             Resolution, Job, slow=True),
    Endpoint("GET", "/v1/knowledge", "knowledge.read", "Which edition answers",
             lambda node, call: node.knowledge(call.who), gives=KnowledgeInfo),
    Endpoint("POST", "/v1/knowledge", "knowledge.replace", "Another edition answers, signed by a key of this site",
             takes=bytes, gives=KnowledgeTaken, accepts=BYTES, slow=True,
             query=(("preview", "yes: only say what it would change"), ("older", "yes: an older one is meant")),
             headers=((SIGNATURE, "what `starling knowledge sign` wrote, in base64"),)),
    Endpoint("GET", "/v1/knowledge/changes", "knowledge.read", "What a prescriber would notice since the one before",
             lambda node, call: node.knowledge_changes(call.who), gives=tuple[ClinicalChange, ...]),
    Endpoint("GET", "/v1/models", "model.list", "The learned models that could run here",
             lambda node, call: node.models(call.who), gives=tuple[ModelInfo, ...]),
    Endpoint("GET", "/v1/audit", "audit.read", "The audit log, newest first, under a signed checkpoint", _audit,
             gives=AuditPage, slow=True,
             query=(("before", "entries before this index"), ("limit", "how many entries at most"))),
    Endpoint("GET", "/v1/settings", "settings.read", "The settings of this node",
             lambda node, call: node.stated_settings(call.who), gives=dict),
    Endpoint("GET", "/v1/accounts", "account.list", "Who may log in",
             lambda node, call: node.who_may_log_in(call.who), gives=tuple[Account, ...]),
    Endpoint("POST", "/v1/accounts", "account.write", "A new account; told once",
             lambda node, call: node.enrol(call.who, call.body.name, call.body.role, call.body.site, call.body.person),
             Person, Enrolled, slow=True, status=201),
    Endpoint("POST", "/v1/accounts/{account}", "account.write", "Unlock, disable, enable; a new second factor",
             lambda node, call: node.change_account(call.who, call.path["account"], call.body.change), Changing,
             AccountChanged, slow=True),
    Endpoint("GET", "/v1/cds/overrides", "cds.list", "What became of the cards of CDS Hooks, by rule",
             lambda node, call: node.hooks.counts(call.who), gives=tuple[RuleCount, ...], slow=True),
    Endpoint("GET", "/cds-services", "", "The services of CDS Hooks", gives=dict),
    Endpoint("POST", "/cds-services/{service}", "cds.read", "A hook of an EHR, signed by it: the cards", takes=dict,
             gives=dict, by_token=True),
    Endpoint("POST", "/cds-services/{service}/feedback", "cds.write", "What became of cards, signed by the EHR",
             takes=dict, gives=dict, by_token=True),
    Endpoint("POST", "/v1/login", "", "A person logs in; the session is a cookie", takes=Login, gives=LoggedIn),
    Endpoint("POST", "/v1/logout", "logout", "The session is over", status=204),
    Endpoint("GET", "/fhir/metadata", "", "What can be read, searched and asked as FHIR R4", gives=dict,
             media=fhir.MEDIA),
    Endpoint("GET", "/fhir/$find-subject-haplotypes", "assessment.read", "What is known of genes of a patient",
             fhir.haplotypes, gives=dict, slow=True, media=fhir.MEDIA,
             query=(("subject", "the pseudonym"), ("genes", "HGNC codes or names, with commas"))),
    Endpoint("GET", "/fhir/$find-subject-specific-haplotypes", "assessment.read", "Whether a patient has a haplotype",
             fhir.specific_haplotypes, gives=dict, slow=True, media=fhir.MEDIA,
             query=(("subject", "the pseudonym"), ("haplotypes", "haplotypes or genotypes, with commas"))),
    Endpoint("GET", "/fhir/$find-subject-tx-implications", "assessment.read", "What results mean for medicines",
             fhir.implications, gives=dict, slow=True, media=fhir.MEDIA,
             query=(("subject", "the pseudonym"), ("treatments", "RxNorm codes or names, with commas"),
                    ("haplotypes", "haplotypes or genotypes, with commas"))),
    Endpoint("GET", "/fhir/$find-population-tx-implications", "population.read",
             "Of how many patients a medicine is not given as usual", fhir.population, gives=dict, slow=True,
             media=fhir.MEDIA, query=(("treatments", "RxNorm codes or names, with commas"),
                                      ("includePatientList", "true: who they are, for those who may list patients"))),
    Endpoint("GET", "/fhir/{kind}", "assessment.read", "The resources of one kind of one patient", fhir.search,
             gives=dict, slow=True, media=fhir.MEDIA,
             query=(("patient", "the pseudonym"), ("code", "a token"), ("category", "a token"), ("_id", "ids"))),
    Endpoint("GET", "/fhir/{kind}/{id}", "assessment.read", "One resource", fhir.read, gives=dict, slow=True,
             media=fhir.MEDIA),
    Endpoint("GET", "/livez", "", "Whether the process answers", media=TEXT, gives=str),
    Endpoint("GET", "/readyz", "", "Whether knowledge, store and audit log are sound; 503 when not", gives=Health,
             also=503),
    Endpoint("GET", "/metrics", "metrics.read", "Counts and times, as Prometheus reads them", media=TEXT, gives=str),
    Endpoint("GET", "/openapi.json", "", "This document", gives=dict),
)  # fmt: skip
