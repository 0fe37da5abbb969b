"""Rows in, examples out: sources, shapes, mappings, splits, preference pairs and what a model will see of them."""

from typing import Any

from ftwidgets.data.detection import Detection, detect, usable_for
from ftwidgets.data.kernel_objects import offered
from ftwidgets.data.mapping import Mapping, PreviewRow, preview
from ftwidgets.data.prepare import Prepared, prepare
from ftwidgets.data.problems import Problem, Problems
from ftwidgets.data.saving import save_object
from ftwidgets.data.sources import open_source

__all__ = [
    "Detection",
    "Mapping",
    "Prepared",
    "PreviewRow",
    "Problem",
    "Problems",
    "detect",
    "lint",
    "merge_decisions",
    "offered",
    "open_source",
    "prepare",
    "preview",
    "save_object",
    "usable_for",
]


def __getattr__(name: str) -> Any:
    # Preference pairs stand on Arrow, which takes a while to load: only who asks for them waits.
    if name not in ("lint", "merge_decisions"):
        raise AttributeError(f"module 'ftwidgets.data' has no attribute {name!r}")
    from ftwidgets.data import pairs

    return getattr(pairs, name)
