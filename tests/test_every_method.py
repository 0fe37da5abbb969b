"""Every method trains on the built-in model, from code and from Studio, and tells TRL's metrics."""

import json
import math
from pathlib import Path

import pytest

import ftwidgets
from benchmarks import gpu
from ftwidgets.config import METHODS
from ftwidgets.demo import courtesy
from ftwidgets.widgets.method_panel import MethodPanel
from tests.patience import PATIENCE

METRICS = {
    "sft": {"mean_token_accuracy", "entropy", "num_tokens"},
    "dpo": {"rewards/chosen", "rewards/rejected", "rewards/margins", "rewards/accuracies", "logps/chosen"},
    "orpo": {"rewards/margins", "logps/rejected", "nll_loss", "log_odds_ratio", "log_odds_chosen"},
    "simpo": {"rewards/chosen", "rewards/margins", "rewards/accuracies", "logps/chosen", "logps/rejected"},
    "ppo": {"objective/kl", "objective/scores", "policy/approxkl_avg", "loss/value_avg", "val/ratio"},
    "reward": {"accuracy", "margin", "mean_reward", "eval_accuracy"},
    "pretrain": {"mean_token_accuracy", "perplexity", "eval_perplexity"},
}


@pytest.mark.parametrize("method", METHODS)
def test_from_studio(method: str, tmp_path: Path) -> None:
    few = {"max_steps": 2, "max_samples": 64, "max_eval_samples": 4, "max_new_tokens": 4, "general_text": None}
    if method == "reward":
        few.pop("general_text")
    if method == "ppo":
        few |= {"reward": courtesy, "response_length": 8}
    studio = ftwidgets.Studio(method=method, output_dir=str(tmp_path), **few)
    panel = next(child for child in walk(studio) if isinstance(child, MethodPanel))
    panel._agree.value = True  # what pre-training an instruct model asks
    studio.train()
    assert studio.run is not None
    assert studio.run.wait(PATIENCE) == "finished", studio.run.error
    history = studio.run.history
    assert history.loc[history.step > 0, "loss"].map(math.isfinite).all()
    assert METRICS[method] | {"loss", "grad_norm", "learning_rate"} <= set(history.columns)
    studio.run.free()
    studio.close()


def test_from_code_by_the_benchmark_for_gpus(tmp_path: Path) -> None:
    """Its own script, tried without a GPU: two updates of PPO take eight steps of four passes."""
    out = tmp_path / "gpu.json"
    gpu.main(["--model", "demo", "--device", "cpu", "--steps", "8", "--out", str(out)])
    found = json.loads(out.read_text(encoding="utf-8"), parse_constant=pytest.fail)
    assert list(found["methods"]) == list(gpu.METHODS)
    assert set(gpu.METHODS) == set(METHODS)
    for method, one in found["methods"].items():
        assert one["status"] == "finished", one["error"]
        assert one["tokens_per_second"] > 0, method
        assert one["peak_bytes"] > 0, method
        assert len(one["loss"]) == 8
        assert all(map(math.isfinite, one["loss"])), method


def walk(widget):
    yield widget
    for child in getattr(widget, "children", ()):
        yield from walk(child)
