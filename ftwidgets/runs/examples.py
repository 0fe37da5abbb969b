"""What a run said of its rows: its ``examples`` events, without what was trained again after a resume."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ftwidgets.runs.event_log import Event
from ftwidgets.runs.run import Run

MEASURES = ("loss", "margin", "chosen_reward", "rejected_reward")


@dataclass(frozen=True)
class StepRows:
    """Rows of some steps, each once as it was seen last, with what the run said of them then.

    ``ids`` and ``steps`` are int64 (rows,); ``values`` has float64 (rows,) for each of ``MEASURES``, NaN where the
    run logged none.
    """

    ids: np.ndarray
    steps: np.ndarray
    values: dict[str, np.ndarray]

    def __len__(self) -> int:
        return len(self.ids)


def examples(run: Run, split: str | None = None, first: float = 0, last: float = math.inf) -> Iterator[Event]:
    """The ``examples`` events of a split, ``train`` or ``eval``, or of both, oldest first, from step ``first`` to
    ``last``.

    What a run did after the checkpoint that it later went on from is left out: it did that again.
    """
    resumed = [(event["t"], event["step"]) for event in run.events.of("resumed")]
    for event in run.events.of("examples"):
        if split is not None and event.get("split", "train") != split:
            continue
        if not first <= event["step"] <= last or any(event["t"] < t and event["step"] > step for t, step in resumed):
            continue
        if event.get("id"):  # asked last: it takes reading the event
            yield event


def column(events: Sequence[Event], name: str) -> np.ndarray:
    """One list of some events, end to end: float64, NaN where an event has no such list or a value is null."""
    parts = [np.empty(0)]
    for event in events:
        values = event.get(name) or []
        given = np.array([math.nan if v is None else v for v in values], np.float64)
        parts.append(given if len(given) == len(event["id"]) else np.full(len(event["id"]), math.nan))
    return np.concatenate(parts)


def rows_of_steps(run: Run, first: int, last: int, split: str = "train") -> StepRows:
    """The rows that were trained (or evaluated) from step ``first`` to ``last``, both included."""
    events = list(examples(run, split, first, last))
    ids = column(events, "id").astype(np.int64)
    steps = np.repeat([event["step"] for event in events], [len(event["id"]) for event in events]).astype(np.int64)
    kept = last_of_each(ids)
    return StepRows(ids[kept], steps[kept], {name: column(events, name)[kept] for name in MEASURES})


def last_of_each(ids: np.ndarray) -> np.ndarray:
    """Where each id stands for the last time; positions in ascending order of the ids."""
    _, from_behind = np.unique(ids[::-1], return_index=True)
    return len(ids) - 1 - from_behind
