"""What the page on CDS Hooks shows works as it stands: a node is made, an EHR signs its calls, a card is printed."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

from starling.node.hook_clients import read_clients
from tests.conftest import ROOT
from tests.docs.test_how_to import execute
from tests.node.devices import serving

PAGE = (ROOT / "docs" / "how-to" / "cds-hooks.md").read_text(encoding="utf-8")


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_an_ehr_asks_as_the_page_says(tmp_path: Path) -> None:
    made, counted = blocks("sh")
    execute(made.strip(), tmp_path)
    (script,) = blocks("python")
    (tmp_path / "ask.py").write_text(script, encoding="utf-8")
    with serving(tmp_path / "demo") as device:
        done = subprocess.run(
            [sys.executable, "ask.py", device.address], cwd=tmp_path, capture_output=True, text=True, check=True
        )
    assert done.stdout == blocks("text")[0]
    execute(counted.strip(), tmp_path)


def test_the_settings_and_the_clients_of_the_page_are_read(tmp_path: Path) -> None:
    settings, clients = blocks("toml")
    assert tomllib.loads(settings) == {"exchange": {"demo_trust": True}}
    path = tmp_path / "clients.toml"
    path.write_text(clients, encoding="utf-8")
    (client,) = read_clients(str(path), demonstration=None)
    assert (client.name, client.fhir) == ("ward EHR", ("https://ehr.hospital.example/fhir",))
    assert client.authority == str(tmp_path / "hospital-ca.pem")
