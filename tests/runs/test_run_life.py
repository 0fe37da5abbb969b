"""A run's life: states, events, stop, pause, crash, and what is left to read."""

import json
import threading

import numpy as np
import pytest

from ftwidgets.config import RunConfig
from ftwidgets.errors import FtwidgetsError
from ftwidgets.runs import list_runs, load_run, publisher, start_run
from ftwidgets.runs import store as run_store
from ftwidgets.runs.history import History
from ftwidgets.runs.status import NEXT, may_become
from tests.locks import Told
from tests.patience import PATIENCE


def config(tmp_path, **more):
    return RunConfig(method="sft", model="m", dataset="d", output_dir=str(tmp_path / "runs"), **more)


def steps(context, count, before=lambda step: None):
    """Work as a trainer does it: log, report, and listen between steps."""
    context.training()
    for step in range(1, count + 1):
        before(step)
        context.checkpoint_gate()
        if context.stop_requested:
            break
        context.emit("log", step=step, epoch=step / count, metrics={"loss": 1.0 / step})
        context.progress("training", step, count)
    return {"steps": count}


def reread(run):
    run_store.forget(run)
    return load_run(run.folder)


def test_a_finished_run_can_be_read_from_its_folder(tmp_path):
    run = start_run(config(tmp_path), lambda context: steps(context, 5))
    assert run.wait(PATIENCE) == "finished"
    again = reread(run)
    assert again.status == "finished"
    assert list(again.history["loss"]) == [1.0, 0.5, 1 / 3, 0.25, 0.2]
    assert again.config == run.config
    assert again.summary == {"steps": 5}
    assert [e["status"] for e in again.events.of("status")] == ["preparing", "training", "finished"]
    assert json.loads((run.folder / "environment.json").read_text())["python"]


def test_stop_ends_after_the_running_step_and_keeps_the_rest(tmp_path):
    at_three, go_on = threading.Event(), threading.Event()

    def work(context):
        context.training()
        for step in range(1, 100):
            context.emit("log", step=step, epoch=0, metrics={"loss": 1.0})
            if step == 3:
                at_three.set()
                go_on.wait(PATIENCE)
            if context.stop_requested:
                return {"kept": step}
        return {}

    run = start_run(config(tmp_path), work)
    assert at_three.wait(PATIENCE)
    run.stop()
    assert run.status == "stopping"
    go_on.set()
    assert run.wait(PATIENCE) == "stopped"
    assert run.summary == {"kept": 3}


def test_pause_answers_questions_and_goes_on(tmp_path):
    asked, paused = threading.Event(), threading.Event()
    half = lambda step: step != 50 or asked.wait(PATIENCE)  # noqa: E731
    run = start_run(config(tmp_path), lambda context: steps(context, 100, half))
    run.subscribe(lambda: paused.set() if run.status == "paused" else None)
    run.pause()
    asked.set()
    assert paused.wait(PATIENCE)
    before = len(run.store)
    assert run.between_steps(lambda: threading.current_thread().name).result(PATIENCE) == run._thread.name
    assert run.status == "paused"
    assert len(run.store) == before
    run.resume()
    assert run.wait(PATIENCE) == "finished"
    states = [e["status"] for e in run.events.of("status")]
    assert states == ["preparing", "training", "paused", "training", "finished"]
    assert list(run.history["step"]) == list(range(1, 101))


def test_stop_while_paused(tmp_path):
    run = start_run(config(tmp_path), lambda context: steps(context, 10**6))
    run.pause()
    paused = threading.Event()
    run.subscribe(lambda: paused.set() if run.status == "paused" else None)
    assert paused.wait(PATIENCE)
    run.stop()
    assert run.wait(PATIENCE) == "stopped"


@pytest.fixture
def begun(tmp_path):
    """A run in training, the event at which its work ends, and the lock between those who change its state."""
    training, last_step = threading.Event(), threading.Event()

    def work(context):
        context.training()
        training.set()
        last_step.wait(PATIENCE)
        return {}

    run, between = start_run(config(tmp_path), work), Told()
    training.wait(PATIENCE)
    run._wake = threading.Condition(between)
    return run, last_step, between


def test_the_end_of_a_run_waits_for_a_stop_that_is_being_asked(begun):
    run, last_step, between = begun
    move = run._move

    def slow_move(new, reason=""):
        if new == "stopping":  # asked, and not recorded yet: here the run comes to its end
            last_step.set()
            between.awaited.wait(PATIENCE)
        move(new, reason)

    run._move = slow_move
    run.stop()
    assert run.wait(PATIENCE) == "stopped"
    assert [e["status"] for e in run.events.of("status")] == ["preparing", "training", "stopping", "stopped"]


def test_a_stop_that_is_asked_while_a_run_ends_changes_nothing(begun):
    run, last_step, between = begun
    move = run._move
    stopper = threading.Thread(target=lambda: (run.stop(), between.awaited.set()))

    def slow_move(new, reason=""):
        if new == "finished":  # decided, and not recorded yet: here somebody asks to stop
            stopper.start()
            between.awaited.wait(PATIENCE)
        move(new, reason)

    run._move = slow_move
    last_step.set()
    assert run.wait(PATIENCE) == "finished"
    stopper.join(PATIENCE)
    assert [e["status"] for e in run.events.of("status")] == ["preparing", "training", "finished"]


