"""Prefix sharing: whether this model and these pairs use it, and why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from ftwidgets.errors import FtwidgetsError
from ftwidgets.memory import is_out_of_memory
from ftwidgets.training.pairwise import proof
from ftwidgets.training.pairwise.attention import PREFIX
from ftwidgets.training.pairwise.batch import WORTH
from ftwidgets.training.pairwise.layout import Pair
from ftwidgets.training.pairwise.problems import PrefixSharingError

CHOICES = ("auto", "on", "off")
TokenLogProbs = Callable[[Sequence[Pair], bool], Tensor]


@dataclass(frozen=True)
class PrefixSharing:
    """The decision.

    Attributes:
        used: Whether batches may be laid out as shared rows.
        reason: Why, in words.
        saved: Share of the tokens of the training pairs that shared rows do not compute, padding apart.
        difference, allowed: What the proof found, and the noise it is held against, in nats per token.
    """

    used: bool
    reason: str
    saved: float = 0.0
    difference: float | None = None
    allowed: float | None = None


def decide(
    wanted: str, model: Any, lengths: np.ndarray, pair: Callable[[int], Pair], log_probs: TokenLogProbs
) -> PrefixSharing:
    """Whether to share prefixes; leaves ``model`` (unwrapped) with attention that can do it if so.

    Args:
        wanted: ``auto``: where it is proven equal and pays; ``on``: wherever it is equal; ``off``.
        lengths: Tokens of prompt, chosen and rejected answer of the training pairs, (pairs, 3).
        pair: One of those pairs.
        log_probs: Log-probabilities of the scored tokens of some pairs, laid out as a shared row or not.

    Raises:
        PrefixSharingError: ``on``, and the model cannot do it.
    """
    if wanted not in CHOICES:
        raise FtwidgetsError(f"prefix_sharing={wanted!r}: use one of {', '.join(CHOICES)}.")
    if wanted == "off":
        return PrefixSharing(False, "it is switched off")
    prompt, both = lengths[:, 0], lengths.sum(axis=1)
    saved = 1 - float((both + (prompt > 0)).sum() / (both + prompt).sum())
    if wanted == "auto" and saved < WORTH:
        return PrefixSharing(False, f"the prompts are short, it would save {max(saved, 0):.0%} of the tokens", saved)
    found = _prove(model, lengths, pair, log_probs, saved)
    if wanted == "on" and not found.used:
        raise PrefixSharingError(f"prefix_sharing='on': {found.reason}. Use prefix_sharing='auto' to train without it.")
    return found


def _prove(
    model: Any, lengths: np.ndarray, pair: Callable[[int], Pair], log_probs: TokenLogProbs, saved: float
) -> PrefixSharing:
    obstacle = proof.obstacle(model)
    if obstacle:
        return PrefixSharing(False, obstacle, saved)
    kind = model.config._attn_implementation
    config = model.config.get_text_config()
    probe = pair(proof.probe(lengths, getattr(config, "sliding_window", None)))
    model.set_attn_implementation(PREFIX + kind)
    try:
        found, allowed = proof.difference(
            probe, lambda some: log_probs(some, True), lambda some: log_probs(some, False), model.dtype
        )
    except (NotImplementedError, RuntimeError, TypeError, ValueError) as error:  # a model that takes rows another way
        model.set_attn_implementation(kind)
        if is_out_of_memory(error):
            raise
        return PrefixSharing(False, f"the model cannot take shared rows ({error})", saved)
    if found <= allowed:
        near = f"within {found:.1g} nats a token" if found else "to the last bit"
        reason = f"equal to two rows {near}, it saves {saved:.0%} of the tokens"
        return PrefixSharing(True, reason, saved, found, allowed)
    model.set_attn_implementation(kind)
    reason = f"it differs from two rows by {found:.2g} nats a token, more than the noise of {allowed:.2g}"
    return PrefixSharing(False, reason, saved, found, allowed)
