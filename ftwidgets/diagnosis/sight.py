"""Sight: what the rules may look at, gathered from a run bit by bit and never growing with it."""

from __future__ import annotations

import math
import re
from collections import deque
from dataclasses import dataclass

import numpy as np

from ftwidgets.diagnosis.trace import Trace
from ftwidgets.runs.event_log import Event
from ftwidgets.runs.run import Run

BEFORE = 12  # gradient norms before a step that it is measured against
SPIKES = 8  # steps with the largest gradients that are remembered, with their rows
STEPS = 2048  # whose pairs are read of a long stretch: a trace holds the means of fewer buckets
UPDATES = 6  # of PPO's updates whose answers are remembered: the first ones, and as many of the latest
# What a run says that stopped before such a step, and torch where it samples from such a model. A reward that gives NaN
# ends a run too, and the model is sound.
NOT_A_NUMBER = re.compile(r"The (loss|gradient) became \S+ at step (\d+)|probability tensor contains")


@dataclass
class Spike:
    """A gradient far above those before it: ``ratio`` times their median, ``spreads`` times as far from it as they are
    from each other (both in logarithms, in scaled median deviations)."""

    step: int
    norm: float
    ratio: float
    spreads: float
    ids: tuple[int, ...] = ()
    losses: tuple[float, ...] = ()


@dataclass(frozen=True)
class Answers:
    """Scores and lengths (tokens) of one PPO update's answers, (n,) each."""

    step: int
    scores: np.ndarray
    lengths: np.ndarray


