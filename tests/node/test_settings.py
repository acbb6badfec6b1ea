"""One table of settings: what it does not allow is one clear line."""

from __future__ import annotations

from pathlib import Path

import pytest

from starling.errors import InputError
from starling.node.settings import TABLE, read_settings, written
from starling.trust.events import action_of
from tests.node.devices import serving


def test_a_written_file_explains_every_setting_and_states_the_defaults(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(written({"site": 'ward "3"', "port": 0}), encoding="utf-8")
    read = read_settings(path)
    assert (read.site, read.port) == ('ward "3"', 0)
    defaults = {each.name: each.default for each in TABLE if each.name not in {"site", "port"}}
    assert defaults.items() <= read.stated().items()
    assert [each.name for each in TABLE if each.help not in path.read_text(encoding="utf-8")] == []


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("prot = 1", "there is no setting prot"),
        ('port = "1"', "port is a int"),
        ("port = true", "port is a int"),
        ("session_minutes = 0", "at least 1"),
        ('cipher = "rot13"', "one of aes256, aegis, chacha20"),
        ("port = ", "cannot be read"),
    ],
)
def test_what_the_table_does_not_allow_is_refused(tmp_path: Path, line: str, said: str) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(line, encoding="utf-8")
    with pytest.raises(InputError, match=said) as refused:
        read_settings(path)
    assert refused.value.code == "BAD_SETTING"
    assert "\n" not in refused.value.message


def test_settings_cannot_be_changed(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text("", encoding="utf-8")
    with pytest.raises(AttributeError):
        read_settings(path).port = 1


def test_attack_settings_that_are_changed_on_the_disk_stand_in_the_log_at_the_next_start(copied: Path) -> None:
    changed = 'session_minutes = 720\nwitness = ""\n'
    events = []
    for _ in range(2):  # it is said once
        (copied / "settings.toml").write_text(changed, encoding="utf-8")
        with serving(copied) as device:
            events = [each for each in device.events() if action_of(each) == "settings.write"]
    details = [one["valueString"] for each in events for one in each["entity"][0]["detail"] if one["type"] == "changed"]
    assert details == ["session_minutes: 15 -> 720"]
