"""Which tokens end an answer, told from the tokenizer alone."""

from __future__ import annotations

from typing import Any


def stop_ids(tokenizer: Any) -> list[int]:
    """The tokenizer's end of text, and the special token with which its chat template closes an answer."""
    found = {tokenizer.eos_token_id, end_of_turn(tokenizer)}
    return sorted(token for token in found if token is not None)


def end_of_turn(tokenizer: Any) -> int | None:
    """The special token that follows an assistant's words in the chat template, if there is one."""
    if not tokenizer.chat_template:
        return None
    words = "violet"
    text = tokenizer.apply_chat_template(
        [{"role": "user", "content": "colour?"}, {"role": "assistant", "content": words}], tokenize=False
    )
    after = tokenizer(text.rpartition(words)[2], add_special_tokens=False)["input_ids"]
    special = {*tokenizer.all_special_ids, *tokenizer.added_tokens_decoder}
    return after[0] if after and after[0] in special else None


def without_tail(ids: list[int], start: int, stops: list[int]) -> list[int]:
    """``ids`` up to the last end token at ``start`` or later: templates often put a newline behind it."""
    last = max((place for place in range(start, len(ids)) if ids[place] in stops), default=len(ids) - 1)
    return ids[: last + 1]
