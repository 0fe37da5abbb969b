"""Batches of pairs of like length, so that little of a batch is padding."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch.utils.data import Sampler

GROUP = 50  # batches that are sorted by length together


class LengthSampler(Sampler[int]):
    """Random order in which pairs of like length stand together.

    The rows are shuffled, sorted by length within groups of ``GROUP`` batches, and the batches of a group are shuffled
    again. The order depends on ``seed`` and the epoch alone, so that a resumed run goes on with the same batches; the
    longest row comes in the first batch, so that memory runs out at once or not at all.

    Args:
        lengths: Tokens of each row.
        batch_size: Pairs of one forward pass.
    """

    def __init__(self, lengths: Sequence[int], batch_size: int, seed: int):
        self.lengths = lengths
        self.batch_size = batch_size
        self.seed = seed
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Called by accelerate at the start of each epoch."""
        self.epoch = epoch

    def __len__(self) -> int:
        return len(self.lengths)

    def __iter__(self) -> Iterator[int]:
        random = torch.Generator().manual_seed(self.seed + self.epoch)
        order = torch.randperm(len(self.lengths), generator=random).tolist()
        batches: list[list[int]] = []
        size = self.batch_size * GROUP
        for start in range(0, len(order), size):
            group = sorted(order[start : start + size], key=self.lengths.__getitem__, reverse=True)
            cut = [group[i : i + self.batch_size] for i in range(0, len(group), self.batch_size)]
            full = [batch for batch in cut if len(batch) == self.batch_size]
            batches += [full[i] for i in torch.randperm(len(full), generator=random).tolist()]
            batches += [batch for batch in cut if len(batch) < self.batch_size]
        if batches and self.epoch == 0:
            longest = max(range(len(batches)), key=lambda i: max(self.lengths[row] for row in batches[i]))
            if len(batches[longest]) == self.batch_size:
                batches.insert(0, batches.pop(longest))
        return iter([row for batch in batches for row in batch])
