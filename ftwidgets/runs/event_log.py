"""The event log: one JSON object a line, appended, readable while it grows and after a crash."""

from __future__ import annotations

import json
import math
import re
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

Event = Mapping[str, Any]

_HEAD = re.compile(rb'\{"t": ([\d.e+-]+), "type": "examples", "step": (\d+), "split": "(train|eval)", ')


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
        event: Event = {"t": round(time.time(), 3), "type": type, **fields}
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


class Unread(Event):
    """An ``examples`` event of which only the head was read: when, at which step, of which split. The rest is read
    from its line when it is asked for: a long run has more rows of pairs than anybody looks at.
    """

    __slots__ = ("_line", "_split", "_step", "_t", "_whole")

    def __init__(self, t: float, step: int, split: str, line: bytes):
        self._t, self._step, self._split = t, step, split
        self._line = line
        self._whole: dict[str, Any] | None = None

    def _read(self) -> dict[str, Any]:
        if self._whole is None:
            self._whole, self._line = json.loads(self._line), b""
        return self._whole

    def __getitem__(self, name: str) -> Any:
        if name == "type":
            return "examples"
        return getattr(self, "_" + name) if name in ("t", "step", "split") else self._read()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._read())

    def __len__(self) -> int:
        return len(self._read())


def unread(line: bytes) -> Unread | None:
    """The event on a whole line with rows of pairs, not read yet; ``None`` where the line begins in another way than
    ``EventLog`` writes it."""
    head = _HEAD.match(line)
    if head is None or not line.endswith(b"}"):
        return None
    t, step, split = head.groups()
    return Unread(float(t), int(step), "eval" if split == b"eval" else "train", line)


def kind_of(line: bytes) -> bytes:
    """The type of the event on a line, without reading it: it stands at the line's beginning."""
    return line[:80].partition(b'"type": "')[2].partition(b'"')[0]


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
