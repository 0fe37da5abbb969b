"""A run that ran out of memory: what would fit, and a button that goes on with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets as w

from ftwidgets.errors import FtwidgetsError
from ftwidgets.memory import gb
from ftwidgets.runs import Run
from ftwidgets.widgets.text import paragraph, safe

HEADING = "What would fit"
NOTHING = "No change of these options makes it fit. Choose a smaller model, or free memory on this device."
GO_ON_HELP = "Load the last checkpoint in this kernel and go on with these options; the adapter and optimizer stay"
ANEW_HELP = "Start a new run with these options"


class OutOfMemory(w.VBox):
    """The proposed changes of a run that failed for want of memory; takes no room for any other run.

    Args:
        go_on: Goes on with a run as was proposed; without it there is no button.
    """

    def __init__(self, go_on: Callable[[Run], Any] | None = None):
        self._go_on = go_on
        self._run: Run | None = None
        self._shown: Any = None
        self.button = w.Button(icon="play", button_style="primary", layout=w.Layout(width="auto"))
        self.button.on_click(lambda _: self._press())
        self._problem = paragraph(kind="error")
        self._problem.layout.display = "none"
        super().__init__()
        self.add_class("ftw-out-of-memory")
        self.layout.display = "none"

    def update(self, run: Run) -> None:
        """Show what ``run`` needs, if it ran out of memory."""
        facts = run.out_of_memory if run.ended else None
        if facts is self._shown:
            return
        self._run, self._shown = run, facts
        self.layout.display = "" if facts else "none"
        if not facts:
            return
        lines = [
            f"{name}: {old} → {new}. {facts['reasons'].get(name, '')}" for name, (old, new) in facts["changes"].items()
        ]
        listed = "".join(f"<li>{safe(line)}</li>" for line in lines)
        what = w.HTML(f"<ul>{listed}</ul>" if lines else safe(NOTHING))
        parts: list[w.Widget] = [paragraph(HEADING, "section"), what]
        if lines and self._go_on is not None:
            same = facts["same_run"]
            after = f" ({gb(facts['after'])} GB)"
            self.button.description = (
                f"Apply and go on from step {facts['checkpoint']}{after}" if same else f"Apply and start again{after}"
            )
            self.button.tooltip = GO_ON_HELP if same else ANEW_HELP
            self.button.disabled = False
            parts += [self.button, self._problem]
        self.children = parts

    def _press(self) -> None:
        if self._go_on is None or self._run is None:
            return
        self.button.disabled = True
        try:
            self._go_on(self._run)
        except FtwidgetsError as error:
            self._problem.value = safe(error)
            self._problem.layout.display = ""
            self.button.disabled = False
