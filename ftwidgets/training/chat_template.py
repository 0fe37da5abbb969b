"""Chat templates: the model's own, or one chosen for a model that has none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ftwidgets.errors import FtwidgetsError

FOLDER = Path(__file__).with_name("templates")
BUILT_IN = ("plain", "chatml")


def set_chat_template(tokenizer: Any, wanted: str | None) -> str:
    """Give ``tokenizer`` the template asked for, or “plain” where it has none. Returns what was done, in words.

    Raises:
        FtwidgetsError: The template's file is missing, or is not a template that can be rendered.
    """
    if wanted is None and tokenizer.chat_template:
        return "the model's own chat template"
    name = wanted or "plain"
    path = FOLDER / f"{name}.jinja" if name in BUILT_IN else Path(name).expanduser()
    if not path.is_file():
        raise FtwidgetsError(f"chat_template={name!r}: no such file. Use {' or '.join(BUILT_IN)}, or a Jinja file.")
    before = tokenizer.chat_template
    tokenizer.chat_template = path.read_text(encoding="utf-8").strip()
    try:
        shown = tokenizer.apply_chat_template([{"role": "user", "content": "Hello?"}], tokenize=False)
    except Exception as error:  # noqa: BLE001 - whatever a template does wrong is the template's fault
        tokenizer.chat_template = before
        raise FtwidgetsError(f"chat_template={name!r}: it cannot be rendered: {error}.") from None
    if "Hello?" not in shown:
        tokenizer.chat_template = before
        raise FtwidgetsError(f"chat_template={name!r}: it leaves out what the user says.")
    return f"the {name} chat template" + ("" if wanted else ", since the model has none")


def choose_pad_token(tokenizer: Any) -> None:
    """Give ``tokenizer`` a padding token other than its end of text where it has a spare one."""
    if tokenizer.pad_token is not None and tokenizer.pad_token != tokenizer.eos_token:
        return
    vocabulary = tokenizer.get_vocab()
    spare = ("<pad>", "<|pad|>", "[PAD]", "<|finetune_right_pad_id|>", "<|endoftext|>", "<unk>")
    found = next((token for token in spare if token in vocabulary and token != tokenizer.eos_token), None)
    tokenizer.pad_token = found or tokenizer.eos_token
