"""Compare: runs over each other, on the held-out pairs they share, with what differs in their options."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ipywidgets as w

from ftwidgets.errors import FtwidgetsError
from ftwidgets.runs import Run
from ftwidgets.runs.differences import config_differences, environment_differences
from ftwidgets.runs.standing import At, standings
from ftwidgets.widgets import comparison_text as text
from ftwidgets.widgets.behind import behind_curves
from ftwidgets.widgets.blind_panel import BlindPanel
from ftwidgets.widgets.curves import Curves
from ftwidgets.widgets.figure import figure
from ftwidgets.widgets.fold import Fold
from ftwidgets.widgets.health_notes import HealthNotes
from ftwidgets.widgets.picture import picture
from ftwidgets.widgets.record import final_metrics
from ftwidgets.widgets.remarks_form import RemarksForm
from ftwidgets.widgets.style import RUNS
from ftwidgets.widgets.text import paragraph, safe
from ftwidgets.widgets.view import View

if TYPE_CHECKING:
    import pandas as pd
    from plotly.graph_objects import Figure

COLUMNS = 4  # differing options beside the numbers; all of them stand in a table of their own
EVERY = 2.0  # seconds between two looks at runs that go on
PICTURES = (".png", ".svg", ".pdf")


class Comparison(View):
    """Runs compared: who is ahead on shared held-out pairs, what differs in their options, all curves overlaid.

    Args:
        runs: At least one.
        at: Which evaluation each is judged by.
        blind: Opens a blind comparison of the runs it is called with; there is no button for it without.

    Attributes:
        runs: The runs, in the order of the table and of the colours.
        curves: Their curves.
        folded: What is opened below them: health, options, metrics, notes.
    """

    def __init__(self, runs: list[Run], at: At = "last", blind: Callable[..., w.Widget] | None = None):
        self.runs = runs
        self._looked: tuple[Any, ...] = ()
        self._looked_at = 0.0
        self._at = w.ToggleButtons(
            options={"last evaluation": "last", "best evaluation": "best"},
            value=at,
            description="judged by the",
            tooltip="Which of a run's evaluations counts",
            tooltips=[
                "Each run's last evaluation on held-out pairs",
                "Each run's evaluation with the most pairs right",
            ],
        )
        self._at.style.description_width = "initial"
        self._at.style.button_width = "auto"
        self._at.observe(lambda _: self._show(), "value")
        self._verdict = paragraph(kind="verdict")
        self._table, self._options, self._metrics = w.HTML(), w.HTML(), w.HTML()
        for table in (self._table, self._options, self._metrics):
            table.add_class("ftw-scroll")
        self._saved = w.HTML()
        self._saved.layout.display = "none"
        buttons = [self._save_button(name) for name in ("csv", "png", "svg")]
        saving = w.HBox([*buttons, self._saved])
        saving.add_class("ftw-buttons")
        controls = w.HBox([self._at, saving])
        controls.add_class("ftw-behind-line")
        self.curves = Curves(runs)
        self._behind: dict[str, w.Widget] = {}
        self._behind_place = w.VBox()
        self.curves.on_pick(self._pick)
        self.curves.on_select(self._select)
        self._picked = runs[0]
        self._health = [HealthNotes(run, self.curves, heading=_title(run, i)) for i, run in enumerate(runs)]
        remarks = [RemarksForm(run.folder, _title(run, i)) for i, run in enumerate(runs)]
        self.folded = [
            Fold("Health of each run", *self._health),
            Fold("Options that differ", self._options),
            Fold("Final metrics", self._metrics),
            Fold("Notes, tags, bookmarks", *remarks),
        ]
        fair = paragraph(text.FAIR, "quiet")
        self._blind = BlindPanel(blind) if blind is not None else None
        judging = [self._blind] if self._blind is not None else []
        parts = [self._verdict, controls, self._table, fair, self.curves, self._behind_place, *judging, *self.folded]
        super().__init__(parts, RUNS)
        self.add_class("ftw-compare")
        self._show()
        self._behind_of(runs[0])  # the way from a curve to its pairs is seen before anybody clicks
        self._unsubscribe = [run.subscribe(self._changed) for run in runs]

    # --- results ---

    @property
    def at(self) -> At:
        """Which evaluation each run is judged by: ``"last"`` or ``"best"``."""
        return self._at.value

    @at.setter
    def at(self, value: At) -> None:
        self._at.value = value

    @property
    def differences(self) -> pd.DataFrame:
        """Rows are the options that are not the same in all runs, columns are runs (ids)."""
        import pandas as pd

        return pd.DataFrame.from_dict(config_differences(self.runs), orient="index", columns=[r.id for r in self.runs])

    @property
    def table(self) -> pd.DataFrame:
        """One row a run: its name, state and differing options, where it stands on the shared held-out pairs
        (``held_out/...``: accuracies are shares, margins nats per token), and its last value of every metric."""
        import pandas as pd

        differing = config_differences(self.runs)
        rows = []
        for number, standing in enumerate(standings(self.runs, self.at)[0]):
            run, judged, best = standing.run, standing.judged, standing.best
            row: dict[str, Any] = {"id": run.id, "name": run.name, "status": run.status, "folder": str(run.folder)}
            row |= {name: values[number] for name, values in differing.items()}
            if judged is not None and best is not None:
                low, high = judged.interval()
                row |= {
                    "held_out/step": judged.step,
                    "held_out/pairs": len(judged.ids),
                    "held_out/accuracy": judged.accuracy,
                    "held_out/accuracy_low": low,
                    "held_out/accuracy_high": high,
                    "held_out/margin": judged.margin,
                    "held_out/best_step": best.step,
                    "held_out/best_accuracy": best.accuracy,
                }
            rows.append(row | {name: last for name, _, last, *_ in final_metrics(run)})
        return pd.DataFrame(rows)

    @property
    def history(self) -> pd.DataFrame:
        """The histories of all runs below each other, with a column ``run``."""
        import pandas as pd

        return pd.concat([run.history.assign(run=run.id) for run in self.runs], ignore_index=True)

    def figure(self, **keywords: Any) -> Figure:
        """The overlaid curves as a plain plotly ``Figure``; keywords as in ``Run.figure``."""
        names = [run.name for run in self.runs]
        labels = [run.name if names.count(run.name) == 1 else f"{run.name} ({run.id})" for run in self.runs]
        return figure({label: run.history for label, run in zip(labels, self.runs, strict=True)}, **keywords)

    def to_csv(self, path: str | Path) -> Path:
        """Write ``table`` as CSV."""
        return _written(path, lambda target: self.table.to_csv(target, index=False))

    def save(self, path: str | Path) -> Path:
        """Write the curves as ``.png``, ``.svg`` or ``.pdf``, or as an interactive ``.html`` page.

        Raises:
            FtwidgetsError: Another ending, or a folder that takes no file.
        """
        kind = Path(path).suffix.lower()
        if kind == ".html":
            return _written(path, lambda target: self.figure().write_html(target))
        if kind not in PICTURES:
            raise FtwidgetsError(f"{path}: end the name in {', '.join(PICTURES)} or .html.")
        return _written(path, lambda target: target.write_bytes(picture(self.runs, kind[1:])))

    # --- the view ---

    def _ipython_display_(self) -> None:
        """Display the comparison so that its output can become a record when all runs have ended."""
        output = self._put_out()
        if output is not None:
            self.curves.shown_in(_Output(self, output), self.model_id)

    def close(self) -> None:
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        for widget in (*self._behind.values(), *self._health, self.curves):
            widget.close()
        super().close()

    def _changed(self) -> None:
        """A run changed. Called from its publisher thread."""
        for notes in self._health:
            notes.update()
        if self._far() != self._looked:
            self._show()
        elif time.monotonic() - self._looked_at >= EVERY:
            self._show_table()

    def _far(self) -> tuple[Any, ...]:
        """How far the runs have come: what they are judged by changes only when this does."""
        return tuple((run.status, len(run.events.of("evaluation"))) for run in self.runs)

    def _show_table(self) -> None:
        self._looked_at = time.monotonic()
        _set(self._table, text.standings_table(self._standings, dict(list(self._differing.items())[:COLUMNS])))

    def _show(self) -> None:
        self._looked = self._far()
        if self._blind is not None:
            self._blind.show(*self.runs)
        self._standings, groups = standings(self.runs, self.at)
        self._differing = differing = config_differences(self.runs)
        _set(self._verdict, safe(text.verdict(self._standings, groups, self.at == "best")))
        self._show_table()
        made_with = {f"{name} (environment)": values for name, values in environment_differences(self.runs).items()}
        _set(self._options, text.options_table(self.runs, differing | made_with) if differing | made_with else SAME)
        _set(self._metrics, text.metrics_table(self.runs))
        self._at.layout.display = "" if any(s.judged is not None for s in self._standings) else "none"

    def _pick(self, step: int, run: Run) -> None:
        self._picked = run
        behind = self._behind_of(run)
        if behind is not None:
            behind.pick(step)

    def _select(self, first: int, last: int) -> None:
        behind = self._behind_of(self._picked)
        if behind is not None:
            behind.show(first, last)

    def _behind_of(self, run: Run) -> Any:
        """What stands behind the curves of one run; made when it is first asked for."""
        if run.id not in self._behind:
            made = behind_curves(run, named=True)
            if made is None:
                return None
            self._behind[run.id] = made
        self._behind_place.children = (self._behind[run.id],)
        return self._behind[run.id]

    def _save_button(self, kind: str) -> w.Button:
        button = w.Button(
            description=kind.upper(), icon="download", tooltip=f"Save as {kind.upper()} beside the notebook"
        )
        button.on_click(lambda _: self._save(kind))
        return button

    def _save(self, kind: str) -> None:
        path = Path(time.strftime(f"comparison-%Y%m%d-%H%M%S.{kind}"))
        try:
            done = self.to_csv(path) if kind == "csv" else self.save(path)
        except FtwidgetsError as error:
            self._saved.value = f'<span class="ftw-problem">⚠ {safe(error)}</span>'
        else:
            self._saved.value = f"Saved {safe(done)}"
        self._saved.layout.display = ""


class _Output:
    """A comparison's output: what the curves leave in it when the runs have ended gets the words and tables too."""

    def __init__(self, comparison: Comparison, handle: Any):
        self._comparison, self._handle = comparison, handle

    def update(self, bundle: dict[str, Any], **keywords: Any) -> None:
        shown = self._comparison
        stand, groups = standings(shown.runs, shown.at)
        told = text.verdict(stand, groups, shown.at == "best")
        differing = config_differences(shown.runs)
        tables = text.standings_table(stand, {}) + text.options_table(shown.runs, differing)
        words = {
            "text/html": f"<p>{safe(told)}</p>{tables}<p>{text.FAIR}</p>{bundle['text/html']}",
            "text/plain": f"{told}\n{bundle['text/plain']}",
        }
        self._handle.update(bundle | words, **keywords)


SAME = "<p>The runs have the same options.</p>"


def _title(run: Run, number: int) -> str:
    return f"{text.mark(number)} {safe(run.name)}"


def _set(widget: w.HTML, value: str) -> None:
    if widget.value != value:
        widget.value = value


def _written(path: str | Path, write: Any) -> Path:
    target = Path(path).expanduser()
    try:
        write(target)
    except OSError as error:
        raise FtwidgetsError(f"{target}: cannot be written: {error}.") from None
    return target
