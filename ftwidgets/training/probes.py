"""The prompts whose answers show what training changes."""

from __future__ import annotations

from typing import Any

from ftwidgets.config import RunConfig

COUNT = 3


def probe_prompts(config: RunConfig, data: Any) -> list[Any]:
    """The person's prompts, the built-in ones, or those of the first held-out rows."""
    if config.probe_prompts is not None:
        return list(config.probe_prompts)
    if config.model == "demo" and config.dataset == "demo" and config.method != "pretrain":
        from ftwidgets.demo import probe_prompts as built_in

        return built_in()
    rows = data.held_out if data.held_out is not None and len(data.held_out) else data.train
    return [prompt_of(rows[i]) for i in range(min(COUNT, len(rows)))]


def prompt_of(row: dict[str, Any]) -> Any:
    """What is asked in a row: a text, or the messages before the answer."""
    if "messages" in row:
        messages = row["messages"]
        return messages[:-1] if messages[-1]["role"] == "assistant" else messages
    if "text" in row:
        return " ".join(row["text"].split()[:24])
    return row["prompt"]
