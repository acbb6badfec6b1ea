"""Validates resources with pyrofile against the archive of Genomics Reporting: one resource a line, one list a line.

python validate_pyrofile.py FOLDER-OF-THE-GUIDE SCRATCH-FOLDER
"""

from __future__ import annotations

import contextlib
import io
import json
import re
import sys
from pathlib import Path

from pyrofile_validator import Validator
from pyrofile_validator.config import ValidatorConfig

#: the place in a list, which says nothing of what is wrong
INDEX = re.compile(r"\[[0-9]+\]")


def main(guide: str, scratch: str) -> None:
    config = ValidatorConfig.load_dict(
        {
            "fhirVersion": "4.0.1",
            "localPackagePaths": [guide],
            "packageCacheDir": str(Path(scratch, "cache")),
            "evidenceOutputDir": str(Path(scratch, "evidence")),
            "terminology": {"mode": "local"},
        }
    )
    validator = Validator(config)
    for line in sys.stdin:
        with contextlib.redirect_stdout(io.StringIO()):  # it traces there
            report = validator.validate_resource(json.loads(line))
        found = {told(issue.code, issue.path or "", issue.message) for issue in report.errors}
        print(json.dumps(sorted(found)), flush=True)


def told(code: str, path: str, message: str) -> str:
    """What is wrong where; of a code that no value set holds also which."""
    what = message.split(" is not in ")[0] if code.startswith("terminology.") else ""
    return " ".join(filter(None, (code, "@", INDEX.sub("", path), what)))


if __name__ == "__main__":
    main(*sys.argv[1:])
