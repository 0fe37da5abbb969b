"""The form's model field: what is typed is searched for on this machine, with what each model is beside its name."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import anywidget
import traitlets as t

from ftwidgets.errors import FtwidgetsError
from ftwidgets.models import Model, available, card, find, read_adapter
from ftwidgets.models.model_card import short
from ftwidgets.widgets.background import Latest

STATIC = Path(__file__).parent.parent / "static"
SHOWN = 30  # rows; what is beyond is found by typing more
FRESH = 10.0  # seconds until opening the list looks through the disk again
PLACES = {"demo": "built in", "cache": "Hugging Face cache", "hub": "on the hub"}
TO_DOWNLOAD = "not on this machine: look at it, then download"
UNUSABLE = "cannot be trained"


class ModelPicker(anywidget.AnyWidget):
    """A text field with a list under it.

    The page asks ``{"type": "ask", "text", "fresh"}`` and hears ``{"type": "found", "text", "rows", "more"}``, then
    ``{"type": "about", "name", "words"}`` for each row as its files are read. All of that happens in threads.

    Args:
        folders: More places to look through, such as that of the runs.
        go_on: Called with an adapter that was picked.

    Attributes:
        value: What stands in the field.
    """

    _esm = STATIC / "models.js"
    _css = STATIC / "models.css"
    value = t.Unicode("").tag(sync=True)
    description = t.Unicode("model").tag(sync=True)

    def __init__(self, folders: Callable[[], Iterable[Path]], go_on: Callable[[Model], None]):
        super().__init__()
        self._folders, self._go_on = folders, go_on
        self._there: list[Model] = []
        self._looked = 0.0
        self._rows: list[Model] = []
        self._words: dict[tuple[str, float], str] = {}
        self._search = Latest(self._find, self._tell, self._fail)
        self._reader = Latest(self._read, lambda _: None, lambda _: None)
        if hasattr(self.comm, "_reply_subshell_for"):
            # ipykernel 7.4 would answer on the busy main thread; None lets the answers out on a subshell.
            self.comm._reply_subshell_for = None
        self.on_msg(self._receive)
        self._search.ask("", True)  # by the time the list is opened the disk has been looked through

    def _receive(self, _: Any, content: Any, buffers: list[Any]) -> None:
        if not isinstance(content, Mapping):
            return
        if content.get("type") == "ask":
            self._search.ask(str(content.get("text") or ""), bool(content.get("fresh")))
        elif content.get("type") == "pick":
            picked = next((m for m in self._rows if m.name == content.get("name")), None)
            if picked is not None and picked.source == "adapter":
                self._go_on(picked)
            elif picked is not None:
                self.value = picked.name

    def _find(self, text: str, fresh: bool) -> tuple[str, list[Model]]:
        if not self._looked or (fresh and time.monotonic() - self._looked > FRESH):
            self._there = available(self._folders())
            self._looked = time.monotonic()
        return text, find(text, self._there)

    def _tell(self, answer: tuple[str, list[Model]]) -> None:
        text, found = answer
        self._rows = rows = found[:SHOWN]
        self.send({"type": "found", "text": text, "rows": [_row(m) for m in rows], "more": len(found) - len(rows)})
        self._reader.ask(rows)

    def _fail(self, error: Exception) -> None:
        self.send({"type": "found", "text": "", "rows": [], "more": 0, "problem": str(error)})

    def _read(self, rows: list[Model]) -> None:
        for model in rows:
            if rows is not self._rows:  # others are in sight by now
                return
            if model.folder is None:
                words = TO_DOWNLOAD
            else:
                key = (model.name, _changed(model.folder))
                words = self._words.get(key) or _about(model)
                self._words[key] = words
            self.send({"type": "about", "name": model.name, "words": words})


def _row(model: Model) -> dict[str, Any]:
    """A row as the page takes it: the name to pick, and the two lines to read."""
    if model.source == "adapter":
        place = f"adapter of {last_part(model.base)}" if model.base else "adapter"
    else:
        place = _short_path(model.name) if model.source == "folder" else PLACES[model.source]
    label = _run_and_part(Path(model.name)) if model.source == "folder" else last_part(model.name)
    return {"name": model.name, "label": label, "place": place, "adapter": model.source == "adapter"}


def last_part(name: str | None) -> str:
    """A folder by its last part, the adapter of a run by the run; a hub id as it is."""
    text = str(name or "")
    if not Path(text).is_absolute():
        return text
    return _run_and_part(Path(text))


def _run_and_part(path: Path) -> str:
    if path.name not in ("adapter", "merged"):
        return path.name
    run = path.parent.parent if path.parent.name == "exports" else path.parent
    return f"{run.name}/{path.name}"


def _short_path(name: str) -> str:
    path, home = Path(name), Path.home()
    return str(Path("~") / path.relative_to(home)) if path.is_relative_to(home) else name


def _about(model: Model) -> str:
    """What a model is, in a few words. Reads its small files and the headers of its weights."""
    try:
        if model.source == "adapter":
            found = read_adapter(model.folder or model.name)
            return " · ".join(word for word in (found.kind, f"r {found.r}" if found.r else "", _size(model)) if word)
        about = card(model)
    except (FtwidgetsError, OSError) as error:
        return str(error)
    words = [
        UNUSABLE if about.blocking else about.kind.name if about.kind.name != "unknown" else "",
        short(about.parameters) if about.parameters else "",
        _size(model),
        "weights to download" if about.to_download and about.usable else "",
    ]
    return " · ".join(word for word in words if word)


def _size(model: Model) -> str:
    size = model.bytes
    if not size:
        return ""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{max(1, round(size / 1e6)):,} MB"


def _changed(folder: Path) -> float:
    try:
        return folder.stat().st_mtime
    except OSError:
        return 0.0
