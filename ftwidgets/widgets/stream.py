"""How the histories of runs reach the page: once, in order, and only while somebody looks.

Python keeps the histories. Every message says for each run where its rows start; the page adds what it lacks and, when
rows are missing in between, sends ``ready`` with what it holds and gets the rest in one buffer. Rows cross as float64,
one column after the other, only the columns that have a value in them; names, panels and marks cross when they change.
So a message costs 8 bytes a value and a few hundred bytes around them, however long the history is.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ftwidgets.widgets.listening import cell_is_running
from ftwidgets.widgets.marks import events_so_far, marks
from ftwidgets.widgets.panels import panels

INTERVAL = 2.0  # seconds between messages of steps, at least: curves are seen to move, and training hardly notices
PROMPT = 0.2  # seconds before a message of what is rare, such as a pause or the run's end
SILENCE = 30.0  # seconds without a word from a page after which nobody is believed to look (it speaks every 10)
BLOCKED = 2.0  # seconds between messages when nobody was heard, but a running cell may keep us from hearing

Send = Callable[[dict[str, Any], list[bytes]], None]


class Feed:
    """One run, and how far it has been told. ``run`` has ``store`` (a ``History``), ``id``, ``name``, ``status``;
    ``alone``: no other run is on show.
    """

    def __init__(self, run: Any, alone: bool = True):
        self.run = run
        self._alone = alone
        self.told = 0  # rows
        self._columns = 0
        self._marks: list[dict[str, Any]] = []
        self._events: tuple[int, ...] = ()
        self._info: dict[str, str] = {}
        self._resumed = 0

    @property
    def rare(self) -> bool:
        """Whether a state or a mark is new, and not steps alone."""
        return self._info.get("status") != str(self.run.status) or self._events != events_so_far(self.run)

    def part(self, index: int, start: int, whole: bool) -> tuple[dict[str, Any], bytes] | None:
        """Rows from ``start`` on as a message part with its buffer, or ``None`` when there is nothing to tell.

        ``whole`` repeats names, marks and state, for a page that may know none of them.
        """
        store = self.run.store
        part: dict[str, Any] = {"run": index} if index else {}  # every byte of a message counts
        resumed = len(self.run.events.of("resumed")) if getattr(self.run, "events", None) else 0
        if resumed != self._resumed or len(store) < self.told:
            # The run went on from a checkpoint, and rows after it are no more.
            start, self._resumed = 0, resumed
            part["reset"] = True
        rows = store.rows(start)
        present = np.isfinite(rows).any(axis=0)
        part |= {"start": start, "mask": format(sum(1 << int(i) for i in np.flatnonzero(present)), "x")}
        columns = list(store.columns)[: rows.shape[1]]
        if whole or len(columns) != self._columns:
            part["columns"] = columns
            self._columns = len(columns)
        part |= self._new_marks(whole)
        info = {"id": str(self.run.id), "name": str(self.run.name), "status": str(self.run.status)}
        if whole or info != self._info:
            part["info"] = self._info = info
        self.told = start + len(rows)
        if not len(rows) and not whole and part.keys() <= {"run", "start", "mask"}:
            return None
        return part, np.ascontiguousarray(rows[:, present].T).tobytes()

    def _new_marks(self, whole: bool) -> dict[str, Any]:
        events = events_so_far(self.run)
        if events == self._events and not whole:
            return {}
        known, self._marks, self._events = self._marks, marks(self.run, self._alone), events
        # Marks come in the order of their steps, so what is new mostly stands at the end.
        same = len(known) if not whole and self._marks[: len(known)] == known else 0
        if not whole and same == len(self._marks):
            return {}
        return {"marks": self._marks[same:], "marks_from": same}


class Stream:
    """Tells pages about some runs through ``send(content, buffers)``: of steps every two seconds, of the rare at once.

    ``changed`` may be called from any thread and as often as one likes; ``ready`` and ``alive`` are what a page says.
    """

    def __init__(self, runs: Sequence[Any], send: Send, clock: Callable[[], float] = time.monotonic):
        self.feeds = [Feed(run, len(runs) == 1) for run in runs]
        self._send = send
        self._clock = clock
        self._lock = threading.Lock()
        self._heard = -float("inf")
        self._sent = -float("inf")
        self._panels: list[dict[str, Any]] = []
        self._later: threading.Timer | None = None

    @property
    def listening(self) -> bool:
        """Whether a page was heard lately."""
        return self._clock() - self._heard <= SILENCE

    def changed(self) -> None:
        """Something is new in a run: tell it now, or in a moment when the last message has just gone."""
        with self._lock:
            if self._heard == -float("inf"):
                return
            if not self.listening and not cell_is_running():
                return
            rare = any(feed.rare for feed in self.feeds)
            wait = self._sent + (PROMPT if rare else INTERVAL if self.listening else BLOCKED) - self._clock()
            if wait <= 0:
                self._tell(whole=False)
            elif rare or self._later is None:
                if self._later is not None:
                    self._later.cancel()
                self._later = threading.Timer(wait, self._late)
                self._later.daemon = True
                self._later.start()

    def ready(self, have: Sequence[int]) -> None:
        """A page holds ``have`` rows of each run and wants the rest."""
        with self._lock:
            self._heard = self._clock()
            self._tell(whole=True, starts=have)

    def alive(self, have: Sequence[int]) -> None:
        """A page is there and holds ``have`` rows; what was lost or held back meanwhile is sent again."""
        with self._lock:
            self._heard = self._clock()
            behind = len(have) < len(self.feeds) or any(
                h < len(f.run.store) for h, f in zip(have, self.feeds, strict=False)
            )
            if behind and self._clock() - self._sent > INTERVAL:
                self._tell(whole=True, starts=have)

    def send(self, content: dict[str, Any]) -> None:
        """Send another message in its turn."""
        with self._lock:
            self._send(content, [])

    def _late(self) -> None:
        with self._lock:
            self._later = None
            self._tell(whole=False)

    def _tell(self, whole: bool, starts: Sequence[int] | None = None) -> None:
        parts, buffers = [], []
        for index, feed in enumerate(self.feeds):
            start = feed.told
            if starts is not None:
                held = starts[index] if index < len(starts) else 0
                start = held if 0 <= held <= len(feed.run.store) else 0
            told = feed.part(index, start, whole)
            if told is not None:
                parts.append(told[0])
                buffers.append(told[1])
        if not parts:
            return
        content: dict[str, Any] = {"type": "rows", "runs": parts}
        if whole or any("columns" in part for part in parts):
            columns = [name for feed in self.feeds for name in feed.run.store.columns]
            specs = [panel.spec() for panel in panels(columns, split=len(self.feeds) > 1)]
            if whole or specs != self._panels:
                content["panels"] = self._panels = specs
        self._send(content, buffers)
        self._sent = self._clock()
