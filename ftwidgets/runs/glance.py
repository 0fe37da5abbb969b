"""What a table of runs shows of each: read from the ends of its log, and again only when the log has grown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psutil
import yaml

from ftwidgets.runs import status as states
from ftwidgets.runs.event_log import Event, kind_of
from ftwidgets.runs.remarks import FILE as REMARKS
from ftwidgets.runs.remarks import Remarks, read_remarks

TAIL = 256 * 1024  # bytes read of a log's end: holds the last metrics of all but odd runs
HEAD = 16 * 1024
UNREADABLE = "unreadable"
# The metric that says most of a run, first found first shown.
KEY_METRICS = (
    "eval_pairs/accuracy",
    "eval_rewards/accuracies",
    "eval_accuracy",
    "eval_objective/scores",
    "objective/scores",
    "eval_loss",
    "loss",
)
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast, and there are hundreds of them
_WANTED = (b"status", b"log", b"progress", b"error")


@dataclass(frozen=True)
class Glance:
    """One run as its row shows it. ``started`` and ``changed`` are unix seconds; ``total`` is 0 while not known."""

    folder: Path
    name: str
    status: str = states.PREPARING
    method: str = ""
    model: str = ""
    dataset: str = ""
    step: int = 0
    total: int = 0
    metric: str = ""
    value: float | None = None
    started: float | None = None
    changed: float = 0.0
    error: str = ""
    remarks: Remarks = field(default_factory=Remarks)

    @property
    def id(self) -> str:
        return self.folder.name

    @property
    def ended(self) -> bool:
        return self.status in (*states.ENDS, states.INTERRUPTED, UNREADABLE)

    @property
    def resumable(self) -> bool:
        """Whether it can go on from a checkpoint."""
        if self.status not in (states.STOPPED, states.FAILED, states.INTERRUPTED):
            return False
        return any((self.folder / "checkpoints").glob("checkpoint-*"))


class RunList:
    """The runs under ``output_dir``. Looking again costs two file times a run, and the new lines of those going on."""

    def __init__(self, output_dir: str | Path = "runs"):
        self.output_dir = Path(output_dir).expanduser()
        self._known: dict[Path, _Log] = {}

    def look(self) -> list[Glance]:
        """Every run as it is now, in no order that means anything."""
        folders = [path.parent for path in self.output_dir.glob("*/config.yaml")]
        self._known = {folder: self._known.get(folder) or _Log(folder) for folder in folders}
        return [log.look() for log in self._known.values()]


class _Log:
    """One run's glance, and how far its log has been read for it."""

    def __init__(self, folder: Path):
        self._offset: int | None = None
        self._stamp: tuple[int, int] | None = None
        self._pid: tuple[int, float] | None = None
        self._remarked: int | None = None
        self._metrics: dict[str, float] = {}
        self._glance = _from_config(folder)

    def look(self) -> Glance:
        self._read_remarks()
        if self._glance.status == UNREADABLE:
            return self._glance
        path = self._glance.folder / "events.jsonl"
        try:
            stat = path.stat()
        except OSError:
            return self._glance
        if self._stamp != (stat.st_mtime_ns, stat.st_size):
            self._stamp = (stat.st_mtime_ns, stat.st_size)
            self._read(path, stat.st_size)
            self._glance = replace(self._glance, changed=stat.st_mtime)
        glance = self._glance
        if glance.status not in states.ENDS and not self._lives():
            return replace(glance, status=states.INTERRUPTED)
        return glance

    def _read(self, path: Path, size: int) -> None:
        if self._offset is not None and size >= self._offset:
            self._take(lines_of(path, self._offset))
            return
        self._take(lines_of(path, 0, HEAD))
        # A run that went on when its log was last written: only the whole log knows its process and its last state.
        if size > HEAD + TAIL and _has_ended(path, size):
            self._take(lines_of(path, size - TAIL))
        elif size > HEAD:
            self._take(lines_of(path, 0))

    def _take(self, lines: Iterator[tuple[bytes, int]]) -> None:
        for line, offset in lines:
            self._offset = offset
            if kind_of(line) not in _WANTED:  # rows of pairs and answers are passed over without reading them
                continue
            try:
                self._event(json.loads(line))
            except (ValueError, KeyError, TypeError):
                continue  # a damaged line

    def _event(self, event: Event) -> None:
        glance, kind = self._glance, event["type"]
        if kind == "status":
            glance = replace(glance, status=event["status"], started=glance.started or event["t"])
            if "pid" in event:
                self._pid = event["pid"], event["t"]
                glance = replace(glance, error="")
        elif kind == "log":
            self._metrics |= {n: v for n, v in event["metrics"].items() if n in KEY_METRICS and v is not None}
            metric = next((name for name in KEY_METRICS if name in self._metrics), "")
            glance = replace(glance, step=int(event["step"]), metric=metric, value=self._metrics.get(metric))
        elif kind == "progress" and event.get("phase") == "training" and event.get("total"):
            glance = replace(glance, step=int(event["done"] or 0), total=int(event["total"]))
        elif kind == "error":
            glance = replace(glance, error=str(event["message"]))
        self._glance = glance

    def _lives(self) -> bool:
        """Whether the process that writes the log is still there, and not another one under its number."""
        try:
            return self._pid is not None and psutil.Process(self._pid[0]).create_time() <= self._pid[1] + 1
        except psutil.Error:
            return False

    def _read_remarks(self) -> None:
        try:
            stamp = (self._glance.folder / REMARKS).stat().st_mtime_ns
        except OSError:
            stamp = None
        if stamp != self._remarked:
            self._remarked = stamp
            self._glance = replace(self._glance, remarks=read_remarks(self._glance.folder))


def lines_of(path: Path, start: int, stop: int | None = None) -> Iterator[tuple[bytes, int]]:
    """Whole lines of a file between two byte offsets, each with the offset behind it. A line cut by ``start`` is left
    out, and one that is still being written."""
    with path.open("rb") as file:
        offset = max(0, start - 1)
        file.seek(offset)
        if start:
            offset += len(file.readline())
        for line in file:
            if not line.endswith(b"\n"):
                return
            offset += len(line)
            if stop is not None and offset > stop:
                return
            yield line, offset


def _has_ended(path: Path, size: int) -> bool:
    lines = [line for line, _ in lines_of(path, size - 4096)]
    last = lines[-1] if lines else b""
    return b'"type": "status"' in last[:80] and any(f'"{end}"'.encode() in last for end in states.ENDS)


def _from_config(folder: Path) -> Glance:
    """From the file itself and not from ``RunConfig``: a run of another version has a row too."""
    try:
        config: Any = yaml.load((folder / "config.yaml").read_text(encoding="utf-8"), _LOADER)
        method, model, dataset = (str(config.get(name) or "") for name in ("method", "model", "dataset"))
        name = str(config.get("run_name") or folder.name)
        return Glance(folder, name, method=method, model=model, dataset=dataset)
    except (OSError, ValueError, AttributeError, yaml.YAMLError) as error:
        return Glance(folder, folder.name, UNREADABLE, error=f"config.yaml cannot be read: {error}")
