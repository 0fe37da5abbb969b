"""A part that is opened by its heading."""

from __future__ import annotations

import ipywidgets as w


class Fold(w.VBox):
    """A heading, and under it what a click or the space bar on it opens and closes.

    The heading is a button: those of ipywidgets' ``Accordion`` can be reached by no key.

    Attributes:
        heading: The button.
        body: What is opened.
    """

    def __init__(self, title: str, *parts: w.Widget):
        self.heading = w.ToggleButton(description=title, icon="caret-right", tooltip="Open or close this part")
        self.heading.add_class("ftw-fold-heading")
        self.body = w.VBox(parts)
        self.body.add_class("ftw-fold-body")
        self.body.layout.display = "none"
        self.heading.observe(lambda _: self._turn(), "value")
        super().__init__([self.heading, self.body])
        self.add_class("ftw-fold")

    @property
    def title(self) -> str:
        """What stands on the heading."""
        return self.heading.description

    @title.setter
    def title(self, text: str) -> None:
        if self.heading.description != text:
            self.heading.description = text

    @property
    def unfolded(self) -> bool:
        """Whether what is under the heading is seen."""
        return self.heading.value

    @unfolded.setter
    def unfolded(self, value: bool) -> None:
        self.heading.value = value

    def _turn(self) -> None:
        self.heading.icon = "caret-down" if self.unfolded else "caret-right"
        self.body.layout.display = "" if self.unfolded else "none"
