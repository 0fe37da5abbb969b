"""Rows of the kernel written to a file, so that a run on them can be repeated."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from ftwidgets.data.kernel_objects import source_of_object
from ftwidgets.data.rows import Row
from ftwidgets.errors import FtwidgetsError


def save_object(value: Any, folder: Path) -> Path:
    """Write the rows of a pandas, polars or Arrow table, a ``datasets.Dataset`` or a list of dicts as JSON lines.

    The file is named by its content: the same rows are written once.

    Raises:
        FtwidgetsError: The object has no rows, or the file cannot be written.
    """
    digest = hashlib.sha256()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / f".{id(value):x}.part"
        with part.open("wb") as file:
            for item in source_of_object(value).rows():
                if isinstance(item, Row):
                    line = json.dumps(item.cells, ensure_ascii=False, default=str).encode() + b"\n"
                    digest.update(line)
                    file.write(line)
        path = folder / f"{digest.hexdigest()[:16]}.jsonl"
        part.replace(path)
    except OSError as error:
        raise FtwidgetsError(f"The rows cannot be written to {folder}: {error}.") from error
    return path
