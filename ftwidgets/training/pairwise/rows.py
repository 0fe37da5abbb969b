"""Rows that a pairwise method can learn from; the others are reported and left out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow.compute as pc
from datasets import Dataset

from ftwidgets.training.finite import named
from ftwidgets.training.pairwise.problems import PairsError

TOKENS = ("prompt_ids", "chosen_ids", "rejected_ids")
COLUMNS = ("row_id", *TOKENS, "ref_chosen_logps", "ref_rejected_logps")


def with_row_ids(rows: Dataset) -> Dataset:
    """``rows`` with a ``row_id``: their own, else their number."""
    return rows if "row_id" in rows.column_names else rows.add_column("row_id", list(range(len(rows))))


def cut_lengths(tokenized: Dataset, max_length: int | None) -> np.ndarray:
    """Tokens of prompt, chosen and rejected answer as the model sees them (``Pair.cut``), int64 (rows, 3)."""
    parts = [np.empty((0, 3), dtype=np.int64)]
    for table in tokenized.with_format("arrow").iter(batch_size=1000):
        lengths = [pc.list_value_length(table[name]).to_numpy() for name in TOKENS]
        parts.append(np.stack(lengths, axis=1).astype(np.int64))
    found = np.concatenate(parts)
    if max_length is not None:
        room = np.maximum(max_length - found[:, :1], 0)
        found[:, 1:] = np.minimum(found[:, 1:], room)
        found[:, 0] = np.minimum(found[:, 0], max_length)
    return found


def usable(tokenized: Dataset, before: Dataset, max_length: int | None, context: Any, split: str) -> Dataset:
    """The rows of ``tokenized`` in which both completions have a token to learn; the loss of others is not a number.

    Args:
        tokenized: Rows with token ids. TRL has left out those whose prompt fills ``max_length``.
        before: The same rows before that.
        context: Where the rows left out are reported, as a ``note``.

    Raises:
        PairsError: No row is left, or in each of them both answers are the same. Held-out rows that are all unusable
            only give a note.
    """
    ids = np.asarray(tokenized["row_id"], dtype=np.int64)
    lengths = cut_lengths(tokenized, max_length)
    full = sorted(set(before["row_id"]) - set(ids.tolist()))
    # Without any prompt the first token of an answer has nothing to be predicted from, so one token is not enough.
    good = lengths[:, 1:].min(axis=1) > (lengths[:, 0] == 0)
    empty = ids[~good].tolist()
    alike = np.flatnonzero(good & (lengths[:, 1] == lengths[:, 2])).tolist()
    same = [int(ids[i]) for i in alike if _same(tokenized[i], int(lengths[i, 1]))]
    kept = int(good.sum())
    reasons = []
    if full:
        reasons.append(f"the prompt alone fills max_length={max_length} in {named(full)}")
    if empty:
        reasons.append(f"an answer is empty in {named(empty)}")
    advice = f"Raise max_length (now {max_length}), or mend the rows." if full else "Mend the rows."
    if kept == 0 and split == "train":
        raise PairsError(f"No pair is left to train on: {'; '.join(reasons) or 'the dataset is empty'}. {advice}")
    if kept and len(same) == kept and split == "train":
        cut = f", as far as max_length={max_length} lets them be read" if max_length else ""
        raise PairsError(
            f"In every pair the chosen and the rejected answer are the same{cut}: there is no preference to learn. "
            "Check which columns are mapped to chosen and rejected, or raise max_length."
        )
    if reasons:
        text = f"{len(full) + len(empty)} of {len(before)} {split} rows are left out: {'; '.join(reasons)}."
        context.emit("note", level="warning", text=text, split=split, rows=full + empty)
    if same:
        text = f"In {len(same)} of {kept} {split} pairs both answers are the same, and teach nothing: {named(same)}."
        context.emit("note", level="warning", text=text, split=split, rows=same)
    return tokenized.select(np.flatnonzero(good)) if empty else tokenized


def _same(row: dict[str, Any], length: int) -> bool:
    return row["chosen_ids"][:length] == row["rejected_ids"][:length]
