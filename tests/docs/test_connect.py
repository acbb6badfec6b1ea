"""The program of the page on interfaces sends a message to a node over the wire, and prints what the page says."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

from starling.node.founding import found
from starling.node.settings import TABLE
from tests.conftest import ROOT
from tests.node.devices import serving
from tests.node.interfaces import free_port

PAGE = (ROOT / "docs" / "how-to" / "connect-an-interface.md").read_text(encoding="utf-8")


def block(kind: str) -> str:
    (only,) = re.findall(rf"^```{kind}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return str(only)


def test_the_message_of_the_page_is_acknowledged_as_the_page_says(tmp_path: Path) -> None:
    port = free_port()
    found(tmp_path / "ward-3", settings={"site": "ward-3", "exchange_mllp_port": port})
    (tmp_path / "send.py").write_text(block("python"), encoding="utf-8")
    with serving(tmp_path / "ward-3") as device:
        own = device.certificate(tmp_path / "lis.pem", "laboratory", site="ward-3", name="lis")
        done = subprocess.run(
            [sys.executable, tmp_path / "send.py", str(port), own, device.folder / "ca.pem"],
            capture_output=True, text=True, check=True, timeout=60,
        )  # fmt: skip
        jobs = device.node.records.jobs("ward-3", limit=9)
    said, shown = done.stdout.split(), block("text").split()
    assert said[-1] == shown[-1] == "MSA|AA|MSG-0001"
    assert [len(said[0].split("|")), said[0][:35]] == [len(shown[0].split("|")), shown[0][:35]]
    assert [job.specimen for job in jobs] == ["EDTA-9"]


def test_the_settings_of_the_page_are_settings() -> None:
    stated = tomllib.loads(block("toml"))["exchange"]
    assert {f"exchange_{name}" for name in stated} <= {each.name for each in TABLE}
