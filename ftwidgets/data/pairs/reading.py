"""Pairs from whatever a person has: the canonical columns as they are, any other known shape converted."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from ftwidgets.data.pairs.table import PairTable
from ftwidgets.errors import FtwidgetsError


def read_pairs(
    dataset: Any, mapping: dict[str, Any] | None = None, progress: Callable[..., None] | None = None
) -> tuple[PairTable, list[str]]:
    """(pairs, what was left out and why).

    `dataset`: a path, a hub id, a `datasets.Dataset`, a pandas or polars frame, an Arrow table or a list of dicts. With
    columns `chosen` and `rejected` of strings or of messages it is used in place; else its shape is found out, or
    taken from `mapping`, and its rows are converted, metadata columns kept.
    Raises FtwidgetsError where there are no pairs in it.
    """
    if isinstance(dataset, PairTable):
        return dataset, []
    if mapping is None:
        in_place = _in_place(dataset)
        if in_place is not None:
            return in_place, []
    return _converted(dataset, mapping, progress)


def _in_place(dataset: Any) -> PairTable | None:
    if isinstance(dataset, str | Path):
        path = Path(dataset).expanduser()
        if path.suffix == ".parquet" and path.is_file():
            import pyarrow.parquet as pq

            dataset = pq.read_table(path, memory_map=True)
        else:
            return None
    try:
        table = PairTable.of(dataset)
    except FtwidgetsError:
        return None
    # Whole conversations or transcripts on both sides hold their prompt inside: converting takes it out.
    return table if "prompt" in table.arrow.column_names else None


def _converted(
    dataset: Any, mapping: dict[str, Any] | None, progress: Callable[..., None] | None
) -> tuple[PairTable, list[str]]:
    from ftwidgets.data.convert import convert
    from ftwidgets.data.detection import detect
    from ftwidgets.data.problems import Problems
    from ftwidgets.data.rows import Row
    from ftwidgets.data.sources import open_source

    source = open_source(dataset)
    detection = detect(source, mapping)
    if detection.mapping is None:
        raise FtwidgetsError(f"{source.name}: {detection.explain()}")
    used = {column.split(".")[0] for column in detection.mapping.columns.values()}
    beside: dict[int, dict[str, Any]] = {}

    def rows() -> Iterator[Any]:
        number = 0  # counted as the source counts: rows, and problems in the place of a row
        for item in source.read():
            if isinstance(item, Row):
                beside[number] = {n: v for n, v in item.cells.items() if n not in used and _is_plain(v)}
            number += isinstance(item, Row) or item.skipped
            yield item

    problems = Problems()
    kept = convert(replace(source, read=rows), detection.mapping, "pairs", problems, progress=progress)
    if not len(kept):
        why = "; ".join(problems.summary()[:3]) or f"its rows look like {detection.shape}, which holds no pairs"
        raise FtwidgetsError(f"{source.name}: there are no preference pairs in it: {why}.")
    table = kept.dataset().data.table
    for name in dict.fromkeys(name for cells in beside.values() for name in cells):
        if name not in table.column_names:
            values = [beside.get(row, {}).get(name) for row in table.column("row_id").to_pylist()]
            table = table.append_column(name, _column(values))
    return PairTable(table), problems.summary()


def _is_plain(value: Any) -> bool:
    return isinstance(value, int | float | bool) or (isinstance(value, str) and len(value) <= 500)


def _column(values: list[Any]) -> pa.Array:
    try:
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        return pa.array([None if value is None else str(value) for value in values])
