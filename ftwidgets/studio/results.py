"""The views of Studio's run: while it goes on, and when it has ended."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets as w

from ftwidgets.blind import BlindComparison
from ftwidgets.exporting import export_run
from ftwidgets.runs import LiveRun
from ftwidgets.trying import ask
from ftwidgets.widgets.blind_panel import BlindPanel
from ftwidgets.widgets.monitor import Monitor
from ftwidgets.widgets.see_pairs import SeePairs
from ftwidgets.widgets.take_away import TakeAway
from ftwidgets.widgets.text import paragraph
from ftwidgets.widgets.try_it import TryIt

EMPTY_WATCH = "Nothing runs yet. Press Train above: curves appear here within a few seconds."


class Results:
    """What is shown of a run.

    Args:
        go_on: Called with a run that ran out of memory, to go on with settings that fit.
        use: Called with options that a health note proposes.
        ended: Called when the run has ended, from its publisher thread.

    Attributes:
        watch: For the Watch panel.
        after: For the Try panel.
    """

    def __init__(self, go_on: Callable[[Any], None], use: Callable[[dict[str, Any]], None], ended: Callable[[], None]):
        self._go_on, self._use, self._ended = go_on, use, ended
        self._try = TryIt(ask)
        self._see = SeePairs(_rows_of)
        self._blind = BlindPanel(BlindComparison)
        self._take_away = TakeAway(lambda run, to, target, progress: export_run(run, to, target, progress=progress))
        self.watch = w.VBox([paragraph(EMPTY_WATCH, "empty")])
        self.after = w.VBox([self._try, self._see, self._blind, self._take_away])

    def show(self, run: LiveRun) -> Monitor:
        """Show ``run`` in place of the one before."""
        for child in self.watch.children:
            child.close()
        monitor = Monitor(run, self._go_on, use=self._use)
        self.watch.children = [monitor]
        run.subscribe(lambda: self._follow(run))
        return monitor

    def _follow(self, run: LiveRun) -> None:
        for view in (self._try, self._see, self._blind, self._take_away):
            view.show(run)
        if run.ended:
            self._ended()


def _rows_of(run: Any) -> Any:
    """A run's rows as it had them. Called in the background."""
    from ftwidgets.data import prepare

    return prepare(run.config)
