"""What the chosen rows are: their shape with its evidence, what they can train, and the first of them."""

from __future__ import annotations

import html
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import ipywidgets as w

from ftwidgets.config import METHOD_NAMES
from ftwidgets.data.columns_found import ColumnsFound
from ftwidgets.data.mapping import PreviewRow
from ftwidgets.data.problems import Problem, Problems
from ftwidgets.data.rows import Row, Source
from ftwidgets.errors import FtwidgetsError
from ftwidgets.widgets.background import Latest
from ftwidgets.widgets.text import paragraph, safe

FIRST = 3  # rows shown
BY_HAND = "Say above, under “Map columns by hand”, which column is the prompt and which are the answers."
COUNTED = 50 * 2**20  # bytes: a larger file is not read to the end only to count its rows


@dataclass(frozen=True)
class Look:
    """What a look at a dataset found.

    ``read_off`` is the mapping that the rows themselves suggest, without one given by hand; ``fits`` whether the rows
    are understood.
    """

    title: str
    evidence: list[str]
    rows: int | None
    usable: dict[str, tuple[bool, str, str]]
    preview: list[dict[str, Any]]
    problems: list[str]
    columns: ColumnsFound = field(default_factory=ColumnsFound)
    read_off: dict[str, Any] | None = None
    fits: bool = True


class DataPanel(w.VBox):
    """Looks at a dataset in the background and says what it is.

    Attributes:
        look: The latest finding, ``None`` while looking or when the data cannot be read.
        error: Why the data cannot be read, or an empty string; the form says it beside its field.
    """

    def __init__(self, on_look: Callable[[], None]):
        self.look: Look | None = None
        self.error = ""
        self._on_look = on_look
        self._asked: tuple[Any, ...] | None = None
        self._title = paragraph(kind="found")
        self._evidence = paragraph(kind="evidence")
        self._rows = paragraph(kind="rows")
        self._worker = Latest(look_at, self._show, self._fail)
        self._method = paragraph(kind="said")
        super().__init__([self._title, self._method, self._evidence, self._rows])
        self.add_class("ftw-data-panel")

    def show(self, dataset: str, config: str | None, split: str, mapping: Any, method: str, rows: Any = None) -> None:
        """Look at a dataset, or at ``rows`` of the kernel that it names, unless it is the one on show."""
        mapping = mapping if isinstance(mapping, dict) else None
        # The built-in rows are other rows for each kind of method.
        asked = (dataset, config, split, mapping, method if dataset == "demo" else "", id(rows), _len(rows))
        if asked == self._asked:
            return
        self._asked = asked
        self.look, self.error = None, ""
        self._method.value = ""
        self._title.value = safe("Looking at the rows…")
        self.add_class("ftw-looking")  # what is still there is of other rows
        self._worker.ask(dataset if rows is None else rows, config, split, mapping, method)

    def say(self, text: str) -> None:
        """A word on what was done because of the rows; it stays until other rows are looked at."""
        self._method.value = safe(text)

    def refuse(self, error: Exception) -> None:
        """Say why there is nothing to look at."""
        if self._asked != (said := ("refused", str(error))):
            self._asked = said
            self._fail(error)

    def _show(self, look: Look) -> None:
        self.look, self.error = look, ""
        self.remove_class("ftw-looking")
        rows = f", {look.rows:,} row{'s' if look.rows != 1 else ''}" if look.rows is not None else ""
        self._title.value = f"<b>{'✓' if look.fits else '⚠'} {safe(look.title + rows)}</b>"
        said = look.evidence + look.problems
        self._evidence.value = "<ul>" + "".join(f"<li>{safe(line)}</li>" for line in said) + "</ul>" if said else ""
        self._rows.value = "".join(_row(row) for row in look.preview)
        self._on_look()

    def _fail(self, error: Exception) -> None:
        self.look, self.error = None, str(error)
        self.remove_class("ftw-looking")
        self._title.value = self._evidence.value = self._rows.value = ""
        self._on_look()


def look_at(dataset: Any, config: str | None, split: str, mapping: dict[str, Any] | None, method: str) -> Look:
    """Read the first rows of a dataset and tell their shape. Raises ``FtwidgetsError`` when they cannot be read."""
    from ftwidgets.data import detect, open_source, preview, usable_for
    from ftwidgets.data.detection import head

    if isinstance(dataset, str) and dataset == "demo":
        from ftwidgets.demo import dataset_file

        dataset = str(dataset_file(method))
    source = open_source(dataset, config, split)
    first = head(source)
    plain = [item for item in first if isinstance(item, Row)]
    columns = ColumnsFound.of(plain)
    alone = detect(first)
    found, fault = alone, ""
    if mapping is not None:
        try:
            found = detect(first, mapping)
        except FtwidgetsError as error:
            fault = str(error)
        if not fault and not found.confidence:
            fault = f"No row fits this mapping. {next(iter(found.problems), '')}".strip()
    rows, unread = _count(source)
    kind = found.kinds[0] if found.kinds else ""
    if fault or found.mapping is None or not kind:
        shown = [{name: _written(cell) for name, cell in row.cells.items()} for row in plain[:FIRST]]
    else:
        shown = [_shown(row) for row in preview(first, found.mapping, kind, FIRST)]
    said = found.problems.summary(but=unread.counts)[:5]
    if rows is None or rows > found.rows_looked_at:
        said = [f"Among the {found.rows_looked_at:,} rows looked at: {line}" for line in said]
    return Look(
        title="The mapping does not fit" if fault else found.title,
        evidence=[] if fault else [*found.evidence, *([] if found.shape else [BY_HAND])],  # a fault stands at its field
        rows=rows,
        usable={name: (False, fault, "") if fault else usable_for(found, name) for name in METHOD_NAMES},
        preview=shown,
        problems=unread.summary()[:5] + ([] if fault else said),
        columns=columns,
        read_off=alone.mapping.to_dict() if alone.mapping is not None else None,
        fits=not fault and found.shape is not None,
    )


def _shown(row: PreviewRow) -> dict[str, Any]:
    """What a row becomes, or why it becomes nothing and what is in it."""
    if row.example is not None:
        return row.example
    cells = {name: _written(cell) for name, cell in row.cells.items()}
    why = f"{row.problem.message} {row.problem.suggestion}".strip() if row.problem is not None else ""
    return {f"row {row.row}": f"⚠ {why}"} | cells


def _written(cell: Any) -> str:
    return cell if isinstance(cell, str) else repr(cell)[:1000]


def _len(rows: Any) -> int | None:
    return len(rows) if hasattr(rows, "__len__") else None


def _count(source: Source) -> tuple[int | None, Problems]:
    """How many rows can be read, and what keeps the others from it; only what is known of a large file."""
    problems = Problems()
    if source.length is not None or (source.bytes or COUNTED) >= COUNTED:
        return source.length, problems
    rows = 0
    for item in source.rows():
        if isinstance(item, Problem):
            problems.add(item)
        else:
            rows += 1
    return rows, problems


def _row(example: dict[str, Any]) -> str:
    parts = ""
    for name, value in example.items():
        if name == "row_id":
            continue
        text = value if isinstance(value, str) else "\n".join(f"{m['role']}: {m['content']}" for m in value)
        shown = text if len(text) <= 400 else text[:400] + "…"
        parts += f"<dt>{html.escape(name)}</dt><dd>{safe(shown)}</dd>"
    return f"<dl>{parts}</dl>"
