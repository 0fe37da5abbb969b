"""Text from datasets, models and errors, shown as text and nothing else."""

from __future__ import annotations

import html

import ipywidgets as w


def safe(text: object) -> str:
    """``text`` for an HTML widget: escaped, with its direction kept to itself."""
    return f'<bdi class="ftw-text">{html.escape(str(text))}</bdi>'


def paragraph(text: object = "", kind: str = "") -> w.HTML:
    """A piece of text as a widget, with a class ``ftw-<kind>``."""
    widget = w.HTML(safe(text) if text else "")
    if kind:
        widget.add_class(f"ftw-{kind}")
    return widget


def duration(seconds: float) -> str:
    """A time span as a person says it: ``38 s``, ``12 min``, ``2 h 10 min``."""
    seconds = max(0, round(seconds))
    if seconds < 100:
        return f"{seconds} s"
    if seconds < 6000:
        return f"{round(seconds / 60)} min"
    return f"{seconds // 3600} h {seconds % 3600 // 60} min"
