"""What the parts of the form say together: the run's title, and what keeps it from starting."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ftwidgets.config import METHODS
from ftwidgets.config.reporting import missing
from ftwidgets.errors import FtwidgetsError
from ftwidgets.models import refusal
from ftwidgets.studio.notebook import FromNotebook
from ftwidgets.widgets.data_panel import DataPanel
from ftwidgets.widgets.form import Form
from ftwidgets.widgets.method_panel import MethodPanel
from ftwidgets.widgets.model_panel import ModelPanel
from ftwidgets.widgets.model_picker import last_part

RUNS = "A run goes on; stop it to start another"
MEASURES = "One step is being measured; cancel it, or wait for its end"
TRIES = "A reward is being tried; cancel it, or wait for its end"
DOWNLOADS = "A model is being downloaded; cancel it, or wait for its end"


def problems(
    form: Form,
    data: DataPanel,
    model: ModelPanel,
    methods: MethodPanel,
    notebook: FromNotebook,
    fixed: Mapping[str, int],
) -> dict[str, str]:
    """What keeps the run from starting, by option. ``fixed`` holds what an adapter that goes on settles."""
    method = str(form.fields["method"].read())
    found = dict(form.problems)
    if data.error:
        found.setdefault("dataset", data.error)
    elif data.look is not None and not data.look.usable[method][0]:
        place = "dataset" if data.look.fits else "mapping"
        found[place] = " ".join(data.look.usable[method][1:])
    if model.error:
        found.setdefault("model", model.error)
    if model.adapter_error:
        found.setdefault("adapter", model.adapter_error)
    for name, value in fixed.items():
        if form.config is not None and getattr(form.config, name) != value:
            found[name] = refusal(name, value)
    kind = model.card.kind.name if model.card is not None else ""
    question = methods.asks(method, str(form.fields["model"].read()), kind)
    if question:
        found["method"] = question
    if method == "ppo" and "reward" not in found:
        try:
            notebook.function(method, form.fields["reward"].read())
        except FtwidgetsError as error:
            found["reward"] = str(error)
    if form.config is not None and (absent := missing(form.config.report_to)):
        found["report_to"] = absent
    return found


def title(form: Form, data: DataPanel, model: ModelPanel) -> str:
    """The run in one line: model, rows and method."""
    rows = f" ({data.look.rows:,} rows)" if data.look is not None and data.look.rows is not None else ""
    method = METHODS[str(form.fields["method"].read())].title
    adapter = form.fields["adapter"].read()
    going_on = f" + {last_part(str(adapter))}" if adapter else ""
    return f"{_short(form, 'model')}{model.kind}{going_on}  ·  {_short(form, 'dataset')}{rows}  ·  {method}"


def _short(form: Form, name: str) -> str:
    """A path by its last part; a hub id, which has one slash at most, as it is."""
    text = str(form.fields[name].read() or "—")
    return Path(text).name if text.startswith(("/", ".", "~")) or text.count("/") > 1 else text


def busy(running: bool, measuring: bool, trying: bool, fetching: bool) -> str:
    """Why nothing can be started now, or an empty string."""
    reasons: dict[str, Any] = {RUNS: running, MEASURES: measuring, TRIES: trying, DOWNLOADS: fetching}
    return next((reason for reason, holds in reasons.items() if holds), "")
