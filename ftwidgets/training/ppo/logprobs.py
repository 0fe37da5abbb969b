"""Log-probabilities of chosen tokens without keeping the logits.

A vocabulary of 262 144 makes one token's logits a megabyte: the LM head is the largest cost of a small model's update,
in time and memory. It is frozen, so the gradient it sends back is known as soon as the logits are:
d log p(y) / d h = W[y] − p·W. Working it out in the forward pass takes two products with W where keeping nothing and
computing again would take three, and leaves only (tokens, hidden) behind.
"""

from __future__ import annotations

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

    def __call__(self, hidden: Tensor, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Log-probabilities of ``tokens`` (N,) after ``hidden`` (N, H), and the distributions' entropies (no gradient).

        Both (N,) in float32.
        """
        logprobs, entropy = _TokenLogprobs.apply(hidden, tokens, self)
        return logprobs, entropy


class _TokenLogprobs(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, hidden: Tensor, tokens: Tensor, head: OutputHead) -> tuple[Tensor, Tensor]:
        needs_grad = ctx.needs_input_grad[0]
        rows = max(1, CHUNK_BYTES // (4 * head.weight.shape[0]))
        outputs = [_chunk(h, y, head, needs_grad) for h, y in zip(hidden.split(rows), tokens.split(rows), strict=True)]
        if not outputs:
            empty = hidden.new_zeros(0, dtype=torch.float32)
            outputs = [(empty, empty, hidden)]
        logprobs, entropy, gradients = zip(*outputs, strict=True)
        if needs_grad:
            ctx.save_for_backward(torch.cat(gradients))
        result = torch.cat(logprobs), torch.cat(entropy)
        ctx.mark_non_differentiable(result[1])
        return result

    @staticmethod
    def backward(ctx: Any, upstream: Tensor, _entropy: Tensor | None) -> tuple[Tensor, None, None]:
        (gradient,) = ctx.saved_tensors
        return (upstream.unsqueeze(1) * gradient).to(gradient.dtype), None, None


def _chunk(hidden: Tensor, tokens: Tensor, head: OutputHead, needs_grad: bool) -> tuple[Tensor, Tensor, Tensor | None]:
    weight = head.weight
    logits = F.linear(hidden.to(weight.dtype), weight, head.bias).float()
    slope = head.scale / head.temperature
    if head.softcap:
        logits.mul_(head.scale / head.softcap).tanh_()
        bend = 1 - logits.square() if needs_grad else None  # d softcap(x) / dx
        logits.mul_(head.softcap / head.temperature)
    else:
        bend = None
        if slope != 1.0:
            logits.mul_(slope)
    chosen = logits.gather(1, tokens.unsqueeze(1)).squeeze(1)
    normaliser = logits.logsumexp(1)
    probabilities = (logits - normaliser.unsqueeze(1)).exp_()
    # A probability of 0 meets a logit of −inf in no model here, so p · logit is finite.
    entropy = normaliser - torch.einsum("nv,nv->n", probabilities, logits)
    if not needs_grad:
        return chosen - normaliser, entropy, None
    error = probabilities.neg_()
    error.scatter_add_(1, tokens.unsqueeze(1), torch.ones_like(chosen).unsqueeze(1))
    if bend is not None:
        error.mul_(bend)
    gradient = (error.to(weight.dtype) @ weight).float() * slope
    return chosen - normaliser, entropy, gradient.to(hidden.dtype)
