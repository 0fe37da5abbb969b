"""The button that opens a blind comparison: of a finished run with its base, or of several runs."""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets as w

from ftwidgets.errors import FtwidgetsError
from ftwidgets.runs import Run
from ftwidgets.widgets.text import paragraph, safe

ONE = (
    "Two answers side by side, without names: which is better? Shows whether you prefer the trained model when you do "
    "not know that it is the one."
)
SEVERAL = "Two runs' answers to the same prompts side by side, without names: which is better?"


class BlindPanel(w.VBox):
    """Opens what ``compare(*runs)`` makes, below its button."""

    def __init__(self, compare: Callable[..., w.Widget]):
        self._begin_with = compare
        self._runs: tuple[Run, ...] = ()
        self._opened: w.Widget | None = None
        self.button = w.Button(
            description="Compare blind",
            icon="balance-scale",
            tooltip="Their answers to held-out prompts, without names",
        )
        self.button.on_click(lambda _: self.begin())
        row = w.HBox([self.button])
        row.add_class("ftw-buttons")
        self._note = paragraph(ONE, "help")
        self._place = w.VBox()
        super().__init__([paragraph("Which is better, to you?", "section"), self._note, row, self._place])
        self.add_class("ftw-blind-panel")
        self.show()

    def show(self, *runs: Run) -> None:
        """Offer a comparison of a run with its base, or of several runs. May be called from any thread."""
        if runs != self._runs:
            if self._opened is not None:
                self._opened.close()
            self._opened, self._place.children = None, ()
            self._note.value = safe(ONE if len(runs) < 2 else SEVERAL)
        self._runs = runs
        ready = all(run.status in ("finished", "stopped") and run.config.method != "reward" for run in runs)
        self.button.disabled = not (runs and ready)

    def begin(self) -> None:
        """Open the comparison. Returns at once; the models answer in the background."""
        if not self._runs:
            return
        try:
            opened = self._begin_with(*self._runs)
        except FtwidgetsError as error:
            self._note.value = f'<span class="ftw-problem">⚠ {safe(error)}</span>'
            return
        if self._opened is not None:
            self._opened.close()
        self._opened, self._place.children = opened, (opened,)
