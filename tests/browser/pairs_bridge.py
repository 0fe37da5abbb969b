"""A real pair viewer behind its bundle in a blank page: what the page sends is handed to it, and its answers back."""

import queue
import time
from collections.abc import Callable
from typing import Any

from ftwidgets.widgets.pairs import PreferencePairs
from tests.patience import PATIENCE

from .widget_page import OpenWidget, WidgetPage

# What was to be drawn is drawn, and has asked the kernel for what came into sight.
DRAWN = "() => new Promise(done => requestAnimationFrame(() => setTimeout(done)))"


class Bridge:
    """`until` carries messages to and fro until something is as it should be."""

    def __init__(self, open_widget: OpenWidget, viewer: PreferencePairs, **page: Any) -> None:
        self.viewer = viewer
        self._out: queue.Queue[dict[str, Any]] = queue.Queue()
        self._carried = 0
        viewer.send = lambda content, buffers=None: self._out.put(content)  # type: ignore[method-assign]
        self.widget: WidgetPage = open_widget("pairs", {"height": viewer.height}, **page)
        self.page = self.widget.page
        self.root = self.widget.view.locator(".ftw-pairs")
        self.until(lambda: viewer._linting.state == "done" and self.root.get_by_role("listbox").count() == 1)

    @property
    def asked(self) -> list[dict[str, Any]]:
        return [message.content for message in self.widget.sent]

    def carry(self) -> None:
        """One turn: what the page has sent goes to the viewer, what the viewer has told goes to the page."""
        sent = self.page.evaluate("from => window.fake.model.sent.slice(from).map(m => m.content)", self._carried)
        self._carried += len(sent)
        for content in sent:
            self.viewer._handle_custom_msg(content, [])
        try:
            told = [self._out.get(timeout=0.02)]
            while True:
                told.append(self._out.get_nowait())
        except queue.Empty:
            pass
        for content in told if "told" in locals() else ():
            self.widget.send(content)

    def until(self, wanted: Callable[[], Any]) -> Any:
        end = time.monotonic() + PATIENCE
        while True:
            self.carry()
            found = wanted()
            if found:
                return found
            assert time.monotonic() < end, f"it never came to be; the page shows:\n{self.root.inner_text()[:3000]}"

    def settle(self) -> None:
        """Until the page has nothing left to ask and no job goes on."""
        quiet, end = 0, time.monotonic() + PATIENCE
        while quiet < 2:  # twice: what was told in the first round may be asked about in the second
            assert time.monotonic() < end, f"it never comes to rest; asked last: {self.asked[-5:]}"
            before = self._carried
            self.page.evaluate(DRAWN)
            self.carry()
            busy = any(self.viewer._jobs._running.values()) or self._carried != before or not self._out.empty()
            quiet = 0 if busy else quiet + 1

    def press(self, *keys: str) -> None:
        """Keys one after the other, each answered before the next."""
        for key in keys:
            self.page.keyboard.press(key)
            self.settle()

    @property
    def rows(self) -> list[str]:
        """The row ids in the list, of the rows that exist in the page, from the top."""
        read = "rows => rows.map(row => [Number(row.dataset.index), row.querySelector('.ftw-id')?.textContent ?? '…'])"
        return [row_id for _, row_id in sorted(self.root.locator(".ftw-row").evaluate_all(read))]

    @property
    def shown(self) -> str:
        """Row id of the pair in sight."""
        return self.root.locator(".ftw-detail-head > b").inner_text()
