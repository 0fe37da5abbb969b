"""Preference pairs as an Arrow table that is looked at in place: the texts are never copied as a whole."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ftwidgets.errors import FtwidgetsError

SIDES = ("prompt", "chosen", "rejected")
BLOCK_ROWS = 32_768


@dataclass(frozen=True)
class Texts:
    """The texts of one column over a block of rows.

    `flat` has one string per message; `first[i]:first[i + 1]` are those of row i. `first` is None where each row has
    exactly one, and `flat` is then the column itself.
    """

    flat: pa.Array
    first: np.ndarray | None

    def any(self, mask: np.ndarray) -> np.ndarray:
        """bool (texts,) -> bool (rows,): whether any text of the row is marked."""
        return mask if self.first is None else self.sum(mask) > 0

    def sum(self, values: np.ndarray) -> np.ndarray:
        """(texts,) -> int64 (rows,): the sum over each row's texts."""
        if self.first is None:
            return values.astype(np.int64)
        running = np.concatenate([[0], np.cumsum(values, dtype=np.int64)])
        return running[self.first[1:]] - running[self.first[:-1]]


@dataclass(frozen=True)
class Block:
    """Rows `start` to `stop` of the table."""

    start: int
    stop: int
    batch: pa.RecordBatch

    def texts(self, side: str) -> Texts:
        if side not in self.batch.schema.names:
            return Texts(pa.array([""] * len(self), pa.string()), None)
        column = self.batch.column(side)
        kind = column.type
        if pa.types.is_string(kind) or pa.types.is_large_string(kind):
            return Texts(column.fill_null("") if column.null_count else column, None)
        counts = pc.fill_null(pc.list_value_length(column), 0).to_numpy(zero_copy_only=False)
        contents = pc.struct_field(column.flatten(), "content")
        contents = contents.fill_null("") if contents.null_count else contents
        first = None if (counts == 1).all() else np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])
        return Texts(contents, first)

    def __len__(self) -> int:
        return self.stop - self.start


class PairTable:
    """Rows with `chosen` and `rejected` (and mostly `prompt`): strings, or lists of {role, content} messages.

    `arrow` is the table as given. `row_ids` (rows,) is the column `row_id`, int64, or the row's own number, int32.
    Raises FtwidgetsError where a column is missing or is neither strings nor messages.
    """

    def __init__(self, arrow: pa.Table) -> None:
        _check(arrow)
        self.arrow = arrow
        # Views on the table's own buffers with the same row bounds in every column.
        batches = arrow.select([c for c in SIDES if c in arrow.column_names]).to_batches(max_chunksize=BLOCK_ROWS)
        self._batches = [batch for batch in batches if batch.num_rows]
        self._starts = np.concatenate([[0], np.cumsum([b.num_rows for b in self._batches], dtype=np.int64)])
        self.row_ids = _row_ids(arrow)
        self._order: np.ndarray | None = None

    @classmethod
    def of(cls, data: Any) -> "PairTable":
        """From a PairTable, Arrow table, `datasets.Dataset`, pandas or polars frame, or list of dicts."""
        return data if isinstance(data, PairTable) else cls(_arrow(data))

    def __len__(self) -> int:
        return self.arrow.num_rows

    @property
    def is_chat(self) -> bool:
        kind = self.arrow.schema.field("chosen").type
        return not (pa.types.is_string(kind) or pa.types.is_large_string(kind))

    @property
    def extra_columns(self) -> list[str]:
        """Columns beside the pair itself: scores and metadata."""
        return [name for name in self.arrow.column_names if name not in (*SIDES, "row_id")]

    @property
    def number_columns(self) -> list[str]:
        kinds = self.arrow.schema
        return [c for c in self.extra_columns if _is_number(kinds.field(c).type)]

    def numbers(self, column: str) -> np.ndarray:
        """float64 (rows,), NaN where missing."""
        return self.arrow.column(column).cast(pa.float64(), safe=False).fill_null(np.nan).to_numpy()

    def blocks(self) -> Iterator[Block]:
        for start, batch in zip(self._starts, self._batches, strict=False):
            yield Block(int(start), int(start) + batch.num_rows, batch)

    def row(self, position: int) -> dict[str, Any]:
        """Everything about one row as plain Python values; `prompt` is "" or [] where the table has none."""
        values = self.arrow.slice(position, 1).to_pylist()[0]
        empty: Any = [] if self.is_chat else ""
        return {**values, **{side: values[side] if values.get(side) is not None else empty for side in SIDES}}

    def snippets(self, positions: Sequence[int] | np.ndarray, side: str = "prompt", length: int = 120) -> list[str]:
        """The first characters of the row's last text on that side, without reading the rest of a long cell."""
        found = []
        for position in positions:
            at = int(np.searchsorted(self._starts, position, side="right")) - 1
            batch = self._batches[at].slice(int(position - self._starts[at]), 1)
            texts = Block(0, 1, batch).texts(side).flat
            last = texts.slice(len(texts) - 1) if len(texts) else pa.array([""])
            found.append(pc.utf8_slice_codeunits(last, 0, length)[0].as_py() or "")
        return found

    def positions(self, row_ids: Sequence[int] | np.ndarray) -> np.ndarray:
        """int32: where these row ids stand, in the order asked; unknown ids are left out."""
        if self._order is None:
            self._order = np.argsort(self.row_ids, kind="stable").astype(np.int32)
        wanted = np.asarray(row_ids, dtype=np.int64)
        ordered = self.row_ids[self._order]
        at = np.minimum(np.searchsorted(ordered, wanted), max(len(ordered) - 1, 0))
        known = ordered[at] == wanted if len(ordered) else np.zeros(len(wanted), bool)
        return self._order[at[known]]


