"""A run in a terminal: its progress in plain lines while it goes on, and what it learnt when it ends."""

from __future__ import annotations

import sys
import threading
from typing import TextIO

import numpy as np

from ftwidgets.runs import Run
from ftwidgets.runs import status as states
from ftwidgets.runs.event_log import Event

FINISHED, FAILED, STOPPED = 0, 1, 130  # exit codes; 130 is what a shell reports after Ctrl+C
SHOWN = {  # the metrics worth a place on a line, in this order, and how they are called there
    "loss": "loss",
    "perplexity": "perplexity",
    "rewards/accuracies": "accuracy",
    "rewards/margins": "margin",
    "accuracy": "accuracy",
    "margin": "margin",
    "objective/scores": "score",
    "objective/kl": "KL",
    "eval_loss": "held-out loss",
    "eval_perplexity": "held-out perplexity",
    "eval_pairs/accuracy": "held-out pair accuracy",
    "eval_rewards/margins": "held-out margin",
    "eval_accuracy": "held-out accuracy",
}


def follow(run: Run, out: TextIO | None = None) -> int:
    """Print a run's progress to ``out`` (standard output) until it ends. Returns the exit code of its outcome.

    Ctrl+C stops the run after the running step and keeps what was learnt; a second one leaves at once.
    """
    lines = _Lines(run, out or sys.stdout)
    changed = threading.Event()
    unsubscribe = run.subscribe(changed.set)
    asked = False
    going_on = True
    while going_on:
        try:
            while not run.ended:
                changed.wait(1)
                changed.clear()
                lines.update()
            going_on = False
        except KeyboardInterrupt:
            if asked:
                raise
            asked = True
            lines.say("Stopping after the running step; what was learnt is kept. Ctrl+C again leaves at once.")
            run.stop()  # type: ignore[attr-defined]  # a run of this process is live
    unsubscribe()
    run.wait()
    lines.update()
    lines.outcome()
    return {states.FINISHED: FINISHED, states.STOPPED: STOPPED}.get(run.status, FAILED)


class _Lines:
    """What was printed of a run so far. On a terminal the running phase is one line that is written over."""

    def __init__(self, run: Run, out: TextIO):
        self._run, self._out = run, out
        self._terminal = out.isatty()
        self._rows = self._notes = 0
        self._phase = self._status = ""
        self._width = 0  # of the line to write over

    def say(self, text: str) -> None:
        """Print one line for good."""
        self._out.write(f"\r{text.ljust(self._width)}\n" if self._width else f"{text}\n")
        self._width = 0
        self._out.flush()

    def update(self) -> None:
        """Print what is new."""
        run = self._run
        for note in run.notes[self._notes :]:
            self._notes += 1
            self.say(f"{note.get('level', 'note')}: {note['text']}")
        if run.status != self._status and run.status in (states.PAUSED, states.TRAINING, states.STOPPING):
            self._status = run.status
            self.say(f"{run.status}: {run.name}, {run.folder}")
        rows = run.store.rows(self._rows)
        for row in rows:
            self.say(self._metrics(row))
        self._rows += len(rows)
        self._now(run.progress)

    def outcome(self) -> None:
        """Print how it ended, what changed, and where it lies."""
        run = self._run
        if run.status == states.FAILED:
            self.say(f"failed: {run.error}")
            self.say(f"The run's folder has its log: {run.folder}")
            return
        summary = run.summary
        steps = summary.get("steps", 0)
        self.say(f"{run.status} after {steps} steps" + (f" in {_time(summary['seconds'])}" if steps else "") + ".")
        for line in learnt(run):
            self.say(line)
        if (run.folder / "adapter").is_dir():
            self.say(f"The adapter is in {run.folder / 'adapter'}")

    def _metrics(self, row: np.ndarray) -> str:
        values = dict(zip(self._run.store.columns, row, strict=False))
        shown = [
            f"{label} {values[name]:.4g}"
            for name, label in SHOWN.items()
            if name in values and not np.isnan(values[name])
        ]
        return f"step {values['step']:.0f}  " + "  ".join(shown)

    def _now(self, progress: Event) -> None:
        phase = progress.get("phase", "")
        if not self._terminal:
            if phase and phase != self._phase and phase != "training":
                self.say(f"{phase} {progress.get('text') or ''}".rstrip())
            self._phase = phase
            return
        done, total = progress.get("done"), progress.get("total")
        count = f" {done:.0f}/{total:.0f}" if done is not None and total else ""
        line = f"{phase}{count} {progress.get('text') or ''}".rstrip()[:100]
        self._out.write(f"\r{line.ljust(self._width)}")
        self._width = max(self._width, len(line))
        self._out.flush()


def learnt(run: Run) -> list[str]:
    """What a run changed, in lines: first and last value of each shown metric, then completions before and after."""
    rows, columns = run.store.rows(0), run.store.columns
    lines = []
    for name, label in SHOWN.items():
        values = rows[:, columns.index(name)] if name in columns else np.empty(0)
        values = values[~np.isnan(values)]
        if len(values) and values[0] != values[-1]:
            lines.append(f"  {label}: {values[0]:.4g} -> {values[-1]:.4g}")
    samples = run.events.of("samples")
    if len(samples) > 1:
        before, after = samples[0], samples[-1]
        for prompt, old, new in zip(before["prompt"], before["completion"], after["completion"], strict=False):
            lines += ["", f"  {_short(prompt)}", f"    before: {_short(old)}", f"    after:  {_short(new)}"]
        lines.append("")
    return lines


def _short(text: str, width: int = 160) -> str:
    line = " ".join(text.split())
    return line if len(line) <= width else line[: width - 1] + "…"


def _time(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds // 60:.0f} min {seconds % 60:.0f} s"
