"""Tokenizer and model know the same tokens, or it is told before anything is trained."""

from __future__ import annotations

import json
from typing import Any

from tokenizers import Tokenizer

from ftwidgets.config import RunConfig
from ftwidgets.errors import FtwidgetsError


def keep_to_rows(tokenizer: Any, rows: int) -> list[str]:
    """Take added tokens that lie beyond a model's ``rows`` out of its tokenizer; returns them.

    Gemma 3's text models have such a one, for images. Text that holds it is read as ordinary text from then on, where
    the model would fail for want of a row.
    """
    beyond = sorted(token for token, number in tokenizer.get_added_vocab().items() if number >= rows)
    if not beyond or not hasattr(tokenizer, "backend_tokenizer"):
        return []
    # tokenizers offers no way to remove one.
    said = json.loads(tokenizer.backend_tokenizer.to_str())
    said["added_tokens"] = [token for token in said["added_tokens"] if token["id"] < rows]
    tokenizer._tokenizer = Tokenizer.from_str(json.dumps(said))
    for name, token in list(tokenizer.special_tokens_map.items()):
        if token in beyond:
            setattr(tokenizer, name, None)
    given = tokenizer.init_kwargs  # is saved with it
    for named in (given, given.get("model_specific_special_tokens") or {}):
        for name in [name for name, token in named.items() if isinstance(token, str) and token in beyond]:
            del named[name]
    tokenizer.extra_special_tokens = [token for token in tokenizer.extra_special_tokens if token not in beyond]
    return beyond


def check_vocabulary(model: Any, tokenizer: Any, config: RunConfig) -> None:
    """Raises ``FtwidgetsError`` when the tokenizer knows more tokens than the model."""
    rows = model.get_input_embeddings().num_embeddings
    if len(tokenizer) > rows:
        raise FtwidgetsError(
            f"model={config.model!r}: its tokenizer has {len(tokenizer)} tokens but the model only {rows}. "
            "They do not belong together: use the tokenizer the model came with."
        )
