"""A still picture of curves, made without a browser: for saved notebooks, reports and terminals."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ftwidgets.widgets.decimate import keep_extremes, smoothed
from ftwidgets.widgets.palette import LIGHT, MARKERS
from ftwidgets.widgets.panels import Panel, panels

if TYPE_CHECKING:
    from matplotlib.axes import Axes

POINTS = 800
COLUMNS = 3
GREY = "#5f5f5f"


def picture(runs: Sequence[Any], format: str = "png", axis: str = "step", smoothing: float = 0.6) -> bytes:
    """The open panels of some runs as an image file.

    Args:
        runs: Objects with ``store`` and ``name``; several are drawn over each other.
        format: ``"png"``, ``"svg"`` or ``"pdf"``.
        axis: ``"step"``, ``"epoch"``, ``"time"`` or ``"num_tokens"``.
        smoothing: Weight beta of the debiased moving average drawn over the raw line; 0 draws the raw line alone.
    """
    # Figure and canvas by hand: pyplot would keep global state and pick a backend for the whole kernel.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    columns = [name for run in runs for name in run.store.columns]
    shown = [panel for panel in panels(columns, split=len(runs) > 1) if panel.open]
    across = max(1, min(COLUMNS, len(shown)))
    lines = max(1, -(-len(shown) // across))
    head = 0.3 if len(runs) > 1 else 0.0
    height = 2.1 * lines + head
    figure = Figure(figsize=(10.5, height), dpi=80)
    # Margins in inches, by hand: laying out by measuring every label takes longer than drawing.
    figure.subplots_adjust(
        left=0.45 / 10.5,
        right=1 - 0.3 / 10.5,
        top=1 - (0.3 + head) / height,
        bottom=0.35 / height,
        wspace=0.2,
        hspace=0.38,
    )
    FigureCanvasAgg(figure)
    for number, panel in enumerate(shown):
        axes = figure.add_subplot(lines, across, number + 1)
        _draw(axes, panel, runs, axis, smoothing)
    if len(runs) > 1 and figure.axes:
        handles, labels = figure.axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="upper left", ncols=5, fontsize=8, frameon=False)
    if any(panel.evaluation for panel in shown):
        figure.text(1 - 0.3 / 10.5, 0.06 / height, "dashed: evaluation", ha="right", fontsize=7, color=GREY)
    data = io.BytesIO()
    figure.savefig(data, format=format, facecolor="white")
    return _fewer_colours(data) if format == "png" else data.getvalue()


def _fewer_colours(data: io.BytesIO) -> bytes:
    """The same picture in a third of the bytes: notebooks carry it, and lines need no 16 million colours."""
    from PIL import Image

    small = io.BytesIO()
    with Image.open(data) as image:
        image.convert("RGB").quantize(64, dither=Image.Dither.NONE).save(small, format="png", optimize=True)
    return small.getvalue()


def _draw(axes: Axes, panel: Panel, runs: Sequence[Any], axis: str, smoothing: float) -> None:
    several = len(runs) > 1
    axes.set_title(panel.title, loc="left", fontsize=9, fontweight="bold", y=1.0)  # given: else every label is measured
    right = axes.twinx() if panel.right else None
    for side in (axes, right):
        if side is not None:
            side.tick_params(labelsize=7, colors=GREY, length=2)
            side.spines[["top", "left", "right"]].set_visible(False)
    for side in (axes, right):
        if side is not None:
            side.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.grid(axis="y", color="#ececec", linewidth=0.7)
    if panel.zero:
        axes.axhline(0, color=GREY, linewidth=0.7)
    if panel.range:
        axes.set_ylim(*panel.range)
    if right is not None and panel.right_range:
        right.set_ylim(*panel.right_range)
    bases = list(panel.metrics)
    for index, run in enumerate(runs):
        for name, base in {**{m: m for m in bases}, **panel.evaluation}.items():
            x, y = points_of(run, name, axis)
            if not len(x):
                continue
            number = index if several else bases.index(base)
            color, marker = LIGHT[number % len(LIGHT)], MARKERS[number % len(MARKERS)]
            side = right if right is not None and base in panel.right else axes
            label = str(run.name) if several else panel.metrics[base]
            if name in panel.evaluation:
                label = "_" + label  # one legend entry for a curve; that dashes are evaluation stands below
                side.plot(
                    x, y, color=color, linewidth=1, linestyle="--", marker="o", markersize=3, mfc="white", label=label
                )
                continue
            smooth = smoothing > 0 and not panel.plain and len(x) > 2
            kept = keep_extremes(y, POINTS)
            side.plot(x[kept], y[kept], color=color, linewidth=0.8 if smooth else 1.2, alpha=0.35 if smooth else 1)
            average = smoothed(y, smoothing) if smooth else y
            end: dict[str, Any] = {"marker": marker, "markersize": 4, "markevery": [-1]}
            side.plot(x[kept], average[kept], color=color, linewidth=1.4, label=label, **end)
    if panel.least:
        low, high = axes.get_ylim()
        missing = panel.least * max(abs(low), abs(high)) - (high - low)
        if missing > 0:
            axes.set_ylim(low - missing / 2, high + missing / 2)
    handles = [
        pair
        for side in (axes, right)
        if side is not None
        for pair in zip(*side.get_legend_handles_labels(), strict=True)
    ]
    if handles and not several:
        axes.legend(
            [handle for handle, _ in handles],
            [label for _, label in handles],
            loc="lower right",
            bbox_to_anchor=(1.02, 0.97),
            ncols=4,
            fontsize=6.5,
            frameon=False,
            columnspacing=0.9,
            handlelength=1.6,
            handletextpad=0.4,
        )


def points_of(run: Any, name: str, axis: str) -> tuple[np.ndarray, np.ndarray]:
    """The points of one metric of a run: x on ``axis`` and y, both float64, only where the metric was logged."""
    names = list(run.store.columns)
    if name not in names:
        return np.array([]), np.array([])
    rows = run.store.rows(0)
    y = rows[:, names.index(name)]
    x = rows[:, names.index(axis if axis in names else "step")]
    if np.isnan(x).any():  # evaluation rows have no token count: they stand where training stood
        last = np.maximum.accumulate(np.where(np.isnan(x), 0, np.arange(len(x))))
        x = np.nan_to_num(x[last])
    there = np.isfinite(y)
    return x[there], y[there]
