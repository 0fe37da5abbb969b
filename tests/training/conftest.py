"""Runs on the built-in model, short and in 4 bits."""

import pytest

import ftwidgets
from ftwidgets.training.reporter import Reporter
from tests.patience import PATIENCE


@pytest.fixture
def before_step(monkeypatch):
    """Call ``act(run)`` once in the run's own thread, before the step after ``step``: ``before_step(2, LiveRun.stop)``.

    Views hear of steps every two seconds, in which a short run begins and ends.
    """
    begin = Reporter.on_step_begin

    def register(step, act):
        def on_step_begin(self, args, state, control, **more):
            if state.global_step == step:
                monkeypatch.setattr(Reporter, "on_step_begin", begin)  # once: not when the run goes on from there
                act(self.context._run)
            begin(self, args, state, control, **more)

        monkeypatch.setattr(Reporter, "on_step_begin", on_step_begin)

    return register


@pytest.fixture
def train(tmp_path):
    """Start a run under ``tmp_path`` and free its model afterwards."""
    runs = []

    def start(**keywords):
        run = ftwidgets.train(output_dir=str(tmp_path / "runs"), **keywords)
        runs.append(run)
        return run

    yield start
    for run in runs:
        run.stop()
        run.wait(PATIENCE)
        run.free()
