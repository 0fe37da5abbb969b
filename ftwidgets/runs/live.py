"""LiveRun: a run in a thread of this kernel."""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from ftwidgets.config import RunConfig
from ftwidgets.config.changes import changed_text
from ftwidgets.errors import FtwidgetsError
from ftwidgets.runs import status as states
from ftwidgets.runs.environment import versions
from ftwidgets.runs.event_log import Event
from ftwidgets.runs.publisher import Publisher
from ftwidgets.runs.run import Run

ROUTINE = {"examples", "log", "progress", "rollouts"}  # events that come with steps: views hear of them in their turn


class LiveRun(Run):
    """A run that this kernel trains. The person asks from any thread; its own thread acts between two steps."""

    def __init__(self, config: RunConfig, folder: Path, work: Work):
        super().__init__(config, folder, write=True)
        self._work = work
        self._lock = threading.Lock()
        self._wake = threading.Condition()
        self._stop = False
        self._pause = False
        self._said = 0.0
        self._calls: list[tuple[Callable[[], Any], Future]] = []
        self._publisher = Publisher(self.id)
        self._thread = threading.Thread(target=self._main, name=f"ftwidgets {self.id}", daemon=True)

    def start(self) -> LiveRun:
        """Begin. Returns at once."""
        self._publisher.start()
        self._emit("status", status=states.PREPARING, pid=os.getpid(), reason="")
        self._thread.start()
        return self

    def take_over(self, events: Iterable[tuple[Event, int]], changes: Mapping[str, list[Any]] | None = None) -> None:
        """Begin with what an earlier part of this run recorded; ``changes`` are the options that differ from now on."""
        for event, _ in events:
            self.replay(event)
        checkpoints = [e["step"] for e in self.events.of("checkpoint")]
        step = max(checkpoints, default=0)
        self.store.cut(self.events.append("resumed", step=step, **({"changes": changes} if changes else {}))["step"])
        if changes:
            text = f"From step {step} on with {changed_text(changes)}."
            self.events.append("note", level="info", text=text)
        self._status, self.error = states.PREPARING, None

    def wait(self, timeout: float | None = None) -> str:
        """Wait until the run has ended and its views have heard of it, at most ``timeout`` seconds."""
        self._thread.join(timeout)
        if not self._thread.is_alive():
            self._publisher.join()
        return self.status

    def stop(self) -> None:
        """Stop after the running step and keep what was learnt. Returns at once."""
        with self._wake:
            if self.ended or self._stop:
                return
            self._stop = True
            self._move(states.STOPPING, "asked to stop")
            self._wake.notify_all()

    def pause(self) -> None:
        """Rest after the running step, with the model in memory. Returns at once."""
        with self._wake:
            self._pause = not self.ended and not self._stop
            self._wake.notify_all()

    def resume(self) -> None:
        """Go on after ``pause``. The run is exactly what it would have been. Returns at once."""
        with self._wake:
            self._pause = False
            self._wake.notify_all()

    def between_steps(self, function: Callable[[], Any]) -> Future:
        """Call ``function()`` in the run's own thread, between two steps or while it is paused, or at once when the
        run has ended. The future holds what it returns. It must leave the model and random state as it found them.
        """
        future: Future = Future()
        with self._wake:
            if not self.ended:
                self._calls.append((function, future))
                self._wake.notify_all()
                return future
        threading.Thread(target=_answer, args=(function, future), daemon=True).start()
        return future

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        return self._publisher.subscribe(callback)

    def free(self) -> None:
        """Let go of the model, so that its memory can be used again. The folder stays."""
        self.model = self.tokenizer = self.trainer = None

    def _emit(self, type: str, **fields: Any) -> None:
        with self._lock:
            self.record(self.events.append(type, **fields))
        self._publisher.notify(prompt=type not in ROUTINE)

    def _say(self, **progress: Any) -> None:
        """Progress comes with every step and is worth a line on disk once a second."""
        if progress["phase"] != self.progress.get("phase") or time.time() - self._said >= 1:
            self._said = time.time()
            self._emit("progress", **progress)
        else:
            self.events.keep({"t": time.time(), "type": "progress", **progress})
            self._publisher.notify()

    def _move(self, new: str, reason: str = "") -> None:
        with self._lock:  # asked and answered at once: a run that has just stopped must not be stopping again
            if self._status == new or not states.may_become(self._status, new):
                return
            self.record(self.events.append("status", status=new, reason=reason))
        self._publisher.notify(prompt=True)

    def _main(self) -> None:
        try:
            _write_json(self.folder / "environment.json", versions())
            summary = self._work(Context(self))
            _write_json(self.folder / "summary.json", summary)
            with self._wake:  # a stop is asked wholly before or after: in between, the run stopped for ever
                self._move(states.STOPPED if self._stop else states.FINISHED)
        except StopRun:
            self._move(states.STOPPED, "before training began")
        except BaseException as error:  # noqa: BLE001 - whatever it was, the run says so and the kernel lives on
            self._fail(error)
        finally:
            self._work = _done
            with self._wake:
                calls, self._calls = self._calls, []
            for function, future in calls:
                _answer(function, future)
            self.events.close()
            self._publisher.end()

    def _fail(self, error: BaseException) -> None:
        text = "".join(traceback.format_exception(error))
        message = str(error) if isinstance(error, FtwidgetsError) else f"{type(error).__name__}: {error}"
        if isinstance(error, OSError) and error.errno == 28:
            message = f"No space left on the disk of {self.folder}. Free some, then run again; the log ends here."
        self.error = message
        with contextlib.suppress(OSError):
            self._emit("error", message=message, advice=getattr(error, "advice", ""), traceback=text)
            self._move(states.FAILED, message)
        self._status = states.FAILED  # also where the disk takes no more
        traceback.clear_frames(error.__traceback__)  # frames hold tensors: free them


