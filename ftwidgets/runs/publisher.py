"""Telling views that a run has changed, from one thread: of steps every two seconds, of what is rare at once."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable

_log = logging.getLogger(__name__)

INTERVAL = 2.0  # seconds: curves are seen to move; at 2.5 times a second the views took 6% of the time of 60 ms steps


class Publisher:
    """Calls its subscribers after changes. All calls come from one thread, so that views need no locks."""

    def __init__(self, name: str):
        self._subscribers: list[Callable[[], None]] = []
        self._changed = threading.Event()
        self._ended = threading.Event()
        self._prompt = threading.Event()
        self._thread = threading.Thread(target=self._publish, name=f"{name} views", daemon=True)

    def start(self) -> None:
        """Begin to call subscribers."""
        self._thread.start()

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call ``callback()`` when anything changed and once at the end. Returns a function that ends this."""
        self._subscribers.append(callback)
        if self._ended.is_set():
            callback()

        def unsubscribe() -> None:
            with contextlib.suppress(ValueError):
                self._subscribers.remove(callback)

        return unsubscribe

    def notify(self, prompt: bool = False) -> None:
        """Something changed; ``prompt``: it is rare, and nobody should wait for it. Returns at once."""
        if prompt:
            self._prompt.set()
        self._changed.set()

    def end(self) -> None:
        """Nothing will change any more: one last call, then the thread ends."""
        self._ended.set()
        self.notify(prompt=True)

    def join(self) -> None:
        """Wait until the last call was made."""
        if self._thread.is_alive() and threading.current_thread() is not self._thread:
            self._thread.join()

    def _publish(self) -> None:
        last = False
        while not last:
            self._changed.wait()
            self._changed.clear()
            self._prompt.clear()
            last = self._ended.is_set()  # read after clearing, so that no end is missed
            for callback in list(self._subscribers):
                try:
                    callback()
                except Exception:  # noqa: BLE001
                    # A view that breaks (its kernel comm is gone, say) must stop neither the others nor the run.
                    _log.debug("a view failed", exc_info=True)
            if not last:
                self._prompt.wait(INTERVAL)
