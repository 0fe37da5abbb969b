"""One 4-bit base in four roles: which adapter is on decides who is speaking."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Literal

import torch
from peft import PeftModel
from torch import Tensor, nn

POLICY, REFERENCE, VALUE, REWARD = "default", "ref", "value", "reward"


class Roles:
    """The policy, its reference and the value on one base.

    The policy is the adapter ``default``. The reference is the base with adapters off, or, when the policy starts from
    a trained adapter, a frozen copy of that adapter. The value is a second adapter, or (``value_model="head"``) a
    scalar head on the policy's own trunk.

    Switching adapters in PEFT clears ``requires_grad`` of the others, so every switch here puts it back.
    """

    def __init__(self, model: PeftModel, value_model: Literal["adapter", "head"] = "adapter"):
        """Add the value, and a copy of a trained policy, to ``model`` in place."""
        self.model = model
        self.shares_trunk = value_model == "head"
        self.adapters = [POLICY]
        if _trained(model):
            _copy_adapter(model, POLICY, REFERENCE)
            self.adapters.append(REFERENCE)
        if not self.shares_trunk:
            _add_adapter(model, VALUE)
            self.adapters.append(VALUE)
        hidden = model.get_output_embeddings().weight.shape[1]
        head = nn.Linear(hidden, 1, device=model.get_output_embeddings().weight.device, dtype=torch.float32)
        nn.init.zeros_(head.weight)
        nn.init.zeros_(head.bias)
        model.value_head = head
        _no_dropout(model)
        model.set_adapter(POLICY)
        self._policy_parameters = _parameters(model, POLICY)
        self._value_parameters = [*([] if self.shares_trunk else _parameters(model, VALUE)), *head.parameters()]
        self.train_both()

    @property
    def policy_parameters(self) -> list[nn.Parameter]:
        """What the policy's loss trains."""
        return self._policy_parameters

    @property
    def value_parameters(self) -> list[nn.Parameter]:
        """What only the value's loss trains."""
        return self._value_parameters

    def train_both(self) -> None:
        """Gradients on for policy and value: needed after whoever has switched adapters."""
        for parameter in (*self._policy_parameters, *self._value_parameters):
            parameter.requires_grad_(True)

    def policy(self) -> Any:
        """Context: the model is the policy."""
        return self._as(POLICY)

    def reference(self) -> Any:
        """Context: the model is the policy at the start of training."""
        return self._as(REFERENCE) if REFERENCE in self.adapters else self._plain()

    def value(self) -> Any:
        """Context: the model's trunk is the value's; ``value_of`` reads it."""
        return self._as(POLICY if self.shares_trunk else VALUE)

    def reward(self) -> Any:
        """Context: the model's trunk is the reward adapter's."""
        return self._as(REWARD)

    def hidden(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Last hidden states (B, L, H) of whoever is on; rows are padded on the right."""
        base = self.model.get_base_model()
        return base.base_model(input_ids=input_ids, attention_mask=attention_mask, use_cache=False).last_hidden_state

    def value_of(self, hidden: Tensor) -> Tensor:
        """Values (N,) in float32 of hidden states (N, H)."""
        with torch.autocast(hidden.device.type, enabled=False):
            return self.model.value_head(hidden.float()).squeeze(-1)

    @contextmanager
    def _as(self, adapter: str) -> Iterator[None]:
        self.model.set_adapter(adapter, inference_mode=adapter in (REFERENCE, REWARD))
        self.train_both()
        try:
            yield
        finally:
            self.model.set_adapter(POLICY)
            self.train_both()

    @contextmanager
    def _plain(self) -> Iterator[None]:
        try:
            with self.model.disable_adapter():
                yield
        finally:
            self.train_both()


def _parameters(model: PeftModel, adapter: str) -> list[nn.Parameter]:
    found = [p for name, p in model.named_parameters() if f".{adapter}." in name and "lora_" in name]
    assert found, f"no parameters of adapter {adapter!r}"
    return found


def _no_dropout(model: PeftModel) -> None:
    """With dropout the ratio would not be 1 before the first step."""
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
        elif isinstance(getattr(module, "attention_dropout", None), float):
            module.attention_dropout = 0.0


def _trained(model: PeftModel) -> bool:
    """Whether the policy differs from its base: a new LoRA's B is zero."""
    return any(bool(p.any()) for name, p in model.named_parameters() if "lora_B" in name and f".{POLICY}." in name)


def _add_adapter(model: PeftModel, name: str) -> None:
    """Another adapter shaped as the policy's, in the policy's number format."""
    dtype = _parameters(model, POLICY)[0].dtype
    model.add_adapter(name, replace(model.peft_config[POLICY], inference_mode=False))
    for parameter in _parameters(model, name):
        parameter.data = parameter.data.to(dtype)


def _copy_adapter(model: PeftModel, source: str, target: str) -> None:
    _add_adapter(model, target)
    for mine, theirs in zip(_parameters(model, target), _parameters(model, source), strict=True):
        mine.data.copy_(theirs.data)
        mine.requires_grad_(False)
