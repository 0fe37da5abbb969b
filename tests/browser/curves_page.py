"""The curves bundle in a page, with the real stream of the Python side behind it."""

import re
from collections.abc import Sequence
from typing import Any

from playwright.sync_api import Locator

from ftwidgets.widgets.stream import INTERVAL, Stream

from .widget_page import OpenWidget, WidgetPage

TRAITS: dict[str, object] = {"view": {}, "selectable": True, "heading": True, "saved": {}}


class CurvesPage:
    """A page that shows `runs`. `answer()` plays the kernel: it hears what the page said and sends what is new."""

    def __init__(self, open_widget: OpenWidget, runs: Sequence[Any], answer: bool = True, **options: Any) -> None:
        self.runs = runs
        traits = TRAITS | options.pop("traits", {})
        self.widget: WidgetPage = open_widget("curves", traits, **options)
        self.page = self.widget.page
        self.now = 0.0  # the stream's clock: with every answer it may send again
        self.stream = Stream(runs, self.widget.send, clock=lambda: self.now)
        self._heard = 0
        if answer:
            self.widget.wait_for_sent("ready")
            self.answer()

    def answer(self) -> None:
        self.now += 1.1 * INTERVAL
        sent = self.widget.sent
        for message in sent[self._heard :]:
            if message.content["type"] == "ready":
                self.stream.ready(message.content["have"])
            elif message.content["type"] == "ack":
                self.stream.alive(message.content["have"])
        self._heard = len(sent)
        self.stream.changed()
        self.frame()

    def frame(self) -> None:
        """Wait until what was asked for is drawn."""
        self.page.evaluate(
            """async () => {
              const next = () => new Promise(done => requestAnimationFrame(done));
              do { await next(); await next(); } while (document.querySelector('.ftw-curves[data-pending]'));
            }"""
        )

    def panel(self, name: str) -> Locator:
        return self.widget.view.locator(f"[data-panel='{name}']")

    @property
    def panels(self) -> list[str]:
        found: list[str] = self.widget.view.locator(".ftw-curves-panel").evaluate_all(
            "all => all.map(e => e.dataset.panel)"
        )
        return found

    def value(self, metric: str, what: str = "exact") -> float:
        """The number beside a metric's name, to its last digit."""
        found = self.widget.view.locator(f"[data-metric='{metric}'] .ftw-curves-value").get_attribute(f"data-{what}")
        return float(found or "nan")

    @property
    def readout(self) -> str:
        return self.widget.view.locator(".ftw-curves-where").inner_text()

    def at(self, name: str, across: float, down: float = 0.5) -> tuple[float, float]:
        """A place over a panel's curves, in parts of their width and height, as page coordinates."""
        over = self.panel(name).locator(".ftw-curves-over")
        over.scroll_into_view_if_needed()
        box = over.bounding_box()
        assert box is not None
        return box["x"] + across * box["width"], box["y"] + down * box["height"]

    def hover(self, name: str, across: float, down: float = 0.5) -> None:
        self.page.mouse.move(*self.at(name, across, down))
        self.frame()

    def drag(self, name: str, start: float, stop: float, key: str = "") -> None:
        """Drag over a panel from one part of its width to another, with a key held."""
        if key:
            self.page.keyboard.down(key)
        self.page.mouse.move(*self.at(name, start))
        self.page.mouse.down()
        self.page.mouse.move(*self.at(name, stop), steps=4)
        self.page.mouse.up()
        if key:
            self.page.keyboard.up(key)
        self.frame()

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)
            self.frame()

    def steps_in_view(self, name: str) -> tuple[int, int]:
        """First and last step that the pointer reads in a panel."""
        ends = []
        for across in (0.0005, 0.9995):
            self.hover(name, across)
            step = re.search(r"step ([\d\u2009]+)", self.readout)
            assert step, self.readout
            ends.append(int(step[1].replace("\u2009", "")))
        return ends[0], ends[1]
