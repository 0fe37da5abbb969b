"""Pages come back while threads make and close widgets.

A page that is reloaded, or opened a second time, asks for the state of all widgets. ipywidgets then goes over its
dictionary of them, and raises when a thread makes or closes one meanwhile, as our health notes and pair viewers do. The
page asks for each widget alone then, and when one of these is closed too it shows "Loading widget..." for ever.
"""

from __future__ import annotations

from collections.abc import Iterator, ValuesView
from typing import Any

from ipywidgets.widgets import widget


class _Steady(dict[str, Any]):
    """A dictionary whose values can be gone over while threads change it."""

    def values(self) -> ValuesView[Any]:  # type: ignore[override]
        return _Living(self)


class _Living(ValuesView[Any]):
    """The values of a dictionary as it is now, less those that leave it before they are come to."""

    def __init__(self, of: dict[str, Any]):
        super().__init__(of)
        self._of = of

    def __iter__(self) -> Iterator[Any]:
        for key, value in list(self._of.items()):  # in one step: no other thread runs in between
            if key in self._of:
                yield value


def keep_widgets_steady() -> None:
    """Let pages ask for all widgets at any time. Further calls change nothing."""
    known = getattr(widget, "_instances", None)  # private, so that it may be missing is expected
    if type(known) is dict:
        widget._instances = _Steady(known)
