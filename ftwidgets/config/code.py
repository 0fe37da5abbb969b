"""A config as something to run elsewhere: a Python cell, YAML, a command."""

from __future__ import annotations

import re
import shlex

import yaml

from ftwidgets.config.run_config import RunConfig, as_yaml


def python_cell(config: RunConfig) -> str:
    """A notebook cell that starts the same run."""
    lines = "".join(f"    {name}={_said(value)},\n" for name, value in config.changed().items())
    return f"import ftwidgets\n\nrun = ftwidgets.train(\n{lines})\nrun.curves()"


def _said(value: object) -> str:
    """A value as code; a variable of the notebook by its bare name."""
    variable = re.fullmatch(r"variable: ([^\W\d]\w*)", value) if isinstance(value, str) else None
    return variable[1] if variable else repr(value)


def yaml_file(config: RunConfig) -> str:
    """A file for ``ftwidgets train``: what differs from the method's own values."""
    return as_yaml(config.changed())


def command(config: RunConfig) -> str:
    """A command line that starts the same run in a terminal."""
    parts = [f"--{name} {shlex.quote(_plain(value))}" for name, value in config.changed().items()]
    return " \\\n    ".join(["ftwidgets train", *parts])


def _plain(value: object) -> str:
    if isinstance(value, str):
        return value
    return yaml.safe_dump(value, default_flow_style=True, allow_unicode=True).replace("\n...", "").strip()
