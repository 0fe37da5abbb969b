"""How well the length of an answer alone tells whether it was the chosen one."""

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class LengthBias:
    """`accuracy`: share of pairs, of those with unlike lengths, where the longer side was chosen, with Wilson's 95 %
    interval (Wilson 1927). `auc`: probability that a chosen answer is longer than a rejected one of any pair, ties
    half, with a 95 % interval that allows for the pairing (DeLong et al. 1988, clustered as in Obuchowski 1997).
    NaN where there are too few pairs.
    """

    pairs: int
    ties: int
    accuracy: float
    low: float
    high: float
    auc: float
    auc_low: float
    auc_high: float

    @property
    def strong(self) -> bool:
        """The interval leaves out one half, and the guess is right or wrong at least three times in five."""
        return (self.low > 0.5 and self.accuracy >= 0.6) or (self.high < 0.5 and self.accuracy <= 0.4)


def length_bias(chosen: np.ndarray, rejected: np.ndarray) -> LengthBias:
    """`chosen`, `rejected`: (pairs,) lengths, in characters or tokens."""
    pairs, ties = len(chosen), int((chosen == rejected).sum())
    longer, decided = int((chosen > rejected).sum()), pairs - ties
    accuracy = longer / decided if decided else math.nan
    low, high = wilson(longer, decided)
    auc, auc_low, auc_high = _auc(chosen, rejected)
    return LengthBias(pairs, ties, accuracy, low, high, auc, auc_low, auc_high)


def wilson(hits: int, tries: int, z: float = 1.959964) -> tuple[float, float]:
    """Wilson's score interval of a proportion."""
    if not tries:
        return math.nan, math.nan
    share, square = hits / tries, z * z
    centre = (share + square / (2 * tries)) / (1 + square / tries)
    half = z / (1 + square / tries) * math.sqrt(share * (1 - share) / tries + square / (4 * tries * tries))
    # At 0 and 1 the interval ends there exactly; rounding must not say otherwise.
    return (0.0 if hits == 0 else centre - half), (1.0 if hits == tries else centre + half)


def _auc(chosen: np.ndarray, rejected: np.ndarray, z: float = 1.959964) -> tuple[float, float, float]:
    pairs = len(chosen)
    if not pairs:
        return math.nan, math.nan, math.nan
    above = _share_below(chosen, np.sort(rejected))
    below = 1 - _share_below(rejected, np.sort(chosen))
    auc = float(above.mean())
    if pairs < 2:
        return auc, math.nan, math.nan
    influence = above + below - 2 * auc
    half = z * math.sqrt(float((influence**2).sum()) / (pairs * (pairs - 1)))
    return auc, max(0.0, auc - half), min(1.0, auc + half)


def _share_below(values: np.ndarray, ordered: np.ndarray) -> np.ndarray:
    """float64: the share of `ordered` below each value, equals counted half."""
    left, right = np.searchsorted(ordered, values, "left"), np.searchsorted(ordered, values, "right")
    return (left + right) / (2 * len(ordered))
