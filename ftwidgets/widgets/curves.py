"""Curves: the metrics of runs, live while they train."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import anywidget
import traitlets as t

from ftwidgets.diagnosis.following import following
from ftwidgets.runs import Run
from ftwidgets.widgets.listening import at_unseen_ends, there_is_a_page, watch_cells
from ftwidgets.widgets.output import MIME, InOutput
from ftwidgets.widgets.record import reattach, record, saved_curves
from ftwidgets.widgets.sources import Source, runs_of
from ftwidgets.widgets.steady import keep_widgets_steady
from ftwidgets.widgets.stream import Stream

STATIC = Path(__file__).parents[1] / "static"


class Curves(InOutput, anywidget.AnyWidget):
    """Charts of one run, or of several over each other: live, zoomed and read together.

    Args:
        source: A run, the folder of one or more, a ``History``, or a list of these. With a list a colour means a run.
        heading: Whether to show the run's name and state above the charts.

    Attributes:
        view: What was set by hand (``axis``, ``smoothing``, ``log``, ``cap``, ``open``, ``hidden``); can be set here
            too: ``curves.view = {"axis": "epoch", "smoothing": 0.9}``.

    Raises:
        FtwidgetsError: A folder is no run, or there is nothing to show.
    """

    _esm = STATIC / "curves.js"
    _css = STATIC / "curves.css"

    view = t.Dict().tag(sync=True)
    heading = t.Bool(True).tag(sync=True)
    selectable = t.Bool(False).tag(sync=True)
    saved = t.Dict().tag(sync=True)  # decimated, once the runs have ended: drawn where no kernel answers

    def __init__(self, source: Source | Sequence[Source], heading: bool = True):
        self._unsubscribe: list[Callable[[], None]] = []  # first, for `close` of a widget that could not be made
        self.runs = runs_of(source)
        self._select: list[Callable[[int, int], None]] = []
        self._pick: list[Callable[[int, Any], None]] = []
        self._outputs: list[tuple[Any, str]] = []  # display handles, and what they show
        self._recorded = 0  # of these, how many have the record
        self._page_keeps = "record"
        self._kept: tuple[int, list[Any]] | None = None  # what the record was made of that was left last, unseen
        keep_widgets_steady()
        super().__init__(heading=heading)
        watch_cells()
        if hasattr(self.comm, "_reply_subshell_for"):
            # ipykernel 7.4 would answer on the busy main thread; None lets the page's words in on a subshell.
            self.comm._reply_subshell_for = None
        self.on_msg(self._receive)
        self._stream = Stream(self.runs, self.send)
        # Evidence of health is marked on the curves of one run; over many it would hide them.
        alone = self.runs[0] if len(self.runs) == 1 else None
        self._health = following(alone) if isinstance(alone, Run) else None
        if self._health is not None:
            self._unsubscribe.append(self._health.subscribe(lambda _: self._stream.changed()))
        self._unsubscribe += [run.subscribe(self._changed) for run in self.runs if hasattr(run, "subscribe")]
        self._unsubscribe.append(at_unseen_ends(self._keep_unseen))

    def on_select(self, callback: Callable[[int, int], None]) -> None:
        """Call ``callback(from_step, to_step)`` when steps are chosen in a chart, both ends included."""
        self._select.append(callback)
        self.selectable = True

    def on_pick(self, callback: Callable[[int, Any], None]) -> None:
        """Call ``callback(step, run)`` when a point is clicked."""
        self._pick.append(callback)
        self.selectable = True

    def show(self, from_step: float, to_step: float, metrics: Sequence[str] = ()) -> None:
        """Zoom to steps and mark them; open the charts of ``metrics`` and go to the first of these."""
        self._stream.send({"type": "show", "from": from_step, "to": to_step, "metrics": list(metrics)})

    def shown_in(self, output: Any, model_id: str) -> None:
        """These charts are part of the widget ``model_id`` in ``output``, a display handle: keep the record there.

        Only where the page shows the live widget in place of its record: elsewhere the record would take it away.
        """
        self._outputs.append((output, model_id))

    def close(self) -> None:
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        super().close()

    def _changed(self) -> None:
        """A run changed. Called from its publisher thread."""
        self._stream.changed()
        if self._health is not None:
            self._health.poke()
        self._keep()

    def _receive(self, _: Any, content: dict[str, Any], buffers: list[bytes]) -> None:
        kind = content.get("type")
        if kind == "ready":
            self._page_keeps = content.get("keeps", "record")
            self._stream.ready(content["have"])
            if not any(content["have"]):  # a page that has just been loaded may have missed the record
                self._recorded = 0
            if self._health is not None:
                self._health.poke()
            if self._page_keeps != "picture":  # a picture would take the live view away: only when a run just ended
                self._keep()
        elif kind == "ack":
            self._stream.alive(content["have"])
        elif kind == "select":
            for select in self._select:
                select(int(content["from_step"]), int(content["to_step"]))
        elif kind == "pick":
            for pick in self._pick:
                pick(int(content["step"]), self.runs[content["run"]])

    @property
    def _ended(self) -> bool:
        return all(getattr(run, "ended", False) for run in self.runs)

    def _ipython_display_(self) -> None:
        """Display the charts so that the output can become a record of the run when it has ended."""
        output = self._put_out()
        if output is not None:
            self._outputs.append((output, str(self.model_id)))

    def _without_kernel(self) -> dict[str, str]:
        return {"reattach": reattach(self.runs)}

    def _keep(self) -> None:
        """When the runs have ended: leave what a notebook can keep, in the way that the page asks for."""
        if not self._ended or not there_is_a_page():
            return
        if self._page_keeps == "state":
            self._finish()
            if not self.saved:
                self.saved = saved_curves(self.runs)
            return
        # Without our extension a record takes the live view away: that of a whole Studio would be too much.
        outputs, self._recorded = self._outputs[self._recorded :], len(self._outputs)
        self._record([o for o in outputs if self._page_keeps == "record" or o[1] == self.model_id], live=True)

    def _keep_unseen(self) -> None:
        """A cell has ended that no page shows. Nobody will ask for the record, nor see the live view: it is left now,
        and anew at the end of further cells while the runs go on.
        """
        now = (len(self._outputs), [(run.status, len(run.store)) for run in self.runs])
        if self._outputs and now != self._kept:
            self._kept = now
            self._record(self._outputs, live=False)
        if self._ended:
            self._outputs, self._kept = [], None

    def _record(self, outputs: list[tuple[Any, str]], live: bool) -> None:
        """Leave the record in ``outputs``; ``live``: a page may show the widget in its place."""
        self._finish()
        if outputs:
            bundle = record(self.runs)
        for handle, model_id in outputs:
            named = bundle | {MIME: bundle[MIME] | {"model_id": model_id}} if live else bundle
            with contextlib.suppress(Exception):  # the output may be gone; the run folder has everything
                handle.update(named, raw=True)

    def _finish(self) -> None:
        """A record is made once: what the last look at an ended run finds belongs into it."""
        if self._health is not None and self._ended:
            self._health.finish()
