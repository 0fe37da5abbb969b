"""Following the health of a run while it goes on, off the main thread and now and then."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable

from ftwidgets.diagnosis.note import Notes
from ftwidgets.diagnosis.rules import examine
from ftwidgets.diagnosis.sight import Sight
from ftwidgets.runs.run import Run

EVERY = 5.0  # seconds between two looks at a run that goes on

_log = logging.getLogger(__name__)
_lock = threading.Lock()


def following(run: Run) -> Following:
    """The one ``Following`` of a run, however many views it has: a run is looked at once for all of them."""
    with _lock:
        if run.following is None:
            run.following = Following(run)
        return run.following


class Following:
    """The notes on one run, kept up to date.

    A look takes in what is new since the last, in a thread of its own, and costs the same however long the run is.

    Args:
        run: The run.
        clock: Seconds, for tests.

    Attributes:
        notes: What was found at the last look; ``run.health`` is the same.
    """

    def __init__(self, run: Run, clock: Callable[[], float] = time.monotonic):
        self.notes = Notes()
        self._run = run
        self._listeners: list[Callable[[Notes], None]] = []
        self._clock = clock
        self._sight = Sight(run)
        self._looked = -float("inf")
        self._last = False  # whether the last look was at an ended run
        self._again = False
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def subscribe(self, changed: Callable[[Notes], None]) -> Callable[[], None]:
        """Call ``changed(notes)`` after each look, from the thread that looked. Returns a function that ends this."""
        self._listeners.append(changed)

        def unsubscribe() -> None:
            with contextlib.suppress(ValueError):
                self._listeners.remove(changed)

        return unsubscribe

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
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def finish(self) -> Notes:
        """The notes on a run that has ended, all of them: takes the last look where nobody has taken it yet."""
        self.poke()
        self.wait()
        return self.notes

    def _look(self) -> None:
        while True:
            with self._lock:
                if not self._again or self._last:
                    self._thread = None
                    return
                self._again, self._looked = False, self._clock()
            ended = self._run.ended  # read first: what came before it is all seen now
            try:
                self._sight.look()
                self.notes = examine(self._sight)
            except Exception:  # noqa: BLE001 - a run that cannot be judged must still be shown
                _log.debug("the health of %s cannot be told", self._run.id, exc_info=True)
            self._run.health = self.notes
            self._last = ended
            for changed in list(self._listeners):
                try:
                    changed(self.notes)
                except Exception:  # noqa: BLE001 - a view that breaks must not stop the others
                    _log.debug("a view of health failed", exc_info=True)
