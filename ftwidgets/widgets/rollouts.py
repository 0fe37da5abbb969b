"""PPO's rollouts: what the policy answered, what the reward made of it, and how far it was from the reference."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import ipywidgets as w
import numpy as np

from ftwidgets.runs import Run
from ftwidgets.runs.event_log import Event
from ftwidgets.widgets.text import paragraph, safe

SHOWN = 12  # answers in the table
CLIP = 1500  # characters of one text
ORDERS = {  # words, column, whether the largest comes first
    "as sampled": ("", False),
    "lowest score": ("score", False),
    "highest score": ("score", True),
    "largest KL": ("kl", True),
    "longest": ("length", True),
    "shortest": ("length", False),
}
NUMBERS = {"score": "score", "kl": "KL", "length": "tokens"}
HELP = {
    "score": "The reward's score of the answer, before any KL penalty",
    "KL": "Sum over the answer's tokens of log π − log π(reference), in nats",
    "tokens": "Length of the answer in tokens",
}


class Rollouts(w.VBox):
    """A table of one update's answers: the latest while the run goes on, any other by the slider or by ``pick``."""

    def __init__(self, run: Run):
        self._run = run
        self._follow = True
        self._setting = False
        self._shown: tuple[Any, ...] = ()
        self.step = w.SelectionSlider(
            options=[("-", 0)], description="answers sampled at step", tooltip="Which update's answers are shown"
        )
        self.order = w.Dropdown(options=list(ORDERS), description="order", tooltip="Which answers come first")
        for control in (self.step, self.order):
            control.style.description_width = "initial"
        controls = w.HBox([self.step, self.order])
        controls.add_class("ftw-rollout-controls")
        self._said = paragraph(kind="quiet")
        self._table = w.HTML()
        self._table.add_class("ftw-rollouts")
        super().__init__([paragraph("Answers being scored", "section"), controls, self._said, self._table])
        self.step.observe(self._chosen, "value")
        self.order.observe(lambda _: self.update(), "value")
        self.layout.display = "none"
        self.update()
        self._unsubscribe = run.subscribe(self.update)

    def update(self) -> None:
        """Take in what the run has sampled since."""
        events = self._run.events.of("rollouts")
        if not events or self._shown == (len(events), self.step.value, self.order.value):
            return
        steps = list(dict.fromkeys(event["step"] for event in events))
        if steps != [value for _, value in self.step.options] or not self._shown:
            value = steps[-1] if self._follow or self.step.value not in steps else self.step.value
            self._setting = True
            self.step.options = [(f"{step:,}", step) for step in steps]
            self.step.value = value
            self._setting = False
        self.step.layout.display = "" if len(steps) > 1 else "none"
        # A resumed run samples a step's answers again: the later ones were learnt from.
        event = next(event for event in reversed(events) if event["step"] == self.step.value)
        self._said.value = safe(said(event))
        self._table.value = table(event, self.order.value)
        self.layout.display = ""
        self._shown = (len(events), self.step.value, self.order.value)

    def pick(self, step: int) -> None:
        """Show the answers that optimizer step ``step`` learnt from: the latest sampled before it."""
        steps = [value for _, value in self.step.options]
        if self._shown:
            self.step.value = max((s for s in steps if s < step), default=steps[0])

    def show(self, first: int, last: int) -> None:
        """Show the answers that the last of some steps learnt from."""
        self.pick(last)

    def close(self) -> None:
        self._unsubscribe()
        super().close()

    def _chosen(self, change: object) -> None:
        if not self._setting:
            self._follow = self.step.value == self.step.options[-1][1]
            self.update()


def said(event: Event) -> str:
    """One sentence on an update's answers."""
    parts = [f"{len(event['completion'])} answers"]
    for name, word in (("score", "score"), ("kl", "KL"), ("length", "tokens")):
        values = _numbers(event, name)
        known = values[np.isfinite(values)]
        if len(known):
            parts.append(f"{word} {known.mean():.3g} on average ({known.min():.3g} to {known.max():.3g})")
    r = correlation(_numbers(event, "score"), _numbers(event, "length"))
    if not math.isnan(r):
        parts.append(f"correlation of score and length {r:+.2f}")
    return "; ".join(parts) + "."


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Pearson's, of the finite pairs; NaN below three of them or where one side does not vary."""
    both = np.isfinite(a) & np.isfinite(b)
    a, b = a[both], b[both]
    if len(a) < 3 or a.std() == 0 or b.std() == 0:
        return math.nan
    return float(((a - a.mean()) * (b - b.mean())).mean() / (a.std() * b.std()))


def table(event: Event, order: str) -> str:
    """The first answers in an order, as escaped HTML; a number that the event does not have is left out."""
    name, descending = ORDERS[order]
    count = len(event["completion"])
    at: Sequence[int] = range(count)
    if name:
        values = _numbers(event, name)
        at = np.argsort(-values if descending else values, kind="stable").tolist()
    known = {word: _numbers(event, column) for column, word in NUMBERS.items() if column in event}
    rows = ""
    for i in list(at)[:SHOWN]:
        texts = "".join(f"<td>{safe(_clip(event[column][i]))}</td>" for column in ("prompt", "completion"))
        cells = "".join(f'<td class="ftw-number">{_short(values[i])}</td>' for values in known.values())
        rows += f"<tr>{texts}{cells}</tr>"
    head = "".join(f'<th scope="col" title="{HELP.get(word, "")}">{word}</th>' for word in ("prompt", "answer", *known))
    more = f"<p>{count - SHOWN:,} more; change the order to see others.</p>" if count > SHOWN else ""
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>{more}"


def _numbers(event: Event, name: str) -> np.ndarray:
    values = event.get(name) or [None] * len(event["completion"])
    return np.array([math.nan if value is None else value for value in values], np.float64)


def _short(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.4g}"


def _clip(text: object) -> str:
    whole = str(text)
    return whole if len(whole) <= CLIP else whole[:CLIP] + "…"
