"""In what the configs of runs differ."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from ftwidgets.config import OPTIONS
from ftwidgets.runs.run import Run

LABELS = ("run_name", "output_dir")  # what a run is called and where it lies says nothing of how it was made


def config_differences(runs: Sequence[Run]) -> dict[str, list[Any]]:
    """Options that are not the same in all runs, with each run's value; ``None`` where its method has no such option.

    What weighs most comes first, as in ``RunConfig``'s groups; options that only one run has come last.
    """
    configs = [run.config.to_dict() for run in runs]
    names = dict.fromkeys(name for config in configs for name in config if name not in LABELS)
    found = {name: [config.get(name) for config in configs] for name in sorted(names, key=_weight)}
    differing = {name: values for name, values in found.items() if any(value != values[0] for value in values)}
    alone = {name for name in differing if sum(name in config for config in configs) == 1}
    return {name: differing[name] for name in sorted(differing, key=lambda name: name in alone)}


def environment_differences(runs: Sequence[Run]) -> dict[str, list[Any]]:
    """The same for what the runs were made with: versions of Python, the system and the packages."""
    made = []
    for run in runs:
        path = run.folder / "environment.json"
        try:
            made.append(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError):
            made.append({})
    names = dict.fromkeys(name for each in made for name in each)
    found = {name: [each.get(name) for each in made] for name in names}
    return {name: values for name, values in found.items() if any(value != values[0] for value in values)}


_GROUPS = ("model", "data", "method", "training", "output")
_FIRST = (
    "method",
    "model",
    "adapter",
    "dataset",
    "learning_rate",
    "beta",
    "loss_type",
    "max_steps",
    "num_train_epochs",
)


def _weight(name: str) -> tuple[int, int]:
    if name in _FIRST:
        return -1, _FIRST.index(name)
    return _GROUPS.index(OPTIONS[name].group), list(OPTIONS).index(name)
