"""Names for pairs that stay when rows are re-ordered, filtered or joined: hashes of what the pair says.

A key is 48 hex digits, XXH3-64 of prompt, chosen and rejected (roles and metadata do not count), and for the second
copy of the same pair "-2" after them, for the third "-3": each copy can be decided on alone.
"""

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

import numpy as np

from ftwidgets.data.pairs.stats import Hashes, PairStats, row_hashes
from ftwidgets.data.pairs.table import SIDES, Block, PairTable


class PairKeys:
    """Keys of the rows of a table, and back. The first use hashes all rows."""

    def __init__(self, stats: PairStats) -> None:
        self.stats = stats

    def key(self, position: int) -> str:
        hashes = self.stats.hashes()
        name = _name(int(side[position]) for side in hashes)
        copy = int(self._copies[position])
        return f"{name}-{copy + 1}" if copy else name

    def positions(self, keys: Iterable[str]) -> dict[str, int]:
        """Where each key stands; keys of pairs that are not in the table are left out."""
        hashes, order = self.stats.hashes(), self._order
        pairs = hashes.pair[order]
        found = {}
        for key in keys:
            sides, copy = _parts(key)
            if sides is None:
                continue
            wanted = _pair_hash(sides)
            at = int(np.searchsorted(pairs, wanted)) + copy
            if at < len(pairs) and pairs[at] == wanted:
                position = int(order[at])
                if tuple(int(side[position]) for side in hashes) == sides:
                    found[key] = position
        return found

    @cached_property
    def _order(self) -> np.ndarray:
        return np.argsort(self.stats.hashes().pair, kind="stable").astype(np.int32)

    @cached_property
    def _copies(self) -> np.ndarray:
        """int32 (rows,): how many copies of the pair stand before the row."""
        pairs = self.stats.hashes().pair[self._order]
        new = np.concatenate([[True], pairs[1:] != pairs[:-1]])[: len(pairs)]
        starts = np.maximum.accumulate(np.where(new, np.arange(len(pairs)), 0))
        copies = np.empty(len(pairs), np.int32)
        copies[self._order] = np.arange(len(pairs)) - starts
        return copies


def pair_key(row: Mapping[str, Any]) -> str:
    """The key of the first copy of a pair, given as a dict with prompt, chosen and rejected."""
    table = PairTable.of([{side: row.get(side) for side in SIDES}])
    block: Block = next(table.blocks())
    return _name(int(row_hashes(block.texts(side))[0]) for side in SIDES)


def _name(sides: Iterable[int]) -> str:
    return "".join(f"{side:016x}" for side in sides)


def _parts(key: str) -> tuple[tuple[int, int, int] | None, int]:
    name, _, copy = key.partition("-")
    try:
        prompt, chosen, rejected = (int(name[at : at + 16], 16) for at in (0, 16, 32))
        return (prompt, chosen, rejected) if len(name) == 48 else None, int(copy or 1) - 1
    except ValueError:
        return None, 0


def _pair_hash(sides: tuple[int, int, int]) -> np.uint64:
    return Hashes(*(np.array([side], np.uint64) for side in sides)).pair[0]
