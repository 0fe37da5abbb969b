"""Trying a reward before PPO starts: what Studio's “Try the reward” does."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ftwidgets.config import RunConfig
from ftwidgets.errors import FtwidgetsError
from ftwidgets.passing import Passing
from ftwidgets.runs import Context
from ftwidgets.starting import described


def try_reward(config: RunConfig | Mapping[str, Any] | str | Path | None = None, /, **keywords: Any) -> Any:
    """Score a few answers of the untrained model with a run's reward, and say what the scores are like.

    The answers are sampled as PPO's first update would sample them. No run is made.

    Args:
        config, keywords: As for ``ftwidgets.train``, with ``reward=`` a function, a folder or a run.

    Returns:
        ``prompts`` and ``completions`` (texts) and ``report``: ``scores``, ``mean``, ``std``, ``minimum``,
        ``maximum``, ``seconds_per_call`` (seconds) and ``problems`` in words.

    Raises:
        ConfigError: Options that cannot be.
        FtwidgetsError: The reward cannot score the answers (it raised, or returned something else than one finite
            number for each), or the run could not start.
    """
    trial = begin(config, **{"method": "ppo", **keywords})
    try:
        return trial.result()
    finally:
        trial.cancel()


def begin(config: RunConfig | Mapping[str, Any] | str | Path | None = None, /, **keywords: Any) -> Passing[Any]:
    """Begin to try a reward and return at once. Takes and raises what ``try_reward`` does."""
    keep = tempfile.TemporaryDirectory(prefix="ftwidgets-rows-", ignore_cleanup_errors=True)
    whole, function = described(config, keywords, Path(keep.name))
    if whole.method != "ppo":
        raise FtwidgetsError(f"A reward is what PPO maximises; method={whole.method!r} uses none.")

    def work(context: Context) -> Any:
        context.progress("loading libraries")
        from ftwidgets.training.launch import trying

        return trying(whole, reward=function)(context)

    return Passing(whole, work, keep).start()
