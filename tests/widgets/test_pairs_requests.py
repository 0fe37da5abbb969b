"""What the viewer answers to its page, and what it says when something is wrong."""

import json
import threading
from typing import Any

import numpy as np
import pytest
from datasets import Dataset

from ftwidgets.data.pairs import query
from ftwidgets.data.pairs.table import BLOCK_ROWS
from ftwidgets.widgets.pairs import PreferencePairs
from tests.patience import PATIENCE

from .pairs_page import ROWS, Page


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
        go_on.wait(PATIENCE)
        check()
        ended.append("slow")

    jobs = page.viewer._jobs
    jobs.start("look", slow)
    assert begun.wait(PATIENCE)
    jobs.start("look", lambda check: ended.append("new"))
    go_on.set()
    assert jobs.wait("look", PATIENCE)
    assert ended == ["new"]


def test_a_long_search_shows_what_it_has_found_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(query, "PARTIAL_EVERY", 0)
    blocks = 3
    data = {
        side: [f"{side} {at % 7}" for at in range(blocks * BLOCK_ROWS)] for side in ("prompt", "chosen", "rejected")
    }
    page = Page(PreferencePairs(Dataset.from_dict(data)))
    page.look(text=r"\bchosen\s3", regex=True)
    views = [message for message in page.told if message["type"] == "view"]
    found = [sum(at % 7 == 3 for at in range(BLOCK_ROWS * block)) for block in range(1, blocks + 1)]
    assert [view["count"] for view in views] == [*found, found[-1]]
    assert [view["partial"] for view in views] == [True] * blocks + [False]
    assert [view.get("progress") for view in views] == [1 / blocks, 2 / blocks, 1.0, None]  # that of the rows found
    # rows of a version that the page was not told of would be thrown away by it
    assert [view["version"] for view in views] == list(range(views[0]["version"], views[-1]["version"] + 1))
    page.viewer.close()
