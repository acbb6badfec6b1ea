"""A node that was away, and clocks that moved meanwhile."""

from __future__ import annotations

import pytest

from starling.node.dormancy import Sighting, Waking, waking

DAY = 86_400
LAST = Sighting(wall_s=1_000 * DAY, boot_s=5 * DAY, boot="a")


@pytest.mark.parametrize(
    ("days", "boot_days", "boot", "expected"),
    [
        pytest.param(1, 1, "a", Waking.AWAKE, id="running"),
        pytest.param(31, 31, "a", Waking.DORMANT, id="suspended-too-long"),
        pytest.param(30, -4, "b", Waking.AWAKE, id="off-just-as-long-as-allowed"),
        pytest.param(31, -4, "b", Waking.DORMANT, id="off-too-long"),
        pytest.param(-1, -4, "b", Waking.CLOCK_BACK, id="set-back-while-off"),
        pytest.param(1, 40, "a", Waking.CLOCK_BACK, id="set-back-to-hide-an-absence"),
        pytest.param(9, 1, "a", Waking.CLOCK_FORWARD, id="set-forward-while-running"),
        pytest.param(1 + 60 / DAY, 1, "a", Waking.AWAKE, id="set-by-the-network"),
    ],
)
def test_what_the_times_say(days: float, boot_days: float, boot: str, expected: Waking) -> None:
    now = Sighting(LAST.wall_s + days * DAY, LAST.boot_s + boot_days * DAY, boot)
    assert waking(LAST, now, longest_absence_s=30 * DAY) is expected


def test_only_a_node_awake_goes_on_alone() -> None:
    assert [each for each in Waking if not each.needs_administrator] == [Waking.AWAKE]
