"""A person's decisions on preference pairs, in a side file of their own: one JSON object a line, only ever added to.

Each line holds the whole new state of one pair for one reviewer, so the last line wins and a file cut short anywhere is
a shorter, valid file. Pairs are known by a hash of their content (`keys`): re-ordering or filtering the data loses
nothing.
"""

import json
import os
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from ftwidgets.data.pairs.table import SIDES
from ftwidgets.errors import FtwidgetsError

Verdict = Literal["keep", "drop", "swap", "tie"]
VERDICTS: tuple[Verdict, ...] = ("keep", "drop", "swap", "tie")


@dataclass(frozen=True)
class Decision:
    """What one reviewer says about one pair.

    `verdict`: keep as it is, drop, swap the sides, or tie (neither is better: left out of training like a drop).
    `edit`: new text of a side's answer, by side. An edited pair is kept unless the verdict says otherwise.
    """

    key: str
    row_id: int
    verdict: Verdict | None = None
    edit: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    reviewer: str = ""
    time: float = 0.0

    @property
    def empty(self) -> bool:
        return self.verdict is None and not self.edit and not self.note

    @property
    def judged(self) -> bool:
        """A note alone decides nothing."""
        return self.verdict is not None or bool(self.edit)

    def says_the_same(self, other: "Decision") -> bool:
        return self.verdict == other.verdict and dict(self.edit) == dict(other.edit)


class DecisionLog:
    """The decisions of one reviewer, written to `path` as they are made; without a path they live in memory only.

    `path` may hold other reviewers' lines too; they are read (`others`) and never changed. `steps` are what undo goes
    back through, also those of earlier sittings. Raises FtwidgetsError where the file cannot be read or written.
    """

    def __init__(self, path: str | Path | None, reviewer: str) -> None:
        self.path = Path(path) if path is not None else None
        self.reviewer = reviewer
        self.mine: dict[str, Decision] = {}
        self.others: dict[str, dict[str, Decision]] = {}  # by key, then by reviewer
        self.problems: list[str] = []
        self._done: list[list[tuple[Decision, Decision]]] = []  # steps of (before, after)
        self._undone: list[list[tuple[Decision, Decision]]] = []
        self._lock = threading.RLock()
        if self.path is not None and self.path.exists():
            lines, self.problems = read_lines(self.path)
            for line in lines:
                self._replay(line)

    @property
    def all(self) -> dict[str, dict[str, Decision]]:
        """Everybody's decisions, by key, then by reviewer."""
        with self._lock:
            merged = {key: dict(by) for key, by in self.others.items()}
            for key, decision in self.mine.items():
                merged.setdefault(key, {})[self.reviewer] = decision
            return merged

    def decide(self, decisions: Iterable[Decision]) -> list[Decision]:
        """One step, of one pair or of many: saved at once, undone at once. Gives back what was written."""
        with self._lock:
            after = [replace(d, reviewer=self.reviewer, time=_now()) for d in decisions]
            step = [(self.mine.get(d.key, _nothing(d)), d) for d in after]
            step = [(old, new) for old, new in step if not (old.says_the_same(new) and old.note == new.note)]
            if step:
                self._write([new for _, new in step], "do")
                self._done.append(step)
                self._undone.clear()
            return [new for _, new in step]

    def undo(self) -> list[Decision]:
        """The states that pairs went back to; empty where there is nothing to undo."""
        with self._lock:
            return self._back(self._done, self._undone, "undo", 0)

    def redo(self) -> list[Decision]:
        with self._lock:
            return self._back(self._undone, self._done, "redo", 1)

    @property
    def can_undo(self) -> bool:
        return bool(self._done)

    @property
    def can_redo(self) -> bool:
        return bool(self._undone)

    def _back(self, source: list, target: list, what: str, which: int) -> list[Decision]:
        if not source:
            return []
        states = [replace(pair[which], reviewer=self.reviewer, time=_now()) for pair in source[-1]]
        self._write(states, what)
        target.append(source.pop())
        return states

    def _write(self, decisions: list[Decision], what: str) -> None:
        if self.path is not None:
            append_lines(self.path, [_line(d, what, last=at == len(decisions) - 1) for at, d in enumerate(decisions)])
        for decision in decisions:
            self._set(decision)

    def _set(self, decision: Decision) -> None:
        if decision.empty:
            self.mine.pop(decision.key, None)
        else:
            self.mine[decision.key] = decision

    def _replay(self, line: dict[str, Any]) -> None:
        decision = _decision(line)
        if decision.reviewer != self.reviewer:
            self.others.setdefault(decision.key, {})[decision.reviewer] = decision
            return
        what, before = line.get("step", "do"), self.mine.get(decision.key, _nothing(decision))
        if what == "do":
            self._undone.clear()
            if self._open_step:
                self._done[-1].append((before, decision))
            else:
                self._done.append([(before, decision)])
        elif not self._open_step:
            source, target = (self._done, self._undone) if what == "undo" else (self._undone, self._done)
            if source:
                target.append(source.pop())
        self._open_step = bool(line.get("more"))
        self._set(decision)

    _open_step = False  # whether the line read last was of a step with more lines to come


