"""What a person can choose from when mapping columns by hand: told from a sample of rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ftwidgets.data.column_names import ANSWER_FIELDS, SCORE_FIELDS, find, plain
from ftwidgets.data.messages import CONTENT_KEYS, ROLE_KEYS, parsed
from ftwidgets.data.rows import Row
from ftwidgets.data.shapes import SHAPES

MOST_SPEAKERS = 12
_LONGEST_SPEAKER = 40  # characters
_MOST_FIELDS = 100


@dataclass
class ColumnsFound:
    """``names``: the columns, and ``column.key`` where cells are objects.

    ``fields``: the keys of objects in lists (turns of a chat, or answers), each with the short texts that stand there.
    """

    names: list[str] = field(default_factory=list)
    fields: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, rows: Iterable[Row]) -> ColumnsFound:
        """From a sample of rows."""
        found = cls()
        nested: dict[str, None] = {}
        for row in rows:
            for name, cell in row.cells.items():
                if name not in found.names:
                    found.names.append(name)
                found._look_into(name, parsed(cell), nested)
        found.names += [name for name in nested if name not in found.names]
        return found

    def _look_into(self, name: str, cell: Any, nested: dict[str, None]) -> None:
        if isinstance(cell, dict):
            for key, value in cell.items():
                if len(nested) < _MOST_FIELDS and isinstance(key, str):
                    nested[f"{name}.{key}"] = None
                    self._look_into_list(parsed(value))
        self._look_into_list(cell)

    def _look_into_list(self, cell: Any) -> None:
        if isinstance(cell, (list, tuple)):
            for item in cell:
                for key, value in item.items() if isinstance(item, dict) else ():
                    if key in self.fields or (len(self.fields) < _MOST_FIELDS and isinstance(key, str)):
                        self._heard(self.fields.setdefault(key, []), value)

    @staticmethod
    def _heard(texts: list[str], value: Any) -> None:
        text = value.strip() if isinstance(value, str) else ""
        # One more than is asked about: so many different texts are no names of speakers.
        if text and len(text) <= _LONGEST_SPEAKER and len(texts) <= MOST_SPEAKERS and text not in texts:
            texts.append(text)

    def role_field(self) -> str | None:
        """The key that holds who speaks, as usual."""
        return next((key for key in ROLE_KEYS if key in self.fields), None)

    def content_field(self) -> str | None:
        return next((key for key in CONTENT_KEYS if key in self.fields), None)

    def speakers(self, role_field: str | None) -> list[str]:
        """Who speaks, if that is a matter of a few names."""
        texts = self.fields.get(role_field or self.role_field() or "", [])
        return texts if len(texts) <= MOST_SPEAKERS else []

    def guess(self, shape: str) -> dict[str, str]:
        """The columns that could play the roles of a shape by their names, each at most once."""
        guessed: dict[str, str] = {}
        for role in SHAPES[shape].roles:
            inside = {"answer_field": ANSWER_FIELDS, "score_field": SCORE_FIELDS}.get(role)
            if inside is not None:
                column = next((key for key in self.fields if plain(key) in inside), None)
            else:
                column = find(role, self.names, guessed.values())
            if column is not None:
                guessed[role] = column
        return guessed
