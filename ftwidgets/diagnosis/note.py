"""Note: what a rule says of a run's health, with its evidence and what to do about it."""

from __future__ import annotations

import html
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

LEVELS = {"alarm": "✖", "warning": "▲", "info": "ℹ"}  # the gravest first; the sign stands beside the word, never alone
WORDS = {"alarm": "Alarm", "warning": "Warning", "info": "Explained"}


@dataclass(frozen=True)
class Note:
    """One finding.

    Attributes:
        rule: The rule's name.
        level: ``info`` (explained, nothing to do), ``warning`` or ``alarm``.
        title: What is seen, in a few words.
        text: What it means and what can be done, with the numbers it rests on.
        source: Where that is known from.
        metrics: The metrics that show it.
        first, last: The optimizer steps between which they do.
        rows: Row numbers in the run's data, where rows are known to have caused it.
        action: Options of ``RunConfig`` with values to try next; empty where no option would help.
    """

    rule: str
    level: str
    title: str
    text: str
    source: str
    metrics: tuple[str, ...]
    first: int
    last: int
    rows: tuple[int, ...] = ()
    action: dict[str, Any] = field(default_factory=dict)

    @property
    def steps(self) -> str:
        """The steps it rests on, in words."""
        return f"step {self.last:,}" if self.first == self.last else f"steps {self.first:,}–{self.last:,}"

    @property
    def headline(self) -> str:
        """How grave it is, what is seen, and where, in one line."""
        return f"{LEVELS[self.level]} {WORDS[self.level]}: {self.title}  ·  {self.steps}"

    def __str__(self) -> str:
        told = f"{LEVELS[self.level]} {self.level}: {self.title} ({self.steps})\n  {self.text}\n  Source: {self.source}"
        if self.rows:
            told += f"\n  Rows: {', '.join(map(str, self.rows))}"
        if self.action:
            told += f"\n  Try: {tried(self.action)}"
        return told


class Notes(list[Note]):
    """The notes on a run, the gravest first."""

    def __init__(self, notes: Iterable[Note] = ()):
        super().__init__(sorted(notes, key=lambda note: list(LEVELS).index(note.level)))

    def frame(self) -> pd.DataFrame:
        """One row a note."""
        import pandas as pd

        return pd.DataFrame([asdict(note) for note in self], columns=list(Note.__dataclass_fields__))

    def __repr__(self) -> str:
        return "\n\n".join(map(str, self)) if self else "Nothing to remark."

    def _repr_html_(self) -> str:
        if not self:
            return "<p>Nothing to remark.</p>"
        rows = "".join(_row(note) for note in self)
        head = "".join(f'<th style="text-align:left">{word}</th>' for word in ("Level", "What is seen", "Steps", "Try"))
        return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def tried(action: dict[str, Any]) -> str:
    """An action as a person would write it in a call."""
    return ", ".join(f"{name}={value!r}" for name, value in action.items())


def _row(note: Note) -> str:
    left = 'style="text-align:left;vertical-align:top"'
    rows = f"<br>Rows: {', '.join(map(str, note.rows))}" if note.rows else ""
    seen = (
        f"<b>{html.escape(note.title)}</b><br>{html.escape(note.text)}{rows}"
        f"<br><small>{html.escape(note.source)}</small>"
    )
    steps = f"{note.last}" if note.first == note.last else f"{note.first}–{note.last}"
    cells = (f"{LEVELS[note.level]} {note.level}", seen, steps, html.escape(tried(note.action)) or "–")
    return "<tr>" + "".join(f"<td {left}>{cell}</td>" for cell in cells) + "</tr>"
