"""What a node is asked and what it gives back: frozen values that become JSON as they stand.

Times are ISO 8601 in UTC.  A patient is named by a pseudonym everywhere; who that is stands in `Patient` alone.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct

Role = Literal["prescriber", "pharmacist", "laboratory", "administrator", "auditor", "system"]
ROLES: Final[tuple[Role, ...]] = ("prescriber", "pharmacist", "laboratory", "administrator", "auditor", "system")
#: the node itself, as it stands in the audit
ITSELF: Final = "node"
#: names in the audit that are nobody's: the node, and what is done without a person being known
_RESERVED: Final = frozenset({ITSELF, "inbox", "keyboard", "stranger"})
JobState = Literal["received", "read", "called", "reviewed", "released", "failed", "quarantined"]

#: Bounds of texts that people write: no field of a form is longer (ours).
Name = Annotated[str, Meta(min_length=1, max_length=200)]
Words = Annotated[str, Meta(max_length=2_000)]
Reason = Annotated[str, Meta(min_length=4, max_length=2_000)]
Identifier = Annotated[str, Meta(min_length=6, max_length=64, pattern=r"^[a-z0-9-]+$")]


def is_reserved(name: str) -> bool:
    """Whether somebody of that name would be taken for the node itself in the log."""
    return read_as(name) in _RESERVED


def read_as(name: str) -> str:
    """What two spellings have in common that a reader takes for one name."""
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())


class Value(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A value with named fields; a field that nobody knows is refused."""


class Principal(Value, frozen=True):
    """Who asks: a person or a machine, in one role, at one site.

    `way`: how they were known.  `emergency`: the reason of somebody who breaks the glass; empty: nobody does.
    `session`: what names the session in the audit, never what opens it.  `person`: by what name the same person is
    known in another way; empty: none is known.
    """

    name: str
    role: Role
    site: str
    way: Literal["certificate", "account", "provider", "process", "token"] = "certificate"
    emergency: str = ""
    session: str = ""
    person: str = ""

    def is_also(self, name: str, person: str) -> bool:
        """Whether somebody of that name, who is also known as `person`, is the same person."""
        names, others = ({read_as(each) for each in pair} - {""} for pair in ((self.name, self.person), (name, person)))
        return bool(names & others)


# --- intake -----------------------------------------------------------------------------------------------------------


class Specimen(Value, frozen=True):
    """Whose material was tested, by whom: two identifiers, the specimen and the laboratory belong to every file.

    `sample`: which column of a file of several people.  `build`: where the file does not say.
    """

    identifier: Name
    second_identifier: Name
    specimen: Name
    laboratory: Name
    name: Annotated[str, Meta(max_length=200)] = ""
    birth_date: Annotated[str, Meta(pattern=r"^(\d{4}-\d{2}-\d{2})?$")] = ""
    sex: Literal["male", "female", "unknown"] = "unknown"
    sample: Annotated[str, Meta(max_length=200)] = ""
    build: Literal["", "GRCh38", "GRCh37"] = ""


class Origin(Value, frozen=True):
    """What the provenance says of the file itself, of which only a part is kept: as `assessment.InputStamp`."""

    bytes: int | None
    file_sha256: str | None
    reader: str | None
    order: str | None


class JobEvent(Value, frozen=True):
    """One step of a job."""

    at: str
    state: JobState
    by: str
    note: str = ""


class Change(Value, frozen=True):
    """What an amended report says differently about one drug."""

    drug: str
    before: str
    after: str


class Compared(Value, frozen=True):
    """What the genotypes of a file say of whose it is.

    `wrong_sex`: chrX speaks against the sex stated; else it does not, or says nothing.  `told`: positions that this
    test and the patient's released one called, where one has a variant; `differing`: at so many they differ.
    """

    wrong_sex: bool
    told: int
    differing: int


class Job(Value, frozen=True):
    """One file on its way to a result, or one result that new knowledge amends.

    `patient`: the pseudonym; empty until the file was read.  `reason`: why it failed or is in quarantine.
    `reviewed_person`: by what name whoever reviewed it is known in another way.
    `compared`: what its genotypes say of whose it is; None: it was not called, or by a program that did not keep it.
    `amends`: the job whose released report this one amends; `changes`: what it says differently.
    """

    id: str
    state: JobState
    site: str
    patient: str
    specimen: str
    laboratory: str
    file: str
    bytes: int
    received: str
    updated: str
    knowledge: str = ""
    result_sha256: str = ""
    reason: str = ""
    reviewed_by: str = ""
    reviewed_person: str = ""
    released_by: str = ""
    compared: Compared | None = None
    amends: str = ""
    changes: tuple[Change, ...] = ()
    events: tuple[JobEvent, ...] = ()


