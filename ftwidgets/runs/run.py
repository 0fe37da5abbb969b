"""Run: what can be known of a run, whether it goes on in this kernel or lies in a folder."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ftwidgets.config import RunConfig
from ftwidgets.runs import status as states
from ftwidgets.runs.event_log import Event, EventLog
from ftwidgets.runs.history import History

if TYPE_CHECKING:
    import pandas as pd
    from plotly.graph_objects import Figure

    from ftwidgets.widgets.curves import Curves


class Run:
    """A run as recorded in its folder. ``LiveRun`` adds what only a run in this kernel can do.

    Attributes:
        config: What was trained, on what, how.
        folder: The run's folder.
        store: The logged metrics (``History``).
        events: The event log, by type: ``run.events.of("checkpoint")``.
        error: What went wrong, for a person to read, or ``None``.
        health: What the rules of health found when somebody watched (``ftwidgets.health`` asks them anew).
        model, tokenizer, trainer: The live objects while the run is in this kernel, else ``None``.
    """

    model: Any = None
    tokenizer: Any = None
    trainer: Any = None
    health: Sequence[Any] = ()
    following: Any = None  # who looks at its health for all its views (ftwidgets.diagnosis.following)

    def __init__(self, config: RunConfig, folder: Path, write: bool = False):
        self.config = config
        self.folder = folder
        self.store = History()
        self.events = EventLog(folder / "events.jsonl", write=write)
        self.error: str | None = None
        self.started_at: float | None = None
        self._status = states.PREPARING

    @property
    def id(self) -> str:
        """The name of the run's folder."""
        return self.folder.name

    @property
    def name(self) -> str:
        """What the person called the run, else its id."""
        return self.config.run_name or self.id

    @property
    def status(self) -> str:
        """One of ``preparing, training, paused, stopping, finished, stopped, failed``; ``interrupted`` when its
        process was killed."""
        return self._status

    @property
    def ended(self) -> bool:
        """Whether nothing will change any more."""
        return self._status in states.ENDS or self._status == states.INTERRUPTED

    @property
    def progress(self) -> Event:
        """The latest progress: ``phase``, ``done``, ``total``, ``text``."""
        latest = self.events.of("progress")
        return latest[-1] if latest else {}

    @property
    def notes(self) -> list[Event]:
        """Notes on the run's health and on what was decided for it."""
        return self.events.of("note")

    @property
    def out_of_memory(self) -> Event | None:
        """What was seen when memory ran out, and what would fit (``ftwidgets.retry``); ``None`` where it did not, or
        the run went on since."""
        latest = self.events.of("out_of_memory")[-1:]
        later = self.events.of("resumed")[-1:]
        return latest[0] if latest and (not later or later[0]["t"] <= latest[0]["t"]) else None

    @property
    def history(self) -> pd.DataFrame:
        """One row a logged step: ``step``, ``epoch``, ``time`` (seconds) and the metrics under TRL's names."""
        return self.store.frame()

    @property
    def summary(self) -> dict[str, Any]:
        """What the finished run says of itself; empty before."""
        path = self.folder / "summary.json"
        return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}

    @property
    def story(self) -> list[str]:
        """What the ended run did, in sentences: how far it came, what was measured before and after, and whether it
        forgot. Empty while it goes on."""
        from ftwidgets.runs.story import story

        return story(self)

    def wait(self, timeout: float | None = None) -> str:
        """Wait until the run has ended, at most ``timeout`` seconds. Returns the status."""
        return self.status

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call ``callback()`` whenever anything changed, from one thread; of steps at most every two seconds."""
        return lambda: None

    def curves(self) -> Curves:
        """The run's curves, live while it goes on."""
        from ftwidgets import Curves

        return Curves(self)  # type: ignore[operator]  # a lazy name

    def figure(self, **keywords: Any) -> Figure:
        """The run's curves as a plain plotly ``Figure``, decimated, for reports and places that run no widgets.

        Args:
            keywords: ``axis``, ``smoothing``, ``points``, ``metrics``, ``columns``: see ``ftwidgets.widgets.figure``.

        Raises:
            FtwidgetsError: Nothing was logged yet.
        """
        from ftwidgets.widgets.figure import figure

        return figure(self.history, **keywords)

    def record(self, event: Event) -> None:
        """Take one event into the run's state. Every run, live or loaded, changes through here alone."""
        kind = event["type"]
        if kind == "status":
            self._status = event["status"]
            self.started_at = self.started_at or event["t"]
        elif kind == "log":
            row = {name: float("nan") if value is None else value for name, value in event["metrics"].items()}
            begun = self.started_at or event["t"]
            self.store.append({"step": event["step"], "epoch": event["epoch"], "time": event["t"] - begun} | row)
        elif kind == "error":
            self.error = event["message"]

    def replay(self, event: Event) -> None:
        """Take in an event that stands on disk already."""
        self.events.keep(event)
        if event["type"] == "resumed":
            self.store.cut(event["step"])  # what was trained after the checkpoint is trained again
        self.record(event)

    def __repr__(self) -> str:
        steps = int(self.store.rows(len(self.store) - 1)[0, 0]) if len(self.store) else 0
        return f"<Run {self.name}: {self.status}, {self.config.method}, step {steps}, {self.folder}>"
