"""Watching a run: its state, progress, curves, notes and answers, live or from its folder."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import ipywidgets as w

from ftwidgets.runs import Run
from ftwidgets.runs.story import story
from ftwidgets.widgets.behind import behind_curves
from ftwidgets.widgets.curves import Curves
from ftwidgets.widgets.health_notes import HealthNotes
from ftwidgets.widgets.out_of_memory import OutOfMemory
from ftwidgets.widgets.samples import Samples
from ftwidgets.widgets.states import SHOWN
from ftwidgets.widgets.style import RUNS, stylesheet
from ftwidgets.widgets.text import duration, paragraph, safe

PACE = 2.0  # seconds between two changes of the step and its bar: each is a change of the page, beside the training


class Monitor(w.VBox):
    """The Watch panel of one run.

    Args:
        go_on: Goes on with a run that ran out of memory, with the smaller settings proposed.
        use: Takes the options that a health note proposes into a form.
    """

    def __init__(
        self,
        run: Run,
        go_on: Callable[[Run], Any] | None = None,
        use: Callable[[dict[str, Any]], None] | None = None,
    ):
        self.run = run
        self._clock: tuple[float, float] | None = None  # time and step at which the pace began to count
        self._told: tuple[str, str, float] = ("", "", 0.0)  # state and phase whose progress was shown last, and when
        self._state = w.Label()
        self._state.add_class("ftw-state")
        self._bar = w.FloatProgress(min=0, max=1, value=0, tooltip="Share of the steps done")
        self._text = w.Label()
        self._text.add_class("ftw-numbers")
        self._pause = w.Button(
            description="Pause", icon="pause", tooltip="Rest after the running step; the model stays"
        )
        self._stop = w.Button(
            description="Stop", icon="stop", tooltip="Stop after the running step and keep what was learnt"
        )
        self._pause.on_click(lambda _: self._pause_or_resume())
        self._stop.on_click(lambda _: self._ask_to_stop())
        controls = w.HBox([self._pause, self._stop])
        controls.add_class("ftw-buttons")
        line = w.HBox([self._state, self._bar, self._text, controls])
        line.add_class("ftw-status")
        self._story = paragraph(kind="story")
        self._error = paragraph(kind="error")
        self.shortage = OutOfMemory(go_on)
        self._notes = paragraph(kind="notes")
        self.curves = Curves(run, heading=False)
        self.behind = behind_curves(run, self.curves)
        self.health = HealthNotes(run, self.curves, self.behind, use)
        self.samples = Samples(run)
        behind = [stylesheet(RUNS), self.behind] if self.behind is not None else []
        above = [line, self._error, self.shortage, self._story]
        super().__init__([*above, self.curves, self.health, *behind, self._notes, self.samples])
        self.add_class("ftw-monitor")
        self.update()
        self._unsubscribe = run.subscribe(self.update)

    def close(self) -> None:
        self._unsubscribe()
        if self.behind is not None:
            self.behind.close()
        super().close()

    def update(self) -> None:
        """Show what the run has become. Called from the run's publisher thread."""
        run = self.run
        icon, word = SHOWN[run.status]
        self._state.value = f"{icon} {word}"
        for name in SHOWN:
            (self.add_class if name == run.status else self.remove_class)(f"ftw-is-{name}")
        self._show_progress()
        live = hasattr(run, "stop") and not run.ended
        self._pause.disabled = not live or run.status not in ("training", "paused")
        self._pause.description = "Resume" if run.status == "paused" else "Pause"
        self._pause.icon = "play" if run.status == "paused" else "pause"
        self._stop.disabled = not live or run.status == "stopping"
        _set(self._error, safe(run.error) if run.error else "")
        self.shortage.update(run)
        _set(self._story, "".join(f"<p>{safe(sentence)}</p>" for sentence in story(run)) if not run.error else "")
        _set(self._notes, _notes(run))
        self.samples.update()
        self.health.update()

    def _show_progress(self) -> None:
        now = self.run.progress
        done, total, phase = now.get("done"), now.get("total"), now.get("phase", "")
        status, told, at = self._told
        if (status, told) == ("training", "training") == (self.run.status, phase) and time.monotonic() - at < PACE:
            return
        self._told = self.run.status, phase, time.monotonic()
        if self.run.ended:
            self._bar.layout.visibility = "hidden"
            self._text.value = ""
            return
        if total and done is not None:
            self._bar.value = done / total
        elif self.run.status not in ("training", "paused"):  # what training stops for does not take it back
            self._bar.value = 0
        words = []
        if phase == "training" and total and done is not None:
            words.append(f"step {done:,.0f} / {total:,.0f}")
            words += self._pace(float(done), float(total))
        elif phase == "downloading" and total and done is not None:
            words += [f"downloading {now.get('text', '')}", f"{done / 1e6:,.0f} of {total / 1e6:,.0f} MB"]
        else:
            what = (phase if phase != self.run.status else "", now.get("text"))
            words.append(": ".join(filter(None, what)))
            if total and done is not None:
                words.append(f"{done:,.0f} / {total:,.0f}")
        self._text.value = "  ·  ".join(words)

    def _pace(self, done: float, total: float) -> list[str]:
        clock = time.monotonic()
        if self._clock is None or self.run.status == "paused":
            self._clock = (clock, done)
        begun, first = self._clock
        if done - first < 1:
            return []
        each = (clock - begun) / (done - first)
        return [
            f"{each:.1f} s/step" if each >= 0.1 else f"{1 / each:.0f} steps/s",
            f"{duration(each * (total - done))} left",
        ]

    def _pause_or_resume(self) -> None:
        (self.run.resume if self.run.status == "paused" else self.run.pause)()  # type: ignore[attr-defined]

    def _ask_to_stop(self) -> None:
        self._stop.disabled = True
        self.run.stop()  # type: ignore[attr-defined]


def _notes(run: Run) -> str:
    notes = run.notes
    shown = "".join(f"<li>{safe(note['text'])}</li>" for note in notes[-20:])
    return (
        f"<details><summary>{len(notes)} note{'s' if len(notes) > 1 else ''}</summary><ul>{shown}</ul></details>"
        if notes
        else ""
    )


def _set(widget: w.HTML, value: str) -> None:
    """Change a text only when it differs, and take no room for an empty one."""
    if widget.value != value or not value:
        widget.value = value
        widget.layout.display = "" if value else "none"
