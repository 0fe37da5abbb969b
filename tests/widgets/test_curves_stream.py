"""What crosses to the page: every row once, in order, at a constant price, and only while somebody listens."""

import json

import numpy as np
import pytest

from ftwidgets.widgets import listening
from ftwidgets.widgets import stream as streaming
from ftwidgets.widgets.stream import INTERVAL, PROMPT, SILENCE, Stream
from tests.patience import PATIENCE

from .curves_run import METRICS, MadeRun


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


class Page:
    """A page that takes in messages by the rules of labextension/widgets/curves/protocol.ts."""

    def __init__(self, *runs):
        self.clock = Clock()
        self.messages = []
        self.stream = Stream(runs, self.receive, clock=self.clock)
        self.columns = {}
        self.rows = {}

    def receive(self, content, buffers):
        self.messages.append((content, buffers))
        for part, buffer in zip(content["runs"], buffers, strict=True):
            run = part.get("run", 0)
            self.columns[run] = part.get("columns", self.columns.get(run))
            held = [] if part.get("reset") else self.rows.setdefault(run, [])
            bits = [i for i in range(len(self.columns[run])) if int(part["mask"], 16) >> i & 1]
            values = np.frombuffer(buffer).reshape(len(bits), -1) if bits else np.zeros((0, 0))
            assert part["start"] <= len(held), "rows are missing"
            for i in range(len(held) - part["start"], values.shape[1]):
                row = np.full(len(self.columns[run]), np.nan)
                row[bits] = values[:, i]
                held.append(row)
            self.rows[run] = held

    def holds(self, run=0):
        width = len(self.columns[run])
        return np.array([np.pad(row, (0, width - len(row)), constant_values=np.nan) for row in self.rows[run]])

    def later(self, seconds=2 * INTERVAL):
        self.clock.now += seconds


def same(page, run, index=0):
    np.testing.assert_array_equal(page.holds(index), run.store.rows(0))


def test_nothing_is_sent_before_a_page_asks():
    run = MadeRun(3)
    page = Page(run)
    page.stream.changed()
    assert page.messages == []


def test_a_page_gets_all_rows_in_one_message_then_only_new_ones():
    run = MadeRun(120)
    page = Page(run)
    page.stream.ready([])
    assert len(page.messages) == 1
    same(page, run)
    run.log(2)
    page.later()
    page.stream.changed()
    content, buffers = page.messages[-1]
    assert content == {"type": "rows", "runs": [{"start": 122, "mask": content["runs"][0]["mask"]}]}
    assert len(buffers[0]) == 2 * 8 * (3 + len(METRICS))  # no evaluation row among them: its column does not travel
    same(page, run)


def test_a_page_that_holds_some_gets_the_rest():
    run = MadeRun(30)
    page = Page(run)
    page.rows[0] = list(run.store.rows(0, 20))
    page.columns[0] = list(run.store.columns)
    page.stream.ready([20])
    assert page.messages[0][0]["runs"][0]["start"] == 20
    same(page, run)


def test_a_new_column_travels_with_its_name_and_the_panels():
    run = MadeRun(49)
    page = Page(run)
    page.stream.ready([])
    page.later()
    run.log()  # step 50 evaluates
    page.stream.changed()
    content, _ = page.messages[-1]
    assert content["runs"][0]["columns"][-1] == "eval_loss"
    assert any(m["name"] == "eval_loss" for panel in content["panels"] for m in panel["metrics"])
    page.later()
    run.log()
    page.stream.changed()
    assert not {"panels", "columns"} & (page.messages[-1][0].keys() | page.messages[-1][0]["runs"][0].keys())
    same(page, run)


LONG = 1000.0  # seconds: no timer runs out while a test looks


def run_out(stream):
    """What happens when the timer of what is held back runs out; how long it was to run."""
    timer = stream._later
    timer.cancel()
    timer.function()
    return timer.interval


@pytest.mark.parametrize("history", [10, 10_000])
def test_a_message_costs_eight_bytes_a_value_and_no_more_with_a_long_history(history):
    run = MadeRun(history)
    page = Page(run)
    page.stream.ready([])
    page.later()
    run.log()
    page.stream.changed()
    content, buffers = page.messages[-1]
    assert len(buffers[0]) == 8 * (3 + len(METRICS))
    assert len(json.dumps(content)) < 100  # the rest of the 700 bytes is Jupyter's own envelope


