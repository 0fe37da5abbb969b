"""A run's log read in one go: what is many, metrics and rows of pairs, without an object for each line."""

from __future__ import annotations

import json

import numpy as np

from ftwidgets.runs.event_log import Event, kind_of, unread
from ftwidgets.runs.run import Run

MANY = 2000  # lines of metrics: fewer are read one by one sooner than polars is imported


def read_log(run: Run) -> int:
    """Take the whole of a run's log into ``run``, which knows nothing of it yet.

    The same as ``run.replay`` of each event. Damaged lines are passed over; a last line without an end is left for
    later.

    Returns:
        The byte offset behind what was read.
    """
    try:
        data = run.events.path.read_bytes()
    except FileNotFoundError:
        return 0
    end = data.rfind(b"\n") + 1
    logs: list[bytes] = []
    for line in data[:end].split(b"\n"):
        kind = kind_of(line)
        if kind == b"log":
            logs.append(line)
            continue
        event = unread(line) if kind == b"examples" else None
        if event is not None:
            run.events.keep(event)
            continue
        if kind in (b"status", b"resumed"):  # the time of rows counts from the first, and the other takes some away
            _take(run, logs)
        _replay(run, line)
    _take(run, logs)
    return end


def _take(run: Run, logs: list[bytes]) -> None:
    """Take in lines of metrics, and forget them."""
    if len(logs) < MANY or not _take_many(run, logs):
        for line in logs:
            _replay(run, line)
    logs.clear()


def _take_many(run: Run, logs: list[bytes]) -> bool:
    """Whether the lines could be read as one table."""
    import polars as pl

    try:
        frame = pl.read_ndjson(b"\n".join(logs), infer_schema_length=None)
        when = frame.select(pl.col("t", "step", "epoch").cast(pl.Float64)).to_numpy()
        metrics = frame["metrics"].struct.unnest().cast(pl.Float64)
    except pl.exceptions.PolarsError:  # a damaged line: all others are worth reading
        return False
    begun = when[:, 0] if run.started_at is None else run.started_at
    axes = np.column_stack([when[:, 1], when[:, 2], when[:, 0] - begun])
    run.store.extend(("step", "epoch", "time", *metrics.columns), np.hstack([axes, metrics.to_numpy()]))
    return True


def _replay(run: Run, line: bytes) -> None:
    try:
        event: Event = json.loads(line)
    except ValueError:
        return
    if isinstance(event, dict) and "type" in event and "t" in event:
        run.replay(event)
