"""Which column plays which role: a small dict that travels in a run's config, and its use on rows."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ftwidgets.data.examples import Example, example_of
from ftwidgets.data.pairing import paired, pairs_rows
from ftwidgets.data.problems import BadRow, Problem
from ftwidgets.data.reading import Reading
from ftwidgets.data.rows import Row, Source
from ftwidgets.data.shape_readers import READERS
from ftwidgets.data.shapes import SHAPES
from ftwidgets.data.turn_names import ROLES, TurnNames
from ftwidgets.errors import FtwidgetsError

RULES = ("best_worst", "best_random")
FORMS = ("chat", "text")
KINDS_ASKED = (None, "text")
TURN_OPTIONS = ("role_field", "content_field", "speakers")
_OPTIONS = ("shape", "as", "rule", "kind", *TURN_OPTIONS)
PAIRED_AMONG = 256  # rows looked at for the first pairs
_NOT_COLUMNS = ("answer_field", "score_field")  # names inside a list of answers


@dataclass(frozen=True)
class Mapping:
    """A shape with its columns, and how its rows become examples.

    ``form`` is ``"chat"`` (turns, rendered by the chat template) or ``"text"`` (strings, as they stand).
    ``rule`` says how scored answers become a pair: ``best_worst``, or ``best_random`` (best against any lower one).
    ``kind`` asks for another kind of examples than the method's own: ``"text"`` writes turns one under another.
    ``turns`` is how lists of turns are named where that is not as usual.
    """

    shape: str
    columns: dict[str, str] = field(default_factory=dict)
    form: str = "chat"
    rule: str = "best_worst"
    kind: str | None = None
    turns: TurnNames = field(default_factory=TurnNames)

    @classmethod
    def from_dict(cls, given: dict[str, Any]) -> Mapping:
        """Read ``{"shape": "preference", "prompt": "question", "chosen": "good", "rejected": "bad"}``.

        Without ``shape``, the one whose roles fit is taken. Further keys: ``as``, ``rule``, ``kind``, and
        for lists of turns ``role_field``, ``content_field`` and ``speakers`` (``{"Alice": "user"}``).

        Raises:
            FtwidgetsError: An unknown shape, role or value, or a missing role.
        """
        if not isinstance(given, dict):
            raise FtwidgetsError(f"mapping is {type(given).__name__}; give a dict of roles and columns.")
        columns = {role: column for role, column in given.items() if role not in _OPTIONS and column is not None}
        name = given.get("shape") or _shape_of_roles(set(columns))
        if name not in SHAPES:
            raise FtwidgetsError(f"mapping: there is no shape {name!r}. Use one of {', '.join(SHAPES)}.")
        shape = SHAPES[name]
        for role, column in columns.items():
            if role not in shape.roles:
                near = difflib.get_close_matches(str(role), shape.roles, n=1)
                hint = f"Did you mean {near[0]}?" if near else f"It has {', '.join(shape.roles)}."
                raise FtwidgetsError(f"mapping: the shape {name} has no role {role!r}. {hint}")
            if not isinstance(column, str):
                raise FtwidgetsError(f"mapping: {role} is {column!r}; give the name of a column.")
        missing = [role for role in shape.required if role not in columns]
        if missing:
            raise FtwidgetsError(f"mapping: say which column is {' and which is '.join(missing)} (shape {name}).")
        form, rule, kind = given.get("as") or "chat", given.get("rule") or "best_worst", given.get("kind")
        for key, value, allowed in (("as", form, FORMS), ("rule", rule, RULES), ("kind", kind, KINDS_ASKED)):
            if value not in allowed:
                raise FtwidgetsError(f"mapping: {key} is {value!r}; use {' or '.join(str(a) for a in allowed)}.")
        return cls(name, columns, form, rule, kind, _turn_names(given))

    def to_dict(self) -> dict[str, Any]:
        """The plain dict that `from_dict` reads and a config keeps."""
        options = {"as": self.form, "rule": self.rule, "kind": self.kind}
        usual = {"as": "chat", "rule": "best_worst", "kind": None}
        turns = {name: value for name in TURN_OPTIONS if (value := getattr(self.turns, name))}
        return {"shape": self.shape, **self.columns, **{k: v for k, v in options.items() if v != usual[k]}, **turns}

    def check(self, columns: Iterable[str]) -> None:
        """Hold the mapping against the columns there are.

        Raises:
            FtwidgetsError: A mapped column does not exist.
        """
        known = list(columns)
        for role, column in self.columns.items():
            if role in _NOT_COLUMNS or column in known or column.split(".")[0] in known:
                continue
            near = difflib.get_close_matches(column, known, n=1)
            hint = f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(known)}."
            raise FtwidgetsError(f"mapping: there is no column {column!r} for {role}. {hint}")

    def read(self, row: Row) -> Reading:
        """The row, understood. Raises `BadRow`."""
        roles: dict[str, Any] = {**self.columns, "rule": self.rule}
        cells = row.cells
        if self.turns:
            mapped = {column if column in cells else column.split(".")[0] for column in self.columns.values()}
            cells = {name: self.turns.usual(cell) if name in mapped else cell for name, cell in cells.items()}
        return READERS[self.shape](cells, roles, row.number)


def _turn_names(given: dict[str, Any]) -> TurnNames:
    names = [given.get(name) or None for name in TURN_OPTIONS]
    for option, value in zip(TURN_OPTIONS[:2], names[:2], strict=True):
        if value is not None and not isinstance(value, str):
            raise FtwidgetsError(f"mapping: {option} is {value!r}; give the name that it has in a turn.")
    speakers = names[2] or {}
    if not isinstance(speakers, dict):
        raise FtwidgetsError('mapping: speakers is no dict; write {"Alice": "user", "Bot": "assistant"}.')
    for speaker, role in speakers.items():
        if not isinstance(speaker, str) or role not in ROLES:
            raise FtwidgetsError(f"mapping: the speaker {speaker!r} is {role!r}; use one of {', '.join(ROLES)}.")
    return TurnNames(names[0], names[1], dict(speakers))


def _shape_of_roles(roles: set[str]) -> str:
    fits = [s.name for s in SHAPES.values() if set(s.required) <= roles <= set(s.roles)]
    if not fits:
        raise FtwidgetsError(
            "mapping: no shape has exactly these roles. Add “shape”, one of "
            + "; ".join(f"{s.name} ({', '.join(s.required)})" for s in SHAPES.values())
            + "."
        )
    return fits[0]


@dataclass(frozen=True)
class PreviewRow:
    """A row beside what it becomes: an example, or the reason why it becomes none."""

    row: int
    cells: dict[str, Any]
    example: Example | None
    problem: Problem | None


def preview(source: Source | Iterable[Row | Problem], mapping: Mapping, kind: str, count: int = 5) -> list[PreviewRow]:
    """The first rows of a source as examples of a kind, to look at while columns are being mapped.

    Where a pair is made of two rows, the first pairs among the rows that `source` gives at hand, and after them an
    answer that is left over there.

    Raises:
        FtwidgetsError: A mapped column does not exist, or the source cannot be read.
    """
    items: list[Row | Problem] = []
    for item in source.rows() if isinstance(source, Source) else source:
        if len(items) >= (PAIRED_AMONG if pairs_rows(mapping.shape, kind) else count):
            break
        if isinstance(item, Row) or item.skipped:
            items.append(item)
    rows = [item for item in items if isinstance(item, Row)]
    if rows:
        mapping.check(dict.fromkeys(name for row in rows for name in row.cells))
    if pairs_rows(mapping.shape, kind) and (pairs := _preview_pairs(rows, mapping, count)):
        return pairs
    return [_preview_row(item, mapping, kind) for item in items[:count]]


def _preview_pairs(rows: list[Row], mapping: Mapping, count: int) -> list[PreviewRow]:
    read: list[tuple[Row | Problem, Reading | None]] = []
    for row in rows:
        try:
            read.append((row, mapping.read(row)))
        except BadRow:
            continue
    cells = {row.number: row.cells for row in rows}
    left: list[Problem] = []
    examples = [e for e in paired(read, mapping.form, left.append) if e is not None]
    pairs = [PreviewRow(e["row_id"], cells[e["row_id"]], e, None) for e in examples[:count]]
    numbered = [(problem.row, problem) for problem in left if problem.row in cells]
    return pairs and pairs + [PreviewRow(row, cells[row], None, problem) for row, problem in numbered[:1]]


def _preview_row(item: Row | Problem, mapping: Mapping, kind: str) -> PreviewRow:
    if isinstance(item, Problem):
        return PreviewRow(item.row or 0, {}, None, item)
    try:
        example = example_of(mapping.read(item), kind, mapping.form, item.number)
        return PreviewRow(item.number, item.cells, example, None)
    except BadRow as bad:
        return PreviewRow(item.number, item.cells, None, bad.problem.at(item.number, item.line, item.file))
