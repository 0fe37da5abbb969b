"""Examples as training takes them, made of what was read from rows."""

from __future__ import annotations

from typing import Any

from ftwidgets.data.messages import Message
from ftwidgets.data.problems import BadRow
from ftwidgets.data.reading import Reading

Example = dict[str, Any]


def example_of(reading: Reading, kind: str, form: str, row: int) -> Example:
    """One example with its ``row_id``.

    Args:
        reading: What a row says.
        kind: ``chat`` (``messages``, or ``prompt`` and ``completion`` strings), ``pairs`` (``prompt``, ``chosen``,
            ``rejected``), ``text``, or ``prompts`` (``prompt``).
        form: ``chat`` for lists of turns, ``text`` for strings.
        row: The row's number in the source.

    Raises:
        BadRow: The row lacks what this kind needs.
    """
    if kind == "text":
        return {"row_id": row, "text": _plain_text(reading)}
    if reading.text is not None:
        raise BadRow("plain text", "The row is plain text, without a question and an answer.", "Choose pre-training.")
    if not any(turn["content"].strip() for turn in reading.prompt if turn["role"] != "system"):
        raise BadRow("empty prompt", "The prompt is empty.", "Fill it in or remove the row.")
    if kind == "prompts":
        return {"row_id": row, "prompt": reading.prompt if form == "chat" else _joined(reading.prompt)}
    if reading.good is None:
        raise BadRow("no good answer", "The row has no answer to learn from.", "Remove the row.")
    if kind == "pairs":
        if reading.bad is None:
            raise BadRow("no second answer", "The row has one answer only.", "Choose SFT for such rows.")
        return {"row_id": row, "prompt": _as(form, reading.prompt), "chosen": _as(form, reading.good),
                "rejected": _as(form, reading.bad)}  # fmt: skip
    if not any(turn["content"].strip() for turn in reading.good if turn["role"] == "assistant"):
        raise BadRow("empty answer", "The answer is empty.", "Fill it in or remove the row.")
    if form == "chat":
        return {"row_id": row, "messages": [*reading.prompt, *reading.good]}
    return {"row_id": row, "prompt": _joined(reading.prompt), "completion": _joined(reading.good)}


def warnings_of(reading: Reading, kind: str) -> list[tuple[str, str, str]]:
    """``(kind, message, suggestion)`` of what is odd about a row that is used all the same."""
    found = list(reading.warnings)
    if kind == "pairs" and reading.good is not None and reading.bad is not None:
        for name, side in (("chosen", reading.good), ("rejected", reading.bad)):
            if not any(turn["content"].strip() for turn in side):
                found.append((f"empty {name}", f"The {name} answer is empty.", "Check that this is meant."))
        if reading.good == reading.bad:
            found.append(("identical sides", "Chosen and rejected are the same.", "Such a pair teaches nothing."))
    return found


def _as(form: str, turns: list[Message]) -> list[Message] | str:
    return turns if form == "chat" else _joined(turns)


def _joined(turns: list[Message]) -> str:
    return "\n\n".join(turn["content"] for turn in turns)


def _plain_text(reading: Reading) -> str:
    if reading.text is not None:
        return reading.text
    return _joined([*reading.prompt, *(reading.good or [])])
