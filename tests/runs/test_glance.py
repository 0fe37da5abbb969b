"""The table of runs sees what a whole reading of the log sees, without reading the whole log."""

import json
import threading

import pytest

from ftwidgets.config import RunConfig
from ftwidgets.runs import glance as module
from ftwidgets.runs import start_run
from ftwidgets.runs.differences import config_differences, environment_differences
from ftwidgets.runs.glance import RunList, lines_of
from ftwidgets.runs.remarks import remark
from tests.patience import PATIENCE

from .recorded import judged, log, recorded


def only(runs):
    (found,) = runs.look()
    return found


def test_a_glance_says_what_the_run_says(tmp_path):
    events = [
        log(1, loss=0.7),
        ("progress", {"phase": "training", "done": 2, "total": 9}),
        log(2, loss=0.6, **{"eval_rewards/accuracies": 0.75}),
        log(3, loss=0.5),
    ]
    run = recorded(tmp_path, events, run_name="named")
    seen = only(RunList(tmp_path / "runs"))
    assert (seen.name, seen.status, seen.method, seen.step, seen.total) == ("named", "finished", "dpo", 3, 9)
    assert (seen.metric, seen.value) == ("eval_rewards/accuracies", 0.75)
    assert seen.started == run.started_at and seen.ended and not seen.resumable


def test_a_long_log_is_read_at_its_ends(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "HEAD", 1000)
    monkeypatch.setattr(module, "TAIL", 3000)
    events = [event for step in range(1, 200) for event in (judged(step, range(9), range(9)), log(step, loss=1 / step))]
    run = recorded(tmp_path, events)
    path = run.folder / "events.jsonl"
    size = path.stat().st_size
    lines = path.read_bytes().splitlines(keepends=True)
    middle = len(lines) // 2
    path.write_bytes(b"".join([*lines[:middle], b"\xff" * len(lines[middle]), b"\n", *lines[middle + 1 :]]))
    assert size > 50_000
    seen = only(RunList(tmp_path / "runs"))
    assert (seen.status, seen.step, seen.value, seen.started) == ("finished", 199, 1 / 199, run.started_at)


def test_only_new_whole_lines_are_read(tmp_path):
    run = recorded(tmp_path, [log(1, loss=0.5)])
    runs = RunList(tmp_path / "runs")
    assert only(runs).step == 1
    line = json.dumps({"t": 1.0, "type": "log", "step": 2, "epoch": 0, "metrics": {"loss": 0.25}})
    with (run.folder / "events.jsonl").open("a") as file:
        file.write(line[:30])
        file.flush()
        assert only(runs).step == 1
        file.write(line[30:] + "\n")
    assert (only(runs).step, only(runs).value) == (2, 0.25)


@pytest.mark.parametrize("start", range(12))
def test_lines_from_any_offset_are_whole(tmp_path, start):
    path = tmp_path / "f"
    path.write_bytes(b"abc\nde\n\nfgh\nunfinished")
    whole = [(b"abc\n", 4), (b"de\n", 7), (b"\n", 8), (b"fgh\n", 12)]
    starts = [0, 4, 7, 8]
    expected = [line for line, begin in zip(whole, starts, strict=True) if begin >= start]
    assert list(lines_of(path, start)) == expected


def test_a_killed_run_is_interrupted_and_can_go_on_from_its_checkpoint(tmp_path):
    run = recorded(tmp_path, [log(1, loss=0.5)])
    path = run.folder / "events.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()][:-1]
    for event in lines:
        if "pid" in event:
            event["t"] = 5.0  # whatever has that number now began later
    path.write_text("".join(json.dumps(event) + "\n" for event in lines))
    (run.folder / "checkpoints" / "checkpoint-1").mkdir(parents=True)
    seen = only(RunList(tmp_path / "runs"))
    assert seen.status == "interrupted" and seen.resumable


def test_a_run_that_goes_on_is_followed(tmp_path):
    seen, go_on = threading.Event(), threading.Event()

    def work(context):
        context.training()
        context.emit("log", step=4, epoch=0, metrics={"loss": 0.5})
        seen.set()
        go_on.wait(PATIENCE)
        return {}

    run = start_run(RunConfig(method="sft", model="m", dataset="d", output_dir=str(tmp_path / "runs")), work)
    runs = RunList(tmp_path / "runs")
    assert seen.wait(PATIENCE)
    now = only(runs)
    assert (now.status, now.step, now.ended) == ("training", 4, False)
    go_on.set()
    run.wait(PATIENCE)
    assert only(runs).status == "finished"


def test_damaged_folders_have_a_row_too_and_remarks_are_fresh(tmp_path):
    (tmp_path / "runs" / "odd").mkdir(parents=True)
    (tmp_path / "runs" / "odd" / "config.yaml").write_text("- a list\n")
    runs = RunList(tmp_path / "runs")
    assert only(runs).status == "unreadable" and "config.yaml" in only(runs).error
    remark(tmp_path / "runs" / "odd", tags=["x"])
    assert only(runs).remarks.tags == ("x",)


def test_only_what_differs_between_configs(tmp_path):
    a = recorded(tmp_path, learning_rate=1e-4, run_name="a", max_steps=5)
    b = recorded(tmp_path, learning_rate=1e-3, run_name="b", max_steps=5)
    c = recorded(tmp_path, method="orpo", learning_rate=1e-3, max_steps=5)
    assert config_differences([a, b]) == {"learning_rate": [1e-4, 1e-3]}
    three = config_differences([a, b, c])
    assert list(three)[:2] == ["method", "learning_rate"]
    assert three["loss_type"] == ["sigmoid", "sigmoid", None] and "run_name" not in three
    assert config_differences([a]) == {} == environment_differences([a, b])
