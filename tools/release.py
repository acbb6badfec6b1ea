"""Makes the release kit: everything that installs Starling where there is no network, and proof of what it is.

    packages/     the wheels and the source distribution of this tree
    wheelhouse/   the wheels of the extras for this Python and this platform, by the hashes of requirements/extras.txt
    sbom.cdx.json what is in the kit (CycloneDX 1.6)
    SHA256SUMS    of every file
    INSTALL.txt   what to type; the tests type it

The packages are the same bytes wherever they are made; the wheelhouse is that of the machine it was made on.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import platform
import re
import shutil
import subprocess
import sys
import uuid
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from email.message import Message
from email.parser import Parser
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
SBOM: Final = "sbom.cdx.json"
SUMS: Final = "SHA256SUMS"
EXAMPLE: Final = Path("src", "starling", "examples", "example.vcf")
KNOWLEDGE: Final = "starling/knowledge/starling.kb"
#: (folder of the tree, what is built there)
BUILDS: Final = ((".", "wheel"), (".", "sdist"), ("workshop", "wheel"))
#: our distributions: no package index is named for them, for none of them holds them
OWN: Final = frozenset({"starling-pgx", "starling-pgx-workshop"})

_INSTALL: Final = """\
Starling {version}: to install without a network
================================================

Needs Python 3.11 or newer with its `venv` module, and nothing else. Type the indented lines in the folder of this file.

1. Is the kit what it was when it was made?

    sha256sum --check --quiet {sums}

2. An environment of its own, and the program:

    python3 -m venv starling
    starling/bin/python -m pip install --no-index --find-links packages starling-pgx

3. Is it sound, and does it answer?

    starling/bin/starling doctor
    starling/bin/starling check clopidogrel example.vcf
"""
_EXTRAS: Final = """
4. Only where they are wanted, the extras (BCF files, dose models, cohorts; also ray, upstream), for Python {python} on
   {platform}, and synthetic patients:

    starling/bin/python -m pip install --no-index --find-links packages --find-links wheelhouse \\
        'starling-pgx[htslib,models,cohort]'
    starling/bin/python -m pip install --no-index --find-links packages starling-pgx-workshop
    starling/bin/starling doctor
