"""Memory ran out in training: keep what was learnt, let go of everything, and say what happened."""

from __future__ import annotations

import contextlib
import gc
import re
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ftwidgets.config import RunConfig
from ftwidgets.errors import FtwidgetsError
from ftwidgets.memory.out_of_memory import OutOfMemoryError, Shortage, asked_bytes, explained
from ftwidgets.training.device import memory_now, release, release_all
from ftwidgets.training.job import Context

_OPTIMIZER = re.compile(r"[/\\](torch|bitsandbytes)[/\\]optim[/\\]")


def seen(error: BaseException, context: Context) -> Shortage:
    """Note what the error says and keep the steps that were done as a checkpoint; then nothing holds the tensors.

    The error's frames hold activations and, one by one, the trainer and the model: they are cleared.
    """
    text = "".join(traceback.format_exception(error))
    asked, free = asked_bytes(error), memory_now().free
    where = str(error).split(". ")[0] + "." if isinstance(error, FtwidgetsError) else ""
    clear_frames(error)
    gc.collect()
    trainer = context.trainer
    step = trainer.state.global_step if trainer is not None else None
    if step and not _OPTIMIZER.search(text):  # in the middle of an optimizer's step the weights are half new
        _keep(trainer)
    return Shortage(step, asked, free, where, text)


def let_go(context: Context) -> None:
    """Drop the run's model, trainer and optimizer, and give their memory back."""
    trainer = context.trainer
    if trainer is not None:
        with contextlib.suppress(Exception):  # accelerate keeps what it prepared, in lists of its own
            trainer.accelerator.free_memory()
    del trainer
    context.live(model=None, tokenizer=None, trainer=None)
    release_all()


def told(shortage: Shortage, config: RunConfig, context: Context) -> OutOfMemoryError:
    """The error that ends the run; its numbers are recorded as the run's event ``out_of_memory``."""
    error = explained(shortage, config, memory_now(), last_checkpoint(context.folder))
    context.emit("out_of_memory", **error.facts)
    return error


def clear_frames(error: BaseException) -> None:
    """Empty the frames of an error and of those it came from."""
    for one in _chain(error):
        traceback.clear_frames(one.__traceback__)


def last_checkpoint(folder: Path) -> int | None:
    """The step of the last checkpoint of the run in ``folder``."""
    steps = [int(path.name.rpartition("-")[2]) for path in (folder / "checkpoints").glob("checkpoint-*")]
    return max(steps, default=None)


def _keep(trainer: Any) -> None:
    """Save the steps since the last checkpoint; where that fails (a full disk), the last one is what there is."""
    folder = Path(trainer.args.output_dir) / f"checkpoint-{trainer.state.global_step}"
    if folder.exists() or trainer.optimizer is None:
        return
    with contextlib.suppress(Exception):
        trainer.model.zero_grad(set_to_none=True)
        release()
        trainer._save_checkpoint(trainer.model, trial=None)
        trainer.callback_handler.on_save(trainer.args, trainer.state, trainer.control)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    done: set[int] = set()
    waiting = [error]
    while waiting:
        one = waiting.pop()
        if one is not None and id(one) not in done:
            done.add(id(one))
            yield one
            waiting += [one.__cause__, one.__context__]
