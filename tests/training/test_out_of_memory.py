"""Out of memory for real: a process with a limit trains too much, tells why, gives back, and goes on."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import ftwidgets
from ftwidgets.memory.out_of_memory import RESUMABLE

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits on a process's memory are Linux's")
SCRIPT = Path(__file__).with_name("memory_runs_out.py")


def go(folder, when):
    command = [sys.executable, str(SCRIPT), str(folder), str(when)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_in_the_middle_of_a_run_it_goes_on_from_where_it_was(tmp_path):
    seen = go(tmp_path, 2)
    assert seen["status"] == "failed"
    facts = seen["facts"]
    step = facts["step"]
    assert step >= 2 and facts["checkpoint"] == step, "the steps that were done are kept"
    assert facts["asked"] > 1e6 and 0 <= facts["free"] < 0.21e9 and facts["estimate"]["activations"] > 1e8
    assert f"Out of memory at step {step + 1}" in seen["error"] and "were asked for" in seen["error"]
    assert f"ftwidgets.retry(run) goes on from step {step}" in seen["error"]
    assert seen["collected"] == [True, True] and seen["live"] == [True, True]
    assert seen["after"] == pytest.approx(seen["before"], rel=0.05)

    assert seen["again"] == "finished", seen["again_error"]
    assert seen["same_folder"] and seen["cleared"]
    assert [s for s in seen["steps"] if s > 0] == [1, 2, 3, 4]
    changes = facts["changes"]
    assert set(changes) <= set(RESUMABLE) and seen["resumed"][-1]["changes"] == changes
    assert all(seen["config"][name] == new for name, (_, new) in changes.items())
    assert seen["pressed"].startswith(f"Apply and go on from step {step}")
    assert seen["form"] == seen["config"], "the form shows what the run goes on with"
    assert seen["config"]["per_device_train_batch_size"] * seen["config"]["gradient_accumulation_steps"] == 96
    assert any(f"From step {step} on with" in text for text in seen["notes"])
    run = ftwidgets.load_run(next(p.parent for p in tmp_path.glob("*/checkpoints")))
    assert run.status == "finished" and run.out_of_memory is None


def test_before_the_first_step_it_starts_again(tmp_path):
    seen = go(tmp_path, 0)
    assert seen["status"] == "failed" and seen["facts"]["checkpoint"] is None
    assert "retry(run) starts again" in seen["error"]
    assert seen["collected"] == [True, True]
    assert seen["after"] == pytest.approx(seen["before"], rel=0.05)
    assert seen["again"] == "finished", seen["again_error"]
    assert not seen["same_folder"]
