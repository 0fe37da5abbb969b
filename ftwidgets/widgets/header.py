"""The top of Studio: what the run is, whether it can start, and the button that starts it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import ipywidgets as w

from ftwidgets.widgets.text import safe


class Header(w.VBox):
    """The summary of the run, always true, with Train and Code."""

    def __init__(self, train: Callable[[], None], code: Callable[[], None], fit: w.Widget):
        self._title = w.HTML()
        self._title.add_class("ftw-title")
        self._problems = w.HTML()
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

    def show(self, title: str, problems: Sequence[str], busy: str = "") -> None:
        """Show the run's summary, and what keeps it from starting; ``busy`` says what goes on."""
        self._title.value = safe(title)
        self.train.disabled = bool(busy or problems)
        self.train.tooltip = busy or (f"Cannot start: {problems[0]}" if problems else "Start this run in the kernel")
        listed = "".join(f"<li>{safe(problem)}</li>" for problem in problems)
        self._problems.value = f"<ul>{listed}</ul>" if problems else ""
        self._problems.layout.display = "" if problems else "none"

    def show_problem(self, text: str) -> None:
        """Say why a run did not start."""
        self._problems.value = f"<ul><li>{safe(text)}</li></ul>"
        self._problems.layout.display = ""
