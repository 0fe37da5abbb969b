"""Job: what a method's trainer is built from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ftwidgets.config import RunConfig
from ftwidgets.errors import FtwidgetsError

if TYPE_CHECKING:
    from datasets import Dataset

NEVER = 1_000_000_000

Reward = Callable[[list[str], list[str]], list[float]]


class Context(Protocol):
    """What training sees of its run: where to report, and whether to stop."""

    folder: Path

    def emit(self, type: str, **fields: Any) -> None: ...
    def progress(self, phase: str, done: float | None = None, total: float | None = None, text: str = "") -> None: ...
    def training(self) -> None: ...
    def live(self, **objects: Any) -> None: ...
    def checkpoint_gate(self) -> None: ...
    @property
    def stop_requested(self) -> bool: ...
    @property
    def trainer(self) -> Any: ...


@dataclass
class Job:
    """One training job, ready for ``build_trainer(job)`` of its method.

    Attributes:
        model: The base with the LoRA adapter ``default`` (``PeftModel``).
        train, held_out: Canonical examples, each with a ``row_id``.
        reward: PPO's reward when it is a Python function.
    """

    config: RunConfig
    context: Context
    folder: Path
    model: Any
    tokenizer: Any
    train: Dataset
    held_out: Dataset | None
    callbacks: list[Any] = field(default_factory=list)
    reward: Reward | None = None

    def prepare_held_out(self, prepare: Callable[[Dataset], Any]) -> Any:
        """``prepare(held_out)``. Where none of the held-out rows can be used, the run goes on without evaluation."""
        if self.held_out is not None and len(self.held_out):
            try:
                return prepare(self.held_out)
            except FtwidgetsError as error:
                self.go_unevaluated(str(error))
        self.held_out = None
        return None

    def go_unevaluated(self, reason: str) -> None:
        """Say that the held-out rows are of no use."""
        self.held_out = None
        self.context.emit("note", level="warning", text=f"The run is not evaluated. Of the held-out rows: {reason}")

    def arguments(self) -> dict[str, Any]:
        """Keywords of transformers' TrainingArguments that every method shares."""
        from ftwidgets.training.device import compute_dtype, device, optimizer

        c = self.config
        dtype = compute_dtype(c.bnb_4bit_compute_dtype)
        return {
            "output_dir": str(self.folder / "checkpoints"),
            "max_steps": c.max_steps or -1,
            "num_train_epochs": c.num_train_epochs,
            "learning_rate": c.learning_rate,
            "lr_scheduler_type": c.lr_scheduler_type,
            "warmup_steps": c.warmup_steps,
            "per_device_train_batch_size": c.per_device_train_batch_size,
            "per_device_eval_batch_size": c.per_device_train_batch_size,
            "gradient_accumulation_steps": c.gradient_accumulation_steps,
            "gradient_checkpointing": c.gradient_checkpointing,
            "gradient_checkpointing_kwargs": {"use_reentrant": False},
            "optim": optimizer(c.optim),
            "weight_decay": c.weight_decay,
            "max_grad_norm": c.max_grad_norm,
            "seed": c.seed,
            "bf16": str(dtype) == "torch.bfloat16" and device().type == "cuda",
            "fp16": str(dtype) == "torch.float16" and device().type == "cuda",
            "use_cpu": device().type == "cpu",
            "logging_strategy": "steps",
            "logging_steps": c.logging_steps,
            "logging_first_step": True,
            "logging_nan_inf_filter": False,  # a filter would show a run as healthy that is lost
            "eval_strategy": "steps" if self.held_out is not None else "no",
            "eval_steps": c.eval_steps or NEVER,
            "save_strategy": "steps",
            "save_steps": c.save_steps or NEVER,
            "save_total_limit": c.save_total_limit,
            "report_to": c.report_to or "none",
            "run_name": c.run_name,
            "disable_tqdm": True,
            "dataloader_pin_memory": device().type == "cuda",
        }
