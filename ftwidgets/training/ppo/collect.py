"""An update's answers: sampled, scored, and turned into advantages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ftwidgets.training.generation import resting
from ftwidgets.training.ppo.logprobs import OutputHead
from ftwidgets.training.ppo.math import gae, kl_estimate, masked_whiten, token_rewards
from ftwidgets.training.ppo.order import minibatch_order, seed_for
from ftwidgets.training.ppo.prompts import Prompt
from ftwidgets.training.ppo.rewards import Answers, Reward
from ftwidgets.training.ppo.roles import Roles
from ftwidgets.training.ppo.rollout import MicroBatch, Rollout
from ftwidgets.training.ppo.sampling import Sampler


@dataclass
class Collected:
    """What an update starts from: the rollout to learn from, numbers for the log, and a table for people."""

    rollout: Rollout
    metrics: dict[str, float]
    table: dict[str, list[Any]]


class Collector:
    """Samples answers from the policy and works out what they are worth."""

    def __init__(
        self,
        roles: Roles,
        sampler: Sampler,
        reward: Reward,
        tokenizer: Any,
        config: Any,
        autocast: Callable[[], AbstractContextManager[Any]],
    ):
        """``config`` is the run's; ``autocast`` gives the update's number formats."""
        self.roles = roles
        self.sampler = sampler
        self.reward = reward
        self.tokenizer = tokenizer
        self.config = config
        self.autocast = autocast
        self.head = OutputHead.of(roles.model, config.temperature)
        self.micro_size = config.per_device_train_batch_size
        self.minibatch_size = self.micro_size * config.gradient_accumulation_steps

    def __call__(
        self,
        prompts: Sequence[Prompt],
        seed: int,
        kl_coef: float,
        where: str,
        progress: Callable[[int], None] = lambda done: None,
    ) -> Collected | None:
        """Answers to ``prompts``; ``None`` when a stop is requested while they are sampled.

        Raises:
            RewardError: The reward could not score them; ``where`` says when.
        """
        ids = self.sampler.sample([p.ids for p in prompts], seed, progress)
        if self.sampler.stop_requested():
            return None
        texts = self.tokenizer.batch_decode(ids, skip_special_tokens=True)
        scores = self.reward(Answers(prompts, texts, ids), where)

        order = minibatch_order(
            [len(p.ids) + len(a) for p, a in zip(prompts, ids, strict=True)], self.minibatch_size, seed_for(seed, 1)
        )
        prompts, ids = [prompts[i] for i in order], [ids[i] for i in order]
        texts, scores = [texts[i] for i in order], [scores[i] for i in order]
        ended = torch.tensor([row[-1] in self.sampler.stops for row in ids])
        device = self.roles.model.device
        rollout = Rollout.of([p.row_id for p in prompts], [p.ids for p in prompts], ids, device)
        entropy = self._look(rollout)

        given = torch.tensor(scores, dtype=torch.float32)
        if self.config.missing_eos_penalty:
            given = given - self.config.missing_eos_penalty * (~ended)
        kl = self._advantages(rollout, given.to(device), kl_coef)
        metrics = self._metrics(rollout, kl, given, kl_coef, entropy, int(ended.sum()))
        table = {
            "prompt": [p.text for p in prompts],
            "completion": texts,
            "score": given.tolist(),
            "kl": kl.sum(1).tolist(),
            "length": rollout.lengths.tolist(),
            "row_id": [p.row_id for p in prompts],
        }
        return Collected(rollout, metrics, table)

    def logprobs(self, micro: MicroBatch) -> Tensor:
        """Log-probabilities (tokens,) of whoever is on, at the sampling temperature; also with gradient."""
        hidden = self.roles.hidden(micro.input_ids, micro.attention_mask)
        return self.head(hidden[micro.row, micro.place], micro.targets)

    def value(self, micro: MicroBatch) -> Tensor:
        """The value's estimates (tokens,); also with gradient."""
        hidden = self.roles.hidden(micro.input_ids, micro.attention_mask)
        return self.roles.value_of(hidden[micro.row, micro.place])

    def micros(self, rollout: Rollout) -> list[MicroBatch]:
        """All micro-batches of a rollout, in the order of its rows."""
        return [rollout.micro(start, self.micro_size) for start in range(0, len(rollout), self.micro_size)]

    def _look(self, rollout: Rollout) -> float:
        """Fill in what policy, reference and value say, in the update's own micro-batches; returns the mean entropy."""
        entropies: list[Tensor] = []
        micros = self.micros(rollout)
        with resting(self.roles.model), self.autocast():
            with self.roles.policy():
                for micro in micros:
                    hidden = self.roles.hidden(micro.input_ids, micro.attention_mask)
                    logprobs, entropy = self.head.with_entropy(hidden[micro.row, micro.place], micro.targets)
                    micro.write(rollout.logprobs, logprobs)
                    entropies.append(entropy)
            with self.roles.reference():
                for micro in micros:
                    micro.write(rollout.ref_logprobs, self.logprobs(micro))
            with self.roles.value():
                for micro in micros:
                    micro.write(rollout.values, self.value(micro))
        return float(torch.cat(entropies).mean())

    def _advantages(self, rollout: Rollout, scores: Tensor, kl_coef: float) -> Tensor:
        """Fill in advantages and returns; returns the per-token KL (N, T)."""
        c, mask = self.config, rollout.mask
        kl = kl_estimate(rollout.logprobs, rollout.ref_logprobs, c.kl_estimator) * mask
        rewards = token_rewards(kl, scores, mask, kl_coef)
        if c.whiten_rewards:
            rewards = masked_whiten(rewards, mask, shift_mean=False)
        advantages, rollout.returns = gae(rewards, rollout.values, mask, c.gamma, c.lam)
        rollout.advantages = masked_whiten(advantages, mask)
        return kl

    def _metrics(
        self, rollout: Rollout, kl: Tensor, scores: Tensor, kl_coef: float, entropy: float, ended: int
    ) -> dict[str, float]:
        answer_kl = float(kl.sum(1).mean())
        score = float(scores.mean())
        return {
            "objective/kl": answer_kl,
            "objective/entropy": float(-(rollout.logprobs * rollout.mask).sum(1).mean()),
            "objective/non_score_reward": -kl_coef * answer_kl,
            "objective/rlhf_reward": score - kl_coef * answer_kl,
            "objective/scores": score,
            "objective/kl_coef": kl_coef,
            "policy/entropy_avg": entropy,
            "val/num_eos_tokens": float(ended),
            "completions/mean_length": float(rollout.lengths.float().mean()),
        }
