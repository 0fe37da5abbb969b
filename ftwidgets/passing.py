"""Work that a form asks for before a run: done as in a run, in a thread of its own, and nothing of it stays."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Generic, TypeVar

from ftwidgets.config import RunConfig
from ftwidgets.errors import FtwidgetsError
from ftwidgets.memory import OutOfMemoryError
from ftwidgets.runs import Context, LiveRun
from ftwidgets.runs.event_log import Event

Found = TypeVar("Found")


class Passing(Generic[Found]):
    """A piece of work under way. Neither its model nor its folder stays.

    Args:
        config: The run that it is about.
        work: Does it; takes the context that a run's work takes.
        keep: A folder that goes when this is done, where rows of the kernel were put.
    """

    def __init__(
        self,
        config: RunConfig,
        work: Callable[[Context], Found],
        keep: tempfile.TemporaryDirectory[str] | None = None,
    ):
        self.config = config
        self._keep = keep
        self._place = tempfile.TemporaryDirectory(prefix="ftwidgets-", ignore_cleanup_errors=True)
        self._found: list[Found] = []
        self._tidied = False

        def run(context: Context) -> dict[str, Any]:
            self._found.append(work(context))
            context.training()  # a run may finish only from there; work that loads no model has not said so itself
            return {}

        self._run = LiveRun(config, Path(self._place.name), run)
        self._run.subscribe(self._tidy)

    def start(self) -> Passing[Found]:
        """Begin. Returns at once."""
        self._run.start()
        return self

    def cancel(self) -> None:
        """End it at the next chance: between two batches, or between two stages of loading. Returns at once."""
        self._run.stop()

    @property
    def ended(self) -> bool:
        """Whether it is done, one way or another, and all memory given back."""
        return self._run.ended

    @property
    def cancelled(self) -> bool:
        """Whether it was ended by ``cancel``."""
        return self._run.status == "stopped"

    @property
    def progress(self) -> Event:
        """The latest progress: ``phase``, ``done``, ``total``, ``text``."""
        return self._run.progress

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call ``callback()`` whenever something changed and once at the end."""
        return self._run.subscribe(callback)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it has ended, at most ``timeout`` seconds. Returns whether it has."""
        self._run.wait(timeout)
        return self.ended

    def result(self) -> Found:
        """What came of it; waits for it.

        Raises:
            OutOfMemoryError: Memory ran out; says what would fit.
            FtwidgetsError: It was cancelled, or could not be done; says why.
        """
        self.wait()
        if self._found:
            return self._found[0]
        if self.cancelled:
            raise FtwidgetsError("It was cancelled.")
        facts = self._run.events.of("out_of_memory")
        if facts:
            raise OutOfMemoryError(str(self._run.error), "", dict(facts[-1]))
        raise FtwidgetsError(str(self._run.error))

    def _tidy(self) -> None:
        if self._run.ended and not self._tidied:
            self._tidied = True
            self._place.cleanup()
            if self._keep is not None:
                self._keep.cleanup()
