"""A run that another kernel reads: while it goes on, when it ends, and after its process was killed."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from ftwidgets.runs import load_run, start_run
from tests.locks import Told
from tests.patience import PATIENCE

from .test_run_life import config, reread, steps


def test_after_kill_9_the_folder_says_how_far_it_came(tmp_path):
    script = textwrap.dedent(
        f"""
        import itertools
        from ftwidgets.config import RunConfig
        from ftwidgets.runs import start_run

        def work(context):
            context.training()
            for step in itertools.count(1):
                context.emit("log", step=step, epoch=0, metrics={{"loss": float(step)}})
                if step == 50:
                    print(context.folder, flush=True)

        start_run(RunConfig(method="sft", model="m", dataset="d", output_dir={str(tmp_path)!r}), work).wait()
        """
    )
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    folder = process.stdout.readline().strip()
    live = load_run(folder)
    assert live.status == "training"
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    with Path(folder, "events.jsonl").open("ab") as file:
        file.write(b'{"t": 1, "type": "log", "st')  # the line that was being written
    run = load_run(folder)
    assert run.status == "interrupted"
    assert list(run.history["loss"][:50]) == [float(i) for i in range(1, 51)]


@pytest.fixture
def elsewhere(tmp_path):
    """A run that goes on, as another kernel reads it, and what lets it end; it logs two steps more before."""
    logged, go_on = threading.Event(), threading.Event()

    def work(context):
        steps(context, 1)
        logged.set()
        go_on.wait(PATIENCE)
        for step in (2, 3):
            context.emit("log", step=step, epoch=1, metrics={"loss": 0.5})
        return {}

    run = start_run(config(tmp_path), work)
    assert logged.wait(PATIENCE)
    read = reread(run)
    assert read is not run and read.status == "training"

    def end():
        go_on.set()
        run.wait(PATIENCE)

    yield read, end
    end()


def test_a_follower_and_one_who_waits_take_each_event_once(elsewhere):
    run, end = elsewhere
    end()
    run._updating = Told()
    other, replay = threading.Thread(target=run._update), run.replay

    def slow_replay(event):
        if other.ident is None:
            other.start()
            run._updating.awaited.wait(PATIENCE)
        replay(event)

    run.replay = slow_replay
    run._update()
    other.join(PATIENCE)
    assert run.status == "finished" and run.store.rows(0)[:, 0].tolist() == [1, 2, 3]


def test_a_run_that_ends_while_it_is_opened_was_not_interrupted(elsewhere, monkeypatch):
    read, end = elsewhere
    lives = iter([False, False])  # nobody is known yet; then the one who wrote the log has ended, all of it written
    monkeypatch.setattr(type(read), "_process_lives", lambda self: (self._pid is not None and end()) or next(lives))
    assert type(read)(read.config, read.folder).status == "finished"
