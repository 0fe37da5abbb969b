"""Memory that ran out: recognised without torch, and told with its numbers and a way on."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ftwidgets.config import RunConfig
from ftwidgets.config.changes import changed_text
from ftwidgets.errors import FtwidgetsError
from ftwidgets.memory.device import DeviceMemory
from ftwidgets.memory.estimate import MemoryEstimate, estimate_memory, gb
from ftwidgets.memory.fit import Fit, make_it_fit

# What may differ between a checkpoint and the run that goes on from it: the adapter and the optimizer's state stay
# valid, and batch against accumulation keeps what a step learns from.
RESUMABLE = (
    "per_device_train_batch_size",
    "gradient_accumulation_steps",
    "gradient_checkpointing",
    "local_rollout_forward_batch_size",
    "lora_dropout",
    "max_length",
    "prefix_sharing",
)

_SAID = re.compile(
    r"out of memory|can'?t allocate memory|cannot allocate memory|not enough memory|unable to allocate|bad_alloc"
    r"|CUBLAS_STATUS_ALLOC_FAILED|failed to allocate",
    re.IGNORECASE,
)
_ASKED = re.compile(r"(?:allocate|allocation of)\s+([\d.]+)\s*(bytes|[KMGT]iB|[KMGT]B)?", re.IGNORECASE)
_UNITS = {"": 1, "bytes": 1, **{f"{c}ib": 2 ** (10 * i) for i, c in enumerate("kmgt", 1)}}
_UNITS |= {f"{c}b": 10 ** (3 * i) for i, c in enumerate("kmgt", 1)}


class OutOfMemoryError(FtwidgetsError):
    """A run took more memory than there was; what it held has been given back.

    Attributes:
        facts: The numbers, as plain values (the fields of the run's event ``out_of_memory``).
        advice: What to do, in words.
    """

    def __init__(self, message: str, advice: str, facts: dict[str, Any]):
        self.advice, self.facts = advice, facts
        super().__init__(f"{message} {advice}")


@dataclass(frozen=True)
class Shortage:
    """What was seen when memory ran out, kept as numbers and text alone so that nothing else stays alive.

    Attributes:
        step: Optimizer steps done by then, or ``None`` before training.
        asked: Bytes that were asked for and refused, where the error says so.
        free: Bytes that were free at that moment.
        where: The sentence of an error of ours that the shortage came in (a reward function's, say), or empty.
        traceback: As printed.
    """

    step: int | None
    asked: float | None
    free: float | None
    where: str
    traceback: str


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error, or what it was raised from, says that memory ran out."""
    return any(_says_so(one) for one in _chain(error))


def asked_bytes(error: BaseException) -> float | None:
    """The bytes that were refused, where the message gives them."""
    for one in _chain(error):
        found = _ASKED.search(str(one))
        if found and _says_so(one):
            return float(found[1]) * _UNITS[(found[2] or "").lower()]
    return None


def explained(
    seen: Shortage, config: RunConfig, device: DeviceMemory, checkpoint: int | None, lengths: Any = None
) -> OutOfMemoryError:
    """What happened and what to do about it.

    Args:
        device: The device, with what is free now that the run's memory was given back.
        checkpoint: The step of the last checkpoint, or ``None``.
        lengths: Tokens of the rows, to say how many a shorter ``max_length`` cuts.
    """
    estimate, fit, same_run = _proposal(config, device, lengths)
    at = "before training began" if seen.step is None else f"at step {seen.step + 1}"
    asked = f"{_size(seen.asked)} more were asked for" if seen.asked else "more was asked for"
    free = f" and {_size(seen.free)} were free" if seen.free is not None else " than was free"
    message = [f"Out of memory {at}: {asked}{free} ({device.name}, {gb(device.total)} GB)."]
    if seen.where:
        message.append(seen.where)
    if estimate is not None:
        largest = sorted(((size, name) for name, size in estimate.parts.items() if size >= 5e6), reverse=True)
        listed = ", ".join(f"{name} {gb(size)}" for size, name in largest)
        message.append(f"Estimated for this run: {gb(estimate.total)} GB ({listed}).")
    message.append(f"What it held was given back: {gb(device.free)} GB are free now.")
    facts = {
        "step": seen.step,
        "asked": seen.asked,
        "free": seen.free,
        "free_now": device.free,
        "device": device.name,
        "total": device.total,
        "checkpoint": checkpoint,
        "estimate": estimate.to_dict() if estimate is not None else None,
        "changes": {name: list(pair) for name, pair in fit.changes.items()} if fit is not None else {},
        "reasons": dict(fit.reasons) if fit is not None else {},
        "after": fit.after.total if fit is not None else None,
        "same_run": same_run and checkpoint is not None,
    }
    return OutOfMemoryError(" ".join(message), _advice(fit, facts), facts)


def _advice(fit: Fit | None, facts: dict[str, Any]) -> str:
    if fit is None or not fit.changes:
        return "Choose a smaller model, or close what else takes memory on this device."
    said = f"It should fit with {changed_text(facts['changes'])} (about {gb(fit.after.total)} GB)"
    if facts["same_run"]:
        return f"{said}: ftwidgets.retry(run) goes on from step {facts['checkpoint']} with it."
    return f"{said}: ftwidgets.retry(run) starts again with it."


def _proposal(config: RunConfig, device: DeviceMemory, lengths: Any) -> tuple[MemoryEstimate | None, Fit | None, bool]:
    """The estimate, changes with which the run fits, and whether the same run can go on with them."""
    try:
        estimate = estimate_memory(config, device=device.device)
        # What ran out once shall not run out again: leave a fifth of what is free. Where the estimate thinks that the
        # run fits it was too low: ask for a fifth less than it says.
        room = 0.8 * (device.free if estimate.high > device.free else estimate.low)
        for fields in (RESUMABLE, None):
            fit = make_it_fit(config, room, device=device.device, lengths=lengths, fields=fields)
            if fit.fits and fit.changes:
                return estimate, fit, fields is not None
    except (FtwidgetsError, OSError):  # a model whose sizes cannot be read: there is still a shortage to tell of
        return None, None, False
    return estimate, None, False


def _says_so(error: BaseException) -> bool:
    if isinstance(error, MemoryError) or any(kind.__name__ == "OutOfMemoryError" for kind in type(error).__mro__):
        return True
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    return isinstance(error, RuntimeError) and _SAID.search(str(error)) is not None


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _size(size: float) -> str:
    return f"{gb(size)} GB" if size >= 5e7 else f"{size / 1e6:.1f} MB"
