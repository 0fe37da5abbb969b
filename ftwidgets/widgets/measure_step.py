"""Measure one step: the button beside the memory bar, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets as w

from ftwidgets.config import RunConfig
from ftwidgets.errors import FtwidgetsError
from ftwidgets.memory import OutOfMemoryError, gb
from ftwidgets.widgets.background import UnderWay
from ftwidgets.widgets.text import paragraph, safe

ASK = "Measure one step"
ASK_HELP = "Take one real step on the longest batch: memory and time, measured. No run is made"
CANCEL = "Cancel"
CANCEL_HELP = "End the measurement; nothing of it stays"
BEFORE = "Before the last change: "


class MeasureStep(w.VBox):
    """What a real step took, and ``button``, which starts and cancels it and stands elsewhere.

    Args:
        begin: Starts to measure a config.
        accept: Called with options that would fit, when the person takes them after memory ran out.
        changed: Called when a measurement begins or ends.
    """

    def __init__(
        self,
        begin: Callable[[RunConfig], UnderWay],
        accept: Callable[[dict[str, Any]], None],
        changed: Callable[[], None],
    ):
        self._begin, self._accept, self._changed = begin, accept, changed
        self._config: RunConfig | None = None
        self._measured: RunConfig | None = None
        self._now: UnderWay | None = None
        self._said = ""
        self.button = w.Button(description=ASK, icon="tachometer", tooltip=ASK_HELP, disabled=True)
        self.button.on_click(lambda _: self._press())
        self.text = paragraph(kind="measured")
        self._take = w.HBox()
        super().__init__([self.text, self._take])
        self._say("")

    @property
    def busy(self) -> bool:
        """Whether a step is being measured."""
        return self._now is not None

    def offer(self, config: RunConfig | None, free: bool = True) -> None:
        """Offer to measure ``config``; ``free=False`` while a run has the device."""
        if config is not None:
            self._config = config
        self.button.disabled = not self.busy and (config is None or not free)
        if self._said and not self.busy and self._measured is not None and config != self._measured:
            self.text.value = safe(BEFORE + self._said)
            self._take.children = ()
        elif self._said and not self.busy and config == self._measured:
            self.text.value = safe(self._said)

    def _press(self) -> None:
        if self._now is not None:
            self.button.disabled = True
            self._now.cancel()
            return
        if self._config is None:
            return
        self._measured = self._config
        self._take.children = ()
        try:
            self._now = self._begin(self._config)
        except FtwidgetsError as error:
            self._say(f"⚠ {error}")
            return
        self._say("Measuring…")
        self.button.description, self.button.icon, self.button.tooltip = CANCEL, "stop", CANCEL_HELP
        self._changed()
        self._now.subscribe(self._follow)

    def _follow(self) -> None:
        now = self._now
        if now is None:
            return
        if now.ended:
            self._finish(now)
            return
        done, total, phase = now.progress.get("done"), now.progress.get("total"), now.progress.get("phase", "")
        share = f" {done:,.0f} of {total:,.0f}" if done is not None and total else ""
        self._say(f"Measuring: {phase}{share}…" if phase != "measuring" else f"Measuring: batch{share}…")

    def _finish(self, now: UnderWay) -> None:
        self._now = None
        self.button.description, self.button.icon, self.button.tooltip = ASK, "tachometer", ASK_HELP
        self.button.disabled = False
        try:
            found = now.result()
            self._say(f"{'✓' if found.fits else '✕'} {' · '.join(found.parts())}")
            self.text.tooltip = str(found)
        except OutOfMemoryError as error:
            self._say(f"✕ {error}")
            self._propose(error.facts)
        except FtwidgetsError as error:
            self._say("" if now.cancelled else f"⚠ {error}")
        self._changed()

    def _propose(self, facts: dict[str, Any]) -> None:
        values = {name: new for name, (_, new) in facts["changes"].items()}
        if values:
            take = w.Button(description=f"Change it: {gb(facts['after'])} GB", button_style="primary")
            take.on_click(lambda _: self._accept(values))
            self._take.children = [take]

    def _say(self, text: str) -> None:
        self._said = text
        self.text.value = safe(text) if text else ""
        self.text.layout.display = "" if text else "none"
