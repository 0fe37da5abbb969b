"""Rows held out of training by prompt, and prompts found on both sides of splits that were given."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ftwidgets.errors import FtwidgetsError


def held_out_rows(
    openings: np.ndarray, prompts: np.ndarray, test_size: float, seed: int, most: int | None = None
) -> np.ndarray:
    """Which rows to hold out, so that no prompt is on both sides.

    Whole groups of rows with the same opening are drawn, by a hash of opening and seed; where one opening has most of
    the rows, by whole prompts instead. The same rows and seed give the same division, whatever the rows' order.

    Args:
        openings: uint64 ``(n,)``, hash of each row's prompt up to the first user turn.
        prompts: uint64 ``(n,)``, hash of each row's whole prompt.
        test_size: Share of the rows wanted, below 1.
        seed: Draws another division.
        most: At most so many rows.

    Returns:
        bool ``(n,)``, true where held out; all false when there is but one prompt or nothing is wanted.

    Raises:
        FtwidgetsError: ``test_size`` is not a share.
    """
    if not 0 <= test_size < 1:
        raise FtwidgetsError(f"test_size={test_size}: use a share of the rows, from 0 to below 1.")
    wanted = round(test_size * len(openings))
    if test_size and len(openings) > 1:
        wanted = max(wanted, 1)
    wanted = min(wanted, most if most is not None else wanted)
    held = np.zeros(len(openings), bool)
    if not wanted:
        return held
    for keys in (openings, prompts):
        groups, inverse, sizes = np.unique(keys, return_inverse=True, return_counts=True)
        if (len(groups) > 1 and sizes.max() * 2 <= len(keys)) or keys is prompts:
            break
    if len(groups) < 2:
        return held
    order = np.argsort(_mixed(groups, seed), kind="stable")
    taken = 0
    drawn = np.zeros(len(groups), bool)
    for group in order:
        size = int(sizes[group])
        if taken + size <= wanted or (not taken and taken + size <= max(wanted, len(keys) // 2)):
            drawn[group] = True
            taken += size
        if taken >= wanted:
            break
    return drawn[inverse]


def _mixed(keys: np.ndarray, seed: int) -> np.ndarray:
    """SplitMix64's finaliser (Steele et al. 2014) of ``keys + seed``: an order without relation to the hashes'."""
    with np.errstate(over="ignore"):
        x = keys + np.uint64((seed * 0x9E3779B97F4A7C15) & (2**64 - 1))
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return x ^ (x >> np.uint64(31))


@dataclass(frozen=True)
class Leakage:
    """Held-out rows whose prompt is in training too: their positions, and the positions they match in training."""

    held_out: np.ndarray
    train: np.ndarray

    def __len__(self) -> int:
        return len(self.held_out)


def leakage(train_prompts: np.ndarray, held_out_prompts: np.ndarray) -> Leakage:
    """Prompts on both sides, from the uint64 hashes of both sides' prompts."""
    known, first = np.unique(train_prompts, return_index=True)
    if not len(known):
        return Leakage(np.empty(0, np.int64), np.empty(0, np.int64))
    at = np.minimum(np.searchsorted(known, held_out_prompts), len(known) - 1)
    found = np.flatnonzero(known[at] == held_out_prompts)
    return Leakage(found, first[at[found]])
