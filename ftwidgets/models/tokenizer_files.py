"""What a model's tokenizer files say: vocabulary, special tokens and the chat template."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

_GENERATION = re.compile(r"\{%-?\s*generation\s*-?%\}")
_OTHER_FORMATS = ("tokenizer.model", "spiece.model", "vocab.json", "vocab.txt", "tekken.json")


@dataclass(frozen=True)
class TokenizerFiles:
    """A tokenizer as its files describe it, without loading it."""

    kind: str | None  # the file it is read from; None: there is no tokenizer
    size: int | None  # highest token id + 1; None where only the library can tell
    chat_template: str | None
    eos_token: str | None
    tokens: dict[str, int]  # the added (special) tokens

    @property
    def marks_generation(self) -> bool:
        """Whether the template marks the assistant's tokens, which training on every assistant turn needs."""
        return bool(self.chat_template and _GENERATION.search(self.chat_template))

    def token(self, number: int) -> str | None:
        """The added token with this id."""
        return next((text for text, known in self.tokens.items() if known == number), None)


def read_tokenizer(folder: Path) -> TokenizerFiles:
    """Read a model folder's tokenizer files; unreadable ones count as absent."""
    settings = read_json(folder / "tokenizer_config.json") or {}
    main = folder / "tokenizer.json"
    size, added = _vocabulary(main) if main.is_file() else (None, {})
    for number, entry in (settings.get("added_tokens_decoder") or {}).items():
        if isinstance(entry, dict) and str(number).isdigit():
            added.setdefault(str(entry.get("content")), int(number))
    if size is not None and added:
        size = max(size, 1 + max(added.values()))
    kind = main.name if size is not None else next((n for n in _OTHER_FORMATS if (folder / n).is_file()), None)
    eos = settings.get("eos_token")
    if isinstance(eos, dict):
        eos = eos.get("content")
    return TokenizerFiles(kind, size, _template(folder, settings), eos, added)


def read_json(file: Path) -> dict[str, Any] | None:
    """A JSON object from a file; None where the file is absent or holds something else."""
    try:
        value = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None


def _template(folder: Path, settings: dict[str, Any]) -> str | None:
    jinja = folder / "chat_template.jinja"
    if jinja.is_file():
        return jinja.read_text(encoding="utf-8", errors="replace")
    template = settings.get("chat_template") or (read_json(folder / "chat_template.json") or {}).get("chat_template")
    if isinstance(template, list):  # several, by name
        named = {t.get("name"): t.get("template") for t in template if isinstance(t, dict)}
        template = named.get("default") or next(iter(named.values()), None)
    return template if isinstance(template, str) and template.strip() else None


def _vocabulary(file: Path) -> tuple[int | None, dict[str, int]]:
    facts = file.stat()
    size, added = _parse(file, facts.st_mtime_ns, facts.st_size)
    return size, dict(added)


@lru_cache(maxsize=64)
def _parse(file: Path, changed: int, length: int) -> tuple[int | None, tuple[tuple[str, int], ...]]:
    # Tens of megabytes for a large vocabulary, so once per version of the file, and without the list of merges, which
    # is most of it.
    try:
        text = file.read_text(encoding="utf-8")
        listed, vocab = _value(text, "added_tokens"), _value(text, "vocab")
    except (OSError, ValueError):
        return None, ()
    if not text.rstrip().endswith("}"):  # not whole
        return None, ()
    size = 0
    if isinstance(vocab, dict):
        size = 1 + max((n for n in vocab.values() if isinstance(n, int)), default=-1)
    elif isinstance(vocab, list):
        size = len(vocab)
    added = tuple(
        (str(t["content"]), int(t["id"]))
        for t in (listed if isinstance(listed, list) else [])
        if isinstance(t, dict) and "content" in t and "id" in t
    )
    return max([size, *(1 + number for _, number in added)]) or None, added


def _value(text: str, name: str) -> Any:
    """The list or object that stands under ``name`` in a JSON text, however deep; ``None`` where there is none.

    A quotation mark inside a string is escaped, so the pattern finds nothing but keys.
    """
    found = re.search(rf'(?<!\\)"{name}"\s*:\s*(?=[\[{{])', text)
    return json.JSONDecoder().raw_decode(text, found.end())[0] if found else None
