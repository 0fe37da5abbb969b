"""Which pairs are shown, and in which order."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ftwidgets.data.pairs.columns import PairColumns
from ftwidgets.data.pairs.search import Search, Where
from ftwidgets.data.pairs.stats import Progress, no_progress
from ftwidgets.data.pairs.table import SIDES
from ftwidgets.errors import FtwidgetsError

PARTIAL_EVERY = 0.1  # seconds; what takes no longer is shown whole


@dataclass(frozen=True)
class Query:
    """`text` is looked for without regard to case, as it stands or as a regular expression (that of Rust's
    regex: no look-around, no back-references).

    `checks`: rows that any of these lint checks marked. `verdicts`: rows with any of these states. `run`: rows that
    are "never_learned" or "flipped". `ranges`: (column, lowest or None, highest or None). `same_prompt`: the position
    of a pair whose prompt all shall share. `collapse`: only the first pair of each prompt.
    """

    text: str = ""
    regex: bool = False
    where: Where = "all"
    checks: tuple[str, ...] = ()
    verdicts: tuple[str, ...] = ()
    run: tuple[str, ...] = ()
    ranges: tuple[tuple[str, float | None, float | None], ...] = ()
    same_prompt: int | None = None
    collapse: bool = False
    sort: str = ""
    descending: bool = False

    @classmethod
    def from_message(cls, message: Mapping[str, Any]) -> "Query":
        """From what the page sends: lists for tuples, nothing trusted. Raises FtwidgetsError where it is no query."""
        try:
            return cls(
                text=str(message.get("text", "")),
                regex=bool(message.get("regex")),
                where=message["where"] if message.get("where") in SIDES else "all",
                checks=tuple(map(str, message.get("checks", ()))),
                verdicts=tuple(map(str, message.get("verdicts", ()))),
                run=tuple(map(str, message.get("run", ()))),
                ranges=tuple((str(name), _number(low), _number(high)) for name, low, high in message.get("ranges", ())),
                same_prompt=None if message.get("same_prompt") is None else int(message["same_prompt"]),
                collapse=bool(message.get("collapse")),
                sort=str(message.get("sort") or ""),
                descending=bool(message.get("descending")),
            )
        except (TypeError, ValueError) as error:
            raise FtwidgetsError(f"This filter cannot be read: {error}.") from error


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


@dataclass
class Marks:
    """What is known by position: rows that each lint check marked, and rows in each state of judging, as functions
    that give bool (rows,); `rows`: positions that the view is restricted to.
    """

    check: Callable[[str], np.ndarray]
    verdict: Callable[[str], np.ndarray]
    rows: np.ndarray | None = None


def select(
    query: Query,
    columns: PairColumns,
    marks: Marks,
    search: Search,
    progress: Progress = no_progress,
    partial: Callable[[np.ndarray], None] = lambda positions: None,
) -> np.ndarray:
    """int32 positions of the pairs to show, in order; `partial` gets the ones known so far while a search goes on.

    Raises FtwidgetsError for an unknown column or a regular expression that cannot be read.
    """
    table, keep = columns.stats.table, np.ones(len(columns.stats.table), bool)
    if marks.rows is not None:
        keep[:] = False
        keep[marks.rows] = True
    for names, mask_of in ((query.checks, marks.check), (query.verdicts, marks.verdict)):
        if names:
            keep &= np.logical_or.reduce([mask_of(name) for name in names])
    if query.run:
        keep &= np.logical_or.reduce([columns.values(name) > 0 for name in query.run if columns.has(name)])
    for name, low, high in query.ranges:
        values = columns.values(name, progress)
        keep &= ~np.isnan(values) & (low is None or values >= low) & (high is None or values <= high)
    if query.same_prompt is not None and 0 <= query.same_prompt < len(table):
        group, _ = columns.stats.prompt_groups(progress)
        keep &= group == group[query.same_prompt]

    def ordered(mask: np.ndarray) -> np.ndarray:
        if marks.rows is not None and not query.sort:  # as they were asked for
            positions = marks.rows[mask[marks.rows]].astype(np.int32)
        elif query.sort:
            order = columns.order(query.sort, query.descending, progress)
            positions = order[mask[order]]
        else:
            positions = np.flatnonzero(mask).astype(np.int32)
        return _firsts(positions, columns) if query.collapse else positions

    if not query.text:
        return ordered(keep)
    due = [time.monotonic() + PARTIAL_EVERY]

    def so_far(found: np.ndarray) -> None:
        if time.monotonic() >= due[0]:  # ordering a million rows after every block would cost more than the search
            partial(ordered(keep & found))
            due[0] = time.monotonic() + PARTIAL_EVERY

    return ordered(keep & search.rows(query.text, query.regex, query.where, progress, so_far))


def _firsts(positions: np.ndarray, columns: PairColumns) -> np.ndarray:
    """The first of each prompt."""
    group, sizes = columns.stats.prompt_groups()
    of = group[positions]
    first = np.full(len(sizes), -1, np.int64)
    first[of[::-1]] = np.arange(len(of))[::-1]  # of several writes the last stands: the first in order
    return positions[np.sort(first[first >= 0])]
