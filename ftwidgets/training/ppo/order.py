"""Which prompts an update takes and in which order its answers are learnt: pure functions of seed and position.

Nothing depends on a random state carried along, so a resumed run takes up exactly where the run was.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch


def seed_for(seed: int, *position: int) -> int:
    """A seed for one place in a run, different for each position."""
    mixed = seed & 0xFFFFFFFF
    for number in position:
        mixed = (mixed * 6364136223846793005 + number + 1442695040888963407) & 0x7FFFFFFFFFFFFFFF
    return mixed


def permutation(count: int, seed: int) -> list[int]:
    """A random order of ``count`` things, given by ``seed``."""
    return torch.randperm(count, generator=torch.Generator().manual_seed(seed)).tolist()


class PromptOrder(torch.utils.data.Sampler[int]):
    """Indices of prompts: ``size`` for each update, each update's ``repeats`` times over, shuffled every epoch.

    An epoch's last update is filled up from the epoch's start, so that no prompt is left out and every update is whole.
    transformers' Trainer counts its progress in batches; the repeats make an update count as all its batches.
    """

    def __init__(self, count: int, size: int, repeats: int, seed: int):
        self.count = count
        self.size = size
        self.repeats = repeats
        self.seed = seed
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Called by the data loader when an epoch begins."""
        self.epoch = epoch

    def __len__(self) -> int:
        return -(-self.count // self.size) * self.size * self.repeats

    def __iter__(self) -> Iterator[int]:
        order = permutation(self.count, seed_for(self.seed, self.epoch))
        for start in range(0, self.count, self.size):
            update = [order[i % self.count] for i in range(start, start + self.size)]
            for _ in range(self.repeats):
                yield from update


def minibatch_order(lengths: Sequence[int], size: int, seed: int) -> list[int]:
    """Rows shuffled into minibatches of ``size``, each minibatch's rows sorted by length to save padding.

    A minibatch holds the same rows however it is split for accumulation, and in every PPO epoch: old and new
    log-probabilities are computed in the same company, so that the first ratio is 1 to the last bit.
    """
    order = permutation(len(lengths), seed)
    chunks = (order[start : start + size] for start in range(0, len(order), size))
    return [row for chunk in chunks for row in sorted(chunk, key=lambda i: (lengths[i], i))]
