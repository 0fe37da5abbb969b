"""The notes on a run's health, under its curves: what is seen, why, and what to try."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ipywidgets as w

from ftwidgets.diagnosis import Note, Notes
from ftwidgets.diagnosis.following import following
from ftwidgets.diagnosis.note import LEVELS, tried
from ftwidgets.runs import Run
from ftwidgets.widgets.curves import Curves
from ftwidgets.widgets.fold import Fold
from ftwidgets.widgets.step_pairs import StepPairs
from ftwidgets.widgets.style import stylesheet
from ftwidgets.widgets.text import paragraph, safe

CSS = Path(__file__).with_name("health_notes.css")
COUNTED = {"alarm": ("alarm", "alarms"), "warning": ("warning", "warnings"), "info": ("explained", "explained")}
WELL = "nothing to remark"
SO_FAR = "nothing to remark so far"
TIPS = {
    "curve": "Zoom all curves to the steps that this note rests on, and mark them",
    "rows": "Open these rows in the pair viewer",
    "form": "Fill these values into the form; nothing is started",
}


class HealthNotes(w.VBox):
    """A compact list of notes, each opened by a click.

    Args:
        run: The run.
        curves: Its curves, on which evidence is shown.
        behind: Its pairs, where it has any.
        use: Takes options to fill into a form; ``None`` where there is no form.
        heading: What stands above the notes, as HTML: whose they are, where those of several runs are on show.

    Attributes:
        following: The rules at work.
    """

    def __init__(
        self,
        run: Run,
        curves: Curves,
        behind: Any = None,
        use: Callable[[dict[str, Any]], None] | None = None,
        heading: str = "Health",
    ):
        self._run, self._curves, self._behind, self._use = run, curves, behind, use
        self._named = heading
        self._entries: dict[tuple[str, str], _Entry] = {}
        self._showing = threading.Lock()  # looks end in threads of their own, and the first is shown by the maker
        self._heading = w.HTML()
        self._heading.add_class("ftw-health-heading")
        self._list = w.VBox()
        self._list.layout.display = "none"
        super().__init__([stylesheet(CSS), self._heading, self._list])
        self.add_class("ftw-health")
        self.following = following(run)
        self._unsubscribe = self.following.subscribe(self._show)
        with self._showing:  # read within: a look that ends meanwhile must not be shown before what was known earlier
            self._show_all(self.following.notes)
        self.following.poke()

    def update(self) -> None:
        """The run may have changed. Returns at once."""
        self.following.poke()

    def close(self) -> None:
        self._unsubscribe()
        super().close()

    def _show(self, notes: Notes) -> None:
        """Called in a thread of its own."""
        with self._showing:
            self._show_all(notes)

    def _show_all(self, notes: Notes) -> None:
        counts = Counter(note.level for note in notes)
        told = [
            f"{LEVELS[level]} {counts[level]} {COUNTED[level][counts[level] > 1]}" for level in LEVELS if counts[level]
        ]
        heading = f"<b>{self._named}</b> {safe('  ·  '.join(told) or (WELL if self._run.ended else SO_FAR))}"
        if self._heading.value != heading:
            self._heading.value = heading
        old, keys = self._entries, [(note.rule, note.level) for note in notes]
        self._entries = {key: old.get(key) or _Entry(self) for key in keys}
        for note in notes:
            self._entries[note.rule, note.level].show(note)
        if list(old) != keys:
            self._list.children = tuple(self._entries[key] for key in keys)
            for key in old.keys() - self._entries.keys():
                old[key].close()
        self._list.layout.display = "" if notes else "none"

    def _on_curve(self, note: Note) -> None:
        self._curves.show(note.first, note.last, note.metrics)

    def _rows(self, note: Note) -> None:
        if isinstance(self._behind, StepPairs):
            self._behind.show_rows(note.rows, f"{note.title} ({note.steps})")

    def _try(self, note: Note) -> None:
        if self._use is not None:
            self._use(dict(note.action))


class _Entry(Fold):
    """One note: its headline, and what is told when that is opened."""

    def __init__(self, owner: HealthNotes):
        self._owner = owner
        self._note: Note | None = None
        self._text, self._source = paragraph(), paragraph(kind="quiet")
        self._curve = _button("Show on the curve", "line-chart", TIPS["curve"], lambda: owner._on_curve(self._known))
        self._rows = _button("", "list", TIPS["rows"], lambda: owner._rows(self._known))
        self._form = _button("", "sliders", TIPS["form"], lambda: owner._try(self._known))
        self._tried = paragraph(kind="health-try")
        buttons = w.HBox([self._curve, self._rows, self._form, self._tried])
        buttons.add_class("ftw-health-buttons")
        super().__init__("", self._text, self._source, buttons)

    @property
    def _known(self) -> Note:
        assert self._note is not None
        return self._note

    def show(self, note: Note) -> None:
        if note == self._note:
            return
        self._note = note
        self.title = note.headline
        self._text.value = safe(note.text)
        self._source.value = safe(f"Source: {note.source}")
        count = len(note.rows)
        self._rows.description = f"Show the {count} rows" if count > 1 else "Show the row"
        self._rows.layout.display = "" if count and isinstance(self._owner._behind, StepPairs) else "none"
        can_fill = bool(note.action) and self._owner._use is not None
        self._form.description = f"Use in the form: {tried(note.action)}"
        self._form.layout.display = "" if can_fill else "none"
        self._tried.value = safe(f"Try {tried(note.action)}") if note.action and not can_fill else ""
        self._tried.layout.display = "" if note.action and not can_fill else "none"


def _button(text: str, icon: str, tip: str, press: Callable[[], None]) -> w.Button:
    button = w.Button(description=text, icon=icon, tooltip=tip)
    button.on_click(lambda _: press())
    return button
