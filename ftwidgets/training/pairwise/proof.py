"""Whether a model may use shared rows: looked up in its config, then proven on real pairs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ftwidgets.training.pairwise.attention import KINDS
from ftwidgets.training.pairwise.layout import Pair

KNOWN_LAYERS = {"full_attention", "sliding_attention"}
# Log-probabilities of a token may differ by what rounding does in another order of the same sums. That noise is
# measured; this many times as much, this many roundings of the model's number format, or FLOOR are taken for equal.
NOISE = 4.0
ROUNDINGS = 4.0
FLOOR = 1e-5


def obstacle(model: Any) -> str | None:
    """Why ``model`` (unwrapped) cannot be tried with shared rows, or None. Reads the config only."""
    config = model.config.get_text_config()
    kind = model.config._attn_implementation
    if not getattr(model, "_supports_attention_backend", False):
        return f"{type(model).__name__} has attention of its own"
    if kind not in KINDS:
        return f"its attention is {kind}, and shared rows need {' or '.join(KINDS)}"
    layers = set(getattr(config, "layer_types", None) or ())
    if layers - KNOWN_LAYERS:
        return f"it has {', '.join(sorted(layers - KNOWN_LAYERS))} layers"
    if getattr(config, "attention_dropout", 0.0):
        return "its attention has dropout"
    if getattr(config, "use_bidirectional_attention", False):
        return "its attention looks ahead"
    return None


def probe(lengths: np.ndarray, window: int | None) -> int:
    """Which pair to prove equality on, from the lengths of prompt, chosen and rejected answer, (pairs, 3).

    The longest where rows can exceed a sliding window, since errors would hide in shorter ones; else one of middle
    length with a prompt.
    """
    longest = lengths[:, 0] + lengths[:, 1:].max(axis=1)
    if window is not None and longest.max() > window:
        return int(longest.argmax())
    prompted = np.flatnonzero(lengths[:, 0] > 1)
    some = prompted if len(prompted) else np.arange(len(lengths))
    return int(some[longest[some].argsort()[len(some) // 2]])


def difference(
    pair: Pair,
    shared: Callable[[Sequence[Pair]], Tensor],
    rows: Callable[[Sequence[Pair]], Tensor],
    dtype: torch.dtype,
) -> tuple[float, float]:
    """Mean difference per token between a shared row and two rows, and the difference that is allowed, in nats.

    The noise of the model's arithmetic is measured on the two rows themselves: beside a longer row, they are padded and
    their sums run in another order.

    Args:
        shared, rows: Log-probabilities of all scored tokens of some pairs, (tokens,), chosen before rejected.
    """
    alone = rows([pair])
    longer = Pair(pair.prompt, pair.chosen + pair.chosen[:7], pair.rejected + pair.rejected[:7])
    both = rows([pair, longer])
    chosen, rejected = pair.scored
    ahead = chosen + longer.scored[0]
    beside = torch.cat((both[:chosen], both[ahead : ahead + rejected]))
    noise = (beside - alone).abs().mean().item()
    allowed = max(NOISE * noise, ROUNDINGS * torch.finfo(dtype).eps, FLOOR)
    return (shared([pair]) - alone).abs().mean().item(), allowed
