"""What every view made of stock controls shares: how it looks, and that keys pressed in it are its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import anywidget
import ipywidgets as w

from ftwidgets.widgets.output import InOutput
from ftwidgets.widgets.steady import keep_widgets_steady
from ftwidgets.widgets.style import stylesheet


class View(InOutput, w.VBox):
    """A whole that a person shows in a cell: a form, a table of runs, a comparison.

    Args:
        sheets: Style sheets beside the common one.
    """

    def __init__(self, children: Sequence[w.Widget], *sheets: Path):
        keep_widgets_steady()
        super().__init__([stylesheet(), *map(stylesheet, sheets), OwnKeys(), *children])
        self.add_class("ftw-studio")


class OwnKeys(anywidget.AnyWidget):
    """Stands unseen in a view and keeps pressed keys in it: R on a dropdown would make the notebook's cell a raw one.

    Ctrl S still saves the notebook. Views that are one anywidget do this by themselves.
    """

    _esm = Path(__file__).parent.parent / "static" / "keys.js"

    def __init__(self) -> None:
        super().__init__(layout=w.Layout(display="none"))
