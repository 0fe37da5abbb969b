"""The pairs of a run that has ended, seen with its model: what training made of each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets as w

from ftwidgets.config import PAIRWISE
from ftwidgets.runs import Run
from ftwidgets.widgets.background import Latest
from ftwidgets.widgets.pairs import PreferencePairs
from ftwidgets.widgets.text import paragraph, safe

HELD_OUT, TRAINED = "held-out pairs", "training pairs"
Prepare = Callable[[Run], Any]  # the run's rows, as `ftwidgets.data.prepare` gives them


class SeePairs(w.VBox):
    """A button that opens the pairs in the viewer with the run's model looking at them. Nothing for other methods.

    Attributes:
        viewer: The viewer that is open, or ``None``.
    """

    def __init__(self, prepare: Prepare):
        self._prepare = prepare
        self._run: Run | None = None
        self.viewer: PreferencePairs | None = None
        self._which = w.Dropdown(options=[HELD_OUT, TRAINED], tooltip="Which pairs the model looks at")
        self._which.layout.width = "160px"
        self.button = w.Button(
            description="See with the model",
            icon="eye",
            tooltip="Log-probabilities, margin and accuracy of each pair before and after training, token by token",
        )
        self.button.on_click(lambda _: self.see())
        line = w.HBox([self.button, self._which])
        line.add_class("ftw-buttons")
        self._state = paragraph()
        self._place = w.VBox()
        self._worker = Latest(self._read, self._open, self._fail)
        super().__init__([paragraph("Pairs", "section"), line, self._state, self._place])
        self.add_class("ftw-see-pairs")
        self.show(None)

    def show(self, run: Run | None) -> None:
        """Offer the pairs of ``run`` once it has ended."""
        self._run = run
        ready = run is not None and run.ended and run.model is not None and run.config.method in PAIRWISE
        self.layout.display = "" if ready else "none"

    def see(self) -> None:
        """Press the button. Returns at once."""
        if self._run is not None:
            self._state.value = safe("Reading the pairs…")
            self._worker.ask(self._run, self._which.value)

    def _read(self, run: Run, which: str) -> tuple[Run, Any, str]:
        data = self._prepare(run)
        held_out = which == HELD_OUT and data.held_out is not None
        return run, data.held_out if held_out else data.train, "eval" if held_out else "train"

    def _open(self, found: tuple[Run, Any, str]) -> None:
        run, rows, split = found
        for child in self._place.children:
            child.close()
        self.viewer = PreferencePairs(rows, run=run, split=split, tokenizer=run.tokenizer)
        self._place.children = [self.viewer]
        self._state.value = ""
        self.viewer.see()

    def _fail(self, error: Exception) -> None:
        self._state.value = f'<span class="ftw-problem">⚠ {safe(error)}</span>'
