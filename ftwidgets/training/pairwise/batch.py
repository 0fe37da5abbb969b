"""The collator: rows of token ids to the batch that the model takes, laid out as two rows or as a shared one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from ftwidgets.training.pairwise.layout import Pair, shared_row, two_rows

# A shared row must save at least this share of the tokens of a batch: below it, two plain rows are as fast.
WORTH = 0.03


class PairCollator:
    """Lays out a batch of pairs.

    Attributes:
        sharing: Whether a shared row may be used at all.
        always: Use it for every batch, whether it pays or not.
        prompts: Score the prompts too.
    """

    def __init__(self, pad: int, max_length: int | None, *, prompts: bool = False):
        self.pad = pad
        self.max_length = max_length
        self.prompts = prompts
        self.sharing = False
        self.always = False

    def pair(self, row: Mapping[str, Any]) -> Pair:
        return Pair.cut(row["prompt_ids"], row["chosen_ids"], row["rejected_ids"], self.max_length)

    def __call__(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """``rows``: ``row_id``, ``prompt_ids``, ``chosen_ids``, ``rejected_ids`` and maybe ``ref_*_logps``, each.

        Returns a dict; ``row_id`` (pairs,) comes first, since Trainer reads the batch's size off the first tensor.
        """
        pairs = [self.pair(row) for row in rows]
        batch: dict[str, Any] = {"row_id": torch.tensor([row["row_id"] for row in rows])}
        if self.sharing and (self.always or saved(pairs) >= WORTH):
            inputs, batch["shared_row"], scored = shared_row(pairs, self.prompts)
        else:
            inputs, scored = two_rows(pairs, self.pad, self.prompts)
        batch |= inputs
        batch["places"] = torch.tensor(scored.places)
        batch["targets"] = torch.tensor(scored.targets)
        batch["lengths"] = scored.lengths
        # As TRL counts them: tokens of both rows, whether the prompt is computed once or twice.
        batch["num_tokens"] = sum(2 * len(p.prompt) + len(p.chosen) + len(p.rejected) for p in pairs)
        for name in ("ref_chosen_logps", "ref_rejected_logps"):
            if name in rows[0]:
                batch[name] = torch.tensor([row[name] for row in rows], dtype=torch.float32)
        return batch


def saved(pairs: Sequence[Pair]) -> float:
    """Share of a batch's tokens that a shared row does not compute, against two rows a pair with their padding."""
    return 1 - sum(p.tokens for p in pairs) / (2 * len(pairs) * max(p.longest for p in pairs))
