"""Examples gathered into a `datasets.Dataset`, on disk once they outgrow a few megabytes."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from array import array
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ftwidgets.data.examples import Example
from ftwidgets.data.prompt_keys import prompt_keys
from ftwidgets.errors import FtwidgetsError

if TYPE_CHECKING:
    import datasets

IN_MEMORY = 64 << 20  # bytes of text
_BATCH = 8 << 20


class ExampleStore:
    """Takes examples one by one; small data stay in memory, larger are written to an Arrow file and mapped.

    The file lies in the system's folder for temporary files and is removed when Python ends.

    Raises:
        FtwidgetsError: The disk has no room.
    """

    def __init__(self, kind: str, form: str) -> None:
        self.schema = _schema(kind, form)
        self._columns: dict[str, list[Any]] = {name: [] for name in self.schema.names}
        self._pending = 0
        self._batches: list[Any] = []
        self._bytes = 0
        self._writer: Any = None
        self._path: Path | None = None
        self._openings = array("Q")
        self._prompts = array("Q")

    def __len__(self) -> int:
        return len(self._openings)

    def add(self, example: Example) -> None:
        """Keep one example."""
        for name, cells in self._columns.items():
            cells.append(example[name])
            self._pending += _size(example[name])
        opening, prompt = prompt_keys(example)
        self._openings.append(opening)
        self._prompts.append(prompt)
        if self._pending >= _BATCH:
            self._flush()

    def keys(self) -> tuple[np.ndarray, np.ndarray]:
        """``(openings, prompts)``: uint64 hashes of each example's opening and whole prompt."""
        return np.array(self._openings, np.uint64), np.array(self._prompts, np.uint64)

    def dataset(self) -> datasets.Dataset:
        """All examples added so far; call once, at the end."""
        import datasets
        import pyarrow as pa

        self._flush()
        if self._path is not None:
            self._writer.close()
            return datasets.Dataset.from_file(str(self._path))
        table = pa.Table.from_batches(self._batches, self.schema)
        return datasets.Dataset(datasets.table.InMemoryTable(table))

    def _flush(self) -> None:
        import pyarrow as pa

        if not self._columns["row_id"]:
            return
        batch = pa.RecordBatch.from_pydict(self._columns, schema=self.schema)
        self._columns = {name: [] for name in self.schema.names}
        self._bytes += batch.nbytes
        self._pending = 0
        if self._writer is None and self._bytes > IN_MEMORY:
            writer = self._writer = self._open()
            for earlier in self._batches:
                writer.write_batch(earlier)
            self._batches = []
        if self._writer is None:
            self._batches.append(batch)
            return
        assert self._path is not None
        free = shutil.disk_usage(self._path.parent).free
        if free < 4 * batch.nbytes:
            raise FtwidgetsError(
                f"No room to write the examples: {free / 2**20:.0f} MB free in {self._path.parent}. "
                "Free some, set TMPDIR to another disk, or set max_samples."
            )
        self._writer.write_batch(batch)

    def _open(self) -> Any:
        import pyarrow as pa

        folder = Path(tempfile.mkdtemp(prefix="ftwidgets-data-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        self._path = folder / "examples.arrow"
        return pa.ipc.new_stream(str(self._path), self.schema)


def _size(value: Any) -> int:
    if isinstance(value, str):
        return len(value)
    return sum(len(turn["content"]) + 16 for turn in value) if isinstance(value, list) else 8


def _schema(kind: str, form: str) -> Any:
    import pyarrow as pa

    turns = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))
    spoken = turns if form == "chat" else pa.string()
    names = {
        "chat": [("messages", turns)] if form == "chat" else [("prompt", spoken), ("completion", spoken)],
        "pairs": [("prompt", spoken), ("chosen", spoken), ("rejected", spoken)],
        "prompts": [("prompt", spoken)],
        "text": [("text", pa.string())],
    }[kind]
    return pa.schema([("row_id", pa.int64()), *names])
