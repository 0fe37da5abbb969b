"""Log-probabilities of chosen tokens without keeping the logits.

A vocabulary of 262 144 makes one token's logits a megabyte: the LM head is the largest cost of a small model's update,
in time and memory. It is frozen, so the gradient it sends back is known as soon as the logits are:
d log p(y) / d h = W[y] − p·W. Working it out in the forward pass takes two products with W where keeping nothing and
computing again would take three, and leaves only (tokens, hidden) behind.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

CHUNK_BYTES = 64 * 2**20  # of float32 logits at a time


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
        parts = [_entropies(*part) for part in self._logits(hidden, tokens)]
        return torch.cat([logprobs for logprobs, _ in parts]), torch.cat([entropy for _, entropy in parts])

    def _logits(self, hidden: Tensor, tokens: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        """Some rows at a time: tokens and float32 logits, softcap and temperature applied."""
        rows = max(1, CHUNK_BYTES // (4 * self.weight.shape[0]))
        for h, y in zip(hidden.split(rows), tokens.split(rows), strict=True):
            logits = F.linear(h.to(self.weight.dtype), self.weight, self.bias).float()
            if self.softcap:
                logits.mul_(self.scale / self.softcap).tanh_().mul_(self.softcap / self.temperature)
            elif self.scale != self.temperature:
                logits.mul_(self.scale / self.temperature)
            yield y, logits


class _TokenLogprobs(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, hidden: Tensor, tokens: Tensor, head: OutputHead) -> Tensor:
        needs_grad = ctx.needs_input_grad[0]
        results, gradients = [], []
        for y, logits in head._logits(hidden, tokens):
            bend = _bend(logits, head) if needs_grad and head.softcap else None
            logprobs, total = _logprobs(y, logits)
            results.append(logprobs)
            if needs_grad:
                gradients.append(_gradient(y, logits, total, bend, head).to(hidden.dtype))
        if needs_grad:
            ctx.save_for_backward(torch.cat(gradients))
        return torch.cat(results)

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor, None, None]:
        (gradient,) = ctx.saved_tensors
        return (upstream.unsqueeze(1) * gradient).to(gradient.dtype), None, None


def _logprobs(tokens: Tensor, logits: Tensor) -> tuple[Tensor, Tensor]:
    """Log-probabilities of ``tokens``, and what ``logits`` sum to: they become exp(logits − their largest) in place,
    since every pass over a whole vocabulary counts."""
    logits.sub_(logits.amax(1, keepdim=True))
    chosen = logits.gather(1, tokens.unsqueeze(1)).squeeze(1)
    total = logits.exp_().sum(1)
    return chosen - total.log(), total


def _entropies(tokens: Tensor, logits: Tensor) -> tuple[Tensor, Tensor]:
    shifted = logits - logits.amax(1, keepdim=True)
    logprobs, total = _logprobs(tokens, logits)
    return logprobs, total.log() - shifted.mul_(logits).sum(1) / total  # sum adds in pairs, a product would not


def _bend(logits: Tensor, head: OutputHead) -> Tensor:
    """d softcap(x) / dx = 1 − (softcap(x) / cap)²"""
    return 1 - (logits * (head.temperature / head.softcap)).square()


def _gradient(tokens: Tensor, weights: Tensor, total: Tensor, bend: Tensor | None, head: OutputHead) -> Tensor:
    """d log p(token) / d hidden, (N, H); ``weights`` / ``total`` are the probabilities, and are used up."""
    error = weights.mul_(-1 / total.unsqueeze(1))
    error.scatter_add_(1, tokens.unsqueeze(1), torch.ones_like(total).unsqueeze(1))
    if bend is not None:
        error.mul_(bend)
    return (error.to(head.weight.dtype) @ head.weight).float() * (head.scale / head.temperature)
