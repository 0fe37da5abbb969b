"""Rows in, examples out: sources, shapes, mappings, splits, preference pairs and what a model will see of them."""

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
    "offered",
    "open_source",
    "prepare",
    "preview",
    "save_object",
    "usable_for",
]
