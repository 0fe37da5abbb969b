"""RunBrowser: every run of a folder in one table, and from there to its curves, a comparison, or going on with it."""

from __future__ import annotations

import threading
import weakref
from pathlib import Path

import ipywidgets as w

from ftwidgets.blind import BlindComparison
from ftwidgets.comparing import compare
from ftwidgets.errors import FtwidgetsError
from ftwidgets.runs import Run, load_run
from ftwidgets.runs.glance import RunList
from ftwidgets.runs.trash import TRASH, move_to_trash, restore
from ftwidgets.starting import resume, retry
from ftwidgets.widgets.background import Latest
from ftwidgets.widgets.compare import Comparison
from ftwidgets.widgets.monitor import Monitor
from ftwidgets.widgets.remarks_form import RemarksForm
from ftwidgets.widgets.run_rows import RunRows
from ftwidgets.widgets.style import RUNS
from ftwidgets.widgets.text import paragraph, safe
from ftwidgets.widgets.view import View

SOON, LATE = 2.0, 10.0  # seconds between two looks at the folder: while a run goes on, and otherwise
HEAVY = "Reading the log…"


class RunBrowser(View):
    """Every run under ``output_dir``: search and sort them, open one, compare several, resume, delete, write notes.

    The table looks at the folder again by itself. Deleted runs lie in ``<output_dir>/.trash`` and can be had back.

    Args:
        output_dir: The folder with the run folders.

    Attributes:
        chosen: Folders of the runs whose box is ticked.
        shown: What stands below the table: a run's monitor, a comparison, a blind one, or ``None``.
    """

    def __init__(self, output_dir: str | Path = "runs"):
        self._list = RunList(output_dir)
        self._looking = threading.Lock()
        self._closed = threading.Event()
        self._deleted: list[list[Path]] = []
        self.shown: Monitor | Comparison | BlindComparison | None = None
        self._open_button = _button(
            "Open", "chart-line", "Curves, notes and answers of the ticked run", self.open_chosen
        )
        self._compare_button = _button("Compare", "columns", "Put the ticked runs over each other", self.compare_chosen)
        self._blind_button = _button(
            "Compare blind",
            "balance-scale",
            "Judge answers of the ticked runs (one: and its base) without names",
            self.judge_chosen,
        )
        self._resume_button = _button(
            "Resume", "play", "Go on from the last checkpoint, in this kernel", self.resume_chosen
        )
        self._delete_button = _button("Delete", "trash", f"Move the ticked runs to {TRASH}", self.delete_chosen)
        self._undo_button = _button("Undo delete", "undo", "Put the runs deleted last back", self.undo_delete)
        self._undo_button.layout.display = "none"
        self._again = _button("Refresh", "refresh", "Look at the folder now", self.refresh)
        actions = w.HBox(
            [
                self._open_button,
                self._compare_button,
                self._blind_button,
                self._resume_button,
                self._delete_button,
                self._undo_button,
                self._again,
            ]
        )
        actions.add_class("ftw-buttons")
        self._rows = RunRows(self._list.output_dir, self._enable, actions)
        self._problem = paragraph(kind="problem")
        self._title = paragraph(kind="section")
        self._shut = _button("Close", "times", "Close what is shown below", self.shut)
        head = w.HBox([self._title, self._shut])
        head.add_class("ftw-shown-head")
        head.add_class("ftw-behind-line")
        self._detail = w.VBox([head])
        self._detail.layout.display = "none"
        self._reader = Latest(_read, self._show, self._fail)
        super().__init__([self._rows, self._problem, self._detail], RUNS)
        self.add_class("ftw-browser")
        self.refresh()
        watcher = threading.Thread(target=_watch, args=(weakref.ref(self), self._closed), daemon=True)
        watcher.start()

    @property
    def chosen(self) -> list[Path]:
        return [glance.folder for glance in self._rows.glances()]

    @chosen.setter
    def chosen(self, folders: list[Path]) -> None:
        self._rows.chosen = {self._list.output_dir / Path(folder).name for folder in folders}
        self.refresh()

    def refresh(self) -> None:
        """Look at the folder now."""
        self._look()

    def _look(self) -> bool:
        """Look at the folder. Returns whether a run goes on."""
        with self._looking:
            found = self._list.look()
            self._rows.show(found)
        return any(not glance.ended for glance in found)

    def open_chosen(self) -> None:
        """Show the ticked run's monitor. Returns at once."""
        if len(self.chosen) == 1:
            self._say(HEAVY)
            self._reader.ask(self.chosen, None)

    def compare_chosen(self) -> None:
        """Compare the ticked runs. Returns at once."""
        if len(self.chosen) > 1:
            self._say(HEAVY)
            self._reader.ask(self.chosen, None)

    def judge_chosen(self) -> None:
        """Compare the ticked runs blind, or the one with its base. Returns at once; they answer in the background."""
        try:
            blind = BlindComparison(*self.chosen)
        except FtwidgetsError as error:
            self._fail(error)
            return
        self.shut()
        self._say("")
        self.shown = blind
        self._detail.children = (self._detail.children[0], blind)
        self._title.value = safe("Compared blind")
        self._detail.layout.display = ""

    def resume_chosen(self) -> None:
        """Go on with the ticked run from its last checkpoint, and show it."""
        chosen = self.chosen
        if len(chosen) != 1:
            return
        try:
            run = load_run(chosen[0])
            if str(run.config.reward).startswith("function "):
                raise FtwidgetsError(
                    f"{run.id} was rewarded by a function, and a config holds none. Give it again in a cell: "
                    f"ftwidgets.resume({str(chosen[0])!r}, reward=function)."
                )
            self._show([resume(run.folder)])
        except FtwidgetsError as error:
            self._fail(error)
        self.refresh()

    def delete_chosen(self) -> None:
        """Move the ticked runs to the trash. Runs that go on stay, and it is said why."""
        moved, problems = [], []
        for folder in self.chosen:
            try:
                moved.append(move_to_trash(folder))
            except FtwidgetsError as error:
                problems.append(str(error))
        if self.shown is not None and any(not run.folder.exists() for run in _runs(self.shown)):
            self.shut()
        if moved:
            self._deleted.append(moved)
        self._say(" ".join(problems), bad=True)
        self._offer_undo()
        self.refresh()

    def undo_delete(self) -> None:
        """Put the runs that were deleted last back."""
        try:
            for folder in self._deleted.pop() if self._deleted else ():
                restore(folder)
        except FtwidgetsError as error:
            self._fail(error)
        self._offer_undo()
        self.refresh()

    def shut(self) -> None:
        """Close what is shown below the table."""
        for widget in self._detail.children[1:]:
            widget.close()
        self._detail.children = self._detail.children[:1]
        self._detail.layout.display = "none"
        self.shown = None

    def close(self) -> None:
        self._closed.set()
        self.shut()
        super().close()

    def _show(self, runs: list[Run]) -> None:
        """Show one run, or several. Called in a thread of its own."""
        self.shut()
        self._say("")
        head = self._detail.children[0]
        if len(runs) == 1:
            self.shown = Monitor(runs[0], self._go_on)
            remarks = RemarksForm(runs[0].folder, "", self.refresh)
            self._detail.children = (head, remarks, self.shown)
            self._title.value = safe(f"{runs[0].name}  ·  {runs[0].folder}")
        else:
            self.shown = compare(runs)
            self._detail.children = (head, self.shown)
            self._title.value = safe(f"{len(runs)} runs compared")
        self._detail.layout.display = ""

    def _go_on(self, run: Run) -> None:
        """Go on with a run that ran out of memory, and show it."""
        self._show([retry(run)])
        self.refresh()

    def _fail(self, error: Exception) -> None:
        self._say(str(error), bad=True)

    def _say(self, text: str, bad: bool = False) -> None:
        self._problem.value = f"⚠ {safe(text)}" if text and bad else safe(text) if text else ""
        (self._problem.add_class if bad else self._problem.remove_class)("ftw-problem")

    def _offer_undo(self) -> None:
        self._undo_button.layout.display = "" if self._deleted else "none"

    def _enable(self) -> None:
        """The ticked runs changed, or what can be done with them."""
        ticked = self._rows.glances()
        count = len(ticked)
        self._open_button.disabled = count != 1
        self._compare_button.disabled = count < 2
        self._compare_button.description = f"Compare {count}" if count > 1 else "Compare"
        self._blind_button.disabled = not count or any(not glance.ended for glance in ticked)
        self._resume_button.disabled = count != 1 or not ticked[0].resumable
        self._delete_button.disabled = not count or any(not glance.ended for glance in ticked)


def _read(folders: list[Path], _: None) -> list[Run]:
    return [load_run(folder) for folder in folders]


def _runs(shown: Monitor | Comparison | BlindComparison) -> list[Run]:
    return [shown.run] if isinstance(shown, Monitor) else shown.runs


def _button(text: str, icon: str, tooltip: str, press: object) -> w.Button:
    button = w.Button(description=text, icon=icon, tooltip=tooltip)
    button.on_click(lambda _: press())  # type: ignore[operator]
    return button


def _watch(browser: weakref.ref[RunBrowser], closed: threading.Event) -> None:
    """Look at the folder again and again, until the table is closed or gone."""
    wait = SOON
    while not closed.wait(wait):
        shown = browser()
        if shown is None:
            return
        wait = SOON if shown._look() else LATE
        del shown
