"""A file dropped on the form: sent in pieces, kept beside the runs, and taken as the dataset."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import anywidget
import traitlets as t

from ftwidgets.errors import FtwidgetsError

STATIC = Path(__file__).parent.parent / "static"
ACCEPTED = ".json,.jsonl,.ndjson,.csv,.tsv,.parquet,.arrow,.feather,.txt,.md,.gz,.bz2,.xz,.zst"
LARGEST = 2 * 10**9  # bytes; through a browser more takes longer than copying the file
SPARED = 200 * 10**6  # bytes of the disk that stay free


class Upload(anywidget.AnyWidget):
    """A place to drop a file on, or to choose one from.

    The browser sends pieces of 2 MiB and waits for each to be written: a message above 10 MiB would close the kernel's
    connection.

    Args:
        folder: Where files are kept.
        take: Called with the path of the kept file.
    """

    _esm = STATIC / "upload.js"
    _css = STATIC / "upload.css"
    accept = t.Unicode(ACCEPTED).tag(sync=True)

    def __init__(self, folder: Callable[[], Path], take: Callable[[str], None]):
        super().__init__()
        self._folder, self._take = folder, take
        self._files: dict[str, Incoming] = {}
        if hasattr(self.comm, "_reply_subshell_for"):
            # ipykernel 7.4 would answer on the busy main thread; None lets the pieces in on a subshell.
            self.comm._reply_subshell_for = None
        self.on_msg(self._receive)

    def _receive(self, _: Any, content: Any, buffers: list[Any]) -> None:
        if not isinstance(content, Mapping) or not isinstance(content.get("id"), str):
            return
        name = content["id"]
        try:
            self._answer(name, content, buffers)
        except FtwidgetsError as error:
            if name in self._files:
                self._files.pop(name).drop()
            self.send({"type": "refused", "id": name, "text": str(error)})

    def _answer(self, name: str, content: Mapping[str, Any], buffers: list[Any]) -> None:
        kind = content.get("type")
        if kind == "begin":
            incoming = Incoming(str(content.get("name")), int(content.get("size") or 0), self._folder())
            self._files[name] = incoming
        elif name not in self._files:
            return  # cancelled
        elif kind == "piece" and buffers:
            incoming = self._files[name]
            incoming.add(int(content.get("at") or 0), bytes(buffers[0]))
        else:
            self._files.pop(name).drop()
            return
        if not incoming.whole:
            self.send({"type": "next", "id": name, "at": incoming.size})
            return
        path = self._files.pop(name).keep()
        self.send({"type": "kept", "id": name, "text": f"Kept as {path}"})
        self._take(str(path))

    def close(self) -> None:
        for incoming in self._files.values():
            incoming.drop()
        self._files.clear()
        super().close()


class Incoming:
    """A file that comes in pieces, under ``folder`` and a harmless name; nothing stands there until it is whole.

    Raises:
        FtwidgetsError: It is empty, too large, or cannot be written.
    """

    def __init__(self, name: str, expected: int, folder: Path):
        self.size = 0
        self.expected = expected
        self._name = name
        self._harmless = re.sub(r"[^\w.-]+", "-", Path(name).name).strip(".-") or "rows"
        self._folder = folder
        if expected <= 0:
            raise FtwidgetsError(f"{name} is empty. Choose a file with rows in it.")
        if expected > LARGEST:
            raise FtwidgetsError(
                f"{name} has {expected / 1e9:.1f} GB; up to {LARGEST / 1e9:.0f} GB go through the browser. "
                "Copy it to the kernel's machine and give its path as the dataset: then it is read where it is."
            )
        try:
            folder.mkdir(parents=True, exist_ok=True)
            free = shutil.disk_usage(folder).free
            if free - expected < SPARED:
                raise FtwidgetsError(
                    f"No room for {name} in {folder}: it has {expected / 1e6:,.0f} MB, and {free / 1e6:,.0f} are free. "
                    "Set output_dir to another disk, or give the path of the file where it is."
                )
            self._part = folder / f".{self._harmless}.{id(self):x}.part"
            self._part.write_bytes(b"")
        except OSError as error:
            raise self._cannot(error) from error

    @property
    def whole(self) -> bool:
        return self.size == self.expected

    def add(self, at: int, piece: bytes) -> None:
        """Append what was read at ``at``."""
        if at != self.size or not piece or self.size + len(piece) > self.expected:
            raise FtwidgetsError(f"{self._name} changed while it was sent. Drop it again.")
        try:
            with self._part.open("ab") as file:
                file.write(piece)
        except OSError as error:
            raise self._cannot(error) from error
        self.size += len(piece)

    def keep(self) -> Path:
        """Give the whole file its name."""
        path = self._folder / self._harmless
        try:
            self._part.replace(path)
        except OSError as error:
            raise self._cannot(error) from error
        return path

    def drop(self) -> None:
        """Leave nothing behind."""
        self._part.unlink(missing_ok=True)

    def _cannot(self, error: OSError) -> FtwidgetsError:
        return FtwidgetsError(
            f"{self._name} cannot be kept in {self._folder}: {error}. Give the path of the file where it is."
        )
