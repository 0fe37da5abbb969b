"""Four roles on one base: who speaks, what is trained, and that gradients are right."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import torch

from ftwidgets.training.generation import resting
from ftwidgets.training.ppo.logprobs import OutputHead
from ftwidgets.training.ppo.roles import Roles
from ftwidgets.training.ppo.rollout import MicroBatch, Rollout
from tests.training.ppo import tiny

FOUR_BIT = {"load_in_4bit": True, "bnb_4bit_compute_dtype": "bfloat16", "model": tiny.model_folder("llama", 64)}


def micro(device: torch.device) -> MicroBatch:
    prompts = [[2, 3, 9, 10, 4, 3], [2, 3, 11, 4, 3], [2, 3, 12, 13, 14, 4, 3]]
    return Rollout.of(range(3), prompts, [[20, 21, 22], [23, 24, 25, 26, 1], [5]], device).micro(0, 3)


def logprobs(roles: Roles) -> torch.Tensor:
    batch = micro(roles.model.device)
    hidden = roles.hidden(batch.input_ids, batch.attention_mask)[batch.row, batch.place]
    return OutputHead.of(roles.model, 1.0)(hidden, batch.targets)


def values(roles: Roles) -> torch.Tensor:
    batch = micro(roles.model.device)
    return roles.value_of(roles.hidden(batch.input_ids, batch.attention_mask)[batch.row, batch.place])


def shake(parameters: list[torch.nn.Parameter], seed: int = 0) -> None:
    """Give adapters weights as after some training: a new LoRA's B and the value's head are zero."""
    generator = torch.Generator().manual_seed(seed)
    for parameter in parameters:
        noise = torch.randn(parameter.shape, generator=generator)
        parameter.data.copy_(0.3 * noise)


def gradients(parameters: list[torch.nn.Parameter]) -> torch.Tensor:
    assert all(p.grad is not None for p in parameters)
    return torch.cat([p.grad.flatten() for p in parameters])


def base_hash(model: torch.nn.Module) -> str:
    digest = hashlib.sha256()
    for name, tensor in sorted(model.get_base_model().state_dict().items()):
        if "lora_" not in name:
            digest.update(name.encode() + tensor.contiguous().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


@pytest.mark.parametrize("options", [{}, FOUR_BIT], ids=["float32", "4 bits"])
def test_log_probabilities_are_the_models_own(options: dict, tmp_path: Path) -> None:
    """Right padding, selection of places and the head against one plain forward for each row."""
    roles = Roles(tiny.job(tmp_path, **options).model)
    shake(roles.policy_parameters)
    expected = []
    with torch.no_grad(), roles.policy():
        for row in ([2, 3, 9, 10, 4, 3, 20, 21, 22], [2, 3, 11, 4, 3, 23, 24, 25, 26, 1], [2, 3, 12, 13, 14, 4, 3, 5]):
            prompt = {9: 6, 10: 5, 8: 7}[len(row)]
            scores = roles.model(torch.tensor([row])).logits[0].float().log_softmax(-1)
            expected += [scores[t - 1, row[t]].item() for t in range(prompt, len(row))]
        got = logprobs(roles)
    assert got.tolist() == pytest.approx(expected, abs=1e-4 if not options else 0.1)


def test_reference_is_the_start_and_stays_there(tmp_path: Path) -> None:
    roles = Roles(tiny.job(tmp_path).model)
    with torch.no_grad():
        with roles.policy():
            start = logprobs(roles)
        with roles.reference():
            assert torch.equal(logprobs(roles), start)
        shake(roles.policy_parameters)
        with roles.reference():
            assert torch.equal(logprobs(roles), start)
        with roles.policy():
            assert not torch.allclose(logprobs(roles), start, atol=1e-2)


def test_a_trained_policy_is_its_own_reference(tmp_path: Path) -> None:
    fresh = Roles(tiny.job(tmp_path).model)
    shake(fresh.policy_parameters)
    fresh.model.save_pretrained(tmp_path / "sft", selected_adapters=["default"])
    roles = Roles(tiny.job(tmp_path, adapter=str(tmp_path / "sft")).model)
    assert "ref" in roles.adapters
    with torch.no_grad():
        with roles.policy():
            start = logprobs(roles)
        with roles.reference():
            assert torch.equal(logprobs(roles), start)
        shake(roles.policy_parameters, seed=1)
        with roles.reference():
            assert torch.equal(logprobs(roles), start)
        with roles.model.disable_adapter():
            assert not torch.allclose(logprobs(roles), start, atol=1e-2)
    assert not any(p.requires_grad for n, p in roles.model.named_parameters() if ".ref." in n)


def test_policy_and_value_do_not_touch_each_other(tmp_path: Path) -> None:
    roles = Roles(tiny.job(tmp_path).model)
    shake(roles.value_parameters)
    with roles.policy():
        logprobs(roles).sum().backward()
    assert gradients(roles.policy_parameters).any()
    assert not any(p.grad is not None and p.grad.any() for p in roles.value_parameters)
    roles.model.zero_grad()
    with roles.value():
        values(roles).sum().backward()
    assert gradients(roles.value_parameters).any()
    assert not any(p.grad is not None and p.grad.any() for p in roles.policy_parameters)


@pytest.mark.parametrize("options", [{}, FOUR_BIT], ids=["float32", "4 bits"])
def test_checkpointing_changes_no_gradient(options: dict, tmp_path: Path) -> None:
    found = []
    for checkpointing in (False, True):
        roles = Roles(tiny.job(tmp_path, **options).model)
        shake([*roles.policy_parameters, *roles.value_parameters])
        if checkpointing:
            roles.model.gradient_checkpointing_enable({"use_reentrant": False})
        roles.model.train()
        with roles.policy():
            logprobs(roles).sum().backward()
        with roles.value():
            values(roles).sum().backward()
        found.append((gradients(roles.policy_parameters), gradients(roles.value_parameters)))
    (policy, value), (policy_again, value_again) = found
    assert torch.equal(policy, policy_again)
    assert torch.equal(value, value_again)


@pytest.mark.parametrize("options", [{}, FOUR_BIT], ids=["float32", "4 bits"])
def test_resting_leaves_base_and_gradients_as_they_were(options: dict, tmp_path: Path) -> None:
    """In eval mode bitsandbytes would repack the weights on some CPUs: other numbers, and no gradient ever after."""
    roles = Roles(tiny.job(tmp_path, **options).model)
    shake(roles.policy_parameters)
    before = base_hash(roles.model)

    def look() -> torch.Tensor:
        roles.model.zero_grad()
        roles.model.train()
        with roles.policy():
            logprobs(roles).sum().backward()
        return gradients(roles.policy_parameters)

    first = look()
    with resting(roles.model), roles.reference():
        logprobs(roles)
    assert torch.equal(look(), first)
    assert base_hash(roles.model) == before


def test_trained_again_after_others_have_switched_adapters(tmp_path: Path) -> None:
    roles = Roles(tiny.job(tmp_path).model)
    with roles.model.disable_adapter():
        pass
    assert not all(p.requires_grad for p in roles.value_parameters)  # what PEFT does
    with roles.policy():
        pass
    assert all(p.requires_grad for p in (*roles.policy_parameters, *roles.value_parameters))
    assert roles.model.active_adapter == "default"


def test_no_dropout(tmp_path: Path) -> None:
    roles = Roles(tiny.job(tmp_path, lora_dropout=0.5).model)
    shake(roles.policy_parameters)
    roles.model.train()
    with torch.no_grad(), roles.policy():
        assert torch.equal(logprobs(roles), logprobs(roles))


def test_a_new_value_is_zero(tmp_path: Path) -> None:
    for kind in ("adapter", "head"):
        roles = Roles(tiny.job(tmp_path).model, kind)
        with torch.no_grad(), roles.value():
            assert not values(roles).any()
