"""Lists of turns under names of their own: who speaks in them, and where the speaker and the text stand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ftwidgets.data.messages import parsed, turn_keys

ROLES = ("user", "assistant", "system", "tool")
_DEEPEST = 6  # objects and lists around a turn


@dataclass(frozen=True)
class TurnNames:
    """How turns are named where they are not named as usual.

    ``role_field`` and ``content_field`` are the keys of a turn that hold its speaker and its text; ``speakers`` says
    which of user, assistant, system and tool a speaker is.
    """

    role_field: str | None = None
    content_field: str | None = None
    speakers: dict[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.role_field or self.content_field or self.speakers)

    def usual(self, value: Any, depth: int = 0) -> Any:
        """A cell with its turns as ``{"role": ..., "content": ...}``; what holds no turns stays as it is."""
        inner = parsed(value) if depth < _DEEPEST else None
        if isinstance(inner, dict):
            turn = self._turn(inner)
            return turn if turn is not None else {key: self.usual(item, depth + 1) for key, item in inner.items()}
        if isinstance(inner, (list, tuple)):
            return [self.usual(item, depth + 1) for item in inner]
        return value

    def _turn(self, item: dict[str, Any]) -> dict[str, Any] | None:
        known = turn_keys(item)
        role = self.role_field or (known[0] if known else None)
        content = self.content_field or (known[1] if known and known[1] != role else "content")
        if role is None or not isinstance(item.get(role), str) or content not in item:
            return None
        speaker = item[role].strip()
        rest = {key: value for key, value in item.items() if key == "tool_calls"}
        return {"role": self.speakers.get(speaker, speaker), "content": item[content], **rest}
