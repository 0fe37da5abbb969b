"""PPO as a whole on a tiny model: the numbers an update must show, stopping, checkpoints and resume."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import TrainerCallback

from ftwidgets.errors import FtwidgetsError
from ftwidgets.training.finite import NonFiniteError
from ftwidgets.training.ppo.build import build_trainer
from ftwidgets.training.ppo.trainer import PPOTrainer
from ftwidgets.training.reporter import StoppedBetweenSteps
from tests.training.ppo import tiny
from tests.training.ppo.test_roles import FOUR_BIT, base_hash

METRICS = {
    "objective/kl",
    "objective/entropy",
    "objective/non_score_reward",
    "objective/rlhf_reward",
    "objective/scores",
    "objective/kl_coef",
    "policy/approxkl_avg",
    "policy/clipfrac_avg",
    "policy/entropy_avg",
    "loss/policy_avg",
    "loss/value_avg",
    "val/ratio",
    "val/ratio_var",
    "val/clipfrac_avg",
    "val/num_eos_tokens",
    "completions/mean_length",
    "episode",
    "num_tokens",
    "loss",
    "grad_norm",
    "learning_rate",
}


def train(folder: Path, resume: str | None = None, **options: Any) -> PPOTrainer:
    trainer = build_trainer(tiny.job(folder, **options))
    trainer.train(resume_from_checkpoint=resume)
    return trainer


def logs(trainer: PPOTrainer) -> list[dict[str, float]]:
    return [row for row in trainer.state.log_history if "loss" in row]


def weights(trainer: PPOTrainer) -> dict[str, torch.Tensor]:
    return {n: p.detach().clone() for n, p in trainer.model.named_parameters() if "lora_" in n or "value_head" in n}


def same(mine: dict[str, torch.Tensor], theirs: dict[str, torch.Tensor]) -> bool:
    return mine.keys() == theirs.keys() and all(torch.equal(mine[n], theirs[n]) for n in mine)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"value_model": "head"},
        {"temperature": 0.7, "model": tiny.model_folder("gemma3")},
        FOUR_BIT | {"gradient_checkpointing": True},
    ],
    ids=["float32", "value head", "gemma at 0.7", "4 bits with checkpointing"],
)
def test_the_first_update(options: dict[str, Any], tmp_path: Path) -> None:
    """Policy and reference are the same function, so KL is 0; old and new log-probabilities too, so the ratio is 1."""
    trainer = train(tmp_path, **options)
    first, second = logs(trainer)[:2]
    assert first.keys() >= METRICS
    assert first["objective/kl"] == 0
    assert first["objective/non_score_reward"] == 0
    assert first["objective/rlhf_reward"] == first["objective/scores"]
    assert (first["val/ratio"], first["val/ratio_var"], first["policy/approxkl_avg"]) == (1, 0, 0)
    assert first["policy/clipfrac_avg"] == first["val/clipfrac_avg"] == 0
    assert abs(first["loss/policy_avg"]) < 1e-6  # whitened advantages have mean 0
    assert second["val/ratio_var"] > 0
    assert "objective/kl" not in second  # once an update
    third = logs(trainer)[2]
    assert third["objective/kl"] != 0
    assert (third["val/ratio"], third["val/ratio_var"]) == (1, 0)


def test_both_adapters_are_in_the_optimizer_and_move(tmp_path: Path) -> None:
    trainer = build_trainer(tiny.job(tmp_path, critic_learning_rate=0.5, learning_rate=1e-2))
    before, base = weights(trainer), base_hash(trainer.model)
    trainer.train()
    groups = trainer.optimizer.param_groups
    assert [group["lr"] for group in groups] == [1e-2, 0.5]
    names = {id(p): n for n, p in trainer.model.named_parameters()}
    optimized = {names[id(p)] for group in groups for p in group["params"]}
    assert optimized == before.keys()
    after = weights(trainer)
    assert all(not torch.equal(before[n], after[n]) for n in before)
    assert base_hash(trainer.model) == base


def test_rollouts_are_told_with_their_rows(tmp_path: Path) -> None:
    trainer = train(tmp_path)
    tables = trainer.job.context.of("rollouts")
    assert [table["step"] for table in tables] == [0, 2]
    for table in tables:
        assert {len(column) for name, column in table.items() if name != "step"} == {8}
        assert sorted(table["row_id"]) == list(range(8))
        assert [tiny.PROMPTS[i] for i in table["row_id"]] == table["prompt"]
        assert table["score"] == tiny.early(table["prompt"], table["completion"])
        assert all(1 <= length <= 8 for length in table["length"])
    assert sum(tables[0]["score"]) / 8 == pytest.approx(logs(trainer)[0]["objective/scores"])
    assert sum(tables[1]["kl"]) / 8 == pytest.approx(logs(trainer)[2]["objective/kl"], abs=1e-5)
    json.dumps(tables)


@pytest.mark.parametrize("minibatches", [1, 2])
def test_accumulation_changes_nothing(minibatches: int, tmp_path: Path) -> None:
    """8 answers a minibatch, whole and in 4 parts."""
    runs = [
        train(
            tmp_path,
            per_device_train_batch_size=size,
            gradient_accumulation_steps=8 // size,
            num_mini_batches=minibatches,
            max_steps=3 * minibatches,
            learning_rate=1e-3,
        )
        for size in (8, 2)
    ]
    whole = weights(runs[0])
    for run in runs[1:]:
        split = weights(run)
        for name, tensor in whole.items():
            assert torch.allclose(tensor, split[name], atol=2e-5), name
        for a, b in zip(logs(runs[0]), logs(run), strict=True):
            assert a["loss"] == pytest.approx(b["loss"], abs=1e-5)
            assert a["grad_norm"] == pytest.approx(b["grad_norm"], rel=1e-3)


def test_the_eos_penalty_is_for_answers_that_did_not_end(tmp_path: Path) -> None:
    trainer = train(
        tmp_path, missing_eos_penalty=100.0, response_length=20, reward=lambda p, c: [1.0] * len(c), max_steps=1
    )
    table, first = trainer.job.context.of("rollouts")[0], logs(trainer)[0]
    ended = first["val/num_eos_tokens"]
    assert 0 < ended < 8
    assert sorted(table["score"]) == [-99.0] * int(8 - ended) + [1.0] * int(ended)
    assert all(length == 20 for length, score in zip(table["length"], table["score"], strict=True) if score < 0)


def test_adaptive_kl_follows_its_target(tmp_path: Path) -> None:
    trainer = train(tmp_path, adap_kl_ctrl=True, target=1e-3, horizon=100.0, kl_coef=0.2, max_steps=6)
    rows = [row for row in logs(trainer) if "objective/kl" in row]
    coefficient = 0.2
    for row in rows:
        assert row["objective/kl_coef"] == pytest.approx(coefficient)
        error = min(max(row["objective/kl"] / 1e-3 - 1, -0.2), 0.2)
        coefficient *= 1 + error * 8 / 100
    assert trainer.kl.value == pytest.approx(coefficient)


@pytest.mark.parametrize("value_model", ["adapter", "head"])
def test_learns_what_is_rewarded(value_model: str, tmp_path: Path) -> None:
    """From a third of the letters to most of them."""
    options: dict[str, Any] = {"kl_coef": 0.0, "learning_rate": 3e-2, "critic_learning_rate": 3e-2, "max_steps": 24}
    trainer = train(tmp_path, value_model=value_model, per_device_train_batch_size=16, **options)
    scores = [row["objective/scores"] for row in logs(trainer) if "objective/scores" in row]
    assert scores[0] < 0.4 < 0.6 < sum(scores[-3:]) / 3


OPTIONS = {
    "num_mini_batches": 2,
    "adap_kl_ctrl": True,
    "horizon": 100.0,
    "max_steps": 10,
    "lr_scheduler_type": "linear",
}


@pytest.mark.parametrize("saved_at", [4, 6], ids=["between updates", "within an update"])
@pytest.mark.parametrize("value_model", ["adapter", "head"])
def test_resume_is_exact(saved_at: int, value_model: str, tmp_path: Path) -> None:
    """Every weight, the optimizer and every logged number are those of the run that was not interrupted."""
    options = OPTIONS | {"value_model": value_model, "save_steps": saved_at, "save_total_limit": 9}
    whole = train(tmp_path / "whole", **options)
    checkpoint = tmp_path / "whole" / "checkpoints" / f"checkpoint-{saved_at}"
    assert (checkpoint / "ppo_rollout.safetensors").exists() == (saved_at == 6)
    resumed = train(tmp_path / "resumed", resume=str(checkpoint), **options)
    assert same(weights(whole), weights(resumed))
    assert resumed.kl.value == whole.kl.value
    assert resumed.counts == whole.counts
    ignored = {"train_runtime", "train_samples_per_second", "train_steps_per_second", "train_loss", "total_flos"}
    for a, b in zip(whole.state.log_history, resumed.state.log_history, strict=True):
        assert {k: v for k, v in a.items() if k not in ignored} == {k: v for k, v in b.items() if k not in ignored}
    moments = zip(
        whole.optimizer.state_dict()["state"].values(), resumed.optimizer.state_dict()["state"].values(), strict=True
    )
    assert all(torch.equal(a[key], b[key]) for a, b in moments for key in ("exp_avg", "exp_avg_sq"))


def test_resume_from_a_trained_adapter_keeps_its_reference(tmp_path: Path) -> None:
    start = train(tmp_path / "start")
    start.model.save_pretrained(tmp_path / "sft", selected_adapters=["default"])
    options = {"adapter": str(tmp_path / "sft"), "max_steps": 6, "save_steps": 3}
    whole = train(tmp_path / "whole", **options)
    assert logs(whole)[0]["objective/kl"] == 0
    resumed = train(tmp_path / "more", resume=str(tmp_path / "whole" / "checkpoints" / "checkpoint-3"), **options)
    assert same(weights(whole), weights(resumed))
    assert any(".ref." in name for name in weights(whole))


@pytest.mark.parametrize(
    "other",
    [{"model": tiny.model_folder("llama", 48)}, {"value_model": "head"}, {"r": 8}],
    ids=["another base", "another value", "another rank"],
)
def test_a_checkpoint_of_something_else_is_refused(other: dict[str, Any], tmp_path: Path) -> None:
    train(tmp_path / "mine", save_steps=2, max_steps=2, **other)
    with pytest.raises(FtwidgetsError, match="does not fit this run"):
        train(tmp_path / "theirs", resume=str(tmp_path / "mine" / "checkpoints" / "checkpoint-2"))


def test_the_end_leaves_the_value_beside(tmp_path: Path) -> None:
    train(tmp_path)
    kept = {path.name for path in (tmp_path / "value").iterdir()}
    assert kept == {"adapter_config.json", "adapter_model.safetensors", "value_head.safetensors"}


def test_stops_after_a_step(tmp_path: Path) -> None:
    class Stop(TrainerCallback):
        def on_step_end(self, args: Any, state: Any, control: Any, **more: Any) -> None:
            control.should_training_stop = state.global_step == 3

    job = tiny.job(tmp_path, max_steps=50)
    job.callbacks.append(Stop())
    trainer = build_trainer(job)
    trainer.train()
    assert trainer.state.global_step == 3


def test_stops_while_sampling_without_a_step(tmp_path: Path) -> None:
    job = tiny.job(tmp_path, max_steps=50)
    trainer = build_trainer(job)
    sample = trainer.collector.sampler.sample

    def asked(*args: Any) -> Any:
        job.context.stop = trainer.state.global_step == 4
        return sample(*args)

    trainer.collector.sampler.sample = asked
    with pytest.raises(StoppedBetweenSteps):
        trainer.train()
    assert trainer.state.global_step == 4
    trainer._save_checkpoint(trainer.model, trial=None)
    resumed = train(tmp_path, resume=str(tmp_path / "checkpoints" / "checkpoint-4"), max_steps=6)
    assert same(weights(resumed), weights(train(tmp_path / "whole", max_steps=6)))


def test_held_out_prompts_are_answered_alike_each_time(tmp_path: Path) -> None:
    trainer = build_trainer(tiny.job(tmp_path, held_out=["x", "y z"], eval_steps=2, max_steps=4))
    before = trainer.evaluate()
    assert trainer.evaluate() == before
    assert before["eval_objective/kl"] == 0
    state = torch.random.get_rng_state()
    trainer.evaluate()
    assert torch.equal(state, torch.random.get_rng_state())
    trainer.train()
    evaluated = [row for row in trainer.state.log_history if "eval_objective/scores" in row and row["step"]]
    assert [row["step"] for row in evaluated] == [2, 4]
    assert evaluated[-1]["eval_objective/kl"] != 0


def test_epochs_go_through_all_prompts(tmp_path: Path) -> None:
    trainer = train(tmp_path, max_steps=None, num_train_epochs=2.0, prompts=[*tiny.PROMPTS, "one more"])
    # 9 prompts, 8 an update: two updates of two steps an epoch
    assert trainer.state.global_step == 8
    seen = [table["row_id"] for table in trainer.job.context.of("rollouts")]
    assert set(seen[0]) | set(seen[1]) == set(seen[2]) | set(seen[3]) == set(range(9))


def test_one_answer_an_update(tmp_path: Path) -> None:
    trainer = train(tmp_path, per_device_train_batch_size=1, gradient_accumulation_steps=1, response_length=1)
    assert all(torch.isfinite(p).all() for p in weights(trainer).values())


def test_conversations(tmp_path: Path) -> None:
    prompts = [[{"role": "user", "content": text}] for text in tiny.PROMPTS]
    trainer = train(tmp_path, prompts=prompts, max_steps=1)
    assert set(trainer.job.context.of("rollouts")[0]["prompt"]) == set(tiny.PROMPTS)


def test_a_prompt_beyond_the_context_is_left_out(tmp_path: Path) -> None:
    job = tiny.job(tmp_path, prompts=[*tiny.PROMPTS, "a" * 200], max_length=4096)
    trainer = build_trainer(job)
    assert len(trainer.prompts) == 8
    assert "1 of 9 prompts are left out" in job.context.of("note")[0]["text"]


@pytest.mark.parametrize("returned", [[float("nan")] * 8, [1.0]])
def test_a_bad_reward_ends_the_run_before_it_does_harm(returned: list[float], tmp_path: Path) -> None:
    calls: list[int] = []

    def reward(prompts: list[str], completions: list[str]) -> list[float]:
        calls.append(1)
        return returned if len(calls) == 3 else [0.0] * len(completions)

    trainer = build_trainer(tiny.job(tmp_path, reward=reward, max_steps=20, save_steps=4))
    with pytest.raises(FtwidgetsError, match="update 3"):
        trainer.train()
    assert trainer.state.global_step == 4
    assert (tmp_path / "checkpoints" / "checkpoint-4" / "value" / "value_head.safetensors").exists()


def test_a_loss_that_is_no_number_changes_nothing(tmp_path: Path) -> None:
    trainer = build_trainer(tiny.job(tmp_path, max_steps=20))
    trainer.roles.model.value_head.bias.data.fill_(float("inf"))
    before = weights(trainer)
    with pytest.raises(NonFiniteError, match=r"The loss became (nan|inf) at step 1, among rows") as caught:
        trainer.train()
    assert sorted(caught.value.row_ids) == list(range(8))
    assert same(weights(trainer), before)


@pytest.mark.parametrize("whose", ["policy_parameters", "value_parameters"])
def test_a_gradient_that_is_no_number_changes_nothing(whose: str, tmp_path: Path) -> None:
    trainer = build_trainer(tiny.job(tmp_path))
    getattr(trainer.roles, whose)[0].register_hook(lambda gradient: gradient + float("inf"))
    before = weights(trainer)
    with pytest.raises(NonFiniteError, match="The gradient became"):
        trainer.train()
    assert same(weights(trainer), before)
