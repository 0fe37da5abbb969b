"""Which pairs are longer in tokens than the trainer will read."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ftwidgets.data.pairs.stats import Progress, no_progress
from ftwidgets.data.pairs.table import PairTable
from ftwidgets.errors import FtwidgetsError

BATCH = 256


def token_lengths(
    table: PairTable, tokenizer: Any, positions: Sequence[int] | np.ndarray, progress: Progress = no_progress
) -> tuple[np.ndarray, np.ndarray]:
    """int32 (positions,) twice: tokens of prompt and chosen, of prompt and rejected, as the trainer joins them.

    `tokenizer`: a transformers tokenizer. Messages go through its chat template, strings are joined as they are.
    """
    counts: dict[str, list[int]] = {"chosen": [], "rejected": []}
    for at in range(0, len(positions), BATCH):
        rows = [table.row(int(position)) for position in positions[at : at + BATCH]]
        for side, kept in counts.items():
            kept.extend(len(ids) for ids in token_ids(tokenizer, [rendered(tokenizer, row, side) for row in rows]))
        progress(min(at + BATCH, len(positions)), len(positions))
    return np.array(counts["chosen"], np.int32), np.array(counts["rejected"], np.int32)


def rendered(tokenizer: Any, row: dict[str, Any], side: str) -> str:
    """Prompt and answer as the one text that the model reads; turns that the template refuses stand one per line."""
    if isinstance(row[side], str):
        return row["prompt"] + row[side]
    turns = [{"role": turn["role"], "content": turn["content"] or ""} for turn in row["prompt"] + row[side]]
    if getattr(tokenizer, "chat_template", None):
        try:
            return tokenizer.apply_chat_template(turns, tokenize=False)
        except Exception:  # noqa: BLE001 (templates raise what they like: roles that do not alternate, no system turn)
            pass
    return "\n".join(turn["content"] for turn in turns)


def token_ids(tokenizer: Any, texts: list[str]) -> list[list[int]]:
    try:
        return tokenizer(texts, add_special_tokens=False)["input_ids"]
    except TypeError as error:
        raise FtwidgetsError(
            f"The tokenizer ({type(tokenizer).__name__}) cannot be called on a list of texts; give a transformers "
            "tokenizer, such as run.tokenizer or AutoTokenizer.from_pretrained(...)."
        ) from error
