"""A table of runs to search, sort and choose from: one page of rows, filled anew, however many runs there are."""

from __future__ import annotations

import html
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import ipywidgets as w

from ftwidgets.runs.glance import Glance
from ftwidgets.widgets.states import SHOWN
from ftwidgets.widgets.text import paragraph, safe

PAGE = 12
COLUMNS: dict[str, Callable[[Glance], Any]] = {  # title, and what it is sorted by
    "run": lambda g: g.name.lower(),
    "state": lambda g: list(SHOWN).index(g.status),
    "method": lambda g: g.method,
    "model": lambda g: short(g.model).lower(),
    "dataset": lambda g: short(g.dataset).lower(),
    "steps": lambda g: g.step,
    "metric": lambda g: (g.metric, g.value if g.value is not None else 0.0),
    "started": lambda g: g.started or 0.0,
    "tags": lambda g: [tag.lower() for tag in g.remarks.tags] or ["\uffff"],
}
DOWN_FIRST = ("steps", "metric", "started")  # largest first on the first click
METRICS = {
    "eval_pairs/accuracy": ("held-out pair accuracy", "percent"),
    "eval_rewards/accuracies": ("held-out accuracy", "percent"),
    "eval_accuracy": ("held-out accuracy", "percent"),
    "eval_objective/scores": ("held-out score", "number"),
    "objective/scores": ("score", "number"),
    "eval_loss": ("held-out loss", "number"),
    "loss": ("loss", "number"),
}
NONE_YET = "No runs in {folder} yet. Press Train in ftwidgets.Studio() or call ftwidgets.train(): runs appear here."
NONE_FOUND = "No run matches. Search looks at names, states, methods, models, datasets, tags and notes."


