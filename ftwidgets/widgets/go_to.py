"""Bringing a person to a control of a view, wherever it is."""

from __future__ import annotations

from pathlib import Path

import anywidget
import ipywidgets as w

BUNDLE = Path(__file__).parent.parent / "static" / "goto.js"


def place(name: str) -> str:
    """The class of what stands for ``name``, so that ``GoTo`` finds it."""
    return f"ftw-at-{name}"


class GoTo(anywidget.AnyWidget):
    """Stands unseen in a view. ``focus`` of a control itself is lost where its panel is not drawn yet."""

    _esm = BUNDLE

    def __init__(self) -> None:
        super().__init__(layout=w.Layout(display="none"))

    def show(self, name: str) -> None:
        """Scroll to the first control in what has the class ``place(name)``, and give it the focus."""
        self.send({"to": place(name)})
