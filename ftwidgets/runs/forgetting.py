"""Whether a run made the model forget: a verdict from its perplexity on general text.

What counts as much is read off a scaling law: by Hoffmann et al. (arXiv 2203.15556, equation 10: the loss falls with
406.4 / N^0.34, N parameters), a rise by 5% is what a model of 8 billion parameters would lose with half of them, and a
rise by 20% what it would lose with seven eighths of them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ftwidgets.runs.event_log import Event
from ftwidgets.runs.run import Run

SOME, MUCH = 0.05, 0.20  # rise of perplexity, as a share
Z95 = 1.96

Degree = Literal["none", "some", "much", "unclear"]
SAID: dict[Degree, str] = {
    "none": "No sign of forgetting",
    "unclear": "No clear sign of forgetting",
    "some": "Some forgetting",
    "much": "Much was forgotten",
}


@dataclass(frozen=True)
class Forgetting:
    """Perplexity on general text before training and when it was measured last.

    Attributes:
        before, after: Perplexities.
        step: Of the last measurement.
        rise: ``after / before - 1``.
        low, high: 95% interval of ``rise`` over the texts, each compared with itself.
        texts: How many texts were read.
        worst, worst_step: The highest perplexity along the run, and its step.
    """

    before: float
    after: float
    step: int
    rise: float
    low: float
    high: float
    texts: int
    worst: float
    worst_step: int

    @property
    def degree(self) -> Degree:
        """``much`` from a rise by 20%, ``some`` from 5%, ``unclear`` where the interval begins below 0."""
        if self.rise < SOME:
            return "none"
        if self.low <= 0:
            return "unclear"
        return "much" if self.rise >= MUCH else "some"


def forgetting(run: Run) -> Forgetting | None:
    """The run's measurements on general text, or ``None`` where there are not two of the same texts, one of them before
    training."""
    found: dict[int, Event] = {int(e["step"]): e for e in run.events.of("general")}
    if 0 not in found or len(found) < 2:
        return None
    first, last = found[0], found[max(found)]
    if first["tokens"] != last["tokens"]:
        return None
    tokens = np.array(first["tokens"], dtype=float)
    before, after = (_losses(event) for event in (first, last))
    differences = after - before
    mean = float((differences * tokens).sum() / tokens.sum())
    # A loss that is no number is as bad as can be, and sure.
    low, high = _interval(differences, tokens, mean) if math.isfinite(mean) else (math.inf, math.inf)
    mean = mean if math.isfinite(mean) else math.inf
    perplexities = {step: _perplexity(event) for step, event in found.items() if step > 0}
    worst = max(perplexities, key=lambda step: perplexities[step])
    return Forgetting(
        before=_perplexity(first),
        after=_perplexity(last),
        step=int(last["step"]),
        rise=_rise(mean),
        low=_rise(low),
        high=_rise(high),
        texts=len(tokens),
        worst=perplexities[worst],
        worst_step=worst,
    )


def verdict(run: Run) -> list[str]:
    """Whether the run forgot, in words, and what to do about it; empty where it was not measured."""
    found = forgetting(run)
    if found is None:
        return []
    degree = found.degree
    told = [
        f"{SAID[degree]}: perplexity of general text {found.before:.4g} → {found.after:.4g} "
        f"({_percent(found.rise)}, 95% interval {_percent(found.low)} to {_percent(found.high)} over "
        f"{found.texts} texts). "
        f"A rise by {SOME:.0%} counts as some, by {MUCH:.0%} as much."
    ]
    if found.worst_step < found.step and found.worst > found.after * (1 + SOME):
        told[0] += f" It was worst after step {found.worst_step:,}, at {found.worst:.4g}."
    if degree in ("some", "much"):
        told.append(_advice(run, degree))
    return told


def _advice(run: Run, degree: Degree) -> str:
    ways = [
        f"a lower learning_rate than {run.config.learning_rate:g}",
        "fewer steps",
        "some general text among the rows (replay, arXiv 2403.08763)",
    ]
    if degree == "some":
        return f"If what it knew before matters, try {ways[0]}, {ways[1]}, or {ways[2]}."
    return (
        f"Ask it things outside the training data before you use it. To keep more: {ways[0]}, {ways[1]}, or {ways[2]}."
    )


def _losses(event: Event) -> np.ndarray:
    return np.array([math.nan if loss is None else loss for loss in event["loss"]], dtype=float)


def _perplexity(event: Event) -> float:
    tokens = np.array(event["tokens"], dtype=float)
    mean = float((_losses(event) * tokens).sum() / tokens.sum())
    return math.exp(min(mean, 700.0)) if mean == mean else math.inf


def _rise(nats: float) -> float:
    return math.expm1(nats) if nats < 700 else math.inf


def _interval(differences: np.ndarray, tokens: np.ndarray, mean: float) -> tuple[float, float]:
    """Of a ratio of sums over texts, linearised: each text's share of the residual is one observation."""
    count = len(differences)
    if count < 2:
        return -math.inf, math.inf
    residuals = tokens * (differences - mean)
    error = math.sqrt(float((residuals**2).sum()) * count / (count - 1)) / float(tokens.sum())
    return mean - Z95 * error, mean + Z95 * error


def _percent(share: float) -> str:
    said = f"{share:+.0%}" if abs(share) >= 0.095 else f"{share:+.1%}"
    return "±0.0%" if said in ("+0.0%", "-0.0%") else said.replace("-", "−")
