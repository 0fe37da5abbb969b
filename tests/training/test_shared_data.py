"""Real rows go from a file to a trained run in Studio without one manual setting."""

import os
import time
from pathlib import Path

import pytest

import ftwidgets
from tests.patience import PATIENCE


@pytest.fixture
def shared_data() -> Path:
    folder = Path(os.environ.get("FTWIDGETS_SHARED_DATA") or Path(__file__).parents[3] / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"no real rows in {folder}: set FTWIDGETS_SHARED_DATA to their folder")
    return folder


def until(wanted):
    end = time.monotonic() + PATIENCE
    while not (found := wanted()):
        assert time.monotonic() < end
        time.sleep(0.05)
    return found


@pytest.mark.parametrize(
    ("file", "method", "rows"),
    [("dpo_en_demo.json", "dpo", 300), ("alpaca_en_demo.json", "sft", 999), ("c4_demo.jsonl", "pretrain", 300)],
)
def test_a_file_is_chosen_and_trained(shared_data, tmp_path, file, method, rows):
    # few rows and steps so that it is short; nothing of the data or of the method is set
    quick = {"max_steps": 2, "max_samples": 24, "max_eval_samples": 4, "max_new_tokens": 8}
    studio = ftwidgets.Studio(output_dir=str(tmp_path), **quick)
    studio.fill(dataset=str(shared_data / file))
    until(lambda: not studio._data._worker._busy)  # looked at, and told to the form
    assert studio._data.error == ""
    assert studio._data.look.rows == rows
    assert studio.config.method == method
    until(lambda: not studio._header.train.disabled)
    studio._header.train.click()
    assert studio.run.wait(PATIENCE) == "finished", studio.run.error
    assert len(studio.run.history)
    assert (studio.run.folder / "adapter" / "adapter_model.safetensors").exists()
    studio.run.free()
    studio.close()
