"""Chat turns out of cells: OpenAI and ShareGPT messages, transcripts, JSON kept as text."""

from __future__ import annotations

import ast
import json
import re
import warnings
from typing import Any

from ftwidgets.data.problems import BadRow

Message = dict[str, str]  # {"role": system | user | assistant | tool, "content": text}

ROLE_KEYS = ("role", "from", "角色", "speaker")
CONTENT_KEYS = ("content", "value", "内容", "text", "message")
_ROLES = {
    "user": ("user", "human", "prompter", "instruction", "question", "customer", "用户", "人类", "问", "提问者"),
    "assistant": (
        "assistant", "gpt", "chatgpt", "bot", "model", "ai", "bard", "bing", "claude", "llm", "answer", "response",
        "function_call", "助手", "助理", "模型", "机器人", "答", "回答者", "智能助手",
    ),
    "system": ("system", "developer", "系统", "系统提示"),
    "tool": ("tool", "function", "observation", "function_response", "tool_response", "ipython", "工具", "函数"),
}  # fmt: skip
ROLES = {alias: role for role, aliases in _ROLES.items() for alias in aliases}
_SPEAKER = re.compile(r"(?:^|\n\n)(Human|Assistant|H|A): ?")
_LONGEST_LITERAL = 1 << 20


def turn_keys(value: Any) -> tuple[str, str] | None:
    """The names under which a dict holds its role and content, if it is a chat turn."""
    if not isinstance(value, dict):
        return None
    role = next((key for key in ROLE_KEYS if isinstance(value.get(key), str)), None)
    content = next((key for key in CONTENT_KEYS if key in value and key != role), None)
    if role is None or (content is None and "tool_calls" not in value):
        return None
    return role, content or "content"


def parsed(value: Any) -> Any:
    """A list or dict that a cell holds as text (JSON, or as Python prints it), else the value itself."""
    if not isinstance(value, str) or len(value) > _LONGEST_LITERAL or value.strip()[:1] not in ("[", "{"):
        return value
    try:
        found = json.loads(value)
    except (ValueError, RecursionError):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Python warns of odd backslashes in what it parses
                found = ast.literal_eval(value.strip())
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            return value
    return found if isinstance(found, (list, dict)) else value


def as_turns(value: Any, where: str, role: str = "assistant") -> list[Message]:
    """The turns in a cell: a list of turns, one turn, or plain text spoken by ``role``.

    Raises:
        BadRow: The cell is empty, or holds something else than text and turns.
    """
    if isinstance(value, str):
        inner = parsed(value)
        if isinstance(inner, str) or not _is_turns(inner):
            return [{"role": role, "content": as_text(value, where)}]
        value = inner
    if isinstance(value, dict):
        if "messages" in value and not turn_keys(value):  # OpenAI's preference format: {"messages": [...]}
            return as_turns(value["messages"], where, role)
        value = [value]
    if value is None:
        raise BadRow("missing cell", f"{where} is null.", "Fill it in or remove the row.")
    if not isinstance(value, (list, tuple)):
        raise BadRow("non-text cell", f"{where} is {_named(value)}.", "It must be text or a list of chat turns.")
    if not value:
        raise BadRow("empty conversation", f"{where} holds no turns.", "Fill it in or remove the row.")
    return [_turn(item, f"{where}, turn {index + 1}") for index, item in enumerate(value)]


def _is_turns(value: Any) -> bool:
    items = value if isinstance(value, list) else [value]
    return bool(items) and all(turn_keys(item) for item in items)


def _turn(item: Any, where: str) -> Message:
    keys = turn_keys(item)
    if keys is None:
        raise BadRow(
            "not a chat turn",
            f"{where} is {_named(item)}, not a turn with a speaker and a text.",
            'Write {"role": "user", "content": "..."} or {"from": "human", "value": "..."}.',
        )
    speaker = item[keys[0]].strip()
    role = ROLES.get(speaker.lower())
    if role is None:
        raise BadRow("unknown role", f"{where} is spoken by {speaker[:40]!r}.", "Use system, user, assistant or tool.")
    if item.get("tool_calls"):
        raise BadRow("tool calls", f"{where} calls tools.", "Write the call into the turn's text, or remove the row.")
    return {"role": role, "content": _content(item.get(keys[1]), where)}


def _content(value: Any, where: str) -> str:
    if isinstance(value, list) and value and all(isinstance(part, dict) for part in value):
        texts = [part.get("text") for part in value if part.get("type", "text") == "text"]
        if len(texts) < len(value) or not all(isinstance(text, str) for text in texts):
            raise BadRow("not text", f"{where} holds images or other parts that are not text.", "Remove the row.")
        value = "".join(str(text) for text in texts)
    return as_text(value, where)


def as_text(value: Any, where: str) -> str:
    """The cell as text.

    Raises:
        BadRow: It is missing, not text, or holds bytes that are not characters.
    """
    if isinstance(value, str):
        if not value.isascii() and not _encodes(value):
            raise BadRow(
                "damaged text",
                f"{where} holds bytes or half characters that are not valid Unicode.",
                "Save the source as UTF-8 anew, or remove the row.",
            )
        return value
    if value is None:
        raise BadRow("missing cell", f"{where} is null.", "Fill it in or remove the row.")
    raise BadRow("non-text cell", f"{where} is {_named(value)}.", "Turn the column into text, or quote the value.")


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _named(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, (int, float)):
        return f"a number ({str(value)[:20]})"
    return {"list": "a list", "dict": "an object"}.get(type(value).__name__, f"of type {type(value).__name__}")


def is_transcript(text: Any) -> bool:
    """Whether a text is a dialogue in the style of Anthropic's HH data: it begins with ``Human:`` and is answered."""
    if not isinstance(text, str):
        return False
    start = text[:40].lstrip()
    return start.startswith(("Human:", "H:")) and re.search(r"\n\n(Assistant|A):", text) is not None


def transcript_turns(text: Any, where: str) -> list[Message]:
    """The turns of a ``\\n\\nHuman: ...\\n\\nAssistant: ...`` dialogue; an open last ``Assistant:`` is left out.

    Raises:
        BadRow: The text does not begin with a speaker.
    """
    text = as_text(text, where)
    parts = _SPEAKER.split("\n\n" + text.lstrip())
    if len(parts) < 3 or parts[0].strip():
        raise BadRow(
            "not a transcript", f"{where} does not begin with “Human:”.", "Repair the row, or map the columns by hand."
        )
    turns: list[Message] = []
    for speaker, said in zip(parts[1::2], parts[2::2], strict=True):
        turns.append({"role": "user" if speaker.startswith("H") else "assistant", "content": said.strip()})
    if len(turns) > 1 and turns[-1] == {"role": "assistant", "content": ""}:
        turns.pop()
    return turns
