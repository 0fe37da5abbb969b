"""Measuring a step before the run: what Studio's “Measure one step” does."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ftwidgets.config import RunConfig
from ftwidgets.memory import Measurement, device_memory
from ftwidgets.passing import Passing
from ftwidgets.runs import Context
from ftwidgets.starting import described


def measure_step(config: RunConfig | Mapping[str, Any] | str | Path | None = None, /, **keywords: Any) -> Measurement:
    """Take one real step on the longest batch and one on a usual batch, and say what a run takes.

    The method's own trainer does it, with the run's data, collator, loss and optimizer, in a thread of its own. Then
    all of it is thrown away: no run is made. Interrupting the kernel ends it.

    Args:
        config, keywords: As for ``ftwidgets.train``.

    Returns:
        Measured peak memory, seconds a step and to the end of the run, beside the estimate. ``print`` says it in words.

    Raises:
        ConfigError: Options that cannot be.
        OutOfMemoryError: The step does not fit; the message says what would.
        FtwidgetsError: What would keep the run from starting.
    """
    measuring = begin(config, **keywords)
    try:
        return measuring.result()
    finally:
        measuring.cancel()


def begin(config: RunConfig | Mapping[str, Any] | str | Path | None = None, /, **keywords: Any) -> Passing[Measurement]:
    """Begin to measure a step and return at once. Takes and raises what ``measure_step`` does."""
    keep = tempfile.TemporaryDirectory(prefix="ftwidgets-rows-", ignore_cleanup_errors=True)
    whole, function = described(config, keywords, Path(keep.name))

    def work(context: Context) -> Measurement:
        context.progress("loading libraries")
        device = device_memory()  # before the libraries take their share
        from ftwidgets.training.launch import measuring

        return measuring(whole, device, reward=function)(context)

    return Passing(whole, work, keep).start()
