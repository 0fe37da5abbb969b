"""A table of pairs reads strings and messages alike, in place."""

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from datasets import Dataset

from ftwidgets.data.pairs import PairTable
from ftwidgets.errors import FtwidgetsError

from .made import chat, strings

ROWS = strings(("p0", "c0", "r0"), ("p1", "", "r1"), ("p2", "c2", "r2"), score=[1, None, 3])


@pytest.mark.parametrize(
    "data",
    [
        ROWS,
        pd.DataFrame(ROWS),
        pl.DataFrame(ROWS),
        pa.Table.from_pylist(ROWS),
        Dataset.from_list(ROWS),
        Dataset.from_list(ROWS[::-1]).select([2, 1, 0]),
        pa.concat_tables([pa.Table.from_pylist(ROWS[:1]), pa.Table.from_pylist(ROWS[1:])]),
    ],
    ids=["list", "pandas", "polars", "arrow", "dataset", "selected", "chunked"],
)
def test_every_kind_of_object_gives_the_same_rows(data: Any) -> None:
    table = PairTable.of(data)
    assert [table.row(at)["chosen"] for at in range(len(table))] == ["c0", "", "c2"]
    assert table.extra_columns == table.number_columns == ["score"]
    np.testing.assert_array_equal(table.numbers("score"), [1, np.nan, 3])
    assert table.snippets([2, 0], "prompt") == ["p2", "p0"]


def test_messages_are_read_by_row_whatever_their_number() -> None:
    turns = [
        {"role": "user", "content": "one"},
        {"role": "assistant", "content": None},
        {"role": "user", "content": "é"},
    ]
    rows = chat(("a", "b", "c"), ("d", "e", "f"), ("g", "h", "i"))
    rows[1]["prompt"], rows[2]["prompt"] = turns, []
    table = PairTable.of(Dataset.from_list(rows))
    block = next(table.blocks())
    texts = block.texts("prompt")
    assert texts.flat.to_pylist() == ["a", "one", "", "é"]
    np.testing.assert_array_equal(texts.first, [0, 1, 4, 4])
    np.testing.assert_array_equal(texts.any(np.array([0, 0, 0, 1], bool)), [False, True, False])
    np.testing.assert_array_equal(texts.sum(np.array([1, 3, 0, 1])), [1, 4, 0])
    assert block.texts("chosen").first is None  # one message in every row: the column itself
    assert table.snippets([0, 1, 2]) == ["a", "é", ""]


def test_texts_are_not_copied() -> None:
    arrow = pa.table({side: pa.array(["x" * 1000] * 100) for side in ("prompt", "chosen", "rejected")})
    before = pa.total_allocated_bytes()
    table = PairTable.of(arrow)
    assert pa.total_allocated_bytes() == before
    assert (
        next(table.blocks()).texts("chosen").flat.buffers()[2].address == arrow["chosen"].chunk(0).buffers()[2].address
    )


def test_row_ids_are_the_column_or_the_row_number() -> None:
    assert PairTable.of(ROWS).row_ids.tolist() == [0, 1, 2]
    table = PairTable.of(strings(("a", "b", "c"), ("d", "e", "f"), row_id=[40, 7]))
    assert table.row_ids.tolist() == [40, 7]
    assert table.positions([7, 99, 40, 7]).tolist() == [1, 0, 1]
    assert PairTable.of([]).positions([1]).tolist() == []


def test_a_lone_surrogate_becomes_the_replacement_character() -> None:
    assert PairTable.of(strings(("\ud83d", "b", "c"))).row(0)["prompt"] == "\ufffd"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ([{"prompt": "a", "chosen": "b"}], "no column 'rejected'"),
        ([{"prompt": "a", "chosen": 1, "rejected": 2}], "'chosen' holds int64"),
        ([{"prompt": "a", "chosen": [{"role": "x", "content": "y"}], "rejected": "b"}], "unlike kinds"),
        ([{"chosen": "a", "rejected": "b"}, {"chosen": ["a"], "rejected": "b"}], "mixes kinds"),
        (pa.table([["a"], ["b"], ["c"]], names=["chosen", "rejected", "chosen"]), "more than one column"),
        (pa.table({"chosen": ["a"], "rejected": ["b"], "row_id": pa.array([None], pa.int64())}), "'row_id' is empty"),
        (3, "Cannot read pairs from int"),
    ],
)
def test_what_is_no_pair_is_named(data: Any, said: str) -> None:
    with pytest.raises(FtwidgetsError, match=said):
        PairTable.of(data)
