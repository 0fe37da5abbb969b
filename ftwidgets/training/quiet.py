"""What libraries print while a run trains goes to the run's log.txt and to its progress, never into a notebook cell.

Loggers, warnings and progress bars are global to the process, but other cells of the notebook use them too. So they are
told apart by thread: what comes from a run's thread is its own, anything else goes where it went before.
"""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, Protocol

LIBRARIES = ("transformers", "trl", "peft", "datasets", "accelerate", "bitsandbytes", "huggingface_hub", "torch")


class Progress(Protocol):
    """Says what is being done, and how much of it."""

    def __call__(self, phase: str, done: float | None = None, total: float | None = None, text: str = "") -> None: ...


class _Routes:
    """Which run's log and progress a thread belongs to."""

    def __init__(self) -> None:
        self.files: dict[int, IO[str]] = {}
        self.progress: dict[int, Progress] = {}
        self.installed = False
        self.lock = threading.Lock()

    def install(self) -> None:
        with self.lock:
            if self.installed:
                return
            self.installed = True
            for name in LIBRARIES:
                logger = logging.getLogger(name)
                for handler in logger.handlers:
                    handler.addFilter(_not_ours)
                logger.addHandler(_RunLog())
            for handler in (*logging.getLogger().handlers, logging.lastResort):
                if handler is not None:
                    handler.addFilter(_not_ours)
            _route_warnings()
            _route_progress_bars()


_routes = _Routes()


@contextmanager
def quiet(file: IO[str], progress: Progress) -> Iterator[None]:
    """Send what libraries say in this thread to ``file``, and their progress bars to ``progress``."""
    me = threading.get_ident()
    _routes.install()
    before = _routes.files.get(me), _routes.progress.get(me)
    _routes.files[me], _routes.progress[me] = file, progress
    try:
        yield
    finally:
        del _routes.files[me], _routes.progress[me]
        if before[0] is not None and before[1] is not None:
            _routes.files[me], _routes.progress[me] = before


def _not_ours(record: logging.LogRecord) -> bool:
    return record.thread not in _routes.files


class _RunLog(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        file = _routes.files.get(record.thread or 0)
        if file is not None and record.levelno >= logging.WARNING:
            file.write(f"{record.levelname} {record.name}: {record.getMessage()}\n")


def _route_warnings() -> None:
    show = warnings.showwarning

    def route(message: Any, category: Any, filename: str, lineno: int, *rest: Any, **more: Any) -> None:
        file = _routes.files.get(threading.get_ident())
        if file is None:
            show(message, category, filename, lineno, *rest, **more)
        else:
            file.write(f"{category.__name__} {filename}:{lineno}: {message}\n")

    warnings.showwarning = route


def _route_progress_bars() -> None:
    import datasets.arrow_dataset
    import tqdm
    from transformers.utils import logging as transformers_logging

    class Bar(tqdm.tqdm):
        """A progress bar that a run's widget shows in place of the console.

        Not ``tqdm.auto``'s: in a notebook that one displays a widget of its own, wherever its file points.
        """

        def __init__(self, *args: Any, **keywords: Any):
            self._report = _routes.progress[threading.get_ident()]
            super().__init__(*args, **(keywords | {"file": _Nowhere(), "disable": False}))

        def update(self, n: float | None = 1) -> bool | None:
            shown = super().update(n)
            self._report(_phase(str(self.desc or "")), self.n, self.total, str(self.desc or "").strip(": "))
            return shown

        def display(self, *args: Any, **keywords: Any) -> Any:
            return None

    def hook(factory: Any, args: Any, keywords: Any) -> Any:
        ours = threading.get_ident() in _routes.progress
        return Bar(*args, **keywords) if ours else factory(*args, **keywords)

    transformers_logging.set_tqdm_hook(hook)
    usual = datasets.arrow_dataset.hf_tqdm

    class Either(usual):  # type: ignore[misc, valid-type]
        """A class, since datasets gives it to tqdm's thread pool, which puts a lock on it and takes that off again."""

        def __new__(cls, *args: Any, **keywords: Any) -> Any:
            return hook(usual, args, keywords)  # no instance of this class, so it is not initialised a second time

    datasets.arrow_dataset.hf_tqdm = Either


def _phase(description: str) -> str:
    text = description.lower()
    if "weight" in text or "shard" in text:
        return "loading model"
    if "download" in text or "fetch" in text:
        return "downloading"
    return "tokenizing"


class _Nowhere:
    def write(self, text: str) -> int:
        return len(text)

    def flush(self) -> None:
        pass
