"""What must be told of a model so that its rows are tokenised before training as its trainer will."""

from __future__ import annotations

from typing import Any

from transformers import GenerationConfig
from trl.chat_template_utils import get_training_chat_template, has_generation_markers

from ftwidgets.config import RunConfig


def marked_template(tokenizer: Any) -> str | None:
    """The version of the chat template with ``{% generation %}`` marks that TRL's SFTTrainer trains with in place of
    the tokenizer's own; ``None`` where its own has marks, or where TRL knows no such version."""
    if not tokenizer.chat_template or has_generation_markers(tokenizer.chat_template):
        return None
    try:
        return get_training_chat_template(tokenizer)
    except ValueError:  # a template that TRL has no marked version of
        return None


def encoding_options(config: RunConfig, tokenizer: Any) -> dict[str, Any]:
    """``marked_template``, and ``stops``: the ids that end an answer by the model's generation config, for a reward
    model. Keywords of ``Preflight`` and of ``ftwidgets.data.preflight.Encoder``."""
    from ftwidgets.training.loading import model_path

    stops: list[int] = []
    if config.method == "reward":
        try:
            ends = GenerationConfig.from_pretrained(model_path(config.model), revision=config.revision).eos_token_id
        except OSError:  # a model without one
            ends = None
        stops = [ends] if isinstance(ends, int) else list(ends or [])
    return {"marked_template": marked_template(tokenizer), "stops": stops}
