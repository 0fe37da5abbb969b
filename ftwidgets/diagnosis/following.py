"""Following the health of a run while it goes on, off the main thread and now and then."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from ftwidgets.diagnosis.note import Notes
from ftwidgets.diagnosis.rules import examine
from ftwidgets.diagnosis.sight import Sight
from ftwidgets.runs.run import Run

EVERY = 5.0  # seconds between two looks at a run that goes on


class Following:
    """The notes on one run, kept up to date.

    A look takes in what is new since the last, in a thread of its own, and costs the same however long the run is.

    Args:
        run: The run.
        changed: Called with the notes after each look, from that thread.
        clock: Seconds, for tests.

    Attributes:
        notes: What was found at the last look.
    """

    def __init__(self, run: Run, changed: Callable[[Notes], None], clock: Callable[[], float] = time.monotonic):
        self.notes = Notes()
        self._run = run
        self._changed = changed
        self._clock = clock
        self._sight = Sight(run)
        self._looked = -float("inf")
        self._last = False  # whether the last look was at an ended run
        self._again = False
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def poke(self) -> None:
        """The run may have changed: look, if it is time to. Returns at once."""
        ended = self._run.ended
        with self._lock:
            if self._last or not (ended or self._clock() - self._looked >= EVERY):
                return
            self._again = True
            if self._thread is not None:
                return  # the look under way is followed by another
            self._thread = threading.Thread(target=self._look, name=f"health of {self._run.id}", daemon=True)
            self._thread.start()

    def wait(self) -> None:
        """Wait until a look that is under way is done."""
        thread = self._thread
        if thread is not None:
            thread.join()

    def _look(self) -> None:
        while True:
            with self._lock:
                if not self._again or self._last:
                    self._thread = None
                    return
                self._again, self._looked = False, self._clock()
            ended = self._run.ended  # read first: what came before it is all seen now
            self._sight.look()
            self.notes = examine(self._sight)
            self._run.health = self.notes
            self._last = ended
            self._changed(self.notes)
