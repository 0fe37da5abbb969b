"""Curves as a plain plotly figure: for reports, and for places that run no widgets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ftwidgets.errors import FtwidgetsError
from ftwidgets.widgets.decimate import keep_extremes, smoothed
from ftwidgets.widgets.palette import LIGHT
from ftwidgets.widgets.panels import Panel, panels

if TYPE_CHECKING:
    import pandas as pd
    from plotly.graph_objects import Figure

SYMBOLS = ("circle", "square", "triangle-up", "diamond", "triangle-down")
AXIS_TITLES = {"step": "step", "epoch": "epoch", "time": "seconds", "num_tokens": "tokens"}


def figure(
    history: pd.DataFrame | Mapping[str, pd.DataFrame],
    axis: str = "step",
    smoothing: float = 0.6,
    points: int = 600,
    metrics: Sequence[str] | None = None,
    columns: int = 2,
) -> Figure:
    """The panels of one history, or of several over each other, as a plotly ``Figure`` (never a ``FigureWidget``).

    Args:
        history: ``run.history``, or a mapping from names to histories; then a colour means a run.
        axis: The column to draw over: ``"step"``, ``"epoch"``, ``"time"`` or ``"num_tokens"``.
        smoothing: Weight beta of the debiased moving average drawn over the raw line; 0 draws the raw line alone.
        points: At most so many points of each curve, with all its extremes.
        metrics: Only panels that hold one of these metrics; by default those that the live view opens.
        columns: Panels beside each other.

    Raises:
        FtwidgetsError: There is nothing to draw, or no history has the column ``axis``.
    """
    from plotly.subplots import make_subplots

    frames = dict(history) if isinstance(history, Mapping) else {"": history}
    if not any(axis in frame for frame in frames.values()):
        raise FtwidgetsError(f"figure(axis={axis!r}): no history has that column. Use one of {', '.join(AXIS_TITLES)}.")
    several = len(frames) > 1
    names = [name for frame in frames.values() for name in frame.columns]
    shown = [panel for panel in panels(names, split=several) if _wanted(panel, metrics)]
    if not shown:
        raise FtwidgetsError("figure(): there is no metric to draw yet.")
    columns = min(columns, len(shown))
    rows = -(-len(shown) // columns)
    drawn = make_subplots(
        rows,
        columns,
        subplot_titles=[panel.title for panel in shown],
        specs=[[{"secondary_y": True}] * columns for _ in range(rows)],
        shared_xaxes="all",
        vertical_spacing=min(0.2, 60 / (240 * rows)),
    )
    for number, panel in enumerate(shown):
        place = {"row": number // columns + 1, "col": number % columns + 1}
        for trace, right in _traces(panel, frames, axis, smoothing, points, first=number == 0):
            drawn.add_trace(trace, **place, secondary_y=right)
        if panel.zero:
            drawn.add_hline(0, line_width=1, line_color="#888", **place)
        drawn.update_xaxes(title_text=AXIS_TITLES[axis], showticklabels=True, **place)
        for right, ends in ((False, panel.range), (True, panel.right_range)):
            if ends:
                drawn.update_yaxes(range=ends, secondary_y=right, **place)
    drawn.update_yaxes(secondary_y=True, showgrid=False)
    drawn.update_layout(
        height=240 * rows + 60,
        margin={"l": 50, "r": 20, "t": 50, "b": 40},
        hovermode="x unified",
        uirevision="ftwidgets",
        template="plotly_white",
        legend={"groupclick": "togglegroup"},
    )
    return drawn


def _wanted(panel: Panel, metrics: Sequence[str] | None) -> bool:
    return panel.open if metrics is None else not {*panel.metrics, *panel.evaluation}.isdisjoint(metrics)


def _traces(
    panel: Panel, frames: Mapping[str, pd.DataFrame], axis: str, smoothing: float, points: int, first: bool
) -> list[tuple[Any, bool]]:
    from plotly.graph_objects import Scatter

    several = len(frames) > 1
    bases = list(panel.metrics)
    traces = []
    for index, (run, frame) in enumerate(frames.items()):
        for name, base in {**{m: m for m in bases}, **panel.evaluation}.items():
            if name not in frame or axis not in frame:
                continue
            part = frame[[axis, name]].replace([np.inf, -np.inf], np.nan)
            part = part.assign(**{axis: part[axis].ffill()}).dropna() if axis == "num_tokens" else part.dropna()
            x, y = part[axis].to_numpy(float), part[name].to_numpy(float)
            if not len(x):
                continue
            number = index if several else bases.index(base)
            evaluated = name in panel.evaluation
            label = str(run) if several else panel.metrics[base]
            text = f"{label}, eval" if evaluated else label
            color = LIGHT[number % len(LIGHT)]
            group = {
                "legendgroup": label if several else f"{panel.id}/{label}",
                "showlegend": first and not evaluated if several else True,
                "name": text,
            }
            smooth = smoothing > 0 and not evaluated and not panel.plain and len(x) > 2
            kept = keep_extremes(y, points)
            line = {"color": color, "width": 1 if smooth else 1.6, "dash": "dash" if evaluated else "solid"}
            marker = {
                "symbol": SYMBOLS[number % len(SYMBOLS)] + ("-open" if evaluated else ""),
                "color": color,
                "size": 5,
            }
            mode = "lines+markers" if len(kept) <= 48 and not smooth else "lines"
            raw = group | ({"name": f"{text} (raw)", "showlegend": False, "opacity": 0.4} if smooth else {})
            right = base in panel.right
            traces.append((Scatter(x=x[kept], y=y[kept], mode=mode, line=line, marker=marker, **raw), right))
            if smooth:
                average = {
                    "x": x[kept],
                    "y": smoothed(y, smoothing)[kept],
                    "mode": "lines",
                    "line": line | {"width": 1.8},
                }
                traces.append((Scatter(**average, hoverinfo="skip", **group), right))
    return traces
