"""What curves can be drawn from: runs, run folders, bare histories."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ftwidgets.errors import FtwidgetsError
from ftwidgets.runs import Run, load_run
from ftwidgets.runs.history import History
from ftwidgets.runs.trash import TRASH

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

    A folder that holds run folders stands for these, in the order they were made; deleted runs are none of them.

    Raises:
        FtwidgetsError: A folder is no run, something is neither run, folder nor history, or the list is empty.
    """
    sources = source if isinstance(source, list | tuple) else [source]
    given = [each for one in sources for each in _inside(one)]
    if not given:
        raise FtwidgetsError("There is no run to show. Give a run, the folder of one or more, or a list of these.")
    return [_run(each, number) for number, each in enumerate(given, 1)]


def _inside(source: Any) -> list[Any]:
    if not isinstance(source, str | Path):
        return [source]
    folder = Path(source).expanduser()
    if folder.name == TRASH:  # as ``Path("runs").iterdir()`` gives it
        return []
    if (folder / "config.yaml").is_file():
        return [source]
    return sorted(path.parent for path in folder.glob("*/config.yaml")) or [source]


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
