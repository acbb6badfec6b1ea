"""The certificate of the device is renewed under load: nobody is refused, and nobody is shown half of a pair."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import httpx
import pytest

from starling.node import administration
from starling.trust.certificates import identity_of
from tests.node.devices import PATIENCE, Device, serving, trusting
from tests.node.test_process import shown

#: callers at a time; renewals while they call
CALLERS, RENEWALS = 3, 4


def test_a_renewed_certificate_is_for_the_names_that_were_added(copied: Path) -> None:
    """Whatever name it had before, it keeps."""
    (copied / "settings.toml").write_text('names = "ward-3.example, 10.1.2.3"\n', encoding="utf-8")
    administration.renew(copied, days=3)
    content = (copied / "device.pem").read_bytes()
    hosts = identity_of(content[content.index(b"-----BEGIN CERTIFICATE") :]).hosts
    assert set(hosts) == {"localhost", "127.0.0.1", "ward-3.example", "10.1.2.3"}


def calling(device: Device, ended: Event) -> tuple[int, int]:
    """(new connections, requests over one that stays), of which every one was answered."""
    context = trusting(device.folder)
    new = kept = 0
    with httpx.Client(base_url=device.address, verify=context, timeout=PATIENCE) as stays:
        while not ended.is_set():
            with httpx.Client(base_url=device.address, verify=context, timeout=PATIENCE) as once:
                new += once.get("/livez").status_code == 200
            kept += stays.get("/livez").status_code == 200
    return new, kept


@pytest.mark.parametrize("renewals", [RENEWALS, pytest.param(200, marks=pytest.mark.exhaustive)])
def test_the_certificate_is_renewed_under_load_and_nobody_is_refused(copied: Path, renewals: int) -> None:
    ended = Event()
    (copied / "settings.toml").write_text("requests_per_minute = 6000000\n", encoding="utf-8")
    with serving(copied) as device, ThreadPoolExecutor(CALLERS) as threads:
        calls = [threads.submit(calling, device, ended) for _ in range(CALLERS)]
        try:
            for days in range(1, renewals + 1):
                ends = administration.renew(copied, days=days)
                device.serving.renew()
                assert shown(copied, device.address) == ends.replace(microsecond=0)
        finally:
            ended.set()
        with device.client("prescriber") as known:
            assert known.get("/v1/knowledge").status_code == 200, "who shows a certificate is still known by it"
        counts = [each.result(PATIENCE) for each in calls]
    assert min(min(each) for each in counts) > 0
