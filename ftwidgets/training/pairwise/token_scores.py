"""Log-probabilities of the scored tokens, without the logits of any other position and never those of all at once."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from trl.kernels import ChunkedLogProbFunction

TILE = 16 * 2**20  # logits held at a time: 64 tokens of a vocabulary of 262,144
TRITON_VOCABULARY_TILE = 32768  # TRL's own choice for its kernel


class ScoreTokens(torch.autograd.Function):
    """log p(target | hidden) of a linear head, in tiles of tokens.

    The gradient of one log-probability with respect to its hidden state, ``W[target] − Σᵥ pᵥ Wᵥ``, is computed with the
    log-probability, while the probabilities are at hand: the backward pass is a product with a scalar per token, and
    the logits are never computed twice. The head itself gets no gradient.

    ``forward(hidden (n, h), weight (v, h), bias (v,) or None, targets (n,), softcap or None)`` gives float32
    ``log_probs``, ``entropy``, ``mean_logits`` and boolean ``is_top1``, all (n,); only ``log_probs`` has a gradient.
    """

    @staticmethod
    def forward(
        ctx: Any, hidden: Tensor, weight: Tensor, bias: Tensor | None, targets: Tensor, softcap: float | None
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        tokens, vocabulary = hidden.shape[0], weight.shape[0]
        log_probs = hidden.new_empty(tokens, dtype=torch.float32)
        entropy, mean_logits = torch.empty_like(log_probs), torch.empty_like(log_probs)
        is_top1 = torch.empty_like(log_probs, dtype=torch.bool)
        gradient = torch.empty_like(hidden) if ctx.needs_input_grad[0] else None
        height = max(1, min(tokens, TILE // vocabulary))
        for start in range(0, tokens, height):
            rows = slice(start, start + height)
            logits = hidden[rows] @ weight.t()
            if bias is not None:
                logits += bias
            slope = None
            z = logits.float()
            if softcap is not None:
                t = torch.tanh(z / softcap)
                z, slope = t * softcap, 1 - t * t
            target = targets[rows, None]
            at_target = z.gather(1, target).squeeze(1)
            top = z.amax(1)
            mean_logits[rows] = z.mean(1)
            is_top1[rows] = _first_maximum(z, target.squeeze(1), at_target == top)
            z -= top[:, None]
            p = torch.exp(z)
            total = p.sum(1)
            log_total = total.log()
            entropy[rows] = log_total - torch.linalg.vecdot(p, z) / total
            log_probs[rows] = at_target - top - log_total
            if gradient is not None:
                p /= total[:, None]
                if slope is not None:
                    p *= slope
                down = weight[targets[rows]]
                if slope is not None:
                    down = down * slope.gather(1, target).to(down.dtype)
                gradient[rows] = (down.float() - (p.to(weight.dtype) @ weight).float()).to(hidden.dtype)
        if gradient is not None:
            ctx.save_for_backward(gradient)
        ctx.mark_non_differentiable(entropy, mean_logits, is_top1)
        return log_probs, entropy, mean_logits, is_top1

    @staticmethod
    def backward(ctx: Any, upstream: Tensor, *_: Any) -> tuple[Tensor | None, None, None, None, None]:
        (gradient,) = ctx.saved_tensors
        return (gradient * upstream[:, None]).to(gradient.dtype), None, None, None, None


def score_tokens(
    hidden: Tensor, weight: Tensor, bias: Tensor | None, targets: Tensor, softcap: float | None = None
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """``log_probs``, ``entropy``, ``mean_logits``, ``is_top1`` of ``targets``, (n,) each.

    On CUDA, or for a head that is trained, by TRL's kernel; elsewhere by ``ScoreTokens``, which computes the logits
    once where that computes them twice and keeps the matrix products in the model's format.
    """
    if hidden.device.type == "cuda" or weight.requires_grad or (bias is not None and bias.requires_grad):
        log_probs, entropy, _, mean_logits, is_top1 = ChunkedLogProbFunction.apply(
            hidden,
            weight,
            bias,
            targets,
            1.0,
            TRITON_VOCABULARY_TILE,
            softcap,
            1.0,
            ("entropy", "mean_logits", "is_top1"),
        )
        return log_probs, entropy, mean_logits, is_top1
    return ScoreTokens.apply(hidden.to(weight.dtype), weight, bias, targets, softcap)


def _first_maximum(z: Tensor, targets: Tensor, ties: Tensor) -> Tensor:
    """Whether each target is the likeliest token; of equal ones the first counts, as in argmax."""
    result = ties.clone()
    for row in ties.nonzero().flatten().tolist():
        before = z[row, : int(targets[row])]
        if before.numel() and bool(before.amax() >= z[row, int(targets[row])]):
            result[row] = False
    return result
