"""A log read in one go says what it says read line by line."""

import json

import numpy as np
import pytest

from ftwidgets.config import RunConfig
from ftwidgets.runs import load_run, reading
from ftwidgets.runs.event_log import Unread, read_events
from ftwidgets.runs.examples import examples, rows_of_steps
from ftwidgets.runs.run import Run

from .recorded import log, pairs, recorded

STEPS = 60


def line_by_line(run):
    same = Run(run.config, run.folder)
    for event, _ in read_events(run.events.path):
        same.replay(event)
    return same


@pytest.fixture
def long_run(tmp_path):
    """Pairs at every step, evaluation at some, numbers that are none, and a resume from step 40."""
    events = []
    for step in [*range(1, STEPS + 1), *range(41, STEPS + 1)]:
        if step == 41 and len(events) > 100:
            events.append(("resumed", {"step": 40}))
        ids = [2 * step, 2 * step + 1]
        events.append(pairs(step, "train", ids, [(-1.0, 2)] * 2, [(-2.0, 2)] * 2, margin=[0.5, -0.5], loss=[0.1, 0.2]))
        events.append(log(step, loss=float("nan") if step == 7 else 1 / step, grad_norm=step % 5))
        if step % 20 == 0:
            events.append(pairs(step, "eval", [1, 2], [(-1.0, 2)] * 2, [(-2.0, 2)] * 2))
            events.append(log(step, eval_loss=2 / step))  # a metric that no line before had
    return recorded(tmp_path, events)


@pytest.mark.parametrize("many", [1, reading.MANY])
def test_one_go_is_the_same_as_line_by_line(long_run, monkeypatch, many):
    monkeypatch.setattr(reading, "MANY", many)
    read, same = load_run(long_run.folder), line_by_line(long_run)
    assert read.store.columns == same.store.columns
    np.testing.assert_array_equal(read.store.rows(0), same.store.rows(0))
    assert len(read.store) == STEPS + 3 and np.isnan(read.store.rows(6, 7)[0, 3])
    assert [dict(event) for event in read.events.of("examples")] == same.events.of("examples")
    assert (read.status, read.started_at, read.error) == (same.status, same.started_at, same.error)


def test_rows_of_pairs_are_read_when_they_are_asked_for(long_run):
    run = load_run(long_run.folder)
    found = rows_of_steps(run, 10, 11)
    assert found.ids.tolist() == [20, 21, 22, 23] and found.values["margin"].tolist() == [0.5, -0.5] * 2
    whole = [event["step"] for event in run.events.of("examples") if isinstance(event, Unread) and not event._line]
    assert whole == [10, 11]
    assert {event["step"] for event in examples(run, "eval")} == {20, 40, 60}


@pytest.mark.parametrize("many", [1, reading.MANY])
def test_a_damaged_line_and_one_without_an_end_cost_nothing_else(tmp_path, monkeypatch, many):
    monkeypatch.setattr(reading, "MANY", many)
    lines = [{"t": 10.0, "type": "status", "status": "training"}]
    lines += [{"t": 10.0 + s, "type": "log", "step": s, "epoch": s / 10, "metrics": {"loss": s / 2}} for s in (1, 2, 3)]
    written = [json.dumps(line) for line in lines]
    written[2] = written[2][:70]  # its disk was full
    (tmp_path / "config.yaml").write_text(RunConfig(method="sft", model="m", dataset="d").to_yaml())
    path = tmp_path / "events.jsonl"
    path.write_text("\n".join(written[:3]) + "\n" + written[3])
    run = load_run(tmp_path)
    assert run.store.rows(0).tolist() == [[1, 0.1, 1.0, 0.5]]
    path.write_text("\n".join(written[:3]) + "\n" + written[3] + "\n")
    assert load_run(tmp_path).store.rows(0)[:, 0].tolist() == [1, 3]


def test_many_rows_at_once_are_the_same_as_one_after_the_other():
    from ftwidgets.runs.history import History

    one, many = History(), History()
    rows = np.random.default_rng(0).normal(size=(700, 20))
    names = ("step", "epoch", "time", *(f"m{i}" for i in range(17)))
    many.append({"step": 0.0, "first": 1.0})
    one.append({"step": 0.0, "first": 1.0})
    many.extend(names, rows)
    for row in rows:
        one.append(dict(zip(names, row, strict=True)))
    assert one.columns == many.columns
    np.testing.assert_array_equal(one.rows(0), many.rows(0))
    many.append({"step": 1.0, "m3": 2.0})
    assert len(many) == 702 and many.rows(701)[0, many.columns.index("m3")] == 2.0
