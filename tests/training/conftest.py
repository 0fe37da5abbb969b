"""Runs on the built-in model, short and in 4 bits."""

import pytest

import ftwidgets


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
        run.wait(120)
        run.free()
