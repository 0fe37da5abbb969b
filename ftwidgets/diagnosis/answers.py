"""Whether answers to the probe prompts have degenerated."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from ftwidgets.runs.event_log import Event

WORDS = 8  # answers of fewer words repeat nothing worth the name
DISTINCT = 0.5  # of an answer's word pairs; ordinary prose has above 0.8


def degenerate(samples: Sequence[Event]) -> bool:
    """Whether most answers of the last event are empty or repeat themselves, and few of the first event did."""
    if len(samples) < 2:
        return False
    before, after = (_share(event.get("completion", ())) for event in (samples[0], samples[-1]))
    return after > 0.5 and before < 0.5


def _share(answers: Sequence[str]) -> float:
    return sum(map(_broken, answers)) / len(answers) if answers else 0.0


def _broken(answer: str) -> bool:
    words = answer.split()
    if len(words) < WORDS:
        return not words
    pairs = list(pairwise(words))
    return len(set(pairs)) < DISTINCT * len(pairs)
