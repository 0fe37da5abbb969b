"""The dataset that results from decisions."""

import pytest
from datasets import Dataset

from ftwidgets.data.pairs import Decision, PairTable, decided

from .made import chat, strings

ROWS = strings(
    *[(f"q{at}", f"c{at}", f"r{at}") for at in range(6)],
    score_chosen=[0, 1, 2, 3, 4, 5],
    score_rejected=[10, 11, 12, 13, 14, 15],
    chosen_length=["x"] * 6,
)
DECISIONS = {
    0: Decision("", 0, "keep"),
    1: Decision("", 1, "drop"),
    2: Decision("", 2, "tie", edit={"chosen": "gone anyway"}),
    3: Decision("", 3, "swap", edit={"chosen": "better 3"}),
    4: Decision("", 4, edit={"rejected": "worse 4"}),
    5: Decision("", 5, note="only a note"),
}


def test_kept_dropped_swapped_and_edited() -> None:
    result = decided(PairTable.of(ROWS), DECISIONS)
    assert isinstance(result, Dataset)
    assert [(r["row_id"], r["chosen"], r["rejected"]) for r in result] == [
        (0, "c0", "r0"),
        (3, "r3", "better 3"),
        (4, "c4", "worse 4"),
        (5, "c5", "r5"),
    ]
    swapped = result[1]
    assert (swapped["score_chosen"], swapped["score_rejected"]) == (13, 3)
    assert swapped["chosen_length"] == "x"  # has no counterpart, so it stays


def test_only_what_was_judged() -> None:
    assert decided(PairTable.of(ROWS), DECISIONS, only_judged=True)["row_id"] == [0, 3, 4]
    assert len(decided(PairTable.of(ROWS), {}, only_judged=True)) == 0


@pytest.mark.parametrize("kind", ["list", "dataset"])
def test_chat_keeps_its_schema(kind: str) -> None:
    rows = chat(("q0", "c0", "r0"), ("q1", "c1", "r1"))
    rows[1]["chosen"] = [{"role": "tool", "content": "seen"}, *rows[1]["chosen"]]
    data = Dataset.from_list(rows)
    result = decided(PairTable.of(data if kind == "dataset" else rows), {1: Decision("", 1, edit={"chosen": "new"})})
    assert result[1]["chosen"] == [{"role": "tool", "content": "seen"}, {"role": "assistant", "content": "new"}]
    assert result[0] == {**rows[0], "row_id": 0}


def test_nothing_decided_is_the_data_as_it_was() -> None:
    result = decided(PairTable.of(ROWS), {})
    assert [{k: v for k, v in row.items() if k != "row_id"} for row in result] == ROWS
