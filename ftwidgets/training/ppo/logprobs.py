"""Log-probabilities of chosen tokens without ever holding the logits.

A vocabulary of 262 144 makes one token's logits a megabyte: the LM head is the largest cost of a small model's update,
in time and memory. Here some columns of the vocabulary are looked at at a time, all tokens together, as attention is
computed in blocks (arXiv 1805.02867): sums of exponentials are kept relative to the largest logit so far, and shrink
when a larger one comes. W is read once, and what is computed in between fits a processor's cache.

The head is frozen, so the gradient it sends back is known as soon as the logits are. In the same pass, with v over all
tokens but the chosen y: d log p(y) / d h = (Σᵥ pᵥ) W[y] − Σᵥ pᵥ W[v]. Both sums are small where y is nearly certain, so
nothing cancels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

CHUNK_BYTES = {"cpu": 8 * 2**20, "cuda": 64 * 2**20}  # of float32 logits at a time: a cache's size, or enough to do


@dataclass(frozen=True)
class OutputHead:
    """A causal LM's output layer: ``logits = softcap(scale · (h Wᵀ + b))``, then divided by the temperature.

    weight: (vocabulary, hidden). softcap: ``cap · tanh(x / cap)`` where the model has one (Gemma 2).
    """

    weight: Tensor
    bias: Tensor | None
    scale: float
    softcap: float | None
    temperature: float

    @classmethod
    def of(cls, model: Any, temperature: float) -> OutputHead:
        """The head of a causal LM; ``temperature`` is the one that answers were sampled at."""
        layer, config = model.get_output_embeddings(), model.config.get_text_config()
        scale = 1.0
        for name in ("logit_scale", "lm_head_multiplier", "output_multiplier"):
            scale *= getattr(config, name, None) or 1.0
        if getattr(config, "logits_scaling", None):  # Granite and MiniCPM divide
            scale /= config.logits_scaling
        softcap = getattr(config, "final_logit_softcapping", None)
        return cls(layer.weight, getattr(layer, "bias", None), scale, softcap, temperature)

    def __call__(self, hidden: Tensor, tokens: Tensor) -> Tensor:
        """Log-probabilities (N,) in float32 of ``tokens`` (N,) after ``hidden`` (N, H)."""
        return _TokenLogprobs.apply(hidden, tokens, self)

    def with_entropy(self, hidden: Tensor, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """The same without gradient, and the distributions' entropies, both (N,)."""
        seen = _Seen(self, hidden, tokens, entropy=True)
        return seen.logprobs, seen.entropy

    def logits(self, hidden: Tensor, columns: slice) -> Tensor:
        """Some columns of the logits in float32, softcap and temperature applied."""
        bias = None if self.bias is None else self.bias[columns]
        logits = F.linear(hidden.to(self.weight.dtype), self.weight[columns], bias).float()
        if self.softcap:
            logits.mul_(self.scale / self.softcap).tanh_().mul_(self.softcap / self.temperature)
        elif self.scale != self.temperature:
            logits.mul_(self.scale / self.temperature)
        return logits

    def slope(self, logits: Tensor) -> Tensor | float:
        """d logits / d (h Wᵀ), from the logits: d cap · tanh(x / cap) / dx = 1 − tanh²."""
        slope = self.scale / self.temperature
        return slope * (1 - (logits * (self.temperature / self.softcap)).square()) if self.softcap else slope


class _Seen:
    """What a pass over the vocabulary found for each of N tokens.

    Attributes:
        logprobs: (N,) of the tokens.
        entropy: (N,) of the distributions, when asked for.
        gradient: (N, H) float32, d logprobs / d hidden, when asked for.
    """

    def __init__(self, head: OutputHead, hidden: Tensor, tokens: Tensor, entropy: bool = False, gradient: bool = False):
        top = torch.full_like(tokens, -torch.inf, dtype=torch.float32)  # the largest logit so far
        chosen, others, moment = (torch.zeros_like(top) for _ in range(3))  # others, moment: relative to e^top
        pull = torch.zeros_like(hidden, dtype=torch.float32) if gradient else None
        size = _chunk(len(tokens), hidden.device.type)
        for start in range(0, len(head.weight), size):
            columns = slice(start, start + size)
            weights = head.logits(hidden, columns)
            here = (tokens >= start) & (tokens < start + size)
            place = (tokens - start).clamp(0, weights.shape[1] - 1).unsqueeze(1)
            chosen = torch.where(here, weights.gather(1, place).squeeze(1), chosen)
            higher = torch.maximum(top, weights.amax(1))
            fade, top = (top - higher).exp(), higher
            logits = weights.clone() if entropy else None
            slope = head.slope(weights) if gradient else None
            weights.sub_(top.unsqueeze(1)).exp_()
            if logits is not None:
                moment = moment * fade + logits.mul_(weights).sum(1)
            weights.scatter_(1, place, weights.gather(1, place).masked_fill(here.unsqueeze(1), 0))
            others = others * fade + weights.sum(1)
            if pull is not None:
                weights.mul_(slope)
                pull.mul_(fade.unsqueeze(1)).add_(weights.to(head.weight.dtype) @ head.weight[columns])
        total = others + (chosen - top).exp()
        self.logprobs = chosen - top - total.log()
        if entropy:
            self.entropy = top + total.log() - moment / total
        if pull is not None:
            own = head.slope(chosen) * others / total
            self.gradient = head.weight[tokens].float() * own.unsqueeze(1) - pull / total.unsqueeze(1)


def _chunk(tokens: int, device: str) -> int:
    """How many columns at a time: a power of two, since rows that begin anywhere make the products slow."""
    return 2 ** (max(1, CHUNK_BYTES[device] // (4 * max(1, tokens))).bit_length() - 1)


class _TokenLogprobs(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, hidden: Tensor, tokens: Tensor, head: OutputHead) -> Tensor:
        needs_grad = ctx.needs_input_grad[0]
        seen = _Seen(head, hidden, tokens, gradient=needs_grad)
        if needs_grad:
            ctx.save_for_backward(seen.gradient.to(hidden.dtype))
        return seen.logprobs

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor, None, None]:
        (gradient,) = ctx.saved_tensors
        return (upstream.unsqueeze(1) * gradient).to(gradient.dtype), None, None
