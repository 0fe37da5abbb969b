"""The prompts whose answers show what training changes."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any

from ftwidgets.config import RunConfig

COUNT = 3
LOOKED_AT = 100  # rows


def probe_prompts(config: RunConfig, data: Any, fits: Callable[[Any], bool] = lambda prompt: True) -> list[Any]:
    """The person's prompts, the built-in ones, or those of the first held-out rows that the model has room for.

    Args:
        fits: Whether a prompt leaves the model room to answer; asked of rows alone.
    """
    if config.probe_prompts is not None:
        return list(config.probe_prompts)
    if config.model == "demo" and config.dataset == "demo" and config.method != "pretrain":
        from ftwidgets.demo import probe_prompts as built_in

        return built_in()
    rows = data.held_out if data.held_out is not None and len(data.held_out) else data.train
    first = (prompt_of(rows[i]) for i in range(min(LOOKED_AT, len(rows))))
    return list(islice((prompt for prompt in first if fits(prompt)), COUNT))


def prompt_of(row: dict[str, Any]) -> Any:
    """What is asked in a row: a text, or the messages before the answer."""
    if "messages" in row:
        messages = row["messages"]
        return messages[:-1] if messages[-1]["role"] == "assistant" else messages
    if "text" in row:
        return " ".join(row["text"].split()[:24])
    return row["prompt"]
