"""What a PPO checkpoint holds besides the Trainer's own: adapters, value head, KL coefficient and half-learnt answers.

- ``adapter_model.safetensors``: the policy
- ``ref/``: the reference's adapter, when the policy did not start new
- ``value/``: the value's adapter and ``value_head.safetensors``
- ``ppo_state.json``: KL coefficient and counters
- ``ppo_rollout.safetensors``: the answers being learnt, when saved within an update
"""

from __future__ import annotations

import json
from pathlib import Path

import torch
from peft import get_peft_model_state_dict, set_peft_model_state_dict
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from ftwidgets.errors import FtwidgetsError
from ftwidgets.training.ppo.roles import POLICY, VALUE, Roles
from ftwidgets.training.ppo.rollout import Rollout

WEIGHTS, HEAD = "adapter_model.safetensors", "value_head.safetensors"
STATE, ROLLOUT = "ppo_state.json", "ppo_rollout.safetensors"


def save_adapters(roles: Roles, folder: Path) -> None:
    """Write the policy, the reference if it is an adapter, and the value."""
    for name in roles.adapters:
        if name != VALUE:
            _save_adapter(roles, name, _place(folder, name))
    save_value(roles, folder / VALUE)


def save_value(roles: Roles, folder: Path) -> None:
    """Write the value's adapter, if it has one, and its head."""
    folder.mkdir(parents=True, exist_ok=True)
    if VALUE in roles.adapters:
        _save_adapter(roles, VALUE, folder)
    head = {name: tensor.detach().cpu().contiguous() for name, tensor in roles.model.value_head.state_dict().items()}
    save_file(head, folder / HEAD)


def save_progress(folder: Path, kl_coef: float, counts: dict[str, int], rollout: Rollout | None) -> None:
    """Write where PPO is, beside the Trainer's own state."""
    (folder / STATE).write_text(json.dumps({"kl_coef": kl_coef, **counts}), encoding="utf-8")
    if rollout is not None:
        save_file({name: tensor.cpu() for name, tensor in rollout.state().items()}, folder / ROLLOUT)


def load_checkpoint(folder: Path, roles: Roles) -> tuple[float, dict[str, int], Rollout | None]:
    """Put a checkpoint's weights in place; returns KL coefficient, counters and unfinished answers.

    Raises:
        FtwidgetsError: A file is missing or damaged, or the weights are of another base or another ``value_model``.
    """
    try:
        for name in roles.adapters:
            file = _place(folder, name) / WEIGHTS
            result = set_peft_model_state_dict(roles.model, load_file(file), adapter_name=name)
            missing = [key for key in result.missing_keys if f".{name}." in key and "lora_" in key]
            if result.unexpected_keys or missing:
                raise RuntimeError(f"{file.relative_to(folder)} holds other layers than this model's")
        roles.model.value_head.load_state_dict(load_file(folder / VALUE / HEAD))
        state = json.loads((folder / STATE).read_text(encoding="utf-8"))
        kl_coef = float(state.pop("kl_coef"))
        rollout = None
        if (folder / ROLLOUT).is_file():
            device: torch.device = roles.model.device
            rollout = Rollout(**{name: tensor.to(device) for name, tensor in load_file(folder / ROLLOUT).items()})
    except (OSError, RuntimeError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise FtwidgetsError(
            f"The checkpoint {folder} does not fit this run: {str(error).strip().splitlines()[0]}. It has to be of the "
            "same base model, adapter settings (r, target_modules) and value_model. Resume with the config it was made "
            "with, or start anew."
        ) from error
    roles.train_both()
    return kl_coef, state, rollout


def _place(folder: Path, adapter: str) -> Path:
    return folder if adapter == POLICY else folder / adapter


def _save_adapter(roles: Roles, name: str, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    weights = get_peft_model_state_dict(roles.model, adapter_name=name, save_embedding_layers=False)
    save_file({key: tensor.detach().cpu().contiguous() for key, tensor in weights.items()}, folder / WEIGHTS)
    roles.model.peft_config[name].save_pretrained(folder)
