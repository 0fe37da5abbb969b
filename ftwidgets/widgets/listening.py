"""Whether this kernel can hear its pages at the moment, and whether there is any."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from typing import Any

_running = False
_watched = False
_page = True
_at_ends: list[Callable[[], None]] = []


def watch_cells() -> None:
    """Begin to note when a cell runs. Call it from a cell; further calls change nothing."""
    global _watched
    shell = _shell()
    if _watched or shell is None:
        return
    _watched = True
    _begin()  # we are called by a cell that runs now
    shell.events.register("pre_run_cell", _begin)
    shell.events.register("post_run_cell", _end)


def cell_is_running() -> bool:
    """Whether a cell holds the main thread: words from a page may then wait until it ends."""
    return _running


def there_is_a_page() -> bool:
    """Whether somebody can look: nbconvert and papermill run cells with no page open."""
    return _page


def at_unseen_ends(callback: Callable[[], None]) -> Callable[[], None]:
    """Call ``callback()`` whenever a cell ends that no page shows. Returns a function that ends this."""
    _at_ends.append(callback)

    def unsubscribe() -> None:
        with contextlib.suppress(ValueError):
            _at_ends.remove(callback)

    return unsubscribe


def _begin(*_: Any) -> None:
    global _running, _page
    _running, _page = True, _sent_by_page()


def _end(*_: Any) -> None:
    global _running
    _running = False
    if not _page:
        for callback in list(_at_ends):
            callback()


def _sent_by_page() -> bool:
    """Pages let a cell ask for ``input()``; who runs notebooks unseen does not. Voila does neither, and is a page."""
    kernel = getattr(_shell(), "kernel", None)
    if kernel is None or os.environ.get("SERVER_SOFTWARE", "").startswith("voila"):
        return True
    return bool(kernel.get_parent("shell").get("content", {}).get("allow_stdin", True))


def _shell() -> Any:
    from IPython import get_ipython

    return get_ipython()
