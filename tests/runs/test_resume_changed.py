"""Going on with other options: the folder says what changed, from which step, and still opens."""

import json

import pytest

import ftwidgets
from ftwidgets.config import RunConfig
from ftwidgets.runs import load_run, start_run
from ftwidgets.runs.store import forget, resume_in
from tests.patience import PATIENCE


@pytest.fixture
def stopped(tmp_path):
    """A run that was trained to step 3 and has a checkpoint of step 2."""

    def work(context):
        context.training()
        for step in (1, 2, 3):
            context.emit("log", step=step, epoch=0.1 * step, metrics={"loss": 1.0 / step})
        (context.folder / "checkpoints" / "checkpoint-2").mkdir(parents=True)
        context.emit("checkpoint", step=2, path="checkpoint-2")
        raise RuntimeError("over")

    config = RunConfig(method="sft", output_dir=str(tmp_path), per_device_train_batch_size=8)
    run = start_run(config, work)
    assert run.wait(PATIENCE) == "failed"
    return run


def finish(context):
    context.training()
    context.emit("log", step=3, epoch=0.3, metrics={"loss": 0.3})
    return {}


def test_what_changed_is_in_the_config_the_events_and_the_notes(stopped):
    smaller = stopped.config.replace(per_device_train_batch_size=2, gradient_accumulation_steps=4)
    again = resume_in(stopped, finish, smaller)
    assert again.wait(PATIENCE) == "finished" and again.config == smaller
    forget(again)
    read = load_run(stopped.folder)
    assert read.config == smaller and read.status == "finished"
    (event,) = read.events.of("resumed")
    assert event["step"] == 2
    assert event["changes"] == {"per_device_train_batch_size": [8, 2], "gradient_accumulation_steps": [1, 4]}
    assert "per_device_train_batch_size 8 → 2" in read.notes[-1]["text"] and "From step 2 on" in read.notes[-1]["text"]
    assert read.history["step"].tolist() == [1, 2, 3] and read.history["loss"].tolist() == [1.0, 0.5, 0.3]


def test_unchanged_nothing_is_said(stopped):
    again = resume_in(stopped, finish)
    again.wait(PATIENCE)
    (event,) = again.events.of("resumed")
    assert "changes" not in event and again.config == stopped.config and again.notes == []
    lines = (stopped.folder / "events.jsonl").read_text().splitlines()
    assert all(json.loads(line) for line in lines)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"r": 4}, "r: a run that goes on from a checkpoint can change only"),
        ({"per_device_train_batch_size": 4}, "was 8 and would be 4"),
        ({"max_length": 3}, "max_length=3"),
    ],
)
def test_what_would_not_be_the_same_run_is_refused(stopped, changes, words):
    with pytest.raises(ftwidgets.FtwidgetsError, match=words):
        ftwidgets.resume(stopped, **changes)
    assert stopped.events.of("resumed") == []


def test_only_a_run_that_ran_out_of_memory_is_retried(stopped):
    with pytest.raises(ftwidgets.FtwidgetsError, match="did not run out of memory"):
        ftwidgets.retry(stopped)
