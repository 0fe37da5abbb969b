"""Trace: one metric of a run in a bounded number of buckets, however long the run is."""

from __future__ import annotations

import numpy as np

SIZE = 256  # buckets: finer than any rule looks


class Trace:
    """Means of a metric over equal stretches of its values. Up to ``SIZE`` values a bucket holds one value; then
    neighbours are joined and stretches double, so that memory and reading cost stay the same and adding costs O(1).
    """

    def __init__(self) -> None:
        self.count = 0
        self._width = 1
        self._sum = np.zeros(SIZE)
        self._number = np.zeros(SIZE, np.int64)
        self._first = np.full(SIZE, np.inf)
        self._last = np.full(SIZE, -np.inf)

    def extend(self, steps: np.ndarray, values: np.ndarray) -> None:
        """Add values (k,) logged at ``steps`` (k,), ascending. What is not finite is passed over."""
        known = np.isfinite(values)
        steps, values = steps[known], values[known]
        while self.count + len(values) > SIZE * self._width:
            self._join()
        bucket = (self.count + np.arange(len(values))) // self._width
        np.add.at(self._sum, bucket, values)
        np.add.at(self._number, bucket, 1)
        np.minimum.at(self._first, bucket, steps)
        np.maximum.at(self._last, bucket, steps)
        self.count += len(values)

    def __len__(self) -> int:
        return -(-self.count // self._width)

    @property
    def values(self) -> np.ndarray:
        """float64 (buckets,): the mean of each bucket, the oldest first."""
        return self._sum[: len(self)] / self._number[: len(self)]

    @property
    def steps(self) -> np.ndarray:
        """float64 (buckets,): the last step of each bucket."""
        return self._last[: len(self)].copy()

    @property
    def first(self) -> int:
        """The first step that has a value."""
        return int(self._first[0]) if self.count else 0

    @property
    def last(self) -> int:
        """The last step that has a value."""
        return int(self._last[len(self) - 1]) if self.count else 0

    def _join(self) -> None:
        self._width *= 2
        for array, joined, empty in (
            (self._sum, np.add, 0.0),
            (self._number, np.add, 0),
            (self._first, np.minimum, np.inf),
            (self._last, np.maximum, -np.inf),
        ):
            pairs = array.reshape(-1, 2)
            half = joined(pairs[:, 0], pairs[:, 1])
            array[: SIZE // 2], array[SIZE // 2 :] = half, empty
