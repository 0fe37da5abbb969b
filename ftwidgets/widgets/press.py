"""A button that starts a piece of work outside the form, and cancels it while it goes on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import ipywidgets as w

from ftwidgets.errors import FtwidgetsError
from ftwidgets.widgets.background import UnderWay

CANCEL = "Cancel"


class Press(w.Button):
    """Says what it starts, then “Cancel” until that has ended.

    Args:
        description, icon, tooltip: Of the button while nothing goes on.
        cancel: Tooltip of “Cancel”.
        begin: Starts the work; ``None`` where there is none to start. A ``FtwidgetsError`` it raises goes to ``fail``.
        follow: Called with the work's progress.
        tell: Called with its result.
        fail: Called with why it ended without one; ``None`` where the person cancelled it.
        changed: Called when it begins and when it has ended.

    Attributes:
        now: The work that goes on, or ``None``.
    """

    def __init__(
        self,
        description: str,
        icon: str,
        tooltip: str,
        *,
        cancel: str,
        begin: Callable[[], UnderWay | None],
        follow: Callable[[Mapping[str, Any]], None],
        tell: Callable[[Any], None],
        fail: Callable[[FtwidgetsError | None], None],
        changed: Callable[[], None],
    ):
        self.now: UnderWay | None = None
        self._rest = {"description": description, "icon": icon, "tooltip": tooltip}
        self._cancel = {"description": CANCEL, "icon": "stop", "tooltip": cancel}
        self._begin, self._follow_with, self._tell, self._fail = begin, follow, tell, fail
        self._changed = changed
        super().__init__(disabled=True, **self._rest)
        self.on_click(lambda _: self._press())

    @property
    def busy(self) -> bool:
        """Whether work goes on."""
        return self.now is not None

    def offer(self, free: bool) -> None:
        """Let it be pressed, or not; what goes on can be cancelled all the same."""
        self.disabled = not self.busy and not free

    def name(self, description: str, tooltip: str) -> None:
        """Say that something else would be started now."""
        self._rest |= {"description": description, "tooltip": tooltip}
        if not self.busy:
            self._look(self._rest)

    def _press(self) -> None:
        if self.now is not None:
            self.disabled = True
            self.now.cancel()
            return
        try:
            self.now = self._begin()
        except FtwidgetsError as error:
            self._fail(error)
            return
        if self.now is None:
            return
        self._look(self._cancel)
        self._follow_with(self.now.progress)
        self._changed()
        self.now.subscribe(self._follow)

    def _follow(self) -> None:
        now = self.now
        if now is None:
            return
        if not now.ended:
            self._follow_with(now.progress)
            return
        self.now = None
        self._look(self._rest)
        self.disabled = False
        try:
            found = now.result()
        except FtwidgetsError as error:
            self._fail(None if now.cancelled else error)
        else:
            self._tell(found)
        self._changed()

    def _look(self, shown: Mapping[str, str]) -> None:
        self.description, self.icon, self.tooltip = shown["description"], shown["icon"], shown["tooltip"]


def share(progress: Mapping[str, Any]) -> str:
    """`` 3 of 8``, or nothing where the work does not say."""
    done, total = progress.get("done"), progress.get("total")
    return f" {done:,.0f} of {total:,.0f}" if done is not None and total else ""
