"""Where else a run may send its metrics, through transformers' ``report_to``."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec

# The name, and the packages of which one must be there.
REPORTERS = {
    "tensorboard": ("tensorboard", "tensorboardX"),
    "wandb": ("wandb",),
    "trackio": ("trackio",),
    "mlflow": ("mlflow",),
}


def unknown(names: Sequence[str] | None) -> str:
    """What is wrong with the names given; empty when nothing is. “all” is refused too: it would send to whatever
    happens to be installed."""
    wrong = [name for name in names or () if name not in REPORTERS]
    return f"report_to: {wrong[0]!r} is none of {', '.join(REPORTERS)}. Empty sends nothing." if wrong else ""


def missing(names: Sequence[str] | None) -> str:
    """Which of the named need a package that is not installed here, and how to get it; empty when none does."""
    absent = [name for name in names or () if not any(find_spec(package) for package in REPORTERS.get(name, (name,)))]
    return f"report_to: {' and '.join(absent)} not installed here. pip install {' '.join(absent)}" if absent else ""
