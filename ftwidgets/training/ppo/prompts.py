"""Prompts as PPO samples from them: token ids, and a text for people and reward functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ftwidgets.errors import FtwidgetsError

Messages = list[dict[str, str]]


@dataclass(frozen=True)
class Prompt:
    """One prompt.

    Attributes:
        row_id: Its row in the source.
        ids: Token ids, the template's opening of the answer included.
        text: What a person reads: the words without template; turns of a longer conversation with their roles.
        source: As the data has it, text or messages.
    """

    row_id: int
    ids: list[int]
    text: str
    source: str | Messages


def encode_prompts(rows: Any, tokenizer: Any) -> list[Prompt]:
    """Prompts of a dataset with a column ``prompt`` (text or messages). Text is taken as it stands, no template."""
    if "prompt" not in rows.column_names:
        raise FtwidgetsError(f"PPO samples from prompts, but the data has only {', '.join(rows.column_names)}.")
    ids = rows["row_id"] if "row_id" in rows.column_names else range(len(rows))
    return [
        Prompt(int(row_id), encode_prompt(source, tokenizer), readable(source), source)
        for row_id, source in zip(ids, rows["prompt"], strict=True)
    ]


def fitting(prompts: Sequence[Prompt], longest: int, note: Callable[[str], None]) -> list[Prompt]:
    """The prompts of 1 to ``longest`` tokens. ``note`` is told how many are left out.

    Raises:
        FtwidgetsError: None is left.
    """
    kept = [prompt for prompt in prompts if 0 < len(prompt.ids) <= longest]
    if not kept:
        shortest = min((len(p.ids) for p in prompts), default=0)
        raise FtwidgetsError(
            f"No prompt fits: the shortest has {shortest} tokens, and {max(longest, 0)} are left for prompts beside "
            "the answer. Raise max_length, lower response_length, or shorten the prompts."
        )
    if len(kept) < len(prompts):
        note(
            f"{len(prompts) - len(kept)} of {len(prompts)} prompts are left out: they are empty or longer than the "
            f"{longest} tokens that max_length and the model's context leave beside the answer."
        )
    return kept


def readable(source: str | Messages) -> str:
    """A prompt's words: the message of a single turn, else each message after its role."""
    if isinstance(source, str):
        return source
    if len(source) == 1:
        return source[0]["content"]
    return "\n".join(f"{message['role']}: {message['content']}" for message in source)


def encode_prompt(source: str | Messages, tokenizer: Any) -> list[int]:
    """Token ids that an answer can follow: text as it stands, messages through the template with its opening."""
    if isinstance(source, str):
        ids = list(tokenizer(source)["input_ids"])
        # Some tokenizers close every text; an answer cannot follow an end.
        return ids[:-1] if len(ids) > 1 and ids[-1] == tokenizer.eos_token_id else ids
    return list(
        tokenizer.apply_chat_template(source, add_generation_prompt=True, tokenize=True, return_dict=True)["input_ids"]
    )
