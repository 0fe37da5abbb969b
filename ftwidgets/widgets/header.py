"""The top of Studio: what the run is, whether it can start, and the button that starts it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import ipywidgets as w

from ftwidgets.config import OPTIONS
from ftwidgets.widgets.text import paragraph, safe


class Header(w.VBox):
    """The summary of the run, always true, with Train and Code.

    Args:
        train, code: Called when these are pressed.
        fit: What says whether the run fits.
        go_to: Called with an option, when its problem is pressed.
    """

    def __init__(
        self, train: Callable[[], None], code: Callable[[], None], fit: w.Widget, go_to: Callable[[str], None]
    ):
        self._go_to = go_to
        self._said: dict[str, str] = {}
        self._title = w.HTML()
        self._title.add_class("ftw-title")
        self._problems = w.VBox()
        self._problems.add_class("ftw-problems")
        self.train = w.Button(description="Train", icon="play", button_style="primary")
        self.train.add_class("ftw-train")
        self.code = w.Button(description="Code", icon="code", tooltip="Show this run as Python, YAML and command")
        self.train.on_click(lambda _: train())
        self.code.on_click(lambda _: code())
        buttons = w.HBox([self.code, self.train])
        buttons.add_class("ftw-buttons")
        line = w.HBox([self._title, buttons])
        line.add_class("ftw-headline")
        super().__init__([line, fit, self._problems])
        self.add_class("ftw-header")

    def show(self, title: str, problems: Mapping[str, str], busy: str = "", refusal: str = "") -> None:
        """Show the run's summary, and what keeps it from starting, by option; ``busy`` says what goes on, ``refusal``
        why it did not start when it was asked to."""
        self._title.value = safe(title)
        self.train.disabled = bool(busy or problems)
        first = next(iter(problems.values()), "")
        self.train.tooltip = busy or (f"Cannot start: {first}" if problems else "Start this run in the kernel")
        self._list(problems or ({"": refusal} if refusal else {}))

    def _list(self, problems: Mapping[str, str]) -> None:
        if problems == self._said:  # whoever is on one of them stays there
            return
        before = dict(zip(self._said.items(), self._problems.children, strict=True))
        self._problems.children = [before.pop(each, None) or self._line(*each) for each in problems.items()]
        for gone in before.values():
            gone.close()
        self._said = dict(problems)
        self._problems.layout.display = "" if problems else "none"

    def _line(self, name: str, text: str) -> w.Widget:
        """A problem, which leads to its option; one of the whole leads nowhere."""
        if name not in OPTIONS:
            return paragraph(text, "problem")
        line = w.Button(description=text, icon="arrow-right", tooltip=f"Go to {name}")
        line.add_class("ftw-problem-link")
        line.on_click(lambda _: self._go_to(name))
        return line
