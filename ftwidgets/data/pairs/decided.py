"""The dataset that results from decisions: what was kept, swapped and edited, without what was dropped."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from ftwidgets.data.pairs.decisions import Decision
from ftwidgets.data.pairs.table import PairTable

if TYPE_CHECKING:
    from datasets import Dataset


def decided(table: PairTable, decisions: Mapping[int, Decision], only_judged: bool = False) -> "Dataset":
    """`decisions` by row position. Rows nobody judged stay, unless `only_judged`.

    Dropped and tied pairs are left out; swapped ones have their sides exchanged, with every pair of columns named
    for the sides (`score_chosen` and `score_rejected`); edits replace the answer's text. `row_id` stays what it was.
    The texts of unchanged rows are not copied.
    """
    from datasets import Dataset, concatenate_datasets

    judged = {at: d for at, d in decisions.items() if d.judged}
    source = table.arrow
    if "row_id" not in source.column_names:
        source = source.append_column("row_id", pa.array(table.row_ids))
    where = np.arange(len(table))
    if only_judged:
        where = np.array(sorted(judged), np.int64)
    gone = np.array([at for at, d in judged.items() if d.verdict in ("drop", "tie")], np.int64)
    where = where[~np.isin(where, gone)]
    changed = sorted(at for at, d in judged.items() if d.verdict == "swap" or (d.edit and at not in set(gone.tolist())))
    parts = [Dataset(source)]
    if changed:
        rows = [_changed(source.slice(at, 1).to_pylist()[0], judged[at]) for at in changed]
        parts.append(Dataset(pa.Table.from_pylist(rows, schema=source.schema)))
        where = np.where(np.isin(where, changed), len(table) + np.searchsorted(changed, where), where)
    whole = concatenate_datasets(parts) if len(parts) > 1 else parts[0]
    return whole if len(where) == len(whole) and len(parts) == 1 else whole.select(where)


def _changed(row: dict[str, Any], decision: Decision) -> dict[str, Any]:
    """Edits name the sides as they were shown, so they come before the swap."""
    for side, text in decision.edit.items():
        row[side] = edited(row[side], text)
    if decision.verdict != "swap":
        return row
    names = {name: _other(name) for name in row}
    return {name: row[other] if (other := names[name]) in row else row[name] for name in row}


def edited(side: Any, text: str) -> Any:
    """The side with its answer, which is its last message, replaced."""
    if isinstance(side, str) or side is None:
        return text
    last = side[-1] if side else {"role": "assistant"}
    return [*side[:-1], {**last, "content": text}]


def _other(name: str) -> str:
    if "chosen" in name:
        return name.replace("chosen", "rejected")
    return name.replace("rejected", "chosen")