def test_messages_keep_their_distance_and_the_last_rows_still_come(monkeypatch):
    monkeypatch.setattr(streaming, "INTERVAL", LONG)
    monkeypatch.setattr(streaming, "SILENCE", LONG)
    run = MadeRun(1)
    page = Page(run)
    page.stream.ready([])
    page.later(0.4 * LONG)
    for _ in range(20):
        run.log()
        page.stream.changed()
    assert len(page.messages) == 1  # only the snapshot: the rest waits
    assert run_out(page.stream) == 0.6 * LONG
    assert len(page.messages) == 2
    same(page, run)


def test_what_is_rare_does_not_wait_for_the_turn_of_the_steps(monkeypatch):
    monkeypatch.setattr(streaming, "INTERVAL", LONG)
    run = MadeRun(1)
    page = Page(run)
    page.stream.ready([])
    page.later(PROMPT)
    run.log()
    page.stream.changed()
    assert len(page.messages) == 1  # a step waits
    waits = page.stream._later
    run.status = "paused"
    page.stream.changed()
    assert page.messages[-1][0]["runs"][0]["info"]["status"] == "paused"
    same(page, run)
    run.status = "finished"
    page.stream.changed()  # at once again: in a moment, and not when the step's turn comes
    assert page.stream._later is not waits and waits.finished.is_set()
    assert page.stream._later.interval == pytest.approx(PROMPT)
    page.stream._later.join(PATIENCE)
    assert page.messages[-1][0]["runs"][0]["info"]["status"] == "finished"


def test_nothing_new_is_no_message():
    run = MadeRun(5)
    page = Page(run)
    page.stream.ready([])
    page.later()
    page.stream.changed()
    assert len(page.messages) == 1


def test_state_and_marks_travel_when_they_change():
    run = MadeRun(60)
    page = Page(run)
    page.stream.ready([])
    assert page.messages[0][0]["runs"][0]["info"] == {"id": run.id, "name": "dpo", "status": "training"}
    assert [mark["kind"] for mark in page.messages[0][0]["runs"][0]["marks"]] == ["evaluation"]
    run.status = "finished"
    run.events.add("checkpoint", step=60, path="checkpoints/checkpoint-60")
    page.later()
    page.stream.changed()
    part = page.messages[-1][0]["runs"][0]
    assert part["info"]["status"] == "finished"
    assert part["marks"] == [{"kind": "checkpoint", "step": 60, "text": "checkpoint-60"}] and part["marks_from"] == 1


def test_a_page_that_fell_silent_gets_nothing_and_everything_when_it_speaks():
    run = MadeRun(5)
    page = Page(run)
    page.stream.ready([])
    page.later(SILENCE + 1)
    run.log(3)
    page.stream.changed()
    assert len(page.messages) == 1
    page.stream.alive([5])
    same(page, run)
    page.later()
    page.stream.alive([8])
    assert len(page.messages) == 2  # it holds all: no answer needed


def test_rows_that_were_lost_on_the_way_are_sent_again():
    run = MadeRun(5)
    page = Page(run)
    page.stream.ready([])
    run.log(3)
    page.later()
    page.stream._send = lambda content, buffers: None  # a connection that drops what is sent
    page.stream.changed()
    page.stream._send = page.receive
    page.later()
    page.stream.alive([5])
    same(page, run)


def test_while_a_cell_keeps_us_from_hearing_rows_go_out_slowly(monkeypatch):
    monkeypatch.setattr(streaming, "BLOCKED", LONG)
    run = MadeRun(5)
    page = Page(run)
    page.stream.ready([])
    monkeypatch.setattr(listening, "_running", True)
    page.later(SILENCE + LONG)
    run.log()
    page.stream.changed()
    assert len(page.messages) == 2
    run.log()
    page.later(0.4 * LONG)
    page.stream.changed()
    assert len(page.messages) == 2
    assert run_out(page.stream) == 0.6 * LONG
    same(page, run)


def test_several_runs_share_a_message():
    first, second = MadeRun(5), MadeRun(7, id="other", name="other")
    page = Page(first, second)
    page.stream.ready([])
    first.log()
    second.log(2)
    page.later()
    page.stream.changed()
    assert len(page.messages) == 2
    same(page, first, 0)
    same(page, second, 1)
    assert page.messages[0][0]["panels"][0]["id"] == "loss:loss"


def test_a_run_that_went_on_from_a_checkpoint_starts_anew():
    run = MadeRun(20)
    page = Page(run)
    page.stream.ready([])
    run.store.cut(10)
    run.events.add("resumed", step=10)
    run.steps = 10
    run.log(15)
    page.later()
    page.stream.changed()
    assert page.messages[-1][0]["runs"][0]["reset"] is True
    same(page, run)


def test_a_page_that_claims_more_than_there_is_gets_everything():
    run = MadeRun(4)
    page = Page(run)
    page.stream.ready([99])
    assert page.messages[0][0]["runs"][0]["start"] == 0
