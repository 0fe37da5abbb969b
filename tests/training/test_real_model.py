"""A real 270M model on real rows, started from Studio by path, with the formats told from the rows."""

import os
from pathlib import Path

import numpy as np
import pytest

import ftwidgets
from ftwidgets.runs import LiveRun

MODEL = os.environ.get("FTWIDGETS_REAL_MODEL", "")
DATA = Path(os.environ.get("FTWIDGETS_SHARED_DATA") or Path(__file__).parents[3] / "shared" / "data")

pytestmark = [
    pytest.mark.real_model,
    pytest.mark.skipif(not MODEL, reason="FTWIDGETS_REAL_MODEL does not name the folder of a real model"),
    pytest.mark.skipif(not DATA.is_dir(), reason="there is no folder with the shared sample data"),
]
QUICK = {
    "max_steps": 20,
    "max_length": 128,
    "per_device_train_batch_size": 1,
    "gradient_accumulation_steps": 1,
    "gradient_checkpointing": False,
    "max_eval_samples": 4,
    "max_new_tokens": 8,
}


def studio(tmp_path, **keywords):
    made = ftwidgets.Studio(model=MODEL, output_dir=str(tmp_path), **(QUICK | keywords))
    assert made.config is not None
    return made


def test_sft_on_alpaca_rows(tmp_path):
    made = studio(tmp_path, method="sft", dataset=str(DATA / "alpaca_en_demo.json"))
    made.train()
    assert made.run.wait(900) == "finished", made.run.error
    history = made.run.history
    assert history["loss"].count() == 20
    held_out = history["eval_loss"].dropna()
    assert held_out.iloc[-1] < held_out.iloc[0]


def test_dpo_on_sharegpt_pairs_stopped_half_way_and_resumed(tmp_path, before_step):
    before_step(10, LiveRun.stop)
    made = studio(tmp_path, method="dpo", dataset=str(DATA / "dpo_en_demo.json"), max_length=256)
    made.train()
    assert made.run.wait(900) == "stopped", made.run.error
    assert made.run.history["step"].iloc[-1] == 10
    run = ftwidgets.resume(made.run)
    assert run.wait(900) == "finished", run.error
    history = run.history[run.history["step"] > 0]
    assert list(history["step"]) == list(range(1, 21))
    assert history["loss"].iloc[0] == pytest.approx(np.log(2), rel=1e-3)  # policy = reference before the first step
    assert {"rewards/chosen", "rewards/rejected", "rewards/margins", "rewards/accuracies"} <= set(history.columns)


@pytest.mark.parametrize(
    ("method", "file", "metric"),
    [
        ("orpo", "dpo_en_demo.json", "log_odds_ratio"),
        ("simpo", "dpo_en_demo.json", "rewards/margins"),
        ("reward", "dpo_en_demo.json", "margin"),
        ("pretrain", "c4_demo.jsonl", "perplexity"),
        ("ppo", "alpaca_en_demo.json", "objective/scores"),
    ],
)
def test_every_other_method_takes_its_first_steps(tmp_path, method, file, metric):
    few = {"max_steps": 2, "max_eval_samples": 2, "max_new_tokens": 4}
    more = {"reward": shorter, "response_length": 8, "num_ppo_epochs": 1} if method == "ppo" else {}
    if method != "reward":
        more["general_text"] = ""
    made = studio(tmp_path, method=method, dataset=str(DATA / file), **few, **more)
    made.train()
    assert made.run.wait(900) == "finished", made.run.error
    history = made.run.history
    assert history["loss"].count() == 2
    assert np.isfinite(history[metric].dropna()).all()
    assert history[metric].count()
    assert (made.run.folder / "adapter" / "adapter_model.safetensors").is_file()


def shorter(prompts, completions):
    return [-float(len(text)) for text in completions]
