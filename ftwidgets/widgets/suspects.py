"""Pairs that a run could not learn, or unlearnt: candidates for labels the wrong way round."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ftwidgets.data.pairs.run_scores import RunScores

KINDS = {
    "never_learned": "Never learned",
    "flipped": "Flipped",
}
NAMED = 8  # rows named in words; all of them are shown


@dataclass(frozen=True)
class Suspects:
    """Row ids of suspicious pairs, the lowest margin first; of how many pairs, and how often those were seen."""

    kind: str
    ids: np.ndarray
    of: int
    seen: float

    def __str__(self) -> str:
        words = {
            "never_learned": "their margin never rose above 0",
            "flipped": "their margin was above 0 and fell below it again",
        }[self.kind]
        told = f"{KINDS[self.kind]}: {len(self.ids):,} of {self.of:,} pairs; {words}."
        if not len(self.ids):
            return told
        named = ", ".join(map(str, self.ids[:NAMED])) + (", …" if len(self.ids) > NAMED else "")
        told += f" Candidates for labels the wrong way round, the lowest margin first: rows {named}."
        if self.seen < 2:
            told += (
                " Most pairs were seen once, those of the first steps before anything was learnt: read them as hints."
            )
        return told


def suspects(scores: RunScores, kind: str) -> Suspects:
    """The pairs that were ``never_learned`` or ``flipped`` (see ``RunScores``).

    A margin of exactly 0 is where DPO begins and says nothing: a pair with no other margin is left out.
    """
    columns = scores.columns()
    if kind not in columns:
        return Suspects(kind, np.zeros(0, np.int64), len(scores), 0.0)
    margin = columns["margin"]
    found = np.flatnonzero((columns[kind] > 0) & (margin < 0))
    found = found[np.argsort(margin[found], kind="stable")]
    return Suspects(kind, scores.rows[found], len(scores), float(np.median(columns["seen"])))
