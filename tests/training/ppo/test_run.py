"""A reward model and PPO through ``ftwidgets.train`` on the built-in model, and a real model's first update."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from safetensors.torch import load_file

import ftwidgets
from ftwidgets.demo import courtesy
from ftwidgets.training.ppo.build import build_trainer
from tests.patience import PATIENCE
from tests.training.ppo import tiny
from tests.training.ppo.test_roles import base_hash

MODEL = os.environ.get("FTWIDGETS_REAL_MODEL", "")
SHORT = {"per_device_train_batch_size": 4, "gradient_accumulation_steps": 1, "max_eval_samples": 4, "max_new_tokens": 4}


def test_a_reward_run_is_a_reward(train) -> None:
    judge = train(method="reward", max_steps=2, **SHORT)
    assert judge.wait(PATIENCE) == "finished", judge.error
    assert {"accuracy", "margin", "mean_reward", "eval_accuracy"} <= set(judge.history.columns)
    run = train(method="ppo", reward=judge, max_steps=2, response_length=8, **SHORT)
    assert run.wait(PATIENCE) == "finished", run.error
    assert len(set(run.events.of("rollouts")[0]["score"])) > 1
    assert run.history["eval_objective/kl"].dropna().iloc[0] == 0
    policy = load_file(run.folder / "adapter" / "adapter_model.safetensors")
    assert policy
    assert not any("value" in name or "score" in name or "reward" in name for name in policy)
    assert (run.folder / "value" / "value_head.safetensors").exists()


def test_stopped_and_resumed(train) -> None:
    begun = threading.Event()

    def reward(prompts: list[str], completions: list[str]) -> list[float]:
        begun.set()
        return courtesy(prompts, completions)

    run = train(method="ppo", reward=reward, max_steps=400, logging_steps=1, response_length=8, **SHORT)
    assert begun.wait(PATIENCE), run.error
    run.stop()
    assert run.wait(PATIENCE) == "stopped", run.error
    taken = max(run.history["step"])
    assert taken < 400
    again = ftwidgets.resume(run, reward=reward)
    second = threading.Event()
    again.subscribe(lambda: second.set() if max(again.history["step"], default=0) > taken or again.ended else None)
    assert second.wait(PATIENCE), again.error
    again.stop()
    assert again.wait(PATIENCE) == "stopped", again.error
    steps = [step for step in again.history["step"] if step]
    assert sorted(set(steps)) == list(range(1, max(steps) + 1))


def test_a_reward_that_fails_says_so_in_the_run(train) -> None:
    def broken(prompts: list[str], completions: list[str]) -> list[float]:
        raise KeyError("colour")

    run = train(method="ppo", reward=broken, max_steps=2, response_length=4, test_size=0, **SHORT)
    assert run.wait(PATIENCE) == "failed"
    assert "KeyError: 'colour'" in str(run.error)


@pytest.mark.real_model
@pytest.mark.skipif(not MODEL, reason="FTWIDGETS_REAL_MODEL does not name the folder of a real model")
def test_the_first_update_of_a_real_model(tmp_path: Path) -> None:
    options = {"load_in_4bit": True, "bnb_4bit_compute_dtype": "bfloat16", "gradient_checkpointing": True}
    sizes = {"per_device_train_batch_size": 2, "gradient_accumulation_steps": 1, "response_length": 8, "max_steps": 2}
    prompts = ["The capital of France is", "Water boils at"]
    job = tiny.job(tmp_path, model=MODEL, prompts=prompts, learning_rate=1e-4, **options, **sizes)
    trainer = build_trainer(job)
    before = base_hash(trainer.model)
    trainer.train()
    first, second = [row for row in trainer.state.log_history if "loss" in row]
    assert first["objective/kl"] == 0
    assert (first["val/ratio"], first["val/ratio_var"]) == (1, 0)
    assert second["val/ratio_var"] > 0
    assert base_hash(trainer.model) == before
