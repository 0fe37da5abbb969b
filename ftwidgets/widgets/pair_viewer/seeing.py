"""The model that looks at a viewer's pairs: offered, at work, stopped, done, and what the page shows of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from ftwidgets.widgets.pairs import PreferencePairs


class Looking(Protocol):
    """What is asked of a model at work (`ftwidgets.ModelEyes`)."""

    done: int
    total: int
    error: str | None

    @property
    def accuracy(self) -> dict[str, float]: ...

    @property
    def turned(self) -> dict[str, int]: ...

    def cancel(self) -> None: ...


class Seeing:
    """`begin` makes a model look; None where none is offered."""

    def __init__(self, viewer: PreferencePairs) -> None:
        self.begin: Callable[[], Any] | None = None
        self.looking: Looking | None = None
        self._viewer = viewer
        self._ended = False

    def offer(self, begin: Callable[[], Any] | None) -> None:
        self.begin = begin
        self.tell()

    def start(self) -> None:
        """Begin, or go on after a stop. Raises what `begin` raises."""
        if self.begin is not None and (self.looking is None or self._ended):
            self.begin()

    def watch(self, looking: Looking) -> None:
        if self.looking is not None and self.looking is not looking:
            self.looking.cancel()
        self.looking, self._ended = looking, False
        self.tell()

    def stop(self) -> None:
        if self.looking is not None:
            self.looking.cancel()

    def changed(self, looking: Looking, ended: bool) -> None:
        """More is known. Called from the thread at work."""
        if looking is not self.looking:
            return
        self._ended = ended
        query = self._viewer._session.query
        names = {query.sort, *(name for name, _, _ in query.ranges)}
        if ended and any(name.startswith("margin ") or name.endswith("_logps") for name in names):
            self._viewer._look(query)  # the list stands on these numbers
        self.tell()

    def facts(self) -> dict[str, Any]:
        """For the page: state none, offered, running, done, stopped or failed, and numbers."""
        looking = self.looking
        if looking is None:
            return {"state": "offered" if self.begin is not None else "none"}
        state = "running"
        if self._ended:
            whole = looking.done == looking.total
            state = "failed" if looking.error else "done" if whole else "stopped"
        accuracy = {when: None if math.isnan(share) else share for when, share in looking.accuracy.items()}
        return {
            "state": state,
            "done": looking.done,
            "total": looking.total,
            "error": looking.error or "",
            "accuracy": accuracy,
            "turned": looking.turned,
            "again": self.begin is not None,
        }

    def tell(self) -> None:
        self._viewer._tell("eyes", eyes=self.facts())


def look(viewer: PreferencePairs, *who: Any, **model: Any) -> None:
    from ftwidgets.eyes import ModelEyes  # brings what a model needs: only on request

    ModelEyes(viewer, *who, **model)
