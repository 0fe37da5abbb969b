"""The line on the model in the pair viewer, with a made model behind it."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from ftwidgets.widgets.pairs import PreferencePairs

from .pairs_bridge import Bridge
from .widget_page import OpenWidget

ROWS = [{"prompt": f"q{at}", "chosen": f"good {at}", "rejected": f"bad {at}"} for at in range(4)]
BEFORE = np.array([-1.0, 1.0, -1.0, np.nan])
AFTER = np.array([1.0, -2.0, -1.0, np.nan])


class MadeEyes:
    """As ftwidgets.ModelEyes, for whom time stands still."""

    total = 4
    error: str | None = None

    def __init__(self, viewer: PreferencePairs) -> None:
        self.viewer = viewer
        self.done = 0
        self.accuracy = {"before": 1 / 3, "after": 1 / 3}
        self.turned = {"right": 1, "wrong": 1, "still wrong": 1}
        self.cancelled = False
        viewer.on_tokens(lambda row_id, row: {"chosen": [("go", 0.5), ("od", -2.0)], "rejected": [("bad", None)]})
        viewer.seeing.watch(self)

    def go_on(self, done: int) -> None:
        self.done = done
        seen = np.arange(4) < done
        self.viewer.set_scores(
            {"margin before": np.where(seen, BEFORE, np.nan), "margin after": np.where(seen, AFTER, np.nan)}
        )
        self.viewer.seeing.changed(self, ended=done == self.total or self.cancelled)

    def cancel(self) -> None:
        self.cancelled = True


@pytest.fixture
def bridge(widget_page: OpenWidget) -> Any:
    viewer = PreferencePairs(ROWS)
    made: list[MadeEyes] = []
    viewer.seeing.offer(lambda: made.append(MadeEyes(viewer)))
    bridge = Bridge(widget_page, viewer)
    bridge.settle()
    bridge.made = made  # type: ignore[attr-defined]
    yield bridge
    viewer.close()


def test_from_the_button_to_what_turned(bridge: Any) -> None:
    strip = bridge.root.get_by_role("group", name="Model", exact=True)
    strip.get_by_role("button", name="See with the model").click()
    bridge.until(lambda: strip.get_by_role("progressbar").count())
    (eyes,) = bridge.made
    eyes.go_on(2)
    bridge.until(lambda: "2 of 4" in strip.inner_text())
    eyes.go_on(4)
    bridge.until(lambda: "33 % before" in strip.inner_text())
    assert strip.get_by_role("progressbar").count() == 0
    press: Callable[[str], None] = lambda name: strip.get_by_role("button", name=name).click()  # noqa: E731
    for name, rows in (("turned right", ["#0"]), ("turned wrong", ["#1"]), ("still wrong", ["#2"])):
        press(name)
        bridge.until(lambda rows=rows: bridge.rows == rows)
        assert "margin after" in bridge.root.locator(".ftw-chip").last.inner_text()
    press("still wrong")
    bridge.until(lambda: len(bridge.rows) == 4)
    bridge.root.get_by_role("button", name="Model eyes").click()
    bridge.until(lambda: bridge.root.locator(".ftw-token").count() == 3)
    assert bridge.root.locator(".ftw-token").nth(1).get_attribute("title") == "log-ratio −2"


def test_a_stop_keeps_what_is_known_and_one_may_go_on(bridge: Any) -> None:
    strip = bridge.root.get_by_role("group", name="Model", exact=True)
    strip.get_by_role("button", name="See with the model").click()
    bridge.until(lambda: bridge.made)
    bridge.made[0].go_on(1)
    bridge.until(lambda: "1 of 4" in strip.inner_text())
    strip.get_by_role("button", name="Stop").click()
    bridge.until(lambda: bridge.made[0].cancelled)
    bridge.made[0].go_on(1)
    bridge.until(lambda: "1 of 4 pairs seen" in strip.inner_text())
    strip.get_by_role("button", name="Go on").click()
    bridge.until(lambda: len(bridge.made) == 2)
    bridge.made[1].error = "The model is <b>gone</b>"
    bridge.made[1].cancelled = True
    bridge.made[1].go_on(1)
    bridge.until(lambda: "✗ The model is <b>gone</b>" in strip.inner_text())