"""
_END: Final = """
{sbom} lists every component with version, licence and digest. Starling is not a medical device.
"""


def make(target: Path, *, extras: bool) -> None:
    """The kit stands in `target`, which is emptied before.  Raises: CalledProcessError when a tool fails."""
    shutil.rmtree(target, ignore_errors=True)
    packages = target / "packages"
    packages.mkdir(parents=True)
    for folder, kind in BUILDS:
        _run([sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(packages)], ROOT / folder)
    shutil.copy(ROOT / EXAMPLE, target / "example.vcf")
    if extras:
        locked = ROOT / "requirements" / "extras.txt"
        download = ["pip", "--disable-pip-version-check", "download", "--quiet", "--only-binary", ":all:"]
        download += ["--require-hashes", "-d", str(target / "wheelhouse"), "-r", str(locked)]
        _run([sys.executable, "-m", *download], ROOT)
    (target / "INSTALL.txt").write_text(_install_text(_version(packages), extras=extras), encoding="utf-8")
    (target / SBOM).write_text(json.dumps(bill_of_materials(target), indent=2) + "\n", encoding="utf-8")
    (target / SUMS).write_text("".join(_sums(target)), encoding="utf-8")


def _run(command: Sequence[str], folder: Path) -> None:
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 -- the commands are ours


def _version(packages: Path) -> str:
    (wheel,) = packages.glob("starling_pgx-*.whl")
    return wheel.name.split("-")[1]


def _install_text(version: str, *, extras: bool) -> str:
    text = _INSTALL + (_EXTRAS if extras else "") + _END
    python = f"{sys.version_info[0]}.{sys.version_info[1]}"
    where = f"{platform.system()} {platform.machine()}"
    return text.format(version=version, sums=SUMS, python=python, platform=where, sbom=SBOM)


def _sums(target: Path) -> Iterator[str]:
    """A line for each file, as `sha256sum` reads it."""
    for path in sorted(path for path in target.rglob("*") if path.is_file()):
        yield f"{_sha256(path.read_bytes())}  {path.relative_to(target).as_posix()}\n"


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


# --- the bill of materials --------------------------------------------------------------------------------------------


def bill_of_materials(target: Path) -> dict[str, object]:
    """The components of the kit and what depends on what.  Source: CycloneDX 1.6, JSON.

    It holds no time of day: the serial number follows from the content.
    """
    wheels = sorted([*target.glob("packages/*.whl"), *target.glob("wheelhouse/*.whl")])
    metadata = {wheel: _metadata(wheel) for wheel in wheels}
    refs = {_plain(str(found["Name"])): _ref(found) for found in metadata.values()}
    (main,) = (wheel for wheel in wheels if _plain(str(metadata[wheel]["Name"])) == "starling-pgx")
    components = [_component(wheel, found) for wheel, found in metadata.items() if wheel != main]
    components.append(_knowledge(main))
    content = "".join(str(each["hashes"]) for each in components)
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, _sha256(main.read_bytes()) + content)}",
        "version": 1,
        "metadata": {"component": _component(main, metadata[main]) | {"type": "application"}},
        "components": components,
        "dependencies": [
            {"ref": _ref(found), "dependsOn": sorted(_needed(found, refs))} for found in metadata.values()
        ],
    }


def _metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (each for each in archive.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", each))
        return Parser().parsestr(archive.read(name).decode("utf-8"))


def _component(wheel: Path, metadata: Message) -> dict[str, object]:
    found: dict[str, object] = {
        "type": "library",
        "bom-ref": _ref(metadata),
        "name": str(metadata["Name"]),
        "version": str(metadata["Version"]),
        "purl": _ref(metadata),
        "hashes": [{"alg": "SHA-256", "content": _sha256(wheel.read_bytes())}],
    }
    licence = _licence(metadata)
    return found | ({"licenses": [licence]} if licence else {})


def _ref(metadata: Message) -> str:
    """A package URL; our own distributions are of no index."""
    name = _plain(str(metadata["Name"]))
    return f"pkg:{'generic' if name in OWN else 'pypi'}/{name}@{metadata['Version']}"


def _licence(metadata: Message) -> dict[str, object] | None:
    if metadata["License-Expression"]:
        return {"expression": str(metadata["License-Expression"])}
    stated = str(metadata["License"] or "").strip()
    classifiers = [str(each) for each in metadata.get_all("Classifier", []) if str(each).startswith("License ::")]
    name = stated if 0 < len(stated) < 80 and "\n" not in stated else "".join(classifiers[:1]).rpartition(" :: ")[2]
    return {"license": {"name": name}} if name else None


def _needed(metadata: Message, refs: Mapping[str, str]) -> set[str]:
    """What is in the kit of what a package may need; markers are not weighed, so it may say too much."""
    names = (re.match(r"[A-Za-z0-9._-]+", str(each)) for each in metadata.get_all("Requires-Dist", []))
    return {refs[_plain(name[0])] for name in names if name and _plain(name[0]) in refs}


def _knowledge(wheel: Path) -> dict[str, object]:
    """The knowledge base inside the wheel: data with a version of its own."""
    sys.path.insert(0, str(ROOT / "src"))
    from starling.knowledge.base import KnowledgeBase

    with KnowledgeBase.open(ROOT / "src" / KNOWLEDGE) as base, zipfile.ZipFile(wheel) as archive:
        return {
            "type": "data",
            "bom-ref": f"starling-knowledge@{base.stamp.version}",
            "name": "Starling knowledge base",
            "version": base.stamp.version,
            "description": f"as of {base.stamp.as_of}; content {base.stamp.sha256}",
            "hashes": [{"alg": "SHA-256", "content": _sha256(archive.read(KNOWLEDGE))}],
        }


def _plain(name: str) -> str:
    """The name as indexes compare it.  Source: PyPA specifications, "Names and normalization"."""
    return re.sub(r"[-_.]+", "-", name).lower()


def main() -> int:
    """Makes the kit and says where it is."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=ROOT / "build" / "release", metavar="DIR")
    parser.add_argument("--without-extras", action="store_true", help="no wheelhouse: nothing is fetched")
    arguments = parser.parse_args()
    make(arguments.output, extras=not arguments.without_extras)
    sys.stdout.write(f"{arguments.output}: start with INSTALL.txt\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
