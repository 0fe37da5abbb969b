"""Filters, sorts and search against the same thing said in plain Python."""

import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ftwidgets.data.pairs import PairStats, PairTable
from ftwidgets.data.pairs.columns import PairColumns
from ftwidgets.data.pairs.query import Marks, Query, select
from ftwidgets.data.pairs.run_scores import RunScores
from ftwidgets.data.pairs.search import Search
from ftwidgets.errors import FtwidgetsError

from .made import chat, strings

ROWS = [
    ("About Cats", "cats purr", "dogs"),
    ("about dogs", "woof 42", "cat"),
    ("About Cats", "一只猫", "x.y"),
    ("other", "A CAT sat", "xzy"),
]


class Viewed:
    """A small table and everything that select needs."""

    def __init__(self, rows: list[dict[str, Any]], **marks: Any) -> None:
        self.table = PairTable.of(rows)
        self.columns = PairColumns(PairStats(self.table))
        self.search = Search(self.table)
        none = np.zeros(len(rows), bool)
        self.marks = Marks(marks.get("check", lambda name: none), marks.get("verdict", lambda name: none))
        self.partial: list[list[int]] = []

    def __call__(self, **asked: Any) -> list[int]:
        seen = self.partial.append
        return select(
            Query(**asked), self.columns, self.marks, self.search, partial=lambda p: seen(p.tolist())
        ).tolist()


@pytest.mark.parametrize("made", [strings, chat])
def test_search(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ftwidgets.data.pairs.query.PARTIAL_EVERY", 0)
    view = Viewed(made(*ROWS))
    assert view(text="cat") == [0, 1, 2, 3]
    assert view(text="cats") == [0, 2]  # narrows what "cat" found
    assert view(text="cat", where="chosen") == [0, 3]
    assert view(text="cats", where="chosen") == [0]
    assert view(text="猫") == [2]
    assert view(text="x.y") == [2]
    assert view(text="x.y", regex=True) == [2, 3]
    assert view(text=r"\b\d{2}$", regex=True) == [1]
    assert view(text="nothing of this") == []
    assert view.partial[0] == [0, 1, 2, 3]
    with pytest.raises(FtwidgetsError, match="cannot be read: unclosed group"):
        view(text="(", regex=True)
    with pytest.raises(FtwidgetsError, match="look-around"):
        view(text="(?=x)", regex=True)


def test_narrowing_equals_searching_anew() -> None:
    draw = random.Random(1)
    rows = strings(*[tuple("".join(draw.choices("abAB ", k=12)) for _ in range(3)) for _ in range(300)])
    for text in ("a", "ab", "aba", "ba", "abab"):
        wanted = [at for at, row in enumerate(rows) if any(text in value.lower() for value in row.values())]
        typed = Viewed(rows)
        for end in range(1, len(text)):
            typed(text=text[:end])
        assert typed(text=text) == Viewed(rows)(text=text) == wanted


def test_sort_ranges_and_collapse() -> None:
    view = Viewed(strings(*ROWS, score=[2.0, None, 1.0, 2.0]))
    assert view(sort="score") == [2, 0, 3, 1]
    assert view(sort="score", descending=True) == [0, 3, 2, 1]
    assert view(ranges=(("score", 2, None),)) == [0, 3]
    assert view(ranges=(("score", None, 1.5),)) == [2]
    assert view(ranges=(("length_difference", 0, None), ("chosen_chars", None, 7))) == [1, 2]
    assert view(collapse=True) == [0, 1, 3]
    assert view(collapse=True, sort="score") == [2, 3, 1]
    assert view(same_prompt=2) == [0, 2]
    with pytest.raises(FtwidgetsError, match="no column"):
        view(sort="nothing")


def test_checks_verdicts_and_run_states() -> None:
    bits = {"empty": [1, 0, 0, 0], "template": [0, 0, 1, 0], "keep": [1, 1, 0, 0], "drop": [0, 0, 1, 0]}
    view = Viewed(
        strings(*ROWS),
        check=lambda name: np.array(bits[name], bool),
        verdict=lambda name: np.array(bits[name], bool),
    )
    assert view(checks=("empty", "template")) == [0, 2]
    assert view(checks=("empty", "template"), verdicts=("drop",)) == [2]
    assert view(run=("flipped",)) == []  # no run was given
    view.columns.set_run(
        RunScores([{"step": s, "id": [0, 1, 2], "margin": m} for s, m in enumerate([[1, -1, 1], [-1, -2, 2]])])
    )
    assert view(run=("flipped",)) == [0]
    assert view(run=("flipped", "never_learned")) == [0, 1]


def test_restricted_rows_come_in_the_order_asked() -> None:
    view = Viewed(strings(*ROWS))
    view.marks.rows = np.array([3, 0, 2])
    assert view() == [3, 0, 2]
    assert view(text="sat") == [3]
    assert view(sort="row_id") == [0, 2, 3]


def test_messages_from_the_page_are_not_trusted() -> None:
    query = Query.from_message({"text": 5, "where": "<script>", "ranges": [["margin", None, 0]], "sort": None})
    assert query == Query(text="5", ranges=(("margin", None, 0.0),))
    for bad in ({"ranges": [["margin"]]}, {"ranges": [["m", "x", None]]}, {"same_prompt": "x"}, {"checks": 3}):
        with pytest.raises(FtwidgetsError, match="cannot be read"):
            Query.from_message(bad)


TEXT = st.text(st.sampled_from("aAbBéÉ猫.(\\ \nıſK"), max_size=8)


@settings(max_examples=150, deadline=None)
@given(st.lists(TEXT, min_size=1, max_size=4), TEXT.filter(bool))
def test_a_text_is_found_where_it_stands_in_whatever_case(cells: list[str], text: str) -> None:
    view = Viewed([{"prompt": cell, "chosen": "", "rejected": ""} for cell in cells])
    found = view(text=text)
    assert set(found) >= {at for at, cell in enumerate(cells) if text in cell}
    if text.isascii():  # where lower case is a matter of bytes
        low = [cell.encode().lower() for cell in cells]
        assert found == [at for at, cell in enumerate(low) if text.encode().lower() in cell]
