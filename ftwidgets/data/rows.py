"""A source of rows: numbered, read one after another, as often as wanted."""

from __future__ import annotations

import lzma
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ftwidgets.data.problems import Problem


@dataclass(slots=True)
class Row:
    """One record: its cells by column name, its number in the source (from 0), its line in the file (from 1)."""

    cells: dict[str, Any]
    line: int | None = None
    file: str | None = None
    number: int = -1


@dataclass
class Source:
    """Rows that are read anew by each call of `rows`, so that a file never has to fit into memory.

    ``read`` gives `Row`s and `Problem`s in the order of the source; a problem with ``skipped`` stands for a row
    and takes a number, any other is a note about the source.
    """

    name: str
    read: Callable[[], Iterator[Row | Problem]]
    length: int | None = None  # rows, where known without reading
    bytes: int | None = None  # size on disk of what is read
    splits: tuple[str, ...] = ()  # the other splits of the same source, by name
    notes: list[str] = field(default_factory=list)

    def rows(self) -> Iterator[Row | Problem]:
        """All rows and problems, numbered. A source that breaks off while being read ends in a problem."""
        number = 0
        try:
            for item in self.read():
                if isinstance(item, Row):
                    item.number = number
                elif item.skipped:
                    item = item.at(number)
                else:
                    yield item
                    continue
                number += 1
                yield item
        except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
            yield Problem(
                "truncated file",
                f"{self.name} breaks off after {number:,} rows: {error}.",
                "It was probably cut off while being copied; the rows before are usable.",
            )