class Submitted(Value, frozen=True):
    """The job of a file; `again`: the same bytes were taken in before, and this is that job."""

    job: Job
    again: bool


# --- patients ---------------------------------------------------------------------------------------------------------


class Patient(Value, frozen=True):
    """Who stands behind a pseudonym.  `jobs`: the newest first.  `result_sha256`: of the released result."""

    id: str
    site: str
    identifier: str
    second_identifier: str
    name: str
    birth_date: str
    sex: str
    jobs: tuple[str, ...] = ()
    released: str = ""
    result_sha256: str = ""


class Circumstances(Value, frozen=True, kw_only=True):
    """What bears on an order beside the drug."""

    medication: Annotated[tuple[Name, ...], Meta(max_length=100)] = ()
    age: Annotated[float, Meta(ge=0, le=150)] | None = None
    weight: Annotated[float, Meta(gt=0, le=700)] | None = None
    indication: Annotated[tuple[Name, ...], Meta(max_length=20)] = ()
    pregnant: bool = False
    breastfeeding: bool = False
    ancestry: Annotated[str, Meta(max_length=100)] = ""
    sources: Annotated[tuple[Literal["CPIC", "DPWG", "FDA"], ...], Meta(max_length=3)] = ()


class Order(Circumstances, frozen=True, kw_only=True):
    """The prescriber's question: may this patient have these drugs?

    The same facts, by the same names, as `starling check` takes.  `age` in years, `weight` in kg.
    """

    patient: Identifier
    drugs: Annotated[tuple[Name, ...], Meta(min_length=1, max_length=20)]


class Override(Value, frozen=True):
    """A prescriber goes on against the answer to an order, and says why.  `result_sha256`: of that answer."""

    id: int
    patient: str
    drug: str
    action: str
    reason: str
    by: str
    at: str
    result_sha256: str
    order: Order | None = None


class Erased(Value, frozen=True):
    """A patient of whom nothing is left.  `emptied`: false while another process still reads what was overwritten."""

    patient: str
    jobs: tuple[str, ...]
    overrides: int
    emptied: bool


# --- the node itself --------------------------------------------------------------------------------------------------


class KnowledgeInfo(Value, frozen=True):
    """Which knowledge answers; `previous`: the version that it replaced here."""

    version: str
    sha256: str
    as_of: str
    checked_on: str
    signed_by: str
    genes: int
    drugs: int
    program: str
    loaded: str
    previous: str = ""
    notices: tuple[str, ...] = ()


class KnowledgeTaken(Value, frozen=True):
    """An edition that was sent.  `taken`: it answers from now on.  `changes`: what a prescriber would notice."""

    taken: bool
    knowledge: KnowledgeInfo
    changes: tuple[ClinicalChange, ...]


class ModelInfo(Value, frozen=True):
    """A learned model that this node could run; `digest`: SHA-256 of its list of digests."""

    name: str
    digest: str


class ClinicalChange(Value, frozen=True):
    """One thing that a prescriber would notice between the edition before and this one; `rank` 0 is gravest."""

    rank: int
    about: str
    text: str


class AuditEntry(Value, frozen=True):
    """One leaf of the audit log: its index and the AuditEvent (FHIR R4)."""

    index: int
    event: Mapping[str, Any]


class AuditPage(Value, frozen=True):
    """A stretch of the audit log, the newest first, under a signed checkpoint."""

    size: int
    entries: tuple[AuditEntry, ...]
    checkpoint: str


class Health(Value, frozen=True):
    """Whether the node can be relied on: every check with the reason why not (empty: sound).

    `processes`: what the system gave each process of the node, so that questions do not wait.
    """

    ready: bool
    checks: Mapping[str, str]
    processes: Mapping[str, str] = {}


class Account(Value, frozen=True):
    """A person who may log in, who is also known as `person`; nothing of the password or the second factor."""

    name: str
    role: Role
    site: str
    created: str
    locked: bool = False
    disabled: bool = False
    person: str = ""


AccountChange = Literal["unlock", "disable", "enable", "second_factor"]


class AccountChanged(Value, frozen=True):
    """An account as it is now.  `totp_uri`: a new second factor, told once; empty: it is as it was."""

    account: Account
    totp_uri: str = ""


class Enrolled(Value, frozen=True):
    """A new account: what its owner is told once."""

    account: Account
    password: str
    totp_uri: str


class Session(Value, frozen=True):
    """Somebody is logged in until `ends`; `token` opens the session, `csrf` goes with every change."""

    token: str
    csrf: str
    principal: Principal
    ends: str
