"""What a FHIR server says of one person's resources: read, searched, and asked by the operations of the guide.

Resources are those of `bundle`, under ids that say whose they are: `p-....` for the patient, `p-.....UUID` for what is
about them.  Values in, values out; who may ask, and whom, is the node's.
Source: hl7.org/fhir/R4, search, http; hl7.fhir.uv.genomics-reporting 3.0.0, OperationDefinition of `OPERATIONS`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from starling._version import __version__
from starling.assessment import Assessment
from starling.errors import InputError
from starling.exchange.codes import Codes
from starling.exchange.fhir.bundle import resources
from starling.exchange.fhir.parts import Json, concept
from starling.formats.outside.content import fields_of, items_of, text_of

#: What is served of a person.
KINDS: Final = (
    "DiagnosticReport",
    "Device",
    "Observation",
    "Organization",
    "Patient",
    "Provenance",
    "Specimen",
    "Task",
)
#: What a search may name beside the patient.
SEARCHED: Final = ("_id", "category", "code")
_PARAMETERS: Final = {"patient": "reference", **dict.fromkeys(SEARCHED, "token")}
OPERATIONS: Final = (
    "find-population-tx-implications",
    "find-subject-haplotypes",
    "find-subject-specific-haplotypes",
    "find-subject-tx-implications",
)
_GUIDE: Final = "http://hl7.org/fhir/uv/genomics-reporting"


def of_person(assessment: Assessment, codes: Codes, patient: str) -> tuple[Json, ...]:
    """Everything about one person under its served ids.  `patient`: the pseudonym."""
    found = list(resources(assessment, codes))
    names = {
        f"urn:uuid:{each['id']}": patient if each["resourceType"] == "Patient" else f"{patient}.{each['id']}"
        for each in found
    }
    kinds = {f"urn:uuid:{each['id']}": str(each["resourceType"]) for each in found}
    return tuple({**fields_of(_moved(each, names, kinds)), "id": names[f"urn:uuid:{each['id']}"]} for each in found)


def _moved(value: object, names: Mapping[str, str], kinds: Mapping[str, str]) -> object:
    """The same with references as a server writes them."""
    if isinstance(value, dict):
        moved = {name: _moved(each, names, kinds) for name, each in value.items()}
        target = moved.get("reference")
        return {**moved, "reference": f"{kinds[target]}/{names[target]}"} if isinstance(target, str) else moved
    if isinstance(value, list):
        return [_moved(each, names, kinds) for each in value]
    return value


def owner_of(name: str) -> str:
    """Whose resource an id is of."""
    return name.partition(".")[0]


def read(found: Iterable[Json], kind: str, name: str) -> Json:
    """One resource.  Raises: InputError NOT_FOUND."""
    for each in found:
        if (each["resourceType"], each["id"]) == (kind, name):
            return each
    raise InputError("NOT_FOUND", "there is no such resource")


def search(found: Iterable[Json], kind: str, asked: Mapping[str, str]) -> Json:
    """A searchset.  Raises: InputError BAD_REQUEST on what cannot be searched by: it would give more than was asked."""
    unknown = sorted(asked.keys() - {*SEARCHED, "patient", "subject"})
    if unknown or kind not in KINDS:
        what = f"by {', '.join(unknown)[:80]}" if unknown else f"for {kind[:40]}"
        raise InputError("BAD_REQUEST", f"nothing is searched {what}; see /fhir/metadata")
    matching = (each for each in found if each["resourceType"] == kind)
    kept = [each for each in matching if all(_matches(each, name, asked[name]) for name in SEARCHED if name in asked)]
    entries = {"entry": [{"resource": each, "search": {"mode": "match"}} for each in kept]} if kept else {}
    return {"resourceType": "Bundle", "type": "searchset", "total": len(kept), **entries}


def _matches(resource: Json, name: str, wanted: str) -> bool:
    if name == "_id":
        return resource["id"] in wanted.split(",")
    held = resource.get(name)
    concepts = items_of(held) if isinstance(held, list) else [held]
    return any(_is_token(each, token) for each in concepts for token in wanted.split(","))


def _is_token(held: object, token: str) -> bool:
    """Whether a concept is what a token (`code`, `system|code`, `|code`) says."""
    system, separator, code = token.rpartition("|")
    return any(
        text_of(fields_of(each).get("code")) == code
        and (not separator or text_of(fields_of(each).get("system")) == system)
        for each in items_of(fields_of(held).get("coding"))
    )


# --- the operations of the guide --------------------------------------------------------------------------------------


def haplotypes(found: Sequence[Json], genes: Sequence[str]) -> Json:
    """`$find-subject-haplotypes`: for each gene what is known of it."""
    return _parameters(
        ("haplotypes", [{"name": "geneItem", "valueString": gene}, *_parts(_of_gene(found, gene))]) for gene in genes
    )


def specific_haplotypes(found: Sequence[Json], wanted: Sequence[str]) -> Json:
    """`$find-subject-specific-haplotypes`: whether a haplotype or genotype is there.

    `presence` is true where it was called, false where the gene was called otherwise without a doubt, and left out
    where nobody knows: what was not determined is not absent.
    """
    return _parameters(("haplotypes", _specific(found, each)) for each in wanted)


def _specific(found: Sequence[Json], wanted: str) -> list[Json]:
    plain = _plain(wanted.rpartition("|")[2])
    named = [each for each in _results(found) if _plain(_said(each)) == plain and each["status"] != "cancelled"]
    parts: list[Json] = [{"name": "haplotypeItem", "valueString": wanted}]
    of_gene = [each for each in _results(found) if plain.startswith(_plain(_gene(each)) or "-")]
    settled = of_gene and all(each["status"] == "final" and "note" not in each for each in of_gene)
    if named or settled:
        parts.append({"name": "presence", "valueBoolean": bool(named)})
    return [*parts, *_parts(named)]


def implications(found: Sequence[Json], treatments: Sequence[str], wanted: Sequence[str]) -> Json:
    """`$find-subject-tx-implications`: of these medicines, and of these haplotypes or genotypes; without any, all."""
    results = {str(each["id"]): each for each in _results(found)}
    plain = {_plain(each.rpartition("|")[2]) for each in wanted}
    kept = []
    for each in found:
        if not _has_profile(each, "therapeutic-implication") or (treatments and not _treats(each, treatments)):
            continue
        bases = [results[name] for name in _derived(each) if name in results]
        if not plain or plain & {_plain(_said(base)) for base in bases}:
            kept.append((each, bases))
    bases = list({str(base["id"]): base for _, several in kept for base in several}.values())
    return _parameters([*(("implication", each) for each, _ in kept), *((_kind(base), base) for base in bases)])


def population(numerator: Sequence[str], denominator: int, *, is_listed: bool) -> Json:
    """`$find-population-tx-implications`: how many, and who they are where that is asked for."""
    counts: list[Json] = [
        {"name": "numerator", "valueQuantity": {"value": len(numerator)}},
        {"name": "denominator", "valueQuantity": {"value": denominator}},
    ]
    who = numerator if is_listed else ()
    named: list[Json] = [{"name": "subject", "valueString": f"Patient/{each}"} for each in who]
    return _parameters([("implications", [*counts, *named])])


def calls_for_something(assessment: Assessment, drug: str) -> bool:
    """Whether the answer for a drug is anything but its usual use."""
    answers = [each for each in assessment.drugs if each.drug == drug]
    usual = {None, "standard", "no_recommendation"}
    return any(each.status == "advice" and each.headline_action not in usual for each in answers)


def _parameters(named: Iterable[tuple[str, object]]) -> Json:
    parts = [
        {"name": name, "part": value} if isinstance(value, list) else {"name": name, "resource": value}
        for name, value in named
    ]
    return {"resourceType": "Parameters", **({"parameter": parts} if parts else {})}


def _parts(found: Iterable[Json]) -> list[Json]:
    return [{"name": _kind(each), "resource": each} for each in found]


def _kind(resource: Json) -> str:
    return next(each for each in ("haplotype", "genotype", "variant") if _has_profile(resource, each))


def _results(found: Iterable[Json]) -> Iterator[Json]:
    for each in found:
        if _has_profile(each, "genotype") or _has_profile(each, "haplotype"):
            yield each


def _has_profile(resource: Json, profile: str) -> bool:
    named = items_of(fields_of(resource.get("meta")).get("profile"))
    return any(text_of(each).endswith(f"/{profile}") for each in named)


def _said(resource: Json) -> str:
    return text_of(fields_of(resource.get("valueCodeableConcept")).get("text"))


def _plain(text: str) -> str:
    return text.casefold().replace(" ", "").replace("_", "")


def _studied(resource: Json) -> object:
    """The gene of a result, as a concept."""
    components = items_of(resource.get("component"))
    return fields_of(components[0]).get("valueCodeableConcept") if components else None


def _gene(resource: Json) -> str:
    return text_of(fields_of(_studied(resource)).get("text"))


def _of_gene(found: Iterable[Json], gene: str) -> list[Json]:
    code = gene.rpartition("|")[2]
    return [each for each in _results(found) if _is_token(_studied(each), gene) or _gene(each) == code]


def _treats(implication: Json, treatments: Sequence[str]) -> bool:
    medicine = fields_of(items_of(implication.get("component"))[0]).get("valueCodeableConcept")
    name = text_of(fields_of(medicine).get("text"))
    return any(_is_token(medicine, each) or each.casefold() == name.casefold() for each in treatments)


def _derived(resource: Json) -> list[str]:
    targets = [text_of(fields_of(each).get("reference")) for each in items_of(resource.get("derivedFrom"))]
    return [target.rpartition("/")[2] for target in targets]


def capabilities(date: str) -> Json:
    """The CapabilityStatement: what can be read, searched and asked.  `date`: since when it is so."""
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": date,
        "kind": "instance",
        "software": {"name": "Starling", "version": __version__},
        "implementation": {"description": "Released pharmacogenetic results of one site; not a medical device"},
        "fhirVersion": "4.0.1",
        "format": ["json"],
        "implementationGuide": [f"{_GUIDE}/ImplementationGuide/hl7.fhir.uv.genomics-reporting"],
        "rest": [
            {
                "mode": "server",
                "security": {"service": [concept(None, "TLS 1.3 with a certificate of the node's authority")]},
                "resource": [
                    {
                        "type": served,
                        "interaction": [{"code": "read"}, {"code": "search-type"}],
                        "searchParam": [{"name": name, "type": kind} for name, kind in _PARAMETERS.items()],
                    }
                    for served in KINDS
                ],
                "operation": [
                    {"name": each, "definition": f"{_GUIDE}/OperationDefinition/{each}"} for each in OPERATIONS
                ],
            }
        ],
    }
