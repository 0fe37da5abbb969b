"""Hashes of prompts, equal for prompts that differ only in case and blank space."""

from __future__ import annotations

import re
import unicodedata
from hashlib import blake2b
from typing import Any

from ftwidgets.data.messages import Message

_SPACE = re.compile(r"\s+")


def normalised(text: str) -> str:
    """The text in NFKC form, without case, with single spaces."""
    return _SPACE.sub(" ", unicodedata.normalize("NFKC", text).casefold()).strip()


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
    return key_of(_written(prompt_of(example)))


def opening_key(example: dict[str, Any]) -> int:
    """Hash of the prompt's beginning, up to its first user turn: longer versions of one conversation share it."""
    prompt = prompt_of(example)
    if isinstance(prompt, str):
        return key_of(prompt)
    first = next((i for i, turn in enumerate(prompt) if turn["role"] == "user"), len(prompt) - 1)
    return key_of(_written(prompt[: first + 1]))


def _written(prompt: str | list[Message]) -> str:
    if isinstance(prompt, str):
        return prompt
    return "\x1e".join(f"{turn['role']}\x1f{turn['content']}" for turn in prompt)
