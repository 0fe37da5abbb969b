"""PPO's arithmetic, as pure functions of tensors.

Shapes: B answers, T answer tokens (right-padded). ``mask`` (B, T) is true on an answer's tokens, its stop token
included. Log-probabilities, KL and entropy are in nats.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor


def masked_mean(values: Tensor, mask: Tensor) -> Tensor:
    """Mean of ``values`` where ``mask``; 0 where nothing is."""
    return (values * mask).sum() / mask.sum().clamp(min=1)


def masked_whiten(values: Tensor, mask: Tensor, shift_mean: bool = True) -> Tensor:
    """``values`` (B, T) scaled to unit variance over ``mask``, and to zero mean unless ``shift_mean`` is off.

    The variance is the unbiased one. Fewer than two values have none: they are only centred. Zero outside ``mask``.
    """
    mean = masked_mean(values, mask)
    count = mask.sum()
    centred = (values - mean) * mask
    if count < 2:
        return centred if shift_mean else values * mask
    scaled = centred * torch.rsqrt(centred.square().sum() / (count - 1) + 1e-8)
    return scaled if shift_mean else (scaled + mean) * mask


def kl_estimate(logprobs: Tensor, ref_logprobs: Tensor, estimator: Literal["k1", "k3"]) -> Tensor:
    """Per-token estimate (B, T) of KL(policy ‖ reference) from tokens that the policy sampled.

    k1: log π − log π₀; k3: r − 1 − log r with r = π₀/π. Schulman 2020, "Approximating KL divergence".
    """
    log_ratio = ref_logprobs - logprobs
    return -log_ratio if estimator == "k1" else log_ratio.expm1() - log_ratio


def token_rewards(kl: Tensor, scores: Tensor, mask: Tensor, kl_coef: float) -> Tensor:
    """Rewards (B, T): the KL price on every token, and the answer's score (B,) on its last token (its stop token)."""
    rewards = -kl_coef * kl * mask
    last = mask.sum(1).long() - 1
    rewards[torch.arange(len(scores), device=rewards.device), last] += scores
    return rewards


def gae(rewards: Tensor, values: Tensor, mask: Tensor, gamma: float, lam: float) -> tuple[Tensor, Tensor]:
    """Advantages and returns, both (B, T): generalised advantage estimation (arXiv 1506.02438, eq. 16).

    Nothing comes after an answer's last token, so the value there is 0.
    """
    advantages = torch.zeros_like(rewards)
    carried = torch.zeros_like(rewards[:, 0])
    for t in range(rewards.shape[1] - 1, -1, -1):
        following = values[:, t + 1] * mask[:, t + 1] if t + 1 < rewards.shape[1] else torch.zeros_like(carried)
        delta = rewards[:, t] + gamma * following - values[:, t]
        carried = (delta + gamma * lam * carried) * mask[:, t]
        advantages[:, t] = carried
    return advantages, (advantages + values) * mask


@dataclass
class Part:
    """One micro-batch's part of a loss: ``loss`` to run backward on, and sums over its tokens for the log."""

    loss: Tensor
    sums: dict[str, Tensor]


def policy_loss(logprobs: Tensor, old_logprobs: Tensor, advantages: Tensor, cliprange: float, total: float) -> Part:
    """The clipped surrogate (arXiv 1707.06347, eq. 7) of a micro-batch's tokens, each argument (tokens,).

    ``total`` is the number of tokens in the whole minibatch, so that parts add up to its mean however it is split.
    """
    log_ratio = logprobs - old_logprobs
    ratio = log_ratio.exp()
    plain = -advantages * ratio
    clipped = -advantages * ratio.clamp(1 - cliprange, 1 + cliprange)
    losses = torch.maximum(plain, clipped)
    with torch.no_grad():
        sums = {
            "loss/policy_avg": losses.sum(),
            "policy/approxkl_avg": 0.5 * log_ratio.square().sum(),
            "policy/clipfrac_avg": (clipped > plain).sum(),
            "val/ratio": ratio.sum(),
            "val/ratio_var": (ratio - 1).square().sum(),
        }
    return Part(losses.sum() / total, sums)


def value_loss(values: Tensor, old_values: Tensor, returns: Tensor, cliprange_value: float, total: float) -> Part:
    """Half the clipped squared error (arXiv 2005.12729; TRL) of a micro-batch's tokens, each argument (tokens,)."""
    clipped = torch.clamp(values, old_values - cliprange_value, old_values + cliprange_value)
    plain_error = (values - returns).square()
    clipped_error = (clipped - returns).square()
    losses = 0.5 * torch.maximum(plain_error, clipped_error)
    with torch.no_grad():
        sums = {"loss/value_avg": losses.sum(), "val/clipfrac_avg": (clipped_error > plain_error).sum()}
    return Part(losses.sum() / total, sums)


class KLController:
    """The KL coefficient: fixed, or driven so that an answer's KL stays near ``target`` (arXiv 1909.08593, eq. 3)."""

    def __init__(self, value: float, adaptive: bool = False, target: float = 6.0, horizon: float = 10_000.0):
        self.value = value
        self.adaptive = adaptive
        self.target = target
        self.horizon = horizon

    def update(self, kl: float, answers: int) -> None:
        """Take in the mean KL of ``answers`` answers, in nats."""
        if self.adaptive:
            error = min(max(kl / self.target - 1.0, -0.2), 0.2)
            self.value *= 1.0 + error * answers / self.horizon
