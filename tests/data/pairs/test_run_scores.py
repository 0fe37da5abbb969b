"""What a run said about each pair, from events written by hand."""

import math

import numpy as np
import pytest

from ftwidgets.data.pairs import PairStats, PairTable
from ftwidgets.data.pairs.columns import PairColumns
from ftwidgets.data.pairs.run_scores import RunScores
from ftwidgets.errors import FtwidgetsError

from .made import strings

EVENTS = [
    {"step": 20, "split": "train", "id": [7, 3], "margin": [-0.5, 0.3], "loss": [0.9, 0.5]},
    {"step": 10, "split": "train", "id": [3, 7, 5], "margin": [-0.1, 0.2, None], "loss": [0.7, 0.6, 0.8]},
    {"step": 20, "split": "eval", "id": [9], "margin": [-1.0]},
    {"step": 30, "split": "train", "id": []},
]


def test_first_last_never_learned_and_flipped() -> None:
    scores = RunScores(EVENTS)
    assert scores.rows.tolist() == [3, 5, 7, 9]
    columns = scores.columns()
    np.testing.assert_array_equal(columns["margin"], [0.3, np.nan, -0.5, -1.0])
    np.testing.assert_array_equal(columns["first_margin"], [-0.1, np.nan, 0.2, -1.0])
    np.testing.assert_array_equal(columns["loss"], [0.5, 0.8, 0.9, np.nan])
    np.testing.assert_array_equal(columns["seen"], [2, 1, 2, 1])
    np.testing.assert_array_equal(columns["never_learned"], [0, 0, 0, 1])
    np.testing.assert_array_equal(columns["flipped"], [0, 0, 1, 0])


def test_one_pair_over_the_run_and_one_split() -> None:
    assert RunScores(EVENTS).of(3) == {
        "step": [10, 20],
        "held_out": [False, False],
        "loss": [0.7, 0.5],
        "margin": [-0.1, 0.3],
    }
    assert RunScores(EVENTS).of(5)["margin"] == [None]
    assert RunScores(EVENTS).of(4) == {"step": [], "held_out": [], "loss": [], "margin": []}
    assert RunScores(EVENTS, split="eval").rows.tolist() == [9]
    assert RunScores([]).columns() == {}


def columns_of(rows: int) -> PairColumns:
    made = strings(*[(f"q{at // 2}", "c" * at, "r") for at in range(rows)], row_id=[10 * at for at in range(rows)])
    return PairColumns(PairStats(PairTable.of(made)))


def test_columns_are_placed_by_row_id() -> None:
    columns = columns_of(4)
    columns.set_run(RunScores([{"step": 1, "id": [30, 999, 10], "margin": [1.0, 5.0, -1.0]}]))
    np.testing.assert_array_equal(columns.values("margin"), [np.nan, -1, np.nan, 1])
    assert columns.order("margin", descending=False).tolist() == [1, 3, 0, 2]
    assert columns.order("margin", descending=True).tolist() == [3, 1, 0, 2]
    assert columns.values("length_difference").tolist() == [-1, 0, 1, 2]
    assert columns.values("copies").tolist() == [2, 2, 2, 2]
    assert columns.at(0)["margin"] is None
    assert columns.at(3)["margin"] == 1
    assert "never_learned" not in columns.names
    assert columns.has("never_learned")
    with pytest.raises(FtwidgetsError, match="no column 'nothing'"):
        columns.values("nothing")


def test_scores_set_by_hand() -> None:
    columns = columns_of(3)
    columns.set_scores({"row_id": [20, 0], "before": [0.5, 1.5]})
    columns.set_scores({"after": {10: 2.0}, "whole": [1, 2, 3]})
    np.testing.assert_array_equal(columns.values("before"), [1.5, np.nan, 0.5])
    np.testing.assert_array_equal(columns.values("after"), [np.nan, 2, np.nan])
    assert columns.at(1) == {"before": None, "after": 2.0, "whole": 2.0}
    with pytest.raises(FtwidgetsError, match="2 values for 3 pairs and no row ids"):
        columns.set_scores({"bad": [1, 2]})
    with pytest.raises(FtwidgetsError, match="2 values for 1 row ids"):
        columns.set_scores({"row_id": [0], "bad": [1, 2]})
    assert math.isnan(columns.values("after")[0])
