"""A run that ran out of memory, in the monitor: what would fit, and the button that goes on."""

import pytest

from ftwidgets.config import RunConfig
from ftwidgets.errors import FtwidgetsError
from ftwidgets.memory import DeviceMemory, estimate_memory
from ftwidgets.memory.out_of_memory import Shortage, explained
from ftwidgets.runs import load_run, start_run
from ftwidgets.runs.store import forget
from ftwidgets.widgets.monitor import Monitor
from tests.patience import PATIENCE


def failed(folder, checkpoint):
    """A run whose work ran out of memory at its fourth step."""
    config = RunConfig(method="dpo", per_device_train_batch_size=32, max_length=512, output_dir=str(folder))
    free = estimate_memory(config, device="cpu", per_device_train_batch_size=8).high
    device = DeviceMemory("cpu", "main memory", 8e9, free)

    def work(context):
        context.training()
        error = explained(Shortage(3, 2e9, 1e9, "", ""), config, device, checkpoint)
        context.emit("out_of_memory", **error.facts)
        raise error

    run = start_run(config, work)
    assert run.wait(PATIENCE) == "failed"
    return run


@pytest.mark.parametrize(("checkpoint", "text"), [(3, "Apply and go on from step 3"), (None, "Apply and start again")])
def test_the_explanation_and_a_button(tmp_path, checkpoint, text):
    run = failed(tmp_path, checkpoint)
    pressed = []
    monitor = Monitor(run, pressed.append)
    assert "2.0 GB more were asked for and 1.0 GB were free" in monitor._error.value
    assert monitor.shortage.layout.display == ""
    assert text in monitor.shortage.button.description
    listed = monitor.shortage.children[1].value
    assert all(f"{name}: {old} → {new}." in listed for name, (old, new) in run.out_of_memory["changes"].items())
    monitor.shortage.button.click()
    assert pressed == [run] and monitor.shortage.button.disabled
    monitor.close()


def test_a_refusal_is_shown_and_it_can_be_pressed_again(tmp_path):
    def refuse(run):
        raise FtwidgetsError("No disk.")

    monitor = Monitor(failed(tmp_path, 3), refuse)
    monitor.shortage.button.click()
    assert "No disk." in monitor.shortage._problem.value and not monitor.shortage.button.disabled
    monitor.close()


def test_another_kernel_reads_the_same_from_the_folder(tmp_path):
    run = failed(tmp_path, 3)
    forget(run)
    stored = load_run(run.folder)
    assert stored is not run and stored.out_of_memory["changes"] == run.out_of_memory["changes"]
    monitor = Monitor(stored)
    assert monitor.shortage.layout.display == "" and monitor.shortage.button not in monitor.shortage.children
    monitor.close()


def test_other_runs_show_nothing_of_it(tmp_path):
    run = start_run(RunConfig(method="sft", output_dir=str(tmp_path)), lambda context: context.training() or {})
    run.wait(PATIENCE)
    monitor = Monitor(run)
    assert monitor.shortage.layout.display == "none"
    monitor.close()
