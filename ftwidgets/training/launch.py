"""The work of a run: everything a run's thread does, with what libraries say kept in the run's folder."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from typing import Any

from ftwidgets.config import RunConfig
from ftwidgets.memory import DeviceMemory, Measurement, is_out_of_memory
from ftwidgets.training.job import Context, Reward
from ftwidgets.training.quiet import quiet


def work(config: RunConfig, *, reward: Reward | None = None, resume: bool = False) -> Callable[[Context], dict]:
    """What a run's thread does for ``config``; give the result to ``runs.start_run``.

    Args:
        reward: PPO's reward when it is a Python function.
        resume: Go on from the last checkpoint in the run's folder.
    """

    def run(context: Context) -> dict[str, Any]:
        def execute() -> dict[str, Any]:
            from ftwidgets.training.execute import execute

            return execute(config, context, reward, resume)

        return _guarded(execute, config, context)

    return run


def measuring(
    config: RunConfig, device: DeviceMemory, *, reward: Reward | None = None
) -> Callable[[Context], Measurement]:
    """What a thread does to measure a step of ``config`` on ``device``."""

    def run(context: Context) -> Measurement:
        def measure() -> Measurement:
            from ftwidgets.training.measure import measure

            return measure(config, context, reward, device)

        return _guarded(measure, config, context)

    return run


def trying(config: RunConfig, *, reward: Reward | None = None) -> Callable[[Context], Any]:
    """What a thread does to try the reward of ``config`` on answers of its model."""

    def run(context: Context) -> Any:
        def attempt() -> Any:
            from ftwidgets.training.ppo.trial import try_on_answers

            return try_on_answers(config, context, reward)

        return _guarded(attempt, config, context)

    return run


def load_libraries() -> None:
    """Import torch and what stands on it, once, in silence; trl's report of its use is off."""
    if "ftwidgets.training.execute" in sys.modules:
        return
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    with io.StringIO() as nowhere, quiet(nowhere, _no_progress):
        import ftwidgets.training.execute  # noqa: F401


def _guarded(function: Callable[[], Any], config: RunConfig, context: Context) -> Any:
    """Do it in silence; give memory back afterwards, above all when it ran out.

    Raises:
        OutOfMemoryError: It ran out. What the run held is free by then.
    """
    log = (context.folder / "log.txt").open("a", encoding="utf-8", buffering=1)
    with log as file, quiet(file, context.progress):
        load_libraries()
        from ftwidgets.training import shortage
        from ftwidgets.training.device import keep_nothing_back, release

        keep_nothing_back()
        try:
            return function()
        except BaseException as error:
            if not is_out_of_memory(error):
                raise
            found = shortage.seen(error, context)
        finally:
            release()
        # Only here, with the error gone, does nothing hold the model any more.
        shortage.let_go(context)
        file.write(found.traceback)
        raise shortage.told(found, config, context)


def _no_progress(phase: str, done: float | None = None, total: float | None = None, text: str = "") -> None:
    """Libraries being imported have no bars to show."""
