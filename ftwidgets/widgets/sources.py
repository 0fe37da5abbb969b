"""What curves can be drawn from: runs, run folders, bare histories."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ftwidgets.errors import FtwidgetsError
from ftwidgets.runs import Run, load_run
from ftwidgets.runs.history import History

Source = Run | History | str | Path


@dataclass
class BareRun:
    """A history without a run around it."""

    store: History
    id: str
    name: str
    status: str = ""
    ended: bool = False


def runs_of(source: Source | Sequence[Source]) -> list[Any]:
    """The runs behind ``source``, each with ``store``, ``id``, ``name`` and ``status``.

    Raises:
        FtwidgetsError: A folder is no run, something is neither run, folder nor history, or the list is empty.
    """
    given = list(source) if isinstance(source, list | tuple) else [source]
    if not given:
        raise FtwidgetsError("There is no run to show. Give a run, the folder of one, or a list of these.")
    return [_run(each, number) for number, each in enumerate(given, 1)]


def _run(source: Any, number: int) -> Any:
    if isinstance(source, str | Path):
        return load_run(source)
    if hasattr(source, "store") and hasattr(source.store, "rows"):
        return source
    if hasattr(source, "rows") and hasattr(source, "columns"):
        return BareRun(source, id=f"history-{number}", name=f"history {number}")
    raise FtwidgetsError(
        f"Cannot show curves of {source!r:.80}: give a run, the folder of one, a History, or a list of these."
    )
