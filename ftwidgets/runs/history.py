"""The logged metrics of a run: an append-only table that one thread writes and any thread reads."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

AXES = ("step", "epoch", "time")


class History:
    """Rows of float64 metrics under named columns.

    ``columns`` starts with ``step``, ``epoch`` and ``time`` (seconds since the run's start), grows at its end and
    never reorders. Appending costs the same however long the history is. Training and evaluation log separate rows.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._columns: dict[str, int] = {name: i for i, name in enumerate(AXES)}
        self._values = np.full((256, 16), np.nan)
        self._length = 0

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns, in the order of ``rows``."""
        return tuple(self._columns)

    def __len__(self) -> int:
        return self._length

    def append(self, row: Mapping[str, float]) -> None:
        """Add one row; a name not seen before becomes a column."""
        with self._lock:
            for name in row:
                if name not in self._columns:
                    self._columns[name] = len(self._columns)
            rows, width = self._values.shape
            if self._length == rows or len(self._columns) > width:
                more = (rows * 2 if self._length == rows else rows, max(width, 2 * len(self._columns)))
                grown = np.full(more, np.nan)
                grown[: self._length, :width] = self._values[: self._length]
                self._values = grown
            for name, value in row.items():
                self._values[self._length, self._columns[name]] = value
            self._length += 1

    def extend(self, columns: Sequence[str], rows: np.ndarray) -> None:
        """Add many rows at once: float64 (rows, len(columns)), NaN where nothing was logged."""
        with self._lock:
            for name in columns:
                self._columns.setdefault(name, len(self._columns))
            had, end = self._values.shape, self._length + len(rows)
            more = (max(had[0], end), max(had[1], len(self._columns)))
            if more != had:
                grown = np.full(more, np.nan)
                grown[: self._length, : had[1]] = self._values[: self._length]
                self._values = grown
            self._values[self._length : end, [self._columns[name] for name in columns]] = rows
            self._length = end

    def rows(self, start: int, stop: int | None = None) -> np.ndarray:
        """A copy of rows ``start`` to ``stop``: float64, shape (rows, columns), NaN where nothing was logged."""
        with self._lock:
            stop = self._length if stop is None else min(stop, self._length)
            return self._values[start:stop, : len(self._columns)].copy()

    def cut(self, step: float) -> None:
        """Forget the rows after ``step``. Only for a history that no view holds yet."""
        with self._lock:
            kept = self._values[: self._length]
            kept = kept[kept[:, 0] <= step]
            self._values[: len(kept)] = kept
            self._values[len(kept) : self._length] = np.nan
            self._length = len(kept)

    def frame(self) -> pd.DataFrame:
        """One row a logged step: what training and evaluation logged at the same step is joined."""
        import pandas as pd

        frame = pd.DataFrame(self.rows(0), columns=list(self.columns))
        if frame.empty:
            return frame.astype({"step": int})
        joined = frame.groupby("step", as_index=False, sort=True).last()
        return joined.astype({"step": int})
