"""One training run from its config to a saved adapter."""

from __future__ import annotations

import shutil
import time
from typing import Any

from transformers import PrinterCallback
from transformers.integrations import TensorBoardCallback
from transformers.trainer_utils import get_last_checkpoint

from ftwidgets.config import PAIRWISE, RunConfig
from ftwidgets.data import prepare
from ftwidgets.errors import FtwidgetsError
from ftwidgets.training import device as devices
from ftwidgets.training.forgetting import general_text
from ftwidgets.training.generation import complete, fits
from ftwidgets.training.job import Context, Job, Reward
from ftwidgets.training.loading import add_adapter, bring, load_base, load_tokenizer
from ftwidgets.training.probes import probe_prompts
from ftwidgets.training.reporter import Reporter, StoppedBetweenSteps
from ftwidgets.training.vocabulary import check_vocabulary


def execute(config: RunConfig, context: Context, reward: Reward | None, resume: bool) -> dict[str, Any]:
    """Load, train, save and measure. Returns the run's summary.

    Raises:
        FtwidgetsError: Something that the person can put right; the message says what.
    """
    context.emit("device", **devices.describe())
    bring(config, context)
    context.progress("reading data")
    data = prepare(config, progress=context.progress)
    for problem in data.problems[:50]:
        context.emit("note", level="warning", text=str(problem))
    context.progress("loading model")
    tokenizer = load_tokenizer(config)
    base = load_base(config)
    check_vocabulary(base, tokenizer, config)
    model = add_adapter(base, config)
    devices.release()  # what loading left behind
    context.live(model=model, tokenizer=tokenizer)

    chat = config.method != "pretrain"
    prompts = probe_prompts(config, data, lambda prompt: fits(model, tokenizer, prompt, chat))
    samples: dict[int, list[str]] = {}

    def probe(step: int) -> None:
        if prompts and config.method != "reward" and step not in samples:
            context.progress("sampling", text="answering the probe prompts")
            samples[step] = complete(model, tokenizer, prompts, max_new_tokens=config.max_new_tokens, chat=chat)
            shown = [p if isinstance(p, str) else p[-1]["content"] for p in prompts]
            context.emit("samples", step=step, prompt=shown, completion=samples[step])

    context.progress("tokenizing")
    general = general_text(config, context, model, tokenizer)
    reporter = Reporter(config, context, probe, general)
    job = Job(config, context, context.folder, model, tokenizer, data.train, data.held_out, [reporter], reward)
    trainer = build_trainer(job)
    trainer.remove_callback(PrinterCallback)
    for callback in trainer.callback_handler.callbacks:
        # It would fall back to ./runs of the notebook, for what is logged before the first step.
        if isinstance(callback, TensorBoardCallback) and callback.logging_dir is None:
            callback.logging_dir = str(context.folder / "tensorboard")
    checkpoint = get_last_checkpoint(trainer.args.output_dir) if resume else None
    context.live(trainer=trainer)
    if checkpoint is None:
        probe(0)
        if general is not None:
            general.measure(0)
        if job.held_out is not None:
            context.progress("evaluating", text="on the held-out rows, before training")
            trainer.evaluate()
    devices.release()
    begun = time.perf_counter()
    try:
        trainer.train(resume_from_checkpoint=checkpoint)
    except StoppedBetweenSteps:
        trainer._save_checkpoint(trainer.model, trial=None)
        trainer.callback_handler.on_save(trainer.args, trainer.state, trainer.control)
    seconds = time.perf_counter() - begun

    step = trainer.state.global_step
    _save_adapter(trainer, tokenizer, context)
    if job.held_out is not None and not context.stop_requested:
        context.progress("evaluating", text="on the held-out rows, after training")
        if not _evaluated(trainer, step):
            trainer.evaluate()
    if general is not None and not context.stop_requested:
        general.measure(step, trainer.state.epoch or 0.0)
    probe(step)
    context.live(model=trainer.model)
    return {"method": config.method, "steps": step, "seconds": seconds, **reporter.totals}


def build_trainer(job: Job) -> Any:
    """The trainer of the job's method."""
    method = job.config.method
    if method in ("sft", "pretrain"):
        from ftwidgets.training.sft import build_trainer as build
    elif method in PAIRWISE:
        from ftwidgets.training.pairwise.build import build_trainer as build
    elif method == "reward":
        from ftwidgets.training.reward import build_trainer as build
    elif method == "ppo":
        from ftwidgets.training.ppo.build import build_trainer as build
    else:
        raise FtwidgetsError(f"method={method!r}: no such method.")
    return build(job)


def _save_adapter(trainer: Any, tokenizer: Any, context: Context) -> None:
    """Write ``adapter/`` whole or not at all."""
    context.progress("saving")
    part, whole = context.folder / "adapter.part", context.folder / "adapter"
    trainer.model.save_pretrained(part, selected_adapters=["default"])
    tokenizer.save_pretrained(part)
    shutil.rmtree(whole, ignore_errors=True)  # of the run that this one resumes
    part.rename(whole)
    context.emit("adapter", path=str(whole))


def _evaluated(trainer: Any, step: int) -> bool:
    return any(row["step"] == step and any(k.startswith("eval_") for k in row) for row in trainer.state.log_history)
