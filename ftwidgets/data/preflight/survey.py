"""Many rows measured in bounded time, and the verdict on whether anything would be trained."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ftwidgets.data.preflight.encoding import Encoder
from ftwidgets.data.preflight.lengths import NEVER, Lengths
from ftwidgets.data.preflight.sequences import Encoded
from ftwidgets.errors import FtwidgetsError

_EVERY = 50
_AT_LEAST = 50


@dataclass
class Survey:
    """Lengths of the measured rows, and the rows that could not be rendered.

    ``positions`` int64 ``(n,)`` are the measured rows' places in the dataset, in the order of ``lengths``.
    """

    lengths: Lengths
    positions: np.ndarray
    rows: int  # in the whole dataset
    refused: list[tuple[int, str]]  # row_id, reason
    prompt_changed: int  # rows whose prompt is tokenised differently once the answer follows
    learns: str

    @property
    def exact(self) -> bool:
        """Whether every row was measured."""
        return len(self.lengths) + len(self.refused) == self.rows

    def verdict(self, max_length: int, response_length: int = 0, packing: bool = False) -> str | None:
        """Why training cannot start, in words, or ``None`` when it can.

        A sample that is all dropped does not prove that every row is: only an exact survey says so for certain.
        """
        if self.refused:
            row, reason = self.refused[0]
            others = f" and {len(self.refused) - 1:,} others" if len(self.refused) > 1 else ""
            return f"{reason} (row {row}{others}). Mend or remove such rows."
        lengths = self.lengths
        if not len(lengths):
            return "There are no rows."
        if lengths.method == "sft" and (lengths.prompt == NEVER).any():
            never = int((lengths.prompt == NEVER).sum())
            return (
                f"In {never:,} of {len(lengths):,} rows looked at the chat template marks no token of the assistant, "
                "so nothing would be learnt from them. Use train_on='completion', or a template with {% generation %}."
            )
        effect = lengths.effect(max_length, response_length, packing)
        if effect.nothing_left:
            looked = "every row" if self.exact else f"each of the {effect.rows:,} rows looked at"
            return f"Nothing would be trained: {_why(lengths, looked, max_length, response_length)}"
        return None


def survey(
    examples: Any,
    encoder: Encoder,
    *,
    sample: int | None = 2000,
    seconds: float | None = 10.0,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    seed: int = 0,
) -> Survey:
    """Tokenise rows and measure them.

    Args:
        examples: A dataset of canonical examples, or a list of them.
        encoder: How the trainer will tokenise.
        sample: At most so many rows, drawn at random; ``None`` for all of them.
        seconds: Stop after so long with what has been measured (at least 50 rows); ``None`` for no bound.
        progress: Called with ``(done, total)`` every 50 rows.
        cancelled: Asked every 50 rows; true ends the survey with what has been measured.
        seed: Draws another sample.
    """
    count = len(examples)
    order: Sequence[int] = range(count)
    if sample is not None and sample < count:
        order = np.random.default_rng(seed).choice(count, sample, replace=False).tolist()
    started = time.monotonic()
    encoded: list[Encoded] = []
    positions: list[int] = []
    refused: list[tuple[int, str]] = []
    for done, position in enumerate(order):
        if done % _EVERY == 0:
            if progress:
                progress(done, len(order))
            if cancelled and cancelled():
                break
            if seconds is not None and done >= _AT_LEAST and time.monotonic() - started > seconds:
                break
        example = examples[position]
        try:
            encoded.append(encoder.encode(example))
            positions.append(position)
        except FtwidgetsError as error:
            refused.append((example.get("row_id", position), str(error)))
    if progress:
        progress(len(positions) + len(refused), len(order))
    return Survey(
        Lengths.of(encoder.method, encoded),
        np.array(positions, np.int64),
        count,
        refused,
        sum(row.prompt_changed for row in encoded),
        encoder.learns,
    )


def _why(lengths: Lengths, looked: str, max_length: int, response_length: int) -> str:
    shortest = int(lengths.total.min())
    if lengths.method == "reward":
        return f"in {looked} an answer is longer than max_length={max_length}. The shortest needs {shortest} tokens."
    if lengths.method == "ppo":
        room = max_length - response_length
        return (
            f"in {looked} the prompt is longer than the {room} tokens that max_length={max_length} and "
            f"response_length={response_length} leave. The shortest has {shortest}."
        )
    if lengths.method == "pretrain":
        return f"{looked} is empty."
    needed = int(lengths.prompt.min()) + 1
    if lengths.chosen is not None and lengths.rejected is not None and needed <= max_length:
        return f"in {looked} an answer is empty, or the prompt fills max_length={max_length}."
    return f"in {looked} the prompt alone fills max_length={max_length}. At least {needed} tokens are needed."
