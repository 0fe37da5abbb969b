"""A file dropped on the form: kept beside the runs, and taken as the dataset."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ipywidgets as w

from ftwidgets.errors import FtwidgetsError
from ftwidgets.widgets.text import paragraph, safe

ACCEPTED = ".json,.jsonl,.csv,.tsv,.parquet,.txt,.gz"


class Upload(w.HBox):
    """A button that takes a file, by click or by drop.

    Args:
        folder: Where files are kept.
        take: Called with the path of the kept file.
    """

    def __init__(self, folder: Callable[[], Path], take: Callable[[str], None]):
        self._folder, self._take = folder, take
        self._button = w.FileUpload(
            accept=ACCEPTED, multiple=False, description="Drop a file", tooltip="A file of rows from this computer"
        )
        self._said = paragraph()
        self._button.observe(self._received, "value")
        super().__init__([self._button, self._said])
        self.add_class("ftw-upload")

    def _received(self, change: Any) -> None:
        for file in change["new"]:
            try:
                path = keep(file["name"], bytes(file["content"]), self._folder())
            except FtwidgetsError as error:
                self._said.value = f'<span class="ftw-problem">⚠ {safe(error)}</span>'
            else:
                self._said.value = safe(f"Kept as {path}")
                self._take(str(path))


def keep(name: str, content: bytes, folder: Path) -> Path:
    """Write a file that came from the browser under ``folder``; its name is made harmless.

    Raises:
        FtwidgetsError: It cannot be written.
    """
    harmless = re.sub(r"[^\w.-]+", "-", Path(name).name).strip(".-") or "rows"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / f".{harmless}.part"
        part.write_bytes(content)
        path = folder / harmless
        part.replace(path)
    except OSError as error:
        raise FtwidgetsError(f"{name} cannot be kept in {folder}: {error}.") from error
    return path
