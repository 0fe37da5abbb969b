"""Work that a form needs but must not wait for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any, Protocol


class UnderWay(Protocol):
    """A piece of work that goes on outside the form (``ftwidgets.passing.Passing``)."""

    @property
    def ended(self) -> bool: ...
    @property
    def cancelled(self) -> bool: ...
    @property
    def progress(self) -> Mapping[str, Any]: ...
    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]: ...
    def cancel(self) -> None: ...
    def result(self) -> Any: ...


class Latest:
    """Runs a function in a thread; when asked again meanwhile, only the newest question is answered.

    ``show(result)`` or ``fail(error)`` is called from the thread.
    """

    def __init__(self, function: Callable[..., Any], show: Callable[[Any], None], fail: Callable[[Exception], None]):
        self._function = function
        self._show = show
        self._fail = fail
        self._lock = threading.Lock()
        self._waiting: tuple[Any, ...] | None = None
        self._busy = False

    def ask(self, *arguments: Any) -> None:
        """Ask for ``function(*arguments)``. Returns at once."""
        with self._lock:
            self._waiting = arguments
            if self._busy:
                return
            self._busy = True
        threading.Thread(target=self._work, daemon=True).start()

    def _work(self) -> None:
        try:
            self._answer()
        except BaseException:  # of a view that broke: whoever asks next gets a thread all the same
            with self._lock:
                self._busy = False
            raise

    def _answer(self) -> None:
        while True:
            with self._lock:
                if self._waiting is None:
                    self._busy = False
                    return
                arguments, self._waiting = self._waiting, None
            try:
                result = self._function(*arguments)
            except Exception as error:  # noqa: BLE001 - shown to the person who asked
                if self._waiting is None:
                    self._fail(error)
                continue
            if self._waiting is None:
                self._show(result)
