"""The run as code: a Python cell, YAML and a command line, always in step with the form."""

from __future__ import annotations

import ipywidgets as w

from ftwidgets.config import RunConfig
from ftwidgets.config.code import command, python_cell, yaml_file


class CodeView(w.VBox):
    """Three ways to start the same run without the form."""

    def __init__(self) -> None:
        self._kinds = w.ToggleButtons(
            options=[("Python cell", "python"), ("YAML", "yaml"), ("Command line", "command")],
            tooltips=["Paste into a cell", "For ftwidgets train run.yaml", "For a terminal"],
        )
        self._text = w.Textarea(rows=12, description="code", tooltip="Select all and copy")
        self._text.add_class("ftw-code")
        self._config: RunConfig | None = None
        self._kinds.observe(lambda _: self._write(), "value")
        super().__init__([self._kinds, self._text])

    def show(self, config: RunConfig | None) -> None:
        """Show the code for ``config``; while the form has problems, the last good one stays."""
        if config is not None:
            self._config = config
            self._write()

    def _write(self) -> None:
        if self._config is not None:
            make = {"python": python_cell, "yaml": yaml_file, "command": command}[self._kinds.value]
            self._text.value = make(self._config)
