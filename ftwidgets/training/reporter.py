"""Reporter: the callback that turns a trainer's life into a run's events, and a person's wishes into its control."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

from transformers import TrainerCallback
from transformers.trainer_utils import get_last_checkpoint

from ftwidgets.config import RunConfig
from ftwidgets.errors import FtwidgetsError
from ftwidgets.training.device import memory_in_use
from ftwidgets.training.forgetting import GeneralText
from ftwidgets.training.job import Context


class LostRunError(FtwidgetsError):
    """The loss or gradient is no number any more: going on would only train the damage in."""


class StoppedBetweenSteps(Exception):  # noqa: N818 - a wish, not an error
    """The person asked to stop while the run was paused: no further step shall run."""


class Reporter(TrainerCallback):
    """Logs metrics, progress and checkpoints to the run; stops, pauses and probes between steps."""

    def __init__(
        self, config: RunConfig, context: Context, probe: Callable[[int], None], general: GeneralText | None = None
    ):
        self.config = config
        self.context = context
        self.probe = probe
        self.general = general
        self.totals: dict[str, float] = {}
        self._since = time.perf_counter()
        self._steps = 0
        self._tokens = self._carried = 0.0
        self._begun = self._since

    def on_train_begin(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        self.context.training()
        self.context.progress("training", state.global_step, state.max_steps)
        self._since, self._steps = time.perf_counter(), state.global_step
        if self.config.method != "ppo":  # whose trainer remembers; the others count from 0 again when they are resumed
            self._carried = max((logged.get("num_tokens", 0.0) for logged in state.log_history), default=0.0)
            self._tokens = self._carried
        self._begun = self._since  # moved on by every rest: what has passed since is training

    def on_step_end(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        self.context.progress("training", state.global_step, state.max_steps)
        if self.context.stop_requested:
            control.should_training_stop = control.should_save = True

    def on_step_begin(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        before = time.perf_counter()
        if state.global_step and self.config.probe_steps and state.global_step % self.config.probe_steps == 0:
            self.probe(state.global_step)
        if self.general is not None:
            self.general.take_turn(state.global_step, state.epoch or 0.0, state.max_steps, before - self._begun)
        self.context.checkpoint_gate()
        rested = time.perf_counter() - before  # rest and probes are no training time
        self._since += rested
        self._begun += rested
        if self.context.stop_requested:
            raise StoppedBetweenSteps

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **more: Any) -> None:
        metrics = {name: float(value) for name, value in (logs or {}).items() if isinstance(value, int | float)}
        epoch = metrics.pop("epoch", state.epoch or 0.0)
        for name in {"num_tokens", "eval_num_tokens"} & metrics.keys() if self._carried else ():
            metrics[name] += self._carried
            state.log_history[-1][name] = metrics[name]  # for the next time that it is resumed
        if "train_runtime" in metrics:
            self.totals = metrics
            return
        if any(name.startswith("eval_") for name in metrics):
            if "eval_loss" in metrics and self.config.method == "pretrain":
                metrics["eval_perplexity"] = math.exp(min(metrics["eval_loss"], 700.0))
        else:
            metrics |= self._speed(metrics, state.global_step) | memory_in_use()
            if "loss" in metrics and self.config.method == "pretrain":
                metrics["perplexity"] = math.exp(min(metrics["loss"], 700.0))
        self.context.emit("log", step=state.global_step, epoch=epoch, metrics=metrics)
        for name in ("loss", "grad_norm"):
            if not math.isfinite(metrics.get(name, 0.0)):
                raise LostRunError(
                    f"{name} became {metrics[name]} at step {state.global_step}, so the run was ended: what follows "
                    f"would be noise. Its checkpoints are kept. Try a lower learning_rate than "
                    f"{self.config.learning_rate:g}, or look for damaged rows in the data."
                )

    def on_evaluate(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        self.context.emit("evaluation", step=state.global_step)

    def on_save(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        path = get_last_checkpoint(args.output_dir)
        if path:
            self.context.emit("checkpoint", step=state.global_step, path=path)

    def _speed(self, metrics: dict[str, float], step: int) -> dict[str, float]:
        """Since the last log; of PPO, from one update's first step to the next one's, since only there it samples."""
        c, now = self.config, time.perf_counter()
        tokens = metrics.get("num_tokens", self._tokens)
        if c.method == "ppo" and tokens == self._tokens:
            return {}
        seconds, steps = now - self._since, step - self._steps
        speed = {}
        if steps > 0 and seconds > 0 and (c.method != "ppo" or self._tokens):
            # PPO passes several times over the answers it has sampled: each counts once.
            rows = c.per_device_train_batch_size * c.gradient_accumulation_steps / (c.num_ppo_epochs or 1)
            speed = {"samples_per_second": steps * rows / seconds}
            if tokens > self._tokens:
                speed["tokens_per_second"] = (tokens - self._tokens) / seconds
        self._since, self._steps, self._tokens = now, step, tokens
        return speed