class RunRows(w.VBox):
    """Rows of runs with a search, a sort by each column and checkboxes.

    Args:
        folder: Where the runs lie.
        changed: Called when other runs are ticked, or the ticked ones are in another state.
        actions: What can be done with the ticked runs.

    Attributes:
        chosen: Folders of the runs whose box is ticked, also of those that the search hides.
    """

    def __init__(self, folder: Path, changed: Callable[[], None], actions: w.Widget):
        self.chosen: set[Path] = set()
        self._folder, self._changed = folder, changed
        self._all: list[Glance] = []
        self._found: list[Glance] = []
        self._page, self._sort, self._down = 0, "started", True
        self._setting = False
        self._showing = threading.RLock()  # the folder is looked at in a thread, and people tick meanwhile
        self.search = w.Text(
            placeholder="search", description="search", continuous_update=True, tooltip="Words that a run must have"
        )
        self.starred = w.ToggleButton(icon="star", description="Bookmarked", tooltip="Only bookmarked runs")
        self.hidden = w.ToggleButton(icon="eye-slash", description="Hidden", tooltip="Hidden runs too")
        self.search.style.description_width = "initial"
        for control in (self.search, self.starred, self.hidden):
            control.observe(lambda _: self._look(first=True), "value")
        self.count = w.Label()
        self.count.add_class("ftw-quiet")
        tools = w.HBox([self.search, self.starred, self.hidden, self.count])
        tools.add_class("ftw-tools")
        self._titles = {name: w.Button(description=name, tooltip=f"Sort by {name}") for name in COLUMNS}
        for name, button in self._titles.items():
            button.on_click(lambda _, name=name: self.sort(name))
        head = w.HBox(list(self._titles.values()))
        head.add_class("ftw-run-line")
        head.add_class("ftw-run-head")
        self._rows = [_Row(self._ticked) for _ in range(PAGE)]
        self._empty = paragraph(kind="empty")
        self._back = w.Button(icon="chevron-left", tooltip="Earlier page", description="Back")
        self._on = w.Button(icon="chevron-right", tooltip="Next page", description="More")
        self._back.on_click(lambda _: self._turn(-1))
        self._on.on_click(lambda _: self._turn(1))
        self._where = w.Label()
        self._pager = w.HBox([self._back, self._where, self._on])
        self._pager.add_class("ftw-pager")
        lines = w.VBox([head, *self._rows])
        lines.add_class("ftw-run-lines")
        super().__init__([tools, actions, lines, self._empty, self._pager])
        self._mark_sort()

    def show(self, glances: Sequence[Glance]) -> None:
        """Show these runs; search, sort, page and ticks stay."""
        with self._showing:
            self._all = list(glances)
            self.chosen &= {glance.folder for glance in glances}
            self._look()

    def glances(self) -> list[Glance]:
        """The runs whose box is ticked, in the order of the table."""
        return [glance for glance in self._ordered(self._all) if glance.folder in self.chosen]

    def sort(self, name: str) -> None:
        """Sort by a column, the other way round when it is sorted by it already."""
        self._down = not self._down if name == self._sort else name in DOWN_FIRST
        self._sort = name
        self._mark_sort()
        self._look(first=True)

    def _mark_sort(self) -> None:
        for name, button in self._titles.items():
            sign = ("▼" if self._down else "▲") if name == self._sort else ""
            button.description = f"{name} {sign}".strip()

    def _ordered(self, glances: Sequence[Glance]) -> list[Glance]:
        newest = sorted(glances, key=lambda g: g.started or 0.0, reverse=True)
        return sorted(newest, key=COLUMNS[self._sort], reverse=self._down)

    def _look(self, first: bool = False) -> None:
        with self._showing:
            self._fill(first)

    def _fill(self, first: bool) -> None:
        words = self.search.value.lower().split()
        self._found = self._ordered([glance for glance in self._all if self._wanted(glance, words)])
        last = max(0, (len(self._found) - 1) // PAGE)
        self._page = 0 if first else min(self._page, last)
        start = self._page * PAGE
        shown = self._found[start : start + PAGE]
        self._setting = True
        for row, glance in zip(self._rows, [*shown, *[None] * (PAGE - len(shown))], strict=True):
            row.show(glance, glance is not None and glance.folder in self.chosen)
        self._setting = False
        going = sum(not glance.ended for glance in self._all)
        self.count.value = f"{len(self._found):,} of {len(self._all):,} runs" + (f", {going} going on" if going else "")
        self._empty.value = "" if shown else safe(NONE_FOUND if self._all else NONE_YET.format(folder=self._folder))
        self._empty.layout.display = "none" if shown else ""
        self._pager.layout.display = "" if last else "none"
        self._where.value = f"{start + 1:,}–{start + len(shown):,} of {len(self._found):,}"
        self._back.disabled, self._on.disabled = self._page == 0, self._page == last
        self._changed()

    def _wanted(self, glance: Glance, words: Sequence[str]) -> bool:
        remarks = glance.remarks
        if (remarks.hidden and not self.hidden.value) or (self.starred.value and not remarks.bookmarked):
            return False
        of = (glance.name, glance.id, SHOWN[glance.status][1], glance.method, glance.model, glance.dataset)
        text = " ".join((*of, *remarks.tags, remarks.note)).lower()
        return all(word in text for word in words)

    def _turn(self, by: int) -> None:
        self._page += by
        self._look()

    def _ticked(self, folder: Path, on: bool) -> None:
        with self._showing:
            if not self._setting:  # it was a person, and not a look of this thread
                (self.chosen.add if on else self.chosen.discard)(folder)
                self._look()  # one that went on while the box was ticked has shown it as it was


class _Row(w.HBox):
    """One line of the table: a box with the run's name, and its other cells."""

    def __init__(self, ticked: Callable[[Path, bool], None]):
        self._glance: Glance | None = None
        self._box = w.Checkbox(indent=False, tooltip="Choose this run")
        self._box.add_class("ftw-run-name")
        self._cells = w.HTML()
        super().__init__([self._box, self._cells])
        self.add_class("ftw-run-line")
        self._box.observe(lambda change: self._glance and ticked(self._glance.folder, change["new"]), "value")

    def show(self, glance: Glance | None, chosen: bool) -> None:
        self.layout.display = "" if glance else "none"
        if glance is None:
            return
        if glance != self._glance:
            self._glance = glance
            self._box.description = f"{'★ ' if glance.remarks.bookmarked else ''}{glance.name}"
            self._box.tooltip = glance.remarks.note or glance.id
            self._cells.value = cells(glance)
        self._box.value = chosen


def cells(glance: Glance) -> str:
    """A run's cells behind its name, as escaped HTML."""
    icon, word = SHOWN[glance.status]
    state = f'<span class="ftw-state-{glance.status}" title="{html.escape(glance.error)}">{icon} {word}</span>'
    steps = f"{glance.step:,}" + (f" / {glance.total:,}" if glance.total and glance.step != glance.total else "")
    started = time.strftime("%Y-%m-%d %H:%M", time.localtime(glance.started)) if glance.started else "–"
    tags = "".join(f'<span class="ftw-tag">{safe(tag)}</span>' for tag in glance.remarks.tags)
    found = [
        state,
        html.escape(glance.method),
        f'<span title="{html.escape(glance.model)}">{safe(short(glance.model))}</span>',
        f'<span title="{html.escape(glance.dataset)}">{safe(short(glance.dataset))}</span>',
        steps,
        metric(glance),
        started,
        tags,
    ]
    named = zip(list(COLUMNS)[1:], found, strict=True)
    return "".join(f'<span class="ftw-cell ftw-of-{name}">{each}</span>' for name, each in named)


def metric(glance: Glance) -> str:
    """The one number that says most of a run, and which it is."""
    if glance.value is None:
        return "–"
    name, form = METRICS.get(glance.metric, (glance.metric, "number"))
    value = f"{glance.value:.0%}" if form == "percent" else f"{glance.value:.4g}"
    return f"{value} <small>{html.escape(name)}</small>"


def short(name: str) -> str:
    """A path by its last part; a hub id as it is."""
    return Path(name).name if name.startswith(("/", ".", "~")) or name.count("/") > 1 else name
