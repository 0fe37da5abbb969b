"""PPO on transformers' Trainer: its loop, callbacks, clipping, accumulation, scheduling, checkpoints and resume."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import Trainer, TrainingArguments

from ftwidgets.errors import FtwidgetsError
from ftwidgets.training.finite import FiniteSteps
from ftwidgets.training.job import Job
from ftwidgets.training.ppo.checkpoint import load_checkpoint, save_adapters, save_progress, save_value
from ftwidgets.training.ppo.collect import Collected, Collector
from ftwidgets.training.ppo.math import KLController, Part, policy_loss, value_loss
from ftwidgets.training.ppo.order import PromptOrder, permutation, seed_for
from ftwidgets.training.ppo.prompts import Prompt
from ftwidgets.training.ppo.rewards import Reward
from ftwidgets.training.ppo.roles import Roles
from ftwidgets.training.ppo.rollout import Rollout
from ftwidgets.training.ppo.sampling import Sampler
from ftwidgets.training.reporter import StoppedBetweenSteps


class PPOTrainer(FiniteSteps, Trainer):
    """Proximal policy optimization (arXiv 1707.06347; details of arXiv 2403.17031).

    One update samples ``per_device_train_batch_size × gradient_accumulation_steps × num_mini_batches`` answers and
    makes ``num_ppo_epochs × num_mini_batches`` optimizer steps with them. The Trainer's step is an optimizer step.

    Policy and value have a backward pass each, inside their own adapter's context: with gradient checkpointing, one
    backward over both would compute activations again under the wrong adapter.
    """

    remedy = "lower learning_rate, or raise kl_coef"

    def __init__(
        self,
        job: Job,
        roles: Roles,
        reward: Reward,
        sampler: Sampler,
        prompts: Sequence[Prompt],
        held_out: Sequence[Prompt] | None,
        arguments: TrainingArguments,
    ):
        c = job.config
        self.job, self.roles, self.prompts, self.held_out = job, roles, prompts, held_out
        self.kl = KLController(c.kl_coef, bool(c.adap_kl_ctrl), c.target, c.horizon)
        self.minibatch_size = c.per_device_train_batch_size * c.gradient_accumulation_steps
        self.update_size = self.minibatch_size * c.num_mini_batches
        self.steps_per_update = c.num_ppo_epochs * c.num_mini_batches
        self.rollout: Rollout | None = None
        self._rows: list[int] = []  # that the running step's answers are to
        self.counts = {"episode": 0, "num_tokens": 0}
        self._sums: dict[str, Tensor | float] = defaultdict(float)
        self._tokens = 0.0
        self._rollout_metrics: dict[str, list[float]] = defaultdict(list)
        super().__init__(
            model=roles.model,
            args=arguments,
            data_collator=lambda rows: {"rows": torch.tensor(rows)},
            train_dataset=range(len(prompts)),
            eval_dataset=range(len(held_out)) if held_out else None,
            processing_class=job.tokenizer,
            callbacks=job.callbacks,
        )
        if self.args.world_size > 1 or self.args.n_gpu > 1:
            raise FtwidgetsError(
                "PPO here runs on one device, and this job sees several. Make one visible: CUDA_VISIBLE_DEVICES=0."
            )
        self.collector = Collector(roles, sampler, reward, job.tokenizer, c, self.accelerator.autocast)

    # ---- data: which prompts, which minibatch ----

    def get_train_dataloader(self) -> Any:
        """Each batch names a whole update's prompts, repeated for every micro-batch made of their answers."""
        return self._get_dataloader(
            self.train_dataset, "Training", self.update_size, sampler_fn=self._get_train_sampler, is_training=True
        )

    def _get_train_sampler(self, train_dataset: Any = None) -> PromptOrder:
        repeats = self.steps_per_update * self.args.gradient_accumulation_steps
        return PromptOrder(len(self.prompts), self.update_size, repeats, self.args.seed)

    def get_batch_samples(self, epoch_iterator: Any, num_batches: int, device: Any) -> tuple[list[Any], Any]:
        """The micro-batches of the next optimizer step; samples new answers where an update begins."""
        batches, _ = super().get_batch_samples(epoch_iterator, num_batches, device)
        if not batches:
            return batches, None
        step = self.state.global_step % self.steps_per_update
        if step == 0 or self.rollout is None:
            self._begin_update([self.prompts[i] for i in batches[0]["rows"].tolist()])
        return self._minibatch(step)

    def _begin_update(self, prompts: Sequence[Prompt]) -> None:
        update = self.state.global_step // self.steps_per_update + 1
        text = f"answers of update {update}"
        self.job.context.progress("sampling", 0, len(prompts), text)
        collected = self.collector(
            prompts,
            seed_for(self.args.seed, update),
            self.kl.value,
            f"update {update}",
            lambda done: self.job.context.progress("sampling", done, len(prompts), text),
        )
        if collected is None:
            raise StoppedBetweenSteps
        self.rollout = collected.rollout
        self.kl.update(collected.metrics["objective/kl"], len(prompts))
        self._note_rollout(collected)

    def _note_rollout(self, collected: Collected) -> None:
        rollout = collected.rollout
        self.counts["episode"] += len(rollout)
        self.counts["num_tokens"] += int((rollout.prompt_lengths + rollout.lengths).sum())
        for name, value in collected.metrics.items():
            self._rollout_metrics[name].append(value)
        self.job.context.emit("rollouts", step=self.state.global_step, **collected.table)

    def _minibatch(self, step: int) -> tuple[list[dict[str, Any]], int]:
        assert self.rollout is not None
        c = self.job.config
        epoch, place = divmod(step, c.num_mini_batches)
        update = self.state.global_step // self.steps_per_update + 1
        chosen = permutation(c.num_mini_batches, seed_for(self.args.seed, update, epoch))[place]
        size = c.per_device_train_batch_size
        starts = range(chosen * self.minibatch_size, (chosen + 1) * self.minibatch_size, size)
        self._rows = self.rollout.row_ids[starts.start : starts.stop].tolist()
        micros = [self.rollout.micro(start, size) for start in starts]
        tokens = sum(len(micro.targets) for micro in micros)
        # The Trainer looks into a batch for its size in tokens only.
        return [{"input_ids": micro.input_ids, "micro": micro} for micro in micros], tokens

    # ---- the step: two losses, two backwards ----

    def training_step(self, model: Any, inputs: dict[str, Any], num_items_in_batch: Any = None) -> Tensor:
        """Gradients of one micro-batch; losses are normalised by the minibatch's tokens, however it is split."""
        rollout, micro, total = self.rollout, inputs["micro"], float(num_items_in_batch)
        assert rollout is not None
        c = self.job.config
        model.train()
        if hasattr(self.optimizer, "train") and callable(self.optimizer.train):
            self.optimizer.train()
        self._hold_gradients()
        old_values, returns = micro.flat(rollout.values), micro.flat(rollout.returns)
        with self.roles.policy():
            with self.accelerator.autocast():
                hidden = self.roles.hidden(micro.input_ids, micro.attention_mask)[micro.row, micro.place]
                logprobs = self.collector.head(hidden, micro.targets)
            policy = policy_loss(
                logprobs, micro.flat(rollout.logprobs), micro.flat(rollout.advantages), c.cliprange, total
            )
            loss = policy.loss
            if self.roles.shares_trunk:
                value = value_loss(self.roles.value_of(hidden), old_values, returns, c.cliprange_value, total)
                loss = loss + c.vf_coef * value.loss
            self._backward(loss)
        if not self.roles.shares_trunk:
            with self.roles.value():
                with self.accelerator.autocast():
                    values = self.collector.value(micro)
                value = value_loss(values, old_values, returns, c.cliprange_value, total)
                self._backward(c.vf_coef * value.loss)
        self._note_losses(policy, value, len(micro.targets))
        return (policy.loss + c.vf_coef * value.loss).detach()

    def _hold_gradients(self) -> None:
        """Make room for gradients before the activations. Hundreds of small blocks that stay, made among those, would
        cut the space into pieces that the next pass cannot use: 0.3 of 2.6 GB with a 270M model on a CPU."""
        for parameter in (*self.roles.policy_parameters, *self.roles.value_parameters):
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)

    def _backward(self, loss: Tensor) -> None:
        if not torch.isfinite(loss):
            self.stop_non_finite("loss", loss.item())
        self.accelerator.backward(loss)

    def rows_of_step(self) -> tuple[list[int], list[int]]:
        return [], self._rows

    def _note_losses(self, policy: Part, value: Part, tokens: int) -> None:
        for name, total in (policy.sums | value.sums).items():
            self._sums[name] += total
        self._tokens += tokens

    def create_optimizer(self, model: Any = None) -> torch.optim.Optimizer:
        """Policy and value parameters in groups of their own: the value learns faster (``critic_learning_rate``)."""
        if self.optimizer is None:
            self.roles.train_both()
            kind, keywords = self.get_optimizer_cls_and_kwargs(self.args, self.model)
            critic = self.job.config.critic_learning_rate or 10 * self.args.learning_rate
            groups = [
                {"params": self.roles.policy_parameters, "weight_decay": self.args.weight_decay},
                {"params": self.roles.value_parameters, "weight_decay": self.args.weight_decay, "lr": critic},
            ]
            self.optimizer = kind(groups, **keywords)
        return self.optimizer

    def _clip_grad_norm(self, model: Any) -> Tensor:
        """Each adapter's gradient is shortened by itself: a large value loss shall not shrink the policy's step."""
        if self.roles.shares_trunk:
            return super()._clip_grad_norm(model)
        norm = self.accelerator.clip_grad_norm_(self.roles.policy_parameters, self.args.max_grad_norm)
        value = torch.nn.utils.clip_grad_norm_(self.roles.value_parameters, self.args.max_grad_norm)
        return norm if torch.isfinite(value) else value  # of the two, the one that stops the run

    # ---- what is reported, evaluated and kept ----

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Adds the means since the last log; an update's ``objective/...`` come with its first step."""
        if not any(name.startswith("eval_") for name in logs) and "train_runtime" not in logs:
            logs |= {name: sum(values) / len(values) for name, values in self._rollout_metrics.items()}
            if self._tokens:
                logs |= {name: float(total) / self._tokens for name, total in self._sums.items()}
            logs |= {name: float(count) for name, count in self.counts.items()}
            self._rollout_metrics.clear()
            self._sums.clear()
            self._tokens = 0.0
        super().log(logs, start_time)

    def evaluate(self, *args: Any, metric_key_prefix: str = "eval", **keywords: Any) -> dict[str, float]:
        """Answers to as many held-out prompts as an update takes, always sampled with the same random numbers."""
        prompts = list(self.held_out or [])[: self.update_size]
        if not prompts:
            return {}
        self.job.context.progress("evaluating", text="sampling answers to the held-out prompts")
        collected = self.collector(prompts, seed_for(self.args.seed), self.kl.value, "evaluation")
        if collected is None:
            return {}
        names = ("objective/scores", "objective/kl", "objective/rlhf_reward", "completions/mean_length")
        metrics = {f"{metric_key_prefix}_{name}": collected.metrics[name] for name in names}
        self.log(dict(metrics))
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
        folder = Path(output_dir or self.args.output_dir)
        save_adapters(self.roles, folder)
        self.processing_class.save_pretrained(folder)

    def _save_optimizer_and_scheduler(self, output_dir: str) -> None:
        super()._save_optimizer_and_scheduler(output_dir)
        # Answers that are only half learnt are kept too, so that any step is a place to resume from.
        unfinished = self.state.global_step % self.steps_per_update != 0
        save_progress(Path(output_dir), self.kl.value, self.counts, self.rollout if unfinished else None)

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        self.kl.value, self.counts, self.rollout = load_checkpoint(Path(resume_from_checkpoint), self.roles)

    def _finalize_training(self, *args: Any) -> Any:
        """The value goes beside the policy's adapter; nothing else would keep it when checkpoints are cleared."""
        save_value(self.roles, self.job.folder / "value")
        return super()._finalize_training(*args)
