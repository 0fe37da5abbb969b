"""What a length limit does to rows, computed from lengths alone, so that it can follow a dragged line."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ftwidgets.data.preflight.encoding import PAIRWISE
from ftwidgets.data.preflight.sequences import Encoded

NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Effect:
    """What becomes of the rows under a limit.

    ``cut`` rows lose their end but stay, ``dropped`` rows are left out by the trainer, ``rows`` is how many were
    measured. ``tokens`` run through the model in one pass over the rows; ``tokens_before`` would without a limit.
    """

    max_length: int
    rows: int
    cut: int
    dropped: int
    tokens: int
    tokens_before: int

    @property
    def kept(self) -> int:
        """Rows that are trained on, cut or whole."""
        return self.rows - self.dropped

    @property
    def nothing_left(self) -> bool:
        """Whether no row at all would be trained on."""
        return self.kept == 0


@dataclass
class Lengths:
    """Lengths in tokens of ``n`` measured rows, all int64 ``(n,)``.

    ``prompt`` is what stands before the first learnt token (``NEVER`` where none is learnt); ``chosen`` and
    ``rejected`` (pairs only) are the answers' own lengths; ``total`` is the longest sequence of the row, and
    ``summed`` that of all its sequences.
    """

    method: str
    prompt: np.ndarray
    total: np.ndarray
    summed: np.ndarray
    chosen: np.ndarray | None = None
    rejected: np.ndarray | None = None

    @classmethod
    def of(cls, method: str, rows: list[Encoded]) -> Lengths:
        """Measure encoded rows."""

        def column(values: list[int]) -> np.ndarray:
            return np.array(values, np.int64)

        sizes = [[len(part.ids) for part in row.parts] for row in rows]
        prompts = [_before_learning(row, method) for row in rows]
        pair = method in (*PAIRWISE, "reward")
        return cls(
            method,
            column(prompts),
            column([max(size) for size in sizes]),
            column([sum(size) for size in sizes]),
            column([len(r.parts[0].ids) - r.parts[0].prompt for r in rows]) if pair else None,
            column([len(r.parts[1].ids) - r.parts[1].prompt for r in rows]) if pair else None,
        )

    def __len__(self) -> int:
        return len(self.total)

    @property
    def completion(self) -> np.ndarray:
        """Tokens from the first learnt one to the end, 0 where none is learnt; for pairs of the longer answer."""
        return np.maximum(self.total - self.prompt, 0)

    def dropped(self, max_length: int, response_length: int = 0) -> np.ndarray:
        """bool ``(n,)``: rows that the trainer leaves out under a limit.

        SFT leaves out rows whose learnt tokens are all cut off; pairwise methods those whose prompt fills the limit or
        with an empty answer; reward models those of which one side is longer than the limit; PPO prompts that leave
        no room for ``response_length`` tokens; pre-training none but empty ones.
        """
        if self.method == "reward":
            return self.total > max_length
        if self.method == "ppo":
            return (self.total == 0) | (self.total > max_length - response_length)
        if self.method == "pretrain":
            return self.total == 0
        gone = self.prompt >= max_length
        if self.chosen is not None and self.rejected is not None:
            gone |= np.minimum(self.chosen, self.rejected) == 0
        return gone

    def effect(self, max_length: int, response_length: int = 0, packing: bool = False) -> Effect:
        """What a limit does to all rows; ``packing`` divides long rows instead of cutting them."""
        gone = self.dropped(max_length, response_length)
        whole = packing or self.method in ("reward", "ppo")
        cut = np.zeros(len(self), bool) if whole else (self.total > max_length) & ~gone
        if self.chosen is not None and self.rejected is not None and self.method != "reward":
            prompt = np.where(self.prompt == NEVER, 0, self.prompt)
            tokens = np.minimum(prompt + self.chosen, max_length) + np.minimum(prompt + self.rejected, max_length)
        else:
            tokens = self.summed if whole else np.minimum(self.total, max_length)
        return Effect(
            max_length,
            len(self),
            int(cut.sum()),
            int(gone.sum()),
            int(tokens[~gone].sum()),
            int(self.summed.sum()),
        )

    def limit_for(self, share: float, response_length: int = 0) -> int:
        """The smallest limit under which at least this share of the rows stays whole."""
        if not len(self):
            return 0
        ordered = np.sort(self.total)
        return int(ordered[max(int(np.ceil(share * len(ordered))) - 1, 0)]) + response_length


def _before_learning(row: Encoded, method: str) -> int:
    if method in (*PAIRWISE, "reward", "ppo"):
        return row.parts[0].prompt
    learnt = np.flatnonzero(row.parts[0].trained)
    return int(learnt[0]) if len(learnt) else int(NEVER)
