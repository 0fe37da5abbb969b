"""The record of a run that ended: what a saved notebook shows when no kernel is behind it.

One bundle for every reader: our own MIME type, which the JupyterLab extension draws with the same charts and no
kernel; HTML with a picture and the final metrics; the picture alone; plain text.
"""

from __future__ import annotations

import base64
import html
import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ftwidgets.widgets.decimate import keep_extremes
from ftwidgets.widgets.marks import marks
from ftwidgets.widgets.output import MIME
from ftwidgets.widgets.panels import AXES, EVAL, panels
from ftwidgets.widgets.picture import picture

POINTS = 240  # of each metric: about the pixels of a chart, and a notebook stays small
X_AXES = (*AXES, "num_tokens")


def record(runs: Sequence[Any], model_id: str | None = None) -> dict[str, Any]:
    """The MIME bundle of some runs. ``model_id`` names a live widget to show in its place while its kernel lives."""
    image = base64.b64encode(picture(runs)).decode()
    curves = saved_curves(runs) | {"reattach": reattach(runs)}
    if model_id is not None:
        curves["model_id"] = model_id
    return {
        MIME: curves,
        "text/html": _html(runs, image),
        "image/png": image,
        "text/plain": _text(runs),
    }


def saved_curves(runs: Sequence[Any]) -> dict[str, Any]:
    """The curves of some runs as JSON: at most ``POINTS`` points of each metric, with all its extremes.

    Numbers have six significant digits. The shape is that of ``RunRecord`` in labextension/widgets/curves/record.ts.
    """
    columns = [name for run in runs for name in run.store.columns]
    specs = [panel.spec() for panel in panels(columns, split=len(runs) > 1)]
    return {"version": 1, "panels": specs, "runs": [_saved(run, len(runs) == 1) for run in runs]}


def reattach(runs: Sequence[Any]) -> str:
    """The line of Python that shows the live view of these runs again."""
    folders = [str(run.folder) for run in runs if getattr(run, "folder", None)]
    if len(folders) != len(runs):
        return ""
    if len(folders) == 1:
        return f"ftwidgets.load_run({folders[0]!r}).curves()"
    return f"ftwidgets.Curves({folders!r})"


def final_metrics(run: Any) -> list[tuple[str, float, float, float, float, float]]:
    """``(name, first, last, lowest, highest, step of the last)`` of every metric, panels' reading order."""
    store = run.store
    rows = store.rows(0)
    names = list(store.columns)
    found = []
    for panel in panels(names):
        for name in (*panel.metrics, *panel.evaluation):
            if name not in names:
                continue
            values = rows[:, names.index(name)]
            at = np.flatnonzero(np.isfinite(values))
            if len(at):
                v = values[at]
                found.append((name, float(v[0]), float(v[-1]), float(v.min()), float(v.max()), float(rows[at[-1], 0])))
    return found


def _saved(run: Any, alone: bool) -> dict[str, Any]:
    rows = run.store.rows(0)
    names = list(run.store.columns)[: rows.shape[1]]
    kept: dict[str, np.ndarray] = {}
    for column, name in enumerate(names):
        if name not in X_AXES:
            at = np.flatnonzero(np.isfinite(rows[:, column]))
            if len(at):
                kept[name] = at[keep_extremes(rows[at, column], POINTS)]
    every = np.unique(np.concatenate([*kept.values(), np.array([], dtype=int)]))
    for name in X_AXES:
        if name in names:
            kept[name] = every[np.isfinite(rows[every, names.index(name)])]
    columns: dict[str, dict[str, list[Any]]] = {}
    for name in sorted(kept, key=names.index):
        where = np.searchsorted(every, kept[name])
        columns[name] = {"values": [_short(value) for value in rows[kept[name], names.index(name)]]}
        if len(where) < len(every):
            columns[name]["rows"] = np.diff(where, prepend=0).tolist()
    config = getattr(run, "config", None)
    info = {"id": str(run.id), "name": str(run.name), "status": str(run.status)}
    return {
        "info": info,
        "marks": marks(run, alone),
        "rows": len(every),
        "columns": columns,
        "health": _health(run),
        "config": config.to_dict() if config is not None else {},
        "summary": _finite(getattr(run, "summary", {})),
    }


def _health(run: Any) -> list[dict[str, str]]:
    """What the rules of health said of a run, the gravest first."""
    return [
        {"headline": note.headline, "text": note.text, "source": note.source} for note in getattr(run, "health", ())
    ]


def _short(value: float) -> float:
    return float(f"{value:.6g}")


def _finite(value: Any) -> Any:
    """JSON has no NaN: null in its place."""
    if isinstance(value, dict):
        return {str(key): _finite(v) for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _html(runs: Sequence[Any], image: str) -> str:
    parts = [f'<img alt="{html.escape(_text(runs))}" src="data:image/png;base64,{image}" style="max-width: 100%">']
    for run in runs:
        parts.append(f"<p><strong>{html.escape(str(run.name))}</strong> {html.escape(str(run.status))}</p>")
        for note in _health(run):
            told = (html.escape(note[part]) for part in ("headline", "text", "source"))
            parts.append("<p><strong>{}</strong><br>{}<br><small>Source: {}</small></p>".format(*told))
        parts.append(_table(("metric", "first", "last", "lowest", "highest", "last step"), _cells(run)))
    line = reattach(runs)
    if line:
        parts.append(f"<p>Live view, with a kernel: <code>import ftwidgets; {html.escape(line)}</code></p>")
    return "\n".join(parts)


def _cells(run: Any) -> Iterable[tuple[str, ...]]:
    for name, first, last, lowest, highest, step in final_metrics(run):
        if name.removeprefix(EVAL) in ("runtime", "samples_per_second", "steps_per_second"):
            continue
        yield (name, *(f"{value:.4g}" for value in (first, last, lowest, highest)), f"{step:.0f}")


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    def row(cells: Sequence[str], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in cells) + "</tr>"

    body = "".join(row(cells, "td") for cells in rows)
    return f"<table><thead>{row(head, 'th')}</thead><tbody>{body}</tbody></table>"


def _text(runs: Sequence[Any]) -> str:
    lines: list[str] = []
    for run in runs:
        last = {name: value for name, _, value, *_ in final_metrics(run)}
        shown = ", ".join(f"{name} {value:.4g}" for name, value in list(last.items())[:6])
        rows = run.store.rows(len(run.store) - 1) if len(run.store) else np.zeros((1, 1))
        lines.append(f"{run.name}: {run.status}, step {rows[0, 0]:.0f}. {shown}".strip())
        lines += [f"  {note['headline']}" for note in _health(run)]
    line = reattach(runs)
    return "\n".join([*lines, f"Live view: {line}"] if line else lines)