def _now() -> float:
    """Unix seconds to the microsecond: the latest word counts, and a program may say two within a millisecond."""
    return round(time.time(), 6)


def _nothing(like: Decision) -> Decision:
    return Decision(like.key, like.row_id)


def _line(decision: Decision, what: str, last: bool) -> dict[str, Any]:
    line: dict[str, Any] = {"key": decision.key, "row_id": decision.row_id, "verdict": decision.verdict}
    line |= {"edit": dict(decision.edit)} if decision.edit else {}
    line |= {"note": decision.note} if decision.note else {}
    line |= {"reviewer": decision.reviewer, "t": decision.time}
    return line | ({"step": what} if what != "do" else {}) | ({} if last else {"more": True})


def _decision(line: dict[str, Any]) -> Decision:
    return Decision(
        key=line["key"],
        row_id=int(line.get("row_id", -1)),
        verdict=line.get("verdict"),
        edit=line.get("edit") or {},
        note=line.get("note") or "",
        reviewer=line.get("reviewer") or "",
        time=float(line.get("t") or 0),
    )


def read_decisions(path: str | Path) -> list[Decision]:
    """The last word of each reviewer on each pair, in order of the file; taken-back ones are left out."""
    lines, _ = read_lines(Path(path))
    states = {(line["key"], line.get("reviewer") or ""): _decision(line) for line in lines}
    return [decision for decision in states.values() if not decision.empty]


def read_lines(path: Path) -> tuple[list[dict[str, Any]], list[str]]:
    """(good lines, problems by line number). A line cut short by a crash costs only itself."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise FtwidgetsError(f"Cannot read decisions from {path}: {error.strerror}.") from error
    lines, problems = [], []
    for number, text in enumerate(raw.split(b"\n"), 1):
        if not text.strip():
            continue
        problem = _problem(text)
        if isinstance(problem, dict):
            lines.append(problem)
        else:
            problems.append(f"line {number} left out: {problem}")
    if problems and not lines:
        raise FtwidgetsError(
            f"{path} holds no decisions ({problems[0]}); give another path, so that this file stays as it is."
        )
    return lines, problems


def _problem(text: bytes) -> dict[str, Any] | str:
    try:
        line = json.loads(text)
    except ValueError:
        return "not whole JSON"
    if not isinstance(line, dict) or not isinstance(line.get("key"), str):
        return "no 'key'"
    if line.get("verdict") not in (None, *VERDICTS):
        return f"unknown verdict {line['verdict']!r}"
    edit = line.get("edit") or {}
    if not isinstance(edit, dict) or not all(s in SIDES and isinstance(t, str) for s, t in edit.items()):
        return "'edit' is not text by side"
    return line


def append_lines(path: Path, lines: list[dict[str, Any]]) -> None:
    """One write, flushed to the disk; begins on a new line where the last one was cut short."""
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+b") as file:
            if file.tell():
                file.seek(-1, os.SEEK_END)
                text = text if file.read(1) == b"\n" else "\n" + text
            file.write(text.encode("utf-8", "replace"))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise FtwidgetsError(
            f"Cannot save the decision to {path}: {error.strerror}. Make room or give another path."
        ) from error