class Sight:
    """A run as the rules of health see it.

    Attributes:
        traces: Metrics by name; besides those logged, ``chosen_logps_per_token`` from the rows that were trained.
            Of a run that is first looked at when it is long, the rows of at most ``STEPS`` of its steps.
        spikes: The steps with the most outstanding gradients, the largest ratio first.
        early, late: The first and the latest answers of PPO.
        samples: The first and the latest answers to the probe prompts.
        lost: The step and the metric at which numbers ran out.
    """

    def __init__(self, run: Run):
        self.run = run
        self.config = run.config
        self._begin()

    def _begin(self) -> None:
        self.traces: dict[str, Trace] = {}
        self.spikes: list[Spike] = []
        self.early: list[Answers] = []
        self.late: deque[Answers] = deque(maxlen=UPDATES)
        self.samples: list[Event] = []
        self.lost: tuple[int, str] | None = None
        self.step = 0
        self._epoch = 0.0
        self._told = 0
        self._resumed = [(event["t"], event["step"]) for event in self.run.events.of("resumed")]
        self._seen = {"examples": 0, "rollouts": 0}
        self._norms = np.empty(0)

    def look(self) -> None:
        """Take in what is new in the run."""
        if len(self.run.store) < self._told or len(self.run.events.of("resumed")) != len(self._resumed):
            self._begin()  # steps were trained again
        self._read_rows()
        self._read_examples()
        self._read_answers()
        samples = self.run.events.of("samples")
        self.samples = [samples[0], samples[-1]] if len(samples) > 1 else samples
        for error in self.run.events.of("error"):
            if (said := NOT_A_NUMBER.search(str(error.get("message", "")))) and self.lost is None:
                what, step = said.groups()
                self.lost = (int(step or self.step), "grad_norm" if what == "gradient" else "loss")

    @property
    def ended(self) -> bool:
        return self.run.ended

    @property
    def share(self) -> float:
        """Share of the planned steps that are done."""
        if self.config.max_steps:
            return self.step / self.config.max_steps
        return self._epoch / self.config.num_train_epochs

    def trace(self, *names: str) -> Trace:
        """The first of some metrics that was logged; an empty trace when none was."""
        return next((self.traces[name] for name in names if name in self.traces), Trace())

    def _read_rows(self) -> None:
        columns = self.run.store.columns
        rows = self.run.store.rows(self._told)
        self._told += len(rows)
        if not len(rows):
            return
        rows = rows[:, : len(columns)]
        steps = rows[:, 0]
        self.step, self._epoch = int(steps[-1]), float(rows[-1, 1])
        given = {name: rows[:, i] for i, name in enumerate(columns) if i > 2}
        for name, values in given.items():
            self.traces.setdefault(name, Trace()).extend(steps, values)
        rate = given.get("learning_rate")
        for name in ("loss", "grad_norm"):
            if name in given and rate is not None and self.lost is None:
                # Training logs both with the learning rate: where that stands alone they were no numbers.
                missing = np.flatnonzero(np.isfinite(rate) & ~np.isfinite(given[name]))
                if len(missing) and (name == "loss" or self.trace("grad_norm").count):
                    self.lost = (int(steps[missing[0]]), name)
        if "grad_norm" in given:
            self._find_spikes(steps, given["grad_norm"])

    def _find_spikes(self, steps: np.ndarray, norms: np.ndarray) -> None:
        known = np.isfinite(norms)
        steps, norms = steps[known], norms[known]
        whole = np.concatenate([self._norms, norms])
        self._norms = whole[-BEFORE:]
        old = len(whole) - len(norms)
        if len(whole) > BEFORE:
            windows = np.lib.stride_tricks.sliding_window_view(whole, BEFORE)[:-1]
            logs = np.log(np.maximum(windows, 1e-12))
            medians = np.median(logs, axis=1)  # of the BEFORE norms that precede whole[BEFORE + i]
            spread = 1.4826 * np.median(np.abs(logs - medians[:, None]), axis=1)
            at = np.arange(BEFORE, len(whole))
            above = np.log(np.maximum(whole[at], 1e-12)) - medians
            for i in np.argsort(-above)[:SPIKES]:
                if at[i] >= old:
                    step, norm = int(steps[at[i] - old]), float(whole[at[i]])
                    ratio, spreads = math.exp(min(above[i], 60)), above[i] / max(spread[i], 0.05)
                    self.spikes.append(Spike(step, norm, ratio, float(spreads)))
        self.spikes = sorted(self.spikes, key=lambda spike: -spike.ratio)[:SPIKES]

    def _read_examples(self) -> None:
        steps, means = [], []
        wanted = {spike.step: spike for spike in self.spikes}
        new = self.run.events.of("examples", self._seen["examples"])
        every = 1 + len(new) // STEPS
        for number, event in enumerate(new):
            if event.get("split", "train") == "train" and event["step"] > self.step and not self._undone(event):
                break  # its step is not logged yet: read it next time, when a spike is known for one
            self._seen["examples"] += 1
            spike = wanted.get(event["step"])
            if (number % every and spike is None) or event.get("split", "train") != "train" or self._undone(event):
                continue
            if not event.get("id"):
                continue
            if spike is not None:
                spike.ids += tuple(event["id"])
                spike.losses += tuple(math.nan if v is None else v for v in event.get("loss") or [])
            sums, lengths = _numbers(event.get("chosen_logps")), _numbers(event.get("chosen_length"))
            if len(sums) and len(sums) == len(lengths):
                steps.append(event["step"])
                means.append(np.nanmean(sums / np.maximum(lengths, 1)))
        if steps:
            trace = self.traces.setdefault("chosen_logps_per_token", Trace())
            trace.extend(np.array(steps, np.float64), np.array(means))

    def _read_answers(self) -> None:
        for event in self.run.events.of("rollouts", self._seen["rollouts"]):
            self._seen["rollouts"] += 1
            if self._undone(event):
                continue
            answers = Answers(event["step"], _numbers(event.get("score")), _numbers(event.get("length")))
            if len(self.early) < UPDATES:
                self.early.append(answers)
            self.late.append(answers)

    def _undone(self, event: Event) -> bool:
        """Whether the run went on from a checkpoint before this, and did it again."""
        return any(event["t"] < t and event["step"] > step for t, step in self._resumed)


def _numbers(values: list[float | None] | None) -> np.ndarray:
    return np.array([math.nan if value is None else value for value in values or []], np.float64)
