"""How a model reads preference pairs: log-probabilities of both answers, and of each of their tokens."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from typing import Any

import torch

from ftwidgets.data.preflight import Encoder
from ftwidgets.training.generation import resting

SIDES = ("chosen", "rejected")
TILE = 256  # positions whose logits are held at once: 256 MB for a vocabulary of 262,144 in float32


def score_pairs(
    model: Any,
    tokenizer: Any,
    rows: Iterable[dict[str, Any]],
    max_length: int | None = None,
    *,
    adapter: bool = True,
) -> Iterator[dict[str, float]]:
    """For each pair, with the adapter on or off: ``row_id``, the sums ``chosen_logps`` and ``rejected_logps`` in nats,
    the lengths ``chosen_length`` and ``rejected_length`` in tokens, and ``margin``, the difference of the means per
    token (the implicit reward of SimPO, arXiv 2405.14734, without beta).

    Answers are cut at ``max_length`` as in training; a side without a token left gives NaN.
    """
    encoder = Encoder(tokenizer, "dpo")
    for row in rows:
        found: dict[str, float] = {"row_id": row["row_id"]}
        for side, (ids, start) in _sides(encoder, row, max_length).items():
            values = token_logps(model, ids, start, adapter=adapter)
            found[f"{side}_logps"], found[f"{side}_length"] = float(values.sum()), len(values)
        means = [found[f"{side}_logps"] / found[f"{side}_length"] if found[f"{side}_length"] else float("nan")
                 for side in SIDES]  # fmt: skip
        yield found | {"margin": means[0] - means[1]}


def token_ratios(
    model: Any, tokenizer: Any, row: dict[str, Any], max_length: int | None = None
) -> dict[str, list[tuple[str, float]]]:
    """By side, each token of the answer with its log-ratio ``log π(token) − log π₀(token)`` in nats: where the model
    with its adapter prefers it more than the base does. Their sum times beta is DPO's implicit reward (arXiv
    2305.18290, eq. 5)."""
    encoder = Encoder(tokenizer, "dpo")
    found = {}
    for side, (ids, start) in _sides(encoder, row, max_length).items():
        ratio = token_logps(model, ids, start) - token_logps(model, ids, start, adapter=False)
        texts = [tokenizer.decode([token]) for token in ids[start:]]
        found[side] = list(zip(texts, ratio.tolist(), strict=True))
    return found


def token_logps(model: Any, ids: list[int], start: int, *, adapter: bool = True) -> torch.Tensor:
    """Log-probabilities of ``ids[start:]`` given what stands before each, float32, shape (len(ids) - start,)."""
    if start >= len(ids):
        return torch.zeros(0)
    inputs = torch.tensor([ids], device=model.device)
    off = nullcontext() if adapter or not hasattr(model, "disable_adapter") else model.disable_adapter()
    with resting(model), off:
        logits = model(input_ids=inputs, logits_to_keep=len(ids) - start + 1).logits[0, :-1]
        targets = inputs[0, start:]
        tiles = [
            tile.float().log_softmax(-1).gather(1, wanted[:, None]).squeeze(1)
            for tile, wanted in zip(logits.split(TILE), targets.split(TILE), strict=True)
        ]
    return torch.cat(tiles).cpu()


def _sides(encoder: Encoder, row: dict[str, Any], max_length: int | None) -> dict[str, tuple[list[int], int]]:
    """By side: the ids of prompt and answer, cut as in training, and where the answer begins."""
    sides = {}
    for name, part in zip(SIDES, encoder.encode(row).parts, strict=True):
        ids = list(part.ids)[:max_length]
        sides[name] = (ids, max(1, min(part.prompt, len(ids))))
    return sides
