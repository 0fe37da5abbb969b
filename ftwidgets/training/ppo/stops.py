"""Which tokens end an answer."""

from __future__ import annotations

from typing import Any

from ftwidgets.data.preflight.end_tokens import end_of_turn
from ftwidgets.errors import FtwidgetsError


def stop_ids(model: Any, tokenizer: Any, stop_token: str | None = None) -> list[int]:
    """Ids of the tokens that end an answer, sorted.

    Without ``stop_token``: the tokenizer's and the model's end of text, and the token with which the chat template
    closes an assistant's turn. “eos” means the tokenizer's end of text alone.

    Raises:
        FtwidgetsError: ``stop_token`` is not one token of this tokenizer, or there is no end token at all.
    """
    if stop_token == "eos":
        found = {tokenizer.eos_token_id}
    elif stop_token:
        ids = tokenizer(stop_token, add_special_tokens=False)["input_ids"]
        if len(ids) != 1:
            raise FtwidgetsError(
                f"stop_token={stop_token!r}: this tokenizer splits it into {len(ids)} tokens. "
                "Name a single token, or leave stop_token empty for the model's own end tokens."
            )
        found = set(ids)
    else:
        eos = getattr(getattr(model, "generation_config", None), "eos_token_id", None)
        found = {tokenizer.eos_token_id, *(eos if isinstance(eos, list) else [eos]), end_of_turn(tokenizer)}
    found.discard(None)
    if not found:
        raise FtwidgetsError("The tokenizer has no end-of-text token: name the one that ends an answer in stop_token.")
    return sorted(found)


def cut_after_stop(ids: list[int], stops: list[int]) -> list[int]:
    """``ids`` up to and including the first stop token."""
    for place, token in enumerate(ids):
        if token in stops:
            return ids[: place + 1]
    return ids
