"""Pairs to a file: written beside the target and moved over it, so that a full disk leaves the old file whole."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    from datasets import Dataset

BATCH = 4096


def write_jsonl(dataset: "Dataset", path: Path) -> None:
    """One JSON object a line, UTF-8. Raises OSError."""

    def write(target: Path) -> None:
        with target.open("w", encoding="utf-8", newline="\n") as file:
            for at in range(0, len(dataset), BATCH):
                for row in dataset.select(range(at, min(at + BATCH, len(dataset)))):
                    file.write(json.dumps(row, ensure_ascii=False, default=str) + "\n")

    _replaced(path, write)


def write_parquet(dataset: "Dataset", path: Path) -> None:
    """Raises OSError."""
    import pyarrow.parquet as pq

    def write(target: Path) -> None:
        plain = dataset.with_format("arrow")
        with pq.ParquetWriter(target, dataset.features.arrow_schema) as writer:
            for at in range(0, len(dataset), BATCH):
                batch: pa.Table = plain[at : at + BATCH]
                writer.write_table(batch.cast(dataset.features.arrow_schema))

    _replaced(path, write)


def _replaced(path: Path, write: Callable[[Path], None]) -> None:
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        write(beside)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
