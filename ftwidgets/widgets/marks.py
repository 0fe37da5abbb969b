"""What happened at a step, for the axis of the curves: checkpoints, evaluation, samples, pauses, notes."""

from __future__ import annotations

from itertools import pairwise
from pathlib import PurePath
from typing import Any

import numpy as np

from ftwidgets.config.changes import changed_text
from ftwidgets.runs.history import History

Mark = dict[str, Any]


WIDE = 0.6  # of a run: a longer stretch of evidence gets no band of its own
_TYPES = ("checkpoint", "evaluation", "samples", "resumed", "note", "status", "error")


def events_so_far(run: Any) -> tuple[int, ...]:
    """How many events of each kind that makes marks: marks are worth making anew when this changes."""
    events = getattr(run, "events", None)
    if events is None:
        return ()
    found = hash(
        tuple((note.rule, note.level, note.first, run.ended and note.last) for note in getattr(run, "health", ()))
    )
    return (*(len(events.of(type)) for type in _TYPES), found)


def marks(run: Any, evidence: bool = True) -> list[Mark]:
    """The marks of a run in the order of their steps: ``kind``, ``step``, ``text`` and, for a note with a stretch of
    evidence, ``until``. ``evidence``: with what the rules of health found; over the curves of many it would hide them.

    ``run`` has ``events`` with ``of(type)``; a bare history has none, and no marks.
    """
    events = getattr(run, "events", None)
    if events is None:
        return []
    found: list[Mark] = []
    for event in events.of("checkpoint"):
        found.append(_mark("checkpoint", event["step"], PurePath(str(event.get("path", ""))).name))
    for event in events.of("evaluation"):
        found.append(_mark("evaluation", event["step"]))
    for event in events.of("samples"):
        found.append(_mark("samples", event["step"], f"{len(event.get('prompt', ()))} prompts"))
    for event in events.of("resumed"):
        changes = event.get("changes")
        text = f"with {changed_text(changes)}" if changes else "from this checkpoint"
        found.append(_mark("resumed", event["step"], text))
    for event in events.of("note"):
        if event.get("step") is not None:
            kind = "warning" if event.get("level") == "warning" else "note"
            found.append(_mark(kind, event["step"], event.get("text", ""), event.get("until")))
    found += _health(run) if evidence else []
    found += _pauses(run, events.of("status"))
    failures = [event for event in events.of("error") if len(run.store)]
    found += [_mark("error", _step_at(run, event["t"]), event.get("message", "")) for event in failures]
    return sorted(found, key=lambda mark: mark["step"])


def _health(run: Any) -> list[Mark]:
    """What the rules of health found. Evidence that is most of the run needs no band: it would tint everything."""
    steps = run.store.rows(len(run.store) - 1)[0, 0] if len(run.store) else 0
    return [
        _mark(
            "note" if note.level == "info" else "warning",
            note.first,
            note.title,
            note.last if note.last - note.first < WIDE * steps else None,
        )
        for note in getattr(run, "health", ())
    ]


def _pauses(run: Any, statuses: list[dict[str, Any]]) -> list[Mark]:
    if not len(run.store):
        return []
    found = []
    for before, event in pairwise(statuses):
        if event["status"] == "paused":
            found.append(_mark("paused", _step_at(run, event["t"])))
        elif before["status"] == "paused" and event["status"] == "training":
            found.append(_mark("resumed", _step_at(run, event["t"])))
    return found


def _step_at(run: Any, t: float) -> float:
    """The last step logged at unix time ``t``."""
    store: History = run.store
    rows = store.rows(0)
    row = int(np.searchsorted(rows[:, 2], t - (run.started_at or t), side="right")) - 1
    return float(rows[max(0, row), 0])


def _mark(kind: str, step: float, text: str = "", until: float | None = None) -> Mark:
    mark: Mark = {"kind": kind, "step": step, "text": text[:300]}
    return mark if until is None else mark | {"until": until}
