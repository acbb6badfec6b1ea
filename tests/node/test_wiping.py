"""A node that was stolen reports once more, and then nothing in it can be read by anybody."""

from __future__ import annotations

import errno
import json
import shutil
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from starling.errors import InputError, TrustError
from starling.node.backup import back_up
from starling.node.layout import Layout
from starling.node.obeying import Obeying
from starling.node.opening import opened, unsealed
from starling.node.restoring import restore
from starling.node.wiping import PURPOSE, is_wipe, node_id, wipe
from starling.trust.keys import public_pem, read_public_key
from starling.trust.signature import new_key, sign
from tests import commands
from tests.node.devices import PATIENCE, serving
from tests.simulators.hub import hub


def order(folder: Path, node: str, key: str = "hub", purpose: str = PURPOSE, at: str = "2026-05-28T10:00:00Z") -> bytes:
    said = f"starling.order/1\nwipe {node} {at}\n".encode()
    return said + sign(folder / f"{key}.key", purpose, said, password=bytes).text()


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """Keys of the hub and of somebody else."""
    for name in ("hub", "other"):
        private, public = new_key()
        (tmp_path / f"{name}.key").write_bytes(private)
        (tmp_path / f"{name}.pub").write_text(public_pem(public), encoding="utf-8")
    return tmp_path


def test_the_hubs_order_destroys_the_keys_and_ends_the_node(copied: Path, keys: Path, tmp_path: Path) -> None:
    back_up(copied, tmp_path / "kept.tar")
    shutil.copy(copied / "file.key", tmp_path / "kept.key")
    (tmp_path / "share").mkdir()
    (tmp_path / "share" / "here.txt").write_text("a list", encoding="utf-8")
    (copied / "inbox" / "dropped.vcf").write_text("##fileformat=VCF", encoding="utf-8")
    with hub(tmp_path, errors=0.0, lost=0.0) as (server, address, _):
        settings = {"hub": address, "hub_authority": tmp_path / "hub.pem", "hub_key": keys / "hub.pub"}
        settings |= {"emergency_list": tmp_path / "share"}
        (copied / "settings.toml").write_text(
            "".join(f'{name} = "{value}"\n' for name, value in settings.items()), encoding="utf-8"
        )
        with opened(copied) as node:
            id_ = node_id(node.log)
        server.answer = order(keys, id_)
        with serving(copied) as device:
            ended = device.serving._server
            for _ in range(PATIENCE * 20):
                if ended.should_exit and any("wiped" in each["data"] for each in [*server.events.values()]):
                    break
                Event().wait(0.05)
            assert ended.should_exit
    told = [each for each in server.events.values() if "wiped" in each["data"]]
    assert [each["data"]["wiped"] for each in told] == [id_] and "starling.node/audit" in json.dumps(told)
    left = {path.relative_to(copied).as_posix() for path in copied.rglob("*") if path.is_file()}
    assert not left & {"store.key", "file.key", "inbox/dropped.vcf", "clients/prescriber.pem"}
    assert "wiped" in left and not (tmp_path / "share" / "here.txt").exists()
    run = commands.run("node", "run", copied, "--port", "0")
    assert (run.code, run.err.endswith("[NODE_WIPED]\n")) == (7, True)
    shutil.copy(tmp_path / "kept.key", copied / "file.key")  # the thief's copy of it opens nothing
    assert commands.run("node", "list", copied).err.endswith("[NODE_WIPED]\n")
    assert not (copied / "file.key").exists()
    with pytest.raises(InputError, match="cannot be read"):
        restore(tmp_path / "kept.tar", copied, key=tmp_path / "kept.key")
    restore(tmp_path / "kept.tar", copied, key=tmp_path / "kept.key", over="found again")
    with opened(copied) as node:
        assert node.log.verify().sound


def test_attack_orders_that_are_not_the_hubs_or_not_for_this_node(copied: Path, keys: Path) -> None:
    public = read_public_key(keys / "hub.pub")
    with unsealed(copied) as (_, _, _, own):
        id_ = node_id(own)
        good = order(keys, id_)
        assert is_wipe(good, public, own)
        wrong = [
            order(keys, id_, key="other"), order(keys, id_, purpose="model"), order(keys, "0" * 32),
            good[:-1], good + b"\n", good.replace(b"wipe", b"wine"), good.replace(b"2026", b"2027"), b"", b"{}",
            good.partition(b"starling.signature")[0],
        ]  # fmt: skip
        assert [each for each in wrong if is_wipe(each, public, own)] == []


