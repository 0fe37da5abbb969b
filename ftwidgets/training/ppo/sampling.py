"""Answers sampled from the policy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from transformers import (
    GenerationConfig,
    LogitsProcessor,
    LogitsProcessorList,
    StoppingCriteria,
    StoppingCriteriaList,
)

from ftwidgets.training.device import give_back
from ftwidgets.training.generation import contiguous_head, resting
from ftwidgets.training.ppo.plain_weights import plain_weights
from ftwidgets.training.ppo.roles import Roles
from ftwidgets.training.ppo.stops import cut_after_stop

BLOCK = 512  # tokens; about the root of a large vocabulary


class Sampler:
    """Samples from the policy's own distribution: no top-k, no top-p, no penalty, whatever the model recommends."""

    def __init__(
        self,
        roles: Roles,
        *,
        stops: list[int],
        pad_token_id: int,
        response_length: int,
        temperature: float,
        batch_size: int,
        stop_requested: Callable[[], bool] = lambda: False,
    ):
        self.roles = roles
        self.stops = stops
        self.batch_size = batch_size
        self.stop_requested = stop_requested
        self.temperature = temperature
        self.generation = GenerationConfig(
            do_sample=False,  # generate takes the token that ``_Draw`` has drawn
            max_new_tokens=response_length,
            eos_token_id=stops,
            pad_token_id=pad_token_id,
            use_cache=True,
        )

    def sample(
        self, prompts: Sequence[list[int]], seed: int, progress: Callable[[int], None] = lambda done: None
    ) -> list[list[int]]:
        """One answer's token ids for each prompt's, the stop token included. The same ``seed`` samples the same.

        Ends early, with answers missing, when a stop is requested.
        """
        order = sorted(range(len(prompts)), key=lambda i: len(prompts[i]))  # little padding
        answers: list[list[int]] = [[] for _ in prompts]
        model = self.roles.model.get_base_model()
        usual, model.generation_config = model.generation_config, self.generation
        try:
            with resting(self.roles.model, seed), contiguous_head(self.roles.model), plain_weights(self.roles.model):
                for start in range(0, len(order), self.batch_size):
                    rows = order[start : start + self.batch_size]
                    for row, ids in zip(rows, self._batch(model, [prompts[i] for i in rows]), strict=True):
                        answers[row] = ids
                    if self.stop_requested():
                        break
                    progress(min(start + self.batch_size, len(order)))
        finally:
            model.generation_config = usual
            give_back()  # plain weights and cache: the update's activations need the room
        return answers

    def _batch(self, model: Any, prompts: list[list[int]]) -> list[list[int]]:
        width = max(map(len, prompts))
        padding = self.generation.pad_token_id
        # The mask is built from the lengths: a prompt may hold the padding token as a token of its own.
        ids = torch.tensor([[padding] * (width - len(p)) + p for p in prompts], device=model.device)
        mask = torch.tensor([[0] * (width - len(p)) + [1] * len(p) for p in prompts], device=model.device)
        out = model.generate(
            input_ids=ids,
            attention_mask=mask,
            logits_processor=LogitsProcessorList([_Draw(self.temperature)]),
            stopping_criteria=StoppingCriteriaList([_Stop(self.stop_requested)]),
        )
        return [cut_after_stop(row, self.stops) for row in out[:, width:].tolist()]


def draw(probabilities: Tensor) -> Tensor:
    """A token (B, 1) for each row of ``probabilities`` (B, V).

    First a block of the vocabulary is drawn, then a token of that block. ``multinomial`` makes a random number for each
    entry it chooses from: of 262 144 tokens at once, that takes nearly as long as the LM head on a CPU.
    """
    blocks = F.pad(probabilities, (0, -probabilities.shape[1] % BLOCK)).unflatten(1, (-1, BLOCK))
    block = blocks.sum(2).multinomial(1)
    return block * BLOCK + blocks.take_along_dim(block.unsqueeze(2), 1).squeeze(1).multinomial(1)


class _Draw(LogitsProcessor):
    """Draws each next token at a temperature, and makes it the likeliest for generate to take."""

    def __init__(self, temperature: float):
        self.temperature = temperature

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        return scores.scatter(1, draw((scores / self.temperature).softmax(1)), torch.inf)


class _Stop(StoppingCriteria):
    def __init__(self, requested: Callable[[], bool]):
        self.requested = requested

    def __call__(self, input_ids: Tensor, scores: Any, **more: Any) -> Tensor:
        return torch.full((len(input_ids),), self.requested(), device=input_ids.device, dtype=torch.bool)
