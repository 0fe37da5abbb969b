"""The plain-TRL script: run as it stands, it gives the run's own losses."""

import json
import runpy
import subprocess
import sys

import pytest

import ftwidgets
from ftwidgets import demo
from ftwidgets.config import RunConfig
from ftwidgets.errors import FtwidgetsError
from ftwidgets.export.script import WHY_NOT, script
from ftwidgets.runs import start_run
from tests.patience import PATIENCE

SHORT = {
    "max_steps": 3, "per_device_train_batch_size": 2, "gradient_accumulation_steps": 2, "learning_rate": 5e-3,
    "warmup_steps": 0, "max_samples": 60, "test_size": 0, "probe_prompts": [], "seed": 3,
}  # fmt: skip


def repeated(tmp_path, **keywords):
    """The losses of a run and of its script, and the run."""
    run = ftwidgets.train(model="demo", output_dir=str(tmp_path / "runs"), **(SHORT | keywords))
    assert run.wait(PATIENCE) == "finished", run.error
    run.free()
    done = ftwidgets.export_run(run, "script", tmp_path / "script")
    assert "60 rows" in str(done)
    runpy.run_path(str(tmp_path / "script" / "train.py"))
    assert (tmp_path / "script" / "out" / "adapter" / "adapter_model.safetensors").is_file()
    history = json.loads((tmp_path / "script" / "out" / "log_history.json").read_text())
    return [row["loss"] for row in history if "loss" in row], list(run.history["loss"].dropna()), run


# In float32, so that another order of sums stays far below what the steps change.
DPO = {
    "method": "dpo",
    "dataset": str(demo.dataset_file("dpo")),
    "prefix_sharing": "off",
    "bnb_4bit_compute_dtype": "float32",
}


@pytest.mark.filterwarnings("ignore")  # TRL's own, in the script
@pytest.mark.parametrize(
    ("keywords", "tolerance"),
    [
        ({"method": "sft", "dataset": str(demo.dataset_file("sft"))}, 1e-6),
        # another order of sums: our trainer computes the log-probabilities in pieces
        (DPO, 1e-3),
    ],
)
def test_it_repeats_the_run(tmp_path, keywords, tolerance):
    theirs, ours, run = repeated(tmp_path, **keywords)
    assert theirs == pytest.approx(ours, abs=tolerance)
    assert max(ours) - min(ours) > 10 * tolerance  # else that would say nothing
    text = (tmp_path / "script" / "train.py").read_text(encoding="utf-8")
    assert "ftwidgets" not in text.replace("# Repeats", "")
    assert ("LengthSampler" in text) == (run.config.method == "dpo")
    assert "trl==1." in (tmp_path / "script" / "requirements.txt").read_text()


def test_hostile_names_are_only_text(tmp_path):
    nasty = "x\n'''\"\"\"\nimport os; os.system('touch pwned') #\\"
    config = RunConfig(method="sft", output_dir=str(tmp_path), run_name=nasty, revision=nasty, model="org/" + "m")
    run = start_run(config, lambda context: context.training() or {})
    run.wait(PATIENCE)
    text = script(run, "SFT", {"chat_template_path": nasty}, repr(nasty), shared=False)
    found = [line for line in text.splitlines() if line.startswith(("import os", "'''"))]
    assert not found
    compiled = subprocess.run(
        [sys.executable, "-c", "import ast,sys; print(ast.dump(ast.parse(sys.stdin.read())))"],
        input=text, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "Name(id='os'" not in compiled.stdout


@pytest.mark.parametrize("method", list(WHY_NOT))
def test_what_trl_cannot_repeat_is_said(tmp_path, method):
    reward = {"reward": "somewhere"} if method == "ppo" else {}
    run = start_run(
        RunConfig(method=method, output_dir=str(tmp_path), **reward), lambda context: context.training() or {}
    )
    run.wait(PATIENCE)
    with pytest.raises(FtwidgetsError, match="no plain-TRL script repeats it"):
        ftwidgets.export_run(run, "script", tmp_path / "out")
    assert not (tmp_path / "out").exists()
