"""The run beside the pairs: read once when it is over, again and again while it goes on."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from ftwidgets.runs.examples import examples
from ftwidgets.widgets.pair_viewer import answers

if TYPE_CHECKING:
    from ftwidgets.runs.run import Run
    from ftwidgets.widgets.pairs import PreferencePairs

READ_EVERY = 2.0  # seconds between two readings of a live run


class Following:
    """Keeps a viewer's run columns in step with the run's `examples` events."""

    def __init__(self, viewer: "PreferencePairs", split: str | None) -> None:
        self.run: Run | None = None
        self._viewer = viewer
        self._split = split
        self._read_at = 0.0
        self._unsubscribe: Callable[[], None] = lambda: None

    def follow(self, run: "Run | None") -> None:
        self._unsubscribe()
        self._unsubscribe = lambda: None
        self.run = run
        if run is None:
            return
        self._read()
        self._unsubscribe = run.subscribe(self._changed)

    def _changed(self) -> None:
        """Called by the run's publisher thread."""
        ended = self.run is not None and self.run.ended
        if ended or time.monotonic() - self._read_at > READ_EVERY:
            self._viewer._jobs.start("run", lambda check: self._read())

    def _read(self) -> None:
        self._read_at = time.monotonic()
        if self.run is None:
            return
        events, session = list(examples(self.run)), self._viewer._session
        if session.run_scores is not None and session.run_scores.events == len(events):
            return
        session.set_run(events, self._split)
        self._viewer._tell("columns", columns=answers.columns(session))
        self._viewer._tell("run", seen=len(session.run_scores or ()))