def test_a_failure_is_told_and_frees_what_it_held(tmp_path):
    class Tensor:
        pass

    import weakref

    held = []

    def work(context):
        tensor = Tensor()
        held.append(weakref.ref(tensor))
        raise FtwidgetsError("the prompt is too long: shorten it")

    run = start_run(config(tmp_path), work)
    assert run.wait(PATIENCE) == "failed"
    assert run.error == "the prompt is too long: shorten it"
    assert reread(run).error == run.error
    assert held[0]() is None


def test_a_full_disk_ends_the_run_with_a_reason_and_not_the_kernel(tmp_path):
    def work(context):
        raise OSError(28, "No space left on device")

    run = start_run(config(tmp_path), work)
    assert run.wait(PATIENCE) == "failed"
    assert "No space left" in run.error


def test_a_run_does_not_start_on_a_full_disk(tmp_path, monkeypatch):
    monkeypatch.setattr(run_store.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 5 * 2**20})())
    with pytest.raises(FtwidgetsError, match="only 5 MB free"):
        start_run(config(tmp_path), lambda context: {})


def test_nan_is_kept_as_missing_and_the_log_stays_json(tmp_path):
    def work(context):
        context.training()
        context.emit("log", step=1, epoch=0.0, metrics={"loss": float("nan"), "grad_norm": float("inf")})
        return {}

    run = start_run(config(tmp_path), work)
    run.wait(PATIENCE)
    lines = (run.folder / "events.jsonl").read_text().splitlines()
    assert all(json.loads(line, parse_constant=pytest.fail) for line in lines)
    assert np.isnan(reread(run).history["loss"][0])


def test_list_runs_shows_every_run_newest_first(tmp_path):
    for name in ("a", "b"):
        start_run(config(tmp_path, run_name=name), lambda context: steps(context, 2)).wait(PATIENCE)
    frame = list_runs(tmp_path / "runs")
    assert list(frame["status"]) == ["finished", "finished"]
    assert frame["id"][0].endswith("-b")
    assert list(list_runs(tmp_path / "nothing")["id"]) == []


def test_no_run_in_a_folder(tmp_path):
    with pytest.raises(FtwidgetsError, match=r"no config\.yaml"):
        load_run(tmp_path)


def test_no_state_leads_out_of_an_end_and_every_state_can_be_left_or_is_one():
    for end in ("finished", "stopped", "failed"):
        assert not NEXT[end]
    for state, following in NEXT.items():
        assert following <= set(NEXT)
        assert may_become(state, state) is False
        if following:
            assert "failed" in following


def test_history_grows_in_rows_and_columns_and_joins_evaluation_with_its_step():
    history = History()
    for step in range(1, 1001):
        history.append({"step": step, "epoch": 0.0, "time": float(step), f"m{step % 40}": step})
    history.append({"step": 1000, "epoch": 0.0, "time": 1001.0, "eval_loss": 0.5})
    assert history.columns[:3] == ("step", "epoch", "time")
    assert history.rows(0).shape == (1001, 3 + 40 + 1)
    assert history.rows(998, 1000)[:, 0].tolist() == [999.0, 1000.0]
    last = history.frame().iloc[-1]
    assert (last["step"], last["m0"], last["eval_loss"]) == (1000, 1000.0, 0.5)
    assert len(history.frame()) == 1000


def test_views_hear_of_changes_from_one_thread_and_of_the_end(tmp_path):
    heard = []
    release = threading.Event()

    def work(context):
        release.wait(PATIENCE)
        return steps(context, 100)

    run = start_run(config(tmp_path), work)
    run.subscribe(lambda: heard.append((threading.current_thread().name, run.status, len(run.store))))
    run.subscribe(lambda: 1 / 0)  # a broken view harms nobody
    release.set()
    run.wait(PATIENCE)
    assert {name for name, *_ in heard} == {f"{run.id} views"}
    assert heard[-1][1:] == ("finished", 100)


def test_steps_wait_for_the_next_turn_of_the_views_and_a_pause_does_not(tmp_path, monkeypatch):
    monkeypatch.setattr(publisher, "INTERVAL", 1000)
    many, heard, paused = threading.Event(), [], threading.Event()

    def work(context):
        steps(context, 100)
        many.set()
        return steps(context, 10**6)

    run = start_run(config(tmp_path), work)
    run.subscribe(lambda: (heard.append(run.status), paused.set() if run.status == "paused" else None))
    assert many.wait(PATIENCE)
    run.pause()
    assert paused.wait(PATIENCE)
    assert len(heard) <= 3  # of preparing, training and paused, and of no step
    run.stop()
    assert run.wait(PATIENCE) == "stopped"


def test_stop_while_a_library_loads_is_no_failure(tmp_path):
    loading = threading.Event()

    def work(context):
        loading.set()
        try:
            while True:
                context.progress("loading model", 1, 2)
        except Exception as error:
            raise FtwidgetsError("the model cannot be loaded") from error

    run = start_run(config(tmp_path), work)
    assert loading.wait(PATIENCE)
    run.stop()
    assert run.wait(PATIENCE) == "stopped", run.error