def _check(table: pa.Table) -> None:
    names = table.column_names
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise FtwidgetsError(f"The table has more than one column named {doubled[0]!r}; rename one of them.")
    for side in ("chosen", "rejected"):
        if side not in names:
            raise FtwidgetsError(
                f"There is no column {side!r} among {', '.join(names) or 'no columns'}: a preference pair needs "
                "'chosen' and 'rejected'. Rename the columns, or say which is which with a mapping."
            )
    kinds = {side: table.schema.field(side).type for side in SIDES if side in names}
    for side, kind in kinds.items():
        if not (_is_text(kind) or _is_messages(kind)):
            raise FtwidgetsError(
                f"Column {side!r} holds {kind}; it must hold strings or lists of messages with 'role' and 'content'."
            )
    if len({_is_text(kind) for kind in kinds.values()}) > 1:
        said = ", ".join(f"{side}: {'strings' if _is_text(kind) else 'messages'}" for side, kind in kinds.items())
        raise FtwidgetsError(f"The columns are of unlike kinds ({said}); make all of them strings or all messages.")


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def _is_messages(kind: pa.DataType) -> bool:
    if not (pa.types.is_list(kind) or pa.types.is_large_list(kind)) or not pa.types.is_struct(kind.value_type):
        return False
    fields = {field.name: field.type for field in kind.value_type}
    return "content" in fields and "role" in fields and _is_text(fields["content"])


def _is_number(kind: pa.DataType) -> bool:
    return pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)


def _row_ids(table: pa.Table) -> np.ndarray:
    if "row_id" not in table.column_names or not pa.types.is_integer(table.schema.field("row_id").type):
        return np.arange(table.num_rows, dtype=np.int32)
    ids = table.column("row_id")
    if ids.null_count:
        raise FtwidgetsError(f"Column 'row_id' is empty in {ids.null_count} rows; number them or leave the column out.")
    return ids.cast(pa.int64()).to_numpy()


def _arrow(data: Any) -> pa.Table:
    """Told apart by what the object can do, so that neither pandas, polars nor datasets need be imported."""
    if isinstance(data, pa.Table):
        return _plain(data)
    if hasattr(data, "with_format") and hasattr(data, "features"):  # datasets.Dataset
        # Without an indices mapping its table is used in place, memory-mapped where it came from disk.
        return _plain(data.data.table if data._indices is None else data.with_format("arrow")[:])
    if hasattr(data, "to_arrow"):  # polars
        return _plain(data.to_arrow())
    if hasattr(data, "iloc") and hasattr(data, "columns"):  # pandas
        return _plain(_read(lambda: pa.Table.from_pandas(data, preserve_index=False)))
    if isinstance(data, Sequence) and not isinstance(data, str | bytes) and all(isinstance(r, Mapping) for r in data):
        return _from_rows(list(data))
    raise FtwidgetsError(
        f"Cannot read pairs from {type(data).__name__}; give a datasets.Dataset, a pandas or polars frame, an Arrow "
        "table, or a list of dicts with 'prompt', 'chosen' and 'rejected'."
    )


def _from_rows(rows: list[Mapping[str, Any]]) -> pa.Table:
    if not rows:
        return pa.table({side: pa.array([], pa.string()) for side in SIDES})
    try:
        return _read(lambda: pa.Table.from_pylist(rows))
    except UnicodeEncodeError:
        # A lone surrogate has no UTF-8 form; it is shown (and linted) as U+FFFD.
        return _read(lambda: pa.Table.from_pylist([_encodable(row) for row in rows]))


def _encodable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, Mapping):
        return {key: _encodable(item) for key, item in value.items()}
    return [_encodable(item) for item in value] if isinstance(value, list | tuple) else value


def _read(build: Any) -> pa.Table:
    try:
        return build()
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError) as error:
        raise FtwidgetsError(
            f"A column mixes kinds of values: {error}. Make each column all strings or all lists of messages."
        ) from error


def _plain(table: pa.Table) -> pa.Table:
    """Dictionary-encoded and view strings become plain ones, which every text kernel takes."""
    sides = [field.type for field in table.schema if field.name in SIDES]
    for at, field in enumerate(table.schema):
        kind = field.type
        if pa.types.is_dictionary(kind):
            kind = kind.value_type
        if pa.types.is_string_view(kind):
            kind = pa.large_string()
        if field.name in SIDES and pa.types.is_null(kind):
            kind = next((k for k in sides if not pa.types.is_null(k)), pa.string())
        if kind != field.type:
            table = table.set_column(at, field.name, table.column(at).cast(kind))
    return table
