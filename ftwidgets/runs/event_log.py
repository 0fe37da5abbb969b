"""The event log: one JSON object a line, appended, readable while it grows and after a crash."""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Event = dict[str, Any]


class EventLog:
    """Events of one run, on disk and by type in memory.

    Each event is written as one line in one system call and handed to the operating system at once, so that
    ``kill -9`` loses at most the line being written. ``log`` events are kept in ``History`` instead of here.
    """

    def __init__(self, path: Path, write: bool):
        self.path = path
        self._by_type: dict[str, list[Event]] = {}
        self._lock = threading.Lock()
        self._file = path.open("ab", buffering=0) if write else None

    def append(self, type: str, **fields: Any) -> Event:
        """Write one event and return it. Floats that JSON cannot hold are written as null."""
        event = {"t": round(time.time(), 3), "type": type, **fields}
        line = json.dumps(event, ensure_ascii=False, default=_plain, allow_nan=True).encode()
        if b"NaN" in line or b"Infinity" in line:
            event = _finite(event)
            line = json.dumps(event, ensure_ascii=False, default=_plain).encode()
        with self._lock:
            if self._file is not None:
                self._file.write(line + b"\n")
            self.keep(event)
        return event

    def keep(self, event: Event) -> None:
        """Remember an event that stands on disk already."""
        if event["type"] == "progress":
            self._by_type["progress"] = [event]  # only the latest is of use
        elif event["type"] != "log":
            self._by_type.setdefault(event["type"], []).append(event)

    def of(self, type: str, start: int = 0) -> list[Event]:
        """The events of one type so far, oldest first, from number ``start`` on; of ``progress`` only the latest."""
        return list(self._by_type.get(type, ())[start:])

    def close(self) -> None:
        """Write no more."""
        if self._file is not None:
            self._file.close()
            self._file = None


def read_events(path: Path, offset: int = 0) -> Iterator[tuple[Event, int]]:
    """The events in a file from a byte offset on, oldest first, each with the offset behind it.

    A damaged line is passed over; a last line without an end (a crash, or a write under way) is left for later.
    """
    if not path.exists():
        return
    with path.open("rb") as file:
        file.seek(offset)
        for line in file:
            if not line.endswith(b"\n"):
                return
            offset += len(line)
            try:
                event = json.loads(line)
            except ValueError:
                continue
            if isinstance(event, dict) and "type" in event and "t" in event:
                yield event, offset


def _plain(value: Any) -> Any:
    """numpy and torch scalars and arrays as plain values, without importing either."""
    if hasattr(value, "tolist"):
        return value.tolist()
    return str(value)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(v) for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(v) for v in value]
    if hasattr(value, "tolist"):
        return _finite(value.tolist())
    return None if isinstance(value, float) and not math.isfinite(value) else value
