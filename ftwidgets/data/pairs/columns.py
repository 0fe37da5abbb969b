"""The numbers that pairs can be sorted and filtered by: the pair's own, the table's, a run's, and ones set by hand."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ftwidgets.data.pairs.run_scores import RunScores
from ftwidgets.data.pairs.stats import PairStats, Progress, no_progress
from ftwidgets.errors import FtwidgetsError

LABELS = {
    "row_id": "row number",
    "prompt_chars": "prompt length (characters)",
    "chosen_chars": "chosen length (characters)",
    "rejected_chars": "rejected length (characters)",
    "length_difference": "length difference (chosen - rejected)",
    "similarity": "similarity of the sides",
    "copies": "pairs with the same prompt",
    "margin": "reward margin, last seen",
    "first_margin": "reward margin, first seen",
    "loss": "loss, last seen",
    "chosen_reward": "chosen reward, last seen",
    "rejected_reward": "rejected reward, last seen",
    "chosen_logps": "chosen log-probability, last seen",
    "rejected_logps": "rejected log-probability, last seen",
    "seen": "times seen in the run",
}
SET_LABELS = {  # of scores that Model eyes sets
    "margin before": "margin before training (nats a token)",
    "margin after": "margin after training (nats a token)",
    "margin change": "change of margin (nats a token)",
    "chosen_logps": "chosen log-probability (nats)",
    "rejected_logps": "rejected log-probability (nats)",
}
_OWN = ("row_id", "prompt_chars", "chosen_chars", "rejected_chars", "length_difference", "similarity", "copies")
_HIDDEN = ("never_learned", "flipped")  # these are filters, not numbers


class PairColumns:
    """Columns by name, each (rows,), NaN where a pair has no value. A name set by hand hides a run's or the table's."""

    def __init__(self, stats: PairStats) -> None:
        self.stats = stats
        self._run: dict[str, np.ndarray] = {}
        self._set: dict[str, np.ndarray] = {}
        self._orders: dict[tuple[str, bool], np.ndarray] = {}

    @property
    def names(self) -> list[str]:
        names = [*_OWN, *self.stats.table.number_columns, *self._run, *self._set]
        return [name for name in dict.fromkeys(names) if name not in _HIDDEN]

    def label(self, name: str) -> str:
        if name in self._set and name not in _OWN:
            return SET_LABELS.get(name, name)
        return LABELS.get(name, name) if name in _OWN or name in self._run else name

    def has(self, name: str) -> bool:
        return name in self._run or name in self.names

    def values(self, name: str, progress: Progress = no_progress) -> np.ndarray:
        """Computed on first use where it must be. Raises FtwidgetsError for a name there is not."""
        for given in (self._set, self._run):
            if name in given:
                return given[name]
        table, stats = self.stats.table, self.stats
        if name == "row_id":
            return table.row_ids
        if name.endswith("_chars") and name in _OWN:
            return stats.lengths(progress)[name.removesuffix("_chars")]
        if name == "length_difference":
            sizes = stats.lengths(progress)
            return sizes["chosen"] - sizes["rejected"]
        if name == "similarity":
            return stats.similarity(progress)
        if name == "copies":
            group, size = stats.prompt_groups(progress)
            return size[group]
        if name in table.number_columns:
            return table.numbers(name)
        raise FtwidgetsError(f"There is no column {name!r} to sort or filter by; there are {', '.join(self.names)}.")

    def order(self, name: str, descending: bool, progress: Progress = no_progress) -> np.ndarray:
        """int32 positions, sorted; rows of equal value stay in order, rows without a value come last."""
        if (name, descending) not in self._orders:
            values = self.values(name, progress)
            keys = -values.astype(np.float64) if descending else values
            while len(self._orders) >= 2:  # up and down: 4 bytes a row each
                self._orders.pop(next(iter(self._orders)), None)
            self._orders[name, descending] = np.argsort(keys, kind="stable").astype(np.int32)
        return self._orders[name, descending]

    def set_run(self, scores: RunScores) -> None:
        self._run = self._placed(scores.rows, scores.columns())
        self._orders.clear()

    def set_scores(self, scores: Mapping[str, Any]) -> None:
        """`scores` by column: a mapping from row id to number, or an array beside an array named "row_id".

        Raises FtwidgetsError where an array has no row ids, or another length.
        """
        columns = dict(scores)
        ids = columns.pop("row_id", None)
        for name, given in columns.items():
            if isinstance(given, Mapping):
                at, values = np.fromiter(given.keys(), np.int64, len(given)), np.array(list(given.values()), np.float64)
            elif ids is None and len(given) != len(self.stats.table):
                raise FtwidgetsError(
                    f"Column {name!r} has {len(given)} values for {len(self.stats.table)} pairs and no row ids; "
                    "give a mapping from row id to number, or add an array 'row_id'."
                )
            else:
                at = np.asarray(self.stats.table.row_ids if ids is None else ids, np.int64)
                values = np.asarray(given, np.float64)
            if len(at) != len(values):
                raise FtwidgetsError(f"Column {name!r} has {len(values)} values for {len(at)} row ids.")
            self._set |= self._placed(at, {name: values})
        self._orders.clear()

    def at(self, position: int) -> dict[str, float | None]:
        """What a run and people set for one pair."""
        shown = {name: float(values[position]) for name, values in (self._run | self._set).items()}
        return {name: value if np.isfinite(value) else None for name, value in shown.items() if name not in _HIDDEN}

    def _placed(self, ids: np.ndarray, columns: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """By position in the table instead of by row id."""
        table = self.stats.table
        known = np.isin(ids, table.row_ids)
        where = table.positions(ids[known])
        placed = {}
        for name, values in columns.items():
            placed[name] = np.full(len(table), np.nan)
            placed[name][where] = values[known]
        return placed
