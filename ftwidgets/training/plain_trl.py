"""What TRL's own trainer needs to repeat a run: its class, its arguments, and the rows in the form it takes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datasets import Dataset

from ftwidgets.config import RunConfig
from ftwidgets.data import prepare
from ftwidgets.training.job import Job
from ftwidgets.training.loading import load_tokenizer
from ftwidgets.training.quiet import Progress
from ftwidgets.training.sft import _examples

# Set by what the machine is, or by where files go: the script decides these where it runs.
MACHINE = ("output_dir", "run_name", "report_to", "bf16", "fp16", "use_cpu", "optim", "dataloader_pin_memory")
FILES = ("save_strategy", "save_steps", "save_total_limit")


@dataclass(frozen=True)
class Plain:
    """A run in TRL's terms.

    Attributes:
        trainer: ``SFT`` or ``DPO``: TRL's ``<trainer>Trainer`` and ``<trainer>Config``.
        arguments: Keywords of that config but for those of the machine.
        tokenizer: As the run loaded it, with its padding token and chat template.
        train, held_out: Rows with the columns that the trainer reads.
    """

    trainer: str
    arguments: dict[str, Any]
    tokenizer: Any
    train: Dataset
    held_out: Dataset | None


def plain(config: RunConfig, left_out: set[int], progress: Progress) -> Plain:
    """The run of ``config`` in TRL's terms, its rows read again.

    Args:
        left_out: ``row_id`` of training rows that the run left out.

    Raises:
        FtwidgetsError: The data or the tokenizer cannot be read any more.
    """
    progress("reading data")
    data = prepare(config, progress=progress)
    train = data.train
    if left_out:
        train = train.select([i for i, row in enumerate(train["row_id"]) if row not in left_out])
    tokenizer = load_tokenizer(config)
    job = Job(config, None, Path(), None, tokenizer, train, data.held_out)
    both = (train, data.held_out) if data.held_out is not None else (train,)
    if config.method == "dpo":
        rows = [side.select_columns(["prompt", "chosen", "rejected"]) for side in both]
        options = _dpo(config)
    elif config.method == "pretrain":
        rows = [side.select_columns("text") for side in both]
        options = {"dataset_text_field": "text", "packing_strategy": "bfd_split"} | _packed(config)
    else:
        told = [_examples(job, side) for side in both]
        rows = [side for side, _ in told]
        options = told[0][1] | _packed(config)
    arguments = {name: value for name, value in job.arguments().items() if name not in (*MACHINE, *FILES)}
    trainer = "DPO" if config.method == "dpo" else "SFT"
    return Plain(trainer, arguments | options, tokenizer, rows[0], rows[1] if len(rows) > 1 else None)


def _packed(config: RunConfig) -> dict[str, Any]:
    return {"max_length": config.max_length, "packing": bool(config.packing), "eval_packing": False}


def _dpo(config: RunConfig) -> dict[str, Any]:
    return {
        "max_length": config.max_length,
        "beta": config.beta,
        "loss_type": [config.loss_type or "sigmoid"],
        "label_smoothing": config.label_smoothing or 0.0,
        "precompute_ref_log_probs": bool(config.precompute_ref_log_probs),
    }
