"""Comparing the parts of a curve that is mostly noise."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ftwidgets.diagnosis.trace import Trace


@dataclass(frozen=True)
class Change:
    """How a metric's mean over the first part of a run compares with that over the last part.

    ``error`` is the standard error of the difference; values of one part are taken as independent.
    """

    before: float
    after: float
    error: float

    @property
    def by(self) -> float:
        """The difference, positive when the metric rose."""
        return self.after - self.before

    def rose(self, least: float = 0.0) -> bool:
        """Whether it rose by more than ``least`` and by more than chance would (two standard errors)."""
        return self.by > max(least, 2 * self.error)

    def fell(self, least: float = 0.0) -> bool:
        """Whether it fell by more than ``least`` and by more than chance would."""
        return -self.by > max(least, 2 * self.error)


def change(trace: Trace, part: float = 1 / 3) -> Change | None:
    """The change from the first ``part`` of a metric's values to the last; ``None`` below three values a part.

    Values further than three (scaled) median deviations from their part's median are pulled in to there: one odd batch
    must not hide a trend.
    """
    values = trace.values
    size = int(len(values) * part)
    if size < 3:
        return None
    first, last = _reined_in(values[:size]), _reined_in(values[-size:])
    error = math.sqrt(float(first.var(ddof=1) + last.var(ddof=1)) / size)
    return Change(float(first.mean()), float(last.mean()), error)


def moving(values: np.ndarray, width: int) -> np.ndarray:
    """Means of ``width`` values in a row: (len(values) - width + 1,)."""
    sums = np.concatenate([[0.0], np.cumsum(values)])
    return (sums[width:] - sums[:-width]) / width


def _reined_in(values: np.ndarray) -> np.ndarray:
    middle = float(np.median(values))
    reach = 3 * 1.4826 * float(np.median(np.abs(values - middle)))
    return np.clip(values, middle - reach, middle + reach) if reach > 0 else values
