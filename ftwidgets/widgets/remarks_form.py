"""The note, tags and bookmark of one run, written down as they are changed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import ipywidgets as w

from ftwidgets.errors import FtwidgetsError
from ftwidgets.runs.remarks import Remarks, read_remarks, remark
from ftwidgets.widgets.text import paragraph, safe


class RemarksForm(w.VBox):
    """Fields for what a person says of a run. ``changed`` is called after each change was kept."""

    def __init__(self, folder: Path, name: str, changed: Callable[[], None] = lambda: None):
        self._folder, self._changed, self._setting = folder, changed, False
        self.bookmark = w.ToggleButton(icon="star", description="Bookmark", tooltip="Mark this run to find it again")
        self.hidden = w.ToggleButton(icon="eye-slash", description="Hide", tooltip="Leave it out of the table of runs")
        self.tags = w.Text(description="tags", placeholder="with commas between", continuous_update=False)
        self.note = w.Textarea(description="note", placeholder="What to remember of this run", continuous_update=False)
        self.note.rows = 1
        for field in (self.tags, self.note):
            field.style.description_width = "initial"
        self._problem = paragraph(kind="problem")
        line = w.HBox([w.HTML(name), self.bookmark, self.hidden, self.tags, self.note])
        line.add_class("ftw-remarks")
        super().__init__([line, self._problem])
        self._take(read_remarks(folder))
        self.bookmark.observe(lambda change: self._keep(bookmarked=change["new"]), "value")
        self.hidden.observe(lambda change: self._keep(hidden=change["new"]), "value")
        self.tags.observe(lambda change: self._keep(tags=change["new"]), "value")
        self.note.observe(lambda change: self._keep(note=change["new"]), "value")

    def _keep(self, **change: object) -> None:
        if self._setting:
            return
        try:
            self._take(remark(self._folder, **change))
        except FtwidgetsError as error:
            self._problem.value = f"⚠ {safe(error)}"
            return
        self._problem.value = ""
        self._changed()

    def _take(self, remarks: Remarks) -> None:
        self._setting = True
        self.bookmark.value, self.hidden.value = remarks.bookmarked, remarks.hidden
        self.tags.value, self.note.value = ", ".join(remarks.tags), remarks.note
        self._setting = False
