"""The panels of Studio and the buttons that turn to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import ipywidgets as w


class Steps(w.HBox):
    """Named panels, one on show. Each button carries its panel's state as a sign after its name."""

    def __init__(self, panels: Mapping[str, w.Widget]):
        self._names = list(panels)
        self._buttons = [w.Button(description=name, tooltip=f"Show {name}") for name in panels]
        for index, button in enumerate(self._buttons):
            button.on_click(lambda _, index=index: self.turn(index))
        self._stack = w.Stack(list(panels.values()), selected_index=0)
        self._stack.add_class("ftw-panels")
        column = w.VBox(self._buttons)
        column.add_class("ftw-steps")
        super().__init__([column, self._stack])
        self.add_class("ftw-body")
        self.turn(0)

    def turn(self, index: int) -> None:
        """Show a panel."""
        self._stack.selected_index = index
        for i, button in enumerate(self._buttons):
            (button.add_class if i == index else button.remove_class)("ftw-here")

    def mark(self, signs: Sequence[str]) -> None:
        """Set the sign of each panel."""
        for i, (button, name, sign) in enumerate(zip(self._buttons, self._names, signs, strict=True)):
            button.description = f"{i + 1} {name} {sign}".strip()
