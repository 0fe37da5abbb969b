"""Run folders: making, finding and reading them."""

from __future__ import annotations

import re
import shutil
import threading
import time
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from ftwidgets.config import RunConfig
from ftwidgets.errors import FtwidgetsError
from ftwidgets.runs import status as states
from ftwidgets.runs.event_log import read_events
from ftwidgets.runs.live import LiveRun, Work
from ftwidgets.runs.reading import read_log
from ftwidgets.runs.run import Run

if TYPE_CHECKING:
    import pandas as pd

NEEDED = 200 * 2**20  # bytes: adapters and checkpoints of a small model; below it a run would die half way
FOLLOW = 0.5  # seconds between looks at a run that another process trains

_live: weakref.WeakValueDictionary[str, LiveRun] = weakref.WeakValueDictionary()


def start_run(config: RunConfig, work: Work) -> LiveRun:
    """Make a run folder, write its config and start ``work`` in a thread.

    Raises:
        FtwidgetsError: The folder cannot be made, or its disk is full.
    """
    folder = _new_folder(config)
    (folder / "config.yaml").write_text(config.to_yaml(), encoding="utf-8")
    run = LiveRun(config, folder, work)
    _live[str(folder.resolve())] = run
    return run.start()


def resume_in(run: Run, work: Work, config: RunConfig | None = None) -> LiveRun:
    """Go on with an ended run in its own folder: ``work`` continues, and the log is appended to.

    Args:
        config: The run's from now on. What differs is recorded, as ``changes`` of the event ``resumed`` and in words;
            ``config.yaml`` holds what goes on.
    """
    now = config or run.config
    before, after = run.config.to_dict(), now.to_dict()
    changes = {name: [before[name], value] for name, value in after.items() if before.get(name) != value}
    again = LiveRun(now, run.folder, work)
    again.take_over(read_events(run.folder / "events.jsonl"), changes)
    if changes:
        part = run.folder / "config.yaml.part"
        part.write_text(now.to_yaml(), encoding="utf-8")
        part.replace(run.folder / "config.yaml")
    _live[str(run.folder.resolve())] = again
    return again.start()


def load_run(folder: str | Path) -> Run:
    """The run in ``folder``: the live one when this kernel trains it, else what its files say.

    A run that another process trains is followed: its views go on.

    Raises:
        FtwidgetsError: There is no run in the folder.
    """
    path = Path(folder).expanduser()
    live = _live.get(str(path.resolve()))
    if live is not None:
        return live
    if not (path / "config.yaml").is_file():
        raise FtwidgetsError(f"No run in {path}: it has no config.yaml. Give a run's folder; list_runs() shows them.")
    return StoredRun(RunConfig.from_yaml(path / "config.yaml"), path)


def list_runs(output_dir: str | Path = "runs") -> pd.DataFrame:
    """The runs under ``output_dir``, newest first: id, status, method, model, dataset, step, started, folder."""
    import pandas as pd

    rows = []
    for path in sorted(Path(output_dir).expanduser().glob("*/config.yaml"), reverse=True):
        run = load_run(path.parent)
        steps = run.store.rows(0)[:, 0]
        rows.append(
            {
                "id": run.id,
                "status": run.status,
                "method": run.config.method,
                "model": run.config.model,
                "dataset": run.config.dataset,
                "step": int(steps[-1]) if len(steps) else 0,
                "started": pd.to_datetime(run.started_at, unit="s") if run.started_at else pd.NaT,
                "folder": str(run.folder),
            }
        )
    columns = ["id", "status", "method", "model", "dataset", "step", "started", "folder"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.sort_values("started", ascending=False, ignore_index=True)


class StoredRun(Run):
    """A run read from its folder, followed while another process trains it."""

    def __init__(self, config: RunConfig, folder: Path):
        super().__init__(config, folder)
        self._read = 0
        self._pid: int | None = None
        self._begun = 0.0
        self._follower: threading.Thread | None = None
        self._subscribers: list[Callable[[], None]] = []
        self._updating = threading.Lock()  # the follower and whoever waits read the same log
        self._update()

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        self._subscribers.append(callback)
        if not self.ended and self._follower is None:
            self._follower = threading.Thread(target=self._follow, name=f"following {self.id}", daemon=True)
            self._follower.start()
        return lambda: self._subscribers.remove(callback) if callback in self._subscribers else None

    def wait(self, timeout: float | None = None) -> str:
        end = None if timeout is None else time.monotonic() + timeout
        while not self.ended and (end is None or time.monotonic() < end):
            time.sleep(FOLLOW)
            self._update()
        return self.status

    def _follow(self) -> None:
        while not self.ended:
            time.sleep(FOLLOW)
            before = self._read, self.status
            self._update()
            if before != (self._read, self.status):
                for callback in list(self._subscribers):
                    callback()

    def _update(self) -> None:
        with self._updating:
            alive = self._process_lives()  # asked before reading: what a process wrote before it ended is read then
            self._take_new()
            begun = [event for event in self.events.of("status") if "pid" in event]
            if begun and (begun[-1]["pid"], begun[-1]["t"]) != (self._pid, self._begun):
                self._pid, self._begun = begun[-1]["pid"], begun[-1]["t"]
                alive = self._process_lives()
                self._take_new()
            if not alive and self._status not in states.ENDS:
                self._status = states.INTERRUPTED

    def _take_new(self) -> None:
        if not self._read:
            self._read = read_log(self)
        for event, read in read_events(self.events.path, self._read):
            self._read = read
            self.replay(event)

    def _process_lives(self) -> bool:
        """Whether the process that wrote the log is still there, and not another one under the same number."""
        try:
            return self._pid is not None and psutil.Process(self._pid).create_time() <= self._begun + 1
        except psutil.Error:
            return False


def _new_folder(config: RunConfig) -> Path:
    root = Path(config.output_dir).expanduser()
    try:
        root.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(root).free
    except OSError as error:
        raise FtwidgetsError(f"output_dir={config.output_dir!r}: cannot make runs there: {error}.") from None
    if free < NEEDED:
        raise FtwidgetsError(
            f"output_dir={config.output_dir!r}: only {free / 2**20:.0f} MB free on that disk, and a run needs "
            f"{NEEDED / 2**20:.0f} MB. Free some, or choose another output_dir."
        )
    label = config.run_name or f"{config.method}-{Path(config.model).name}"
    stem = time.strftime("%Y%m%d-%H%M%S-") + re.sub(r"[^\w.-]+", "-", label)[:60].strip("-.")
    for number in range(1, 1000):
        folder = root / (stem if number == 1 else f"{stem}-{number}")
        try:
            folder.mkdir()
        except FileExistsError:
            continue
        except OSError as error:
            raise FtwidgetsError(f"output_dir={config.output_dir!r}: cannot make a run there: {error}.") from None
        return folder
    raise FtwidgetsError(f"output_dir={config.output_dir!r}: a thousand runs began there in this second.")


def forget(run: Run) -> None:
    """Let the next ``load_run`` read the folder, as another kernel would."""
    _live.pop(str(run.folder.resolve()), None)
