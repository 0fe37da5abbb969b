"""What people say of a run: a note, tags, a bookmark, whether to hide it. Kept in ``notes.json`` in its folder."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ftwidgets.errors import FtwidgetsError

FILE = "notes.json"
_writing = threading.Lock()


@dataclass(frozen=True)
class Remarks:
    """What people say of one run. ``other`` holds entries of the file that are not ours; they stay in it."""

    note: str = ""
    tags: tuple[str, ...] = ()
    bookmarked: bool = False
    hidden: bool = False
    other: dict[str, Any] = field(default_factory=dict, compare=False)


def read_remarks(folder: Path) -> Remarks:
    """The remarks in a run folder; none where there is no file, or a file that cannot be read."""
    try:
        found = json.loads((folder / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return Remarks()
    if not isinstance(found, dict):
        return Remarks()
    tags = found.pop("tags", ())
    return Remarks(
        note=str(found.pop("note", "") or ""),
        tags=as_tags(tags if isinstance(tags, list) else ()),
        bookmarked=bool(found.pop("bookmarked", False)),
        hidden=bool(found.pop("hidden", False)),
        other=found,
    )


def remark(folder: Path, **changes: Any) -> Remarks:
    """Change ``note``, ``tags``, ``bookmarked`` or ``hidden`` of a run; what is not named stays.

    The file is replaced as a whole. One that cannot be read is kept under another name and never written over.

    Raises:
        FtwidgetsError: The folder takes no file.
    """
    if "tags" in changes:
        changes["tags"] = as_tags(changes["tags"])
    path = folder / FILE
    with _writing:
        _keep_damaged(path)
        remarks = replace(read_remarks(folder), **changes)
        values = {name: getattr(remarks, name) for name in ("note", "tags", "bookmarked", "hidden")}
        part = path.with_suffix(".part")
        try:
            with part.open("w", encoding="utf-8") as file:
                json.dump({**remarks.other, **values}, file, ensure_ascii=False, indent=1)
                file.flush()
                os.fsync(file.fileno())  # a crash of the machine may not leave an empty file in its place
            part.replace(path)
        except OSError as error:
            raise FtwidgetsError(f"{path}: cannot be written: {error}. The remark was not kept.") from None
    return remarks


def as_tags(tags: str | Iterable[Any]) -> tuple[str, ...]:
    """Tags from a list, or from a text with commas: without blanks around them, each once."""
    parts = tags.split(",") if isinstance(tags, str) else [str(tag) for tag in tags]
    return tuple(dict.fromkeys(part.strip() for part in parts if part.strip()))


def _keep_damaged(path: Path) -> None:
    try:
        whole = isinstance(json.loads(path.read_text(encoding="utf-8")), dict)
    except OSError:
        return
    except ValueError:
        whole = False
    if not whole:
        number = 1
        while (kept := path.with_name(f"{FILE}.damaged-{number}")).exists():
            number += 1
        path.replace(kept)
