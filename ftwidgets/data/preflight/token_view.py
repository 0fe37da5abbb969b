"""A sequence's tokens one by one, each with its text and what becomes of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ftwidgets.data.preflight.sequences import Part

_LONGEST_CHARACTER = 8  # tokens that one character may be split into


@dataclass(frozen=True)
class Token:
    """One token. ``text`` is empty where it continues a character that an earlier token began (``continues``)."""

    text: str
    id: int
    trained: bool
    special: bool
    cut: bool
    continues: bool = False


def tokens_of(part: Part, tokenizer: Any, max_length: int | None = None) -> list[Token]:
    """The tokens of a sequence; those from ``max_length`` on are marked as cut and are not trained."""
    ids = part.ids.tolist()
    texts = token_texts(ids, tokenizer)
    special = special_ids(tokenizer)
    limit = len(ids) if max_length is None else max_length
    return [
        Token(text or "", id, bool(trained) and place < limit, id in special, place >= limit, text is None)
        for place, (text, id, trained) in enumerate(zip(texts, ids, part.trained, strict=True))
    ]


def special_ids(tokenizer: Any) -> set[int]:
    """Ids of the tokens that stand for no text: beginnings, ends, marks of turns, padding."""
    added = {id for id, token in tokenizer.added_tokens_decoder.items() if token.special}
    return added | set(tokenizer.all_special_ids)


def token_texts(ids: list[int], tokenizer: Any) -> list[str | None]:
    """Each token's own text; ``None`` for one that completes a character begun by a token before.

    A token is decoded behind an ordinary one, since tokenizers drop a leading space from the first.
    """
    anchor = tokenizer("a", add_special_tokens=False)["input_ids"][-1:]
    skipped = len(_decoded(anchor, tokenizer))
    texts: list[str | None] = []
    begun: list[int] = []
    for place, id in enumerate(ids):
        begun.append(id)
        text = _decoded([*anchor, *begun], tokenizer)[skipped:]
        if text.endswith("\ufffd") and len(begun) < _LONGEST_CHARACTER and place < len(ids) - 1:
            continue
        texts += [text, *[None] * (len(begun) - 1)]
        begun = []
    return texts


def _decoded(ids: list[int], tokenizer: Any) -> str:
    return str(tokenizer.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False))
