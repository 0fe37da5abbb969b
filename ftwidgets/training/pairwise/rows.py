"""Rows that a pairwise method can learn from; the others are reported and left out."""

from __future__ import annotations

from typing import Any

from datasets import Dataset

from ftwidgets.training.pairwise.layout import Pair
from ftwidgets.training.pairwise.problems import PairsError, named

COLUMNS = ("row_id", "prompt_ids", "chosen_ids", "rejected_ids", "ref_chosen_logps", "ref_rejected_logps")


def with_row_ids(rows: Dataset) -> Dataset:
    """``rows`` with a ``row_id``: their own, else their number."""
    return rows if "row_id" in rows.column_names else rows.add_column("row_id", list(range(len(rows))))


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
    pairs = {
        row["row_id"]: Pair.cut(row["prompt_ids"], row["chosen_ids"], row["rejected_ids"], max_length)
        for row in tokenized
    }
    full = [i for i in before["row_id"] if i not in pairs]
    empty = [i for i, pair in pairs.items() if min(pair.scored) == 0]
    same = [i for i, pair in pairs.items() if min(pair.scored) > 0 and pair.chosen == pair.rejected]
    kept = len(pairs) - len(empty)
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
        gone = len(full) + len(empty)
        text = f"{gone} of {len(before)} {split} rows are left out: {'; '.join(reasons)}."
        context.emit("note", level="warning", text=text, rows=full + empty)
    if same:
        text = f"In {len(same)} of {kept} {split} pairs both answers are the same, and teach nothing: {named(same)}."
        context.emit("note", level="warning", text=text, rows=same)
    if empty:
        gone_ids = set(empty)
        tokenized = tokenized.filter(lambda row: row["row_id"] not in gone_ids)
    return tokenized