def test_an_order_that_is_refused_is_in_the_log_and_nothing_is_touched(
    copied: Path, keys: Path, tmp_path: Path
) -> None:
    with hub(tmp_path, errors=0.0, lost=0.0) as (server, address, _):
        text = f'hub = "{address}"\nhub_authority = "{tmp_path / "hub.pem"}"\n'
        (copied / "settings.toml").write_text(text, encoding="utf-8")  # no key: no order is obeyed
        with opened(copied) as node:
            server.answer = order(keys, node_id(node.log))
        with serving(copied) as device:
            for _ in range(PATIENCE * 20):
                if any(each["subtype"][0]["code"] == "node.wipe" for each in device.events()):
                    break
                Event().wait(0.05)
            refused = next(each for each in device.events() if each["subtype"][0]["code"] == "node.wipe")
            assert refused["outcome"] == "4" and not device.serving._server.should_exit
    assert (copied / "store.key").exists() and not (copied / "wiped").exists()
    (copied / "settings.toml").write_text(text + 'hub_key = "/nowhere"\n', encoding="utf-8")
    assert commands.run("node", "run", copied, "--port", "0").err.endswith("[BAD_SETTING]\n")


def test_killed_while_it_is_wiped_the_next_start_finishes_it(copied: Path, tmp_path: Path) -> None:
    (tmp_path / "share" / ".starling-0123456789abcdef.part").mkdir(parents=True)
    lists = [tmp_path / "share" / each for each in ("here.txt", "here.html", ".starling-0123456789abcdef.part/part")]
    for each in lists:
        each.write_text("a list in plain text", encoding="utf-8")
    (copied / "settings.toml").write_text(f'emergency_list = "{tmp_path / "share"}"\n', encoding="utf-8")
    (copied / "wiped").write_text("by order", encoding="utf-8")
    with pytest.raises(TrustError, match="wiped by order"), opened(copied):
        pass
    assert not (copied / "store.key").exists() and not (copied / "file.key").exists()
    assert not any(map(Path.exists, lists))
    wipe(Layout(copied))  # again


def test_attack_a_node_that_was_set_aside_is_wiped_as_well(copied: Path, tmp_path: Path) -> None:
    back_up(copied, tmp_path / "kept.tar")
    aside = restore(tmp_path / "kept.tar", copied, over="once more").aside
    assert aside is not None and (aside / "file.key").exists()
    (tmp_path / "node.set-aside-old").mkdir()
    (tmp_path / "node.set-aside-old" / "file.key").write_bytes(b"somebody else's")
    wipe(Layout(copied))
    assert not {"store.key", "file.key", "clients"} & {path.name for path in aside.iterdir()}
    assert (tmp_path / "node.set-aside-old" / "file.key").exists()


def test_attack_a_full_disk_keeps_no_key(
    copied: Path, keys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (copied / "settings.toml").write_text(f'hub_key = "{keys / "hub.pub"}"\n', encoding="utf-8")
    with opened(copied) as node:
        node.records.connection.pragma("query_only", 1)  # the store takes nothing more
        node.log.witness = copied / "nowhere" / "checkpoint"
        room = iter([OSError(errno.ENOSPC, "No space left on device")])
        write_text = Path.write_text

        def full_once(path: Path, *given: Any, **named: Any) -> int:
            for error in room:
                raise error
            return write_text(path, *given, **named)

        monkeypatch.setattr(Path, "write_text", full_once)
        stopped: list[str] = []
        Obeying(node, lambda _: None, lambda: stopped.append("stopped"))(order(keys, node_id(node.log)))
    assert stopped == ["stopped"] and "could not be recorded (ReadOnlyError)" in capfd.readouterr().err
    assert not (copied / "store.key").exists() and not (copied / "file.key").exists() and (copied / "wiped").exists()


def test_attack_an_old_order_is_told_again_to_a_node_that_was_restored(
    copied: Path, keys: Path, tmp_path: Path
) -> None:
    back_up(copied, tmp_path / "kept.tar")
    restore(tmp_path / "kept.tar", copied, over="found again")
    (copied / "settings.toml").write_text(f'hub_key = "{keys / "hub.pub"}"\n', encoding="utf-8")
    stopped: list[str] = []
    with opened(copied) as node:
        obeying = Obeying(node, lambda _: None, lambda: stopped.append("stopped"))
        obeying(order(keys, node_id(node.log)))
        _, last = node.log.events(limit=1)[0]
        assert (last["subtype"][0]["code"], last["outcome"]) == ("node.wipe", "4")
        assert (copied / "store.key").exists() and not stopped
        obeying(order(keys, node_id(node.log), at="2999-01-01T00:00:00Z"))
    assert not (copied / "store.key").exists() and stopped
