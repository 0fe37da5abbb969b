"""The work of a run: everything a run's thread does, with what libraries say kept in the run's folder."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from typing import Any

from ftwidgets.config import RunConfig
from ftwidgets.training.job import Context, Reward
from ftwidgets.training.quiet import quiet


def work(config: RunConfig, *, reward: Reward | None = None, resume: bool = False) -> Callable[[Context], dict]:
    """What a run's thread does for ``config``; give the result to ``runs.start_run``.

    Args:
        reward: PPO's reward when it is a Python function.
        resume: Go on from the last checkpoint in the run's folder.
    """

    def run(context: Context) -> dict[str, Any]:
        log = (context.folder / "log.txt").open("a", encoding="utf-8", buffering=1)
        with log as file, quiet(file, context.progress):
            load_libraries()
            from ftwidgets.training.device import release
            from ftwidgets.training.execute import execute

            try:
                return execute(config, context, reward, resume)
            finally:
                release()

    return run


def load_libraries() -> None:
    """Import torch and what stands on it, once, in silence; trl's report of its use is off."""
    if "ftwidgets.training.execute" in sys.modules:
        return
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    with io.StringIO() as nowhere, quiet(nowhere, _no_progress):
        import ftwidgets.training.execute  # noqa: F401


def _no_progress(phase: str, done: float | None = None, total: float | None = None, text: str = "") -> None:
    """Libraries being imported have no bars to show."""
