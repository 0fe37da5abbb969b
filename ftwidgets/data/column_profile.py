"""What the cells of each column hold, told from a sample of rows."""

from __future__ import annotations

import statistics
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from ftwidgets.data.messages import ROLES, is_transcript, parsed, turn_keys
from ftwidgets.data.rows import Row


@dataclass
class ColumnProfile:
    """One column: how many cells there are of each kind (chat, turn, text, transcript, number, ...)."""

    name: str
    kinds: Counter[str] = field(default_factory=Counter)
    speakers: Counter[str] = field(default_factory=Counter)
    keys: tuple[str, str] | None = None  # how turns name their role and content
    lengths: list[int] = field(default_factory=list)
    as_json_text: bool = False

    @property
    def kind(self) -> str:
        """The commonest kind among the cells that are not null; ``"empty"`` when all are."""
        return self.kinds.most_common(1)[0][0] if self.kinds else "empty"

    @property
    def is_chat(self) -> bool:
        return self.kind in ("chat", "turn")

    @property
    def is_text(self) -> bool:
        return self.kind in ("text", "transcript")

    @property
    def mixed(self) -> bool:
        """Whether more than one kind of cell occurs (text and transcript count as one)."""
        return len({kind if kind != "transcript" else "text" for kind in self.kinds}) > 1

    def describe(self) -> str:
        """One line of evidence."""
        total = sum(self.kinds.values())
        if not total:
            return f"{self.name}: empty"
        shares = ", ".join(
            f"{_WORDS.get(kind, kind)}{'' if count == total else f' in {count} of {total}'}"
            for kind, count in self.kinds.most_common(3)
        )
        more = ""
        if self.keys:
            spoken = ", ".join(f"{speaker} {count}" for speaker, count in self.speakers.most_common(6))
            more = f" ({self.keys[0]}/{self.keys[1]}; {spoken})"
        elif self.is_text and self.lengths:
            usual = int(statistics.median(self.lengths))
            more = f" (median {usual:,} character{'s' if usual != 1 else ''})"
        return f"{self.name}: {shares}{more}{', written as JSON text' if self.as_json_text else ''}"


_WORDS = {
    "chat": "lists of turns", "turn": "single turns", "text": "text", "transcript": "Human/Assistant transcripts",
    "texts": "lists of texts", "objects": "lists of objects", "numbers": "lists of numbers", "number": "numbers",
    "bool": "true/false", "object": "objects", "list": "lists", "other": "other values",
}  # fmt: skip


def profile_columns(rows: list[Row]) -> dict[str, ColumnProfile]:
    """A profile for each column that any of the rows has, in order of appearance."""
    found: dict[str, ColumnProfile] = {}
    for row in rows:
        for name, value in row.cells.items():
            profile = found.setdefault(name, ColumnProfile(name))
            if value is not None:
                _count(profile, value)
    return found


def _count(profile: ColumnProfile, value: Any) -> None:
    kind = kind_of(value)
    profile.kinds[kind] += 1
    if isinstance(value, str):
        profile.lengths.append(len(value))
        profile.as_json_text |= kind not in ("text", "transcript")
        value = parsed(value)
    if kind in ("chat", "turn"):
        for turn in value if isinstance(value, list) else [value]:
            keys = turn_keys(turn)
            if keys:
                profile.keys = profile.keys or keys
                profile.speakers[turn[keys[0]][:40]] += 1


def kind_of(value: Any) -> str:
    """What one cell holds."""
    if isinstance(value, str):
        inner = parsed(value)
        if isinstance(inner, str):
            return "transcript" if is_transcript(value) else "text"
        kind = kind_of(inner)
        return kind if kind in ("chat", "turn", "objects", "texts", "numbers") else "text"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, (int, float)):
        return "number"
    if isinstance(value, dict):
        if isinstance(value.get("messages"), list):
            return kind_of(value["messages"])
        return "turn" if _is_turn(value) else "object"
    if isinstance(value, (list, tuple)):
        if not value:
            return "list"
        if all(_is_turn(item) for item in value):
            return "chat"
        kinds = (("texts", str), ("objects", dict), ("numbers", (int, float)))
        return next((kind for kind, type_ in kinds if all(isinstance(item, type_) for item in value)), "list")
    return "other"


def _is_turn(value: Any) -> bool:
    keys = turn_keys(value)
    return keys is not None and value[keys[0]].strip().lower() in ROLES
