"""Forgetting: how well the model still predicts general text, measured before, along and after a run.

Nothing of it reaches the training: it runs between two steps and without gradients, and mode and random state are put
back.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch

from ftwidgets.config import RunConfig
from ftwidgets.data import prepare
from ftwidgets.errors import FtwidgetsError
from ftwidgets.training.generation import resting
from ftwidgets.training.job import Context

BUILT_IN = Path(__file__).with_name("general_text.jsonl")
TEXTS, LONGEST, SHORTEST = 16, 256, 8  # texts measured, tokens of each at most and at least
ROWS = 256  # of the person's file: enough to choose from
LOGITS = 1 << 26  # held at once in 16 bits: 128 MB
TILE = 1 << 24  # held at once in float32: 64 MB
TIMES = 10  # measured along a run at least, where it costs little
SHARE = 0.05  # of a run's time may go into measuring along it; beyond that a turn waits


class GeneralText:
    """Some general text, and the losses measured on it for one run.

    Attributes:
        texts: Token ids of each text.
        seconds: Time spent measuring along the run, without the measurements before and after.
    """

    def __init__(self, config: RunConfig, context: Context, model: Any, texts: Sequence[list[int]], clock: Any = None):
        self.texts = texts
        self.seconds = 0.0
        self._config, self._context, self._model = config, context, model
        self._clock = clock or time.perf_counter
        self._last = 0.0
        self._due: int | None = None  # the step from which a turn is wanted
        self._measured: set[int] = set()

    def measure(self, step: int, epoch: float = 0.0) -> None:
        """Log ``eval_general_loss`` (nats a token) and ``eval_general_perplexity``, and emit each text's loss."""
        if step in self._measured:
            return
        self._measured.add(step)
        self._context.progress("evaluating", text="on general text, for what is forgotten")
        begun = self._clock()
        losses = text_losses(self._model, self.texts)
        self._last = self._clock() - begun
        tokens = [len(ids) - 1 for ids in self.texts]
        loss = sum(a * n for a, n in zip(losses, tokens, strict=True)) / sum(tokens)
        metrics = {"eval_general_loss": loss, "eval_general_perplexity": math.exp(min(loss, 700.0))}
        self._context.emit("log", step=step, epoch=epoch, metrics=metrics)
        self._context.emit("general", step=step, loss=losses, tokens=tokens, seconds=self._last)

    def take_turn(self, step: int, epoch: float, last_step: int, trained: float) -> None:
        """Between two steps: measure if it is time, as soon as it has cost little enough so far.

        Args:
            trained: Seconds of training so far.
        """
        often = max(1, last_step // TIMES)
        every = min(self._config.eval_steps or often, often)
        if self._due is None:
            self._due = -(-max(step, 1) // every) * every  # a resumed run begins in the middle
        if step < self._due or self.seconds + self._last > SHARE * trained:
            return
        self.measure(step, epoch)
        self.seconds += self._last
        self._due = (step // every + 1) * every


def general_text(config: RunConfig, context: Context, model: Any, tokenizer: Any) -> GeneralText | None:
    """What ``config.general_text`` asks for, as token ids; ``None`` where nothing is to be measured.

    Raises:
        FtwidgetsError: The file cannot be read, or holds too little text.
    """
    if not config.general_text:
        return None
    rows = [tokenizer(text)["input_ids"] for text in _texts(config)]
    texts = windows(rows, TEXTS, LONGEST)
    if not texts:
        raise FtwidgetsError(
            f"general_text={config.general_text!r}: no text of {SHORTEST} tokens or more in it. Give a file with more "
            "text, “builtin”, or leave it empty to measure no forgetting."
        )
    return GeneralText(config, context, model, texts)


def _texts(config: RunConfig) -> list[str]:
    path: Any = config.general_text
    if path == "builtin":
        from ftwidgets.demo import general_text_file

        file = general_text_file() if config.model == "demo" else BUILT_IN
        return [json.loads(line)["text"] for line in file.read_text(encoding="utf-8").splitlines()]
    try:
        found = prepare(SimpleNamespace(method="pretrain", dataset=path, test_size=0, max_samples=ROWS))
    except FtwidgetsError as error:
        raise FtwidgetsError(
            f"general_text={path!r}: {error} Give a file of plain text, “builtin”, or leave it empty."
        ) from error
    return found.train["text"]


def windows(rows: Iterable[list[int]], count: int, longest: int) -> list[list[int]]:
    """At most ``count`` pieces of at most ``longest`` tokens, spread evenly over the rows; a row's short rest is left
    out."""
    pieces = [row[i : i + longest] for row in rows for i in range(0, len(row), longest)]
    pieces = [piece for piece in pieces if len(piece) >= SHORTEST]
    if len(pieces) <= count:
        return pieces
    return [pieces[i * len(pieces) // count] for i in range(count)]


def text_losses(model: Any, texts: Sequence[list[int]]) -> list[float]:
    """Mean cross-entropy of each text, in nats a token, of every token but the first; as the model is, adapter on.

    A few texts run at a time, padded on the right, where padding is seen by nobody; never more than ``LOGITS`` logits
    exist at once, and ``TILE`` of them in float32.
    """
    vocabulary = model.get_input_embeddings().num_embeddings
    longest = max(map(len, texts))
    rows = max(1, LOGITS // (longest * vocabulary))
    losses: list[float] = []
    with resting(model):
        model.config.use_cache = False  # nothing is generated; ``resting`` puts it back
        for start in range(0, len(texts), rows):
            losses += _losses(model, texts[start : start + rows], max(1, TILE // vocabulary))
    return losses


def _losses(model: Any, texts: Sequence[list[int]], tile: int) -> list[float]:
    width = max(map(len, texts))
    ids = torch.zeros(len(texts), width, dtype=torch.long)
    mask = torch.zeros_like(ids)
    for row, text in enumerate(texts):
        ids[row, : len(text)] = torch.tensor(text)
        mask[row, : len(text)] = 1
    ids, mask = ids.to(model.device), mask.to(model.device)
    logits = model(input_ids=ids, attention_mask=mask).logits
    found = []
    for row, text in enumerate(texts):
        last = len(text) - 1
        parts = [
            torch.nn.functional.cross_entropy(a.float(), b, reduction="sum")
            for a, b in zip(logits[row, :last].split(tile), ids[row, 1 : last + 1].split(tile), strict=True)
        ]
        found.append(torch.stack(parts).sum().item() / last)
    return found
