"""Scoring: a causal language model that gives the log-probabilities of chosen places instead of all its logits."""

from __future__ import annotations

import functools
import types
from dataclasses import dataclass
from typing import Any

from torch import Tensor
from transformers.utils import ModelOutput

from ftwidgets.training.pairwise.token_scores import score_tokens

# Options by which some families scale their logits. TRL's fused head knows each; our own takes plain heads only.
SCALES = ("logit_scale", "output_multiplier", "lm_head_multiplier", "logits_scaling")


@dataclass
class TokenScores(ModelOutput):
    """Of each scored place, (n,) each: log-probability of its target, entropy in nats, mean logit over the vocabulary,
    whether the target was likeliest; and a mixture of experts' auxiliary loss."""

    log_probs: Tensor | None = None
    entropy: Tensor | None = None
    mean_logits: Tensor | None = None
    is_top1: Tensor | None = None
    aux_loss: Tensor | None = None


def add_scoring(model: Any) -> None:
    """Let ``model(..., places=places, targets=targets)`` give ``TokenScores``; called without, it is as it was.

    ``places`` (n,) index the flattened batch of hidden states, ``targets`` (n,) the vocabulary. ``model`` must have
    TRL's fused head already (``add_fused_lm_head``) and must not be wrapped by PEFT.
    """
    inner = model.forward
    config = model.config.get_text_config()
    softcap = getattr(config, "final_logit_softcapping", None)
    scaled = any(getattr(config, name, None) not in (None, 1, 1.0) for name in SCALES)

    @functools.wraps(type(model).forward)
    def forward(self: Any, *args: Any, places: Tensor | None = None, targets: Tensor | None = None, **more: Any) -> Any:
        if places is None or targets is None:
            return inner(*args, **more)
        backbone = self.base_model
        if scaled or more.get("output_router_logits"):
            # TRL's head scores every place it is given on a CPU: it is given the scored ones only.
            handle = backbone.register_forward_hook(functools.partial(_keep, places))
            try:
                out = inner(*args, fused_lm_head=True, shift_labels=targets[None], **more)
            finally:
                handle.remove()
            flat = (x if x is None else x[0] for x in (out.log_probs, out.entropy, out.mean_logits, out.is_top1))
            return TokenScores(*flat, aux_loss=out.aux_loss)
        head = self.get_output_embeddings()
        hidden = backbone(*args, use_cache=False, **more).last_hidden_state.flatten(0, 1)
        hidden = hidden[places.to(hidden.device)].to(head.weight.device)  # a model may be split across devices
        return TokenScores(*score_tokens(hidden, head.weight, head.bias, targets.to(hidden.device), softcap))

    model.forward = types.MethodType(forward, model)


def _keep(places: Tensor, module: Any, args: Any, output: Any) -> Any:
    output.last_hidden_state = output.last_hidden_state.flatten(0, 1)[places][None]
    return output
