"""What a run said about each pair: its `examples` events, put together by row."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

MEASURES = ("loss", "margin", "chosen_reward", "rejected_reward", "chosen_logps", "rejected_logps")


class RunScores:
    """Sightings of pairs in training and evaluation, ordered by row and step.

    `events`: `examples` events, columnar, each with `step`, `split`, `id` and lists as long as `id`. `split` restricts
    them to "train" or "eval"; ids of both mean the same rows only where they come from one source.
    """

    def __init__(self, events: Iterable[Mapping[str, Any]], split: str | None = None) -> None:
        events = list(events)
        self.events = len(events)
        kept = [event for event in events if event.get("id") and split in (None, event.get("split", "train"))]
        ids = [np.asarray(event["id"], np.int64) for event in kept]
        sizes = [len(part) for part in ids]
        self.ids = np.concatenate(ids) if ids else np.zeros(0, np.int64)
        self.steps = np.repeat([int(event.get("step", 0)) for event in kept], sizes).astype(np.int64)
        self.held_out = np.repeat([event.get("split") == "eval" for event in kept], sizes).astype(bool)
        order = np.lexsort((self.steps, self.ids))
        self.ids, self.steps, self.held_out = self.ids[order], self.steps[order], self.held_out[order]
        self.measures = {name: _joined(kept, name, sizes)[order] for name in MEASURES if any(name in e for e in kept)}
        self.rows, self._first, counts = np.unique(self.ids, return_index=True, return_counts=True)
        self._last = self._first + counts - 1
        self._counts = counts

    def __len__(self) -> int:
        return len(self.rows)

    def columns(self) -> dict[str, np.ndarray]:
        """One value a row of `rows`: `seen` times, every measure at the last sighting, margin at the first, and
        whether the pair was `never_learned` (no margin above 0, ever) or `flipped` (above 0 once, not at the last).
        """
        if not len(self.rows):
            return {}
        made = {name: values[self._last] for name, values in self.measures.items()}
        made["seen"] = self._counts.astype(np.float64)
        if "margin" in self.measures:
            margin = self.measures["margin"]
            best = np.maximum.reduceat(np.where(np.isnan(margin), -np.inf, margin), self._first)
            made["first_margin"] = margin[self._first]
            # No finite margin at any time says nothing about the pair.
            known = np.isfinite(best)
            made["never_learned"] = (known & (best <= 0)).astype(np.float64)
            made["flipped"] = (known & (best > 0) & (made["margin"] <= 0)).astype(np.float64)
        return made

    def of(self, row_id: int) -> dict[str, Any]:
        """Every sighting of one pair, by step: `step`, `held_out` and each measure, as lists."""
        span = slice(*np.searchsorted(self.ids, [row_id, row_id + 1]))
        found = {"step": self.steps[span].tolist(), "held_out": self.held_out[span].tolist()}
        return found | {name: _plain(values[span]) for name, values in self.measures.items()}


def _joined(events: list[Mapping[str, Any]], name: str, sizes: list[int]) -> np.ndarray:
    """float64, NaN where an event has no such measure or a value is None."""
    parts = []
    for event, size in zip(events, sizes, strict=True):
        values = np.array([np.nan if v is None else v for v in event.get(name) or []], np.float64)
        parts.append(values if len(values) == size else np.full(size, np.nan))
    return np.concatenate(parts)


def _plain(values: np.ndarray) -> list[float | None]:
    """JSON has no NaN."""
    return [float(v) if np.isfinite(v) else None for v in values]
