"""Rows that are already in the kernel: pandas, polars, datasets, Arrow, lists of dicts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ftwidgets.data.problems import Problem
from ftwidgets.data.rows import Row, Source
from ftwidgets.data.table_files import unique_names
from ftwidgets.errors import FtwidgetsError

VARIABLE = "variable: "  # before the name of a variable, where a dataset is named
_BATCH = 1024


def source_of_object(value: Any, name: str = "", split: str = "train") -> Source:
    """A `Source` over an object.

    Args:
        value: pandas or polars DataFrame, `datasets.Dataset`, `DatasetDict` or `IterableDataset`, pyarrow Table, list
            of dicts, or dict of equally long lists.
        name: What to call it, its variable name for one.
        split: Which part of a `DatasetDict` is meant.

    Raises:
        FtwidgetsError: An object of another kind, or a split that it has not.
    """
    kind = _kind(value)
    name = name or kind
    if kind == "DatasetDict":
        if split not in value:
            raise FtwidgetsError(f"{name} has no split {split!r}. It has: {', '.join(value)}.")
        splits = tuple(value)
        source = source_of_object(value[split], f"{name}[{split!r}]")
        source.splits = splits
        return source
    if kind == "pandas":
        return Source(name, lambda: _pandas_rows(value), len(value))
    if kind in ("polars", "polars lazy"):
        table = value.collect() if kind == "polars lazy" else value
        return Source(name, lambda: (Row(cells) for cells in table.iter_rows(named=True)), table.height)
    if kind == "Dataset":
        return Source(name, lambda: (Row(dict(cells)) for cells in value.with_format(None)), len(value))
    if kind == "IterableDataset":
        return Source(name, lambda: (Row(dict(cells)) for cells in value))
    if kind == "Table":
        return Source(name, lambda: _table_rows(value), value.num_rows)
    if kind == "list":
        return Source(name, lambda: _list_rows(value), len(value))
    if kind == "dict":
        lengths = {column: len(cells) for column, cells in value.items()}
        if len(set(lengths.values())) != 1:
            raise FtwidgetsError(f"The columns of {name} differ in length: {lengths}. Make them equally long.")
        columns = list(value)
        return Source(
            name,
            lambda: (Row(dict(zip(columns, cells, strict=True))) for cells in zip(*value.values(), strict=True)),
            next(iter(lengths.values())),
        )
    raise FtwidgetsError(
        f"Rows cannot be read from {kind}. Give a path, a hub id, a pandas or polars DataFrame, a datasets.Dataset, "
        "a pyarrow Table or a list of dicts."
    )


def offered(namespace: Mapping[str, Any]) -> dict[str, str]:
    """The variables of a namespace that hold rows, each with a description: ``{"df": "pandas, 300 rows: ..."}``."""
    found = {}
    for name, value in namespace.items():
        if name.startswith("_"):
            continue
        kind = _kind(value)
        if kind == "list" and not (value and all(isinstance(item, Mapping) for item in value[:5])):
            continue
        if kind == "dict" or kind not in ("pandas", "polars", "Dataset", "DatasetDict", "Table", "list"):
            continue
        if kind == "DatasetDict":
            found[name] = f"DatasetDict with {', '.join(value)}"
            continue
        columns = list(value[0]) if kind == "list" else getattr(value, "column_names", None) or list(value.columns)
        found[name] = f"{kind}, {len(value):,} rows: {', '.join(str(column) for column in columns[:6])}"
    return found


def _kind(value: Any) -> str:
    # by name, so that a library that is not in use is not imported
    names = {f"{base.__module__.partition('.')[0]}.{base.__name__}" for base in type(value).__mro__}
    known = {
        "pandas.DataFrame": "pandas",
        "polars.DataFrame": "polars",
        "polars.LazyFrame": "polars lazy",
        "datasets.Dataset": "Dataset",
        "datasets.DatasetDict": "DatasetDict",
        "datasets.IterableDataset": "IterableDataset",
        "pyarrow.Table": "Table",
        "builtins.list": "list",
        "builtins.tuple": "list",
        "builtins.dict": "dict",
    }
    return next((kind for full, kind in known.items() if full in names), type(value).__name__)


def _pandas_rows(frame: Any) -> Iterator[Row | Problem]:
    names, repeated = unique_names(str(column) for column in frame.columns)
    yield from (_repeated(name) for name in repeated)
    for start in range(0, len(frame), _BATCH):
        part = frame.iloc[start : start + _BATCH]
        columns = [[_plain(cell) for cell in part.iloc[:, i].tolist()] for i in range(len(names))]
        for cells in zip(*columns, strict=True):
            yield Row(dict(zip(names, cells, strict=True)))


def _plain(cell: Any) -> Any:
    """pandas' NaN, NaT and NA as ``None``, numpy arrays as lists."""
    if type(cell).__name__ in ("NAType", "NaTType") or (isinstance(cell, float) and cell != cell):
        return None
    return [_plain(item) for item in cell.tolist()] if type(cell).__name__ == "ndarray" else cell


def _table_rows(table: Any) -> Iterator[Row | Problem]:
    names, repeated = unique_names(table.column_names)
    yield from (_repeated(name) for name in repeated)
    table = table.rename_columns(names)
    for start in range(0, table.num_rows, _BATCH):
        yield from (Row(cells) for cells in table.slice(start, _BATCH).to_pylist())


def _list_rows(rows: Any) -> Iterator[Row | Problem]:
    for row in rows:
        if isinstance(row, Mapping):
            yield Row({str(name): cell for name, cell in row.items()})
        elif isinstance(row, str):
            yield Row({"text": row})
        else:
            yield Problem(
                "not an object", f"The row is of type {type(row).__name__}, not a dict.", "Give dicts.", skipped=True
            )


def _repeated(name: str) -> Problem:
    return Problem(
        "duplicate column",
        f"Two columns are called {name!r}; the second is read as {name + '.2'!r}.",
        "Rename one, or map the column that is meant by hand.",
    )
