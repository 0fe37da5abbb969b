"""Hashes of prompts, equal for prompts that differ only in case and blank space."""

from __future__ import annotations

import unicodedata
from hashlib import blake2b
from typing import Any

from ftwidgets.data.messages import Message


def normalised(text: str) -> str:
    """The text in NFKC form, without case, with single spaces."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return " ".join(text.casefold().split())


def key_of(text: str) -> int:
    """64 bits of the normalised text's BLAKE2b hash."""
    return int.from_bytes(blake2b(normalised(text).encode("utf-8", "replace"), digest_size=8).digest(), "little")


def prompt_of(example: dict[str, Any]) -> str | list[Message]:
    """What an example of any kind asks: its prompt, the turns before the last answer, or its text."""
    if "prompt" in example:
        return example["prompt"]
    if "messages" in example:
        turns = example["messages"]
        last = max((i for i, turn in enumerate(turns) if turn["role"] == "assistant"), default=len(turns))
        return turns[:last]
    return example.get("text", "")


def prompt_key(example: dict[str, Any]) -> int:
    """Hash of the whole prompt, all its turns."""
    return prompt_keys(example)[1]


def prompt_keys(example: dict[str, Any]) -> tuple[int, int]:
    """``(opening, prompt)``: hashes of the prompt up to its first user turn, and of all of it.

    Longer versions of one conversation share the opening.
    """
    prompt = prompt_of(example)
    whole = key_of(_written(prompt))
    if isinstance(prompt, str):
        return whole, whole
    first = next((i for i, turn in enumerate(prompt) if turn["role"] == "user"), len(prompt) - 1)
    return (whole if first == len(prompt) - 1 else key_of(_written(prompt[: first + 1]))), whole


def _written(prompt: str | list[Message]) -> str:
    if isinstance(prompt, str):
        return prompt
    return "\x1e".join(f"{turn['role']}\x1f{turn['content']}" for turn in prompt)
