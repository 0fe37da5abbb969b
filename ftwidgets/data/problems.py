"""What is wrong with some rows: said once for each, with its place and a way out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, overload

KEPT_OF_A_KIND = 200


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault, where it is and what can be done.

    ``row`` is the row number in the source, from 0 (the ``row_id`` of the examples); ``line`` is the line of the
    file, from 1. Either is ``None`` where it has no meaning. ``skipped`` tells whether the row is left out.
    """

    kind: str  # a short name that problems of the same cause share
    message: str
    suggestion: str = ""
    row: int | None = None
    line: int | None = None
    file: str | None = None
    skipped: bool = False

    def where(self) -> str:
        """The place in words, empty for a fault of the whole source."""
        words = []
        if self.file:
            words.append(self.file)
        if self.row is not None:
            words.append(f"row {self.row}")
        if self.line is not None:
            words.append(f"line {self.line}")
        return ", ".join(words)

    def at(self, row: int | None, line: int | None = None, file: str | None = None) -> Problem:
        """The same fault with its place filled in where it was open."""
        return replace(
            self,
            row=row if self.row is None else self.row,
            line=line if self.line is None else self.line,
            file=file if self.file is None else self.file,
        )

    def __str__(self) -> str:
        place = self.where()
        return " ".join(part for part in (f"{place}:" if place else "", self.message, self.suggestion) if part)


class BadRow(Exception):  # noqa: N818 - it never leaves the room
    """A row that cannot become an example; caught where rows are converted and turned into a `Problem`."""

    def __init__(self, kind: str, message: str, suggestion: str = ""):
        self.problem = Problem(kind, message, suggestion, skipped=True)
        super().__init__(message)


class Problems(Sequence[Problem]):
    """Faults in order of discovery: all are counted, the first 200 of a kind are kept (a million may share one)."""

    def __init__(self) -> None:
        self._kept: list[Problem] = []
        self.counts: Counter[str] = Counter()
        self.skipped_rows = 0

    def add(self, problem: Problem) -> None:
        """Count a fault, and keep it unless its kind has been seen often."""
        self.counts[problem.kind] += 1
        self.skipped_rows += problem.skipped
        if self.counts[problem.kind] <= KEPT_OF_A_KIND:
            self._kept.append(problem)

    def summary(self, but: Container[str] = ()) -> list[str]:
        """One line for each kind, with its count and the first places; not for those in ``but``."""
        lines = []
        for kind, count in self.counts.most_common():
            if kind in but:
                continue
            first = [p for p in self._kept if p.kind == kind]
            if count == 1:
                lines.append(str(first[0]))
                continue
            rows = [str(p.row) for p in first if p.row is not None][:5]
            places = f" (rows {', '.join(rows)}{', ...' if count > len(rows) else ''})" if rows else ""
            fate = " Left out." if first[0].skipped else ""
            lines.append(f"{count:,} times{places}: {first[0].message} {first[0].suggestion}".rstrip() + fate)
        return lines

    @overload
    def __getitem__(self, index: int) -> Problem: ...
    @overload
    def __getitem__(self, index: slice) -> list[Problem]: ...
    def __getitem__(self, index: Any) -> Any:
        return self._kept[index]

    def __len__(self) -> int:
        return len(self._kept)

    def __iter__(self) -> Iterator[Problem]:
        return iter(self._kept)
