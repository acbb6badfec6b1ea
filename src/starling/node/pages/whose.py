"""What was stated with a file in quarantine beside what is known: the facts to decide by, and no guess."""

from __future__ import annotations

from typing import Final

from starling.node import evidence
from starling.node.pages.door import Visit
from starling.node.pages.words import Sign
from starling.node.values import Job, Patient, Specimen
from starling.values import dataclass

_SAME: Final = Sign("standard", "Same", "usual")
_DIFFERS: Final = Sign("avoid", "Differs", "stop")
_OPEN: Final = Sign("missing", "Not compared", "none")
#: facts that are compared, as a `Specimen` and a `Patient` name them, and what the page calls them
_FACTS: Final = {
    "identifier": "Identifier",
    "second_identifier": "Second identifier",
    "birth_date": "Date of birth",
    "sex": "Sex",
}
#: what states nothing
_NOTHING: Final = frozenset({"", "unknown"})


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact: what was stated, and for each who is known what is known and how the two compare."""

    name: str
    stated: str
    known: tuple[tuple[str, Sign], ...]


@dataclass(frozen=True, slots=True)
class Whose:
    """`people`: who is known under one of the identifiers; `is_new`: the patient was made from this very file."""

    people: tuple[Patient, ...]
    is_new: bool
    facts: tuple[Fact, ...]
    genotypes: tuple[tuple[str, Sign], ...]


def whose(visit: Visit, job: Job) -> Whose:
    """The facts about a file in quarantine.  Raises: ForbiddenError; InputError BAD_STATE, NOT_FOUND."""
    specimen, ids = visit.node.files.whose(visit.who, job.id)
    people = tuple(visit.node.questions.patient(visit.who, each) for each in ids)
    is_new = [each.jobs for each in people] == [(job.id,)]
    shown = () if is_new else people
    facts = tuple(_fact(field, name, specimen, shown) for field, name in _FACTS.items())
    return Whose(shown, is_new, facts, _genotypes(job))


def _fact(field: str, name: str, specimen: Specimen, people: tuple[Patient, ...]) -> Fact:
    stated: str = getattr(specimen, field)
    known = tuple(getattr(each, field) for each in people)
    return Fact(name, stated or "Not stated", tuple((each or "Not known", _compared(stated, each)) for each in known))


def _compared(stated: str, known: str) -> Sign:
    if {stated, known} & _NOTHING:
        return _OPEN
    return _SAME if stated == known else _DIFFERS


def _genotypes(job: Job) -> tuple[tuple[str, Sign], ...]:
    """What the genotypes say: chrX of the sex, and the earlier test of the person."""
    found = job.compared
    if found is None:
        return (("What the genotypes say was not kept", _OPEN),)
    sex = ("Chromosome X does not speak against the sex stated, or says nothing", _OPEN)
    if found.wrong_sex:
        sex = ("Chromosome X speaks against the sex stated", _DIFFERS)
    if not job.patient:
        return sex, ("The identifiers are of two patients: no earlier test was compared", _OPEN)
    if not found.told:
        return sex, ("No released test of the patient had genotypes to compare with", _OPEN)
    said = f"Of {found.told} positions with a variant in this or the released test, {found.differing} differ"
    if evidence.is_somebody_else(found.told, found.differing):
        return sex, (f"{said}: too many for one person", _DIFFERS)
    return sex, (f"{said}: not too many for one person", Sign("standard", "Compared", "usual"))
