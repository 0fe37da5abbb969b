"""Who takes part in a blind comparison: runs, their checkpoints, and the base they started from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import xxhash

from ftwidgets.errors import FtwidgetsError
from ftwidgets.runs.run import Run
from ftwidgets.runs.store import load_run

BASE = "base"
_SAME = ("model", "revision", "load_in_4bit", "bnb_4bit_quant_type", "bnb_4bit_use_double_quant")
WEIGHTS, DESCRIPTION = "adapter_model.safetensors", "adapter_config.json"

Given = Run | str | Path | tuple[Run | str | Path, int]


@dataclass(frozen=True)
class Contender:
    """One who answers. ``weights`` and ``description`` are the folders of its adapter and of its adapter's config;
    ``None`` for the base."""

    name: str
    run: Run | None = None
    weights: Path | None = None
    description: Path | None = None

    def digest(self) -> str:
        """Of its weights: a run that was trained on is somebody else."""
        if self.weights is None:
            return BASE
        return xxhash.xxh3_64_hexdigest((self.weights / WEIGHTS).read_bytes())


def contenders(given: Sequence[Given]) -> list[Contender]:
    """Read who shall be compared: the base comes first, and is added where only one is given.

    Args:
        given: Runs, run folders, checkpoint folders, ``(run, step)`` for a checkpoint, and ``"base"``.

    Raises:
        FtwidgetsError: One has no adapter, still goes on, writes no text, or has another base than the others.
    """
    found = [_one(each) for each in given if not (isinstance(each, str) and each == BASE)]
    if not found:
        raise FtwidgetsError("Nobody to compare: give a run, or several.")
    if len(found) == 1 or len(found) < len(given):
        found.insert(0, Contender(BASE))
    runs = [each.run for each in found if each.run is not None]
    for run in runs[1:]:
        for name in _SAME:
            mine, other = getattr(run.config, name), getattr(runs[0].config, name)
            if mine != other:
                raise FtwidgetsError(
                    f"{run.name} has {name}={mine!r} and {runs[0].name} has {other!r}: only adapters of one base can "
                    "be compared here, since one loaded base answers for all."
                )
    folders = [each.weights for each in found]
    if len(set(folders)) < len(folders):
        raise FtwidgetsError("The same model is given twice: nothing could tell it from itself.")
    names = [each.name for each in found]
    return [
        each if names.count(each.name) == 1 or each.run is None
        else Contender(f"{each.name} ({each.run.id})", each.run, each.weights, each.description)
        for each in found
    ]  # fmt: skip


def _one(given: Given) -> Contender:
    step: int | None = None
    if isinstance(given, tuple):
        given, step = given
    if isinstance(given, str | Path):
        path = Path(given).expanduser()
        if path.parent.name == "checkpoints" and path.name.startswith("checkpoint-"):
            given, step = path.parents[1], int(path.name.removeprefix("checkpoint-"))
    run = given if isinstance(given, Run) else load_run(given)
    if run.config.method == "reward":
        raise FtwidgetsError(f"{run.name} is a reward model: it scores answers and writes none.")
    final = run.folder / "adapter"
    weights = final if step is None else run.folder / "checkpoints" / f"checkpoint-{step}"
    if step is None and not run.ended:
        raise FtwidgetsError(
            f"{run.name} still goes on. Stop it, wait for its end, or give (run, step) of a checkpoint."
        )
    description = weights if (weights / DESCRIPTION).is_file() else final
    if not (weights / WEIGHTS).is_file() or not (description / DESCRIPTION).is_file():
        kept = sorted(int(p.name.removeprefix("checkpoint-")) for p in run.folder.glob("checkpoints/checkpoint-*"))
        steps = ", ".join(map(str, kept)) or "none"
        raise FtwidgetsError(f"{weights}: no adapter there. Checkpoints of {run.name} are kept of steps: {steps}.")
    return Contender(run.name if step is None else f"{run.name}, step {step:,}", run, weights, description)
