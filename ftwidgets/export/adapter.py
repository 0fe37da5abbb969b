"""The adapter: a PEFT folder to put on the base model anywhere."""

from __future__ import annotations

import shutil
from pathlib import Path

import xxhash

from ftwidgets.export.card import Draw, write_card
from ftwidgets.export.writing import ExportError, whole
from ftwidgets.models import ModelNotFoundError, adapter_problems, locate, read_adapter, read_weights
from ftwidgets.models.weight_files import WeightsError
from ftwidgets.runs import Run

KEPT = ("adapter_config.json", "adapter_model.safetensors")


def sound_adapter(run: Run) -> Path:
    """The run's adapter folder, when its files are whole and fit the base model.

    Raises:
        ExportError: The run saved none, a file is missing or damaged, or it is another base's.
    """
    folder = run.folder / "adapter"
    if not (folder / "adapter_config.json").is_file():
        way = "Wait for its end." if not run.ended else "Go on with it from a checkpoint: ftwidgets.resume(run)."
        raise ExportError(f"{run.id} has saved no adapter: there is nothing to take away. {way}")
    adapter = read_adapter(folder)
    try:
        base = read_weights(locate(run.config.model, run.config.revision))
    except (ModelNotFoundError, WeightsError):
        base = None  # the base may have gone since; an adapter can be taken away without it
    problems = adapter_problems(adapter, base)
    if problems:
        raise ExportError(f"{folder}: {problems[0]}")
    return folder


def export_adapter(run: Run, target: str | Path, draw: Draw | None = None) -> tuple[Path, tuple[str, ...]]:
    """Copy the adapter with its tokenizer and a model card. Returns where, and what was checked.

    Raises:
        ExportError: There is no sound adapter, or it cannot be written.
    """
    source = sound_adapter(run)
    needed = sum(file.stat().st_size for file in source.iterdir())
    with whole(target, needed) as part:
        shutil.copytree(source, part)
        for file in source.iterdir():
            if file.is_file() and _sum(file) != _sum(part / file.name):
                raise ExportError(f"{file.name} was not copied as it is: the disk may be failing.")
        adapter = read_adapter(part)
        problems = adapter_problems(adapter, None)
        if problems:
            raise ExportError(f"{part}: {problems[0]}")
        checked = (
            f"Read back: a LoRA adapter of rank {adapter.r} on {', '.join(adapter.target_modules)}; every file equals "
            "the run's own.",
        )
        write_card(run, part, "adapter", draw, checked)
    return Path(target).expanduser().absolute(), checked


def _sum(file: Path) -> int:
    sum = xxhash.xxh3_64()
    with file.open("rb") as data:
        while piece := data.read(1 << 20):
            sum.update(piece)
    return sum.intdigest()
