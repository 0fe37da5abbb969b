"""The button that opens a blind comparison of a finished run with its base."""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets as w

from ftwidgets.errors import FtwidgetsError
from ftwidgets.runs import Run
from ftwidgets.widgets.text import paragraph, safe

HELP = (
    "Two answers side by side, without names: which is better? Shows whether you prefer the trained model when you do "
    "not know that it is the one."
)


class BlindPanel(w.VBox):
    """Opens what ``compare(run)`` makes, below its button."""

    def __init__(self, compare: Callable[[Run], w.Widget]):
        self._begin_with = compare
        self._run: Run | None = None
        self._opened: w.Widget | None = None
        self.button = w.Button(
            description="Compare blind",
            icon="balance-scale",
            tooltip="Base and trained model, without names, on held-out prompts",
        )
        self.button.on_click(lambda _: self.begin())
        row = w.HBox([self.button])
        row.add_class("ftw-buttons")
        self._note = paragraph(HELP, "help")
        self._place = w.VBox()
        super().__init__([paragraph("Which is better, to you?", "section"), self._note, row, self._place])
        self.add_class("ftw-blind-panel")
        self.show(None)

    def show(self, run: Run | None) -> None:
        """Offer a comparison of ``run``. May be called from any thread."""
        if run is not self._run and self._opened is not None:
            self._opened.close()
            self._opened, self._place.children = None, ()
        self._run = run
        ready = run is not None and run.status in ("finished", "stopped") and run.config.method != "reward"
        self.button.disabled = not ready

    def begin(self) -> None:
        """Open the comparison. Returns at once; the models answer in the background."""
        if self._run is None:
            return
        try:
            opened = self._begin_with(self._run)
        except FtwidgetsError as error:
            self._note.value = f'<span class="ftw-problem">⚠ {safe(error)}</span>'
            return
        if self._opened is not None:
            self._opened.close()
        self._opened, self._place.children = opened, (opened,)
