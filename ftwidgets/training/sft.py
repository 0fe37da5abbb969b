"""SFT and continued pre-training, on TRL's SFTTrainer."""

from __future__ import annotations

from typing import Any

from datasets import Dataset
from trl import SFTConfig, SFTTrainer
from trl.chat_template_utils import has_generation_markers

from ftwidgets.errors import FtwidgetsError
from ftwidgets.training.finite import FiniteSteps
from ftwidgets.training.job import Job
from ftwidgets.training.preflight import marked_template


class TextTrainer(FiniteSteps, SFTTrainer):
    """TRL's trainer, which takes no step that is not a number."""


def build_trainer(job: Job) -> SFTTrainer:
    """The trainer for ``method="sft"`` or ``"pretrain"``.

    Raises:
        FtwidgetsError: No token of any row would be trained.
    """
    if job.config.method == "pretrain":
        options: dict[str, Any] = {"dataset_text_field": "text", "packing_strategy": "bfd_split"}
        train = job.train.select_columns("text")
        held_out = job.held_out.select_columns("text") if job.held_out is not None else None
    else:
        train, options = _examples(job, job.train)
        held_out = _examples(job, job.held_out)[0] if job.held_out is not None else None
    # Packing writes rows of one full length; held-out rows stay whole so that their loss means the same in every run.
    arguments = job.arguments() | {
        "max_length": job.config.max_length,
        "packing": bool(job.config.packing),
        "eval_packing": False,
    }
    trainer = TextTrainer(
        model=job.model,
        args=SFTConfig(**arguments, **options),
        train_dataset=train,
        eval_dataset=held_out,
        processing_class=job.tokenizer,
        callbacks=job.callbacks,
    )
    if len(trainer.train_dataset) == 0:
        raise FtwidgetsError(
            f"Nothing would be trained: in every row the prompt alone fills max_length={job.config.max_length}, or "
            "there is no answer. Raise max_length, or look at the rows."
        )
    if held_out is not None and len(trainer.eval_dataset) == 0:
        trainer.eval_dataset, trainer.args.eval_strategy = None, "no"
        job.go_unevaluated(f"the prompt alone fills max_length={job.config.max_length}, or there is no answer.")
    dropped = len(train) - len(trainer.train_dataset)
    if dropped > 0 and not job.config.packing:
        job.context.emit(
            "note",
            level="warning",
            text=f"{dropped} of {len(train)} rows are left out: their prompt alone fills "
            f"max_length={job.config.max_length}.",
        )
    return trainer


def _examples(job: Job, rows: Dataset) -> tuple[Dataset, dict[str, Any]]:
    """Rows as TRL takes them, and the options that make it train on the tokens asked for."""
    if "messages" not in rows.column_names:
        return rows.select_columns(["prompt", "completion"]), {"completion_only_loss": job.config.train_on != "all"}
    if job.config.train_on == "all":
        return rows.select_columns("messages"), {}
    if job.config.train_on in ("auto", "assistant") and _marks_assistant(job.tokenizer):
        return rows.select_columns("messages"), {"assistant_only_loss": True}
    if job.config.train_on == "assistant":
        raise FtwidgetsError(
            "train_on='assistant': this model's chat template does not mark the assistant's tokens "
            "({% generation %}). Use train_on='completion' (the last answer), or a chat_template that marks them."
        )
    return rows.map(_last_answer, remove_columns=rows.column_names), {"completion_only_loss": True}


def _last_answer(row: dict[str, Any]) -> dict[str, Any]:
    messages = row["messages"]
    return {"prompt": messages[:-1], "completion": messages[-1:]}


def _marks_assistant(tokenizer: Any) -> bool:
    return has_generation_markers(tokenizer.chat_template) or marked_template(tokenizer) is not None
