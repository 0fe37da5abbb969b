"""Runs judged on the held-out pairs they share, whatever their method's loss.

Rewards of different losses cannot be compared: DPO's is β times the log-ratio to its reference, SimPO's and ORPO's β
times the mean log-probability. What can be compared is the trained model itself: whether it finds the chosen answer of
a held-out pair likelier per token than the rejected one, and by how much (nats per token, as in SimPO,
arXiv 2405.14734, equation 3, without β). A reward model writes nothing; it is judged by its own scores.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ftwidgets.runs.event_log import Event
from ftwidgets.runs.examples import column, examples, last_of_each
from ftwidgets.runs.run import Run

Z95 = 1.959963984540054  # the normal distribution's 97.5% point


@dataclass(frozen=True)
class Evaluation:
    """One evaluation on held-out pairs.

    Attributes:
        step: After how many optimizer steps.
        ids: int64 (pairs,), ascending: row numbers in the source.
        margins: float64 (pairs,): length-normalised margin in nats per token; a reward model's score difference.
            NaN where the run logged no number.
        lengths: int64 (pairs, 2): scored tokens of chosen and rejected.
        by_score: Whether the margins are a reward model's.
    """

    step: int
    ids: np.ndarray
    margins: np.ndarray
    lengths: np.ndarray
    by_score: bool

    def of(self, ids: np.ndarray) -> Evaluation:
        """The same evaluation, of these pairs alone; all of them must be in it."""
        at = np.searchsorted(self.ids, ids)
        return Evaluation(self.step, self.ids[at], self.margins[at], self.lengths[at], self.by_score)

    @property
    def right(self) -> np.ndarray:
        """bool (pairs,): whether the chosen answer came out ahead. A tie did not, and no number did not."""
        return self.margins > 0

    @property
    def accuracy(self) -> float:
        """Share of pairs in which the chosen answer came out ahead."""
        return float(self.right.mean())

    @property
    def margin(self) -> float:
        """Mean margin of the pairs that have one."""
        known = self.margins[np.isfinite(self.margins)]
        return float(known.mean()) if len(known) else math.nan

    def interval(self) -> tuple[float, float]:
        """95% confidence interval of the accuracy."""
        return wilson(int(self.right.sum()), len(self.ids))


def evaluations(run: Run) -> list[Evaluation]:
    """The run's evaluations on held-out pairs, by step; empty where its method or data has none."""
    parts: dict[int, list[Event]] = {}
    for event in examples(run, "eval"):
        parts.setdefault(int(event["step"]), []).append(event)
    return [_evaluation(step, parts[step]) for step in sorted(parts)]


def _evaluation(step: int, events: Sequence[Event]) -> Evaluation:
    ids = column(events, "id").astype(np.int64)
    by_score = not all("chosen_logps" in event for event in events)
    lengths = np.stack([column(events, "chosen_length"), column(events, "rejected_length")], axis=1)
    if by_score:
        margins = column(events, "margin")
    else:
        sums = np.stack([column(events, "chosen_logps"), column(events, "rejected_logps")], axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            means = sums / lengths
        margins = means[:, 0] - means[:, 1]
    kept = last_of_each(ids)
    tokens = np.nan_to_num(lengths[kept], nan=0).astype(np.int64)
    return Evaluation(step, ids[kept], margins[kept], tokens, by_score)


def wilson(right: int, count: int, z: float = Z95) -> tuple[float, float]:
    """Wilson's score interval of a share (J. Am. Stat. Assoc. 22, 1927): (low, high), with 95% by default.

    It takes the pairs as independent: pairs of one prompt are less informative than that.
    """
    if count <= 0:
        return 0.0, 1.0
    share = right / count
    middle = share + z * z / (2 * count)
    half = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    scale = 1 + z * z / count
    return max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale)


def mcnemar(only_first: int, only_second: int) -> float:
    """Exact two-sided p-value of two runs being as often right on the same pairs (McNemar, Psychometrika 12, 1947).

    Of the pairs on which they differ, each is as likely to favour the one as the other.
    """
    differing, fewer = only_first + only_second, min(only_first, only_second)
    if not differing:
        return 1.0
    if differing > 1000:  # the sum's terms underflow; the corrected normal approximation is close by then
        z = max(0.0, abs(only_first - only_second) - 1) / math.sqrt(differing)
        return math.erfc(z / math.sqrt(2))
    tail = sum(math.comb(differing, k) for k in range(fewer + 1)) / 2**differing
    return min(1.0, 2 * tail)


def source_of(run: Run) -> tuple[object, ...]:
    """What the held-out rows were taken from: row numbers mean the same rows only where this is the same."""
    config = run.config
    if config.eval_dataset is not None:
        return ("given", _place(config.eval_dataset), config.dataset_config)
    return ("split off", _place(config.dataset), config.dataset_config, config.dataset_train_split)


def _place(name: str) -> str:
    path = Path(name).expanduser()
    return str(path.resolve()) if path.exists() else name
