"""CSV, Parquet and Arrow files, read row by row."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ftwidgets.data.encodings import open_text
from ftwidgets.data.problems import Problem
from ftwidgets.data.rows import Row
from ftwidgets.errors import FtwidgetsError

_BATCH = 1024


def read_csv(path: Path) -> Iterator[Row | Problem]:
    """Rows of a CSV or TSV file with a header line; the delimiter is the one the header is best divided by."""
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))  # the default refuses cells above 128 kB
    stream, notes = open_text(path, newline="")
    with stream:
        yield from notes
        head = stream.readline()
        while head and not head.strip():
            head = stream.readline()
        delimiter = _delimiter(head, path.name)
        if not head:
            raise FtwidgetsError(f"{path} has no header line with column names. Add one as its first line.")
        # a header may itself hold quoted line breaks, so the reader starts from it and not behind it
        reader = csv.reader(_chain(head, stream), delimiter=delimiter)
        try:
            names, repeated = unique_names(next(reader))
        except (csv.Error, StopIteration):
            raise FtwidgetsError(f"{path} has no header line with column names. Add one as its first line.") from None
        yield from (_repeated(name, path) for name in repeated)
        while True:
            line = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield Problem("invalid CSV", f"Not valid CSV: {error}.", "Repair the quotes.", line=line, skipped=True)
                continue
            if not cells:
                continue
            if len(cells) != len(names):
                yield Problem(
                    "wrong number of cells",
                    f"The row has {len(cells)} cells, the header {len(names)}.",
                    "A cell with a comma or a line break must stand in quotes.",
                    line=line,
                    skipped=True,
                )
                continue
            yield Row(dict(zip(names, cells, strict=True)), line)


def _chain(head: str, stream: Iterable[str]) -> Iterator[str]:
    yield head
    yield from stream


def _delimiter(head: str, name: str) -> str:
    if ".tsv" in name.lower():
        return "\t"
    counts = {mark: len(next(csv.reader([head], delimiter=mark), [])) for mark in ",\t;|"}
    return max(counts, key=lambda mark: counts[mark])


def unique_names(names: Iterable[str]) -> tuple[list[str], list[str]]:
    """Column names made distinct (``a``, ``a.2``), and those that were repeated."""
    found: list[str] = []
    repeated: list[str] = []
    for index, given in enumerate(names):
        name = given.strip().lstrip("\ufeff") or f"column {index + 1}"
        if name in found:
            repeated.append(name)
            count = 2
            while f"{name}.{count}" in found:
                count += 1
            name = f"{name}.{count}"
        found.append(name)
    return found, repeated


def _repeated(name: str, path: Path) -> Problem:
    return Problem(
        "duplicate column",
        f"Two columns are called {name!r}; the second is read as {name + '.2'!r}.",
        "Rename one, or map the column that is meant by hand.",
        file=path.name,
    )


def read_parquet(path: Path) -> Iterator[Row | Problem]:
    """Rows of a Parquet file, some at a time."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            yield from _rows(file.iter_batches(batch_size=_BATCH), file.schema_arrow.names, path)
    except (pa.ArrowException, OSError) as error:
        raise FtwidgetsError(f"{path} is not a readable Parquet file: {_first_line(error)}.") from error


def read_arrow(path: Path) -> Iterator[Row | Problem]:
    """Rows of an Arrow file or stream (.arrow, .feather)."""
    import pyarrow as pa

    try:
        with pa.memory_map(str(path)) as memory:
            try:
                reader: Any = pa.ipc.open_file(memory)
                batches: Iterable[Any] = (reader.get_batch(i) for i in range(reader.num_record_batches))
            except pa.ArrowInvalid:
                memory.seek(0)
                reader = batches = pa.ipc.open_stream(memory)
            yield from _rows(batches, reader.schema.names, path)
    except (pa.ArrowException, OSError) as error:
        raise FtwidgetsError(f"{path} is not a readable Arrow file: {_first_line(error)}.") from error


def _rows(batches: Iterable[Any], names: list[str], path: Path) -> Iterator[Row | Problem]:
    names, repeated = unique_names(names)
    yield from (_repeated(name, path) for name in repeated)
    for batch in batches:
        for start in range(0, batch.num_rows, _BATCH):
            yield from (Row(cells) for cells in batch.slice(start, _BATCH).rename_columns(names).to_pylist())


def parquet_length(path: Path) -> int | None:
    """The number of rows, from the file's footer; ``None`` where it cannot be read."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.read_metadata(path).num_rows
    except (pa.ArrowException, OSError):
        return None


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [""])[0].rstrip(".")
