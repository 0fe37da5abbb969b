"""The viewer without a page: what it answers, what it writes, what it says when something is wrong."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from datasets import Dataset

from ftwidgets.data.pairs import DecisionLog
from ftwidgets.errors import FtwidgetsError
from ftwidgets.widgets.pairs import PreferencePairs

ROWS = [{"prompt": f"q{at // 2}", "chosen": f"good {at} " + "x" * at, "rejected": f"bad {at}"} for at in range(6)]


class Page:
    """Plays the page: asks, waits for the answer under the same id, keeps what it was told."""

    def __init__(self, viewer: PreferencePairs) -> None:
        self.viewer = viewer
        self.told: list[dict[str, Any]] = []
        self._came = threading.Condition()
        self._next = 0
        viewer.send = self._hear  # type: ignore[method-assign]

    def _hear(self, content: dict[str, Any], buffers: Any = None) -> None:
        json.dumps(content, allow_nan=False)  # what the page cannot read must not be sent
        with self._came:
            self.told.append(content)
            self._came.notify_all()

    def ask(self, kind: str, **fields: Any) -> Any:
        self._next += 1
        number = self._next
        self.viewer._handle_custom_msg({"type": kind, "id": number, **fields}, [])
        found = self.wait(lambda m: m.get("id") == number)
        if found["type"] == "error":
            raise AssertionError(found["message"])
        return found["value"]

    def wait(self, wanted: Any, after: int = 0) -> dict[str, Any]:
        with self._came:
            assert self._came.wait_for(lambda: any(wanted(m) for m in self.told[after:]), 20), self.told
            return next(m for m in self.told[after:] if wanted(m))

    def look(self, **query: Any) -> dict[str, Any]:
        """Filter; the view when it is whole."""
        at = len(self.told)
        self.ask("query", **query)
        return self.wait(lambda m: m["type"] in ("view", "failed") and not m.get("partial"), at)

    def ids(self) -> list[int]:
        return self.ask("rows", start=0, stop=100)["row_id"]


class MadeRun:
    """What the viewer asks of a run."""

    config = type("Config", (), {"max_length": 3, "method": "dpo"})()
    tokenizer = None
    ended = False

    def __init__(self, *events: dict[str, Any]) -> None:
        self.all = list(events)
        self.listener: Any = None

    @property
    def events(self) -> Any:
        return type("Events", (), {"of": lambda _, kind: list(self.all) if kind == "examples" else []})()

    def subscribe(self, listener: Any) -> Any:
        self.listener = listener
        return lambda: setattr(self, "listener", None)


@pytest.fixture
def page() -> Iterator[Page]:
    viewer = PreferencePairs(ROWS)
    yield Page(viewer)
    viewer.close()


def test_a_page_gets_all_it_needs_and_rows_only_on_request(page: Page) -> None:
    ready = page.ask("ready")
    assert (ready["total"], ready["view"]["count"], ready["selected"]) == (6, 6, None)
    assert "good 3" not in json.dumps(ready)
    rows = page.ask("rows", start=4, stop=99)
    assert (rows["position"], rows["row_id"], rows["text"]) == ([4, 5], [4, 5], ["q2", "q2"])
    page.wait(lambda m: m["type"] == "lint" and m["state"] == "done")
    assert page.ask("rows", start=0, stop=1)["chosen"] == [7]


def test_a_pair_in_full(page: Page) -> None:
    page.viewer.set_scores({"before": {3: 0.5}})
    pair = page.ask("pair", position=3)
    assert pair["sides"]["chosen"]["turns"] == [
        {"index": 0, "role": "", "text": "good 3 xxx", "length": 10, "sent": 10}
    ]
    assert pair["chars"] == {"prompt": 2, "chosen": 10, "rejected": 5}
    assert pair["numbers"] == [{"name": "before", "label": "before", "value": 0.5}]
    assert page.viewer.selected is None  # asking again for what is in sight selects nothing
    page.ask("pair", position=3, select=True)
    assert page.viewer.selected == 3


def test_filters_sorts_and_what_is_wrong_with_them(page: Page) -> None:
    page.look(text="good 4")
    assert page.ids() == [4]
    page.look(sort="chosen_chars", descending=True)
    assert page.ids() == [5, 4, 3, 2, 1, 0]
    assert page.ask("rows", start=0, stop=1)["value"] == [12.0]
    page.look(collapse=True)
    assert page.ids() == [0, 2, 4]
    assert page.ask("rows", start=0, stop=1)["shared"] == [2]
    failed = page.look(text="(", regex=True)
    assert "regular expression cannot be read" in failed["message"]
    assert page.ids() == [0, 2, 4]  # the view before still stands


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ({"type": "nonsense"}, "no request 'nonsense'"),
        ({"type": "rows"}, "'start' must be a whole number"),
        ({"type": "rows", "start": 0.5, "stop": 1}, "whole number"),
        ({"type": "pair", "position": 99}, "no pair at 99"),
        ({"type": "pair", "position": -1}, "no pair at -1"),
        ({"type": "text", "position": 0, "side": "nowhere", "index": 0, "start": 0, "count": 1}, "no message 0"),
        ({"type": "judge", "position": 99, "verdict": "keep"}, "no pair at 99"),
        ({"type": "judge", "position": 0, "verdict": "maybe"}, "no verdict"),
        ({"type": "judge", "scope": "view", "version": -1, "verdict": "drop"}, "has changed since"),
        ({"type": "judge", "position": 0, "edit": {"prompt": "x"}}, "text by side"),
        ({"type": "query", "ranges": [1]}, "cannot be read"),
        ({"type": "export", "path": "pairs.csv"}, "must end in .jsonl or .parquet"),
        ({"type": "tokens", "position": 0}, "No model was given"),
    ],
)
def test_errors_come_back_under_the_id(page: Page, request_: dict[str, Any], said: str) -> None:
    page.viewer._handle_custom_msg({"id": 77, **request_}, [])
    error = page.wait(lambda m: m.get("id") == 77)
    assert error["type"] == "error"
    assert said in error["message"]


@pytest.mark.parametrize("content", [None, 3, [], {}, {"type": 5}, {"id": 1}])
def test_what_is_no_request_is_passed_over(page: Page, content: Any) -> None:
    page.viewer._handle_custom_msg(content, [])
    assert page.told == []


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


def test_lint_shows_as_it_finds_and_by_one_press(page: Page) -> None:
    rows = [*ROWS, {"prompt": "q", "chosen": "same", "rejected": "same"}, ROWS[0]]
    page = Page(PreferencePairs(rows))
    page.ask("ready")
    page.wait(lambda m: m["type"] == "lint" and m["state"] == "done")
    found = {m["finding"]["id"]: m["finding"]["count"] for m in page.told if m["type"] == "finding"}
    assert (found["identical"], found["duplicate"]) == (1, 1)
    page.look(checks=["duplicate"])
    assert page.ids() == [7]
    assert page.ask("pair", position=6)["flags"] == ["identical"]
    assert page.viewer.lint()["identical"].count == 1
    assert "held_out" in page.ask("ready")["not_checked"]["leakage"]


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


def test_rows_of_a_curve(page: Page) -> None:
    page.viewer.show([4, 1, 99], "steps 5 to 9", steps=(5, 9))
    view = page.wait(lambda m: m["type"] == "view")
    assert (view["title"], view["steps"], view["restricted"]) == ("steps 5 to 9", (5, 9), True)
    assert page.ids() == [4, 1]
    assert page.viewer.shown.tolist() == [4, 1]
    page.look(everything=True)
    assert page.ids() == [0, 1, 2, 3, 4, 5]
    given = Page(PreferencePairs(ROWS, rows=[2], title="one"))
    given.viewer._jobs.wait("look")
    assert given.ids() == [2]


def test_tokens_come_from_the_callback_and_are_kept(page: Page) -> None:
    calls = []

    def tokens(row_id: int, row: dict[str, Any]) -> Any:
        calls.append(row_id)
        return {"chosen": [("good", 0.5), (" 2", np.float32("nan"))], "rejected": [(row["rejected"], -1)]}

    page.viewer.on_tokens(tokens)
    assert page.wait(lambda m: m["type"] == "can")["tokens"] is True
    wanted = {"chosen": [["good", 0.5], [" 2", None]], "rejected": [["bad 2", -1.0]]}
    assert page.ask("tokens", position=2) == page.ask("tokens", position=2) == wanted
    assert calls == [2]
    page.viewer.on_tokens(lambda row_id, row: [1])
    page.viewer._handle_custom_msg({"type": "tokens", "id": 5000, "position": 2}, [])
    assert "must give" in page.wait(lambda m: m.get("id") == 5000)["message"]


class StrictTokenizer:
    """A token a word, and a template that, as many do, takes only conversations that begin with the user."""

    chat_template = "..."

    def apply_chat_template(self, turns: list[dict[str, str]], tokenize: bool) -> str:
        if turns[0]["role"] != "user":
            raise ValueError("conversation roles must alternate")
        return " ".join(f"<{turn['role']}> {turn['content']}" for turn in turns)

    def __call__(self, texts: list[str], add_special_tokens: bool) -> dict[str, list[list[int]]]:
        return {"input_ids": [[0] * len(text.split()) for text in texts]}


def test_tokens_are_counted_with_the_template_and_without_where_it_refuses() -> None:
    def turn(role: str, content: str) -> dict[str, str]:
        return {"role": role, "content": content}

    answer = {"chosen": [turn("assistant", "one two")], "rejected": [turn("assistant", "one")]}
    rows = [{"prompt": [turn("user", "hello there")], **answer}, {"prompt": [turn("system", "hello there")], **answer}]
    page = Page(PreferencePairs(Dataset.from_list(rows), tokenizer=StrictTokenizer(), max_length=5))
    assert page.viewer.lint()["truncation"].positions.tolist() == [0]
    assert page.ask("pair", position=0)["tokens"] == {"chosen": 6, "rejected": 5}
    assert page.ask("pair", position=1)["tokens"] == {"chosen": 4, "rejected": 3}


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


def test_long_texts_are_cut_and_come_on_request() -> None:
    text = "😀" * 60_000
    page = Page(PreferencePairs([{"prompt": "p", "chosen": text, "rejected": "r"}]))
    turn = page.ask("pair", position=0)["sides"]["chosen"]["turns"][0]
    assert (turn["length"], turn["sent"], len(turn["text"])) == (60_000, 20_000, 20_000)
    more = page.ask("text", position=0, side="chosen", index=0, start=20_000, count=50_000)
    assert turn["text"] + more["text"] == text
    chat = [{"prompt": [{"role": "user", "content": str(at)} for at in range(500)], "chosen": [], "rejected": []}]
    prompt = Page(PreferencePairs(Dataset.from_list(_typed(chat)))).ask("pair", position=0)["sides"]["prompt"]
    assert (len(prompt["turns"]), prompt["omitted"], prompt["turns"][-1]["text"]) == (200, 300, "499")


def _typed(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One row more, so that empty lists get a type."""
    turn = [{"role": "user", "content": "x"}]
    return [*rows, {"prompt": turn, "chosen": turn, "rejected": turn}]


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


def test_no_pairs_at_all() -> None:
    page = Page(PreferencePairs(Dataset.from_dict({"prompt": [], "chosen": [], "rejected": []})))
    assert page.ask("ready")["total"] == 0
    page.wait(lambda m: m["type"] == "lint" and m["state"] == "done")
    assert page.ids() == []


def test_a_newer_wish_stops_an_older(page: Page) -> None:
    begun, go_on = threading.Event(), threading.Event()
    ended: list[str] = []

    def slow(check: Any) -> None:
        begun.set()
        go_on.wait(10)
        check()
        ended.append("slow")

    jobs = page.viewer._jobs
    jobs.start("look", slow)
    assert begun.wait(10)
    jobs.start("look", lambda check: ended.append("new"))
    go_on.set()
    assert jobs.wait("look", 10)
    assert ended == ["new"]
