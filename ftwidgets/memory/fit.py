"""Make it fit: the smallest changes to a run that bring it within the memory there is."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ftwidgets.config import RunConfig
from ftwidgets.memory.estimate import MemoryEstimate, estimate_memory, gb
from ftwidgets.memory.setup import Device
from ftwidgets.models import ModelCard, card

_SHORTEST = 128  # tokens; shorter rows teach little
_SMALLEST_RANK = 4
Changes = dict[str, tuple[Any, Any]]


@dataclass(frozen=True)
class Fit:
    """A proposal: ``changes`` maps each field to its old and new value, ``reasons`` says why, field by field."""

    changes: Changes
    reasons: dict[str, str]
    before: MemoryEstimate
    after: MemoryEstimate
    available: float  # bytes

    @property
    def fits(self) -> bool:
        """Whether the changed run fits even at the upper end of its estimate."""
        return self.after.high <= self.available

    def apply(self, config: RunConfig) -> RunConfig:
        """The config with the changes made."""
        return config.replace(**{name: new for name, (_, new) in self.changes.items()})

    def lines(self) -> list[str]:
        """The proposal as text."""
        said = [f"{n}: {old} → {new}. {self.reasons[n]}" for n, (old, new) in self.changes.items()]
        if not self.fits:
            said.append(
                f"This does not fit in {gb(self.available)} GB: it takes {gb(self.after.total)} GB at the least, "
                f"{gb(self.after.weights)} GB of them the model itself. Choose a smaller model."
            )
        return said or [f"It fits as it is: {gb(self.before.high)} of {gb(self.available)} GB at the most."]


@dataclass(frozen=True)
class _Step:
    """One thing that can be changed, with the values to try, mildest first."""

    reason: str
    options: tuple[dict[str, Any], ...]


def make_it_fit(
    config: RunConfig,
    available: float,
    *,
    device: Device = "cuda",
    lengths: Sequence[int] | np.ndarray | None = None,
    model_card: ModelCard | None = None,
    fields: Collection[str] | None = None,
) -> Fit:
    """Propose the smallest changes with which a run fits.

    What leaves the result the same comes first (checkpointing, batch against accumulation), what limits how much can
    be learnt (rank, length) last. Then every change that turns out not to be needed is taken back.

    Args:
        config: The run.
        available: Bytes free.
        device: Where it runs.
        lengths: Tokens of each row of the data, to say how many rows a shorter ``max_length`` would cut.
        model_card: The model's card when it has been read already.
        fields: Change none but these; ``None`` for all.

    Raises:
        As ``estimate_memory``.
    """
    found = model_card or card(config.model, config.revision)
    rows = np.sort(np.asarray(lengths, dtype=np.int64)) if lengths is not None and len(lengths) else None

    def size(changes: dict[str, Any]) -> MemoryEstimate:
        return estimate_memory(config.replace(**changes), device=device, model_card=found)

    before = after = size({})
    taken: list[tuple[_Step, dict[str, Any]]] = []
    for step in _steps(config, device, rows):
        if after.high <= available:
            break
        if fields is not None and not set(step.options[0]) <= set(fields):
            continue
        so_far = _merged(taken)
        chosen = next((o for o in step.options if size(so_far | o).high <= available), step.options[-1])
        if size(so_far | chosen).total < after.total:
            taken.append((step, chosen))
            after = size(_merged(taken))
    if after.high <= available:  # take back, or take milder, what later changes made needless
        for i, (step, chosen) in enumerate(list(taken)):
            milder = ({}, *step.options[: step.options.index(chosen)])
            enough = next((o for o in milder if size(_merged(taken, i, o)).high <= available), chosen)
            taken[i] = (step, enough)
    changes, reasons = {}, {}
    for step, option in taken:
        for name, new in option.items():
            changes[name] = (getattr(config, name), new)
            reasons[name] = step.reason + _cut(rows, new if name == "max_length" else None)
    return Fit(changes, reasons, before, size(_merged(taken)), available)


def _steps(c: RunConfig, device: Device, rows: np.ndarray | None) -> Iterator[_Step]:
    longest = int(rows[-1]) if rows is not None else None
    if longest is not None and longest < c.max_length and not c.packing:
        length = max(16, -(-longest // 8) * 8)
        yield _Step("No row is longer, so nothing is cut.", ({"max_length": length},))
    if not c.gradient_checkpointing:
        yield _Step("The same result, about a third slower.", ({"gradient_checkpointing": True},))
    batch, steps = c.per_device_train_batch_size, c.gradient_accumulation_steps
    whole = batch * steps
    smaller = [b for b in range(batch - 1, 0, -1) if whole % b == 0]
    if smaller:
        yield _Step(
            f"The same batch of {whole} for each step, in smaller portions.",
            tuple({"per_device_train_batch_size": b, "gradient_accumulation_steps": whole // b} for b in smaller),
        )
    if (c.local_rollout_forward_batch_size or 1) > 1:
        sizes = [2**i for i in range(10, -1, -1) if 2**i < (c.local_rollout_forward_batch_size or 1)]
        options = tuple({"local_rollout_forward_batch_size": n} for n in sizes)
        yield _Step("The same answers, sampled in smaller groups.", options)
    if device == "cuda" and c.optim not in ("auto", "paged_adamw_8bit", "adamw_8bit"):
        yield _Step("Its state in 8 bits, moved out of the way when memory is short.", ({"optim": "paged_adamw_8bit"},))
    if c.load_in_4bit and not c.bnb_4bit_use_double_quant:
        yield _Step("0.4 bits less a weight, no loss that was measured.", ({"bnb_4bit_use_double_quant": True},))
    if not c.load_in_4bit:
        yield _Step("A quarter of the memory of the weights (QLoRA).", ({"load_in_4bit": True},))
    if c.lora_dropout and not c.adapter:  # an adapter that goes on keeps its own
        yield _Step("Adapters then keep no inputs of their own.", ({"lora_dropout": 0.0},))
    ranks = [r for r in (128, 64, 32, 16, 8, _SMALLEST_RANK) if r < c.r]
    if ranks and not c.adapter:
        alpha = c.lora_alpha / c.r
        options = tuple({"r": r, "lora_alpha": max(1, round(alpha * r))} for r in ranks)
        yield _Step("A smaller adapter, with its strength kept; it can learn less.", options)
    start = min(c.max_length, longest or c.max_length)
    shorter = [n for n in range((start - 1) // 64 * 64, _SHORTEST - 1, -64) if n >= (c.response_length or 0) + 64]
    if shorter:
        yield _Step("Shorter rows.", tuple({"max_length": n} for n in shorter))


def _merged(
    taken: list[tuple[_Step, dict[str, Any]]], place: int = -1, instead: dict[str, Any] | None = None
) -> dict[str, Any]:
    """All values chosen; the one at ``place`` replaced by ``instead``."""
    options = [instead if i == place and instead is not None else option for i, (_, option) in enumerate(taken)]
    return {name: value for option in options for name, value in option.items()}


def _cut(rows: np.ndarray | None, length: int | None) -> str:
    if rows is None or length is None or rows[-1] <= length:
        return ""
    share = float((rows > length).mean())
    return f" It cuts {share:.1%} of the rows." if share < 0.1 else f" It cuts {share:.0%} of the rows."
