"""The viewer without a page: decisions, results, runs, and what is never written to."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from datasets import Dataset

from ftwidgets.data.pairs import DecisionLog
from ftwidgets.errors import FtwidgetsError
from ftwidgets.widgets.pairs import PreferencePairs

from .pairs_page import ROWS, MadeRun, Page


def test_a_lint_that_cannot_be_done_raises_instead_of_giving_less() -> None:
    viewer = PreferencePairs(ROWS, tokenizer=object(), max_length=8)
    with pytest.raises(FtwidgetsError, match="tokenizer"):
        viewer.lint()
    viewer.close()


def test_decisions_go_to_the_side_file_and_are_resumed(tmp_path: Path) -> None:
    path = tmp_path / "d.jsonl"
    page = Page(PreferencePairs(ROWS, decisions=path, reviewer="ana"))
    page.ask("judge", position=0, verdict="keep")
    page.ask("judge", position=1, verdict="swap")
    page.ask("judge", position=1, note="look again")
    page.ask("judge", position=2, verdict="drop")
    page.ask("undo")
    page.ask("judge", position=3, edit={"chosen": "better"})
    assert len(path.read_bytes().splitlines()) == 6
    page.viewer.close()

    resumed = Page(PreferencePairs(Dataset.from_list(ROWS[::-1]), decisions=path, reviewer="ana"))
    resumed.ask("ready")
    told = resumed.wait(lambda m: m["type"] == "resumed")
    assert told["selected"] == 0  # row 5 of before, the first that was not judged
    decisions = [resumed.ask("pair", position=at)["decision"] for at in range(6)]
    assert [d and (d["verdict"], d["note"], d["edit"]) for d in decisions] == [
        None,
        None,
        (None, "", {"chosen": "better"}),
        None,
        ("swap", "look again", {}),
        ("keep", "", {}),
    ]
    result = {row["prompt"] + row["chosen"] for row in resumed.viewer.dataset}
    assert {"q1better", "q0bad 1", "q0good 0 "} <= result
    resumed.viewer.close()


def test_decisions_on_other_pairs_are_told(tmp_path: Path) -> None:
    page = Page(PreferencePairs(ROWS, decisions=tmp_path / "d", reviewer="ana"))
    page.ask("judge", position=0, verdict="keep")
    other = Page(PreferencePairs(ROWS[1:], decisions=tmp_path / "d", reviewer="ana"))
    other.ask("ready")
    assert other.wait(lambda m: m["type"] == "resumed")["unplaced"] == 1


def test_copies_of_a_pair_are_decided_on_one_by_one() -> None:
    page = Page(PreferencePairs([ROWS[0], ROWS[0], ROWS[0]]))
    page.ask("judge", position=1, verdict="drop")
    assert page.viewer.dataset["row_id"] == [0, 2]


def test_many_at_once_are_one_step(page: Page) -> None:
    page.look(text="q1")
    seen = page.ask("rows", start=0, stop=1)["version"]
    assert page.ask("judge", scope="view", version=seen, verdict="drop") == {"changed": 2}
    assert len(page.viewer.dataset) == 4
    assert page.ask("undo")["changed"] == 2
    assert len(page.viewer.dataset) == 6
    assert page.viewer.judge([0, 5, 99], "tie") == 2
    page.look(verdicts=["tie"])
    assert page.ids() == [0, 5]
    with pytest.raises(FtwidgetsError, match="no verdict 'perhaps'"):
        page.viewer.judge([0], "perhaps")  # type: ignore[arg-type]


def test_other_reviewers_and_disagreement(tmp_path: Path) -> None:
    theirs = DecisionLog(tmp_path / "bo.jsonl", "bo")
    maker = PreferencePairs(ROWS, decisions=tmp_path / "bo.jsonl", reviewer="bo")
    maker.judge([0, 1], "keep")
    assert theirs.mine == {}  # read before
    page = Page(PreferencePairs(ROWS, reviewer="ana", others=[tmp_path / "bo.jsonl"]))
    page.ask("judge", position=0, verdict="drop")
    page.ask("judge", position=1, verdict="keep")
    page.look(verdicts=["disagreement"])
    assert page.ids() == [0]
    assert page.ask("pair", position=0)["others"][0]["reviewer"] == "bo"
    assert page.viewer.dataset["row_id"] == [1, 2, 3, 4, 5]  # theirs are shown, one's own count


def test_a_run_gives_columns_and_is_followed() -> None:
    run = MadeRun({"step": 5, "split": "train", "id": [0, 3], "margin": [-0.5, 0.25], "loss": [0.9, None]})
    page = Page(PreferencePairs(ROWS, run=run))  # type: ignore[arg-type]
    assert {"margin", "loss"} <= {column["name"] for column in page.ask("ready")["columns"]}
    page.look(run=["never_learned"])
    assert page.ids() == [0]
    assert page.ask("pair", position=3)["run"]["margin"] == [0.25]

    run.all.append({"step": 9, "split": "train", "id": [3], "margin": [-0.75]})
    run.ended = True
    run.listener()
    page.wait(lambda m: m["type"] == "run")
    page.look(run=["flipped"])
    assert page.ids() == [3]
    page.viewer.close()
    assert run.listener is None


def test_using_and_exporting(page: Page, tmp_path: Path) -> None:
    used: list[Dataset] = []
    page.viewer.on_use(used.append)
    page.ask("judge", position=0, verdict="drop")
    page.ask("use")
    assert len(used[0]) == 5
    target = tmp_path / "out.jsonl"
    assert page.ask("export", path=str(target)) == {"path": str(target), "rows": 5}
    assert json.loads(target.read_text().splitlines()[0])["prompt"] == "q0"
    assert page.ask("export", path=str(target)) == {"exists": True}
    parquet = tmp_path / "out.parquet"
    assert page.ask("export", path=str(parquet))["rows"] == 5
    assert pq.read_table(parquet).to_pylist() == list(page.viewer.dataset)
    assert page.ask("export", path=str(parquet), only_judged=True, overwrite=True)["rows"] == 0
    assert pq.read_table(parquet).num_rows == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.jsonl", "out.parquet"]
    page.viewer._handle_custom_msg({"type": "export", "id": 900, "path": str(tmp_path / "no" / "x.jsonl")}, [])
    assert page.wait(lambda m: m.get("id") == 900)["type"] == "error"


def test_the_source_and_the_decisions_are_never_overwritten(tmp_path: Path) -> None:
    source, log = tmp_path / "pairs.jsonl", tmp_path / "d.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    viewer = PreferencePairs(source, decisions=log, reviewer="ana")
    viewer.judge([0], "drop")
    for path in (source, log):
        before = path.read_bytes()
        with pytest.raises(FtwidgetsError, match="never overwritten"):
            viewer.to_jsonl(path)
        assert path.read_bytes() == before
    assert len(viewer.to_jsonl(tmp_path / "clean.jsonl").read_text().splitlines()) == 5


def test_other_shapes_are_converted_with_their_metadata(tmp_path: Path) -> None:
    path = tmp_path / "hh.jsonl"
    talk = "\n\nHuman: hi\n\nAssistant: "
    rows = [{"chosen": talk + "a", "rejected": talk + "b", "source": "hh", "score": 1.5}]
    path.write_text("".join(json.dumps(row) + "\n" for row in [*rows, {"chosen": talk + "c", "rejected": None}]))
    viewer = PreferencePairs(path)
    assert viewer.table.row(0)["prompt"] == [{"role": "user", "content": "hi"}]
    assert (viewer.table.row(0)["source"], viewer.table.numbers("score").tolist()) == ("hh", [1.5])
    assert "1" in viewer.notices[0]
    with pytest.raises(FtwidgetsError, match="pairs"):
        PreferencePairs([{"text": "only text"}])
