"""Fetches the packages of tools/npm.txt with `npm pack`, believes them by their digest alone, and unpacks them.

    python tools/npm.py FOLDER

Nothing of a package is run, and none of its dependencies is fetched.  Never an error for a missing npm by itself: the
tests that need it are then skipped, or fail where CI is set.
"""

from __future__ import annotations

import base64
import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

LIST = Path(__file__).resolve().with_name("npm.txt")
#: what marks a package as unpacked, with the digest of its archive
STAMP = ".digest"


def main(folder: Path) -> int:
    """Every package lies unpacked under `folder`; 1 when one is not what the list says."""
    rows = LIST.read_text(encoding="utf-8").splitlines()
    lines = [row.split() for row in rows if row and not row.startswith("#")]
    missing = [each for each in lines if not is_there(folder / each[0], each[2])]
    npm = shutil.which("npm")
    if missing and npm is None:
        sys.stderr.write("npm is not installed; tests that validate FHIR are skipped, or fail where CI is set\n")
        return 0
    for name, version, digest in missing:
        assert npm is not None, "asked above"
        if not fetch(npm, f"{name}@{version}", digest, folder / name):
            return 1
    return 0


def is_there(package: Path, digest: str) -> bool:
    """Whether the package was unpacked from the archive with this digest."""
    stamp = package / STAMP
    return stamp.is_file() and stamp.read_text(encoding="utf-8") == digest


def fetch(npm: str, wanted: str, digest: str, target: Path) -> bool:
    """The package lies at `target`; False, with a line that says why, when it cannot be had or is another."""
    with tempfile.TemporaryDirectory() as scratch:
        command = [npm, "pack", wanted, "--silent", "--ignore-scripts", "--pack-destination", scratch]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 -- our own list
        archives = list(Path(scratch).glob("*.tgz"))
        if done.returncode or len(archives) != 1:
            sys.stderr.write(f"{wanted}: npm could not fetch it; tests that need it are skipped, or fail in CI\n")
            return True
        content = archives[0].read_bytes()
        found = "sha512-" + base64.b64encode(hashlib.sha512(content).digest()).decode("ascii")
        if found != digest:
            sys.stderr.write(f"{wanted}: its digest is {found}, the list says {digest}\n")
            return False
        shutil.rmtree(target, ignore_errors=True)
        with tarfile.open(archives[0]) as archive:
            archive.extractall(Path(scratch, "unpacked"), filter="data")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(Path(scratch, "unpacked", "package"), target)
    (target / STAMP).write_text(digest, encoding="utf-8")
    return True


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
