"""The merged model: base and adapter as one folder in 16 bits, which every tool reads."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ftwidgets.export.adapter import sound_adapter
from ftwidgets.export.card import Draw, write_card
from ftwidgets.export.writing import ExportError, check_disk, free_target, whole
from ftwidgets.models import ModelNotFoundError, card, locate
from ftwidgets.runs import Run
from ftwidgets.training.quiet import Progress

if TYPE_CHECKING:
    from ftwidgets.training.merging import Merged

LICENCES = ("LICENSE*", "LICENCE*", "NOTICE*", "USE_POLICY*")
# Compared on these where a run has answered no probe prompts.
TEXTS = [
    ("What is the capital of Italy?", "The capital of Italy is Rome."),
    ("Tell me a story about an owl.", "A young owl found a small boat in the forest, and showed it to a frog."),
    ("How do I boil an egg?", "Put it in boiling water for seven minutes, then cool it under the tap."),
]


def texts(run: Run, most: int = 6) -> list[tuple[str, str]]:
    """Prompts and the run's last answers to them, on which models are compared."""
    events = run.events.of("samples")
    pairs = list(zip(events[-1]["prompt"], events[-1]["completion"], strict=False)) if events else []
    return [(str(prompt), str(answer)) for prompt, answer in pairs if str(answer).strip()][:most] or TEXTS


def size(run: Run) -> int:
    """Parameters of the base.

    Raises:
        ExportError: The base is not on this machine any more, or cannot be merged into.
    """
    try:
        base = card(run.config.model, run.config.revision)
    except ModelNotFoundError as error:
        raise ExportError(f"The base model is needed for this. {error}") from None
    if base.parameters is None:
        raise ExportError(f"{run.config.model}: its weights cannot be read. " + " ".join(map(str, base.problems)))
    return base.parameters


def export_merged(
    run: Run, target: str | Path, progress: Progress, draw: Draw | None = None
) -> tuple[Path, tuple[str, ...]]:
    """Merge, compare, write. Returns where, and what was checked.

    Raises:
        FtwidgetsError: There is no sound adapter or base, no room, or the merged model is not what it should be.
    """
    adapter = sound_adapter(run)
    parameters = size(run)
    check_disk(free_target(target), 2.1 * parameters)
    from ftwidgets.training.merging import merge

    with whole(target, 2.1 * parameters) as part:
        found = merge(run.config, adapter, part, texts(run), parameters, progress)
        base = locate(run.config.model, run.config.revision)
        for pattern in LICENCES:
            for file in base.glob(pattern):
                (part / file.name).write_bytes(file.read_bytes())
        checked = in_words(found, run.config.method == "reward")
        write_card(run, part, "merged", draw, checked)
    return Path(target).expanduser().absolute(), checked


def in_words(found: Merged, scores: bool = False) -> tuple[str, ...]:
    """What merging found, a sentence each."""
    unit = "of score" if scores else "nats a token"
    a = found.adapter
    places = f"{a.tokens} {'texts' if scores else 'tokens'}"
    likeliest = "" if scores else f", the same token likeliest in {a.same_top:.1%} of places"
    lines = [
        f"Merged into the unquantised base, in {found.dtype}; every tensor reads back from disk as it was merged.",
        f"Against base and adapter unmerged, on {places}: {a.mean:.2g} {unit} apart on average (allowed: "
        f"{found.tolerance:.2g}), {a.largest:.2g} at most{likeliest}.",
        f"Training itself changed the base by {found.effect.mean:.2g} {unit}.",
    ]
    if found.trained is not None:
        t = found.trained
        same = "" if scores else f", the same token likeliest in {t.same_top:.1%} of places"
        lines.append(
            f"Against the 4-bit model that was trained: {t.mean:.2g} {unit} apart{same}. That is the rounding of the "
            "base to 4 bits, which the merged model is free of."
        )
    return tuple(lines)
