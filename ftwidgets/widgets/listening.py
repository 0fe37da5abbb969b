"""Whether this kernel can hear its pages at the moment."""

from __future__ import annotations

from typing import Any

_running = False
_watched = False


def watch_cells() -> None:
    """Begin to note when a cell runs. Call it from a cell; further calls change nothing."""
    global _watched, _running
    shell = _shell()
    if _watched or shell is None:
        return
    _watched = _running = True  # we are called by a cell that runs now
    shell.events.register("pre_run_cell", _begin)
    shell.events.register("post_run_cell", _end)


def cell_is_running() -> bool:
    """Whether a cell holds the main thread: words from a page may then wait until it ends."""
    return _running


def _begin(*_: Any) -> None:
    global _running
    _running = True


def _end(*_: Any) -> None:
    global _running
    _running = False


def _shell() -> Any:
    from IPython import get_ipython

    return get_ipython()
