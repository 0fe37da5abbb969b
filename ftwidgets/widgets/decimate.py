"""Fewer points with the same extremes: what looks the same and loses no spike."""

from __future__ import annotations

from itertools import pairwise

import numpy as np


def keep_extremes(values: np.ndarray, points: int) -> np.ndarray:
    """Indices of at most ``points`` of ``values`` (1-d, finite), ascending: first, last, and of each of equal
    stretches the smallest and the largest. All indices where there are no more than ``points``.
    """
    count = len(values)
    if count <= points:
        return np.arange(count)
    edges = np.linspace(0, count, max(1, (points - 2) // 2) + 1).astype(int)
    kept = [0, count - 1]
    for start, stop in pairwise(edges):
        stretch = values[start:stop]
        kept += [start + int(stretch.argmin()), start + int(stretch.argmax())]
    return np.unique(kept)


def smoothed(values: np.ndarray, beta: float) -> np.ndarray:
    """Debiased exponential moving average: s_t = beta s_(t-1) + (1 - beta) x_t, given as s_t / (1 - beta^t).

    The bias correction is Adam's (arXiv 1412.6980, section 3).
    """
    import pandas as pd

    # pandas' mean with weights that are adjusted to sum to one is the same: (1 - beta) sum(beta^i) = 1 - beta^t.
    return pd.Series(values).ewm(alpha=1 - beta, adjust=True).mean().to_numpy()