class Context:
    """What the work of a run sees of it."""

    def __init__(self, run: LiveRun):
        self._run = run
        self.folder = run.folder

    def emit(self, type: str, **fields: Any) -> None:
        """Record an event."""
        self._run._emit(type, **fields)

    def progress(self, phase: str, done: float | None = None, total: float | None = None, text: str = "") -> None:
        """Say what is being done, and how much of it. Raises ``StopRun`` when asked to stop while preparing."""
        self._run._say(phase=phase, done=done, total=total, text=text)
        if self._run._stop and self._run.trainer is None:
            raise StopRun

    def training(self) -> None:
        """Training begins."""
        self._run._move(states.TRAINING)

    def live(self, **objects: Any) -> None:
        """Hand out ``model``, ``tokenizer`` or ``trainer``."""
        for name, value in objects.items():
            setattr(self._run, name, value)

    @property
    def trainer(self) -> Any:
        """The trainer that was handed out, or ``None``."""
        return self._run.trainer

    @property
    def stop_requested(self) -> bool:
        """Whether the run shall end after the running step."""
        return self._run._stop

    def checkpoint_gate(self) -> None:
        """Between two steps: answer what was asked of this thread, and wait while paused."""
        run = self._run
        while True:
            with run._wake:
                if run._pause and not run._stop:
                    run._move(states.PAUSED, "asked to pause")
                    if not run._calls:
                        run._wake.wait()
                calls, run._calls = run._calls, []
                resting = run._pause and not run._stop
            for function, future in calls:
                _answer(function, future)
            if not resting and not calls:
                run._move(states.TRAINING)
                return


Work = Callable[[Context], dict[str, Any]]  # done in a run's thread; returns the run's summary


class StopRun(BaseException):
    """The person asked to stop before training began. Like KeyboardInterrupt, no library may take it for a failure."""


def _done(context: Context) -> dict[str, Any]:
    """In place of work that was done: the work holds the model."""
    return {}


def _answer(function: Callable[[], Any], future: Future) -> None:
    if future.set_running_or_notify_cancel():
        try:
            future.set_result(function())
        except BaseException as error:  # noqa: BLE001 - it is the asker's to handle
            future.set_exception(error)


def _write_json(path: Path, values: dict[str, Any]) -> None:
    """Whole or not at all: a reader never sees half a file."""
    part = path.with_suffix(".part")
    part.write_text(json.dumps(values, ensure_ascii=False, indent=1, default=str), encoding="utf-8")
    part.replace(path)
