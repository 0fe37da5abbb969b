"""Several people's decisions, by hand."""

from pathlib import Path

import pytest

from ftwidgets.data.pairs import Decision, DecisionLog, merge_decisions
from ftwidgets.data.pairs.decisions import append_lines
from ftwidgets.errors import FtwidgetsError


def saved(path: Path, reviewer: str, **verdicts: str) -> Path:
    log = DecisionLog(path, reviewer)
    for at, (key, verdict) in enumerate(verdicts.items()):
        log.decide([Decision(key, at, verdict, note=f"{reviewer} on {key}")])  # type: ignore[arg-type]
    return path


def test_agreement_conflict_and_majority(tmp_path: Path) -> None:
    paths = [
        saved(tmp_path / "a", "ana", same="keep", alone="drop", split="keep", most="swap"),
        saved(tmp_path / "b", "bo", same="keep", split="drop", most="swap"),
        saved(tmp_path / "c", "cy", most="tie"),
    ]
    merged = merge_decisions(paths)
    assert {key: d.verdict for key, d in merged.agreed.items()} == {"same": "keep", "alone": "drop"}
    assert merged.agreed["same"].note == "ana on same\nbo on same"
    assert {key: [d.reviewer for d in said] for key, said in merged.conflicts.items()} == {
        "split": ["ana", "bo"],
        "most": ["ana", "bo", "cy"],
    }
    assert repr(merged) == "<MergedDecisions of ana, bo, cy: 2 agreed, 2 in conflict>"

    by_majority = merge_decisions(paths, majority=True)
    assert by_majority.agreed["most"].verdict == "swap"
    assert list(by_majority.conflicts) == ["split"]  # one against one is no majority


def test_a_reviewer_in_two_files_counts_once_with_the_latest_word(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    for path, verdict, time in ((first, "keep", 1.0), (second, "drop", 2.0)):
        append_lines(path, [{"key": "k", "row_id": 0, "verdict": verdict, "reviewer": "ana", "t": time}])
    for paths in ([first, second], [second, first]):
        assert merge_decisions(paths).agreed["k"].verdict == "drop"


def test_a_note_alone_is_no_vote(tmp_path: Path) -> None:
    first = saved(tmp_path / "a", "ana", k="keep")
    DecisionLog(tmp_path / "b", "bo").decide([Decision("k", 0, note="hm")])
    merged = merge_decisions([first, tmp_path / "b"])
    assert (merged.agreed["k"].verdict, merged.conflicts) == ("keep", {})
    assert merged.agreed["k"].note == "ana on k\nhm"


def test_what_is_agreed_can_be_gone_on_from(tmp_path: Path) -> None:
    merged = merge_decisions([saved(tmp_path / "a", "ana", k="keep", z="swap")])
    path = merged.to_jsonl(tmp_path / "merged.jsonl", reviewer="team")
    assert {key: d.verdict for key, d in DecisionLog(path, "team").mine.items()} == {"k": "keep", "z": "swap"}
    with pytest.raises(FtwidgetsError, match="never overwritten"):
        merged.to_jsonl(path)
