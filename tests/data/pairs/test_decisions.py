"""Decisions are saved as they are made, survive crashes and other people, and can be taken back."""

import json
from pathlib import Path

import pytest

from ftwidgets.data.pairs import Decision, DecisionLog, read_decisions
from ftwidgets.errors import FtwidgetsError


def verdicts(log: DecisionLog) -> dict[str, str | None]:
    return {key: decision.verdict for key, decision in log.mine.items()}


def test_each_decision_is_a_line_and_the_last_one_counts(tmp_path: Path) -> None:
    path = tmp_path / "new" / "ana.jsonl"
    log = DecisionLog(path, "ana")
    log.decide([Decision("k1", 1, "keep")])
    log.decide([Decision("k2", 2, "swap", note="差")])
    log.decide([Decision("k1", 1, "drop", edit={"chosen": "better"})])
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert [(line["key"], line["verdict"], line["reviewer"]) for line in lines] == [
        ("k1", "keep", "ana"),
        ("k2", "swap", "ana"),
        ("k1", "drop", "ana"),
    ]
    again = DecisionLog(path, "ana")
    assert again.mine == log.mine
    assert again.mine["k1"].edit == {"chosen": "better"}
    assert again.mine["k2"].note == "差"


def test_undo_and_redo_also_after_resuming(tmp_path: Path) -> None:
    path = tmp_path / "d.jsonl"
    log = DecisionLog(path, "ana")
    log.decide([Decision("k1", 1, "keep")])
    log.decide([Decision("k1", 1, "drop")])
    log.decide([Decision("k2", 2, "tie"), Decision("k3", 3, "tie")])  # many pairs, one step
    assert [d.key for d in log.undo()] == ["k2", "k3"]
    assert verdicts(log) == {"k1": "drop"}

    log = DecisionLog(path, "ana")
    assert (log.can_undo, log.can_redo) == (True, True)
    assert verdicts(log) == {"k1": "drop"}
    log.redo()
    assert verdicts(log) == {"k1": "drop", "k2": "tie", "k3": "tie"}

    log = DecisionLog(path, "ana")
    log.undo()
    log.undo()
    assert verdicts(log) == {"k1": "keep"}
    log.undo()
    assert (verdicts(log), log.can_undo, log.undo()) == ({}, False, [])

    log = DecisionLog(path, "ana")
    assert verdicts(log) == {}
    assert [log.redo()[0].verdict for _ in range(3)] == ["keep", "drop", "tie"]
    assert not log.can_redo
    log.undo()
    log.decide([Decision("k9", 9, "keep")])  # a new step: what was taken back is gone
    assert (log.can_redo, DecisionLog(path, "ana").can_redo) == (False, False)


def test_saying_the_same_again_writes_nothing(tmp_path: Path) -> None:
    log = DecisionLog(tmp_path / "d.jsonl", "ana")
    log.decide([Decision("k", 1, "keep")])
    assert log.decide([Decision("k", 1, "keep")]) == []
    assert len((tmp_path / "d.jsonl").read_bytes().splitlines()) == 1


def test_without_a_path_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    log = DecisionLog(None, "ana")
    log.decide([Decision("k", 1, "keep")])
    assert (verdicts(log), list(tmp_path.iterdir())) == ({"k": "keep"}, [])


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_a_file_cut_short_anywhere_loses_only_its_last_line(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "d.jsonl"
    log = DecisionLog(path, "ana")
    for number in range(3):
        log.decide([Decision(f"k{number}", number, "keep")])
    path.write_bytes(path.read_bytes()[:-cut])
    again = DecisionLog(path, "ana")
    kept = 3 if cut == 1 else 2  # without its line end alone the last line is whole
    assert len(again.mine) == kept
    assert len(again.problems) == 3 - kept
    again.decide([Decision("k9", 9, "drop")])
    assert len(DecisionLog(path, "ana").mine) == kept + 1


def test_other_reviewers_in_the_file_are_read_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "d.jsonl"
    DecisionLog(path, "bo").decide([Decision("k", 1, "drop")])
    log = DecisionLog(path, "ana")
    assert (log.mine, log.can_undo) == ({}, False)
    assert log.others["k"]["bo"].verdict == "drop"
    log.decide([Decision("k", 1, "keep")])
    assert {who: d.verdict for who, d in log.all["k"].items()} == {"bo": "drop", "ana": "keep"}
    assert {d.reviewer: d.verdict for d in read_decisions(path)} == {"bo": "drop", "ana": "keep"}


def test_a_file_that_is_something_else_is_refused(tmp_path: Path) -> None:
    data = tmp_path / "train.jsonl"
    data.write_text('{"prompt": "a", "chosen": "b", "rejected": "c"}\n')
    with pytest.raises(FtwidgetsError, match=r"holds no decisions \(line 1 left out: no 'key'\)"):
        DecisionLog(data, "ana")
    with pytest.raises(FtwidgetsError, match="Cannot read"):
        DecisionLog(tmp_path, "ana")


def test_a_decision_that_cannot_be_saved_is_not_made(tmp_path: Path) -> None:
    log = DecisionLog(tmp_path / "d.jsonl", "ana")
    (tmp_path / "d.jsonl").mkdir()
    with pytest.raises(FtwidgetsError, match="Cannot save"):
        log.decide([Decision("k", 1, "keep")])
    assert (log.mine, log.can_undo) == ({}, False)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"key": "a", "verdict": "maybe"}', "unknown verdict 'maybe'"),
        ('{"key": "a", "edit": {"chosen": 3}}', "not text"),
        ('{"key": 3}', "no 'key'"),
        ("[]", "no 'key'"),
        ("\ufffd", "not whole JSON"),
    ],
)
def test_lines_that_make_no_sense_are_named_and_left_out(tmp_path: Path, line: str, said: str) -> None:
    path = tmp_path / "d.jsonl"
    path.write_text(f'{{"key": "good", "verdict": "keep", "reviewer": "ana"}}\n{line}\n', "utf-8")
    log = DecisionLog(path, "ana")
    assert list(log.mine) == ["good"]
    assert log.problems[0].startswith("line 2 left out:")
    assert said in log.problems[0]
