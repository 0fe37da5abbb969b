"""Measure one step: the button beside the memory bar, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import ipywidgets as w

from ftwidgets.config import RunConfig
from ftwidgets.errors import FtwidgetsError
from ftwidgets.memory import Measurement, OutOfMemoryError, gb
from ftwidgets.widgets.background import UnderWay
from ftwidgets.widgets.press import Press, share
from ftwidgets.widgets.text import paragraph, safe

ASK = "Measure one step"
ASK_HELP = "Take one real step on the longest batch: memory and time, measured. No run is made"
CANCEL_HELP = "End the measurement; nothing of it stays"
BEFORE = "Before the last change: "
MEASURING, BATCH = "measuring", "batch"  # the phase, and what its numbers count


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
        self._begin, self._accept = begin, accept
        self._config: RunConfig | None = None
        self._measured: RunConfig | None = None
        self._said = ""
        self.button = Press(
            ASK,
            "tachometer",
            ASK_HELP,
            cancel=CANCEL_HELP,
            begin=self._start,
            follow=self._follow,
            tell=self._tell,
            fail=self._fail,
            changed=changed,
        )
        self.text = paragraph(kind="measured")
        self._take = w.HBox()
        super().__init__([self.text, self._take])
        self._say("")

    @property
    def busy(self) -> bool:
        """Whether a step is being measured."""
        return self.button.busy

    def offer(self, config: RunConfig | None, free: bool = True) -> None:
        """Offer to measure ``config``; ``free=False`` while a run has the device."""
        if config is not None:
            self._config = config
        self.button.offer(config is not None and free)
        if self._said and not self.busy and self._measured is not None and config != self._measured:
            self.text.value = safe(BEFORE + self._said)
            self._take.children = ()
        elif self._said and not self.busy and config == self._measured:
            self.text.value = safe(self._said)

    def _start(self) -> UnderWay | None:
        if self._config is None:
            return None
        self._measured = self._config
        self._take.children = ()
        return self._begin(self._config)

    def _follow(self, progress: Mapping[str, Any]) -> None:
        phase = progress.get("phase", "")
        self._say(f"Measuring{f': {BATCH if phase == MEASURING else phase}' if phase else ''}{share(progress)}…")

    def _tell(self, found: Measurement) -> None:
        self._say(f"{'✓' if found.fits else '✕'} {' · '.join(found.parts())}")
        self.text.tooltip = str(found)

    def _fail(self, error: FtwidgetsError | None) -> None:
        if isinstance(error, OutOfMemoryError):
            self._say(f"✕ {error}")
            self._propose(error.facts)
        else:
            self._say(f"⚠ {error}" if error else "")

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
